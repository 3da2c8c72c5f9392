"""What does tuning buy? The winner of a search beside the base setting, which has the same budget for its fit alone."""

from __future__ import annotations

from typing import Any

from benchmarks.budget import Budget
from benchmarks.studies.study import Study

DEFAULT, TUNED = "default", "tuned"


def value(level: Any) -> None:
    """It has no number."""
    if level not in (DEFAULT, TUNED):
        raise ValueError(f"a level of tuning is {DEFAULT} or {TUNED}, given {level!r}")


def change(budget: Budget, level: str, seed: int) -> Budget:
    """One trial, which is that of the base setting."""
    return Budget(budget.seconds, trials=1)


tuning = Study(
    name="tuning",
    title="What does tuning buy?",
    stage="search",
    axis="setting",
    levels=(DEFAULT, TUNED),
    change=change,
    value=value,
    standard=TUNED,
)
