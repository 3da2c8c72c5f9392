"""What a worker does with a `Job`: one function per kind. It never raises.

Only `_images_of_fit` for a submission reads test labels; trials and all other fits read the training part alone, evaluations
the test images without their labels. What a job has of a source has no test part (`benchmarks.data.alike`).
"""

from __future__ import annotations

import inspect
import os
import time
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import estimators
from benchmarks import studies
from benchmarks.data.formats.npz import read_all
from benchmarks.data.images import Dataset, Images
from benchmarks.data.split import FEWEST_HELD_OUT, HELD_OUT, drawn, folds, halves, set_aside, subset
from benchmarks.data.store.cache import reopen
from benchmarks.execution.answer import Answer, Fitted, Predicted, Scored
from benchmarks.execution.job import AS_IT_IS, EVERY_LABELLED_ROW, ROWS, TRAINING_ROWS, Job, Kind
from benchmarks.execution.memory import peak_bytes, reset_peak
from benchmarks.layout import PREDICTIONS, PROBABILITIES
from benchmarks.mixing import judged, nearly_as_good, note_rows, rows_of, shares, teams
from benchmarks.scoring import accuracy, cross_fitted_losses, row_losses, temperature, tempered
from estimators.estimator import Estimator
from estimators.models.average import Average, Member
from estimators.models.calibration import LEAST
from estimators.models.card import CARD
from estimators.models.describe import describe
from estimators.models.saving import load, read_facts, save
from estimators.models.source import Source

HELD_OUT_SHARE = 0.05  # of the rows of a fit, which are held out of it if that makes `FEWEST_HELD_OUT`
LATENCY_WARMUP = 20  # calls that start threads and fill caches


def perform(job: Job, imported: Callable[[], None] = lambda: None) -> Answer:
    """Do the job; `imported` is called when the libraries are there and the work proper begins."""
    reset_peak()
    started, importing, busy = time.perf_counter(), 0.0, time.process_time()
    result: Scored | Fitted | Predicted | None = None
    try:
        estimators.get(job.estimator).build(job.random_seed, **job.params)
        for member in job.members:
            estimators.get(member.estimator).build(job.random_seed)
        importing = time.perf_counter() - started
        imported()
        busy = time.process_time()
        result = WORK[job.kind](job)
        status, reason = "ok", ""
    except MemoryError as error:
        status, reason = "out_of_memory", _last_lines(error)
    except FloatingPointError as error:
        status, reason = "diverged", str(error)
    except Exception as error:
        exhausted = type(error).__name__ == "ResourceExhaustedError"  # TensorFlow's, which is not imported here.
        status, reason = "out_of_memory" if exhausted else "failed", _last_lines(error)
    seconds = time.perf_counter() - started - importing
    worked = time.process_time() - busy
    return Answer(status, reason, result, seconds, importing, cpu_seconds=worked, peak_bytes=peak_bytes())  # type: ignore[arg-type]


def _trial(job: Job) -> Scored:
    """Fit on the fit rows of each fold, score on its validation rows, of which one half picks and the other confirms."""
    estimator = estimators.get(job.estimator)
    images = reopen(Path(job.data)).train
    train = studies.training(images, job.condition, job.seed)
    judging = studies.judging(images, train, job.condition)
    divided = folds(train.y, job.validation_share, job.seed, job.folds, train.groups)
    scored = [_fold(job, estimator, train, judging, *rows) for rows in divided]
    picked = sum(fold.rows for fold in scored)
    return Scored(
        score=sum(fold.rows * fold.score for fold in scored) / picked,
        log_loss=sum(fold.rows * fold.log_loss for fold in scored) / picked,
        losses=[round(float(loss), 5) for fold in scored for loss in fold.losses],
        fits=len(scored),
        found=_together([fold.found for fold in scored]),
        fit_seconds=sum(fold.fit_seconds for fold in scored),
        score_seconds=sum(fold.score_seconds for fold in scored),
        history=scored[0].history,
        start_seconds=sum(fold.start_seconds for fold in scored),
    )


@dataclass(frozen=True)
class _Fold:
    """What came of one fold; `rows` picked, `losses` are those of the rows that confirm."""

    rows: int
    score: float
    log_loss: float
    losses: NDArray[np.float64]
    found: Mapping[str, Any]
    fit_seconds: float
    score_seconds: float
    history: Mapping[str, Sequence[float]]
    start_seconds: float


