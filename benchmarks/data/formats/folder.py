"""A folder of image files with one folder per class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.data.formats.arrays import LabelledArrays
from benchmarks.data.formats.bounds import must_fit
from benchmarks.data.formats.image_file import SUFFIXES, image_shape, is_image_name, load_images
from benchmarks.errors import UserError

LONGEST_SIDE = 128  # pixels; photographs are made smaller unless a size is asked for


def files(path: Path) -> dict[str, list[Path]]:
    """Class names and their image files, both sorted; hidden and other files are passed over.

    Raises
    ------
    UserError
        If there is no folder per class, or one of them holds no image.
    """
    try:
        folders = sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith("."))
        found = {folder.name: sorted(p for p in folder.iterdir() if is_image_name(p)) for folder in folders}
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


def read_train_and_test(
    train: dict[str, list[Path]], test: dict[str, list[Path]] | None, path: Path, shape: Sequence[int] | None = None
) -> tuple[LabelledArrays, LabelledArrays | None, str]:
    """Both parts, and a note if images were made to fit.

    Images all get one size: `shape` (h, w) if given, else the most common size of the training images, made smaller if
    a side is longer than `LONGEST_SIDE`. They are grey if all training images are, or RGB.
    """
    looked = [image_shape(file) for images in train.values() for file in images]
    sizes = Counter((height, width) for height, width, _ in looked)
    height, width = shape[:2] if shape else _shrunk(*sizes.most_common(1)[0][0])
    channels = shape[2] if shape and len(shape) == 3 else max(c for _, _, c in looked)
    resized = sum(count for size, count in sizes.items() if size != (height, width))
    note = f"{resized} of {len(looked)} images were resized to {height} × {width} pixels." if resized else ""

    def part(classes: dict[str, list[Path]]) -> LabelledArrays:
        labels = np.array([name for name, images in classes.items() for _ in images], dtype=str)
        must_fit(len(labels) * height * width * channels, path)
        X = np.empty((len(labels), height, width, channels), np.uint8)
        files = [file for images in classes.values() for file in images]
        for i, image in enumerate(load_images(files, (height, width, channels))):
            if isinstance(image, UserError):
                raise image
            X[i] = image
        return LabelledArrays(X, labels, path)

    return part(train), part(test) if test else None, note


def _shrunk(height: int, width: int) -> tuple[int, int]:
    scale = min(1.0, LONGEST_SIDE / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))
