"""A detector of a hundred or two numbers per image, and a linear model."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

AT_ONCE = 1024  # images of which numbers are made together
SHARES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
BINS, PARTS, BANDS, DIRECTIONS = 16, 7, 6, 4
# The filter of Immerkær (1996), *Fast noise variance estimation*: no answer to edges and slopes.
RESIDUAL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6


def build(seed: int) -> Any:
    """Statistics of grey levels, edges, noise, frequencies, place and form, and a multinomial logistic regression."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(Statistics(), StandardScaler(), LogisticRegression(C=1.0, max_iter=150, tol=1e-3))


class Statistics(TransformerMixin, BaseEstimator):
    """Images uint8 (n, h, w, c) as numbers float32 (n, m) in which distortions differ; nothing is fitted.

    Of the mean of the channels: moments, quantiles and histogram of grey levels; the same of the border; what filters find that
    answer to noise and to single pixels; steps between neighbours; the power in bands of frequency and direction; centre, size
    and slant; mean grey levels in a grid of 7 × 7, of rows and columns and of the ends of columns. Of colour images also the
    saturation.
    """

    def fit(self, X: NDArray[np.uint8], y: Any = None) -> Self:
        """Note the shape of the images."""
        self.image_shape_ = tuple(int(side) for side in X.shape[1:])
        return self

    def transform(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The numbers of each image."""
        if not len(X):
            return _statistics(np.zeros((1, *X.shape[1:]), np.uint8))[:0]
        return np.concatenate([_statistics(X[start : start + AT_ONCE]) for start in range(0, len(X), AT_ONCE)])


def _statistics(X: NDArray[np.uint8]) -> NDArray[np.float32]:
    from scipy.ndimage import convolve, median_filter

    colours = X.astype(np.float32) / 255
    grey = colours.mean(3)
    flat = grey.reshape(len(grey), -1)
    border = np.concatenate([grey[:, 0], grey[:, -1], grey[:, :, 0], grey[:, :, -1]], axis=1)
    single = np.abs(grey - median_filter(grey, size=(1, 3, 3)))
    noise = np.abs(convolve(grey, RESIDUAL[None], mode="nearest"))
    saturation = colours.max(3) - colours.min(3)
    found = [
        *_moments(flat), *np.quantile(flat, SHARES, axis=1), *_histogram(grey), *_moments(border), np.median(border, axis=1),
        *_moments(single.reshape(flat.shape)), _above(single, 0.1), _above(single, 0.3), *_moments(noise.reshape(flat.shape)),
        *_steps(grey), *_power(grey), *_form(np.abs(grey - np.median(border, axis=1)[:, None, None])), *_grid(grey),
        *(_moments(saturation.reshape(flat.shape)) if X.shape[3] == 3 else ()),
    ]  # fmt: skip
    return np.stack(found, axis=1).astype(np.float32)


def _moments(values: NDArray) -> tuple[NDArray, ...]:
    """Mean, spread, least and most of each row; the logarithm of the spread tells small ones apart."""
    spread = values.std(1)
    return values.mean(1), spread, np.log(spread + 1e-3), values.min(1), values.max(1)


def _above(values: NDArray, level: float) -> NDArray:
    return (values > level).mean((1, 2))


def _histogram(grey: NDArray) -> list[NDArray]:
    """The shares of black and of white, and of `BINS` equal ranges of grey levels, as roots: rare ones count."""
    place = np.minimum((grey * BINS).astype(int), BINS - 1)
    shares = [(grey == 0).mean((1, 2)), (grey == 1).mean((1, 2)), *((place == i).mean((1, 2)) for i in range(BINS))]
    return [np.sqrt(share) for share in shares]


def _steps(grey: NDArray) -> list[NDArray]:
    """How far neighbours are apart: below each other, beside each other, along both diagonals, at distances 1 and 2."""
    found = []
    for rows, columns in ((1, 0), (0, 1), (1, 1), (1, -1), (2, 0), (0, 2)):
        step = np.abs(grey - np.roll(grey, (rows, columns), axis=(1, 2)))
        found += [step.mean((1, 2)), np.sqrt(np.square(step).mean((1, 2))), _above(step, 0.5)]
    return found


def _power(grey: NDArray) -> list[NDArray]:
    """Logarithms of the mean power in `BANDS` of frequency times `DIRECTIONS`."""
    height, width = grey.shape[1:]
    power = np.square(np.abs(np.fft.fft2(grey))) / (height * width)
    down, across = np.meshgrid(np.fft.fftfreq(height), np.fft.fftfreq(width), indexing="ij")
    band = np.minimum(np.hypot(down, across) / 0.5 * BANDS, BANDS - 1).astype(int)
    direction = np.floor(np.arctan2(down, across) % np.pi / np.pi * DIRECTIONS + 0.5).astype(int) % DIRECTIONS
    found = []
    for i in range(BANDS):
        for j in range(DIRECTIONS):
            here = (band == i) & (direction == j)
            found.append(np.log(power[:, here].mean(1) + 1e-5) if here.any() else np.zeros(len(grey)))
    return found


def _form(mass: NDArray) -> list[NDArray]:
    """Centre, size in both directions, and slant of what differs from the border, in shares of the side."""
    total = np.maximum(mass.sum((1, 2)), 1e-6)
    down, across = (np.arange(side, dtype=np.float32) / side for side in mass.shape[1:])
    rows, columns = mass.sum(2), mass.sum(1)
    row, column = rows @ down / total, columns @ across / total
    tall = rows @ np.square(down) / total - np.square(row)
    wide = columns @ np.square(across) / total - np.square(column)
    both = np.einsum("nij,i,j->n", mass, down, across) / total - row * column
    slant = both / np.sqrt(np.maximum(tall * wide, 1e-9))
    sizes = [np.sqrt(np.maximum(values, 0)) for values in (tall, wide)]
    return [row, column, np.abs(row - 0.5), np.abs(column - 0.5), *sizes, both, slant, np.abs(slant), np.sqrt(total)]


def _grid(grey: NDArray) -> list[NDArray]:
    """Mean grey levels of the fields of a grid, of rows and columns by parts, and of the upper and lower ends of columns."""
    downs, acrosses = (np.array_split(np.arange(side), min(PARTS, side)) for side in grey.shape[1:])
    fields = [grey[:, down[0] : down[-1] + 1, across[0] : across[-1] + 1] for down in downs for across in acrosses]
    ends = np.stack([grey[:, :2].mean(1), grey[:, -2:].mean(1)])
    return [
        *(field.mean((1, 2)) for field in fields),
        *(ends[end][:, across].mean(1) for end in (0, 1) for across in acrosses),
        *(np.abs(np.diff(grey.mean(axis), axis=1)).max(1, initial=0) for axis in (1, 2)),
    ]
