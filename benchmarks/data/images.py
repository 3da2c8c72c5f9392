"""`Images` and `Dataset`: labelled images, with the labels of the test part under seal."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.choice import Choice
from benchmarks.data.framing import Preparation
from benchmarks.data.reading import WHITE


@dataclass(frozen=True)
class Images:
    """Labelled images: ``X`` uint8 (n, h, w, c) with c 1 or 3, ``y`` int64 (n,) with values 0 … k-1.

    ``groups`` int64 (n,) where images belong together, as those of one writer do: equal numbers stay on one side of
    every split. None where each image stands for itself.
    """

    X: NDArray[np.uint8]
    y: NDArray[np.int64]
    groups: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        if self.X.dtype != np.uint8 or self.X.ndim != 4 or self.X.shape[3] not in (1, 3):
            raise ValueError(f"images must be uint8 (n, h, w, 1 or 3), given {self.X.dtype} {self.X.shape}")
        if self.y.dtype != np.int64 or self.y.shape != (len(self.X),):
            raise ValueError(f"labels must be int64 of shape ({len(self.X)},), given {self.y.dtype} {self.y.shape}")
        if self.groups is not None and (self.groups.dtype != np.int64 or self.groups.shape != self.y.shape):
            raise ValueError(f"groups must be int64 of shape ({len(self.X)},), given {self.groups.shape}")

    def __len__(self) -> int:
        return len(self.X)

    def rows(self, index: NDArray[np.integer]) -> Images:
        """The images at `index`, copied into memory."""
        groups = None if self.groups is None else self.groups[index]
        return Images(np.ascontiguousarray(self.X[index]), self.y[index], groups)


@dataclass(frozen=True)
class Sealed:
    """The test part. Its size is known; its images and its labels are read each on their own, and only when asked for.

    Parameters
    ----------
    size : number of test images.
    read_images : reads uint8 (n, h, w, c), and touches no labels.
    read_labels : reads int64 (n,), the labels.
    """

    size: int
    read_images: Callable[[], NDArray[np.uint8]]
    read_labels: Callable[[], NDArray[np.int64]]

    def __len__(self) -> int:
        return self.size

    def images(self) -> NDArray[np.uint8]:
        """The test images alone, uint8 (n, h, w, c): what a fitted model is evaluated on. Labels stay sealed."""
        return self.read_images()

    def open(self) -> Images:
        """Break the seal: images and labels. Only the final scoring, the fit of `submit` and `clean --all` may call this."""
        return Images(self.read_images(), self.read_labels())


@dataclass(frozen=True)
class Dataset:
    """A data set: training images, a sealed test part, class names, and what identifies it.

    Parameters
    ----------
    train : images that searches and fits may use.
    test : sealed: searches and fits never read it.
    unlabelled : reader of images to label for a competition, uint8 (m, h, w, c); None where there are none.
    fingerprint : sha256 hex digest over pixels, labels and groups of both parts, computed when the data was cached.
    train_fingerprint : the same of the training part alone, on which searches and fits depend.
    files : reads the names of the image files of both parts, in their order; None where images have no files.
    groups : which images stay together, as `benchmarks.data.reading.Reading` has it; "" where none do.
    background : what shows where an image is transparent.
    note : a warning every reader of a result must see (for example that another set was asked for); or "".
    choice : how its images were made of the pictures of a folder, and why so; None where a probe did not choose.
    preparation : what makes a picture from elsewhere look as these images do; None if there is no telling.
    title, homepage, licence : for people: what it is, where it comes from (a URL, or a path), who may use it.
    folder : where its arrays are cached; `benchmarks.data.datasets.reopen` makes the data set again from it in
        another process. None for data that was never on disk.
    """

    name: str
    train: Images
    test: Sealed
    classes: tuple[str, ...]
    fingerprint: str
    train_fingerprint: str
    unlabelled: Callable[[], NDArray[np.uint8]] | None = None
    files: Callable[[], tuple[Sequence[str], Sequence[str]]] | None = None
    groups: str = ""
    background: str = WHITE
    note: str = ""
    choice: Choice | None = None
    preparation: Preparation | None = None
    title: str = ""
    homepage: str = ""
    licence: str = ""
    folder: Path | None = None


def fingerprint(*arrays: NDArray) -> str:
    """A sha256 hex digest over shapes, dtypes and bytes of the arrays, in order."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
