"""`Images` and `Dataset`: labelled images, with the labels of the test part under seal."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Images:
    """Labelled images: ``X`` uint8 (n, h, w, c) with c 1 or 3, ``y`` int64 (n,) with values 0 … k-1."""

    X: NDArray[np.uint8]
    y: NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.X.dtype != np.uint8 or self.X.ndim != 4 or self.X.shape[3] not in (1, 3):
            raise ValueError(f"images must be uint8 (n, h, w, 1 or 3), given {self.X.dtype} {self.X.shape}")
        if self.y.dtype != np.int64 or self.y.shape != (len(self.X),):
            raise ValueError(f"labels must be int64 of shape ({len(self.X)},), given {self.y.dtype} {self.y.shape}")

    def __len__(self) -> int:
        return len(self.X)

    def rows(self, index: NDArray[np.integer]) -> Images:
        """The images at `index`, copied into memory."""
        return Images(np.ascontiguousarray(self.X[index]), self.y[index])


@dataclass(frozen=True)
class Sealed:
    """The test part: its size is known; images and labels are read only when `open` is called, at the end."""

    size: int
    read: Callable[[], Images]

    def __len__(self) -> int:
        return self.size

    def open(self) -> Images:
        """Break the seal: read test images and labels. Only the final evaluation calls this."""
        return self.read()


@dataclass(frozen=True)
class Dataset:
    """A data set: training images, a sealed test part, class names, and what identifies it.

    Parameters
    ----------
    train : images that searches and fits may use.
    test : sealed; for example read by the final evaluation alone.
    unlabelled : reader of images to label for a competition, uint8 (m, h, w, c); None where there are none.
    fingerprint : sha256 hex digest over pixels and labels of both parts, computed when the data was cached.
    note : a warning every reader of a result must see (for example that another set was asked for); or "".
    title, source, licence : for people: what it is, where it comes from, who may use it.
    folder : the cache folder with ``train-X.npy`` and ``train-y.npy``, which a worker process can memory-map;
        `benchmarks.data.datasets.reopen` makes the data set again from it. None for data that was never on disk.
    """

    name: str
    train: Images
    test: Sealed
    classes: tuple[str, ...]
    fingerprint: str
    unlabelled: Callable[[], NDArray[np.uint8]] | None = None
    note: str = ""
    title: str = ""
    source: str = ""
    licence: str = ""
    folder: Path | None = None


def fingerprint(*arrays: NDArray) -> str:
    """A sha256 hex digest over shapes, dtypes and bytes of the arrays, in order."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
