"""Coarse to fine: a wide coarse grid at small effort, then finer grids around the best at growing effort.

The idea is that of successive halving (Jamieson & Talwalkar 2016, https://arxiv.org/abs/1502.07943): most settings
can be told apart with a share of the data. Between rounds it moves like a pattern search (Hooke & Jeeves 1961): a
best value at an edge of its window shifts the window, one inside narrows it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tuning.space import Axis, Choice, Space
from tuning.trial import Outcome, Search, Trial

Params = Mapping[str, Any]

EXPLORATION_WEIGHT = 0.3  # bonus, as a share of the best score, of a cell one axis length away from all others
LARGEST_PRODUCT = 4096  # grid cells that are weighed one by one; of a larger product a random part is


def coarse_to_fine(
    space: Space,
    base: Params,
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
            known = [r.trial.params for r in results]
            new = _next_cells(window, max(2, points >> (number - 1)), [r for r in results if r.ok], known, rng)
        else:
            new = _first_cells(space, points, base, rng)
        tried = {space.point(r.trial.params) for r in results if r.trial.effort == effort}
        proposals = {space.point(p): p for p in (centre, base, *({**base, **values} for values in new))}
        batch = [Trial(p, effort, number) for point, p in proposals.items() if point not in tried]
        if not batch:
            return
        # What comes back may have been through a file, so the trial that was proposed is the one to remember.
        outcomes = [replace(o, trial=t) for t, o in zip(batch, (yield batch), strict=True)]
        if not any(outcome.ok for outcome in outcomes):
            return
        results += outcomes
        centre = max((r for r in results if r.ok and r.trial.effort == effort), key=_merit).trial.params


def _next_window(
    space: Space,
    window: Space,
    centre: Params,
    results: Sequence[Outcome],
    factor: float,
    number: int,
) -> Space:
    axes: dict[str, Axis] = {}
    for name, axis in space.items():
        if isinstance(axis, Choice) and number == 2:
            ranked = sorted((r for r in results if r.ok), key=_merit, reverse=True)
            axes[name] = Choice(tuple(dict.fromkeys(r.trial.params[name] for r in ranked))[:2])
        elif window[name].at_edge(centre[name]):
            axes[name] = window[name].widen(centre[name])
        else:
            axes[name] = axis.zoom(centre[name], factor ** (number - 1))
    return Space(**axes)


def _first_cells(space: Space, count: int, base: Params, rng: np.random.Generator) -> list[Params]:
    """At most `count` settings: base with its choices changed, then cells of a grid over the space, spread evenly.

    The values of a choice are compared most fairly where all else is good, and the best guess of that is base. The
    grid has three points per axis, or up to five if that many fit in `count`. Of too many cells those are taken, one
    by one, whose values were used least on each axis so far, and of these the one farthest from all that were taken:
    a greedy take on an orthogonal array. (Distance alone would take nothing but corners.)
    """
    sizes = {n: math.prod(map(len, space.levels(n).values())) for n in (5, 4)}
    grid = _Grid(space, next((n for n, size in sizes.items() if size <= count), 3), rng)
    chosen = list(itertools.islice(_other_choices(space, base), count // 2))
    for params in (base, *chosen):
        grid.take(params)
    while len(chosen) < count and grid.free.any():
        chosen.append(grid.pop(np.lexsort((-grid.gap, grid.use(space)))))
    return chosen


def _other_choices(space: Space, base: Params) -> Iterator[Params]:
    """The base values with one choice changed."""
    for name, axis in space.items():
        for value in axis.values if isinstance(axis, Choice) else ():
            if value != base[name]:
                yield {**{n: base[n] for n in space}, name: value}


def _next_cells(
    window: Space, count: int, results: Sequence[Outcome], known: Sequence[Params], rng: np.random.Generator
) -> list[Params]:
    """At most `count` cells of a grid over `window` that are not `known`: promising ones, apart from each other.

    A cell promises the average of the merits so far, weighted by closeness (Shepard's interpolation), plus a bonus for
    its distance to what is known or taken. The values of a choice get equal shares, so that they are compared fairly.
    """
    for n in (3, 5, 7, 9):  # odd, so that the centre of the window, which is known already, stays on the grid
        grid = _Grid(window, n, rng)
        for params in known:
            grid.take(params)
        if grid.free.sum() >= count:
            break
    promise = grid.interpolated(_relative_merits(results))
    choices = [name for name in window if isinstance(window[name], Choice)]
    chosen: list[Params] = []
    while len(chosen) < count and grid.free.any():
        chosen.append(grid.pop(np.lexsort((-promise - EXPLORATION_WEIGHT * grid.gap, grid.use(choices)))))
    return chosen


def _relative_merits(results: Sequence[Outcome]) -> list[tuple[Params, float]]:
    """Settings with their merit as a share of the best at the same effort."""
    best: dict[float, float] = {}
    for result in results:
        best[result.trial.effort] = max(best.get(result.trial.effort, 0.0), result.merit)
    return [(r.trial.params, r.merit / (best[r.trial.effort] or 1.0)) for r in results]


class _Grid:
    """The cells of a grid over a space, some of them taken.

    Attributes
    ----------
    cells : int of shape (cells, axes), the level of each axis; in random order.
    free : bool of shape (cells,), not taken yet.
    gap : float of shape (cells,), distance to the nearest setting that was taken; 1 is the length of an axis.
    """

    def __init__(self, space: Space, n: int, rng: np.random.Generator) -> None:
        self.space, self.levels = space, space.levels(n)
        sizes = [len(values) for values in self.levels.values()]
        if math.prod(sizes) > LARGEST_PRODUCT:
            self.cells = np.unique(rng.integers(sizes, size=(LARGEST_PRODUCT, len(sizes))), axis=0)
            rng.shuffle(self.cells)
        else:
            self.cells = rng.permutation(np.array(list(itertools.product(*map(range, sizes)))))
        self.free = np.ones(len(self.cells), dtype=bool)
        self.gap = np.full(len(self.cells), math.sqrt(len(sizes)))
        self._used = {name: np.zeros(size) for name, size in zip(space, sizes, strict=True)}

    def pop(self, order: np.ndarray) -> Params:
        """Take the first free cell in an order of cell indices."""
        cell = self.cells[next(i for i in order if self.free[i])]
        params = {name: values[level] for (name, values), level in zip(self.levels.items(), cell, strict=True)}
        self.take(params)
        return params

    def take(self, params: Params) -> None:
        """Count a setting as taken, whether or not it is on the grid."""
        distance = self._distance(params)
        self.free &= distance > 0
        np.minimum(self.gap, distance, out=self.gap)
        for name, values in self.levels.items():
            far = [self.space[name].distance(value, params[name]) for value in values]
            if min(far) < 1:
                self._used[name][np.argmin(far)] += 1

    def use(self, names: Iterable[str]) -> np.ndarray:
        """How often the values of each cell on the named axes were taken, float of shape (cells,)."""
        columns = list(self.space)
        return sum((self._used[n][self.cells[:, columns.index(n)]] for n in names), np.zeros(len(self.cells)))

    def interpolated(self, known: Sequence[tuple[Params, float]]) -> np.ndarray:
        """Values known at some settings, interpolated to the cells, float of shape (cells,)."""
        weights = np.array([1 / (self._distance(params) ** 4 + 1e-6) for params, _ in known])
        return np.array([value for _, value in known]) @ weights / weights.sum(axis=0)

    def _distance(self, params: Params) -> np.ndarray:
        squares = np.zeros(len(self.cells))
        for column, (name, values) in enumerate(self.levels.items()):
            far = np.array([self.space[name].distance(value, params[name]) for value in values])
            squares += far[self.cells[:, column]] ** 2
        return np.sqrt(squares)


def _merit(outcome: Outcome) -> float:
    return outcome.merit
