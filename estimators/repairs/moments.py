"""`Moments`: against slant and wrong size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from estimators.repairs import Repair, as_bytes, border
from estimators.repairs.centre import centres, mass

FURTHEST = 2.5  # standard deviations of the training images' slant and size that are usual, and left alone


class Moments(Repair):
    """Each image whose slant or size is unusual gets the slant and the size of an average training image.

    Slant and size come from the second moments of the mass about its centre: slant is the covariance of row and column over the
    variance of the rows, size the root of the rows' variance, which no shear changes. The idea is the deskewing of Simard et
    al. (1998) and LeCun et al. (1998).
    """

    def _fit(self, X: NDArray[np.uint8]) -> None:
        slant, size = _moments(X)
        self.slant_, self.slants_ = float(slant.mean()), float(slant.std())
        self.size_, self.sizes_ = float(size.mean()), float(size.std())

    def _transform(self, X: NDArray[np.uint8]) -> NDArray[np.uint8]:
        from scipy.ndimage import map_coordinates

        slant, size = _moments(X)
        odd_slant = np.abs(slant - self.slant_) > FURTHEST * self.slants_
        odd_size = (np.abs(size - self.size_) > FURTHEST * self.sizes_) & (size > 0)
        repaired = X.copy()
        rows = np.flatnonzero(odd_slant | odd_size)
        if not len(rows):
            return repaired
        shear = np.where(odd_slant, slant - self.slant_, 0.0)[rows, None, None]
        scale = np.where(odd_size, size / max(self.size_, 1e-9), 1.0)[rows, None, None]
        centre = centres(X[rows])[..., None, None]
        down, across = np.meshgrid(np.arange(X.shape[1]), np.arange(X.shape[2]), indexing="ij")
        from_row = scale * (down - centre[:, 0])
        from_column = scale * (across - centre[:, 1]) + shear * from_row
        number = np.broadcast_to(np.arange(len(rows))[:, None, None], from_row.shape)
        places = np.stack([number, from_row + centre[:, 0], from_column + centre[:, 1]])
        # Beyond the edge there is nothing; what stands out of the border is moved, and the border added again.
        outstanding = X[rows] - border(X[rows])
        moved = [map_coordinates(outstanding[..., c], places, order=1, mode="constant") for c in range(X.shape[3])]
        repaired[rows] = as_bytes(np.stack(moved, axis=3) + border(X[rows]))
        return repaired


def _moments(X: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Slant and size of each image: float64 (n,); 0 of an empty one."""
    heavy = mass(X).astype(np.float64)
    centre, total = centres(X), np.maximum(heavy.sum((1, 2)), 1e-9)
    down = np.arange(X.shape[1])[None, :, None] - centre[:, 0, None, None]
    across = np.arange(X.shape[2])[None, None] - centre[:, 1, None, None]
    rows = (heavy * down**2).sum((1, 2)) / total
    both = (heavy * down * across).sum((1, 2)) / total
    return np.where(rows > 1e-9, both / np.maximum(rows, 1e-9), 0), np.sqrt(rows)
