"""NumPy's file of one array, ``.npy``: memory-mapped, never pickled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.formats.arrays import LabelledArrays, paired
from benchmarks.errors import UserError
from benchmarks.safety import regular


def read(path: Path) -> NDArray:
    """The array in an .npy file; its values stay on disk until they are used.

    Raises
    ------
    UserError
        If the file is not .npy, was cut off, or holds Python objects.
    """
    regular.check(path)
    try:
        return np.lib.format.open_memmap(path, mode="r")
    except Exception as error:  # Damaged headers raise errors of every kind.
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"{path} is not a readable .npy file ({reason}): get it again.") from error


def read_labelled(images: Path, labels: Path) -> LabelledArrays:
    """Images (n, h, w) or (n, h, w, c) and their labels (n,); images of uint8 stay on disk until they are used."""
    return paired(read(images), read(labels), images, labels)
