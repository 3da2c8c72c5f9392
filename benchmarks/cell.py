"""The `Cell`: one (data set, train condition, variant, seed), which is searched, fitted and evaluated."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmarks import studies
from benchmarks.budget import Budget
from benchmarks.data.images import Dataset
from benchmarks.data.split import split
from benchmarks.errors import UserError
from benchmarks.execution.job import AS_IT_IS, Fit, Job, Kind, Start
from benchmarks.execution.sources import code_digest
from benchmarks.layout import cell_folder, model_folder
from benchmarks.studies.study import STANDARD, Condition, Stage
from benchmarks.suite import Suite, budget_of, conditions, variants
from benchmarks.transfer import Given, Sources, lacking
from benchmarks.variant import TRANSFER, Variant

VALIDATION_ROWS = 200
FEW_ROWS, FOLDS = 3000, 3  # training rows below which one fold cannot tell two settings apart


@dataclass(frozen=True)
class Cell:
    """One (data set, train condition, variant, seed) of a suite.

    It has so many training `rows`, of which `validation_share` scores a trial, in up to `folds` folds; its search tries the
    settings of `portfolio` first. `source` is what its variant has of one, and `start` the model that its jobs start from, once that is
    fitted.
    """

    dataset: Dataset
    condition: Condition
    variant: Variant
    seed: int
    suite: Suite
    rows: int
    validation_share: float
    folds: int
    portfolio: Sequence[Mapping[str, Any]] = ()
    source: Given | None = None
    start: Start | None = None

    @property
    def learned(self) -> Dataset:
        """The data set whose images its trials and fits see: the source's where it is the model of a source."""
        taught = self.source.data if self.source is not None and self.variant.is_source else None
        return self.dataset if taught is None else taught

    @property
    def model_of_source(self) -> dict[str, Any]:
        """The primary key in the ledger of the fit that it starts from."""
        assert self.variant.origin is not None and self.variant.origin.model is not None
        nothing = studies.get(TRANSFER).condition(0)
        return self.under(nothing) | {"variant": self.variant.origin.model.name}

    def starting(self, fit: Mapping[str, Any], folder: Path) -> Cell:
        """The same cell, which starts from the fit of its source's model in a run folder."""
        assert self.variant.origin is not None and self.source is not None
        data = self.source.data
        start = Start(
            self.variant.origin.way,
            self.source.labels,
            str(folder / fit["folder"]),
            fit["key"],
            "" if data is None else str(data.folder),
            self.source.fingerprint,
        )
        started = replace(self, start=start)
        started.__dict__["_codes"] = self._codes  # as they were when first asked for
        return started

    @property
    def where(self) -> dict[str, Any]:
        """Its primary key in the ledger."""
        return self.under(self.condition)

    def under(self, condition: Condition) -> dict[str, Any]:
        """The primary key in the ledger of what was done with it under a condition."""
        return {
            "dataset": self.dataset.name,
            "condition": str(condition),
            "variant": self.variant.name,
            "seed": self.seed,
        }

    @property
    def siblings(self) -> list[Variant]:
        """What an ensemble may be made of: the other variants that are fitted beside it."""
        others = [v for v in variants(self.suite) if not v.estimator.is_ensemble and not v.is_source]
        return [variant for variant in others if variant.runs_under(self.condition)]

    @property
    def budget(self) -> Budget:
        """What it has for search and final fit."""
        return budget_of(self.suite, self.condition, self.seed)

    @property
    def made_of(self) -> dict[str, Any]:
        """What the ledger notes of the variant in every row."""
        return {"estimator": self.variant.estimator.name, "family": self.variant.estimator.family}

    @property
    def name(self) -> str:
        """As it is called in lines that people read."""
        condition = "" if self.condition.is_standard else f" · {self.condition}"
        seed = f" · seed {self.seed}" if len(self.suite.seeds) > 1 else ""
        return f"{self.dataset.name} · {self.variant.name}{condition}{seed}"

    @property
    def folder(self) -> str:
        """Relative to the run folder."""
        return cell_folder(**self.where)

    @property
    def model(self) -> str:
        """The folder of its model, relative to the run folder."""
        return model_folder(**self.where)

    @property
    def code(self) -> str:
        """A digest of the sources and libraries that its searches and fits run."""
        return self.code_under(self.condition)

    def code_under(self, condition: Condition) -> str:
        """A digest of the sources and libraries that its jobs run under a condition, as they were when first asked for."""
        if condition not in self._codes:
            self._codes[condition] = code_digest(*source_files(self.variant, [condition]))
        return self._codes[condition]

    @cached_property
    def _codes(self) -> dict[Condition, str]:
        return {}

    def job(self, kind: Kind, params: Any, **more: Any) -> Job:
        """A job of this cell.

        Raises
        ------
        UserError : its code was edited since the cell was made, so that nobody knows which of the two a worker runs.
        """
        assert self.dataset.folder is not None
        condition = more.get("condition", self.condition)
        code = self.code_under(condition)
        if code != code_digest(*source_files(self.variant, [condition])):
            raise UserError(
                f"The code of {self.variant.name} was edited while it ran. What was computed before is kept; start the same "
                "command again."
            )
        learns = kind in ("trial", "fit", "mix")
        data = self.learned if learns else self.dataset
        facts: dict[str, Any] = {
            "kind": kind,
            "dataset": data.name,
            "data": str(data.folder),
            # What never sees the test part does not depend on it.
            "fingerprint": data.train_fingerprint if learns else data.fingerprint,
            "variant": self.variant.name,
            "estimator": self.variant.reference,
            "code": code,
            "seed": self.seed,
            "validation_share": self.validation_share,
            "params": dict(params),
            # Another budget changes what is asked of a worker, not what it does.
            "condition": STANDARD if stage_of(condition) == "search" else condition,
            "start": self._start(learns),
        }
        limits = self.variant.search.limits.over(self.suite.limits).of(kind, self.budget)
        return Job(**(limits | facts | more))

    def _start(self, learns: bool) -> Start | None:
        if self.source is None:
            return None
        if self.variant.is_source and not learns:
            return Start("", self.source.labels)  # Its classes are not the target's.
        if self.variant.is_source and self.source.model:
            return Start(AS_IT_IS, self.source.labels, self.source.model, self.source.fingerprint)
        return self.start if learns else None


