"""`LabelledArrays`: images with labels as a file has them; `assemble` makes the two parts of a data set of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.classes import alike_told
from benchmarks.data.formats.compressed import Readable
from benchmarks.data.images import Images
from benchmarks.data.near import near_groups
from benchmarks.data.split import split
from benchmarks.data.store.on_disk import rows_of
from benchmarks.data.store.recipe import Contents
from benchmarks.errors import UserError
from tuning.nearest import hint

TEST_SHARE, SEED = 0.2, 0  # of a set that comes without a test part


@dataclass(frozen=True)
class LabelledArrays:
    """Images uint8 (n, h, w, c), labels int64 or str (n,), and the file they come from, for errors.

    ``groups`` int64 or str (n,) names what each belongs to, where a user asked for groups; ``files`` are the names of
    the images, where each has a file.
    """

    X: NDArray[np.uint8]
    labels: NDArray
    path: Readable
    groups: NDArray | None = None
    files: Sequence[str] = ()


def images_of(X: NDArray, path: Readable, shape: Sequence[int] | None = None) -> NDArray[np.uint8]:
    """An array of images as uint8 (n, h, w, c).

    Parameters
    ----------
    X : (n, h, w), (n, h, w, 1), (n, h, w, 3), or flat rows (n, d). Whole numbers must lie within 0 … 255; floats
        that all lie within 0 … 1 are scaled by 255, other floats must be whole numbers within 0 … 255.
    path : named in errors.
    shape : (h, w) or (h, w, c) of a flat row; without it a row is a square, grey if that fits, else RGB.
    """
    if not len(X):
        raise UserError(f"{path} holds no images.")
    if X.ndim == 2:
        shape = shape or _square(X.shape[1], path)
        if math.prod(shape) != X.shape[1]:
            size = " × ".join(map(str, shape))
            raise UserError(f"{path} has {X.shape[1]} pixels in a row, but an image of {size} has {math.prod(shape)}.")
        X = X.reshape(len(X), *shape)
    if X.ndim == 3:
        X = X[..., np.newaxis]
    if X.ndim != 4 or X.shape[3] not in (1, 3) or 0 in X.shape:
        first = X.ndim == 4 and X.shape[1] in (1, 3)
        advice = " Channels come last: save X.transpose(0, 2, 3, 1)." if first else ""
        raise UserError(
            f"{path} holds images of shape {X.shape}; allowed are (n, h, w), (n, h, w, 1) and (n, h, w, 3).{advice}"
        )
    if X.dtype == np.uint8:
        return np.ascontiguousarray(X)
    if X.dtype.kind not in "biuf":
        raise UserError(f"{path} holds pixels of type {X.dtype}; they must be numbers.")
    low, high = X.min(), X.max()
    if X.dtype.kind in "bf" and low >= 0 and high <= 1:
        return np.rint(X * np.float32(255)).astype(np.uint8)
    if not (low >= 0 and high <= 255):
        raise UserError(
            f"{path} holds pixels from {low} to {high}; they must lie within 0 … 255, or floats within 0 … 1.{_advice(X, low, high)}"
        )
    if X.dtype.kind == "f" and (np.rint(X) != X).any():
        raise UserError(
            f"{path} holds fractions and values above 1: pixels must be whole within 0 … 255, or within 0 … 1."
        )
    return np.ascontiguousarray(X.astype(np.uint8))


def _advice(X: NDArray, low: float, high: float) -> str:
    """How pixels in another usual range become bytes."""
    if X.dtype.kind in "iu" and low >= 0 and high <= 65535:
        return " Of 16 bits save (X // 257).astype('uint8'), or X // 256."
    if X.dtype.kind == "f" and -1 <= low < 0 and high <= 1:
        return " Of the range -1 … 1 save (X + 1) / 2."
    return ""


def paired(X: NDArray, y: NDArray, images: Readable, labels: Readable, transpose: bool = False) -> LabelledArrays:
    """Images (n, h, w) or (n, h, w, c) of one file with the labels (n,) of another; `transpose` swaps rows and columns."""
    if X.ndim not in (3, 4):
        raise UserError(f"{images} has {X.ndim} dimensions; images have 3 (n, height, width), or 4 with channels.")
    if y.ndim != 1 or y.dtype.kind not in "iu":
        raise UserError(f"{labels} holds {y.dtype} of {y.ndim} dimensions; labels are whole numbers of one dimension.")
    if len(X) != len(y):
        raise UserError(
            f"{images} has {len(X)} images, but {labels} has {len(y)} labels: they belong to different sets."
        )
    X = images_of(X, images)
    return LabelledArrays(np.ascontiguousarray(X.transpose(0, 2, 1, 3)) if transpose else X, y.astype(np.int64), labels)


def assemble(
    train: LabelledArrays,
    test: LabelledArrays | None,
    classes: Sequence[str] | None = None,
    test_share: float = TEST_SHARE,
    unlabelled: NDArray[np.uint8] | None = None,
    note: str = "",
    near: bool = False,
) -> Contents:
    """Number the classes, and set a stratified, seeded share of the rows aside where there is no test part.

    Without `classes`, they are the labels of the training images, sorted. With them, a label is one of them or, if it
    is a number, its place among them. Groups are those of the parts or, if asked for, the `near` duplicates. A group is
    on one side of that split; of a test part that is there, the groups are left out of the training part.
    """
    classes = tuple(classes) if classes else None
    if classes is None:
        values = np.unique(train.labels).tolist()
        classes = tuple(str(value) for value in values)
    else:
        values = list(range(len(classes))) if train.labels.dtype.kind in "iu" else list(classes)
    X, y = train.X, _numbered(train, values)
    note = " ".join(filter(None, [note, alike_told(classes, np.bincount(y, minlength=len(classes)).tolist())]))
    if test is not None:
        parts = Images(X, y), Images(test.X, _numbered(test, values))
        contents = Contents(*parts, classes, unlabelled, note, (train.files, test.files))
        if near:
            return near_apart(contents)
        if train.groups is None or test.groups is None:
            return contents
        return _apart(contents, np.concatenate([train.groups, test.groups]))
    groups = duplicates(X) if near else train.groups
    numbers = None if groups is None else _checked(np.unique(groups, return_inverse=True)[1].astype(np.int64))
    fit, held = split(y, test_share, SEED, classes, numbers)
    notes = [note, f"There is no test part of its own: {len(held)} images, drawn by class, are the test."]
    if numbers is not None:
        notes.append(_told(numbers[fit], numbers[held]))
    fitting, testing = (Images(rows_of(X, rows), y[rows]) for rows in (fit, held))
    if numbers is not None:
        fitting = replace(fitting, groups=numbers[fit])
    files = _names(train.files, fit), _names(train.files, held)
    return Contents(fitting, testing, classes, unlabelled, " ".join(notes).strip(), files)


def near_apart(contents: Contents) -> Contents:
    """The same with near duplicates as the groups: what is near to a test image is left out of the training part.

    Raises
    ------
    UserError
        If near duplicates cannot be told from images that are merely alike, or no training image of a class is left.
    """
    return _apart(contents, duplicates(contents.train.X, contents.test.X))


def _apart(contents: Contents, groups: NDArray) -> Contents:
    """The same without the training images whose groups are in the test part; `groups` are those of both, in order."""
    train = contents.train
    numbers = _checked(np.unique(groups, return_inverse=True)[1].astype(np.int64))
    own, others = numbers[: len(train)], numbers[len(train) :]
    shared = np.isin(own, others)
    notes = [contents.note, _told(own[~shared], others)]
    files = contents.files
    if shared.any():
        left = np.flatnonzero(~shared)
        notes.append(
            f"{int(shared.sum()):,} of {len(train):,} training images are left out: others of their groups are in the test."
        )
        own, files = own[left], (_names(files[0], left), files[1])
        train = Images(rows_of(train.X, left), train.y[left])
    return replace(contents, train=replace(train, groups=own), note=" ".join(notes).strip(), files=files)


def _names(files: Sequence[str], rows: NDArray[np.integer]) -> Sequence[str]:
    """The names at some rows, none where images have no files."""
    return [files[row] for row in rows.tolist()] if files else ()


def duplicates(*parts: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Near and exact duplicates as groups, int64 (n,), of the images of all parts in order.

    Raises
    ------
    UserError : they cannot be told from images that are merely alike.
    """
    found = near_groups(*parts)
    if found is None:
        raise UserError(
            "--groups near: near duplicates cannot be told from other images here, since too many are alike or they are too "
            "small. Give a pattern or a column, or do without groups."
        )
    return found


