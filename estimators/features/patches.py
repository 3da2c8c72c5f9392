"""`Patches`: how much of an image looks like each of a few hundred small patches, learned from the training images."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from estimators.features import ImageFeatures
from estimators.models.threads import threads

DRAWN, PER_IMAGE = 50_000, 50  # patches that the dictionary is learned from, at the most
PLACES = 28  # along a side, at the most, where an image is compared with the dictionary; more are left out evenly
BATCH = 16  # images at a time
CONTRAST = 10.0  # added to a patch's variance, in squared grey levels, so that noise is not blown up to full contrast
WHITENING = 0.1  # added to the eigenvalues of the patches' covariance
FAINT = 0.2  # of the median length: whitened patches that are shorter show nothing


class Patches(ImageFeatures):
    """Responses to learned patches, in parts of the image: float32 (n, 2 * filters * cells * cells), not negative.

    Patches are drawn at random from the training images, brought to equal brightness and contrast, whitened and clustered;
    the centres, of unit length, are the dictionary. Every place of an image is compared with it, and what a product exceeds
    the threshold by, on its positive and on its negative side, is averaged over each of the parts. Nothing looks at labels.

    Parameters
    ----------
    filters : patches in the dictionary.
    side : of a patch, in pixels; smaller where an image is.
    cells : parts along each side of the image.
    threshold : below which a response counts as none.
    seed : of the draw and the clusters.

    References
    ----------
    A. Coates, A. Ng, H. Lee: An analysis of single-layer networks in unsupervised feature learning. AISTATS 2011.
    A. Coates, A. Ng: The importance of encoding versus training with sparse coding and vector quantization. ICML 2011.
    """

    def __init__(
        self, filters: int = 200, side: int = 6, cells: int = 3, threshold: float = 0.25, seed: int = 0
    ) -> None:
        self.filters = filters
        self.side = side
        self.cells = cells
        self.threshold = threshold
        self.seed = seed

    def for_trees(self) -> Patches:
        """A small dictionary: few columns."""
        return Patches(max(1, self.filters // 4), self.side, self.cells, self.threshold, self.seed)

    def fit(self, X: NDArray[np.uint8], y: Any = None) -> Self:
        """Learn the dictionary from images (n, h, w, c)."""
        from sklearn.cluster import MiniBatchKMeans
        from sklearn.exceptions import ConvergenceWarning

        super().fit(X)
        rng = np.random.default_rng(self.seed)
        drawn = _even(_drawn(X, self._side, rng))
        self.mean_ = drawn.mean(axis=0)
        values, axes = np.linalg.eigh(
            np.cov(drawn - self.mean_, rowvar=False, bias=True).reshape(2 * [len(self.mean_)])
        )
        whiten = ((axes / np.sqrt(np.maximum(values, 0) + WHITENING)) @ axes.T).astype(np.float32)
        white = (drawn - self.mean_) @ whiten
        length = np.linalg.norm(white, axis=1)
        shown = length > max(FAINT * float(np.median(length)), 1e-6)
        if not shown.any():  # Blank images: nothing is like anything.
            self.dictionary_ = np.zeros((len(self.mean_), 1), np.float32)
            return self
        directions = white[shown] / length[shown, None]
        clusters = MiniBatchKMeans(
            min(self.filters, len(directions)),
            batch_size=4_096,
            max_iter=10,
            n_init=1,
            random_state=int(rng.integers(2**31)),
        )
        with warnings.catch_warnings():  # Of few images many patches may be the same; filters are then, too.
            warnings.simplefilter("ignore", ConvergenceWarning)
            centres = clusters.fit(directions).cluster_centers_
        centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-6)
        self.dictionary_ = (whiten @ centres.T).astype(np.float32)
        return self

    @property
    def _side(self) -> int:
        return min(self.side, *self.image_shape_[:2])

    def _transform(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:
        height, width = self.image_shape_[:2]
        rows, columns = (_places(length, self._side) for length in (height, width))
        parts = np.kron(_parts(len(rows), self.cells), _parts(len(columns), self.cells))
        offset = self.mean_ @ self.dictionary_
        out = np.empty((len(X), 2 * len(parts) * self.dictionary_.shape[1]), np.float32)

        def fill(start: int) -> None:
            windows = _windows(X[start : start + BATCH], self._side)[:, rows][:, :, columns]
            patches = _even(windows.reshape(len(windows), len(rows) * len(columns), -1))
            for i, image in enumerate(patches, start):
                like = image @ self.dictionary_ - offset
                sides = (np.maximum(sign * like - self.threshold, 0) for sign in (np.float32(1), np.float32(-1)))
                out[i] = np.concatenate([parts @ side for side in sides]).ravel()

        starts = range(0, len(X), BATCH)
        if len(starts) == 1:  # To start a thread takes longer than to describe an image.
            fill(0)
            return out
        with threadpool_limits(1), ThreadPoolExecutor(threads()) as pool:  # NumPy releases the interpreter's lock.
            list(pool.map(fill, starts))
        return out


def _windows(X: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Every patch of every image: a view (n, rows, columns, c, side, side)."""
    return sliding_window_view(X, (side, side), axis=(1, 2))


def _drawn(X: NDArray[np.uint8], side: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Patches from random places of random images, (drawn, c * side * side)."""
    windows, count = _windows(X, side), min(DRAWN, PER_IMAGE * len(X))
    places = (rng.integers(0, size, count) for size in windows.shape[:3])
    return windows[tuple(places)].reshape(count, -1)


def _even(patches: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Patches along the last axis at equal brightness and contrast."""
    even = patches.astype(np.float32)
    even -= even.mean(axis=-1, keepdims=True)
    even /= np.sqrt(np.einsum("...p,...p->...", even, even)[..., None] / even.shape[-1] + np.float32(CONTRAST))
    return even


def _places(length: int, side: int) -> NDArray[np.intp]:
    """Where patches begin along a side of an image: everywhere, or at `PLACES` places."""
    last = length - side
    return np.unique(np.linspace(0, last, min(last + 1, PLACES)).round().astype(np.intp))


def _parts(places: int, cells: int) -> NDArray[np.float32]:
    """Weights (cells, places) with which places count for parts of equal size; fewer parts where there are fewer places."""
    cells = min(cells, places)
    part = np.arange(places) * cells // places
    weights = (part == np.arange(cells)[:, None]).astype(np.float32)
    return weights / weights.sum(axis=1, keepdims=True)
