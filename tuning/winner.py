"""Which setting a search ends with: one finalist against the base setting, on rows that did not pick it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tuning.trial import Outcome

LEVEL = 0.05  # one-sided: how often a setting that is no better may replace the base setting
FEWEST_ROWS = 30  # that can confirm anything
Losses = Sequence[float] | NDArray[np.float64]


@dataclass(frozen=True)
class Selection:
    """What a search came to.

    Parameters
    ----------
    winner : the outcome whose setting is fitted.
    finalist : the best candidate; None where nothing was compared with the base setting.
    p_value : of "the finalist is no better than the base setting", one-sided, on the rows that confirm; None where
        there was nothing to test.
    """

    winner: Outcome
    finalist: Outcome | None = None
    p_value: float | None = None

    @property
    def confirmed(self) -> bool:
        """Whether the finalist replaces the base setting."""
        return self.winner is self.finalist


def select(outcomes: Iterable[Outcome]) -> Selection | None:
    """The setting that a search ends with, or None if no trial was ok.

    Candidates are compared at the highest effort at which the base setting (that of the first outcome) and at least one
    other are ok: scores at different efforts cannot be compared. The finalist has the lowest log-loss on the rows that
    pick, accuracy breaks ties, of equal ones the earlier. It replaces the base setting only if it is better on the
    rows that confirm, by more than chance (`p_value`, one-sided, 5 %): a search always finds a setting that looks better.
    Without such an effort the base setting stays, with its outcome at the highest effort. If it never was ok, the best
    at the highest effort at which anything was takes its place.
    """
    outcomes = list(outcomes)
    by_effort: dict[float, dict[Any, Outcome]] = {}
    for outcome in outcomes:
        if outcome.ok and outcome.score is not None:
            by_effort.setdefault(outcome.trial.effort, {}).setdefault(frozen(outcome.trial.params), outcome)
    if not by_effort:
        return None
    base = frozen(outcomes[0].trial.params)
    efforts = sorted(by_effort, reverse=True)
    for effort in efforts:
        if base in by_effort[effort] and len(by_effort[effort]) > 1:
            own, others = by_effort[effort][base], [o for p, o in by_effort[effort].items() if p != base]
            finalist = min(others, key=rank)
            chance = p_value(own.losses, finalist.losses)
            better = chance is not None and chance < LEVEL
            return Selection(finalist if better else own, finalist, chance)
    for effort in efforts:
        if base in by_effort[effort]:
            return Selection(by_effort[effort][base])
    return Selection(min(by_effort[efforts[0]].values(), key=rank))


def p_value(base: Losses, finalist: Losses) -> float | None:
    """How often a finalist that is no better has losses this much lower by chance: paired t-test, one-sided.

    Parameters
    ----------
    base, finalist : losses of the same rows, (m,); None comes back for fewer than `FEWEST_ROWS` or no difference at all.
    """
    if len(base) != len(finalist) or len(base) < FEWEST_ROWS:
        return None
    gain = np.asarray(base, dtype=np.float64) - np.asarray(finalist, dtype=np.float64)
    spread = float(gain.std(ddof=1))
    if not spread > 0:
        return None
    from scipy.special import stdtr

    return float(1 - stdtr(len(gain) - 1, float(gain.mean()) / (spread / math.sqrt(len(gain)))))


def rank(outcome: Outcome) -> tuple[float, float]:
    """Log-loss, then share of errors: candidates with less come first."""
    loss = math.inf if outcome.log_loss is None else outcome.log_loss
    return loss, -(outcome.score or 0.0)


def frozen(value: Any) -> Any:
    """A hashable stand-in for a setting, equal before and after JSON, which turns tuples into lists."""
    if isinstance(value, Mapping):
        return frozenset((name, frozen(item)) for name, item in value.items())
    return tuple(map(frozen, value)) if isinstance(value, (list, tuple)) else value
