"""The metrics: `METRICS` lists what is computed from the stored predictions of every run.

A metric is one line of `METRICS`. The leaderboard, the page and the export to MLflow read them from there, for runs of
any age, since predictions are stored and scores are not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks import scoring
from reports.drawing.formats import PERCENT, Format, decimal


@dataclass(frozen=True)
class Metric:
    """A score of predicted probabilities.

    Parameters
    ----------
    name : of the column that holds it; a Python identifier.
    heading : what people call it, without its unit.
    score : labels int64 (n,), probabilities float (n, k) -> the score of one seed.
    format : how it is written.
    higher_is_better : which way is better.
    explanation : what it is, one line.
    """

    name: str
    heading: str
    score: Callable[[NDArray[np.int64], NDArray], float]
    format: Format
    higher_is_better: bool
    explanation: str

    def __post_init__(self) -> None:
        if not self.name.isidentifier() or self.name.startswith("_"):
            raise ValueError(
                f"{self.name!r} is no name of a metric: letters, digits and _ are allowed, as in 'macro_f1'."
            )


# The order is that of the columns. Accuracy ranks the estimators, and log-loss those of equal accuracy.
METRICS: tuple[Metric, ...] = (
    Metric("accuracy", "accuracy", scoring.accuracy, PERCENT, True, "share of the test images labelled correctly"),
    Metric("macro_f1", "macro F1", scoring.macro_f1, PERCENT, True, "F1, every class with the same weight"),
    Metric("log_loss", "log-loss", scoring.log_loss, decimal(4), False, "confident errors cost most"),
    Metric(
        "brier", "Brier score", scoring.brier, decimal(4), False, "squared distance of the probabilities from the truth"
    ),
    Metric(
        "calibration_error", "calibration error", scoring.calibration_error, PERCENT, False, "how far confidence is off"
    ),
)
