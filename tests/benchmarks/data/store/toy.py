"""A small data set."""

import numpy as np

from benchmarks.data.images import Images
from benchmarks.data.store.recipe import Contents, Recipe


def images(n, seed=0):
    rng = np.random.default_rng(seed)
    return Images(rng.integers(0, 256, (n, 4, 4, 1), np.uint8), np.arange(n, dtype=np.int64) % 3)


def contents():
    return Contents(images(30), images(9, 1), ("a", "b", "c"), unlabelled=images(5, 2).X, note="mind this")


def recipe(*inputs, read=contents):
    return Recipe("toy", read, inputs=inputs, title="Toy", homepage="here", licence="CC0")
