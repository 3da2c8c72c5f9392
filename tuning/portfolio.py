"""A portfolio: settings that complement each other, learned on other data, which a search tries first.

`candidates` proposes the settings that are tried on every task, `greedy` puts them in order, and `first` has any strategy
start with the best of them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tuning.space import Choice, Space
from tuning.trial import Outcome, Search, Trial
from tuning.winner import rank

Params = Mapping[str, Any]

QUICKEST = 0.01  # seconds: what takes less is as cheap
DRAWS = 16  # of which the one farthest from all others is taken


def greedy(losses: Any, costs: Any = None, length: int = 10) -> list[int]:
    """The settings to try first, in order: each is the one that helps most, for its price, where those before it do not.

    Settings are ranked within each task, which makes tasks count alike, however large their losses are. A setting's gain is
    by how much it lowers the best rank so far, summed over the tasks, and the one with the most gain per cost is next: the
    greedy rule of Streeter & Golovin (2008, *An online algorithm for maximizing submodular functions*); with equal costs
    that of the portfolios of Auto-sklearn 2.0 (Feurer et al. 2022, https://jmlr.org/papers/v23/21-0992.html), on ranks as
    TabArena has it (Erickson et al. 2025, https://arxiv.org/abs/2506.16791). When nothing is left to gain, the
    others are put in order by the same rule.

    Parameters
    ----------
    losses : float (tasks, settings), lower is better; NaN where a setting was not tried or failed, which is the worst rank.
    costs : float (tasks, settings), seconds of each; a setting's price is its share of its task's median, the median over tasks.
        None: all cost the same.
    length : most settings to choose. Settings that failed on every task are not chosen.

    Returns
    -------
    Columns of `losses`, at most `length`; of equally good ones the earlier. Empty where there is no task.

    Raises
    ------
    ValueError : `losses` is no table, or `costs` has another shape or no number.
    """
    ranks = _ranks(losses)
    prices = np.ones(ranks.shape[1]) if costs is None else _prices(costs, ranks.shape)
    left = [] if not len(ranks) else np.flatnonzero(np.isfinite(np.asarray(losses, dtype=float)).any(axis=0)).tolist()
    chosen: list[int] = []
    worst = np.full(len(ranks), ranks.shape[1] + 1.0)
    reached = worst
    while left and len(chosen) < length:
        gains = np.array([(reached - np.minimum(reached, ranks[:, column])).sum() for column in left]) / prices[left]
        if not gains.max() > 0:
            reached = worst
            continue
        chosen.append(left.pop(int(gains.argmax())))
        reached = np.minimum(reached, ranks[:, chosen[-1]])
    return chosen


def _prices(costs: Any, shape: tuple[int, ...]) -> np.ndarray:
    """What each setting costs relative to the others of a task, the median over tasks, as long as it is a number; float (settings,)."""
    table = np.maximum(np.asarray(costs, dtype=np.float64), QUICKEST)
    if table.shape != shape or not np.isfinite(table).all():
        raise ValueError(
            f"costs must be numbers in the shape of losses, {shape}, given an array of shape {table.shape}"
        )
    if not len(table):
        return np.ones(shape[1])
    return np.median(table / np.median(table, axis=1, keepdims=True), axis=0)


def _ranks(losses: Any) -> np.ndarray:
    """Ranks within each row, from 1, ties shared; what is not finite has the last rank. Float of the same shape."""
    table = np.asarray(losses, dtype=np.float64)
    if table.ndim != 2:
        raise ValueError(f"losses must be a table of tasks by settings, given an array of shape {table.shape}")
    missing = ~np.isfinite(table)
    filled = np.where(missing, np.inf, table)
    below = (filled[:, None, :] < filled[:, :, None]).sum(axis=2)
    equal = (filled[:, None, :] == filled[:, :, None]).sum(axis=2)
    return np.where(missing, table.shape[1], below + (equal + 1) / 2)


def candidates(space: Space, base: Params, count: int = 24, seed: int = 0) -> list[dict[str, Any]]:
    """Settings to compare on every task: base, base with one axis changed, and settings with several axes changed.

    Half of them change one axis, as long as there are values: the other values of a choice, the ends and the middle of a
    number, axis by axis in turn. The others redraw two axes or more; of some draws the one farthest from all settings so
    far is taken (Mitchell 1991, best-candidate sampling). The two kinds alternate, so that any first part is a mixture too.

    Parameters
    ----------
    base : complete setting, the first candidate.
    count : how many, fewer where the space has no more.
    seed : of the draws.
    """
    space.check(base)
    rng = np.random.default_rng(seed)
    found = {space.point(base): dict(base)}
    changed, drawn = _one_changed(space, base), _drawn(space, base, rng, found)
    while len(found) < count:
        before = len(found)
        for source in (changed, drawn):
            if len(found) < count and (params := next(source, None)) is not None:
                found.setdefault(space.point(params), params)
        if len(found) == before:
            break
    return list(found.values())


def _one_changed(space: Space, base: Params) -> Iterator[dict[str, Any]]:
    """The base setting with one axis changed, one change of every axis before the second of any."""
    values = [
        [(name, value) for value in reversed(axis.grid(3)) if value != base[name]]
        if not isinstance(axis, Choice)
        else [(name, value) for value in axis.values if value != base[name]]
        for name, axis in space.items()
    ]
    for changes in itertools.zip_longest(*values):
        yield from ({**base, name: value} for name, value in filter(None, changes))


def _drawn(space: Space, base: Params, rng: np.random.Generator, found: Mapping[Any, Params]) -> Iterator[dict]:
    """Settings with two axes or more redrawn, far from those in `found`."""
    names = list(space)
    while names:
        draws = []
        count = rng.integers(min(2, len(names)), len(names) + 1)  # first, since the farthest draw has all axes redrawn
        for _ in range(DRAWS):
            moved = rng.permutation(len(names))[:count]
            draws.append({**base, **{names[i]: space[names[i]].draw(rng) for i in moved}})
        new = [params for params in draws if space.point(params) not in found]
        if not new:
            return
        yield max(new, key=lambda params: min(_distance(space, params, other) for other in found.values()))


def _distance(space: Space, one: Params, other: Params) -> float:
    return math.sqrt(sum(axis.distance(one[name], other[name]) ** 2 for name, axis in space.items()))


def first(
    propose: Callable[[Space, Params, int], Search],
    settings: Sequence[Params],
    space: Space,
    base: Params,
    seed: int,
    *,
    effort: float = 1 / 4,
) -> Search:
    """Try some settings first, then search from the best of them on.

    Base and the settings are one batch at `effort`. Then the strategy starts, with the best of them for its base. What it
    proposes and was tried already is answered from memory.

    Parameters
    ----------
    propose : a strategy, with its options.
    settings : complete ones, in order. Without any, this is the strategy itself.
    base : complete setting, always the first trial.
    effort : of the first batch.

    Raises
    ------
    ValueError : an effort outside (0, 1].
    """
    if not 0 < effort <= 1:
        raise ValueError(f"effort must be in (0, 1], given {effort}")
    # Made now, whether it is used or not: KerasTuner is imported here, and no trial is to pay for that.
    search = propose(space, base, seed)
    return _then(propose, settings, space, base, seed, effort) if settings else search


def _then(
    propose: Callable[[Space, Params, int], Search],
    settings: Sequence[Params],
    space: Space,
    base: Params,
    seed: int,
    effort: float,
) -> Search:
    space.check(base)
    field = {space.point(params): dict(params) for params in (base, *settings)}
    outcomes = yield [Trial(params, effort) for params in field.values()]
    known = {(point, effort): outcome for point, outcome in zip(field, outcomes, strict=True)}
    tried = [(rank(outcome), params) for params, outcome in zip(field.values(), outcomes, strict=True) if outcome.ok]
    centre = min(tried, key=lambda one: one[0])[1] if tried else base
    search = propose(space, centre, seed)
    answers: list[Outcome] | None = None
    while True:
        try:
            batch = next(search) if answers is None else search.send(answers)
        except StopIteration:
            return
        new = {(space.point(t.params), t.effort): t for t in batch if (space.point(t.params), t.effort) not in known}
        if new:
            outcomes = yield [replace(trial, round=trial.round + 1) for trial in new.values()]
            known |= dict(zip(new, outcomes, strict=True))
        answers = [replace(known[space.point(t.params), t.effort], trial=t) for t in batch]