def _fold(
    job: Job, estimator: Estimator, train: Images, judging: Images, fit_rows: NDArray, validation_rows: NDArray
) -> _Fold:
    params, rows = estimator.scaled(job.params, job.effort, len(fit_rows))
    share = rows / len(fit_rows)
    if rows < len(fit_rows) and not _joins_rows(job):
        fit_rows = fit_rows[subset(train.y[fit_rows], rows, job.seed)]
    groups = None if train.groups is None else train.groups[validation_rows]
    parts = halves(train.y[validation_rows], job.seed, groups)
    picking, confirming = (judging.rows(validation_rows[part]) for part in parts)
    model = estimator.build(job.random_seed, **params)

    images, source = _from_source(job, train.rows(fit_rows), share)
    started = time.perf_counter()
    _train(model, images, picking, source)
    fitted = time.perf_counter()
    proba, other = _probabilities(model, picking.X), _probabilities(model, confirming.X)
    scored = time.perf_counter()

    losses = cross_fitted_losses(proba, picking.y)
    return _Fold(
        rows=len(picking),
        score=accuracy(picking.y, proba),
        log_loss=float(losses.mean()),
        losses=row_losses(tempered(other, temperature(proba, picking.y)), confirming.y),
        found=estimator.at_full_effort(getattr(model, "found_", {}), job.params, params),
        fit_seconds=fitted - started,
        score_seconds=scored - fitted,
        history=getattr(model, "history_", {}),
        start_seconds=getattr(model, "start_seconds_", 0.0),
    )


