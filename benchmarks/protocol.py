"""The way of one cell: search, fit on all training rows, evaluate that fit once under each condition, store.

Everything that is finished is in the ledger, so running again on the same folder does only what is missing, files among it.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cell import Cell, evaluated_under, fitted
from benchmarks.data.formats.npz import read_named
from benchmarks.data.images import Dataset
from benchmarks.data.passport import passport
from benchmarks.errors import UserError
from benchmarks.execution.answer import Answer
from benchmarks.execution.executors import Execute
from benchmarks.execution.job import TRAINING_ROWS, Job
from benchmarks.layout import PREDICTIONS, PROBABILITIES, data_folder, has_model, has_predictions
from benchmarks.ledger import Ledger, Recorded
from benchmarks.observer import Observer
from benchmarks.safety.regular import replace
from benchmarks.scoring import accuracy
from benchmarks.search import fit_effort, repeat, search
from benchmarks.studies.study import Condition

SAMPLES_PER_CLASS = 8
LATENCY_CALLS = 200
AS_LONG = 3  # times as long as the trial that found it a fit may be for what was found to hold


def run_cell(
    cell: Cell, folder: Path, ledger: Ledger, execute: Execute, observer: Observer, recorded: Recorded | None = None
) -> bool:
    """Do what is missing of a cell; returns whether it ended well. What another run recorded is repeated, not searched."""
    mix = _mix_job(cell, folder, ledger) if cell.variant.estimator.is_ensemble else None
    if _is_done(cell, folder, ledger, mix):
        keep_data(cell.dataset, folder)
        observer.cell_ended(cell, ledger.rows("fits", **cell.where)[0], _accuracy(cell, folder))
        return True
    observer.cell_started(cell)
    if cell.source is not None and not cell.variant.is_source:
        fits = ledger.rows("fits", **cell.model_of_source, trained_on=TRAINING_ROWS, status="ok")
        if not fits:
            last = _without_source(cell, ledger)
            observer.cell_ended(cell, last, None)
            return False
        cell = cell.starting(fits[0], folder)
    given = cell.variant.is_source and cell.source is not None and cell.source.model
    if mix is None and not given and not ledger.rows("searches", **cell.where):
        if recorded is None:
            search(cell, ledger, execute, observer)
        else:
            repeat(cell, ledger, execute, observer, recorded)
    if mix is not None:
        last = fit = _mixed(cell, mix, folder, ledger, execute)
    elif given:
        last = fit = _taken_over(cell, folder, ledger, execute)
    else:
        last = fit = _fit(cell, folder, ledger, execute, recorded)
    if fit["status"] == "ok":
        for condition in evaluated_under(cell):
            last = _evaluate(cell, fit, condition, folder, ledger, execute)
            if last["status"] != "ok":
                break
    ok = last["status"] == "ok"
    observer.cell_ended(cell, fit if ok else last, _accuracy(cell, folder) if ok else None)
    return ok


def _mix_job(cell: Cell, folder: Path, ledger: Ledger) -> Job:
    """The job that makes an ensemble of what was fitted beside it."""
    made_by = {variant.name: variant for variant in cell.siblings}
    rows = [
        row
        for name in made_by
        for row in ledger.rows("fits", **cell.where | {"variant": name}, trained_on=TRAINING_ROWS, status="ok")
    ]
    return cell.job("mix", {}, model=str(folder / cell.model), members=fitted(rows, made_by, folder))


def _mixed(cell: Cell, job: Job, folder: Path, ledger: Ledger, execute: Execute) -> dict[str, Any]:
    """The row of an ensemble; made now unless there is one of the same members. What these took is in their own rows."""
    for row in ledger.rows("fits", **cell.where, trained_on=TRAINING_ROWS, status="ok"):
        if row["key"] == job.key and has_model(folder, row):
            return row
    if len(job.members) < 2:
        answer = Answer("failed", f"an ensemble takes two models, and {len(job.members)} of those beside it was fitted")
    else:
        answer = _answer(job, execute)
    row = answer.row()
    found = row.get("found") or {}
    fit = cell.where | cell.made_of | {"strategy": "none", "trained_on": TRAINING_ROWS, "code": cell.code}
    fit |= {"key": job.key, "params": {}, "validation_score": found.get("accuracy"), "folder": cell.model}
    fit |= {"effort": 1.0, "planned_seconds": 0.0} | row | {"finished": time.time()}
    ledger.write("fits", fit)
    return fit


def _taken_over(cell: Cell, folder: Path, ledger: Ledger, execute: Execute) -> dict[str, Any]:
    """The row of a model that is given: it is copied into the run folder, and nothing is trained."""
    job = cell.job("fit", {}, model=str(folder / cell.model))
    fit = (
        cell.where | cell.made_of | {"strategy": "none", "trained_on": TRAINING_ROWS, "code": cell.code, "key": job.key}
    )
    fit |= {"params": {}, "folder": cell.model, "effort": 0.0, "planned_seconds": 0.0} | _answer(job, execute).row()
    fit |= {"finished": time.time()}
    ledger.write("fits", fit)
    return fit


def _without_source(cell: Cell, ledger: Ledger) -> dict[str, Any]:
    """The row of a cell whose source was not learned."""
    answer = Answer("failed", f"{cell.model_of_source['variant']}, which it starts from, was not fitted")
    fit = (
        cell.where | cell.made_of | {"strategy": cell.variant.strategy, "trained_on": TRAINING_ROWS, "code": cell.code}
    )
    fit |= answer.row() | {"params": {}, "finished": time.time()}
    ledger.write("fits", fit)
    return fit


def _is_done(cell: Cell, folder: Path, ledger: Ledger, mix: Job | None) -> bool:
    """Whether there is a fit, and it was evaluated under every condition; of an ensemble, one of the members that there are."""
    fits = ledger.rows("fits", **cell.where, trained_on=TRAINING_ROWS, status="ok")
    keys = {row["key"] for row in fits if has_model(folder, row)}
    if mix is not None:
        keys &= {mix.key}
    return bool(keys) and all(
        any(
            row["fit_key"] in keys and has_predictions(folder, row)
            for row in ledger.rows("evaluations", **cell.under(condition), status="ok")
        )
        for condition in evaluated_under(cell)
    )


def _fit(cell: Cell, folder: Path, ledger: Ledger, execute: Execute, recorded: Recorded | None) -> dict[str, Any]:
    """The row of the winner's fit on all training rows; made now unless there is one."""
    for row in ledger.rows("fits", **cell.where, trained_on=TRAINING_ROWS):
        if row["status"] == "ok" and has_model(folder, row):
            return row
    found = ledger.rows("searches", **cell.where)[0]
    fit = cell.where | cell.made_of | {"strategy": found["strategy"], "trained_on": TRAINING_ROWS, "code": cell.code}
    if found["winner"] is None:
        ended = Counter(row["status"] for row in ledger.rows("trials", **cell.where) if row["status"] != "skipped")
        tried = ", ".join(f"{count} × {status}" for status, count in ended.most_common()) or "none was started"
        more = "; a larger budget, under another --run, gives more time" if set(ended) == {"timeout"} else ""
        answer = Answer("failed", f"no trial was ok ({tried}), so there is no setting to fit{more}")
        fit |= answer.row() | {"params": {}, "finished": time.time()}
    else:
        trial = ledger.rows("trials", **cell.where, number=found["winner"])[0]
        if recorded is None:
            effort, planned = fit_effort(cell, ledger)
        else:
            *_, again = recorded.rows("fits", **cell.where, trained_on=TRAINING_ROWS)
            effort, planned = again["effort"], again["planned_seconds"]
        # What a much shorter fit found, such as its temperature, is not true of this one.
        known = trial["found"] if trial["round"] and AS_LONG * trial["effort"] >= effort else {}
        noted = {"model": str(folder / cell.model), "validation_score": trial["score"]}
        job = cell.job("fit", trial["params"], found=known, effort=effort, **noted)
        fit |= {"key": job.key, "params": trial["params"] | known, "validation_score": trial["score"]}
        row = _answer(job, execute).row()
        fit |= {"folder": cell.model, "effort": effort, "planned_seconds": planned} | row | {"finished": time.time()}
        fit["params"] |= row.get("found", {})
    ledger.write("fits", fit)
    return fit


