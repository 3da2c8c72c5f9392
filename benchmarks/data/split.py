"""`split` and `subset`: stratified, seeded row indexes, the same for every estimator; `drawn`: test images without labels.

The first two take rows in one order: a seeded shuffle within each class, classes interleaved in proportion to their size. Any
prefix of that order is stratified to within one row per class, and a longer prefix contains every shorter one.

Where rows have groups, such as the writer of a character, `split` and what is made of it keep the rows of a group on one
side, so that nothing is judged by rows that resemble those it was fitted on. A subset may divide groups: it leaves rows
out, and puts none on another side.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import UserError

LARGEST_PART = 0.6  # of the rows that no fold has yet, which another one may take
HELD_OUT = 3_000  # rows that calibrate a fit and say when to stop, or choose among fits, at most: of a short fit those left over
FEWEST_HELD_OUT = 500  # and at least: fewer tell less than the search did
ROWS_PER_CLASS = 10  # a subset keeps at least so many, or all there are: fewer cannot rank two settings


def split(
    y: NDArray[np.int64],
    share: float,
    seed: int,
    classes: Sequence[str] | None = None,
    groups: NDArray[np.int64] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Divide rows in two, class by class.

    Parameters
    ----------
    y : int64 (n,), class of each row.
    share : part of the rows in the second index, in (0, 1).
    seed : of the shuffle; the same seed gives the same rows everywhere.
    classes : names used in errors; label values where absent.
    groups : int64 (n,), equal where rows belong together; None where each stands for itself.

    Returns
    -------
    fit, validation : int64, sorted, disjoint, together all rows. Without groups ``round(share * n)`` rows are in
        `validation` unless a class would miss in one of the two: each class has at least one row in both. With groups
        no group is on both sides, every class has rows in `fit`, and the number of rows is as near as whole groups come.

    Raises
    ------
    UserError
        If a class has a single row, or rows of a single group, or `share` is not between 0 and 1.
    """
    if not 0 < share < 1:
        raise UserError(f"The share of rows to set aside must lie between 0 and 1, given {share}.")
    values, counts = np.unique(y, return_counts=True)
    if (counts < 2).any():
        few = values[np.argmin(counts)]
        raise UserError(
            f"Class {classes[few] if classes is not None else few!s} has {counts.min()} image to divide, and a split needs at "
            "least 2 of each class, one for either part; a test part that is drawn has taken one already: add images, or leave that "
            "class out."
        )
    if groups is not None:
        mask = _whole_groups(y, groups, share, seed, classes)
        return np.flatnonzero(~mask), np.flatnonzero(mask)
    order, rank, size = _order(y, seed)
    first, last = rank == 0, rank == size - 1
    chosen = _prefix(order[~last], round(share * len(y)), at_least=first[~last])
    mask = np.zeros(len(y), bool)
    mask[chosen] = True
    return np.flatnonzero(~mask), np.flatnonzero(mask)


def most_folds(share: float) -> int:
    """How many folds of a share of the rows there are, if each class has enough."""
    return max(1, int(1 / share - 1 / LARGEST_PART + 1 + 1e-9))


