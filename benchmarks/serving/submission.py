"""A competition's answer: the models that pay by validation, each fitted on every labelled row, and their mean's labels."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.cell import Cell, cells, fitted
from benchmarks.data import datasets
from benchmarks.data.formats.npz import read_named
from benchmarks.data.images import Dataset
from benchmarks.errors import UserError, unknown
from benchmarks.execution.answer import Answer
from benchmarks.execution.executors import Execute, executor
from benchmarks.execution.job import EVERY_LABELLED_ROW, TRAINING_ROWS, Fit, Job
from benchmarks.layout import PREDICTIONS, PROBABILITIES, submission_folder
from benchmarks.ledger import Ledger
from benchmarks.mixing import Mix, average, judged, rows_of, shares, teams
from benchmarks.run import check_format, check_free, read_info
from benchmarks.serving.model import load_model
from benchmarks.suite import Suite, make_suite
from estimators import ENSEMBLE


@dataclass(frozen=True)
class Member:
    """A model of a submission, with all that it takes to make it again.

    Parameters
    ----------
    variant : its label.
    estimator : the estimator's name, or the path of its file.
    params : the complete setting.
    effort : share of a full fit; 1, or more for a network that was trained longer.
    random_seed : that it was built with.
    weight : how often it counts in the mean of the probabilities.
    """

    variant: str
    estimator: str
    params: Mapping[str, Any]
    effort: float
    random_seed: int
    weight: int


@dataclass(frozen=True)
class Submission:
    """Labels for a competition, and where they come from.

    Parameters
    ----------
    dataset : name of the data set.
    rows : labelled images that every member was fitted on.
    labels : int64 (n,), of the unlabelled images in their order.
    members : whose probabilities were averaged.
    reason : why these, in a line.
    mix : what they were chosen by; None where a variant was asked for, or too few rows were held out to tell.
    """

    dataset: str
    rows: int
    labels: NDArray[np.int64]
    members: tuple[Member, ...]
    reason: str
    mix: Mix | None = None


def submission(folder: Path, variant: str | None = None, data_dir: Path | None = None) -> Submission:
    """Labels of the unlabelled images by models of a run, fitted on every labelled row of the same data set.

    The one fit that may read test labels: they are part of the competition's training file. The ledger says so of it. It
    is kept in the run folder, so asking again costs nothing. No test label helps to choose the models.

    Parameters
    ----------
    variant : to take alone; else the mix that is best by validation, see `benchmarks.mixing.judged`.

    Raises
    ------
    UserError : the run has no data set with unlabelled images, or no fit that is asked for.
    """
    info = read_info(folder)
    check_format(folder, info)
    try:
        dataset = _competition(info, folder, data_dir)
        of_suite = cells(_suite_of(info), [dataset])
    except (KeyError, TypeError) as error:
        raise UserError(f"{folder / 'run.json'} is damaged: it lacks {error}.") from error
    check_free(folder)
    with Ledger(folder, max(0, len(info.get("sessions", [])) - 1)) as ledger, executor("local") as execute:
        found = ledger.rows("fits", dataset=dataset.name, condition="", trained_on=TRAINING_ROWS, status="ok")
        fits = [row for row in found if row["estimator"] != ENSEMBLE]  # What that is made of is chosen here anew.
        if variant is not None and variant not in {row["variant"] for row in fits}:
            raise unknown(f"fitted variant of {folder}", variant, {row["variant"] for row in fits})
        if not fits:
            raise UserError(f"{folder} has no fit yet. The command that made it goes on from there.")
        own = [row for row in fits if row["seed"] == fits[0]["seed"]]
        candidates = fitted(own, {cell.variant.name: cell.variant for cell in of_suite}, folder)
        mix = _mix(dataset, candidates, fits[0]["seed"]) if variant is None else None
        weights = {variant: 1} if variant is not None else {_best(fits): 1}
        if mix is not None:
            weights = shares(mix.weights, teams(candidates))
        proba, members = {}, []
        for name, weight in weights.items():
            chosen = next(row for row in fits if row["variant"] == name)
            cell = next(c for c in of_suite if c.variant.name == name and c.seed == chosen["seed"])
            fit, proba[name] = _labelled(cell, chosen, folder, ledger, execute)
            members.append(Member(name, cell.variant.reference, fit.params, fit.effort, fit.random_seed, weight))
    labels = average(proba, weights).argmax(axis=1).astype(np.int64)
    rows = len(dataset.train) + len(dataset.test)
    return Submission(dataset.name, rows, labels, tuple(members), _reason(weights, mix, variant), mix)


def _mix(dataset: Dataset, candidates: Sequence[Fit], seed: int) -> Mix | None:
    """The mix of the models of one seed; None where too few rows were held out to choose one."""
    models = {fit.variant: load_model(fit.model) for fit in candidates}
    told = {variant: model.facts for variant, model in models.items()}
    return judged(candidates, models, rows_of(candidates, told, dataset.train, seed), dataset.train, seed)


def _best(fits: Sequence[Mapping[str, Any]]) -> str:
    """The variant whose setting did best in its search."""
    return str(max(fits, key=lambda row: row["validation_score"] or 0.0)["variant"])


def _reason(weights: Mapping[str, int], mix: Mix | None, variant: str | None) -> str:
    """Why these models, in a line."""
    if variant is not None:
        return f"{variant}, as asked for."
    if mix is None:
        return f"{next(iter(weights))}, which did best in validation: too few rows were held out to choose a mix by."
    judged = (
        f"log-loss {mix.log_loss:.4f} and accuracy {100 * mix.accuracy:.2f} % on {mix.rows:,} rows held out of training"
    )
    if len(mix.weights) == 1:
        return f"{mix.best} alone: {judged}, and no mix is better."
    shares = " + ".join(f"{weight} × {team}" for team, weight in mix.weights.items())
    return f"{shares}: {judged}; {mix.best} alone has {mix.best_log_loss:.4f}."


def _labelled(
    cell: Cell, chosen: Mapping[str, Any], folder: Path, ledger: Ledger, execute: Execute
) -> tuple[Job, NDArray[np.float32]]:
    """The fit of a cell's setting on every labelled row, and the probabilities that it gives to the unlabelled images."""
    dataset = cell.dataset
    place = submission_folder(dataset.name, cell.variant.name, cell.seed)
    model = f"{place}/model"
    more: dict[str, Any] = {"fingerprint": dataset.fingerprint, "trained_on": EVERY_LABELLED_ROW}
    more |= {"model": str(folder / model)}
    # What a budget had no time for is made up for; a network that was trained longer is so again.
    effort, score = max(1.0, chosen["effort"]), chosen["validation_score"]
    fit = cell.job("fit", chosen["params"], effort=effort, validation_score=score, **more)
    label = cell.job("label", chosen["params"], fit_key=fit.key, folder=str(folder / place), **more)
    done = ledger.rows("fits", **cell.where, trained_on=EVERY_LABELLED_ROW, key=fit.key, status="ok")
    if not done or not (folder / place / PREDICTIONS).exists():
        fitted = _performed(next(iter(execute([fit])))[1], cell.variant.name)
        row = cell.where | cell.made_of | fitted.row()
        row |= {"key": fit.key, "code": fit.code, "strategy": chosen["strategy"], "params": chosen["params"]}
        row |= {"trained_on": EVERY_LABELLED_ROW, "folder": model, "finished": time.time()}
        _performed(next(iter(execute([label])))[1], cell.variant.name)
        ledger.write("fits", row)
    (proba,) = read_named(folder / place / PREDICTIONS, [PROBABILITIES])
    return fit, proba


