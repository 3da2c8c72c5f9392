"""Does a model use that neighbouring pixels belong together? Pixels change places, in training and test images alike.

One permutation, the same for all images, leaves each pixel's value to be learned from and takes away who its neighbours were:
within blocks it does so up to the block's size. A model that never looked at neighbours cannot tell the difference.
"""

from __future__ import annotations

from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from benchmarks.studies.study import Study

ALL, ANEW = "all", "anew"


def value(level: Any) -> float | None:
    """The side of a block in pixels, at least 1; None for "all" (one block) and "anew" (no two images alike)."""
    if level in (ALL, ANEW):
        return None
    if isinstance(level, bool) or not isinstance(level, int) or level < 1:
        raise ValueError(
            f"a level of structure is the side of a block in whole pixels, {ALL!r} or {ANEW!r}, given {level!r}"
        )
    return float(level)


def permutation(height: int, width: int, side: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Places of pixels within blocks of `side` by `side` pixels: int64 (height · width), pixel i shows what was at [i].

    Each block has a permutation of its own. Blocks start at the top left; those at the other edges are smaller.
    """
    place = np.arange(height * width).reshape(height, width)
    moved = place.copy()
    for top in range(0, height, side):
        for left in range(0, width, side):
            block = (slice(top, top + side), slice(left, left + side))
            moved[block] = rng.permutation(place[block].ravel()).reshape(place[block].shape)
    return moved.ravel()


def within_blocks(X: NDArray[np.uint8], side: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The images (n, h, w, c) with the pixels of each block in another order, the same for all images; channels stay together."""
    order = permutation(X.shape[1], X.shape[2], side, rng)
    return X.reshape(len(X), -1, X.shape[3])[:, order].reshape(X.shape)


def shuffled_anew(X: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """The images (n, h, w, c), the pixels of each in an order of its own: nothing but the histogram is left."""
    pixels = X.reshape(len(X), -1, X.shape[3])
    order = rng.random(pixels.shape[:2]).argsort(axis=1)
    return np.take_along_axis(pixels, order[..., None], axis=1).reshape(X.shape)


def change(X: NDArray[np.uint8], level: int | str, seed: int) -> NDArray[np.uint8]:
    """The images at a level. Where one order serves all images, training and test images have the same."""
    if level == ANEW:
        # Other images, other orders: test images must not have those of the training images.
        return shuffled_anew(X, np.random.default_rng([seed, crc32(X.tobytes())]))
    side = max(X.shape[1:3]) if level == ALL else int(level)
    return within_blocks(X, side, np.random.default_rng(seed))


structure = Study(
    name="structure",
    title="Who uses that neighbouring pixels belong together?",
    stage="both",
    axis="block within which pixels change places",
    levels=(1, 2, 4, 7, 14, ALL, ANEW),
    change=change,
    value=value,
    standard=1,
)
