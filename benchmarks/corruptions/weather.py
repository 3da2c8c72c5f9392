"""What lies between the lens and the thing: fog, snow, mud."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.corruptions.blur import moved, smoothed, zoomed
from benchmarks.corruptions.corruption import Corruption, of_28, of_32, pixels, together

Array = NDArray[np.float64]
CLOUDS = 64  # maps of fog that are made at once
LARGEST = 256  # side of a map of fog, unless the image is larger
MUD = {1: (63 / 255,), 3: (63 / 255, 42 / 255, 20 / 255)}
LUMA = (0.299, 0.587, 0.114)  # of red, green and blue (ITU-R BT.601)


def clouds(count: int, side: int, decay: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Plasma fractals in [0, 1], float32 (count, side, side), by midpoint displacement on a torus.

    The diamond-square algorithm of Fournier, Fussell and Carpenter (1982), *Computer rendering of stochastic models*. The
    displacement is uniform within ± the square of a number that begins at 100 and is divided by `decay` at each level.

    Parameters
    ----------
    side : a power of 2.
    """
    height = np.zeros((count, side, side), np.float32)
    step, wobble = side, 100.0

    def middle(total: NDArray) -> NDArray:
        return total / 4 + wobble**2 * (2 * rng.random(total.shape, np.float32) - 1)

    while step >= 2:
        half = step // 2
        corners = height[:, ::step, ::step]
        upper = corners + np.roll(corners, -1, 2)
        left = corners + np.roll(corners, -1, 1)
        height[:, half::step, half::step] = middle(upper + np.roll(upper, -1, 1))
        centres = height[:, half::step, half::step]
        height[:, ::step, half::step] = middle(centres + np.roll(centres, 1, 1) + upper)
        height[:, half::step, ::step] = middle(centres + np.roll(centres, 1, 2) + left)
        step, wobble = half, wobble / decay
    height -= height.min((1, 2), keepdims=True)
    return height / np.maximum(height.max((1, 2), keepdims=True), 1e-9)


def _fog(x: Array, strength: tuple[float, float, float], rng: np.random.Generator) -> Array:
    amount, decay, share = strength
    height, width = x.shape[1:3]
    least = 2 ** int(np.ceil(np.log2(max(height, width))))
    wanted = 2 ** int(np.ceil(np.log2(max(1.0, pixels(x, share)))))
    side = max(least, min(wanted, LARGEST))
    fogged = np.empty_like(x)
    for start in range(0, len(x), CLOUDS):
        part = x[start : start + CLOUDS]
        map_ = clouds(len(part), side, decay, rng)[:, :height, :width, None]
        brightest = part.max((1, 2, 3), keepdims=True)
        fogged[start : start + CLOUDS] = (part + amount * map_) * brightest / (brightest + amount)
    return fogged


def _snow(
    x: Array, strength: tuple[float, float, float, float, float, float, float], rng: np.random.Generator
) -> Array:
    mean, deviation, zoom, threshold, radius, sigma, kept = strength
    flakes = zoomed(rng.normal(mean, deviation, (*x.shape[:3], 1)), zoom)
    flakes = np.floor(255 * np.clip(np.where(flakes < threshold, 0, flakes), 0, 1)) / 255
    flakes = moved(flakes, pixels(x, radius), pixels(x, sigma), rng.uniform(-135, -45, len(x)))
    light = x @ np.array(LUMA)[:, None] if x.shape[3] == 3 else x
    x = kept * x + (1 - kept) * np.maximum(x, 1.5 * light + 0.5)
    return x + flakes + flakes[:, ::-1, ::-1]


def _spatter(x: Array, strength: tuple[float, float, float, float, float], rng: np.random.Generator) -> Array:
    mean, deviation, sigma, threshold, edge = strength
    side = min(x.shape[1:3])
    drops = smoothed(rng.normal(mean, deviation, x.shape[:3]), sigma * side) > threshold
    mud = smoothed(drops.astype(float), edge * side)[..., None]
    mud = np.where(mud < 0.8, 0, mud)
    return x * (1 - mud) + np.array(MUD[x.shape[3]]) * mud


fog = Corruption(
    name="fog",
    title="in drifting fog",
    change=_fog,
    grey=together((1.5, 2, 2.5, 2.5, 3), (2, 2, 1.7, 1.5, 1.4), of_28(*[256] * 5)),
    colour=together((0.2, 0.5, 0.75, 1, 1.5), (3, 3, 2.5, 2, 1.75), of_32(*[32] * 5)),
    own=5,
    source="MNIST-C, CIFAR-10-C",
    grows=False,
)
snow = Corruption(
    name="snow",
    title="in falling snow",
    change=_snow,
    grey=together(
        (0.1, 0.2, 0.55, 0.55, 0.55),
        (0.3, 0.3, 0.3, 0.3, 0.3),
        (3, 2, 4, 4.5, 2.5),
        (0.5, 0.5, 0.9, 0.85, 0.85),
        of_28(10, 12, 12, 12, 12),
        of_28(4, 4, 8, 8, 12),
        (0.8, 0.7, 0.7, 0.65, 0.55),
    ),
    colour=together(
        (0.1, 0.1, 0.15, 0.25, 0.3),
        (0.2, 0.2, 0.3, 0.3, 0.3),
        (1, 1, 1.75, 2.25, 1.25),
        (0.6, 0.5, 0.55, 0.6, 0.65),
        of_32(8, 10, 10, 12, 14),
        of_32(3, 4, 4, 6, 12),
        (0.95, 0.9, 0.9, 0.85, 0.8),
    ),
    own=5,
    source="MNIST-C (unused), CIFAR-10-C",
    grows=False,
)
spatter = Corruption(
    name="spatter",
    title="spattered with mud",
    change=_spatter,
    grey=together(
        (0.65, 0.65, 0.65, 0.65, 0.67),
        (0.3, 0.3, 0.3, 0.3, 0.4),
        of_28(4, 3, 2, 1, 1),
        (0.69, 0.68, 0.68, 0.65, 0.65),
        of_28(0.6, 0.6, 0.5, 1.5, 1.5),
    ),
    colour=together(
        (0.6, 0.62, 0.635, 0.65, 0.65),
        (0.1, 0.1, 0.1, 0.1, 0.1),
        of_32(0.7, 0.7, 0.7, 0.7, 0.5),
        (0.69, 0.69, 0.69, 0.69, 0.68),
        of_32(0.6, 0.6, 0.6, 0.6, 0.6),
    ),
    own=4,
    source="MNIST-C; CIFAR-10-C at severities 4 and 5, whose 1 to 3 are drops of water and here less mud",
    grows=False,
)