def _checked(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    if groups.max(initial=0) < 1:
        raise UserError("All images are of one group, so there is nothing to divide: give other groups.")
    return groups


def _told(train: NDArray[np.int64], test: NDArray[np.int64]) -> str:
    counts = [len(np.unique(part)) for part in (train, test)]
    return f"Groups stay together: {counts[0]:,} in the training part, {counts[1]:,} in the test."


def _numbered(part: LabelledArrays, values: list) -> NDArray[np.int64]:
    """Labels as 0 … k-1, by their place among the values."""
    place = {value: number for number, value in enumerate(values)}
    unknown = next((value for value in np.unique(part.labels).tolist() if value not in place), None)
    if unknown is not None:
        some = ", ".join(map(repr, values[:12])) + (", …" if len(values) > 12 else "")
        where = part.path
        if part.files and isinstance(where, Path):
            where /= part.files[part.labels.tolist().index(unknown)]
        near = hint(str(unknown), map(str, values))
        raise UserError(f"{where} has the label {unknown!r}, which is none of the classes {some}.{near}")
    found, inverse = np.unique(part.labels, return_inverse=True)
    return np.array([place[value] for value in found.tolist()], np.int64)[inverse]


def _square(length: int, path: Readable) -> tuple[int, int, int]:
    for channels in (1, 3):
        side = math.isqrt(length // channels)
        if side * side * channels == length:
            return side, side, channels
    raise UserError(
        f"{path} has {length} pixels in a row, which is no square image, grey or RGB: say what it is with "
        "`image = [height, width, channels]` in a small TOML file that names it, and give that file instead."
    )
