"""NumPy archives with ``x_train, y_train, x_test, y_test``, as Keras names them, or ``train_images, …``.

Groups, such as ``writer``, are arrays named alike: ``writer_train`` and ``writer_test``, ``train_writer`` and
``test_writer``, or ``writer`` in an archive of one part.
"""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.formats.arrays import LabelledArrays, images_of
from benchmarks.data.formats.bounds import must_fit
from benchmarks.errors import UserError, unknown
from benchmarks.safety import regular
from benchmarks.safety.names import shortened

NAMES = (
    ("x_train", "y_train", "x_test", "y_test"),
    ("train_images", "train_labels", "test_images", "test_labels"),
    ("X_train", "y_train", "X_test", "y_test"),
    ("x", "y"),
    ("X", "y"),
    ("images", "labels"),
)
IMAGES = ("x_test", "test_images", "X_test", "images", "x", "X")  # to label, the first that is there


def read_train_and_test(path: Path, group: str | None = None) -> tuple[LabelledArrays, LabelledArrays | None]:
    """The training part and the test part, None if the archive has a single part; with the groups of that name."""
    arrays, names = _arrays(path, group)
    found = [_labelled(arrays, *pair, path, group) for pair in zip(names[::2], names[1::2], strict=True)]
    return found[0], found[1] if len(found) > 1 else None


def read_images(path: Path) -> NDArray:
    """The images alone, labelled or not: those of a test part if there is one, else the only array that may be images.

    Raises
    ------
    UserError
        If no array is meant, the archive is damaged, or the images do not fit into memory.
    """
    try:
        with _opened(path) as (packed, archive):
            only = archive.files[0] if len(archive.files) == 1 else None
            name = next((name for name in IMAGES if name in archive.files), only)
            if name is None:
                raise UserError(
                    f"{path} holds {_some(archive.files) or 'nothing'}; the images to label are called "
                    f"{', '.join(IMAGES[:-1])} or {IMAGES[-1]}."
                )
            (images,) = _checked_arrays(path, packed, archive, [name])
            if not images.ndim:
                raise UserError(f"{path}: {name} is a single value; images have 2 to 4 dimensions.")
            return images
    except UserError:
        raise
    except Exception as error:  # As below.
        raise _unreadable(path, error) from error


def read_named(path: Path, names: Sequence[str]) -> list[NDArray]:
    """The arrays of these names.

    Raises
    ------
    UserError
        If one is not there, the archive is damaged, or they do not fit into memory.
    """
    arrays = _read(path, names)
    return [arrays[name] for name in names]


def read_all(path: Path) -> dict[str, NDArray]:
    """All arrays by name.

    Raises
    ------
    UserError
        If the archive is damaged, or they do not fit into memory.
    """
    return _read(path, None)


def _read(path: Path, names: Sequence[str] | None) -> dict[str, NDArray]:
    """The arrays of these names, or all."""
    try:
        with _opened(path) as (packed, archive):
            asked = archive.files if names is None else names
            if lacking := [name for name in asked if name not in archive.files]:
                raise UserError(f"{path} has no array {lacking[0]!r}.")
            return dict(zip(asked, _checked_arrays(path, packed, archive, asked), strict=True))
    except UserError:
        raise
    except Exception as error:  # As above.
        raise _unreadable(path, error) from error


def _checked_arrays(path: Path, packed: zipfile.ZipFile, archive: Any, names: Sequence[str]) -> list[NDArray]:
    sizes = {info.filename.removesuffix(".npy"): info.file_size for info in packed.infolist()}
    must_fit(sum(sizes[name] for name in names), path)
    for name in names:
        _check_header(packed, name, sizes[name])
    arrays = [archive[name] for name in names]
    if others := [name for name, array in zip(names, arrays, strict=True) if not isinstance(array, np.ndarray)]:
        raise ValueError(f"{others[0]} is no array")  # NumPy returns the bytes of a member that is called like one.
    return arrays


@contextmanager
def _opened(path: Path) -> Iterator[tuple[zipfile.ZipFile, Any]]:
    """The archive as a zip file and as NumPy reads it."""
    with regular.opened(path) as file, zipfile.ZipFile(file) as packed:
        file.seek(0)
        with np.load(file, allow_pickle=False) as archive:
            yield packed, archive


