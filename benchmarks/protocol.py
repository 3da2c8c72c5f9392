"""The way of one cell: search, refit on all training rows, read the test once, store.

Everything that is finished is in the ledger, so running again on the same folder does only what is missing. Strategies
are deterministic: a search that was interrupted is replayed from the recorded outcomes up to where it stopped.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

import estimators
import tuning
from benchmarks.data.images import Dataset
from benchmarks.data.passport import passport
from benchmarks.data.split import ROWS_PER_CLASS, subset
from benchmarks.errors import UserError
from benchmarks.execution.executors import Execute
from benchmarks.execution.job import Job
from benchmarks.ledger import Ledger
from benchmarks.suite import Search, Suite
from estimators.estimator import Estimator
from tuning import Outcome, Trial

SAMPLES_PER_CLASS = 8
VALIDATION_ROWS = 200


class Observer(Protocol):
    """Who is told what happens while it happens."""

    def noted(self, note: str) -> None: ...
    def cell_started(self, cell: Cell) -> None: ...
    def trial_ended(self, cell: Cell, number: int, outcome: Outcome, spent: float) -> None:
        """`spent` is the share of the search's budget that is gone."""

    def cell_ended(self, cell: Cell, final: Mapping[str, Any], accuracy: float | None) -> None:
        """Also told, without `cell_started` before it, of a cell that was finished in an earlier session."""


@dataclass(frozen=True)
class Cell:
    """One (data set, estimator, seed) of a suite: the unit that is searched, refitted and tested once.

    In a study of sizes there is one for each size: `rows` is the number of training rows, None for all.
    """

    dataset: Dataset
    estimator: Estimator
    seed: int
    suite: Suite
    reference: str = ""
    rows: int | None = None

    @property
    def where(self) -> dict[str, Any]:
        """Its primary key in the ledger."""
        return {
            "dataset": self.dataset.name,
            "estimator": self.estimator.name,
            "seed": self.seed,
            "train_rows": self.rows or 0,
        }

    @property
    def name(self) -> str:
        """As it is called in lines that people read."""
        size = "" if not self.suite.sizes else f" · {self.rows:,} rows" if self.rows else " · all rows"
        seed = f" · seed {self.seed}" if len(self.suite.seeds) > 1 else ""
        return f"{self.dataset.name} · {self.estimator.name}{size}{seed}"

    @property
    def search(self) -> Search:
        return self.suite.search.get(self.reference, Search())

    @property
    def strategy(self) -> str:
        return self.search.strategy or self.estimator.strategy

    @property
    def folder(self) -> str:
        """Relative to the run folder."""
        size = f"rows-{self.rows}/" if self.rows else ""
        return f"cells/{self.dataset.name}/{self.estimator.name}/{size}seed-{self.seed}"

    def job(self, params: Mapping[str, Any], effort: float = 1.0, **more: Any) -> Job:
        """A job of this cell; a trial unless told otherwise."""
        assert self.dataset.folder is not None
        facts: dict[str, Any] = {
            "kind": "trial",
            "dataset": self.dataset.name,
            "data": str(self.dataset.folder),
            "fingerprint": self.dataset.fingerprint,
            "estimator": self.reference,
            "source": source_digest(self.estimator),
            "seed": self.seed,
            "validation_share": validation_share(self.suite, self.rows),
            "params": dict(params),
            "effort": effort,
            "rows": self.rows,
        } | more
        return Job(**(self.search.limits.over(self.suite.limits).of(facts["kind"], self.suite.budget) | facts))


def cells(suite: Suite, datasets: Sequence[Dataset]) -> list[Cell]:
    """Every cell of a suite, in the order in which they run: all estimators of a data set and size, seed by seed."""
    return [
        Cell(dataset, estimators.get(name), seed, suite, name, rows)
        for dataset in datasets
        for rows in training_sizes(suite, dataset)[0]
        for seed in suite.seeds
        for name in suite.estimators
    ]


def training_sizes(suite: Suite, dataset: Dataset) -> tuple[list[int | None], str]:
    """The sizes of a suite that a data set has rows for, None meaning all rows; and a note on those left out.

    Raises
    ------
    UserError : none is left.
    """
    if not suite.sizes:
        return [None], ""
    y = dataset.train.y
    least = len(subset(y, 1, 0))  # 10 of each class
    fitting = [None if size == "all" else size for size in suite.sizes if size == "all" or least <= size < len(y)]
    left_out = [f"{size:,}" for size in suite.sizes if size != "all" and not least <= size < len(y)]
    note = (
        f"{dataset.name}: no study at {', '.join(left_out)} rows: a subset has at least {least:,} rows, "
        f"{ROWS_PER_CLASS} of each class where there are as many, and fewer than all {len(y):,}"
    )
    if not fitting:
        raise UserError(note + ". Give other sizes, or 'all'.")
    return fitting, note if left_out else ""