def folds(
    y: NDArray[np.int64], share: float, seed: int, count: int, groups: NDArray[np.int64] | None = None
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """`count` times `split`, with validation rows that have none in common: fewer where the rows do not suffice.

    Returns
    -------
    (fit, validation) rows, as `split` returns them. The first is that of `split`.
    """
    first = split(y, share, seed, groups=groups)
    found, left = [first], first[0]
    while len(found) < count:
        part = share * len(y) / len(left)
        here = None if groups is None else groups[left]
        if part > LARGEST_PART or _per_class(y[left], here).min() < 2:
            break
        rest, validation = split(y[left], part, seed + len(found), groups=here)
        held = left[validation]
        found.append((np.setdiff1d(np.arange(len(y)), held), held))
        left = left[rest]
    return found


def parts(
    y: NDArray[np.int64], count: int, seed: int, groups: NDArray[np.int64] | None = None
) -> list[NDArray[np.int64]]:
    """`count` parts of about one size, for cross-validation, or fewer where the rows do not suffice: each row is in exactly one.

    Every class is spread over as many parts as it has rows for. Groups stay together, by scikit-learn's StratifiedGroupKFold.

    Returns
    -------
    int64 row numbers, sorted.

    Raises
    ------
    UserError : fewer than two parts are asked for, or what `split` refuses.
    """
    if count < 2:
        raise UserError(f"Rows are divided into 2 parts or more, given {count}.")
    split(y, 1 / count, seed, groups=groups)  # It tells of a class that cannot be divided.
    part = np.empty(len(y), np.int64)
    if groups is None:
        rng = np.random.default_rng(seed)
        rows = np.concatenate([rng.permutation(np.flatnonzero(y == value)) for value in np.unique(y)])
        part[rows] = np.arange(len(y)) % count
    else:
        from sklearn.model_selection import StratifiedGroupKFold

        count = min(count, len(np.unique(groups)), int(np.unique(y, return_counts=True)[1].max()))
        divided = StratifiedGroupKFold(count, shuffle=True, random_state=seed % 2**32)
        with warnings.catch_warnings():  # Of classes with fewer rows than there are parts.
            warnings.simplefilter("ignore")
            for number, (_, members) in enumerate(divided.split(y, y, groups)):
                part[members] = number
    found = [np.flatnonzero(part == number) for number in range(count)]
    return [rows for rows in found if len(rows)]


def halves(
    y: NDArray[np.int64], seed: int, groups: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Two halves of the rows that score a trial: one picks a setting, the other confirms it.

    By class where each has two rows, else every other row. Groups stay together where that leaves a quarter of the rows
    to either half: the rows of one writer are all there is where one writer validates.
    """
    if np.unique(y, return_counts=True)[1].min() < 2:
        return np.arange(0, len(y), 2), np.arange(1, len(y), 2)
    if groups is not None and _per_class(y, groups).min() > 1:
        pick, confirm = split(y, 0.5, seed, groups=groups)
        if min(len(pick), len(confirm)) >= len(y) / 4:
            return pick, confirm
    return split(y, 0.5, seed)


def set_aside(
    y: NDArray[np.int64], rows: int, count: int, seed: int, groups: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """`rows` rows to fit on, or fewer where there are none, and about `count` others that tell how good the fit is, or none.

    Returns
    -------
    fit, held : int64, sorted, disjoint; no group is in both.
    """
    if groups is not None and count:
        left, held = split(y, count / len(y), seed, groups=groups)
        return left[subset(y[left], min(rows, len(left)), seed)], held
    chosen = subset(y, min(rows, len(y) - count), seed)
    # A subset has somewhat more rows than asked for where those are few for the classes.
    more = subset(y, min(len(chosen) + count, len(y)), seed)
    return chosen, np.setdiff1d(more, chosen)


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


def _per_class(y: NDArray, groups: NDArray | None) -> NDArray:
    """How many rows each class has, or how many groups it has rows of."""
    rows = y if groups is None else np.unique(np.stack([y, groups], axis=1), axis=0)[:, 0]
    return np.unique(rows, return_counts=True)[1]


def _whole_groups(
    y: NDArray, groups: NDArray, share: float, seed: int, classes: Sequence[str] | None
) -> NDArray[np.bool_]:
    """Which rows are set aside: those of groups, in a random order, that bring the classes nearer to their shares.

    How far a class is off is the square of its rows too many or too few, per row of the class, as in Pearson's χ². The
    last group of a class stays, and a class of which none was taken gives its cheapest group. scikit-learn's
    StratifiedGroupKFold is as good, but only for shares of one half, one third and so on, and takes half a minute for the
    groups of 100,000 images where each is its own.
    """
    names, group = np.unique(groups, return_inverse=True)
    values, label = np.unique(y, return_inverse=True)
    places, counts = np.unique(group * len(values) + label, return_counts=True)  # one per group and class in it
    of_group, of_class = np.divmod(places, len(values))
    left = np.bincount(of_class)  # groups that have the class and are not set aside
    if left.min() < 2:
        few = values[np.argmin(left)]
        raise UserError(
            f"All images of class {classes[few] if classes is not None else few!s} that can be divided are of one group, "
            "and a split needs at least 2 groups of each class, one for either part: give groups that are smaller, add "
            "images, or leave that class out."
        )
    total = np.bincount(label).tolist()
    lacking = [share * rows for rows in total]
    taken, members = [False] * len(names), [[] for _ in names]  # type: tuple[list[bool], list[list[tuple[int, int]]]]
    for g, c, count in zip(of_group.tolist(), of_class.tolist(), counts.tolist(), strict=True):
        members[g].append((c, count))
    left = left.tolist()

    def gain(g: int) -> float:
        return sum(count * (2 * lacking[c] - count) / total[c] for c, count in members[g])

    def take(g: int) -> None:
        taken[g] = True
        for c, count in members[g]:
            lacking[c] -= count
            left[c] -= 1

    def spare(g: int) -> bool:
        return not taken[g] and all(left[c] > 1 for c, _ in members[g])

    order = np.random.default_rng(seed).permutation(len(names)).tolist()
    for g in order:
        if gain(g) > 0 and spare(g):
            take(g)
    by_class: list[list[int]] = [[] for _ in values]
    for g in order:
        for c, _ in members[g]:
            by_class[c].append(g)
    for having in by_class:
        if not any(taken[g] for g in having) and (free := [g for g in having if spare(g)]):
            take(max(free, key=gain))
    return np.array(taken)[group]