def _group_names(labels: str, group: str) -> str:
    """The name of the groups that belong to labels: ``writer_train`` to ``y_train``."""
    return re.sub(r"^y(?=_|$)|labels$", group, labels)


def _arrays(path: Path, group: str | None) -> tuple[dict[str, NDArray], tuple[str, ...]]:
    """The arrays that make a data set, with those of the groups, and the names of the others in the order of `NAMES`."""
    try:
        with _opened(path) as (packed, archive):
            names = next((names for names in NAMES if set(names) <= set(archive.files)), None)
            if names is None:
                wanted = "; or ".join(", ".join(names) for names in NAMES)
                raise UserError(f"{path} holds {_some(archive.files) or 'nothing'}; expected {wanted}.")
            wanted_too = [_group_names(labels, group) for labels in names[1::2]] if group else []
            for name in wanted_too:
                if name not in archive.files:
                    raise UserError(f"{path}: --groups column:{group}: {unknown('array', name, archive.files)}")
            wanted_all = [*names, *wanted_too]
            return dict(zip(wanted_all, _checked_arrays(path, packed, archive, wanted_all), strict=True)), names
    except UserError:
        raise
    except Exception as error:  # zipfile, zlib and NumPy raise errors of every kind for damaged archives.
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> UserError:
    reason = shortened(" ".join(str(error).split()) or type(error).__name__, 200)
    return UserError(f"{path} is not a readable NumPy archive ({reason}): save it with numpy.savez.")


def _check_header(packed: zipfile.ZipFile, name: str, size: int) -> None:
    """NumPy takes the memory that a header asks for before it looks whether the values are there."""
    member = f"{name}.npy" if f"{name}.npy" in packed.namelist() else name
    with packed.open(member) as stream:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(stream)
    if not dtype.hasobject and math.prod(shape) * dtype.itemsize > size:
        raise ValueError(f"{name} has fewer values than its shape {shape} says")


def _some(names: Sequence[str]) -> str:
    return ", ".join(shortened(name, 40) for name in names[:8]) + (", …" if len(names) > 8 else "")


def _labelled(arrays: dict[str, NDArray], images: str, labels: str, path: Path, group: str | None) -> LabelledArrays:
    X, y = arrays[images], arrays[labels]
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1 or y.dtype.kind not in "iuU":
        raise UserError(
            f"{path}: {labels} is {y.dtype} of shape {y.shape}; labels are whole numbers or names, one per image."
            f"{_advice(labels, y, len(X) if X.ndim else 0)}"
        )
    if X.ndim < 2 or len(X) != len(y):
        raise UserError(f"{path}: {images} has shape {X.shape}, but {labels} has {len(y)} labels.")
    if y.dtype.kind == "u" and len(y) and y.max() > np.iinfo(np.int64).max:
        raise UserError(f"{path}: {labels} holds {y.max()}; labels are at most {np.iinfo(np.int64).max}.")
    groups = arrays[_group_names(labels, group)] if group else None
    if groups is not None and (groups.shape != y.shape or groups.dtype.kind not in "iuU"):
        raise UserError(
            f"{path}: --groups column:{group}: {groups.dtype} of shape {groups.shape}; groups are whole numbers or names, one "
            f"per image, and there are {len(y)} images."
        )
    return LabelledArrays(images_of(X, path), y.astype(np.int64) if y.dtype.kind in "iu" else y, path, groups)


def _advice(labels: str, y: NDArray, images: int) -> str:
    """How labels of another kind become whole numbers or names."""
    if y.ndim == 2 and len(y) == images and y.dtype.kind in "biuf":
        return f" If it has a column per class, save {labels}.argmax(axis=1)."
    if y.ndim == 1 and y.dtype.kind == "f" and len(y):
        if not np.isfinite(y).all():
            return f" Leave out the images whose label is no number: np.isfinite({labels}) tells which have one."
        if (np.rint(y) == y).all():
            return f" Save {labels}.astype(int)."
    return ""