def _together(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What several fits found out, as one: the median."""
    return {
        name: type(value)(np.median([other[name] for other in found if name in other]))
        if isinstance(value, int | float) and not isinstance(value, bool)
        else value
        for name, value in found[0].items()
    }


def _fit(job: Job) -> Fitted:
    """Fit on all rows of the job and write the model."""
    if job.start is not None and job.start.way == AS_IT_IS:
        return _kept(job, load(job.start.model), read_facts(job.start.model), 0.0)
    dataset = reopen(Path(job.data))
    images = _images_of_fit(job, dataset)
    estimator = estimators.get(job.estimator)
    params, rows = estimator.scaled({**job.params, **job.found}, job.effort, len(images))
    share = rows / len(images)
    rows = len(images) if _joins_rows(job) else rows
    learns_from_them = _takes_validation(estimator.build(job.random_seed, **params))
    count = _held_out(job, rows, len(images)) if learns_from_them else 0
    available = len(images)
    chosen, held = set_aside(images.y, rows, count, job.seed, images.groups)
    held_out = studies.judging(dataset.train, images, job.condition).rows(held) if len(held) else None
    if held_out:
        # At the length of this fit they tell better what the trials told at theirs.
        params, _ = estimator.scaled(job.params, job.effort, len(images))
    if len(chosen) < len(images):
        images = images.rows(chosen)
    model, rows = estimator.build(job.random_seed, **params), len(images)
    images, source = _from_source(job, images, share)
    started = time.perf_counter()
    _train(model, images, held_out, source)
    seconds = time.perf_counter() - started
    found = estimator.at_full_effort(getattr(model, "found_", {}), job.params, params) if held_out else {}
    scores = {"search_accuracy": job.validation_score} | _validated(model, held_out)
    facts = _facts(job, dataset, estimator, rows) | {"params": params | found, "scores": scores}
    if job.trained_on == TRAINING_ROWS:
        note_rows(Path(job.model), chosen, available)
    if job.start is not None:
        facts["source"] = {"way": job.start.way, "fit": job.start.fit_key, "fingerprint": job.start.fingerprint}
    return _kept(job, model, facts, seconds, found, 0 if held_out is None else len(held_out))


def _facts(job: Job, dataset: Dataset, estimator: Estimator, rows: int) -> dict[str, Any]:
    """What a model tells of itself, and of what `rows` it was trained on."""
    return {
        "estimator": estimator.name,
        "family": estimator.family,
        "variant": job.variant,
        "dataset": job.dataset,
        "data": _about(dataset),
        "fingerprint": job.fingerprint,
        "condition": str(job.condition),
        "classes": list(dataset.classes),
        "image": list(dataset.train.X.shape[1:]),
        "preparation": None if dataset.preparation is None else dataset.preparation.facts(),
        "background": dataset.background,
        "trained_on": f"{rows} {job.trained_on}",
        "rows": rows,
    }


def _mix(job: Job) -> Fitted:
    """Choose among fitted models, and write the mean of their probabilities as a model."""
    dataset = reopen(Path(job.data))
    images = studies.training(dataset.train, job.condition, job.seed)
    started = time.perf_counter()
    models = {member.variant: load(member.model) for member in job.members}
    told = {member.variant: read_facts(member.model) for member in job.members}
    trained = rows_of(job.members, told, images, job.seed)
    mix = judged(job.members, models, trained, studies.judging(dataset.train, images, job.condition), job.seed)
    weights = nearly_as_good(job.members) if mix is None else shares(mix.weights, teams(job.members))
    model = Average.of([Member(name, weight, models[name], told[name]) for name, weight in weights.items()])
    found: dict[str, Any] = {"weights": weights}
    if mix is not None:
        found |= {"rows": mix.rows, "accuracy": mix.accuracy, "log_loss": mix.log_loss}
        found |= {"best": mix.best, "best_accuracy": mix.best_accuracy, "best_log_loss": mix.best_log_loss}
    rows = int(np.any([trained[name] for name in weights], axis=0).sum())
    facts = _facts(job, dataset, estimators.get(job.estimator), rows)
    scores = {} if mix is None else {"validation_accuracy": mix.accuracy, "validation_images": mix.rows}
    facts |= {"params": found, "scores": scores}
    return _kept(job, model, facts, time.perf_counter() - started, found, 0 if mix is None else mix.rows)


def _kept(
    job: Job,
    model: Any,
    facts: Mapping[str, Any],
    seconds: float,
    found: Mapping[str, Any] | None = None,
    held_out: int = 0,
) -> Fitted:
    """Write a fitted model, and tell of it."""
    folder = Path(job.model)
    folder.parent.mkdir(parents=True, exist_ok=True)
    save(model, folder, facts)
    about = describe(model)
    return Fitted(
        fit_seconds=seconds,
        model_bytes=sum(f.stat().st_size for f in folder.rglob("*") if f.is_file() and f.name != CARD),
        parameters=about.parameters,
        backend=about.backend,
        layers=about.layers,
        history=getattr(model, "history_", {}),
        found=found or {},
        held_out=held_out,
    )


def _joins_rows(job: Job) -> bool:
    """Whether a fit has rows of a source beside its own, of which it can do with fewer."""
    return job.start is not None and job.start.way == ROWS


def _from_source(job: Job, images: Images, share: float) -> tuple[Images, Source | None]:
    """What a fit has of the job's source: its rows beside those of the target, or a model to start from.

    Rows are weighed by repeating those of either side, so that both weigh about the same. Rows of classes that the target does
    not have are left out, which it could only mistake for its own.

    Parameters
    ----------
    images : of the target.
    share : of all rows of both sides that there is time for. Those of the target are few and dear: as long as they fit into its side,
        what is left out are rows of the source.
    """
    if job.start is None:
        return images, None
    if not _joins_rows(job):
        model = load(job.start.model)
        return images, Source(model, _labels_of(model, job.start.labels), job.start.way)
    other, labels = reopen(Path(job.start.data)).train, np.array(job.start.labels)
    other = other.rows(np.flatnonzero(labels[other.y] >= 0))
    side = max(1, round(share * max(len(images), len(other))))
    sides = []
    for part in (images, Images(other.X, labels[other.y])):
        own = part if len(part) <= side else part.rows(subset(part.y, side, job.seed))
        sides.append((own, max(1, side // len(own))))
    return Images(
        np.concatenate([np.repeat(own.X, times, axis=0) for own, times in sides]),
        np.concatenate([np.repeat(own.y, times) for own, times in sides]),
    ), None


def _validated(model: Any, held_out: Images | None) -> dict[str, Any]:
    """How a fit does on the rows that it held out. It looks at no test image, so its folder has no test score."""
    if held_out is None:
        return {}
    return {
        "validation_accuracy": accuracy(held_out.y, _probabilities(model, held_out.X)),
        "validation_images": len(held_out),
    }


def _about(dataset: Dataset) -> dict[str, str]:
    """What a stranger may know of a data set; the homepage of data of one's own is a path, which is nobody's business."""
    homepage = dataset.homepage if dataset.homepage.startswith(("http://", "https://")) else ""
    return {"title": dataset.title, "homepage": homepage, "licence": dataset.licence}


def _held_out(job: Job, rows: int, available: int) -> int:
    """How many training rows a fit is not trained on, which calibrate it: those that a short fit leaves over, or a few of many.

    Parameters
    ----------
    rows : that the fit has time for, of those `available`.
    """
    if job.trained_on == EVERY_LABELLED_ROW:  # Labels are wanted, not probabilities.
        return 0
    spare = available - rows
    count = min(HELD_OUT, max(spare, int(HELD_OUT_SHARE * available)))
    if count >= FEWEST_HELD_OUT:
        return count
    return 0 if job.found else min(HELD_OUT, spare)


def _images_of_fit(job: Job, dataset: Dataset) -> Images:
    if job.trained_on != EVERY_LABELLED_ROW:
        return studies.training(dataset.train, job.condition, job.seed)
    parts = [dataset.train, dataset.test.open()]
    return Images(np.concatenate([p.X for p in parts]), np.concatenate([p.y for p in parts]))


def _evaluate(job: Job) -> Predicted:
    """Load the model, predict the test images or those to label, and keep the probabilities."""
    dataset = reopen(Path(job.data))
    images = dataset.test.images() if job.kind == "evaluate" else _unlabelled(dataset)
    if job.test_images:
        images = images[drawn(len(images), job.test_images)]
    # Read from disk before the clock starts.
    X = studies.shown(np.ascontiguousarray(images), job.condition, job.seed)
    began = time.perf_counter()
    model = load(job.model)
    loaded = time.perf_counter()
    model.predict_proba(X[:1])  # The first call compiles and allocates.
    warm = time.perf_counter()
    proba = _probabilities(model, X)
    if job.start is not None:
        proba = _in_classes_of(proba, _labels_of(model, job.start.labels))
    predicted = time.perf_counter()
    median, p95 = _latency_ms(model, X, job.latency_calls)
    _write(proba, Path(job.folder), str(job.condition) if studies.evaluates(job.condition) else PROBABILITIES)
    return Predicted(loaded - began, warm - loaded, predicted - warm, median, p95, job.latency_calls)


def _labels_of(model: Any, labels: Sequence[int]) -> tuple[int, ...]:
    """The target's label of each column of a source's model; `labels` are those of all classes, and it may have met fewer."""
    return tuple(labels[label] for label in model.classes_)


def _in_classes_of(proba: NDArray[np.float32], labels: Sequence[int]) -> NDArray[np.float32]:
    """What a source's model says of the target's classes, all of which it knows: the others are left out."""
    columns = np.argsort(labels, kind="stable")[np.sort(labels) >= 0]
    kept = np.maximum(proba[:, columns], LEAST)
    return kept / kept.sum(axis=1, keepdims=True)


def _unlabelled(dataset: Dataset) -> NDArray[np.uint8]:
    if dataset.unlabelled is None:
        raise ValueError(f"{dataset.name} has no images to label")
    return dataset.unlabelled()


def _write(proba: NDArray[np.float32], folder: Path, name: str) -> None:
    """Add an array to the predictions of a fit, or put it in the place of the one there; the file is whole at any time."""
    folder.mkdir(parents=True, exist_ok=True)
    path, temporary = folder / PREDICTIONS, folder / f".{os.getpid()}.npz"
    arrays: dict[str, Any] = dict(read_all(path)) if path.exists() else {}
    np.savez_compressed(temporary, **arrays | {name: proba.astype(np.float32)})
    temporary.replace(path)


def _takes_validation(model: Any) -> bool:
    return "validation" in inspect.signature(model.fit).parameters


def _train(model: Any, images: Images, held_out: Images | None, source: Source | None = None) -> None:
    # The rows are copied into memory: a map of the file would be read again and again.
    X = np.ascontiguousarray(images.X)
    more: dict[str, Any] = {} if source is None else {"source": source}
    with warnings.catch_warnings():
        # Solvers that are given few iterations on purpose say so at every fit, in between the lines of the progress.
        warnings.simplefilter("ignore")
        if held_out is not None and _takes_validation(model):
            model.fit(X, images.y, validation=(held_out.X, held_out.y), **more)
        else:
            model.fit(X, images.y, **more)


def _probabilities(model: Any, X: NDArray[np.uint8]) -> NDArray[np.float32]:
    proba = model.predict_proba(np.ascontiguousarray(X))
    if not np.isfinite(proba).all():
        raise FloatingPointError("the model predicts probabilities that are not numbers")
    return proba


def _latency_ms(model: Any, X: NDArray[np.uint8], calls: int) -> tuple[float | None, float | None]:
    """Median and 95th percentile of the wall-clock milliseconds to predict one image, after some that do not count."""
    if not calls:
        return None, None
    times = []
    for i in range(calls + LATENCY_WARMUP):
        image = np.ascontiguousarray(X[i % len(X)][None])
        started = time.perf_counter()
        model.predict_proba(image)
        times.append(1000 * (time.perf_counter() - started))
    median, p95 = np.percentile(times[LATENCY_WARMUP:], [50, 95])
    return float(median), float(p95)


WORK: dict[Kind, Callable[[Job], Scored | Fitted | Predicted]] = {
    "trial": _trial,
    "fit": _fit,
    "mix": _mix,
    "evaluate": _evaluate,
    "label": _evaluate,
}


def _last_lines(error: BaseException, count: int = 6) -> str:
    text = "".join(traceback.format_exception(error)).strip().splitlines()
    return "\n".join(text[-count:])
