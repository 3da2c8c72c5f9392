"""A folder of image files with one folder per class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.formats.arrays import Part
from benchmarks.errors import UserError

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm"}
LONGEST_SIDE = 128  # pixels; photographs are made smaller unless a size is asked for
ORIENTATION = 0x0112  # EXIF tag; 5 and more mean turned by a quarter
GREY = {"1", "L", "LA", "I", "I;16", "I;16B", "F"}


def files(path: Path) -> dict[str, list[Path]]:
    """Class names and their image files, both sorted; hidden and other files are passed over.

    Raises
    ------
    UserError
        If there is no folder per class, or one of them holds no image.
    """
    try:
        folders = sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith("."))
        found = {
            folder.name: sorted(
                p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith(".")
            )
            for folder in folders
        }
    except OSError as error:
        raise UserError(f"Cannot look into {error.filename} ({error.strerror}): check its permissions.") from error
    if not found:
        raise UserError(
            f"{path} holds no folders: put the images of each class into a folder with the name of the class."
        )
    empty = next((name for name, images in found.items() if not images), None)
    if empty is not None:
        raise UserError(
            f"{path / empty} holds no images ({', '.join(sorted(SUFFIXES))}): add some, or remove the folder."
        )
    return found


def read_parts(
    train: dict[str, list[Path]], test: dict[str, list[Path]] | None, path: Path, shape: Sequence[int] | None = None
) -> tuple[Part, Part | None, str]:
    """Both parts, and a note if images were made to fit.

    Images all get one size: `shape` (h, w) if given, else the most common size of the training images, made smaller if
    a side is longer than `LONGEST_SIDE`. They are grey if all training images are, or RGB.
    """
    looked = {file: _look(file) for images in train.values() for file in images}
    sizes = Counter(size for size, _ in looked.values())
    height, width = shape[:2] if shape else _shrunk(*sizes.most_common(1)[0][0])
    channels = shape[2] if shape and len(shape) == 3 else 1 if all(grey for _, grey in looked.values()) else 3
    resized = sum(count for size, count in sizes.items() if size != (height, width))
    note = f"{resized} of {len(looked)} images were resized to {height} × {width} pixels." if resized else ""

    def part(classes: dict[str, list[Path]]) -> Part:
        labels = np.array([name for name, images in classes.items() for _ in images], dtype=str)
        X = np.empty((len(labels), height, width, channels), np.uint8)
        for i, file in enumerate(file for images in classes.values() for file in images):
            X[i] = load_image(file, (height, width, channels))
        return Part(X, labels, path)

    return part(train), part(test) if test else None, note


def load_image(path: Path, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """One image file as uint8 (h, w, c), turned upright, resized with area averaging if its size differs.

    Raises
    ------
    UserError
        If the file is no image or is broken.
    """
    height, width, channels = shape
    with _Opened(path) as image:
        from PIL import Image, ImageOps

        if image.format != "PNG":
            image = ImageOps.exif_transpose(image)
        if image.mode.startswith("I") or image.mode == "F":
            image = Image.fromarray(_eight_bits(np.asarray(image), path))
        mode = "L" if channels == 1 else "RGB"
        image = image if image.mode == mode else image.convert(mode)
        if image.size != (width, height):
            image = image.resize(
                (width, height), Image.Resampling.BOX if image.width > width else Image.Resampling.BICUBIC
            )
        return np.asarray(image, np.uint8).reshape(shape)


def image_shape(path: Path) -> tuple[int, int, int]:
    """Height and width as seen upright, and 1 channel if the file is grey, else 3."""
    (height, width), grey = _look(path)
    return height, width, 1 if grey else 3


class _Opened:
    """An image by Pillow; whatever it raises becomes a `UserError` that names the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._image: Image | None = None

    def __enter__(self) -> Image:
        from PIL import Image

        try:
            self._image = Image.open(self.path)
        except Exception as error:
            raise self._broken(error) from error
        return self._image

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if self._image is not None:
            self._image.close()
        if isinstance(error, Exception) and not isinstance(error, UserError):
            raise self._broken(error) from error

    def _broken(self, error: Exception) -> UserError:
        reason = " ".join(str(error).split()) or type(error).__name__
        return UserError(f"{self.path} is not a readable image ({reason}): replace or remove it.")


def _look(path: Path) -> tuple[tuple[int, int], bool]:
    """Height and width as seen upright, and whether it is grey; reads the file's header only."""
    with _Opened(path) as image:
        width, height = image.size
        # Pillow decodes all of a PNG to find a tag that cameras do not write there
        sideways = image.format != "PNG" and image.getexif().get(ORIENTATION, 1) >= 5
        return ((width, height) if sideways else (height, width)), image.mode in GREY


def _shrunk(height: int, width: int) -> tuple[int, int]:
    scale = min(1.0, LONGEST_SIDE / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def _eight_bits(pixels: NDArray, path: Path) -> NDArray[np.uint8]:
    """16-bit and float images scaled by the full range of their type: Pillow alone would clip them."""
    if pixels.dtype.kind == "f":
        top = 1.0 if pixels.max(initial=0) <= 1 else 255.0
    else:
        top = 255.0 if pixels.max(initial=0) <= 255 else 65535.0
    return np.clip(pixels * (255.0 / top), 0, 255).round().astype(np.uint8)
