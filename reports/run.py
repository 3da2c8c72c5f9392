"""`Run`: a run folder, opened for reading."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.data.formats import npz
from benchmarks.data.images import Images
from benchmarks.data.split import drawn
from benchmarks.errors import UserError, unknown
from benchmarks.execution.job import TRAINING_ROWS
from benchmarks.layout import FORMAT, NEIGHBOURS, PREDICTIONS, PROBABILITIES, cell_folder, data_folder, model_folder
from benchmarks.ledger import TABLES, columns, primary_key, read_table
from benchmarks.meant import meant
from benchmarks.neighbours import Neighbours
from benchmarks.safety.info import checked, printed
from benchmarks.safety.names import MOST_CLASSES, told
from benchmarks.safety.regular import text_of
from benchmarks.studies import STANDARD, Condition
from estimators import ENSEMBLE
from reports import environments

T = TypeVar("T")
MARGIN = 0.01  # by which a probability may be beyond 0 and 1, since it was rounded
MOST = 2.0**53  # whole numbers that a float holds
LONGEST_PRINTED = 3000  # characters of the name of a class, with what is escaped in it
# Studies whose largest level speaks for a run that lacks the standard condition, and what that is then.
WHOLE = {
    "sizes": "training on {:,} images",
    "budgets": "a budget of {:g} s",
    "transfer": "training on {:,} images per class",
}
CELL = ["dataset", "variant", "seed"]  # what tells the cells of one condition apart
EVALUATED = ["predict_seconds", "warmup_seconds", "latency_ms", "latency_p95_ms", "latency_calls"]


@dataclass(frozen=True)
class Run:
    """A run folder, opened for reading; its tables are those of one condition, and `at` gives the others.

    Parameters
    ----------
    folder : where it lies.
    info : ``run.json`` as written; `load` adds a note where a study is under way or has no standard condition.
    trials, searches, fits, evaluations : the ledger's tables under one condition. Fits are those on the training rows. Of
        an evaluate study, the evaluations are those of the condition, and the rest is of the standard condition, which
        was fitted.
    passports : data set name -> its ``passport.json``.
    shown : data set name -> the condition of the tables.
    ledger : table name -> its rows under all conditions.
    """

    folder: Path
    info: dict[str, Any]
    trials: pd.DataFrame
    searches: pd.DataFrame
    fits: pd.DataFrame
    evaluations: pd.DataFrame
    passports: dict[str, dict[str, Any]]
    shown: dict[str, Condition]
    ledger: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)
    _files: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)  # the same under all conditions
    _read: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def datasets(self) -> list[str]:
        """Names of the data sets, in the order of the suite."""
        return list(self.info["datasets"])

    @property
    def variants(self) -> list[str]:
        """Labels of what is compared, in the order of the suite."""
        return list(self.info["variants"])

    @property
    def families(self) -> dict[str, str]:
        """Variant -> "classical" or "deep"; "" of an ensemble."""
        return {variant: facts["family"] for variant, facts in self.info["variants"].items()}

    @property
    def estimators(self) -> dict[str, str]:
        """Variant -> the name of its estimator."""
        return {variant: facts["estimator"] for variant, facts in self.info["variants"].items()}

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions of the suite, in its order."""
        return tuple(_condition(fields) for fields in self.info["conditions"])

    @property
    def fitted(self) -> tuple[Condition, ...]:
        """The conditions under which there are searches and fits of their own; the others have other test images."""
        return tuple(condition for condition in self.conditions if self._fitted(condition) == condition)

    def at(self, condition: Condition) -> Run:
        """The run under another condition: a `Run` like any other.

        Raises
        ------
        UserError : the run has no such condition.
        """
        if condition not in self.conditions:
            raise unknown("condition", str(condition) or "standard", [str(c) or "standard" for c in self.conditions])
        return self.once(("at", condition), lambda: self._at(condition))

    def levels(self, dataset: str, study: str) -> list[tuple[Condition, float]]:
        """The conditions of a study that were evaluated on a data set, with their values, ascending.

        The standard condition is one of them if the study has a level that changes nothing. Of `sizes`, that is "all": its
        value is the number of training images.
        """
        standard = self.info.get("studies", {}).get(study, {}).get("standard")
        values = {c: c.value for c in self.conditions if c.study == study}
        if standard is not None and STANDARD in self.conditions:
            total = float(self.passports.get(dataset, {}).get("train", 0))
            values[STANDARD] = total if study == "sizes" else float(standard)
        known = [(c, value) for c, value in values.items() if value is not None and self.at(c).scored(dataset)]
        return sorted(known, key=lambda level: level[1])

    def curve(self, dataset: str, study: str) -> pd.DataFrame:
        """The evaluated `cells` of a data set at all levels of a study, with ``condition`` and ``value``, ascending by value."""
        parts = []
        for condition, value in self.levels(dataset, study):
            run = self.at(condition)
            cells = run.cells[(run.cells["dataset"] == dataset) & (run.cells["status"] == "ok")]
            parts.append(cells.assign(condition=str(condition), value=value))
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    @property
    def cells(self) -> pd.DataFrame:
        """One row per fit, with what its evaluation measured. ``status`` and ``reason`` are those of the fit if that
        failed, else those of the evaluation; "unfinished" if there is none yet. ``finished`` is the last of the two.
        ``search_seconds`` is what the search took. To an ensemble, search and fit of its members are billed; `fits` has
        what it took itself.
        """

        def cells() -> pd.DataFrame:
            then = self.evaluations[[*CELL, "status", "reason", "finished", *EVALUATED]]
            table = self.fits.drop(columns="condition").merge(then, "left", CELL, suffixes=("", "_then"))
            failed = table["status"] != "ok"
            spent = self.searches[[*CELL, "spent_seconds"]].rename(columns={"spent_seconds": "search_seconds"})
            table = _billed(table.merge(spent, "left", CELL))
            return table.assign(
                status=table["status"].where(failed, table["status_then"].fillna("unfinished")),
                reason=table["reason"].where(failed, table["reason_then"].fillna("not evaluated yet")),
                finished=table[["finished", "finished_then"]].max(axis=1),
            ).drop(columns=["status_then", "reason_then", "finished_then"])

        return self.once("cells", cells)

    def planned(self, dataset: str) -> list[str]:
        """The variants that were to be run on a data set under the condition, in the order of the suite.

        Models of sources run where there is no image of the target, others where there are some that have something to start from.
        """
        condition = self.shown.get(dataset, STANDARD)
        nothing = condition.study == "transfer" and not condition.value
        absent = set(self.info.get("absent", {}).get(dataset, ()))
        origins = {name: facts.get("origin") for name, facts in self.info["variants"].items()}
        return [
            name
            for name, origin in origins.items()
            if name not in absent and nothing == (origin is not None and not origin["way"])
        ]

    def seeds(self, variant: str) -> list[int]:
        """The seeds that a variant was to be run with."""
        return [int(seed) for seed in self.info["seeds"]]

    def threads(self, variant: str) -> float:
        """How many threads each of its jobs had."""
        return float(self.info.get("threads") or 1)

    def title(self, dataset: str) -> str:
        """The data set's name as a reader would write it."""
        return str(self.passports.get(dataset, {}).get("title") or dataset)

    def classes(self, dataset: str) -> list[str]:
        """Class names; label value i means ``classes[i]``."""
        return [str(name) for name in self.passports[dataset]["classes"]]

    @property
    def notes(self) -> list[str]:
        """What a reader of any number of this run must know, one line each."""
        notes = [str(note) for note in self.info.get("notes", [])]
        apart = self.not_comparable
        return [
            *notes,
            *([f"Not all times can be compared, since they were not measured alike: {apart}."] if apart else []),
        ]

    @property
    def environments(self) -> dict[str, dict[str, Any]]:
        """Where the times of the run were measured: "session 1" -> environment; of equal ones the first alone."""
        found: dict[str, dict[str, Any]] = {}
        for number in self._measured():
            found.setdefault(self._place(number), self._environment(number))
        return found

    @property
    def not_comparable(self) -> str:
        """What differs between the environments of the run, and which variants were measured in which; "" if their times
        can be compared.
        """

        def told() -> str:
            differences = environments.differences(self.environments)
            where = "; ".join(f"{place}: {', '.join(names)}" for place, names in self._measured_where().items())
            return f"{differences} ({where})" if differences and where else differences

        return self.once("not comparable", told)

    def evaluated(self, dataset: str, variant: str) -> list[int]:
        """The seeds that were evaluated successfully, in order."""

        def seeds() -> dict[tuple[str, str], list[int]]:
            done = self.cells[self.cells["status"] == "ok"].sort_values("seed")
            return {cell: rows.astype(int).tolist() for cell, rows in done.groupby(["dataset", "variant"])["seed"]}

        return self.once("evaluated", seeds).get((dataset, variant), [])

    def scored(self, dataset: str) -> list[str]:
        """The variants with at least one successful evaluation, in the order of the suite."""
        return [name for name in self.variants if self.evaluated(dataset, name)]

    def test(self, dataset: str) -> Images:
        """The test images and labels; under a condition of a study that shows some of them, those."""
        images, rows = self._images(dataset, "test"), self.rows(dataset)
        return images if len(rows) == len(images) else self.once(("test", dataset), lambda: images.rows(rows))

    def rows(self, dataset: str) -> NDArray[np.int64]:
        """Which of all test images were shown under the condition: row numbers, ascending."""
        total = len(self._images(dataset, "test"))
        condition = self.shown.get(dataset, STANDARD)
        shown = self.info.get("test_images") if self._fitted(condition) != condition else None
        return drawn(total, shown or total)

    def samples(self, dataset: str) -> Images | None:
        """A few training images per class; None where the run has stored none."""
        return self._images(dataset, "samples") if self._data(dataset, "samples.npz").exists() else None

    def predictions(self, dataset: str, variant: str, seed: int) -> NDArray[np.float32]:
        """Predicted probabilities of the test images, float32 of shape (n_test, n_classes)."""
        path, condition = self._cell(dataset, variant, seed) / PREDICTIONS, self.shown[dataset]
        name = PROBABILITIES if self._fitted(condition) == condition else str(condition)
        proba = self._file((path, name), lambda: _arrays(path, name)[0])
        shape = (len(self.test(dataset)), len(self.classes(dataset)))
        if proba.dtype.kind != "f":
            raise UserError(f"{path} holds probabilities of type {proba.dtype}. Delete its folder and run again.")
        if proba.shape != shape:
            raise UserError(f"{path} holds probabilities of shape {proba.shape}, but the test has {shape}.")
        if np.isfinite(proba).all() and not -MARGIN <= proba.min(initial=0) <= proba.max(initial=0) <= 1 + MARGIN:
            raise UserError(f"{path} holds probabilities beyond 0 and 1. Delete its folder and run again.")
        if not np.isfinite(proba).all():
            raise UserError(f"{path} holds probabilities that are not finite. Delete its folder and run again.")
        return proba

    def neighbours(self, dataset: str, variant: str, seed: int) -> Neighbours | None:
        """The nearest training images of the worst mistakes of a fit; None where `crossover explain` has found none of it."""
        folder = self._cell(dataset, variant, seed)
        if not (folder / NEIGHBOURS).exists():
            return None
        found = self._file(folder / NEIGHBOURS, lambda: Neighbours.read(folder))
        return found if found.fit_key == self.fit(dataset, variant, seed)["key"] else None

    def fitted_at(self, dataset: str) -> Condition:
        """The condition of the fits that are shown of a data set."""
        return self._fitted(self.shown[dataset])

    def fit(self, dataset: str, variant: str, seed: int) -> pd.Series:
        """The ledger's row of a fit.

        Raises
        ------
        UserError : there is none.
        """
        fits = self.fits
        rows = fits[(fits["dataset"] == dataset) & (fits["variant"] == variant) & (fits["seed"] == seed)]
        if rows.empty:
            raise UserError(f"{self.folder} has no fit of {variant} on {dataset} with seed {seed}.")
        return rows.iloc[0]

    def model(self, dataset: str, variant: str, seed: int) -> Path:
        """The folder of the fitted model."""
        return self.folder / model_folder(dataset, str(self._fitted(self.shown[dataset])), variant, seed)

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

    def _at(self, condition: Condition) -> Run:
        return self._showing(dict.fromkeys(self.datasets, condition))

    def _showing(self, shown: dict[str, Condition]) -> Run:
        """The run with the tables of one condition for each data set; nothing is remembered but what was read from files."""
        fitted = {dataset: self._fitted(condition) for dataset, condition in shown.items()}
        tables = {name: _under(self.ledger[name], shown if name == "evaluations" else fitted) for name in TABLES}
        return replace(self, **tables, shown=shown, _read={})

    def _fitted(self, condition: Condition) -> Condition:
        """The condition of the fits that are evaluated under a condition."""
        return STANDARD if _stage(self.info, condition) == "evaluate" else condition

    def _measured(self) -> dict[int, list[str]]:
        """Session -> the variants that it measured, in the order of the suite; known sessions alone."""

        def measured() -> dict[int, list[str]]:
            rows = pd.concat([self.ledger[name][["session", "variant"]] for name in TABLES]).dropna().drop_duplicates()
            by_session = rows.groupby(rows["session"].astype(int))["variant"]
            known = range(len(self.info.get("sessions", [])))
            return {n: [v for v in self.variants if v in set(names)] for n, names in by_session if n in known}

        return self.once("measured", measured)

    def _environment(self, session: int) -> dict[str, Any]:
        work = {key: self.info.get(key) for key in environments.WORK}
        return work | self.info["sessions"][session].get("environment", {})

    def _place(self, session: int) -> str:
        """The name of a session's environment: that of the first session which had the same."""
        own = self._environment(session)
        return f"session {next(n for n in self._measured() if self._environment(n) == own) + 1}"

    def _measured_where(self) -> dict[str, list[str]]:
        """Environment -> the variants that were measured in it; nothing if there is one environment."""
        found: dict[str, dict[str, None]] = {}
        for number, names in self._measured().items():
            found.setdefault(self._place(number), {}).update(dict.fromkeys(names))
        return {place: list(names) for place, names in found.items()} if len(found) > 1 else {}

    def _cell(self, dataset: str, variant: str, seed: int) -> Path:
        return self.folder / cell_folder(dataset, str(self._fitted(self.shown[dataset])), variant, seed)

    def _data(self, dataset: str, name: str) -> Path:
        if dataset not in self.datasets:
            raise unknown("data set", dataset, self.datasets)
        return data_folder(self.folder, dataset) / name

    def _file(self, key: Any, read: Callable[[], T]) -> T:
        if key not in self._files:
            self._files[key] = read()
        return self._files[key]

    def _images(self, dataset: str, name: str) -> Images:
        path = self._data(dataset, f"{name}.npz")

        def checked() -> Images:
            images, labels = _arrays(path, "X", "y")
            known = self.passports.get(dataset, {}).get("classes")
            try:
                if (
                    known
                    and len(labels)
                    and labels.dtype.kind in "iu"
                    and not 0 <= labels.min() <= labels.max() < len(known)
                ):
                    raise ValueError(f"labels from {labels.min()} to {labels.max()}, and {len(known)} classes")
                return Images(images, labels)
            except ValueError as error:
                raise UserError(f"{path} is damaged: {error}.") from error

        return self._file(path, checked)


