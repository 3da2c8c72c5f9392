"""NumPy archives with ``x_train, y_train, x_test, y_test``, as Keras names them, or ``train_images, …``."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.formats.arrays import LabelledArrays, images_of
from benchmarks.errors import UserError

NAMES = (
    ("x_train", "y_train", "x_test", "y_test"),
    ("train_images", "train_labels", "test_images", "test_labels"),
    ("X_train", "y_train", "X_test", "y_test"),
    ("x", "y"),
    ("X", "y"),
    ("images", "labels"),
)


def read_train_and_test(path: Path) -> tuple[LabelledArrays, LabelledArrays | None]:
    """The training part and the test part, None if the archive has a single part."""
    arrays = _arrays(path)
    for names in NAMES:
        if set(names) <= set(arrays):
            found = [_labelled(arrays, *pair, path) for pair in zip(names[::2], names[1::2], strict=True)]
            return found[0], found[1] if len(found) > 1 else None
    wanted = "; or ".join(", ".join(names) for names in NAMES if len(names) == 4)
    raise UserError(f"{path} holds {', '.join(arrays) or 'nothing'}; expected {wanted}.")


def _arrays(path: Path) -> dict[str, NDArray]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive}
    except FileNotFoundError as error:
        raise UserError(f"There is no file {path}.") from error
    except (OSError, ValueError, EOFError, AttributeError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path} is not a readable NumPy archive ({reason}): save it with numpy.savez.") from error


def _labelled(arrays: dict[str, NDArray], images: str, labels: str, path: Path) -> LabelledArrays:
    X, y = arrays[images], arrays[labels]
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1 or y.dtype.kind not in "iuU":
        raise UserError(
            f"{path}: {labels} is {y.dtype} of shape {y.shape}; labels are whole numbers or names, one per image."
        )
    if X.ndim < 2 or len(X) != len(y):
        raise UserError(f"{path}: {images} has shape {X.shape}, but {labels} has {len(y)} labels.")
    return LabelledArrays(images_of(X, path), y.astype(np.int64) if y.dtype.kind in "iu" else y, path)
