"""`Standardise`: against fog, glare and weak contrast."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from estimators.repairs import Repair, as_bytes

FLAT = 1.0  # standard deviation in grey levels below which there is nothing to stretch


class Standardise(Repair):
    """Each image gets the mean and the spread that a training image has on average."""

    def _fit(self, X: NDArray[np.uint8]) -> None:
        means, spreads = _moments(X)
        self.mean_, self.spread_ = float(means.mean()), float(spreads.mean())

    def _transform(self, X: NDArray[np.uint8]) -> NDArray[np.uint8]:
        means, spreads = _moments(X)
        stretched = (X - means) * (self.spread_ / np.maximum(spreads, FLAT)) + self.mean_
        return as_bytes(np.where(spreads < FLAT, X, stretched))


def _moments(X: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation of each image, float32 (n, 1, 1, 1)."""
    wide = X.astype(np.float32)
    return wide.mean((1, 2, 3), keepdims=True), wide.std((1, 2, 3), keepdims=True)
