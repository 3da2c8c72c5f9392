"""`NonLocalMeans`: against noise that is everywhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from estimators.repairs import Repair, as_bytes

# The filter of Immerkær: it has no answer to edges and slopes, and a deviation of 6 to noise of 1.
RESIDUAL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)


class NonLocalMeans(Repair):
    """Each pixel becomes the mean of pixels whose surroundings look alike, the more so the noisier the image.

    The noise of an image is estimated as by Immerkær (1996), *Fast noise variance estimation*, less what the filter finds in
    training images, which have strokes and no noise. An image that has no more than those is left as it is.

    Parameters
    ----------
    strength : of the filter, in standard deviations of the noise.
    patch, reach : side of the surroundings, and how far away their like is sought, in pixels.

    References
    ----------
    A. Buades, B. Coll, J.-M. Morel: A non-local algorithm for image denoising. CVPR 2005.
    """

    def __init__(self, strength: float = 0.8, patch: int = 3, reach: int = 6) -> None:
        self.strength = strength
        self.patch = patch
        self.reach = reach

    def _fit(self, X: NDArray[np.uint8]) -> None:
        self.usual_noise_ = float(np.quantile(_noise(X), 0.99))

    def _transform(self, X: NDArray[np.uint8]) -> NDArray[np.uint8]:
        from skimage.restoration import denoise_nl_means

        repaired, noise = X.copy(), _noise(X)
        if min(X.shape[1:3]) < self.patch:
            return repaired
        for i in np.flatnonzero(noise > self.usual_noise_):
            h = self.strength * noise[i] / 255
            options = {"patch_size": self.patch, "patch_distance": self.reach, "channel_axis": -1}
            quiet = denoise_nl_means(X[i] / 255.0, h=h, sigma=noise[i] / 255, **options)
            repaired[i] = as_bytes(255 * quiet).reshape(X.shape[1:])
        return repaired


def _noise(X: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The standard deviation of the noise of each image: float32 (n,), in grey levels; of several channels the mean."""
    from scipy.ndimage import correlate

    answers = correlate(X.astype(np.float32), RESIDUAL[None, :, :, None], mode="mirror")
    return np.sqrt(np.pi / 2) * np.abs(answers).mean((1, 2, 3)) / 6