def cells(
    suite: Suite,
    datasets: Sequence[Dataset],
    portfolios: Mapping[str, Mapping[str, Sequence[Any]]] | None = None,
    sources: Sources | None = None,
) -> list[Cell]:
    """Every cell of a suite, in the order in which they run: all variants of a data set and condition, seed by seed; models
    of sources first.

    Parameters
    ----------
    portfolios : those of an earlier session by data set and variant: a search goes on with the one that it began with.
    sources : what those of the suite have for its data sets.
    """
    compared, before, has = variants(suite), portfolios or {}, sources or {}

    def tried_first(dataset: Dataset, variant: Variant) -> Sequence[Mapping[str, Any]]:
        recorded = before.get(dataset.name, {}).get(variant.name)
        return variant.portfolio(dataset.name) if recorded is None else variant.restricted(recorded)

    found = [
        Cell(dataset, condition, variant, seed, suite, rows, share, folds, first[variant.name], source)
        for dataset in datasets
        for own in [[variant for variant in compared if not lacking(variant, dataset, has)]]
        for first in [{variant.name: tried_first(dataset, variant) for variant in own}]
        for condition in possible(suite, dataset)[0]
        for seed in suite.seeds
        for usual in [validation(suite, dataset, condition, seed)]
        for variant in own
        if variant.runs_under(condition)
        for source in [has[dataset.name, variant.origin.source.name] if variant.origin is not None else None]
        for rows, share, folds in [
            validation(suite, source.data, STANDARD, seed) if variant.is_source and source and source.data else usual
        ]
    ]
    return sorted(found, key=lambda cell: not cell.variant.is_source) if has else found


def validation(suite: Suite, dataset: Dataset, condition: Condition, seed: int) -> tuple[int, float, int]:
    """How many training rows there are, the share of them that scores a trial, and how many folds of it that should look at.

    The share is that of the suite, and more where a condition leaves few rows: 10 images cannot tell two settings apart, so
    a subset gives `VALIDATION_ROWS`, or a third of its rows if it has fewer than three times as many. The same for every
    variant, and the fit has all the rows.

    Raises
    ------
    UserError : a class has too few rows for the split.
    """
    train = studies.training(dataset.train, condition, seed)
    share, folds = suite.validation_share, FOLDS if len(train) < FEW_ROWS else 1
    if len(train) < len(dataset.train):
        share = max(share, min(1 / 3, VALIDATION_ROWS / len(train)))
    split(train.y, share, seed, dataset.classes, train.groups)
    return len(train), share, folds


def evaluated_under(cell: Cell) -> Iterator[Condition]:
    """The conditions under which the fit of a cell is evaluated: its own, and those of the studies that need no other fit."""
    if cell.variant.is_source and cell.source is not None and not cell.source.answers(cell.dataset.classes):
        return  # It has no answer for some classes of the target.
    yield cell.condition
    if cell.condition.is_standard:
        yield from conditions(cell.suite, "evaluated")


def possible(suite: Suite, dataset: Dataset) -> tuple[list[Condition], list[str]]:
    """The train conditions of a suite that a data set has images for, and notes on those left out.

    Raises
    ------
    UserError : none is left.
    """
    left, out = [], {}
    for condition in conditions(suite, "fitted"):
        reason = (
            "" if condition == STANDARD else studies.get(condition.study).excluded(dataset.train.y, condition.level)
        )
        if reason:
            out[str(condition)] = reason
        else:
            left.append(condition)
    notes = [f"{dataset.name}: left out is {name}: {reason}" for name, reason in out.items()]
    if not left:
        raise UserError(f"{'; '.join(notes)}. Give other levels.")
    return left, notes


def source_files(variant: Variant, under: Sequence[Condition]) -> list[Path]:
    """The files that define a variant's estimator, and the studies that change its images under some conditions."""
    changing = [condition.study for condition in under if stage_of(condition) not in (None, "search")]
    model = variant.origin.model if variant.origin is not None else None
    return [variant.file, *([] if model is None else [model.file]), *map(studies.file_of, changing)]


def stage_of(condition: Condition) -> Stage | None:
    """Where a condition makes a difference; None for the standard condition."""
    return None if condition.is_standard else studies.get(condition.study).stage


def fitted(rows: Iterable[Mapping[str, Any]], made_by: Mapping[str, Variant], folder: Path) -> tuple[Fit, ...]:
    """The fits of one data set, condition and seed, as an ensemble may be made of them.

    Those with one estimator and one setting are alike. Of what a fit finds itself, such as a temperature, it is that of the base setting
    which counts.

    Parameters
    ----------
    rows : of the ledger, those that are ok.
    made_by : label -> variant.
    folder : of the run.
    """
    found = []
    for row in rows:
        variant = made_by[row["variant"]]
        setting = row["params"] | {name: variant.base.get(name) for name in row["found"]}
        alike = json.dumps([row["estimator"], variant.origin and variant.name, setting], sort_keys=True)
        model = str(folder / row["folder"])
        found.append(Fit(row["variant"], variant.reference, model, row["key"], alike, row["validation_score"]))
    return tuple(found)
