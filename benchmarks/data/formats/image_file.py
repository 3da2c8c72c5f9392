"""Image files: which there are, and how one is read. Every picture that a user gives is opened here.

Only `FORMATS` are opened, whatever a file is called: Pillow knows many more, and hands PostScript to Ghostscript, which
runs it as a program.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.formats.bounds import VARIABLE, most_pixels
from benchmarks.data.framing import ENOUGH, Framing, frame_all
from benchmarks.data.reading import WHITE, colour
from benchmarks.errors import UserError, printable
from benchmarks.safety.names import shortened

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")  # as Pillow names them; PPM includes PGM and PBM
SUFFIXES = {".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm"}
RAW = {".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".sr2", ".orf", ".rw2", ".raf", ".pef", ".srw", ".raw"}
DRAWN = {".svg", ".svgz", ".eps", ".ai", ".pdf", ".psd", ".xcf"}
OTHERS = {".heic", ".heif", ".avif", ".jxl", ".jp2", ".j2k", ".ico", ".icns", ".tga", ".dds", ".exr", ".dcm"}
UNREAD = RAW | DRAWN | OTHERS  # Pictures all the same: they count as those that are broken.
PICTURES = SUFFIXES | UNREAD
LITTER = {"thumbs.db", "desktop.ini"}  # what systems leave in folders
TIMES = {"WEBP": 2}  # as much memory as a picture of another format takes
LONGEST_SIDE = 1_000_000  # pixels: resampling takes memory for each of them, whatever is made of it
NAMED = 2  # files in a note
ORIENTATION = 0x0112  # EXIF tag; 5 and more mean turned by a quarter
THREADS, AT_ONCE = min(8, os.cpu_count() or 1), 32  # each thread may hold a picture of the largest size
GREY = {"1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "F"}
Made = TypeVar("Made")


def load_image(path: Path, shape: tuple[int, int, int], background: str = WHITE) -> NDArray[np.uint8]:
    """One image file as uint8 (h, w, c), turned upright, resized with area averaging if its size differs.

    What is transparent shows the `background`, a `colour`. Of several pictures in a file the first is taken.

    Raises
    ------
    UserError
        If the file is of another format than `FORMATS`, is cut off or damaged, or has too many pixels.
    """
    height, width, channels = shape
    with _opened(path) as image:
        from PIL import Image, ImageOps

        # A photograph is decoded at a half, a quarter or an eighth of its size where that still has twice the pixels.
        image.draft(None, (2 * max(height, width), 2 * max(height, width)))
        with _ROOM.taken(TIMES.get(image.format or "", 1) * image.width * image.height):
            if image.format != "PNG":
                image = ImageOps.exif_transpose(image)
            if image.mode.startswith("I") or image.mode == "F":
                image = Image.fromarray(_eight_bits(np.asarray(image)))
            if image.has_transparency_data:
                ground = Image.new("RGBA", image.size, (*colour(background), 255))
                image = Image.alpha_composite(ground, image.convert("RGBA"))
            mode = "L" if channels == 1 else "RGB"
            image = image if image.mode == mode else image.convert(mode)
            if image.size != (width, height):
                image = image.resize(
                    (width, height), Image.Resampling.BOX if image.width > width else Image.Resampling.BICUBIC
                )
            return np.asarray(image, np.uint8).reshape(shape)


class _Room:
    """Room for so many pixels at once, of pictures that several threads decode; one that is larger than all of it is alone."""

    def __init__(self) -> None:
        self._used, self._changed = 0, threading.Condition()

    @contextmanager
    def taken(self, pixels: int) -> Iterator[None]:
        most = most_pixels()
        with self._changed:
            self._changed.wait_for(lambda: not self._used or self._used + pixels <= most)
            self._used += pixels
        try:
            yield
        finally:
            with self._changed:
                self._used -= pixels
                self._changed.notify_all()


_ROOM = _Room()


def load_images(
    paths: Sequence[Path], shape: tuple[int, int, int], background: str = WHITE
) -> Iterator[NDArray[np.uint8] | UserError]:
    """Each file in order, as `load_image` reads it, or the error if it cannot be read; a few are in memory at once."""
    return _side_by_side(partial(load_image, shape=shape, background=background), paths)


def load_picture(path: Path, channels: int, background: str = WHITE) -> NDArray[np.uint8]:
    """One image file at its own size, uint8 (h, w, `channels`), or a whole number of times smaller if it is large.

    Raises
    ------
    UserError
        As `load_image` does.
    """
    height, width, _ = image_shape(path, background)
    times = max(1, max(height, width) // ENOUGH)
    return load_image(path, (max(1, height // times), max(1, width // times), channels), background)


def load_framed(
    paths: Sequence[Path], framings: Sequence[Framing], background: str = WHITE
) -> Iterator[list[NDArray[np.uint8]] | UserError]:
    """Each file in order, in each of the framings, or the error if it cannot be read."""

    def framed(path: Path) -> list[NDArray[np.uint8]]:
        if len(framings) == 1 and framings[0].is_plain:
            return [load_image(path, framings[0].shape, background)]
        return frame_all(load_picture(path, framings[0].shape[2], background), framings)

    return _side_by_side(framed, paths)


def image_shapes(paths: Sequence[Path], background: str = WHITE) -> Iterator[tuple[int, int, int] | UserError]:
    """`image_shape` of each file in order, or the error if it cannot be read."""
    return _side_by_side(partial(image_shape, background=background), paths)


def image_shape(path: Path, background: str = WHITE) -> tuple[int, int, int]:
    """Height and width as seen upright, and 1 channel if the file is grey, else 3. Only the header is read.

    Grey files have one channel; so have those with grey levels and transparency, on a grey background.

    Raises
    ------
    UserError
        As `load_image` does, of what the header tells.
    """
    with _opened(path) as image:
        width, height = image.size
        # Pillow decodes all of a PNG to find a tag that cameras do not write there.
        if image.format != "PNG" and image.getexif().get(ORIENTATION, 1) >= 5:
            width, height = height, width
        grey = image.mode in GREY and (not image.has_transparency_data or len({*colour(background)}) == 1)
        return height, width, 1 if grey else 3


def find_images(folder: Path) -> list[Path]:
    """The image files below a folder, at any depth, sorted; known by their suffix.

    Raises
    ------
    UserError
        If a folder cannot be looked into.
    """
    return sorted(path for path in walked(folder) if is_image_name(path))


def find_others(folder: Path) -> list[Path]:
    """The files below a folder that are not called like images, sorted; without `LITTER` and hidden ones."""
    return sorted(path for path in walked(folder) if is_other_name(path))


def walked(folder: Path, hidden: bool = True) -> Iterator[Path]:
    """The files below a folder, those of each folder in order, also in `hidden` folders or not.

    Raises
    ------
    UserError
        If a folder cannot be looked into.
    """

    def refuse(error: OSError) -> None:
        raise no_entry(error) from error

    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if hidden or not name.startswith("."))
        for name in sorted(names):
            yield Path(place, name)


def no_entry(error: OSError) -> UserError:
    """The error for a folder that nobody may look into."""
    return UserError(f"Cannot look into {error.filename} ({error.strerror}): check its permissions.")


def is_image_name(path: Path) -> bool:
    """Whether a file is called like an image, and is not hidden; also one of a kind that is not read."""
    return path.suffix.lower() in PICTURES and not path.name.startswith(".")


def is_other_name(path: Path) -> bool:
    """Whether a file is called like something that a person put there, and like no image."""
    return not (is_image_name(path) or path.name.startswith(".") or path.name.lower() in LITTER)


def others_told(files: Sequence[Path], root: Path) -> str:
    """A sentence on files that are not read; "" if there are none."""
    if not files:
        return ""
    some = {file.suffix.lower(): file for file in reversed(files)}  # Of each kind the first.
    names = [printable(os.path.relpath(file, root)) for file in [*some.values()][::-1][:NAMED]]
    if len(files) == 1:
        return f"Another file is not read: {names[0]}."
    return f"{len(files):,} other files are not read, such as {' and '.join(names)}."


def _side_by_side(read: Callable[[Path], Made], paths: Sequence[Path]) -> Iterator[Made | UserError]:
    """What `read` makes of each file, in order, or its error. Pillow decodes in several threads side by side.

    Threads take `AT_ONCE` files at a time: handing over one small file costs as much as reading it.
    """

    def several(start: int) -> list[Made | UserError]:
        return [_or_error(read, path) for path in paths[start : start + AT_ONCE]]

    waiting: deque[Future[list[Made | UserError]]] = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        try:
            for start in range(0, len(paths), AT_ONCE):
                waiting.append(pool.submit(several, start))
                if len(waiting) > 2 * THREADS:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        finally:
            for future in waiting:  # Whoever stops listening should not wait for the rest.
                future.cancel()


def _or_error(read: Callable[[Path], Made], path: Path) -> Made | UserError:
    try:
        return read(path)
    except UserError as error:
        return error


@contextmanager
def _opened(path: Path) -> Iterator[Image]:
    """The file, opened by Pillow; whatever is wrong with it, then or later, becomes a `UserError` that names it."""
    from PIL import Image, UnidentifiedImageError

    warnings.filterwarnings(
        "ignore", module="PIL"
    )  # It warns of metadata, and of many pixels, which have a limit here.
    Image.MAX_IMAGE_PIXELS = None
    try:
        if path.exists() and not path.is_file():  # A named pipe would be waited for without end.
            raise UserError(f"{path} is not a file: replace or remove it.")
        if path.suffix.lower() in UNREAD:
            raise UserError(
                f"{path} is of a kind that is not read: save it as PNG or JPEG (allowed are {', '.join(FORMATS)})."
            )
        with Image.open(path, formats=FORMATS) as image:
            if max(image.size) > LONGEST_SIDE:
                raise UserError(
                    f"{path} is {max(image.size):,} pixels long, and at most {LONGEST_SIDE:,} are read: cut it up."
                )
            if image.width * image.height > (most := most_pixels() // TIMES.get(image.format or "", 1)):
                raise UserError(
                    f"{path} has more than {most:,} pixels: make it smaller, remove it, or set {VARIABLE} to more memory."
                )
            yield image
    except UserError:
        raise
    except UnidentifiedImageError as error:
        allowed = ", ".join(FORMATS)
        raise UserError(f"{path} is not a readable image (allowed are {allowed}): replace or remove it.") from error
    except Exception as error:  # Decoders raise errors of every kind for damaged files.
        reason = shortened(" ".join(str(error).split()) or type(error).__name__, 200)
        raise UserError(f"{path} is not a readable image ({reason}): replace or remove it.") from error


def _eight_bits(pixels: NDArray) -> NDArray[np.uint8]:
    """16-bit and float images scaled by the full range of their type: Pillow alone would clip them.

    Raises
    ------
    ValueError
        If a pixel is no number.
    """
    if pixels.dtype.kind == "f":
        if not np.isfinite(pixels.min(initial=0)) or not np.isfinite(pixels.max(initial=0)):
            raise ValueError("a pixel is no finite number")
        top = 1.0 if pixels.max(initial=0) <= 1 else 255.0
    else:
        top = 255.0 if pixels.max(initial=0) <= 255 else 65535.0
    made = np.empty(pixels.shape, np.uint8)
    for row, line in enumerate(pixels):  # As float64, all of a large picture would take eight times as much memory.
        made[row] = np.clip(line * (255.0 / top), 0, 255).round()
    return made