def _performed(answer: Answer, variant: str) -> Answer:
    if not answer.ok:
        raise UserError(f"The fit of {variant} on every labelled row ended with {answer.status}: {answer.reason}")
    return answer


def _competition(info: dict[str, Any], folder: Path, data_dir: Path | None) -> Dataset:
    """The run's data set that has images to label."""
    for name, fingerprint in info["fingerprints"].items():
        if name not in datasets.names():
            continue
        dataset = datasets.load(name, data_dir, _suite_of(info).reading)
        if dataset.unlabelled is None:
            continue
        if dataset.fingerprint != fingerprint:
            raise UserError(
                f"The data of {name} has changed since {folder} was made; run it again under another --run."
            )
        return dataset
    raise UserError(
        f"{folder} has no data set with images to label, only {', '.join(info['datasets'])}. A Kaggle submission must "
        "come from the competition's train.csv alone: 'crossover run kaggle', then 'crossover submit runs/kaggle'."
    )


def _suite_of(info: dict[str, Any]) -> Suite:
    """A suite that compares what a run compared, in the standard condition."""
    tables = [
        {"name": label, "estimator": v["reference"], "base": v["base"], "search": v["search"]}
        for label, v in info["variants"].items()
    ]
    content = {key: info[key] for key in ("title", "datasets", "seeds", "budget", "validation_share")}
    content |= {key: info[key] for key in ("groups", "background") if key in info}
    return make_suite({"name": info["suite"], "variants": tables, **content}, origin="run.json")
