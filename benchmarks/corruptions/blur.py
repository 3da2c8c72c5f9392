"""Light that goes astray: out of focus, through glass, in motion."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from benchmarks.corruptions.corruption import Corruption, of_28, of_32, pixels, together

Array = NDArray[np.float64]


def smoothed(x: Array, sigma: float, mode: str = "nearest", truncate: float = 4.0) -> Array:
    """Images or maps (n, h, w, ...) through a Gaussian of `sigma` pixels."""
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(x, (0, sigma, sigma, *[0] * (x.ndim - 3)), mode=mode, truncate=truncate)


def zoomed(x: Array, factor: float) -> Array:
    """The middle of images (n, h, w, c), larger by a factor of 1 or more, bilinear, at the same size."""
    down, across = (_zoom(side, factor) for side in x.shape[1:3])
    return np.moveaxis(down @ np.moveaxis(x, 3, 1) @ across.T, 1, 3)


@cache
def _zoom(side: int, factor: float) -> Array:
    """What `zoomed` does to one direction, as a matrix (side, side)."""
    from scipy.ndimage import zoom

    kept = int(np.ceil(side / factor))
    wide = zoom(np.eye(kept), (factor, 1), order=1)
    first, trimmed = (side - kept) // 2, (len(wide) - side) // 2
    matrix = np.zeros((side, side))
    matrix[:, first : first + kept] = wide[trimmed : trimmed + side]
    return matrix


def moved(x: Array, radius: float, sigma: float, degrees: NDArray) -> Array:
    """Images (n, h, w, c) smeared in one direction each, as by ImageMagick's `-motion-blur`: half a Gaussian, whole pixels.

    Parameters
    ----------
    radius, sigma : pixels.
    degrees : (n,), the direction; 0 is across.
    """
    steps = np.arange(2 * int(np.ceil(radius)) + 1)
    weights = np.exp(-((steps / max(sigma, 1e-6)) ** 2) / 2)
    weights /= weights.sum()
    angle = np.radians(degrees)[:, None]
    down, across = (np.ceil(steps * way(angle) - 0.5).astype(int) for way in (np.sin, np.cos))
    height, width = x.shape[1:3]
    row, column, number = np.arange(height)[None, :, None], np.arange(width)[None, None], np.arange(len(x))
    smeared = np.zeros_like(x)
    for i in np.flatnonzero(weights > 1e-6):
        rows = np.clip(row + down[:, i, None, None], 0, height - 1)
        columns = np.clip(column + across[:, i, None, None], 0, width - 1)
        smeared += weights[i] * x[number[:, None, None], rows, columns]
    return np.rint(255 * smeared) / 255


def _gaussian(x: Array, share: float, rng: np.random.Generator) -> Array:
    return smoothed(x, share * min(x.shape[1:3]))


def _defocus(x: Array, strength: tuple[float, float], rng: np.random.Generator) -> Array:
    from scipy.ndimage import correlate

    radius, sigma = pixels(x, strength[0]), strength[1]
    reach = max(8, int(np.ceil(radius)))
    line = np.arange(-reach, reach + 1)
    disk = (line[:, None] ** 2 + line**2 <= radius**2).astype(float)
    soft = np.exp(-(np.arange(-1, 2) ** 2) / (2 * sigma**2))
    kernel = smoothed_by(disk / disk.sum(), soft / soft.sum())
    kept = np.flatnonzero(kernel.max(0))
    kernel = kernel[kept[0] : kept[-1] + 1, kept[0] : kept[-1] + 1]
    return correlate(x, kernel[None, :, :, None], mode="mirror")


def smoothed_by(map_: Array, taps: Array) -> Array:
    """A map (h, w) through the same three taps in both directions."""
    from scipy.ndimage import convolve1d

    return convolve1d(convolve1d(map_, taps, 0, mode="mirror"), taps, 1, mode="mirror")


def _glass(x: Array, strength: tuple[float, float, int], rng: np.random.Generator) -> Array:
    """Pixels change places with neighbours between two passes of a Gaussian.

    As in the originals an offset is drawn from -d … d-1, so that pixels drift. On grey images half of the pixels change
    places; on colour images all do, and one is copied where it was to be exchanged.
    """
    grey = x.shape[3] == 1
    sigma, reach = strength[0] * min(x.shape[1:3]), max(1, round(pixels(x, strength[1])))
    x = np.floor(255 * smoothed(x, sigma) + 1e-9) / 255
    height, width = x.shape[1:3]
    number = np.arange(len(x))
    for _ in range(strength[2]):
        for row in range(height - reach, reach, -1):
            for column in range(width - reach, reach, -1):
                other = rng.integers(-reach, reach, (2, len(x)))
                rows, columns = row + other[0], column + other[1]
                here, there = x[:, row, column].copy(), x[number, rows, columns]
                if grey:
                    goes = rng.random(len(x)) < 0.5
                    x[goes, row, column] = there[goes]
                    x[number[goes], rows[goes], columns[goes]] = here[goes]
                else:
                    x[:, row, column] = there
    return smoothed(x, sigma)


def _motion(x: Array, strength: tuple[float, float], rng: np.random.Generator) -> Array:
    return moved(x, pixels(x, strength[0]), pixels(x, strength[1]), rng.uniform(-45, 45, len(x)))


def _zoom_blur(x: Array, strength: tuple[float, float], rng: np.random.Generator) -> Array:
    most, step = strength
    factors = np.round(np.arange(1, most + step / 2, step), 6)
    return (x + sum(zoomed(x, float(factor)) for factor in factors)) / (len(factors) + 1)


gaussian_blur = Corruption(
    name="gaussian_blur",
    title="blurred evenly",
    change=_gaussian,
    grey=of_28(1, 2, 3, 4, 6),
    colour=of_32(0.4, 0.6, 0.7, 0.8, 1),
    own=2,
    source="MNIST-C (unused), CIFAR-10-C",
)
defocus_blur = Corruption(
    name="defocus_blur",
    title="out of focus",
    change=_defocus,
    grey=together(of_28(3, 4, 6, 8, 10), (0.1, 0.5, 0.5, 0.5, 0.5)),
    colour=together(of_32(0.3, 0.4, 0.5, 1, 1.5), (0.4, 0.5, 0.6, 0.2, 0.1)),
    own=1,
    source="MNIST-C (unused), CIFAR-10-C",
    grows=False,
)
glass_blur = Corruption(
    name="glass_blur",
    title="seen through frosted glass",
    change=_glass,
    grey=together(of_28(0.7, 0.9, 1, 1.1, 1.5), of_28(1, 2, 2, 3, 4), (2, 1, 3, 2, 2)),
    colour=together(of_32(0.05, 0.25, 0.4, 0.25, 0.4), of_32(1, 1, 1, 1, 1), (1, 1, 1, 2, 2)),
    own=1,
    source="MNIST-C, CIFAR-10-C",
    grows=False,
)
motion_blur = Corruption(
    name="motion_blur",
    title="smeared by motion",
    change=_motion,
    grey=together(of_28(10, 15, 15, 15, 20), of_28(3, 5, 8, 12, 15)),
    colour=together(of_32(6, 6, 6, 8, 9), of_32(1, 1.5, 2, 2, 2.5)),
    own=1,
    source="MNIST-C, CIFAR-10-C",
    grows=False,
)
zoom_blur = Corruption(
    name="zoom_blur",
    title="zoomed while the shutter was open",
    change=_zoom_blur,
    grey=((1.1, 0.01), (1.15, 0.01), (1.2, 0.02), (1.24, 0.02), (1.3, 0.03)),
    colour=((1.05, 0.01), (1.1, 0.01), (1.15, 0.01), (1.2, 0.01), (1.25, 0.01)),
    own=5,
    source="MNIST-C (unused), CIFAR-10-C",
)
