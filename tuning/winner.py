"""Which setting a search ends with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tuning.trial import Outcome


def winner(outcomes: Iterable[Outcome]) -> Outcome | None:
    """The outcome whose setting is refitted, or None if no trial was ok.

    Scores at different efforts are not comparable: a setting that was tried with all rows beats one that had a ninth
    of them, however good it is. So the best score wins at the highest effort at which the base setting (that of the
    first outcome) and at least one other are ok; of equal scores the earlier. Tuning can therefore never end
    below the base setting on the validation rows. Without such an effort the base setting wins, with its outcome at
    the highest effort; if it never was ok, the best at the highest effort at which anything was.
    """
    outcomes = list(outcomes)
    if not outcomes:
        return None
    base = _frozen(outcomes[0].trial.params)
    by_effort: dict[float, dict[Any, Outcome]] = {}
    for outcome in outcomes:
        if outcome.ok and outcome.score is not None:
            by_effort.setdefault(outcome.trial.effort, {}).setdefault(_frozen(outcome.trial.params), outcome)
    efforts = sorted(by_effort, reverse=True)
    for effort in efforts:
        if base in by_effort[effort] and len(by_effort[effort]) > 1:
            return _best(by_effort[effort].values())
    for effort in efforts:
        if base in by_effort[effort]:
            return by_effort[effort][base]
    return _best(by_effort[efforts[0]].values()) if efforts else None


def _best(outcomes: Iterable[Outcome]) -> Outcome:
    return max(outcomes, key=lambda outcome: outcome.score or 0.0)


def _frozen(value: Any) -> Any:
    """A hashable stand-in for a setting, equal before and after JSON, which turns tuples into lists."""
    if isinstance(value, Mapping):
        return frozenset((name, _frozen(item)) for name, item in value.items())
    return tuple(map(_frozen, value)) if isinstance(value, (list, tuple)) else value
