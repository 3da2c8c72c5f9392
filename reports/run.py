"""`Run`: a run folder, opened for reading."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.data.images import Images
from benchmarks.errors import UserError, unknown
from benchmarks.ledger import JSON_COLUMNS, read_table

T = TypeVar("T")
TEXT = {"dataset", "variant", "family", "strategy", "key", "status", "reason", "budget", "ended"}
TEXT |= {"backend", "folder"} | set(JSON_COLUMNS)
REQUIRED = {
    "trials": {"dataset", "variant", "family", "seed", "number", "round", "params", "status", "score"},
    "searches": {"dataset", "variant", "family", "seed", "strategy", "spent_seconds", "winner"},
    "finals": {"dataset", "variant", "family", "seed", "status", "params", "history", "layers"},
}


@dataclass(frozen=True)
class Run:
    """A run folder, opened for reading.

    Parameters
    ----------
    folder : where it lies.
    info : ``run.json`` as written: suite, title, data sets, estimators, seeds, environment, notes, sessions.
    trials, searches, finals : the ledger's tables, one row per trial, search, final evaluation; of a study of sizes only
        what was done with the largest training set (see `largest`).
    passports : data set name -> its ``passport.json``.
    all_sizes : the three tables with every size of the training set, in ``train_rows``; 0 means all rows.
    largest : data set -> the ``train_rows`` of `trials`, `searches` and `finals`; 0, all rows, if not there.
    """

    folder: Path
    info: dict[str, Any]
    trials: pd.DataFrame
    searches: pd.DataFrame
    finals: pd.DataFrame
    passports: dict[str, dict[str, Any]]
    all_sizes: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)
    largest: dict[str, int] = field(default_factory=dict)
    _read: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def datasets(self) -> list[str]:
        """Names of the data sets, in the order of the suite."""
        return self._names("dataset", self.info["datasets"])

    @property
    def variants(self) -> list[str]:
        """Names of the estimators, in the order of the suite."""
        return self._names("variant", self.info["variants"])

    @property
    def families(self) -> dict[str, str]:
        """Estimator -> "classical" or "deep"; "" for one that never left a row in the ledger."""

        def families() -> dict[str, str]:
            pairs = [t[["variant", "family"]].drop_duplicates() for t in (self.finals, self.searches, self.trials)]
            known = {name: family for table in pairs for name, family in table.itertuples(index=False)}
            return {name: known.get(name) or "" for name in self.variants}

        return self.once("families", families)

    def planned(self, dataset: str) -> list[str]:
        """The estimators that were to be run on a data set, in the order of the suite."""
        return self.variants

    def seeds(self, variant: str) -> list[int]:
        """The seeds that an estimator was to be run with."""
        return [int(seed) for seed in self.info["seeds"]]

    def title(self, dataset: str) -> str:
        """The data set's name as a reader would write it."""
        return str(self.passports.get(dataset, {}).get("title") or dataset)

    def classes(self, dataset: str) -> list[str]:
        """Class names; label value i means ``classes[i]``."""
        return [str(name) for name in self.passports[dataset]["classes"]]

    def evaluated(self, dataset: str, variant: str) -> list[int]:
        """The seeds for which the final evaluation succeeded, in order."""

        def seeds() -> dict[tuple[str, str], list[int]]:
            done = self.finals[self.finals["status"] == "ok"].sort_values("seed")
            return {cell: rows.astype(int).tolist() for cell, rows in done.groupby(["dataset", "variant"])["seed"]}

        return self.once("evaluated", seeds).get((dataset, variant), [])

    def curve(self, dataset: str) -> pd.DataFrame:
        """The successful final evaluations at every size; ``train_rows`` is the number of rows, ``at`` the ledger's name."""
        finals = self.all_sizes.get("finals", self.finals).query("dataset == @dataset and status == 'ok'")
        total = self.passports.get(dataset, {}).get("train", 0)
        at = finals["train_rows"].astype(int)
        return finals.assign(at=at, train_rows=at.where(at > 0, total)).sort_values(
            ["train_rows", "seed"], kind="stable"
        )

    def scored(self, dataset: str) -> list[str]:
        """The estimators with at least one successful final evaluation, in the order of the suite."""
        return [name for name in self.variants if self.evaluated(dataset, name)]

    def test(self, dataset: str) -> Images:
        """The test images and labels."""
        return self._images(dataset, "test")

    def samples(self, dataset: str) -> Images | None:
        """A few training images per class; None where the run has stored none."""
        return self._images(dataset, "samples") if self._data(dataset, "samples.npz").exists() else None

    def predictions(self, dataset: str, variant: str, seed: int, rows: int | None = None) -> NDArray[np.float32]:
        """Predicted probabilities of the test images, float32 of shape (n_test, n_classes).

        `rows` is the ``train_rows`` of a study, the largest if not given.
        """
        path = self._cell(dataset, variant, seed, rows) / "predictions.npz"
        proba = self.once(path, lambda: _arrays(path, "proba")[0])
        shape = (len(self.test(dataset)), len(self.classes(dataset)))
        if proba.shape != shape:
            raise UserError(f"{path} holds probabilities of shape {proba.shape}, but the test has {shape}.")
        if not np.isfinite(proba).all():
            raise UserError(f"{path} holds probabilities that are not finite. Delete its folder and run again.")
        return proba

    def mean_probabilities(self, dataset: str, variant: str) -> NDArray[np.float64]:
        """Predicted probabilities averaged over the evaluated seeds: float64 of shape (n_test, n_classes)."""
        seeds = self.evaluated(dataset, variant)
        return np.mean([self.predictions(dataset, variant, seed) for seed in seeds], axis=0, dtype=np.float64)

    def predicted(self, dataset: str, variant: str) -> NDArray[np.int64]:
        """Predicted labels, one row per evaluated seed: shape (n_seeds, n_test)."""

        def labels() -> NDArray[np.int64]:
            seeds = self.evaluated(dataset, variant)
            rows = [self.predictions(dataset, variant, seed).argmax(1) for seed in seeds]
            return np.array(rows, dtype=np.int64).reshape(len(rows), len(self.test(dataset)))

        return self.once(("labels", dataset, variant), labels)

    def correct(self, dataset: str, variant: str) -> NDArray[np.bool_]:
        """Which test images were labelled rightly: shape (n_seeds, n_test)."""
        return self.predicted(dataset, variant) == self.test(dataset).y

    def once(self, key: Any, compute: Callable[[], T]) -> T:
        """What `compute` returns, computed the first time it is asked for; callers must not change it."""
        if key not in self._read:
            self._read[key] = compute()
        return self._read[key]

    def _names(self, column: str, listed: list[str]) -> list[str]:
        tables = (self.finals, self.searches, self.trials)
        found = lambda: list(dict.fromkeys([*listed, *(name for t in tables for name in t[column].unique())]))  # noqa: E731
        return self.once(("names", column), found)

    def _cell(self, dataset: str, variant: str, seed: int, rows: int | None) -> Path:
        rows = self.largest.get(dataset, 0) if rows is None else rows
        return self.folder / "cells" / dataset / variant / (f"rows-{rows}" if rows else "") / f"seed-{seed}"

    def _data(self, dataset: str, name: str) -> Path:
        if dataset not in self.datasets:
            raise unknown("data set", dataset, self.datasets)
        return self.folder / "data" / dataset / name

    def _images(self, dataset: str, name: str) -> Images:
        path = self._data(dataset, f"{name}.npz")

        def checked() -> Images:
            images, labels = _arrays(path, "X", "y")
            try:
                return Images(images, labels)
            except ValueError as error:
                raise UserError(f"{path} is damaged: {error}.") from error

        return self.once(path, checked)


