"""A competition's answer: the chosen estimator refitted on every labelled row, its labels for the unlabelled images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import estimators
from benchmarks.data import datasets
from benchmarks.data.images import Dataset
from benchmarks.errors import UserError, unknown
from benchmarks.execution.executors import executor
from benchmarks.ledger import Ledger
from benchmarks.protocol import Cell
from benchmarks.run import read_info
from benchmarks.suite import make_suite


def submission(folder: Path, estimator: str, data_dir: Path | None = None) -> NDArray[np.int64]:
    """Labels of the unlabelled images, by an estimator of a run, refitted on every labelled row of the same data set.

    The refit is kept in the run folder, so asking again costs nothing.

    Raises
    ------
    UserError : the run has no data set with unlabelled images, or the estimator has no setting in it.
    """
    info = read_info(folder)
    dataset = _competition(info, folder, data_dir)
    with Ledger(folder) as ledger:
        finals = [row for row in ledger.rows("finals", dataset=dataset.name, train_rows=0) if row["status"] == "ok"]
        names = {row["estimator"] for row in finals}
        if estimator not in names:
            raise unknown(f"finished estimator of {folder}", estimator, names)
        final = next(row for row in finals if row["estimator"] == estimator)
    target = folder / "submissions" / dataset.name / estimator
    cell = _cell(info, dataset, estimator, final["seed"])
    job = cell.job(final["params"], kind="submission", folder=str(target))
    if not (target / "key").exists() or (target / "key").read_text() != job.key:
        with executor("local") as execute:
            _, answer = next(iter(execute([job])))
        if answer["status"] != "ok":
            raise UserError(f"The refit of {estimator} on every labelled row {answer['status']}: {answer['reason']}")
        (target / "key").write_text(job.key)
    return np.load(target / "predictions.npz")["proba"].argmax(axis=1).astype(np.int64)


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


def _cell(info: dict[str, Any], dataset: Dataset, estimator: str, seed: int) -> Cell:
    content = {key: info[key] for key in ("title", "datasets", "estimators", "seeds", "budget", "validation_share")}
    suite = make_suite({"name": info["suite"], **content}, origin="run.json")
    reference = next(name for name in suite.estimators if Path(name).stem == estimator)
    return Cell(dataset, estimators.get(reference), seed, suite, reference)
