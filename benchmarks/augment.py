"""`augment`, `augment_arrays`: changed copies of images, by the same random changes as networks are trained with.

Copies belong into the training part alone: where an image is in one part and its copy in another, every score flatters.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.formats import split_csv
from benchmarks.data.formats.bounds import most_bytes, must_fit
from benchmarks.data.formats.image_file import image_shape, load_image
from benchmarks.errors import UserError
from benchmarks.safety.names import shortened
from benchmarks.safety.written import files_by_stem, written_whole
from estimators.models.pipeline import Augmentation
from tuning.nearest import hint
from tuning.quiet import quiet

OTSU = "otsu"
MOST_COPIES = 1_000  # of an image
COPY_BYTES = 12  # for a value of a copy that is being made, as a whole number and as floats
AT_ONCE = 1 << 27  # bytes of copies that are made in one go
GREY = np.array([0.299, 0.587, 0.114], np.float32)  # of red, green and blue in a grey level (ITU-R BT.601)


@dataclass(frozen=True)
class Copying:
    """How images are copied.

    Parameters
    ----------
    changes : the random changes of a copy. What they bring in from beyond the edge is black, or white in an image whose edge
        is mostly light.
    copies : of each image.
    seed : equal seeds give equal copies, byte for byte.
    keep_originals : the image itself comes before its copies.
    invert : light and dark are swapped, before anything else.
    threshold : pixels brighter than this level, 0 … 254, become white and the others black; "otsu" finds the level that
        divides each image best (Otsu 1979). None leaves grey levels as they are. Colours are judged by their brightness.

    Raises
    ------
    UserError
        If the level is none, or there would be nothing to write.
    """

    changes: Augmentation
    copies: int
    seed: int = 0
    keep_originals: bool = False
    invert: bool = False
    threshold: int | str | None = None

    def __post_init__(self) -> None:
        if self.copies > MOST_COPIES:
            raise UserError(
                f"The number of copies is at most {MOST_COPIES:,}, given {shortened(str(self.copies), 30)}."
            )
        if self.copies < (0 if self.keep_originals else 1):
            least = "0 or more" if self.keep_originals else "1 or more, or 0 where the originals are kept"
            raise UserError(f"The number of copies must be {least}, given {self.copies}.")
        level = self.threshold
        if isinstance(level, str) and level.isascii() and level.isdigit():
            object.__setattr__(self, "threshold", level := int(level[:9]))
        if level not in (None, OTSU) and not (isinstance(level, int) and 0 <= level <= 254):
            raise UserError(
                f"There is no threshold {level!r}.{hint(str(level), [OTSU])} Give a level from 0 to 254, or {OTSU}."
            )

    def __call__(self, images: NDArray[np.uint8], number: int) -> NDArray[np.uint8]:
        """Images uint8 (n, h, w, c) → uint8 (k, n, h, w, c): the originals if they are kept, then each copy of all of them.

        `number` tells one call from another with the same seed.
        """
        images = 255 - images if self.invert else images
        made = images[np.newaxis] if self.keep_originals else images[np.newaxis][:0]
        if self.copies:
            light = _on_light(images)
            dark = np.tile(
                np.where(light, 255 - images, images), (self.copies, 1, 1, 1)
            )  # Beyond the edge it is black.
            changed = self.changes(dark, [self.seed % 2**31, number]).numpy().reshape(self.copies, *images.shape)
            made = np.concatenate([made, np.where(light, 255 - changed, changed)])
        if self.threshold is None:
            return made
        levels = [_otsu(image) if self.threshold == OTSU else self.threshold for image in _grey(images)]
        white = _grey(made) > np.array(levels)[:, np.newaxis, np.newaxis]
        return np.repeat(np.where(white, np.uint8(255), np.uint8(0))[..., np.newaxis], images.shape[-1], axis=-1)


def augment(source: Path, target: Path, copying: Copying) -> int:
    """Write copies of every image below a folder as PNG into another; returns how many images were written.

    ``a/cat/1.jpg`` becomes ``b/cat/1-0.png``, ``b/cat/1-1.png`` and so on, and the original, if it is kept,
    ``b/cat/1.png``: folders, and with them classes, stay. Size and colours of the images stay too. The target appears whole
    or not at all: it is written beside its place, under a hidden name, and renamed when nothing is left to do.

    Raises
    ------
    UserError
        If there is no such folder, it holds no image, two would have one name, an image is broken, the target has files
        already, or a ``split.csv`` says which images are the test: the target would not have it.
    """
    stems = files_by_stem(source, target)
    if (source / split_csv.NAME).exists():
        raise UserError(
            f"{source} has a {split_csv.NAME}, which would not be true of the copies: those of test images would be trained on. "
            "Put the training images into a folder of their own, and augment that."
        )
    if copying.keep_originals:
        _check_kept(stems, copying.copies)
    shapes = [image_shape(file) for file in stems.values()]
    for file, shape in zip(stems.values(), shapes, strict=True):  # All copies of an image are made at once.
        must_fit(COPY_BYTES * math.prod(shape) * (copying.copies + 1), file)
    if copying.copies:
        _start_tensorflow()
    with written_whole(target) as folder:
        for number, ((stem, file), shape) in enumerate(zip(stems.items(), shapes, strict=True)):
            _write(copying(load_image(file, shape)[np.newaxis], number)[:, 0], folder / stem, copying.keep_originals)
    return len(stems) * (copying.copies + copying.keep_originals)


def augment_arrays(images: NDArray[np.uint8], labels: Any, copying: Copying) -> tuple[NDArray[np.uint8], NDArray]:
    """Copies of images in memory, with their labels.

    Parameters
    ----------
    images : uint8 (n, h, w, c) with c 1 or 3.
    labels : (n,), of any kind.

    Returns
    -------
    uint8 (n * k, h, w, c), the originals first if they are kept, then the first copy of every image, then the second, and
    so on; and the labels of these.

    Raises
    ------
    UserError
        If the arrays are of another kind.
    """
    images, labels = np.asarray(images), np.asarray(labels)
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] not in (1, 3) or 0 in images.shape:
        raise UserError(f"Images are uint8 of shape (n, h, w, 1) or (n, h, w, 3), given {images.dtype} {images.shape}.")
    if labels.shape != images.shape[:1]:
        raise UserError(f"There are {len(images)} images, but the labels have shape {labels.shape}: one for each.")
    if copying.copies:
        _start_tensorflow()
    k = copying.copies + copying.keep_originals
    if k * images.nbytes > most_bytes():
        raise UserError(f"{k} copies of {len(images):,} images are {k * images.nbytes / 1e9:,.1f} GB: make fewer.")
    made = np.empty((k, *images.shape), np.uint8)
    step = max(1, AT_ONCE // (k * images[0].nbytes))
    for start in range(0, len(images), step):
        made[:, start : start + step] = copying(images[start : start + step], start)
    return made.reshape(-1, *images.shape[1:]), np.tile(labels, k)


def _on_light(images: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether the edge of each image is mostly light, (n, 1, 1, 1)."""
    edges = (images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1])
    edge = np.concatenate([part.reshape(len(images), -1) for part in edges], axis=1)
    return (np.median(edge, axis=1) > 127)[:, np.newaxis, np.newaxis, np.newaxis]


