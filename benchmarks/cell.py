"""The `Cell`: one (data set, train condition, variant, seed), which is searched, fitted and evaluated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmarks import studies
from benchmarks.budget import Budget
from benchmarks.data.images import Dataset
from benchmarks.data.split import split
from benchmarks.errors import UserError
from benchmarks.execution.job import Job, Kind
from benchmarks.execution.sources import code_digest
from benchmarks.layout import cell_folder, model_folder
from benchmarks.studies.study import STANDARD, Condition, Stage
from benchmarks.suite import Suite, budget_of, conditions, variants
from benchmarks.variant import Variant

VALIDATION_ROWS = 200
FEW_ROWS, FOLDS = 3000, 3  # training rows below which one fold cannot tell two settings apart


@dataclass(frozen=True)
class Cell:
    """One (data set, train condition, variant, seed) of a suite.

    `validation_share` of its training rows scores a trial, in up to `folds` folds; its search tries the settings of
    `portfolio` first.
    """

    dataset: Dataset
    condition: Condition
    variant: Variant
    seed: int
    suite: Suite
    validation_share: float
    folds: int
    portfolio: Sequence[Mapping[str, Any]] = ()

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
        facts: dict[str, Any] = {
            "kind": kind,
            "dataset": self.dataset.name,
            "data": str(self.dataset.folder),
            # What never sees the test part does not depend on it.
            "fingerprint": self.dataset.train_fingerprint if kind in ("trial", "fit") else self.dataset.fingerprint,
            "variant": self.variant.name,
            "estimator": self.variant.reference,
            "code": code,
            "seed": self.seed,
            "validation_share": self.validation_share,
            "params": dict(params),
            # Another budget changes what is asked of a worker, not what it does.
            "condition": STANDARD if stage_of(condition) == "search" else condition,
        }
        limits = self.variant.search.limits.over(self.suite.limits).of(kind, self.budget)
        return Job(**(limits | facts | more))


def cells(
    suite: Suite, datasets: Sequence[Dataset], portfolios: Mapping[str, Mapping[str, Sequence[Any]]] | None = None
) -> list[Cell]:
    """Every cell of a suite, in the order in which they run: all variants of a data set and condition, seed by seed.

    `portfolios` are those of an earlier session by data set and variant: a search goes on with the one that it began with.
    """
    compared, before = variants(suite), portfolios or {}

    def tried_first(dataset: Dataset, variant: Variant) -> Sequence[Mapping[str, Any]]:
        recorded = before.get(dataset.name, {}).get(variant.name)
        return variant.portfolio(dataset.name) if recorded is None else variant.restricted(recorded)

    return [
        Cell(dataset, condition, variant, seed, suite, share, folds, first[variant.name])
        for dataset in datasets
        for first in [{variant.name: tried_first(dataset, variant) for variant in compared}]
        for condition in possible(suite, dataset)[0]
        for seed in suite.seeds
        for share, folds in [validation(suite, dataset, condition, seed)]
        for variant in compared
    ]


def validation(suite: Suite, dataset: Dataset, condition: Condition, seed: int) -> tuple[float, int]:
    """The share of the training rows that scores a trial, and how many folds of that share it should look at.

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
    return share, folds


def evaluated_under(cell: Cell) -> Iterator[Condition]:
    """The conditions under which the fit of a cell is evaluated: its own, and those of the studies that need no other fit."""
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
    return [variant.file, *map(studies.file_of, changing)]


def stage_of(condition: Condition) -> Stage | None:
    """Where a condition makes a difference; None for the standard condition."""
    return None if condition.is_standard else studies.get(condition.study).stage