def _evaluate(
    cell: Cell, fit: dict[str, Any], condition: Condition, folder: Path, ledger: Ledger, execute: Execute
) -> dict[str, Any]:
    """The row of one evaluation of a fit; made now unless there is one."""
    for row in ledger.rows("evaluations", **cell.under(condition)):
        if row["status"] == "ok" and row["fit_key"] == fit["key"] and has_predictions(folder, row):
            return row
    own = condition == cell.condition
    job = cell.job(
        "evaluate",
        fit["params"],
        condition=condition,
        fit_key=fit["key"],
        model=str(folder / fit["folder"]),
        folder=str(folder / cell.folder),
        test_images=0 if own else cell.suite.test_images or 0,
        latency_calls=LATENCY_CALLS if own else 0,
    )
    answer = _answer(job, execute)
    began = time.perf_counter()
    keep_data(cell.dataset, folder)
    row = cell.under(condition) | cell.made_of | answer.row()
    row |= {"key": job.key, "code": job.code, "fit_key": fit["key"], "folder": cell.folder}
    row |= {"driver_seconds": time.perf_counter() - began, "finished": time.time()}
    ledger.write("evaluations", row)
    return row


def _answer(job: Job, execute: Execute) -> Answer:
    return next(iter(execute([job])))[1]


def keep_data(dataset: Dataset, folder: Path) -> None:
    """Keep what the report needs of a data set in the run folder; the first evaluation breaks the seal here."""
    target = data_folder(folder, dataset.name)
    if all((target / name).is_file() for name in ("passport.json", "test.npz", "samples.npz")):
        return
    target.mkdir(parents=True, exist_ok=True)
    test = dataset.test.open()
    rng = np.random.default_rng(0)
    samples = np.concatenate(
        [
            rng.permutation(np.flatnonzero(dataset.train.y == label))[:SAMPLES_PER_CLASS]
            for label in range(len(dataset.classes))
        ]
    )
    np.savez_compressed(target / "test.npz", X=test.X, y=test.y)
    np.savez_compressed(target / "samples.npz", X=dataset.train.X[samples], y=dataset.train.y[samples])
    replace(target / "passport.json", json.dumps(passport(dataset, test), indent=1))


def _accuracy(cell: Cell, folder: Path) -> float | None:
    """For the progress line; the report computes its own from the same files. None where a source has no answer."""
    if not list(evaluated_under(cell)):
        return None
    (proba,) = read_named(folder / cell.folder / PREDICTIONS, [PROBABILITIES])
    (y,) = read_named(data_folder(folder, cell.dataset.name) / "test.npz", ["y"])
    try:
        return accuracy(y, proba)
    except (ValueError, IndexError) as error:
        raise UserError(
            f"The predictions of {cell.name} do not fit its test images: delete {folder / cell.folder}."
        ) from error
