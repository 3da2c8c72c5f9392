"""`Median`: against single pixels that are dead or stuck."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from estimators.repairs import Repair


class Median(Repair):
    """Each pixel becomes the median of its neighbourhood.

    Parameters
    ----------
    side : of the neighbourhood, in pixels. Beyond the edge the image is mirrored.
    """

    def __init__(self, side: int = 3) -> None:
        self.side = side

    def _transform(self, X: NDArray[np.uint8]) -> NDArray[np.uint8]:
        from scipy.ndimage import median_filter

        return median_filter(X, size=(1, self.side, self.side, 1))
