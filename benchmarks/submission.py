"""A competition's answer: the chosen variant fitted on every labelled row, its labels for the unlabelled images."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.cell import Cell, cells
from benchmarks.data import datasets
from benchmarks.data.images import Dataset
from benchmarks.errors import UserError, unknown
from benchmarks.execution.answer import Answer
from benchmarks.execution.executors import executor
from benchmarks.execution.job import EVERY_LABELLED_ROW, TRAINING_ROWS
from benchmarks.layout import PREDICTIONS, PROBABILITIES, submission_folder
from benchmarks.ledger import Ledger
from benchmarks.run import read_info
from benchmarks.suite import Suite, make_suite


def submission(folder: Path, variant: str, data_dir: Path | None = None) -> NDArray[np.int64]:
    """Labels of the unlabelled images, by a variant of a run, fitted on every labelled row of the same data set.

    The one fit that may read test labels: they are part of the competition's training file. The ledger says so of it. It
    is kept in the run folder, so asking again costs nothing.

    Raises
    ------
    UserError : the run has no data set with unlabelled images, or the variant has no fit in it.
    """
    info = read_info(folder)
    dataset = _competition(info, folder, data_dir)
    with Ledger(folder, max(0, len(info["sessions"]) - 1)) as ledger:
        fits = ledger.rows("fits", dataset=dataset.name, condition="", trained_on=TRAINING_ROWS, status="ok")
        chosen = next((row for row in fits if row["variant"] == variant), None)
        if chosen is None:
            raise unknown(f"fitted variant of {folder}", variant, {row["variant"] for row in fits})
        cell = _cell(info, dataset, variant, chosen["seed"])
        place = submission_folder(dataset.name, variant, chosen["seed"])
        model = f"{place}/model"
        more: dict[str, Any] = {"fingerprint": dataset.fingerprint, "trained_on": EVERY_LABELLED_ROW}
        # What a budget had no time for is made up for; a network that was trained longer is so again.
        effort = max(1.0, chosen["effort"])
        fit = cell.job("fit", chosen["params"], effort=effort, model=str(folder / model), **more)
        label = cell.job(
            "label", chosen["params"], fit_key=fit.key, model=str(folder / model), folder=str(folder / place), **more
        )
        done = ledger.rows("fits", **cell.where, trained_on=EVERY_LABELLED_ROW, key=fit.key, status="ok")
        if not done or not (folder / place / PREDICTIONS).exists():
            with executor("local") as execute:
                fitted = _performed(next(iter(execute([fit])))[1], variant)
                row = cell.where | cell.made_of | fitted.row()
                row |= {"key": fit.key, "code": fit.code, "strategy": chosen["strategy"], "params": chosen["params"]}
                row |= {"trained_on": EVERY_LABELLED_ROW, "folder": model, "finished": time.time()}
                _performed(next(iter(execute([label])))[1], variant)
                ledger.write("fits", row)
    return np.load(folder / place / PREDICTIONS)[PROBABILITIES].argmax(axis=1).astype(np.int64)


def _performed(answer: Answer, variant: str) -> Answer:
    if not answer.ok:
        raise UserError(f"The fit of {variant} on every labelled row ended with {answer.status}: {answer.reason}")
    return answer


def _competition(info: dict[str, Any], folder: Path, data_dir: Path | None) -> Dataset:
    """The run's data set that has images to label."""
    for name, fingerprint in info["fingerprints"].items():
        if name not in datasets.names():
            continue
        dataset = datasets.load(name, data_dir)
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


def _cell(info: dict[str, Any], dataset: Dataset, variant: str, seed: int) -> Cell:
    """The cell of a variant that ran in a folder, with all that it is made of."""
    return next(c for c in cells(_suite_of(info), [dataset]) if c.variant.name == variant and c.seed == seed)


def _suite_of(info: dict[str, Any]) -> Suite:
    """A suite that compares what a run compared, in the standard condition."""
    tables = [
        {"name": label, "estimator": v["reference"], "base": v["base"], "search": v["search"]}
        for label, v in info["variants"].items()
    ]
    content = {key: info[key] for key in ("title", "datasets", "seeds", "budget", "validation_share")}
    return make_suite({"name": info["suite"], "variants": tables, **content}, origin="run.json")
