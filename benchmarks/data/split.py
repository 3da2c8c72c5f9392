"""`split` and `subset`: stratified, seeded row indexes, the same for every estimator; `drawn`: test images without labels.

The first two take rows in one order: a seeded shuffle within each class, classes interleaved in proportion to their size. Any
prefix of that order is stratified to within one row per class, and a longer prefix contains every shorter one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import UserError

ROWS_PER_CLASS = 10  # a subset keeps at least so many, or all there are: fewer cannot rank two settings


def split(
    y: NDArray[np.int64], share: float, seed: int, classes: Sequence[str] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Divide rows in two, class by class.

    Parameters
    ----------
    y : int64 (n,), class of each row.
    share : part of the rows in the second index, in (0, 1).
    seed : of the shuffle; the same seed gives the same rows everywhere.
    classes : names used in errors; label values where absent.

    Returns
    -------
    fit, validation : int64, sorted, disjoint, together all rows. ``round(share * n)`` rows are in `validation`
        unless a class would miss in one of the two: each class has at least one row in both.

    Raises
    ------
    UserError
        If a class has a single row, or `share` is not between 0 and 1.
    """
    if not 0 < share < 1:
        raise UserError(f"The share of rows to set aside must lie between 0 and 1, given {share}.")
    values, counts = np.unique(y, return_counts=True)
    if (counts < 2).any():
        few = values[np.argmin(counts)]
        raise UserError(
            f"Class {classes[few] if classes is not None else few!s} has {counts.min()} image, and a split needs at "
            "least 2 of each class, one for either part: add images, or leave that class out."
        )
    order, rank, size = _order(y, seed)
    first, last = rank == 0, rank == size - 1
    chosen = _prefix(order[~last], round(share * len(y)), at_least=first[~last])
    mask = np.zeros(len(y), bool)
    mask[chosen] = True
    return np.flatnonzero(~mask), np.flatnonzero(mask)


def folds(
    y: NDArray[np.int64], share: float, seed: int, count: int
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """`count` times `split`, with validation rows that have none in common: fewer where the rows do not suffice.

    Returns
    -------
    (fit, validation) rows, as `split` returns them. The first is that of `split`.
    """
    first = split(y, share, seed)
    found, left = [first], first[0]
    while len(found) < count:
        part = share * len(y) / len(left)
        if part > 0.6 or np.unique(y[left], return_counts=True)[1].min() < 2:
            break
        rest, validation = split(y[left], part, seed + len(found))
        held = left[validation]
        found.append((np.setdiff1d(np.arange(len(y)), held), held))
        left = left[rest]
    return found


def subset(y: NDArray[np.int64], amount: float | int, seed: int) -> NDArray[np.int64]:
    """Fewer rows, class by class; for one seed a smaller subset lies within every larger one.

    Parameters
    ----------
    y : int64 (n,), class of each row.
    amount : a share in (0, 1] if it is a float, a number of rows if it is an int.
    seed : of the shuffle.

    Returns
    -------
    int64, sorted. Every class keeps at least `ROWS_PER_CLASS` rows, or all it has, so a tiny `amount` gives
    somewhat more rows than asked for.
    """
    rows = amount if isinstance(amount, int | np.integer) else round(amount * len(y))
    if amount <= 0 or rows > len(y):
        raise UserError(f"A subset must take more than 0 and at most all {len(y)} rows, given {amount}.")
    order, rank, _ = _order(y, seed)
    return np.sort(_prefix(order, int(rows), at_least=rank < ROWS_PER_CLASS))


def drawn(total: int, count: int) -> NDArray[np.int64]:
    """`count` of `total` test images, or all if there are fewer: int64, sorted; at random, and the same everywhere.

    No label is looked at, so the classes are there as chance has it.
    """
    return np.sort(np.random.default_rng(0).permutation(total)[:count])


def _order(y: NDArray, seed: int) -> tuple[NDArray, NDArray, NDArray]:
    """Rows in the order they are taken, with each one's rank in its class and the size of the class."""
    rng = np.random.default_rng(seed)
    rows = np.concatenate([rng.permutation(np.flatnonzero(y == value)) for value in np.unique(y)])
    counts = np.unique(y, return_counts=True)[1]
    size = np.repeat(counts, counts)
    rank = np.arange(len(y)) - np.repeat(np.cumsum(counts) - counts, counts)
    order = np.argsort((rank + 0.5) / size, kind="stable")
    return rows[order], rank[order], size[order]


def _prefix(order: NDArray, rows: int, at_least: NDArray[np.bool_]) -> NDArray:
    """The rows of `at_least`, then as many others in order as are wanted."""
    return np.concatenate([order[at_least], order[~at_least]])[: max(rows, int(at_least.sum()))]
