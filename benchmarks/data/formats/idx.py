"""The idx format of MNIST and its kin (http://yann.lecun.com/exdb/mnist/), plain or gzip-compressed.

Big-endian: two zero bytes, a byte for the type, a byte for the number of dimensions, one uint32 per dimension, then the
data in row-major order.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.formats.arrays import LabelledArrays, assemble, paired
from benchmarks.data.formats.bounds import must_fit
from benchmarks.data.formats.compressed import Readable, opened
from benchmarks.data.store.recipe import Contents
from benchmarks.errors import UserError

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
TRAIN_IMAGES = "train-images-idx3-ubyte"  # or with a dot, .idx3-ubyte, as Kaggle has it


@dataclass(frozen=True)
class Names:
    """The four files of a set."""

    train_images: Path
    train_labels: Path
    test_images: Path
    test_labels: Path


def read(path: Readable) -> NDArray:
    """The array in an idx file, in the type it has there.

    Raises
    ------
    UserError
        If the file is not idx, is shorter or longer than its header says, or does not fit into memory.
    """
    with opened(path) as stream:
        magic = stream.read(4)
        if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in TYPES or not 1 <= magic[3] <= 4:
            raise UserError(
                f"{path} is not an idx file: it starts with {magic.hex(' ') or 'nothing'}, expected 00 00, a type "
                f"({', '.join(f'{t:02x}' for t in TYPES)}) and the number of dimensions, 1 … 4."
            )
        dtype, dimensions = np.dtype(TYPES[magic[2]]), magic[3]
        header = stream.read(4 * dimensions)
        if len(header) < 4 * dimensions:
            raise UserError(
                f"{path} ends within its header, after {4 + len(header)} of {4 + 4 * dimensions} bytes: get it again."
            )
        shape = struct.unpack(f">{dimensions}I", header)
        expected = math.prod(shape) * dtype.itemsize
        if not expected:
            raise UserError(f"{path} holds nothing: its header announces {' × '.join(map(str, shape))} values.")
        must_fit(expected, path)
        data = stream.read(expected + 1)
    if len(data) != expected:
        size = " × ".join(map(str, shape))
        found = f"has only {len(data)} bytes of them: it was cut off" if len(data) < expected else "goes on after them"
        raise UserError(
            f"{path}: its header announces {size} values, so {expected} bytes, but it {found}; get it again."
        )
    return np.frombuffer(data, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def read_labelled(images: Readable, labels: Readable, transpose: bool = False) -> LabelledArrays:
    """Images (n, h, w) or (n, h, w, 3) and their labels (n,); `transpose` swaps rows and columns (EMNIST needs it)."""
    return paired(read(images), read(labels), images, labels, transpose)


def read_official(paths: Mapping[str, Path], classes: Sequence[str]) -> Contents:
    """Both parts of a set whose four files are named as those of MNIST."""
    train, test = (
        read_labelled(paths[f"{part}-images-idx3-ubyte.gz"], paths[f"{part}-labels-idx1-ubyte.gz"])
        for part in ("train", "t10k")
    )
    return assemble(train, test, classes)


def find(path: Path) -> Names | None:
    """The four files in a folder, or beside a file of training images; None if there are none in the folder.

    Raises
    ------
    UserError
        If one of the four is missing, or the folder holds several sets.
    """
    if path.is_file():
        starts = [path]
    else:
        found = [p for p in sorted(path.glob("*train-images[-.]idx3-ubyte*")) if _dashed(p).endswith(TRAIN_IMAGES)]
        by_name = {_dashed(p): p for p in reversed(found) if not p.is_dir()}  # Kaggle has folders of that name, too.
        starts = list(by_name.values())[::-1]
    if not starts:
        return None
    if len(starts) > 1:
        raise UserError(f"{path} holds several sets: name one of {', '.join(p.name for p in starts)}.")
    name = _dashed(starts[0])
    if not name.endswith(TRAIN_IMAGES):
        raise UserError(f"Name the file with the training images, …{TRAIN_IMAGES}, instead of {starts[0]}.")
    prefix = name.removesuffix(TRAIN_IMAGES)

    def other(*ends: str) -> Path:
        names = [name for end in ends for name in (end, end.replace("-idx", ".idx"))]
        wanted = [starts[0].with_name(f"{prefix}{name}{gz}") for name in names for gz in ("", ".gz")]
        if there := next((p for p in wanted if p.is_file()), None):
            return there
        raise UserError(f"Beside {starts[0]} there is no {' or '.join(prefix + end for end in ends)} (nor its .gz).")

    return Names(
        train_images=starts[0],
        train_labels=other("train-labels-idx1-ubyte"),
        test_images=other("t10k-images-idx3-ubyte", "test-images-idx3-ubyte"),
        test_labels=other("t10k-labels-idx1-ubyte", "test-labels-idx1-ubyte"),
    )


def _dashed(path: Path) -> str:
    """The file's name without ``.gz``, with a dash where Kaggle has a dot."""
    return re.sub(r"\.(idx\d-ubyte)$", r"-\1", path.name.removesuffix(".gz"))
