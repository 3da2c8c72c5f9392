"""The `Job`: one self-describing, picklable unit of work, with a key and a random seed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from benchmarks.studies.study import STANDARD, Condition

Kind = Literal["trial", "fit", "mix", "evaluate", "label"]
AS_IT_IS = "as it is"  # a model that is given
ROWS = "rows"  # the way to use a source that every estimator has
TRAINING_ROWS, EVERY_LABELLED_ROW = "training rows", "every labelled row"


@dataclass(frozen=True)
class Start:
    """What a job has of a source beside its own images.

    Parameters
    ----------
    way : what a fit takes of it (`estimators.estimator.Estimator.transfer`); "as it is": a given model is the fit; "": an evaluation
        of the source's own model.
    labels : the target's label of each of the source's classes; -1 where the target has no such class.
    model, fit_key : folder and key of the fit on the source. Of a model that is given the key is a digest of its files.
    data, fingerprint : of the source's training images, as the target's are; "" where there are none.
    """

    way: str
    labels: tuple[int, ...]
    model: str = ""
    fit_key: str = ""
    data: str = ""
    fingerprint: str = ""

    @property
    def facts(self) -> tuple[Any, ...]:
        """What of it determines a result; not where it is kept."""
        return self.way, self.labels, self.fit_key, self.fingerprint


@dataclass(frozen=True)
class Fit:
    """A fitted model that may become part of an ensemble.

    Parameters
    ----------
    variant : its label.
    estimator : what it is made of, as a job has it.
    model, fit_key : folder of the model, and the key of its fit.
    alike : the same of fits that differ by nothing but their random numbers.
    score : accuracy of its setting in its search; None where there was none.
    """

    variant: str
    estimator: str
    model: str
    fit_key: str
    alike: str
    score: float | None = None


@dataclass(frozen=True)
class Job:
    """A unit of work for a worker process.

    Parameters
    ----------
    kind : "trial": fit on the fit rows, score on the validation rows. "fit": fit on all training rows, write the model.
        "mix": choose among fitted models, write their mean as a model. "evaluate": load that model, predict the test images, time it. "label": load it, predict the unlabelled images.
    data : folder of the cached arrays; workers map them into memory.
    fingerprint : digest of the data.
    variant : label of what is compared.
    estimator : what it is made of: an estimator's name, or the path of its file.
    code : digest of the sources and library versions that the job runs (`benchmarks.execution.sources`).
    seed : of the cell; it fixes the split.
    condition : what changes the training images, or those that an "evaluate" is shown.
    params : the complete setting.
    found : what a search found out besides (`Outcome.found`); it overrides `params` in a fit.
    effort : share of a full fit, in (0, 1]; the final fit of a network may have more.
    folds : of a trial: how many times it is fitted and scored, each time on other validation rows.
    replicate : 0, or the number of another random seed.
    trained_on : "training rows", or "every labelled row" for the fit of a submission, which may read test labels.
    fit_key : of the fit that an "evaluate" or a "label" looks at; "" otherwise.
    model : folder of the model; "" for a trial.
    folder : where predictions go; "" where there are none.
    test_images : of an "evaluate": how many of the test images it is shown, drawn at random; 0: all.
    latency_calls : how often one image is predicted alone, in a process of its own; 0: not at all.
    validation_score : of the trial whose setting is fitted, which the model tells; None where there is none.
    start : what it has of a source; None in most runs.
    members : of a "mix": the models there are.
    limit_seconds, limit_bytes : when a supervisor stops it; None leaves it to the supervisor.
    """

    kind: Kind
    dataset: str
    data: str
    fingerprint: str
    variant: str
    estimator: str
    code: str
    seed: int
    validation_share: float
    params: Mapping[str, Any]
    condition: Condition = STANDARD
    found: Mapping[str, Any] = field(default_factory=dict)
    effort: float = 1.0
    folds: int = 1
    replicate: int = 0
    trained_on: str = TRAINING_ROWS
    fit_key: str = ""
    model: str = ""
    folder: str = ""
    test_images: int = 0
    latency_calls: int = 0
    validation_score: float | None = None
    start: Start | None = None
    members: tuple[Fit, ...] = ()
    limit_seconds: float | None = None
    limit_bytes: int | None = None

    @cached_property
    def key(self) -> str:
        """A digest of all that determines the result; not of where data and results are kept, nor of the limits."""
        return _digest(
            self.kind,
            self.fingerprint,
            self.variant,
            self.code,
            self.seed,
            self.validation_share,
            self.params,
            self.condition,
            self.found,
            round(self.effort, 6),
            self.folds,
            self.replicate,
            self.trained_on,
            self.fit_key,
            self.test_images,
            self.latency_calls,
            self.validation_score,
            # A job without a source has the key that it had before there were any.
            *([] if self.start is None else self.start.facts),
            *([[member.variant, member.fit_key] for member in self.members]),
        )[:32]

    @property
    def random_seed(self) -> int:
        """The seed of everything random in the job, in [0, 2³¹).

        Of cell seed, data, variant, setting, condition and replicate alone: an edit of the code, another effort or the
        final fit of a trial's setting do not draw new numbers.
        """
        facts = _digest(self.seed, self.fingerprint, self.variant, self.params, self.condition, self.replicate)
        return int(facts[:8], 16) % 2**31


def _digest(*facts: Any) -> str:
    plain = [dict(f) if isinstance(f, Mapping) else str(f) if isinstance(f, Condition) else f for f in facts]
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
