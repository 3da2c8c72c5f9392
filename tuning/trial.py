"""A setting to try, and what came back."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Status = Literal["ok", "failed", "timeout", "out_of_memory", "diverged", "killed", "skipped"]


@dataclass(frozen=True)
class Trial:
    """A setting to try at a share of full effort.

    Parameters
    ----------
    params : complete setting, one value for every axis of the space (and any fixed parameter).
    effort : share of a full fit in (0, 1]: of the rows, epochs or boosting rounds, as the estimator defines.
    round : 1-based round of the search, for the record and for the figures.
    replicate : 0, or the number of another random seed with which the same is tried once more.
    """

    params: Mapping[str, Any]
    effort: float = 1.0
    round: int = 1
    replicate: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.effort <= 1:
            raise ValueError(f"effort must be in (0, 1], given {self.effort}")


@dataclass(frozen=True)
class Outcome:
    """What became of a trial.

    Parameters
    ----------
    score : accuracy in [0, 1] on the validation rows that pick; None unless the status is "ok".
    log_loss : of the same rows; candidates are ranked by it.
    losses : log-loss of each validation row that confirms, float (m,): rows that picked nothing.
    seconds : wall-clock seconds the trial took, fit and scoring together.
    reason : why the status is not "ok"; empty otherwise.
    found : what the fit learned from the validation rows and a refit without any must be told
        (for example ``{"epochs": 5}`` from early stopping, ``{"temperature": 0.4}`` from calibration).
    """

    trial: Trial
    status: Status
    score: float | None = None
    seconds: float = 0.0
    reason: str = ""
    found: Mapping[str, Any] = field(default_factory=dict)
    log_loss: float | None = None
    losses: Sequence[float] | NDArray[np.float64] = ()

    @property
    def ok(self) -> bool:
        return self.status == "ok"

    @property
    def merit(self) -> float:
        """What strategies rank by, higher being better: the probability of the true class, as its geometric mean.

        That is the log-loss in the units of an accuracy, and tells two settings apart on fewer rows than the accuracy does,
        which is taken where there is no log-loss. -inf if the trial was not ok.
        """
        if self.log_loss is not None:
            return math.exp(-self.log_loss)
        return -math.inf if self.score is None else self.score


Search = Generator[list[Trial], list[Outcome], None]
"""A running strategy: yields batches of trials, is sent their outcomes in the same order."""
