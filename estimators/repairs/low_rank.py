"""`LowRank`: against noise and clutter, by what training images have in common."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from estimators.repairs import Repair, as_bytes


class LowRank(Repair):
    """The best linear guess of the image behind a noisy one, from few principal components.

    Reduced-rank ridge regression of training images on themselves with white noise of deviation σ added. The noise need not be
    drawn: with the eigenvalues λ of the images' covariance, each component is kept in the share λ / (λ + σ²), which is Wiener's
    filter in their own coordinates (Mukherjee and Zhu 2011, *Reduced rank ridge regression and its kernel extensions*).

    Parameters
    ----------
    rank : number of components, or as many as there are.
    noise : σ, as a share of the range of grey levels.
    """

    def __init__(self, rank: int = 64, noise: float = 0.5) -> None:
        self.rank = rank
        self.noise = noise

    def _fit(self, X: NDArray[np.uint8]) -> None:
        from sklearn.decomposition import PCA

        rows = X.reshape(len(X), -1) / np.float32(255)
        components = PCA(min(self.rank, *rows.shape), random_state=0).fit(rows)
        self.mean_, self.components_ = components.mean_, components.components_
        self.kept_ = components.explained_variance_ / (components.explained_variance_ + self.noise**2)

    def _transform(self, X: NDArray[np.uint8]) -> NDArray[np.uint8]:
        rows = X.reshape(len(X), -1) / np.float32(255) - self.mean_
        guessed = (rows @ self.components_.T * self.kept_) @ self.components_ + self.mean_
        return as_bytes(255 * guessed).reshape(X.shape)
