"""One search: a strategy proposes trials, the executor runs them, the ledger keeps them, until the budget ends.

Strategies are deterministic. A search that was interrupted is started again and given the recorded outcomes; where they end,
new trials begin.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import tuning
from benchmarks.cell import Cell
from benchmarks.errors import UserError
from benchmarks.execution.answer import Answer
from benchmarks.execution.executors import Execute
from benchmarks.execution.job import Job
from benchmarks.ledger import Ledger
from benchmarks.observer import Observer
from tuning import Outcome, Trial


def search(cell: Cell, ledger: Ledger, execute: Execute, observer: Observer) -> None:
    """Search the best setting of a cell, and write the row that says which it is."""
    variant, spending = cell.variant, Spending(cell)
    trials = _Trials(cell, ledger, execute, observer, spending)
    strategy = tuning.strategy(variant.strategy)(variant.space, variant.base, cell.seed, **variant.search.options)
    answers: list[Outcome] | None = None
    while True:
        started = time.perf_counter()
        try:
            batch = next(strategy) if answers is None else strategy.send(answers)
        except StopIteration:
            ended = "the strategy ended"
            break
        except ValueError as error:  # An option whose value is out of range.
            raise UserError(f"{variant.name}: {error}") from error
        finally:
            spending.proposer += time.perf_counter() - started
        answers = trials.run(batch)
        if refusals := [outcome.reason for outcome in answers if outcome.status == "skipped"]:
            ended = refusals[0]
            strategy.close()
            break
    best = tuning.winner(trials.outcomes)
    budget = cell.suite.budget
    if budget.seconds and (over := spending.spent - budget.seconds) > 0.02 * budget.seconds:
        observer.noted(f"{cell.name}: the search took {over:.0f} s more than its {budget}")
    ledger.write(
        "searches",
        cell.where
        | cell.made_of
        | {
            "code": cell.code,
            "strategy": variant.strategy,
            "budget": str(budget),
            "granted_seconds": budget.seconds,
            "granted_trials": budget.trials,
            "spent_seconds": spending.spent,
            "proposer_seconds": spending.proposer,
            "driver_seconds": spending.driver,
            "trials": spending.trials,
            "winner": None if best is None else next(i for i, o in enumerate(trials.outcomes, start=1) if o is best),
            "ended": ended,
        },
    )


class Spending:
    """What a search has spent, and whether it can afford another trial."""

    def __init__(self, cell: Cell) -> None:
        self.budget = cell.suite.budget
        self.trials = 0
        self.seconds = 0.0  # of trials
        self.proposer = 0.0
        self.driver = 0.0  # seconds of this process that no budget pays
        self.running: dict[int, float] = {}  # place of a trial in its batch → seconds that it takes at least
        self.costs: list[tuple[float, float]] = []  # (effort, seconds) of the trials that ran

    @property
    def spent(self) -> float:
        return self.seconds + self.proposer

    @property
    def share(self) -> float:
        """Of the budget, what is gone."""
        if self.budget.seconds:
            return self.spent / self.budget.seconds
        return self.trials / (self.budget.trials or 1)

    def refusal(self, trial: Trial) -> str:
        """Why the budget has no room for a trial; "" if it has. The first trial always runs."""
        budget = self.budget
        if budget.trials is not None:
            return "" if self.trials + len(self.running) < budget.trials else f"budget of {budget} spent"
        if not self.trials or budget.seconds is None:
            return ""
        left = budget.seconds - self.spent - sum(self.running.values())
        # A trial that cannot be expected to fit would be paid by nobody's budget.
        expected = self.expected(trial)
        if left <= 0 or expected > left:
            return f"budget of {budget} spent: {max(0.0, left):.0f} s left, at least {expected:.0f} s expected"
        return ""

    def expected(self, trial: Trial) -> float:
        """Seconds that a trial takes at least, going by earlier ones: costs grow at least as effort does."""
        return min((s * max(1.0, trial.effort / e) for e, s in self.costs), default=0.0)

    def add(self, trial: Trial, seconds: float) -> None:
        self.trials += 1
        self.seconds += seconds
        self.costs.append((trial.effort, seconds))


class _Trials:
    """The trials of one search: each is taken from the ledger where that has it, else tried now."""

    def __init__(self, cell: Cell, ledger: Ledger, execute: Execute, observer: Observer, spending: Spending) -> None:
        self.cell, self.ledger, self.execute, self.observer, self.spending = cell, ledger, execute, observer, spending
        self.recorded = {row["key"]: row for row in ledger.rows("trials", **cell.where) if row["status"] != "skipped"}
        self.outcomes: list[Outcome] = []  # of all batches, in order

    def run(self, batch: Sequence[Trial]) -> list[Outcome]:
        """The outcomes of a batch, in its order."""
        jobs = [self.cell.job("trial", trial.params, effort=trial.effort) for trial in batch]
        places = {id(job): place for place, job in enumerate(jobs)}
        found: dict[int, Outcome] = {}
        for job, answer in self.execute(self._to_run(batch, jobs, found)):
            began = time.perf_counter()
            place = places[id(job)]
            del self.spending.running[place]
            self.spending.add(batch[place], answer.seconds)
            found[place] = self._keep(place, batch[place], job, answer)
            self.observer.trial_ended(self.cell, len(self.outcomes) + place + 1, found[place], self.spending.share)
            self.spending.driver += time.perf_counter() - began
        answers = [found[place] for place in range(len(batch))]
        self.outcomes += answers
        return answers

    def _to_run(self, batch: Sequence[Trial], jobs: Sequence[Job], found: dict[int, Outcome]) -> Iterator[Job]:
        """The jobs that are neither recorded nor too expensive; the outcomes of the others go into `found`."""
        for place, (trial, job) in enumerate(zip(batch, jobs, strict=True)):
            began = time.perf_counter()
            run = False
            if row := self.recorded.get(job.key):
                found[place] = _outcome(trial, row)
                self.spending.add(trial, found[place].seconds)
            elif refusal := self.spending.refusal(trial):
                found[place] = self._keep(place, trial, job, Answer("skipped", refusal))
            else:
                self.spending.running[place] = self.spending.expected(trial)
                run = True
            self.spending.driver += time.perf_counter() - began
            if run:
                yield job

    def _keep(self, place: int, trial: Trial, job: Job, answer: Answer) -> Outcome:
        """Write the row of a trial; its outcome."""
        row = self.cell.where | self.cell.made_of | answer.row()
        row |= {
            "number": len(self.outcomes) + place + 1,
            "key": job.key,
            "code": job.code,
            "strategy": self.cell.variant.strategy,
            "round": trial.round,
            "effort": trial.effort,
            "params": dict(trial.params),
            "finished": time.time(),
        }
        self.ledger.write("trials", row)
        return _outcome(trial, row)


def _outcome(trial: Trial, row: dict[str, Any]) -> Outcome:
    return Outcome(
        trial, row["status"], row.get("score"), row["seconds"] or 0.0, row["reason"] or "", row.get("found") or {}
    )
