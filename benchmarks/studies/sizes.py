"""From how many training images on does deep learning pay? Nested, stratified subsets of the training images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.images import Images
from benchmarks.data.split import ROWS_PER_CLASS, subset
from benchmarks.studies.study import Study


def value(level: Any) -> float:
    """A number of images, at least 1."""
    if isinstance(level, bool) or not isinstance(level, int) or level < 1:
        raise ValueError(f"a size is a whole number of images, or 'all', given {level!r}")
    return float(level)


def change(images: Images, level: int, seed: int) -> Images:
    """So many of the images, in proportion to the classes; for one seed a smaller subset lies within every larger one."""
    return images.rows(subset(images.y, level, seed))


def excluded(y: NDArray[np.int64], level: int) -> str:
    """Why a data set has no such size."""
    least = len(subset(y, 1, 0))
    if least <= level < len(y):
        return ""
    return (
        f"a subset has at least {least:,} rows, {ROWS_PER_CLASS} of each class where there are as many, and fewer than "
        f"all {len(y):,}"
    )


sizes = Study(
    name="sizes",
    title="From how many training images on does deep learning pay?",
    stage="train",
    axis="training images",
    levels=(100, 300, 1000, 3000, 10000, "all"),
    change=change,
    value=value,
    standard="all",
    excluded=excluded,
)
