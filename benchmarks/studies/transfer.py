"""How many images of one's own is a source worth? So many training images per class, with a source and from scratch.

At level 0 there is no image of the target: models of the source alone are tried on its test images (zero-shot).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.images import Images
from benchmarks.studies.study import Study

LEAST = 2  # images of a class that can be split


def value(level: Any) -> float:
    """A number of images per class, 0 or at least 2."""
    if isinstance(level, bool) or not isinstance(level, int) or (level and level < LEAST):
        raise ValueError(
            f"a level of transfer is 0 or a whole number of images per class from {LEAST} on, given {level!r}"
        )
    return float(level)


def change(images: Images, level: int, seed: int) -> Images:
    """So many images of each class; for one seed a smaller part lies within every larger one. At 0 the images are those of the
    source, which stay as they are.
    """
    if not level:
        return images
    return images.rows(chosen(images.y, level, seed))


def chosen(y: NDArray[np.int64], level: int, seed: int) -> NDArray[np.int64]:
    """The first `level` rows of each class in a random order: int64, sorted."""
    rng = np.random.default_rng(seed)
    return np.sort(np.concatenate([rng.permutation(np.flatnonzero(y == label))[:level] for label in np.unique(y)]))


def excluded(y: NDArray[np.int64], level: int) -> str:
    """Why a data set has no such level."""
    fewest = int(np.unique(y, return_counts=True)[1].min())
    return "" if level <= fewest else f"a class has {fewest:,} training images only"


transfer = Study(
    name="transfer",
    title="How many images of one's own is a source worth?",
    stage="train",
    axis="training images per class",
    levels=(0, 10, 30, 100, 300),
    change=change,
    value=value,
    excluded=excluded,
)
