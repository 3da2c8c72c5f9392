"""The digits that scikit-learn ships: small enough for a first try, and there without a network.

1,797 handwritten digits, 8 × 8, grey, ten classes; their values 0 … 16 are scaled to 0 … 255. A stratified 20 % is
the test. All of it is the test part of UCI's "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak, 1998).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.data.images import Images
from benchmarks.data.split import split
from benchmarks.data.store.recipe import Contents, Source


def _read(_: Mapping[str, Path]) -> Contents:
    from sklearn.datasets import load_digits

    found = load_digits()
    X = np.rint(found.images[..., np.newaxis] * (255 / 16)).astype(np.uint8)
    y = found.target.astype(np.int64)
    fit, test = split(y, 0.2, seed=0)
    return Contents(Images(X[fit], y[fit]), Images(X[test], y[test]), tuple("0123456789"))


digits = Source(
    title="Digits (UCI, as shipped with scikit-learn)",
    homepage="https://doi.org/10.24432/C50P49; a stratified 20 % is the test",
    licence="CC BY 4.0",
    read=_read,
)