def _grey(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grey levels (…, h, w)."""
    return images[..., 0] if images.shape[-1] == 1 else np.rint(images @ GREY).astype(np.uint8)


def _otsu(grey: NDArray[np.uint8]) -> int:
    """The level that divides an image; an image of one grey level alone is white or black by the middle of the scale."""
    from skimage.filters import threshold_otsu

    return 127 if grey.min() == grey.max() else int(threshold_otsu(grey))


def _check_kept(stems: dict[Path, Path], copies: int) -> None:
    """No original may be called as a copy of another image is: beside ``1`` there must be no ``1-0``."""
    for stem, file in stems.items():
        match = re.fullmatch(r"(.+)-(0|[1-9]\d{0,8})", stem.name)
        if match and int(match[2]) < copies and (other := stems.get(stem.with_name(match[1]))):
            raise UserError(
                f"{file} is called as a copy of {other} would be: rename one, or do not keep the originals."
            )


def _start_tensorflow() -> None:
    with quiet():
        import tensorflow  # noqa: F401  # It greets on standard error when it is first used.


def _write(images: NDArray[np.uint8], stem: Path, original: bool) -> None:
    from PIL import Image

    stem.parent.mkdir(parents=True, exist_ok=True)
    ends = [*([""] if original else []), *(f"-{i}" for i in range(len(images) - original))]
    for end, image in zip(ends, images, strict=True):
        Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(f"{stem}{end}.png")
