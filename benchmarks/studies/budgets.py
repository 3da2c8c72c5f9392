"""From how many seconds on does deep learning pay? The same images, all in, with less and with more time."""

from __future__ import annotations

from typing import Any

from benchmarks.budget import MOST_SECONDS, Budget
from benchmarks.studies.study import Study


def value(level: Any) -> float:
    """A positive number of seconds."""
    if isinstance(level, bool) or not isinstance(level, int | float) or not 0 < level <= MOST_SECONDS:
        raise ValueError(f"a budget is a positive number of seconds, such as 30, given {level!r}")
    return float(level)


def change(budget: Budget, level: float, seed: int) -> Budget:
    """So many seconds for search and final fit together."""
    return Budget(seconds=float(level))


budgets = Study(
    name="budgets",
    title="From how many seconds on does deep learning pay?",
    stage="search",
    axis="seconds, all in",
    levels=(10, 30, 100, 300),
    change=change,
    value=value,
)
