"""The `Answer`: what comes back of a job, in success and in every failure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from tuning import Status


@dataclass(frozen=True)
class Scored:
    """Of a trial.

    Parameters
    ----------
    score, log_loss : accuracy in [0, 1] and log-loss on the validation rows that pick.
    losses : log-loss of each validation row that confirms, float (m,).
    found : what the fits found out, for a fit without validation rows.
    fits : how many models were fitted, one per fold.
    fit_seconds, score_seconds : of all of them.
    start_seconds : the part of `fit_seconds` that does not depend on the effort, where a model tells it.
    """

    score: float
    log_loss: float
    losses: Sequence[float]
    fits: int
    found: Mapping[str, Any]
    fit_seconds: float
    score_seconds: float
    history: Mapping[str, Sequence[float]]
    start_seconds: float = 0.0


@dataclass(frozen=True)
class Fitted:
    """Of a fit: its seconds and curves, what the model is made of, and what `held_out` rows told that it was not trained on."""

    fit_seconds: float
    model_bytes: int
    parameters: int | None
    backend: str
    layers: Sequence[Mapping[str, Any]]
    history: Mapping[str, Sequence[float]]
    found: Mapping[str, Any]
    held_out: int


@dataclass(frozen=True)
class Predicted:
    """Of an evaluation: seconds to load the model, of the first prediction, of all images; milliseconds for one image."""

    load_seconds: float
    warmup_seconds: float
    predict_seconds: float
    latency_ms: float | None = None
    latency_p95_ms: float | None = None
    latency_calls: int = 0


@dataclass(frozen=True)
class Answer:
    """What became of a job.

    Parameters
    ----------
    status : "ok", or what went wrong.
    reason : why it is not ok: last lines of the traceback, signal, limit; "" otherwise.
    result : what the job was for; None unless the status is "ok".
    seconds : wall-clock seconds of the work, without the import of libraries.
    import_seconds : start of the worker and import of libraries, if this job was the first.
    overhead_seconds : handing it over, looking after its worker.
    cpu_seconds : of all cores together, without the import of libraries.
    peak_bytes : the most memory that the worker and the processes below it used.
    limit_seconds, limit_bytes : at which it would have been stopped.
    """

    status: Status
    reason: str = ""
    result: Scored | Fitted | Predicted | None = None
    seconds: float = 0.0
    import_seconds: float = 0.0
    overhead_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_bytes: int = 0
    limit_seconds: float | None = None
    limit_bytes: int | None = None

    @property
    def ok(self) -> bool:
        return self.status == "ok"

    def row(self) -> dict[str, Any]:
        """The columns that the ledger has for it."""
        own = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "result"}
        result = {} if self.result is None else {f.name: getattr(self.result, f.name) for f in fields(self.result)}
        return own | result
