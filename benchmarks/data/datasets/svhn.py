"""SVHN, cropped digits: 73,257 + 26,032 photographed house numbers, 32 × 32, RGB, ten classes (Netzer et al., 2011).

A digit's neighbours are in the picture too; the class is the digit in the middle. ``X`` is uint8 (32, 32, 3, n), ``y`` uint8
(n, 1) with 1 … 9 for those digits and 10 for the digit 0. The set's 531,131 extra images are not read. Checksums as in
TensorFlow Datasets.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.data.formats.bounds import must_fit
from benchmarks.data.images import Images
from benchmarks.data.store.recipe import Contents, File, Source
from benchmarks.errors import UserError

DIGESTS = {
    "train_32x32.mat": "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8",
    "test_32x32.mat": "cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b",
}


def _images(path: Path) -> Images:
    from scipy.io import loadmat, whosmat

    try:
        there = {name: (shape, kind) for name, shape, kind in whosmat(path)}  # reads the headers alone
        if not {"X", "y"} <= there.keys():
            raise UserError(f"{path} holds {', '.join(there) or 'nothing'}; expected X and y: get it again.")
        for name in ("X", "y"):
            shape, kind = there[name]
            if kind != "uint8":
                raise UserError(f"{path}: {name} is {kind}, expected uint8.")
            must_fit(2 * math.prod(shape), path)  # as it is in the file, and turned into images
        found = loadmat(path, variable_names=("X", "y"))
    except UserError:
        raise
    except Exception as error:  # SciPy raises errors of every kind for damaged files.
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"{path} is damaged or no MATLAB file of version 5 ({reason}): get it again.") from error
    X, y = found["X"], found["y"].ravel()
    if X.ndim != 4 or X.shape[:3] != (32, 32, 3) or X.shape[3] != len(y):
        raise UserError(f"{path}: X has shape {X.shape} and y {len(y)} labels; expected (32, 32, 3, n) and n.")
    if not len(y) or y.min() < 1 or y.max() > 10:
        labels = f"labels from {y.min()} to {y.max()}" if len(y) else "no labels"
        raise UserError(f"{path} has {labels}; expected 1 … 10, of which 10 is the digit 0.")
    return Images(np.ascontiguousarray(X.transpose(3, 0, 1, 2)), y.astype(np.int64) % 10)


def _read(paths: Mapping[str, Path]) -> Contents:
    return Contents(_images(paths["train_32x32.mat"]), _images(paths["test_32x32.mat"]), tuple("0123456789"))


svhn = Source(
    title="SVHN (cropped digits)",
    homepage="http://ufldl.stanford.edu/housenumbers/",
    licence="non-commercial use only",
    read=_read,
    files=tuple(File(name, digest) for name, digest in DIGESTS.items()),
    folders=("SVHN",),
    mirrors=("http://ufldl.stanford.edu/housenumbers/",),
)