def load(folder: Path | str) -> Run:
    """Open a run folder for reading.

    Parameters
    ----------
    folder : as `crossover run` made it, finished or not; it is not written to.

    Raises
    ------
    UserError : the folder is missing, is not a run folder, or a file in it is damaged.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(f"There is no run folder {folder}. `crossover run SUITE` makes one under runs/.")
    if not (folder / "run.json").is_file():
        raise UserError(f"{folder} is not a run folder: it has no run.json.")
    info = _object(folder / "run.json")
    if lacking := [key for key in ("suite", "datasets", "variants", "seeds") if key not in info]:
        raise UserError(f"{folder / 'run.json'} lacks {', '.join(map(repr, lacking))}.")
    if not (folder / "ledger.sqlite").is_file():
        raise UserError(f"{folder} has no ledger.sqlite: nothing was run in it yet.")
    tables = {name: _table(folder, name) for name in REQUIRED}
    largest = _largest(tables, info)
    of_largest = {
        name: table[table["train_rows"] == table["dataset"].map(largest).fillna(0)].reset_index(drop=True)
        for name, table in tables.items()
    }
    notes = [
        f"{name}: not all sizes are done; this is training on {rows:,} rows." for name, rows in largest.items() if rows
    ]
    info["notes"] = [*info.get("notes", []), *(notes if "all" in info.get("sizes", []) else [])]
    run = Run(folder, info, **of_largest, passports={}, all_sizes=tables, largest=largest)
    for dataset in run.datasets:
        path = folder / "data" / dataset / "passport.json"
        if path.is_file():
            run.passports[dataset] = _object(path)
            if not isinstance(run.passports[dataset].get("classes"), list):
                raise UserError(f"{path} does not list the classes.")
        elif run.scored(dataset):
            raise UserError(f"{path} is missing, though {dataset} was evaluated.")
    return run


def _largest(tables: dict[str, pd.DataFrame], info: dict[str, Any]) -> dict[str, int]:
    """The size that the tables of a study speak of: the largest at which most estimators got to their end; 0 is all rows.

    While a study is under way not all of its estimators have come to the largest size, and would not be compared.
    """
    if not info.get("sizes"):
        return {}
    ended = tables["finals"].groupby(["dataset", "train_rows"])["variant"].nunique()
    return {
        dataset: max(((count, rows == 0, rows) for (_, rows), count in counts.items()))[2]
        for dataset, counts in ended.groupby(level="dataset")
    }


def _arrays(path: Path, *names: str) -> list[NDArray]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            return [stored[name] for name in names]
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing. Run the suite again; it computes what is missing.") from error
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is damaged ({error}). Delete its folder and run again.") from error


def _object(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} is damaged: {error}.") from error
    if not isinstance(value, dict):
        raise UserError(f"{path} is damaged: it must hold a JSON object.")
    return value


def _table(folder: Path, name: str) -> pd.DataFrame:
    path = folder / "ledger.sqlite"
    try:
        table = read_table(folder, name)
    except (sqlite3.DatabaseError, pd.errors.DatabaseError, json.JSONDecodeError) as error:
        reason = str(error).splitlines()[-1]
        raise UserError(f"{path} is damaged or not a ledger: {reason}.") from error
    if lacking := sorted(REQUIRED[name] - set(table.columns)):
        raise UserError(f"{path}: table {name} lacks {', '.join(lacking)}; another version wrote it.")
    # A column of which every row is NULL comes back as objects; figures need numbers.
    for column in set(table.columns) - TEXT:
        table[column] = pd.to_numeric(table[column], errors="coerce")
    for column in (TEXT - set(JSON_COLUMNS)) & set(table.columns):
        table[column] = table[column].fillna("").astype(str)
    return table
