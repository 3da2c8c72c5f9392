"""What a worker does with a `Job`: fit, score, and answer with plain values. It never raises and never sees a test label."""

from __future__ import annotations

import inspect
import json
import shutil
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import estimators
from benchmarks.data.images import Images
from benchmarks.data.split import split, subset
from benchmarks.execution.job import Job
from benchmarks.execution.memory import peak_bytes, reset_peak
from estimators.models.describe import describe
from estimators.models.saving import save

LATENCY_CALLS = 30


def perform(job: Job, imported: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """Do the job; the answer holds the columns that the ledger has for it, `status` and `reason` always among them.

    `imported` is called when the libraries are there and the work proper begins.
    """
    reset_peak()
    started, importing = time.perf_counter(), 0.0
    try:
        estimators.get(job.estimator).build(job.random_seed, **job.params)
        importing = time.perf_counter() - started
        imported()
        answer = {"trial": _trial, "final": _final, "submission": _submission}[job.kind](job)
        answer |= {"status": "ok", "reason": ""}
    except MemoryError as error:
        answer = {"status": "out_of_memory", "reason": _last_lines(error)}
    except FloatingPointError as error:
        answer = {"status": "diverged", "reason": str(error)}
    except Exception as error:
        exhausted = type(error).__name__ == "ResourceExhaustedError"  # TensorFlow's, which is not imported here.
        answer = {"status": "out_of_memory" if exhausted else "failed", "reason": _last_lines(error)}
    seconds = time.perf_counter() - started - importing
    return answer | {"seconds": seconds, "import_seconds": importing, "peak_bytes": peak_bytes()}


def _trial(job: Job) -> dict[str, Any]:
    estimator = estimators.get(job.estimator)
    train = _training(job)
    fit_rows, validation_rows = split(train.y, job.validation_share, job.seed)
    params, rows = estimator.scaled(job.params, job.effort, len(fit_rows))
    if rows < len(fit_rows):
        fit_rows = fit_rows[subset(train.y[fit_rows], rows, job.seed)]
    held_out = train.rows(validation_rows)
    model = estimator.build(job.random_seed, **params)

    started = time.perf_counter()
    _fit(model, train.rows(fit_rows), held_out)
    fitted = time.perf_counter()
    proba = _probabilities(model, held_out.X)
    scored = time.perf_counter()

    return {
        "score": float((proba.argmax(axis=1) == held_out.y).mean()),
        "log_loss": _log_loss(proba, held_out.y),
        "found": estimator.at_full_effort(getattr(model, "found_", {}), job.params, params),
        "fit_seconds": fitted - started,
        "score_seconds": scored - fitted,
        "history": getattr(model, "history_", {}),
    }


def _final(job: Job) -> dict[str, Any]:
    train = _training(job)
    test_images = np.load(Path(job.data) / "test-X.npy", mmap_mode="r")
    model, answer = _refit(job, train)
    np.ascontiguousarray(test_images)  # Read from disk before the clock starts.
    started = time.perf_counter()
    model.predict_proba(np.ascontiguousarray(test_images[:1]))  # The first call compiles and allocates.
    answer["warmup_seconds"] = time.perf_counter() - started
    started = time.perf_counter()
    proba = _probabilities(model, test_images)
    answer["predict_seconds"] = time.perf_counter() - started
    answer["latency_ms"] = _latency_ms(model, test_images)
    _keep(job, model, answer, proba)
    return answer


def _submission(job: Job) -> dict[str, Any]:
    parts = [_labelled(job, "train"), _labelled(job, "test")]
    everything = Images(np.concatenate([p.X for p in parts]), np.concatenate([p.y for p in parts]))
    images = np.load(Path(job.data) / "unlabelled-X.npy", mmap_mode="r")
    model, answer = _refit(job, everything)
    _keep(job, model, answer, _probabilities(model, images))
    return answer


def _refit(job: Job, images: Images) -> tuple[Any, dict[str, Any]]:
    model = estimators.get(job.estimator).build(job.random_seed, **job.params)
    started = time.perf_counter()
    _fit(model, images, None)
    return model, {"fit_seconds": time.perf_counter() - started}


def _keep(job: Job, model: Any, answer: dict[str, Any], proba: NDArray[np.float32]) -> None:
    """Store predictions, then the model, and describe both; the ledger's row comes after, from the driver."""
    folder = Path(job.folder)
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / "predictions.tmp.npz"
    np.savez_compressed(temporary, proba=proba.astype(np.float32))
    temporary.replace(folder / "predictions.npz")
    target = folder / "model"
    shutil.rmtree(target, ignore_errors=True)
    facts = {
        "estimator": job.estimator,
        "dataset": job.dataset,
        "classes": _classes(job),
        "image": list(np.load(Path(job.data) / "train-X.npy", mmap_mode="r").shape[1:]),
        "params": dict(job.params),
        "trained_on": "every labelled row" if job.kind == "submission" else f"{job.rows or 'all'} training rows",
    }
    save(model, target, facts)
    described = describe(model)
    answer |= {
        "model_bytes": sum(f.stat().st_size for f in target.rglob("*") if f.is_file()),
        "parameters": described.parameters,
        "backend": described.backend,
        "layers": described.layers,
        "history": getattr(model, "history_", {}),
    }


def _labelled(job: Job, part: str) -> Images:
    folder = Path(job.data)
    return Images(np.load(folder / f"{part}-X.npy", mmap_mode="r"), np.load(folder / f"{part}-y.npy"))


def _training(job: Job) -> Images:
    """The training rows of a job: a subset where it says so, and then the same for every estimator."""
    train = _labelled(job, "train")
    return train if job.rows is None else train.rows(subset(train.y, job.rows, job.seed))


def _classes(job: Job) -> list[str]:
    return json.loads((Path(job.data) / "meta.json").read_text())["classes"]


def _fit(model: Any, images: Images, held_out: Images | None) -> None:
    # The rows are copied into memory: a map of the file would be read again and again.
    X = np.ascontiguousarray(images.X)
    with warnings.catch_warnings():
        # Solvers that are given few iterations on purpose say so at every fit, in between the lines of the progress.
        warnings.simplefilter("ignore")
        if held_out is not None and "validation" in inspect.signature(model.fit).parameters:
            model.fit(X, images.y, validation=(held_out.X, held_out.y))
        else:
            model.fit(X, images.y)


def _probabilities(model: Any, X: NDArray[np.uint8]) -> NDArray[np.float32]:
    proba = model.predict_proba(np.ascontiguousarray(X))
    if not np.isfinite(proba).all():
        raise FloatingPointError("the model predicts probabilities that are not numbers")
    return proba


def _log_loss(proba: NDArray[np.floating], y: NDArray[np.int64]) -> float:
    likelihood = np.clip(proba[np.arange(len(y)), y].astype(np.float64), 1e-15, None)
    return float(-np.log(likelihood).mean())


def _latency_ms(model: Any, X: NDArray[np.uint8]) -> float:
    """Median wall-clock milliseconds to predict one image, after three calls that do not count."""
    times = []
    for i in range(LATENCY_CALLS + 3):
        image = np.ascontiguousarray(X[i % len(X)][None])
        started = time.perf_counter()
        model.predict_proba(image)
        times.append(time.perf_counter() - started)
    return float(np.median(times[3:]) * 1000)


def _last_lines(error: BaseException, count: int = 6) -> str:
    text = "".join(traceback.format_exception(error)).strip().splitlines()
    return "\n".join(text[-count:])
