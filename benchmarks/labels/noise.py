"""Wrong labels, planted on purpose: which rows are labelled wrongly, and as what.

Each function returns new labels of which exactly ``round(share * n)`` differ from those given, and draws from a generator of its
caller's, so that the noise has a seed of its own. Labels are int64 (n,) with values 0 … k-1.

Symmetric and pair noise are those of Han et al. (2018), *Co-teaching: Robust Training of Deep Neural Networks with Extremely
Noisy Labels*; there each class has a probability, here the whole has a count. Noise towards similar classes and hard images first
follow the idea that people mislabel what looks alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]


def symmetric(y: Labels, share: float, k: int, rng: np.random.Generator) -> Labels:
    """Any rows, each to one of the other k - 1 classes, all equally likely."""
    rows = _any_rows(y, share, k, rng)
    return _changed(y, rows, y[rows] + rng.integers(1, k, len(rows)), k)


def pair(y: Labels, share: float, k: int, rng: np.random.Generator) -> Labels:
    """Any rows, each to the class after its own; the last one's is the first."""
    rows = _any_rows(y, share, k, rng)
    return _changed(y, rows, y[rows] + 1, k)


def similar(y: Labels, share: float, confusion: NDArray, rng: np.random.Generator) -> Labels:
    """Any rows, each to another class as often as it is taken for it.

    Parameters
    ----------
    confusion : (k, k), how often images of the class of the row are taken for that of the column; the diagonal is not looked
        at. A class that is taken for no other goes to any other.

    Raises
    ------
    ValueError : negative counts, or not a square of them.
    """
    confusion = np.asarray(confusion, dtype=np.float64)
    k = len(confusion)
    if confusion.shape != (k, k) or not np.isfinite(confusion).all() or (confusion < 0).any():
        raise ValueError(f"a confusion matrix is square and has no negative counts, given shape {confusion.shape}")
    rows = _any_rows(y, share, k, rng)
    if not len(rows):
        return y.copy()
    weights = np.where(np.eye(k, dtype=bool), 0, confusion)
    weights[weights.sum(1) == 0] = 1
    np.fill_diagonal(weights, 0)
    bounds = np.cumsum(weights / weights.sum(1, keepdims=True), axis=1)
    # The first class whose bound is above a uniform number; rounding must not leave the last bound below 1.
    bounds[:, -1] = 1
    drawn = (rng.random(len(rows))[:, None] >= bounds[y[rows]]).sum(1)
    last = weights.shape[1] - 1 - (weights[y[rows], ::-1] > 0).argmax(1)
    return _changed(y, rows, np.minimum(drawn, last), k)


def hard_first(y: Labels, share: float, proba: NDArray, rng: np.random.Generator) -> Labels:
    """The rows of which a model is least sure, each to the other class that it finds most likely; chance decides ties alone.

    Parameters
    ----------
    proba : (n, k), how likely each class is of each row, by a model that was not fitted on it; any score of which more is
        more likely.
    """
    n, k = proba.shape
    count = _count(n, share, k)
    others = np.where(np.arange(k) == y[:, None], -np.inf, proba)
    margin = proba[np.arange(n), y] - others.max(1)
    rows = np.lexsort([rng.random(n), margin])[:count]
    return _changed(y, rows, others[rows].argmax(1), k)


def jumbled(y: Labels, k: int, rng: np.random.Generator, among: Literal["all", "others"] = "all") -> Labels:
    """Every label drawn anew, all classes equally likely: among "all", so that one in k is right by chance, or among the
    "others", so that none is. Only the second changes a given number of labels, which is all of them.
    """
    return rng.integers(0, k, len(y)) if among == "all" else symmetric(y, 1.0, k, rng)


def prototypes(X: NDArray[np.uint8], y: Labels, k: int, part: int = 4096) -> NDArray[np.float32]:
    """How near each image is to the mean image of each class: float32 (n, k), the negative squared distance.

    It stands in for a model where similar classes and hard images are wanted without fitting one. A class without images is
    infinitely far.

    Parameters
    ----------
    X : uint8 (n, h, w, c).
    part : images that are compared at once.
    """
    rows = X.reshape(len(X), int(np.prod(X.shape[1:])))
    means = np.stack([rows[y == c].mean(0) if (y == c).any() else np.full(rows.shape[1], np.inf) for c in range(k)])
    near = np.empty((len(X), k), np.float32)
    for start in range(0, len(X), part):
        block = rows[start : start + part].astype(np.float32)
        for c in range(k):
            near[start : start + part, c] = -np.square(block - means[c].astype(np.float32)).sum(1)
    return near


def taken_for(near: NDArray, y: Labels) -> NDArray[np.int64]:
    """The confusion matrix (k, k) that `similar` wants: for each class, of how many images each other class is the nearest."""
    k = near.shape[1]
    nearest = np.where(np.arange(k) == y[:, None], -np.inf, near).argmax(1)
    return np.bincount(y * k + nearest, minlength=k * k).reshape(k, k)


def _count(n: int, share: float, k: int) -> int:
    if not 0 <= share <= 1:
        raise ValueError(f"a share of wrong labels lies between 0 and 1, given {share}")
    if k < 2 and round(share * n):
        raise ValueError(f"a wrong label needs a second class, given {k}")
    return round(share * n)


def _any_rows(y: Labels, share: float, k: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return rng.permutation(len(y))[: _count(len(y), share, k)]


def _changed(y: Labels, rows: NDArray[np.int64], labels: NDArray, k: int) -> Labels:
    noisy = y.copy()
    noisy[rows] = labels % k
    return noisy


@dataclass(frozen=True)
class Noise:
    """A kind of label noise.

    Parameters
    ----------
    title : which rows are labelled wrongly and as what, in a few words.
    change : ``change(X, y, share, k, rng)`` -> labels int64 (n,) of which exactly ``round(share * n)`` are wrong; X uint8 (n, h, w, c).
    """

    title: str
    change: Callable[[NDArray[np.uint8], Labels, float, int, np.random.Generator], Labels]


# By the name that a level has before its percentage, "symmetric-20".
NOISES: dict[str, Noise] = {
    "symmetric": Noise("any rows, each to any other class", lambda X, y, share, k, rng: symmetric(y, share, k, rng)),
    "pair": Noise("any rows, each to the next class", lambda X, y, share, k, rng: pair(y, share, k, rng)),
    "similar": Noise(
        "any rows, each to a class whose mean image is near",
        lambda X, y, share, k, rng: similar(y, share, taken_for(prototypes(X, y, k), y), rng),
    ),
    "hard": Noise(
        "first the rows that are nearest to another class's mean image, the same for every seed but for ties",
        lambda X, y, share, k, rng: hard_first(y, share, prototypes(X, y, k), rng),
    ),
}