def load(folder: Path | str) -> Run:
    """Open a run folder for reading, under the standard condition.

    Of a study of sizes without "all", or of budgets, it is opened at the largest; of one that is under way, at the largest
    that most variants have come to, with a note.

    Parameters
    ----------
    folder : as `crossover run` made it, finished or not; it is not written to.

    Raises
    ------
    UserError : the folder is missing, is not a run folder, is of another format, or a file in it is damaged.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(f"There is no run folder {folder}. `crossover run SUITE` makes one under runs/.{meant(folder)}")
    if not (folder / "run.json").is_file():
        raise UserError(f"{folder} is not a run folder: it has no run.json.{meant(folder)}")
    info = _info(folder)
    if not (folder / "ledger.sqlite").is_file():
        if (folder / "cells").is_dir():
            raise UserError(
                f"{folder} has no ledger.sqlite, which says what was computed in it. Its models still predict, such as "
                f"'crossover predict {folder}/cells/DATASET/VARIANT/standard/seed-0/model photos/'; for a report run the suite "
                "again under another --run NAME."
            )
        raise UserError(f"{folder} has no ledger.sqlite: nothing was run in it yet.")
    ledger = {name: _table(folder, name, info) for name in TABLES}
    ledger["fits"] = ledger["fits"][ledger["fits"]["trained_on"] == TRAINING_ROWS].reset_index(drop=True)
    everything = Run(folder, info, **ledger, passports={}, shown={}, ledger=ledger)
    ledger["evaluations"] = _current(everything)
    shown = {dataset: _default(everything, dataset) for dataset in everything.datasets}
    under_way = [
        f"{dataset}: not all {condition.study} are done; this is {WHOLE[condition.study].format(condition.level)}."
        for dataset, condition in shown.items()
        if not condition.is_standard and STANDARD in everything.conditions
    ]
    not_standard = [
        f"{dataset}: leaderboard and figures are of {condition}; those of the study are of every level."
        for dataset, condition in shown.items()
        if not condition.is_standard and condition.study not in WHOLE
    ]
    info["notes"] = [*info.get("notes", []), *under_way, *not_standard]
    run = everything._showing(shown)
    for dataset in run.datasets:
        path = data_folder(folder, dataset) / "passport.json"
        if path.is_file():
            run.passports[dataset] = _passport(path)
        elif run.scored(dataset):
            raise UserError(
                f"{path} is missing, though {dataset} was evaluated: the folder was published without its data and "
                "predictions, or they were deleted. The page that was built is beside it; to build it anew, run the suite again."
            )
    return run


def _passport(path: Path) -> dict[str, Any]:
    passport = printed(_object(path), path)
    classes = passport.get("classes")
    if not isinstance(classes, list) or not classes or not all(isinstance(name, str) for name in classes):
        raise UserError(f"{path} is damaged: it does not list the classes.")
    if len(classes) > MOST_CLASSES or max(map(len, classes)) > LONGEST_PRINTED:
        raise UserError(f"{path} is damaged: its classes are too many, or have names that are too long.")
    if wrong := next((name for name in ("train", "test") if type(passport.get(name, 0)) is not int), None):
        raise UserError(f"{path} is damaged: {wrong} is no number of images.")
    for name in ("title", "note", "homepage", "licence", "fingerprint", "framing"):
        passport[name] = str(passport.get(name) or "")
    return passport


def without_damaged(run: Run) -> tuple[Run, list[str]]:
    """The run without the evaluations whose files cannot be read, which count as failed, and a line for each of these files."""
    lost: dict[str, None] = {}
    evaluations = run.ledger["evaluations"].copy()
    for condition in run.conditions:
        at = run.at(condition)
        for dataset in at.datasets:
            for variant in at.scored(dataset):
                for seed in at.evaluated(dataset, variant):
                    try:
                        at.predictions(dataset, variant, seed)
                    except UserError as error:
                        lost[str(error)] = None
                        cell = {"dataset": dataset, "condition": str(condition), "variant": variant, "seed": seed}
                        where = np.logical_and.reduce([evaluations[name] == value for name, value in cell.items()])
                        evaluations.loc[where, ["status", "reason"]] = "damaged", str(error)
    if not lost:
        return run, []
    return replace(run, ledger=run.ledger | {"evaluations": evaluations})._showing(run.shown), list(lost)


def _info(folder: Path) -> dict[str, Any]:
    path = folder / "run.json"
    info = _object(path)
    if "suite" in info and info.get("format", 1) != FORMAT:
        raise UserError(
            f"{folder} is a run folder of format {info.get('format', 1)} (Crossover {info.get('crossover', '?')}); this "
            f"version reads format {FORMAT}. Run the suite again under another --run NAME."
        )
    if lacking := [key for key in ("suite", "datasets", "variants", "seeds", "conditions") if key not in info]:
        raise UserError(f"{path} lacks {', '.join(map(repr, lacking))}.")
    try:
        for facts in info["variants"].values():
            facts["estimator"], facts["family"]
        for fields in info["conditions"]:
            _condition(fields)
    except (AttributeError, KeyError, TypeError) as error:
        raise UserError(f"{path} is damaged: {type(error).__name__} {error} in its variants or conditions.") from error
    return checked(info, path)


def _condition(fields: Mapping[str, Any]) -> Condition:
    return Condition(fields["study"], fields["level"], fields["value"])


def _stage(info: Mapping[str, Any], condition: Condition) -> str:
    return "train" if condition.is_standard else info.get("studies", {}).get(condition.study, {}).get("stage", "train")


def _under(table: pd.DataFrame, conditions: Mapping[str, Condition]) -> pd.DataFrame:
    """The rows of a table under one condition for each data set."""
    wanted = table["dataset"].map({dataset: str(condition) for dataset, condition in conditions.items()})
    return table[table["condition"] == wanted].reset_index(drop=True)


def _current(run: Run) -> pd.DataFrame:
    """The evaluations of the fits that are there; a fit that was made again is not yet evaluated."""
    fitted = {str(c): str(run._fitted(c)) for c in run.conditions}
    fits = run.ledger["fits"][["condition", *CELL, "key"]]
    table = run.ledger["evaluations"]
    keys = table.assign(condition=table["condition"].map(fitted)).merge(
        fits, "left", ["condition", *CELL], suffixes=("", "_fit")
    )
    return table[(keys["key_fit"] == keys["fit_key"]).to_numpy()].reset_index(drop=True)


def _default(run: Run, dataset: str) -> Condition:
    """The condition that speaks for a run: the standard one, or the largest size or budget, to which most variants came.

    While a study is under way, not all of its variants have come to the largest size, and would not be compared.
    """
    fitted = run.fitted
    # At level 0 of transfer there are models of sources alone.
    whole = [c for c in fitted if c.is_standard or (c.study in WHOLE and c.value)] or list(fitted)

    def rank(condition: Condition) -> tuple[int, bool, float]:
        cells = run.at(condition).cells
        ended = cells.loc[(cells["dataset"] == dataset) & (cells["status"] != "unfinished"), "variant"].nunique()
        return ended, condition.is_standard, (condition.value or 0.0) if condition.study in WHOLE else 0.0

    return max(whole, key=rank) if len(whole) > 1 else [*whole, STANDARD][0]


def _arrays(path: Path, *names: str) -> list[NDArray]:
    if not path.exists():
        raise UserError(f"{path} is missing. Run the suite again; it computes what is missing.")
    try:
        return npz.read_named(path, names)
    except UserError as error:
        raise UserError(f"{path} cannot be read: {error} If it is damaged, remove it and run again.") from error


def _object(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(text_of(path))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is damaged: {error}.") from error
    if not isinstance(value, dict):
        raise UserError(f"{path} is damaged: it must hold a JSON object.")
    return value


def _billed(cells: pd.DataFrame) -> pd.DataFrame:
    """Fits with their searches, where those of ensembles have what their members took as well."""
    for place in cells.index[cells["estimator"] == ENSEMBLE]:
        cell = cells.loc[place]
        beside = cells[(cells["dataset"] == cell["dataset"]) & (cells["seed"] == cell["seed"])]
        members = beside[beside["variant"].isin(members_of(cell["found"]))]
        cells.loc[place, "search_seconds"] = members["search_seconds"].sum(min_count=1)
        cells.loc[place, "fit_seconds"] = cell["fit_seconds"] + members["fit_seconds"].sum()
    return cells


def members_of(found: Any) -> dict[str, int]:
    """The members of an ensemble and how often each counts, by what its row says was found; none where that does not tell."""
    weights = found.get("weights") if isinstance(found, dict) else None
    return {str(k): v for k, v in weights.items() if isinstance(v, int)} if isinstance(weights, dict) else {}


def _table(folder: Path, name: str, info: dict[str, Any]) -> pd.DataFrame:
    path = folder / "ledger.sqlite"
    table = read_table(folder, name)
    declared = columns(name)
    for key, known in (("dataset", info["datasets"]), ("variant", info["variants"])):
        if strange := sorted(map(str, set(table[key]) - set(known))):
            raise UserError(f"{path}: table {name} has the {key} {strange[0]!r}, which run.json does not name.")
    for column, kind in declared.items():
        if kind == "TEXT":
            table[column] = table[column].fillna("").astype(str).map(_printed)
        elif kind != "JSON":  # A column of which every row is NULL comes back as objects; figures need numbers.
            table[column] = (
                pd.to_numeric(table[column], errors="coerce").astype(float).replace([np.inf, -np.inf], np.nan)
            )
            if kind == "INTEGER":
                table[column] = _whole(table[column])
    return _identified(table, name, path, info)


def _printed(text: str) -> str:
    return text if text.isprintable() else told(text)


def _whole(column: pd.Series) -> pd.Series:
    """The column without what is no whole number; of whole numbers alone it is int64."""
    column = column.where((column == column.round()) & (column.abs() < MOST))
    return column if column.isna().any() else column.astype("int64")


def _identified(table: pd.DataFrame, name: str, path: Path, info: dict[str, Any]) -> pd.DataFrame:
    """The rows that say what they are of, none twice; of others `info` has a note."""
    key = list(primary_key(name))
    good = table[key].notna().all(axis=1) & ~table.duplicated(key)
    if good.all():
        return table
    info["notes"] = [
        *info.get("notes", []),
        f"{(~good).sum():,} rows of the table {name} in {path.name} do not say what they are of, and are left out.",
    ]
    left = table[good].reset_index(drop=True)
    numbers = [column for column in key if column in ("seed", "number")]
    return left.astype(dict.fromkeys(numbers, "int64"))