def validation_share(suite: Suite, rows: int | None) -> float:
    """The share of the training rows that scores trials: that of the suite, and more of a small subset.

    10 images cannot tell two settings apart, so a subset gives `VALIDATION_ROWS`, or a third of its rows if it has fewer
    than three times as many. The same for every estimator, and the refit has all the rows.
    """
    return suite.validation_share if rows is None else max(suite.validation_share, min(1 / 3, VALIDATION_ROWS / rows))


def run_cell(cell: Cell, folder: Path, ledger: Ledger, execute: Execute, observer: Observer) -> bool:
    """Do what is missing of a cell; returns whether it ended well."""
    finals = ledger.rows("finals", **cell.where)
    if finals and finals[0]["status"] == "ok":
        observer.cell_ended(cell, finals[0], _accuracy(cell, folder))
        return True
    observer.cell_started(cell)
    if not ledger.has("searches", **cell.where):
        _search(cell, ledger, execute, observer)
    final = _evaluate(cell, folder, ledger, execute)
    ledger.write("finals", final)
    observer.cell_ended(cell, final, _accuracy(cell, folder) if final["status"] == "ok" else None)
    return final["status"] == "ok"


@dataclass
class _Spending:
    """What a search has spent, and whether it can afford another trial."""

    cell: Cell
    trials: int = 0
    seconds: float = 0.0
    thinking: float = 0.0
    driver: float = 0.0  # seconds of this process that no budget pays
    running: dict[int, float] = field(default_factory=dict)  # place of a trial → seconds that it takes at least
    costs: list[tuple[float, float]] = field(default_factory=list)  # (effort, seconds) of the trials that ran

    def refusal(self, trial: Trial) -> str:
        """Why the budget has no room for a trial; "" if it has. The first trial always runs."""
        budget = self.cell.suite.budget
        if budget.trials is not None:
            return "" if self.trials + len(self.running) < budget.trials else f"budget of {budget} spent"
        if not self.trials or budget.seconds is None:
            return ""
        left = budget.seconds - self.seconds - self.thinking - sum(self.running.values())
        # A trial that cannot be expected to fit would be paid by nobody's budget.
        expected = self.expected(trial)
        if left <= 0 or expected > left:
            return f"budget of {budget} spent: {max(0.0, left):.0f} s left, at least {expected:.0f} s expected"
        return ""

    def expected(self, trial: Trial) -> float:
        """Seconds that a trial takes at least, going by earlier ones: costs grow at least as effort does."""
        return min((s * max(1.0, trial.effort / e) for e, s in self.costs), default=0.0)

    @property
    def share(self) -> float:
        """Of the budget, what is gone."""
        budget = self.cell.suite.budget
        return (self.seconds + self.thinking) / budget.seconds if budget.seconds else self.trials / (budget.trials or 1)

    def add(self, trial: Trial, seconds: float) -> None:
        self.trials += 1
        self.seconds += seconds
        self.costs.append((trial.effort, seconds))


def _search(cell: Cell, ledger: Ledger, execute: Execute, observer: Observer) -> None:
    space = cell.estimator.space
    if cell.search.axes is not None:
        space = tuning.Space(**{name: space[name] for name in cell.search.axes})
    propose = tuning.strategy(cell.strategy)(
        space, cell.estimator.base | cell.search.base, cell.seed, **cell.search.options
    )
    recorded = {row["key"]: row for row in ledger.rows("trials", **cell.where)}
    spending = _Spending(cell)
    outcomes: list[Outcome] = []
    answers: list[Outcome] | None = None
    while True:
        started = time.perf_counter()
        try:
            batch = next(propose) if answers is None else propose.send(answers)
        except StopIteration:
            ended = "the strategy ended"
            break
        except ValueError as error:  # An option whose value is out of range.
            raise UserError(f"search.{cell.reference}: {error}") from error
        finally:
            spending.thinking += time.perf_counter() - started
        answers = _try(cell, batch, len(outcomes), recorded, spending, ledger, execute, observer)
        outcomes += answers
        if any(o.status == "skipped" for o in answers):
            ended = next(o.reason for o in answers if o.status == "skipped")
            propose.close()
            break
    best = tuning.winner(outcomes)
    budget = cell.suite.budget
    if budget.seconds and (over := spending.seconds + spending.thinking - budget.seconds) > 0.02 * budget.seconds:
        observer.noted(f"{cell.name}: the search took {over:.0f} s more than its {budget}")
    ledger.write(
        "searches",
        cell.where
        | {
            "family": cell.estimator.family,
            "strategy": cell.strategy,
            "budget": str(budget),
            "granted_seconds": budget.seconds,
            "granted_trials": budget.trials,
            "spent_seconds": spending.seconds + spending.thinking,
            "thinking_seconds": spending.thinking,
            "driver_seconds": spending.driver,
            "trials": spending.trials,
            "winner": None if best is None else next(i for i, o in enumerate(outcomes, start=1) if o is best),
            "ended": ended,
        },
    )


