"""`Centre`: against things that are not where they should be."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from estimators.repairs import Repair, border


class Centre(Repair):
    """Each image is shifted by whole pixels until its centre of mass is where that of training images is on average.

    The mass of a pixel is its distance from the border of its image, so that ink counts and paper does not. What moves in from
    beyond the edge has the border's value.
    """

    def _fit(self, X: NDArray[np.uint8]) -> None:
        self.centre_ = centres(X).mean(0)

    def _transform(self, X: NDArray[np.uint8]) -> NDArray[np.uint8]:
        rows, columns = np.rint(self.centre_ - centres(X)).astype(int).T
        height, width = X.shape[1:3]
        down, across = (
            np.arange(side)[None] - by[:, None] for side, by in zip((height, width), (rows, columns), strict=True)
        )
        inside = ((down >= 0) & (down < height))[:, :, None] & ((across >= 0) & (across < width))[:, None]
        taken = X[
            np.arange(len(X))[:, None, None],
            np.clip(down, 0, height - 1)[:, :, None],
            np.clip(across, 0, width - 1)[:, None],
        ]
        return np.where(inside[..., None], taken, np.rint(border(X)).astype(np.uint8))


def mass(X: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How far each pixel is from the border of its image, the mean of its channels: float32 (n, h, w)."""
    return np.abs(X - border(X)).mean(3)


def centres(X: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Row and column of the centre of mass of each image: float64 (n, 2); the middle of an empty one."""
    heavy = mass(X).astype(np.float64)
    total = heavy.sum((1, 2))
    found = [
        np.where(total > 0, heavy.sum(axis) @ np.arange(side) / np.maximum(total, 1e-9), (side - 1) / 2)
        for axis, side in ((2, X.shape[1]), (1, X.shape[2]))
    ]
    return np.stack(found, axis=1)
