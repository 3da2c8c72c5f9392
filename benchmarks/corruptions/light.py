"""Light and colour that are not as usual."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.corruptions.corruption import Corruption

Array = NDArray[np.float64]


def _brightness(x: Array, added: float, rng: np.random.Generator) -> Array:
    """The value (of hue, saturation and value) grows: the channels keep their proportions, and black becomes grey."""
    value = x.max(3, keepdims=True)
    brighter = np.minimum(value + added, 1)
    return np.where(value > 0, x * (brighter / np.where(value > 0, value, 1)), brighter)


def _contrast(x: Array, kept: float, rng: np.random.Generator) -> Array:
    mean = x.mean((1, 2), keepdims=True)
    return (x - mean) * kept + mean


def _saturate(x: Array, strength: tuple[float, float], rng: np.random.Generator) -> Array:
    if x.shape[3] == 1:  # There is no colour to be had.
        return x
    from skimage.color import hsv2rgb, rgb2hsv

    hsv = rgb2hsv(x)
    hsv[..., 1] = np.clip(strength[0] * hsv[..., 1] + strength[1], 0, 1)
    return hsv2rgb(hsv)


brightness = Corruption(
    name="brightness",
    title="brighter",
    change=_brightness,
    grey=(0.1, 0.2, 0.3, 0.4, 0.5),
    colour=(0.05, 0.1, 0.15, 0.2, 0.3),
    own=5,
    source="MNIST-C, CIFAR-10-C",
)
contrast = Corruption(
    name="contrast",
    title="with little contrast",
    change=_contrast,
    grey=(0.4, 0.3, 0.2, 0.1, 0.05),
    colour=(0.75, 0.5, 0.4, 0.3, 0.15),
    own=4,
    source="MNIST-C (unused), CIFAR-10-C",
)
saturate = Corruption(
    name="saturate",
    title="paler or more colourful; grey images stay",
    change=_saturate,
    grey=((0.3, 0), (0.1, 0), (1.5, 0), (2, 0.1), (2.5, 0.2)),
    own=5,
    source="CIFAR-10-C",
    grows=False,
)
