"""`Pixels`: the image itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from estimators.features import ImageFeatures


class Pixels(ImageFeatures):
    """Grey values or colours, flattened: float32 (n, h*w*c) in [0, 1].

    Parameters
    ----------
    scaled : False leaves the values as they are, uint8 in 0 … 255.
    """

    def __init__(self, scaled: bool = True) -> None:
        self.scaled = scaled

    def for_trees(self) -> Pixels:
        """The values as they are: trees need no scale, and bytes take a quarter of the memory."""
        return Pixels(scaled=False)

    def _transform(self, X: NDArray[np.uint8]) -> NDArray:
        rows = X.reshape(len(X), -1)
        return rows / np.float32(255) if self.scaled else rows
