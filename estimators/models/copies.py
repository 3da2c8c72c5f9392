"""Changed copies of training images: for models that are not shown an image anew in every pass, as networks are."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

Label = TypeVar("Label", bound=np.integer)
SHIFT = 0.06  # share of the image's side, both directions
ROTATION = 0.17  # radians
BATCH = 512  # images that are changed at a time


def with_copies(
    X: NDArray[np.uint8], y: NDArray[Label], copies: int, seed: int
) -> tuple[NDArray[np.uint8], NDArray[Label]]:
    """The images and `copies` shifted and turned ones of each, with their labels (virtual examples, DeCoste & Schölkopf 2002).

    Parameters
    ----------
    X : uint8 (n, h, w, c).
    y : (n,).
    copies : 0 gives the images themselves.
    seed : of the changes, uniform in ± `SHIFT` and ± `ROTATION`, the bounds of the cnn's augmentation.

    Returns
    -------
    uint8 (n + n * copies, h, w, c), the images first, and their labels.
    """
    if copies < 0:
        raise ValueError(f"copies must be 0 or more, given {copies!r}")
    if not copies:
        return X, y
    rng = np.random.default_rng(seed)
    changed = [_changed(X[i : i + BATCH], rng) for _ in range(copies) for i in range(0, len(X), BATCH)]
    return np.concatenate([X, *changed]), np.tile(y, 1 + copies)


def _changed(X: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Every image shifted and turned about its centre, bilinear, black beyond the edge."""
    n, height, width, channels = X.shape
    angle = rng.uniform(-ROTATION, ROTATION, (n, 1, 1))
    down, right = (rng.uniform(-SHIFT, SHIFT, (n, 1, 1)) * side for side in (height, width))
    row, column = np.mgrid[:height, :width]
    row, column = row - (height - 1) / 2, column - (width - 1) / 2
    # Where each pixel of the copy is taken from.
    source_row = np.cos(angle) * row + np.sin(angle) * column + (height - 1) / 2 + down
    source_column = np.cos(angle) * column - np.sin(angle) * row + (width - 1) / 2 + right
    image = np.broadcast_to(np.arange(n)[:, None, None], source_row.shape)
    where = np.stack([image, source_row, source_column])
    planes = [map_coordinates(X[..., c], where, np.float32, order=1) for c in range(channels)]
    return np.rint(np.stack(planes, axis=3)).astype(np.uint8)
