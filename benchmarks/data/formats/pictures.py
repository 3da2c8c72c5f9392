"""`pictures`: what a person gives to be labelled, one after the other: image files, folders, tables and arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.formats import idx, kaggle_csv, npz
from benchmarks.data.formats.arrays import images_of
from benchmarks.data.formats.image_file import (
    SUFFIXES,
    THREADS,
    find_images,
    find_others,
    load_image,
    load_picture,
    others_told,
)
from benchmarks.data.framing import Framing
from benchmarks.data.reading import WHITE
from benchmarks.errors import UserError

TABLES = (".csv", ".csv.gz", ".npz", "ubyte", "ubyte.gz")
AT_ONCE = 1024  # pictures that are in memory at once, framed

Prepare = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]


@dataclass(frozen=True)
class Given:
    """A picture that was given: its file, its row if that is a table (from 1), and the picture, or why there is none."""

    file: Path
    row: int | None
    image: NDArray[np.uint8] | UserError


def find(paths: Sequence[Path]) -> list[Path]:
    """The files to read, in order: those of a folder are its images at any depth, sorted.

    Raises
    ------
    UserError
        If there is no such path, or no file at all.
    """
    files: list[Path] = []
    for path in paths:
        try:
            if path.is_dir():
                files += find_images(path)
            elif path.exists():
                files.append(path)
            else:
                raise UserError(f"There is no file or folder {path}.")
        except (OSError, ValueError) as error:  # It lies where nobody may look; its name is too long.
            raise UserError(f"Cannot look into {path}: {getattr(error, 'strerror', None) or error}.") from error
    if not files:
        raise UserError(f"There is no image in {', '.join(map(str, paths))}; looked for {', '.join(sorted(SUFFIXES))}.")
    return files


def not_read(paths: Sequence[Path]) -> str:
    """A sentence for each folder among the paths on files in it that are no images; "" if there are none."""
    return " ".join(filter(None, (others_told(find_others(path), path) for path in paths if path.is_dir())))


def is_table(path: Path) -> bool:
    """Whether a file holds many pictures: a CSV, a NumPy archive, or idx."""
    return path.name.lower().endswith(TABLES)


def read(
    files: Sequence[Path], shape: tuple[int, int, int], prepare: Prepare, ground: str = WHITE
) -> Iterator[list[Given]]:
    """The pictures of some files in order, prepared, `AT_ONCE` or fewer at a time.

    Parameters
    ----------
    shape : (h, w, c) that a model takes: of a table, whose rows do not tell, the first guess.
    prepare : makes of a picture uint8 (h, w, c) of any size what the model takes.
    ground : what shows where a picture is transparent.
    """
    with ThreadPoolExecutor(THREADS) as pool:  # Pillow decodes side by side, which halves the time for photographs.
        start = 0
        while start < len(files):
            if is_table(files[start]):
                yield from _rows(files[start], shape, prepare, pool)
                start += 1
                continue
            end = next((i for i in range(start, len(files)) if is_table(files[i])), len(files))
            for first in range(start, end, AT_ONCE):
                batch = files[first : min(end, first + AT_ONCE)]
                found = pool.map(lambda file: read_one(file, shape[2], prepare, ground), batch)
                yield [Given(file, None, image) for file, image in zip(batch, found, strict=True)]
            start = end


def read_one(file: Path, channels: int, prepare: Prepare, ground: str = WHITE) -> NDArray[np.uint8] | UserError:
    """One image file, prepared, or why it cannot be read."""
    try:
        if isinstance(prepare, Framing) and prepare.is_plain:  # As folders are read: photographs are decoded smaller.
            return load_image(file, prepare.shape, ground)
        return prepare(load_picture(file, channels, ground))
    except UserError as error:
        return error


def _rows(file: Path, shape: tuple[int, int, int], prepare: Prepare, pool: ThreadPoolExecutor) -> Iterator[list[Given]]:
    """The rows of a table, and, where it cannot be read on, one more that says why."""
    row = 0
    try:
        for X in _blocks(file, shape):
            yield [Given(file, i, image) for i, image in enumerate(pool.map(prepare, X), start=row + 1)]
            row += len(X)
    except UserError as error:
        yield [Given(file, None, error)]


def _blocks(file: Path, shape: tuple[int, int, int]) -> Iterator[NDArray[np.uint8]]:
    """Arrays uint8 (n, h, w, c) with the pictures of a table."""
    name = file.name.lower()
    if name.endswith((".csv", ".csv.gz")):
        for pixels in kaggle_csv.read_blocks(file, math.prod(shape), AT_ONCE):
            yield images_of(pixels, file, shape if pixels.shape[1] == math.prod(shape) else None)
        return
    X = npz.read_images(file) if name.endswith(".npz") else idx.read(file)
    X = images_of(X, file, shape if X.ndim == 2 and X.shape[1] == math.prod(shape) else None)
    for start in range(0, len(X), AT_ONCE):
        yield X[start : start + AT_ONCE]
