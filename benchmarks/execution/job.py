"""The `Job`: one self-describing, picklable unit of work, with a key that gives its random seed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Job:
    """A fit to make.

    Parameters
    ----------
    kind : "trial": fit on the fit rows, score on the validation rows; "final": refit on all training rows, predict the
        test images; "submission": refit on every labelled row, predict the unlabelled images.
    data : folder of the cached arrays; workers map them into memory.
    fingerprint : digest of the data.
    estimator : its name, or the path of its file.
    source : digest of the estimator's source file.
    seed : of the cell; it fixes the split.
    params : the complete setting.
    effort : share of a full fit, in (0, 1].
    rows : the training rows are a subset of so many, drawn with `seed`; None: all of them.
    folder : where a final fit leaves its predictions and its model; "" for a trial.
    limit_seconds, limit_bytes : when a supervisor stops it; None leaves it to the supervisor.
    """

    kind: Literal["trial", "final", "submission"]
    dataset: str
    data: str
    fingerprint: str
    estimator: str
    source: str
    seed: int
    validation_share: float
    params: Mapping[str, Any]
    effort: float = 1.0
    rows: int | None = None
    folder: str = ""
    limit_seconds: float | None = None
    limit_bytes: int | None = None

    @property
    def key(self) -> str:
        """A digest of all that determines the result; not of where data and results are kept, nor of the limits."""
        facts = [
            self.kind,
            self.fingerprint,
            self.estimator,
            self.source,
            self.seed,
            self.validation_share,
            dict(self.params),
            round(self.effort, 6),
            *([] if self.rows is None else [f"{self.rows} rows"]),
        ]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]

    @property
    def random_seed(self) -> int:
        """The seed of everything random in the job, in [0, 2³¹)."""
        return int(self.key[:8], 16) % 2**31
