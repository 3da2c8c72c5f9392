"""Coarse to fine: a wide coarse grid at small effort, then finer grids around the best at growing effort.

The idea is that of successive halving (Jamieson & Talwalkar 2016, https://arxiv.org/abs/1502.07943): most settings
can be told apart with a share of the data. Between rounds it moves like a pattern search (Hooke & Jeeves 1961): a
best value at an edge of its window shifts the window, one inside narrows it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from tuning.space import Axis, Choice, Space
from tuning.trial import Outcome, Search, Trial

LARGEST_PRODUCT = 4096  # grid cells that are weighed one by one; of a larger product a random part is


def coarse_to_fine(
    space: Space,
    base: Mapping[str, Any],
    seed: int,
    *,
    efforts: Sequence[float] = (1 / 9, 1 / 3, 1.0),
    points: int = 9,
    factor: float = 0.5,
) -> Search:
    """Search in rounds, one per effort, and one more at the last effort if the best still sits on an edge.

    Every round tries the best setting of the round before, the base setting, and new ones: in the first round
    `points` of a grid over the whole space, later half as many each round, at least two. A choice keeps its two
    best values in the second round and the best one thereafter.

    Parameters
    ----------
    base : complete setting, always the first trial.
    seed : decides which cells of a grid are tried when they are too many.
    efforts : effort of each round, growing.
    points : new settings in the first round.
    factor : by how much the windows narrow from one round to the next.
    """
    space.check(base)
    if not efforts or list(efforts) != sorted(efforts):
        raise ValueError(f"efforts must be one or more, none smaller than the one before, given {efforts}")
    if not space:
        yield [Trial(base, efforts[-1])]
        return
    rng = np.random.default_rng(seed)
    results: list[Outcome] = []
    window, centre = space, base
    for number, effort in enumerate([*efforts, efforts[-1]], start=1):
        if number > 1:
            if number > len(efforts) and not any(window[n].at_edge(centre[n]) for n in window):
                return
            window = _next_window(space, window, centre, results, factor, number)
        known = {space.point(r.trial.params): r.trial.params for r in results} | {space.point(base): base}
        new = _spread(window, max(2, points >> (number - 1)), known, number == 1, rng)
        tried = {space.point(r.trial.params) for r in results if r.trial.effort == effort}
        proposals = {space.point(p): p for p in (centre, base, *({**base, **values} for values in new))}
        batch = [Trial(p, effort, number) for point, p in proposals.items() if point not in tried]
        if not batch:
            return
        # What comes back may have been through a file, so the trial that was proposed is the one to remember.
        outcomes = [Outcome(t, o.status, o.score) for t, o in zip(batch, (yield batch), strict=True)]
        if not any(outcome.ok for outcome in outcomes):
            return
        results += outcomes
        centre = max((r for r in results if r.ok and r.trial.effort == effort), key=_score).trial.params


def _next_window(
    space: Space,
    window: Space,
    centre: Mapping[str, Any],
    results: Sequence[Outcome],
    factor: float,
    number: int,
) -> Space:
    axes: dict[str, Axis] = {}
    for name, axis in space.items():
        if isinstance(axis, Choice) and number == 2:
            ranked = sorted((r for r in results if r.ok), key=_score, reverse=True)
            axes[name] = Choice(tuple(dict.fromkeys(r.trial.params[name] for r in ranked))[:2])
        elif window[name].at_edge(centre[name]):
            axes[name] = window[name].widen(centre[name])
        else:
            axes[name] = axis.zoom(centre[name], factor ** (number - 1))
    return Space(**axes)


def _spread(
    window: Space,
    count: int,
    known: Mapping[tuple[Hashable, ...], Mapping[str, Any]],
    fill: bool,
    rng: np.random.Generator,
) -> list[dict[str, Any]]:
    """At most `count` cells of a grid over `window` that are not `known`, spread evenly.

    The grid has three points per axis, or as many more as are needed for `count` cells (or, with `fill`, as fit in
    `count`). Of too many cells those are taken, one by one, whose values were used least on each axis so
    far, and of these the one farthest from all that were taken: a greedy take on an orthogonal array. (Distance
    alone would take nothing but corners.)
    """
    levels = _levels(window, count, fill)
    names = list(window)
    sizes = [len(levels[name]) for name in names]
    cells = _cells(sizes, rng)
    gaps = [np.array([[window[n].distance(a, b) for b in levels[n]] for a in levels[n]]) for n in names]
    used = [np.zeros(size) for size in sizes]
    nearest = np.full(len(cells), np.inf)  # (cells,) distance to the nearest one taken

    def take(cell: Sequence[int]) -> None:
        distance = np.zeros(len(cells))
        for axis, level in enumerate(cell):
            used[axis][level] += 1
            distance += gaps[axis][level][cells[:, axis]] ** 2
        np.minimum(nearest, distance, out=nearest)

    for params in known.values():
        if all(_inside(window, name, params[name]) for name in names):
            take([_closest(window, n, levels[n], params[n]) for n in names])

    chosen: list[dict[str, Any]] = []
    free = np.ones(len(cells), dtype=bool)
    while len(chosen) < count and free.any():
        use = sum(used[axis][cells[:, axis]] for axis in range(len(names)))
        order = np.lexsort((-nearest, use))
        best = next(i for i in order if free[i])
        free[best] = False
        values = {name: levels[name][level] for name, level in zip(names, cells[best], strict=True)}
        if window.point(values) not in known:
            chosen.append(values)
            take(cells[best])
    return chosen


def _levels(window: Space, count: int, fill: bool) -> dict[str, tuple[Any, ...]]:
    """The grid of each axis, with the number of points per axis that suits `count` cells; see `_spread`."""
    levels = window.levels(3)
    # An odd number of points, so that the centre of the window, which is known already, stays on the grid.
    for n in range(4, count + 1) if fill else range(5, 2 * count + 2, 2):
        finer = window.levels(n)
        if _product(finer) > count if fill else _product(levels) > count:
            break
        levels = finer
    return levels


def _product(levels: Mapping[str, tuple[Any, ...]]) -> int:
    return math.prod(len(values) for values in levels.values())


def _cells(sizes: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """Cells of a grid as level indices, int of shape (cells, axes), in random order."""
    if math.prod(sizes) > LARGEST_PRODUCT:
        return np.unique(rng.integers(sizes, size=(LARGEST_PRODUCT, len(sizes))), axis=0)
    return rng.permutation(np.array(list(itertools.product(*map(range, sizes)))))


def _inside(window: Space, name: str, value: Any) -> bool:
    axis = window[name]
    return value in axis.values if isinstance(axis, Choice) else axis.low <= value <= axis.high


def _closest(window: Space, name: str, levels: Sequence[Any], value: Any) -> int:
    return min(range(len(levels)), key=lambda i: window[name].distance(levels[i], value))


def _score(outcome: Outcome) -> float:
    return -math.inf if outcome.score is None else outcome.score
