"""The crossover: the training-set sizes, or budgets, between which deep learning becomes better than classical learning.

At every level the best network is compared with the best classical model, each chosen by its validation score, never by
the test. The difference has a paired interval over seeds and images, and Holm's correction over the levels decides where
its sign is established. `simulated` has the false-alarm rate of all of it, which
`python -m pytest -m torture -s tests/reports/analysis/test_simulation.py` measures again.

Shapes: ``difference`` (s, n) in {-1, 0, 1}, correctness of the network less that of the classical model, by seed and test
image.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from reports.analysis.comparison import holm, paired_p
from reports.analysis.intervals import SIGNIFICANT, difference_interval
from reports.analysis.resources import SIZES, Resource, whole

if TYPE_CHECKING:
    import pandas as pd

    from reports.run import Run

Outcome = Literal["ahead everywhere", "crossover", "none seen", "not settled"]
FAMILIES = ("deep", "classical")


@dataclass(frozen=True)
class Lead:
    """The best network less the best classical model at one level.

    Parameters
    ----------
    level : an amount of the resource, such as 3,000 training images.
    deep, classical : the two models, each the best of its family by validation score.
    seeds : on which both were tested.
    difference, low, high : accuracy of `deep` less that of `classical`, with its paired 95 % interval.
    p : corrected for the number of levels (Holm).
    """

    level: float
    deep: str
    classical: str
    seeds: int
    difference: float
    low: float
    high: float
    p: float

    @property
    def sign(self) -> int:
        """1 where the network is established as better, -1 where the classical model is, 0 where neither is.

        One seed establishes nothing: its test is about two fits, not about the models.
        """
        return int(np.sign(self.difference)) if self.p < SIGNIFICANT and self.seeds > 1 else 0


@dataclass(frozen=True)
class Crossover:
    """Where deep learning becomes better than classical learning.

    Parameters
    ----------
    leads : one per level, ascending.
    resource : what the levels are amounts of.
    """

    leads: tuple[Lead, ...]
    resource: Resource = SIZES

    @property
    def by(self) -> float | None:
        """The smallest level from which on the network is established as better at all levels; None if there is none."""
        last = None
        for lead in reversed(self.leads):
            if lead.sign != 1:
                break
            last = lead.level
        return last

    @property
    def after(self) -> float | None:
        """The largest level below `by` at which the classical model is established as better; None if there is none."""
        below = [lead.level for lead in self.leads if lead.sign == -1 and (self.by is None or lead.level < self.by)]
        return max(below, default=None)

    @property
    def outcome(self) -> Outcome:
        """What the levels come to.

        "ahead everywhere": the network has the higher accuracy at every level, from `by` on established. "crossover": it is
        between `after` and `by`, or below `by` where `after` is None. "none seen": the classical model is established as
        better at the largest level. "not settled": at the largest level neither is.
        """
        if self.by is not None:
            return "ahead everywhere" if all(lead.difference > 0 for lead in self.leads) else "crossover"
        return "none seen" if self.leads[-1].sign == -1 else "not settled"


@dataclass(frozen=True)
class Rates:
    """What the procedure does in a simulation of studies with so many seeds, as shares of the studies.

    Parameters
    ----------
    false_alarm : any lead or crossover declared between families that are equally accurate; the worst of three spreads of
        the seeds (0, 0.3 and 1 point), with 1,000 to 5,000 test images.
    found : a lead of the networks declared where they are 1 point better at all levels, with a spread of the seeds of 0.3
        points and 6,000 to 10,000 test images.
    """

    seeds: int
    false_alarm: float
    found: float


def simulated(seeds: int) -> Rates | None:
    """The rates of the simulation with the most seeds that are no more than `seeds`; None below the fewest simulated."""
    return max((r for r in SIMULATED if r.seeds <= seeds), key=lambda r: r.seeds, default=None)


SIMULATED = (Rates(3, 0.026, 0.42), Rates(5, 0.031, 0.95), Rates(10, 0.025, 1.0))


def crossover(
    levels: Sequence[float],
    differences: Sequence[NDArray],
    names: Sequence[tuple[str, str]] = (),
    resource: Resource = SIZES,
) -> Crossover:
    """The comparison of two families at several levels.

    Parameters
    ----------
    levels : ascending amounts of the resource.
    differences : for each level (s, n); the images are the same at all levels, the number of seeds may differ.
    names : for each level the two models compared, the network first.
    """
    corrected = holm(np.array([paired_p(difference) for difference in differences]))
    named = names or [FAMILIES] * len(levels)
    leads = tuple(
        Lead(level, *pair, len(difference), float(difference.mean()), *difference_interval(difference), float(p))
        for level, pair, difference, p in zip(levels, named, differences, corrected, strict=True)
    )
    return Crossover(leads, resource)


def best_by_validation(scores: Mapping[str, float]) -> str:
    """The model with the highest validation score; of equal ones the first named, and one without a score is the last."""
    return max(scores, key=lambda name: -1.0 if np.isnan(scores[name]) else scores[name])


def crossover_of(run: Run, dataset: str, resource: Resource = SIZES) -> Crossover | None:
    """The crossover of the study of a resource; None without both families at two levels."""
    return run.once(("crossover", resource.name, dataset), lambda: _crossover_of(run, dataset, resource))


def _crossover_of(run: Run, dataset: str, resource: Resource) -> Crossover | None:
    levels, differences, names = [], [], []
    for condition, level in run.levels(dataset, resource.name):
        there = run.at(condition)
        best = []
        for family in FAMILIES:
            own = [name for name in there.scored(dataset) if run.families[name] == family]
            best += [best_by_validation(_validation_scores(there, dataset, own))] if own else []
        if len(best) < len(FAMILIES):
            continue
        seeds = [there.evaluated(dataset, name) for name in best]
        shared = sorted(set(seeds[0]) & set(seeds[1]))
        if not shared:
            continue
        deep, classical = (
            there.correct(dataset, name)[[own.index(seed) for seed in shared]].astype(np.int8)
            for name, own in zip(best, seeds, strict=True)
        )
        levels.append(whole(level))
        differences.append(deep - classical)
        names.append((best[0], best[1]))
    return crossover(levels, differences, names, resource) if len(levels) > 1 else None


def _validation_scores(there: Run, dataset: str, names: Sequence[str]) -> dict[str, float]:
    """The validation score of each model of a family under one condition, mean of its seeds.

    A search that had no time to compare settings has the first, short trial of its base setting alone, which says little beside
    the longer trials of another model. Then all are compared by such trials, at the highest effort that all of them had.
    """

    def own(table: pd.DataFrame) -> pd.DataFrame:
        return table[(table["dataset"] == dataset) & table["variant"].isin(names)]

    cells, searches, trials = own(there.cells), own(there.searches), own(there.trials)
    if searches["finalist"].isna().any():
        pilots = trials[(trials["status"] == "ok") & (trials["round"] == 0)]
        by_effort = (
            pilots.groupby(["effort", "variant"])["score"].mean().unstack().reindex(columns=list(names)).dropna()
        )
        if len(by_effort):
            return {name: float(by_effort[name].iloc[-1]) for name in names}
    scores = cells[cells["status"] == "ok"].groupby("variant", sort=False)["validation_score"].mean()
    return {name: float(scores[name]) for name in names}
