"""Noise of the sensor: every value is drawn anew."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.corruptions.corruption import Corruption

Array = NDArray[np.float64]


def _gaussian(x: Array, deviation: float, rng: np.random.Generator) -> Array:
    return x + rng.normal(0, deviation, x.shape)


def _shot(x: Array, photons: float, rng: np.random.Generator) -> Array:
    return rng.poisson(x * photons) / photons


def _impulse(x: Array, share: float, rng: np.random.Generator) -> Array:
    hit, white = rng.random(x.shape) < share, rng.random(x.shape) < 0.5
    return np.where(hit, white, x)


def _speckle(x: Array, deviation: float, rng: np.random.Generator) -> Array:
    return x + x * rng.normal(0, deviation, x.shape)


gaussian_noise = Corruption(
    name="gaussian_noise",
    title="normal noise, as in poor light",
    change=_gaussian,
    grey=(0.08, 0.12, 0.18, 0.26, 0.38),
    colour=(0.04, 0.06, 0.08, 0.09, 0.10),
    own=5,
    source="MNIST-C (unused), CIFAR-10-C",
)
shot_noise = Corruption(
    name="shot_noise",
    title="few photons: Poisson noise",
    change=_shot,
    grey=(60, 25, 12, 5, 3),
    colour=(500, 250, 100, 75, 50),
    own=5,
    source="MNIST-C, CIFAR-10-C",
)
impulse_noise = Corruption(
    name="impulse_noise",
    title="dead and stuck pixels: salt and pepper",
    change=_impulse,
    grey=(0.03, 0.06, 0.09, 0.17, 0.27),
    colour=(0.01, 0.02, 0.03, 0.05, 0.07),
    own=4,
    source="MNIST-C, CIFAR-10-C",
)
speckle_noise = Corruption(
    name="speckle_noise",
    title="noise in proportion to the light",
    change=_speckle,
    grey=(0.15, 0.2, 0.35, 0.45, 0.6),
    colour=(0.06, 0.1, 0.12, 0.16, 0.2),
    own=5,
    source="MNIST-C (unused), CIFAR-10-C",
)