def _try(
    cell: Cell,
    batch: Sequence[Trial],
    before: int,
    recorded: Mapping[str, Mapping[str, Any]],
    spending: _Spending,
    ledger: Ledger,
    execute: Execute,
    observer: Observer,
) -> list[Outcome]:
    """The outcomes of a batch, in its order: taken from the ledger where it has them, else tried now."""
    outcomes: dict[int, Outcome] = {}
    numbers: dict[int, int] = {}  # id of a job → its place in the batch

    def conclude(place: int, row: Mapping[str, Any]) -> None:
        outcomes[place] = Outcome(
            batch[place],
            row["status"],
            row.get("score"),
            row.get("seconds") or 0.0,
            row.get("reason") or "",
            row.get("found") or {},
        )

    def claimed(place: int, trial: Trial) -> Job | None:
        """The job of a trial that is to run now; None if it is concluded without."""
        job = cell.job(trial.params, trial.effort)
        row = recorded.get(job.key)
        if row is not None and row["status"] != "skipped":
            conclude(place, row)
            spending.add(trial, outcomes[place].seconds)
            return None
        if refusal := spending.refusal(trial):
            skipped = {"status": "skipped", "reason": refusal, "key": job.key}
            ledger.write("trials", _trial_row(cell, trial, before + place + 1, skipped))
            conclude(place, skipped)
            return None
        numbers[id(job)] = place
        spending.running[place] = spending.expected(trial)
        return job

    def affordable() -> Iterator[Job]:
        for place, trial in enumerate(batch):
            began = time.perf_counter()
            job = claimed(place, trial)
            spending.driver += time.perf_counter() - began
            if job is not None:
                yield job

    for job, answer in execute(affordable()):
        began = time.perf_counter()
        place = numbers[id(job)]
        del spending.running[place]
        number = before + place + 1
        ledger.write("trials", _trial_row(cell, batch[place], number, answer | {"key": job.key}))
        conclude(place, answer)
        spending.add(batch[place], outcomes[place].seconds)
        observer.trial_ended(cell, number, outcomes[place], spending.share)
        spending.driver += time.perf_counter() - began
    return [outcomes[place] for place in range(len(batch))]


def _trial_row(cell: Cell, trial: Trial, number: int, answer: Mapping[str, Any]) -> dict[str, Any]:
    return (
        cell.where
        | {
            "family": cell.estimator.family,
            "number": number,
            "strategy": cell.strategy,
            "round": trial.round,
            "effort": trial.effort,
            "params": dict(trial.params),
            "finished": time.time(),
        }
        | dict(answer)
    )


def _evaluate(cell: Cell, folder: Path, ledger: Ledger, execute: Execute) -> dict[str, Any]:
    """Refit the winner on all training rows and predict the test images, once."""
    search = ledger.rows("searches", **cell.where)[0]
    final = cell.where | {"family": cell.estimator.family, "strategy": search["strategy"], "finished": time.time()}
    if search["winner"] is None:
        return final | {"status": "failed", "reason": "no trial was ok, so there is no setting to refit", "params": {}}
    trial = ledger.rows("trials", **cell.where, number=search["winner"])[0]
    params = trial["params"] | trial["found"]
    job = cell.job(params, kind="final", folder=str(folder / cell.folder))
    _, answer = next(iter(execute([job])))
    began = time.perf_counter()
    _open_test(cell.dataset, folder)
    driver = time.perf_counter() - began
    facts = {
        "key": job.key,
        "driver_seconds": driver,
        "params": params,
        "validation_score": trial["score"],
        "folder": cell.folder,
    }
    return final | facts | answer | {"finished": time.time()}


def _open_test(dataset: Dataset, folder: Path) -> None:
    """Keep what the report needs of a data set in the run folder; the first final evaluation breaks the seal here."""
    target = folder / "data" / dataset.name
    if (target / "passport.json").exists():
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
    temporary = target / "passport.tmp"
    temporary.write_text(json.dumps(passport(dataset, test), indent=1))
    temporary.replace(target / "passport.json")


def _accuracy(cell: Cell, folder: Path) -> float:
    """For the progress line; the report computes its own from the same files."""
    proba = np.load(folder / cell.folder / "predictions.npz")["proba"]
    y = np.load(folder / "data" / cell.dataset.name / "test.npz")["y"]
    return float((proba.argmax(axis=1) == y).mean())


def source_digest(estimator: Estimator) -> str:
    """Digest of the file that defines an estimator: with another source, another result."""
    return hashlib.sha256(Path(inspect.getfile(estimator.build)).read_bytes()).hexdigest()[:16]
