"""Resources: what a study may give more and more of, training images or seconds, and how people read an amount of it.

Such a study asks from how much on deep learning pays (`reports.analysis.crossover`).
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from benchmarks import studies
from benchmarks.studies import Study


@dataclass(frozen=True)
class Resource:
    """What the levels of a study are amounts of.

    Parameters
    ----------
    study : the study.
    column : of frames that hold the amounts.
    unit : behind an amount.
    words : the same within a sentence.
    level : what one amount is called.
    """

    study: Study
    column: str
    unit: str
    words: str
    level: str

    @property
    def name(self) -> str:
        """The name of the study, which is the plural of `level` too."""
        return self.study.name

    def told(self, amount: float, words: bool = False) -> str:
        """``3,000 images`` or ``30 s``; with `words` ``3,000 training images`` or ``30 seconds``."""
        return f"{amount:,.10g} {self.words if words else self.unit}"


SIZES = Resource(studies.get("sizes"), "train_rows", "images", "training images", "size")
BUDGETS = Resource(studies.get("budgets"), "budget_seconds", "s", "seconds", "budget")
RESOURCES = (SIZES, BUDGETS)


def whole(amount: float) -> float:
    """The amount, as a whole number where it is one."""
    return int(amount) if amount == int(amount) else amount


def resource_of(frame: pd.DataFrame) -> Resource:
    """The resource that a frame has a column of."""
    return next(resource for resource in RESOURCES if resource.column in frame)
