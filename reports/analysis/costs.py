"""What models cost, with the range in which a cost may lie: which costs differ, and which models are worth their price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from reports.run import Run

LATENCY, FIT, SEARCH_AND_FIT = "one image, ms", "final fit, s", "search and fit, s"
COSTS = (SEARCH_AND_FIT, "search, s", FIT, LATENCY, "model, MB")
ONE_TIMING = 0.2  # how far a time that was measured once may be off, as a share of it


@dataclass(frozen=True)
class Cost:
    """A cost, the mean over seeds, and the range from `low` to `high` in which it lies.

    The range is that of the seeds. With one seed, a latency reaches from the median to the 95th percentile of its calls,
    other times are taken to be off by up to a fifth, and a size is exact.
    """

    value: float
    low: float
    high: float

    def differs(self, other: Cost) -> bool:
        """Whether the two ranges have nothing in common."""
        return self.high < other.low or other.high < self.low


def costs(run: Run, dataset: str) -> dict[str, dict[str, Cost]]:
    """Cost -> variant -> what it was; variants that were evaluated, and costs above zero."""
    return run.once(("costs", dataset), lambda: _costs(run, dataset))


def _costs(run: Run, dataset: str) -> dict[str, dict[str, Cost]]:
    table = run.cells[(run.cells["dataset"] == dataset) & (run.cells["status"] == "ok")]
    table = table.assign(**{
        SEARCH_AND_FIT: table["search_seconds"].fillna(0) + table["fit_seconds"], "search, s": table["search_seconds"],
        FIT: table["fit_seconds"], LATENCY: table["latency_ms"], "model, MB": table["model_bytes"].astype(float) / 1e6,
    })  # fmt: skip
    found: dict[str, dict[str, Cost]] = {cost: {} for cost in COSTS}
    for name, rows in table.groupby("variant", sort=False):
        for cost in COSTS:
            values = rows[cost].dropna()
            if len(values) and values.mean() > 0:
                found[cost][str(name)] = _ranged(cost, values, rows["latency_p95_ms"])
    return found


def _ranged(cost: str, values: pd.Series, slow: pd.Series) -> Cost:
    value = float(values.mean())
    if len(values) > 1 or cost == "model, MB":
        return Cost(value, float(values.min()), float(values.max()))
    if cost == LATENCY:
        return Cost(value, value, float(np.nanmax([value, slow.max()])))
    return Cost(value, (1 - ONE_TIMING) * value, (1 + ONE_TIMING) * value)


def front(own: dict[str, Cost], accuracy: dict[str, float]) -> dict[str, str]:
    """Variant -> its place on the front of accuracy and cost: "on", "off", or "open" where ranges of cost overlap.

    A model is off the front if a clearly cheaper one is as accurate. It is open if none is, but one that is as accurate
    may be cheaper, its range overlapping.
    """

    def place(name: str) -> str:
        rivals = [n for n in own if n != name and accuracy[n] >= accuracy[name]]
        if any(own[n].high < own[name].low for n in rivals):
            return "off"
        return "open" if any(not own[n].differs(own[name]) for n in rivals) else "on"

    return {name: place(name) for name in own}
