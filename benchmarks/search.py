"""One search: a strategy proposes trials, the executor runs them, the ledger keeps them, until the budget ends.

A budget in seconds is all in: it pays for the search and for the final fit. Before the strategy is asked, the base setting is
tried at a small effort, which tells what a fit costs and from which effort on a score means anything. From that comes the
plan: `top`, the effort of a trial that the strategy calls full, so that about half of the budget is left for the final fit;
and `least`, below which no trial is run. What the search does not use goes to the fit, and what that does not need is returned.

Strategies are deterministic. A search that was interrupted is started again and given the recorded outcomes; where they end,
new trials begin.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

import tuning
from benchmarks.cell import Cell
from benchmarks.costs import Costs
from benchmarks.errors import UserError
from benchmarks.execution.answer import Answer
from benchmarks.execution.executors import Execute
from benchmarks.execution.job import Job
from benchmarks.execution.limits import LONGEST
from benchmarks.ledger import Ledger
from benchmarks.observer import Observer
from tuning import Outcome, Selection, Trial

FIRST_EFFORT = 1 / 27  # of the first trial, where the budget is in seconds
PORTFOLIO_EFFORT = 1 / 4  # of its first trials, where the budget is in seconds
FIT_SHARE = 0.5  # of the budget that the plan leaves to the final fit, if that needs as much
SAFETY = 1.15  # fits take so much longer than expected, now and then
SAVING_SECONDS = 1.0  # of the model
ALLOWANCE = 2.0  # seconds above the budget at which a trial is stopped
TUNED = {"classical": (8, 1 / 3), "deep": (5, 1 / 4)}  # settings that were tried, at this effort or more


def search(cell: Cell, ledger: Ledger, execute: Execute, observer: Observer) -> None:
    """Search the best setting of a cell, and write the row that says which it is."""
    variant, spending = cell.variant, Spending(cell)
    trials = _Trials(cell, ledger, execute, observer, spending)
    trials.plan()
    strategy = tuning.first(
        partial(tuning.strategy(variant.strategy), **variant.search.options),
        cell.portfolio,
        variant.space,
        variant.base,
        cell.seed,
        # A budget in trials counts a cheap one like any other.
        effort=1.0 if cell.budget.seconds is None else PORTFOLIO_EFFORT,
    )
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
    selection, budget = tuning.select(trials.outcomes), cell.budget
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
            "winner": selection and trials.number(selection.winner),
            "finalist": selection and selection.finalist and trials.number(selection.finalist),
            "p_value": selection and selection.p_value,
            "tuned": selection and tuned(selection, trials.outcomes, cell.variant.estimator.family),
            "top_effort": spending.top,
            "least_effort": spending.least,
            "ended": ended,
        },
    )


def tuned(selection: Selection, outcomes: Sequence[Outcome], family: str) -> str:
    """How far the setting that is fitted was searched for.

    "default": the base setting stays. "tuned": a finalist was confirmed against it, and at least as many settings were tried
    at as much effort as `TUNED` says. "lightly searched": a finalist was confirmed after fewer.
    """
    if not selection.confirmed:
        return "default"
    settings, effort = TUNED[family]
    tried = {repr(sorted(o.trial.params.items())) for o in outcomes if o.ok and o.trial.effort >= effort - 1e-9}
    return "tuned" if len(tried) >= settings else "lightly searched"


def fit_effort(cell: Cell, ledger: Ledger) -> tuple[float, float]:
    """The share of a full fit that the rest of the budget has room for, and the seconds that it is expected to take."""
    budget = cell.budget.seconds
    found = ledger.rows("searches", **cell.where)[0]
    costs = Costs()
    for row in ledger.rows("trials", **cell.where):
        if row["status"] == "ok":
            costs.add(row["params"], row["effort"], row["fit_seconds"] / (row["fits"] or 1))
    won = ledger.rows("trials", **cell.where, number=found["winner"])[0]["params"]
    scale = 1 - cell.validation_share
    if budget is None:
        return 1.0, costs.expected(won, 1 / scale)
    left = max(0.0, budget - found["spent_seconds"] - SAVING_SECONDS)
    effort = costs.affordable(won, left / SAFETY, scale)
    return effort, costs.expected(won, effort / scale)


class Spending:
    """What a variant has spent of its budget, and whether it can afford another trial beside the final fit.

    Attributes
    ----------
    top, least : efforts of the plan, see the docstring of the module.
    """

    def __init__(self, cell: Cell) -> None:
        self.budget, self.scale = cell.budget, 1 - cell.validation_share
        self.top, self.least = 1.0, 0.0
        self.trials = 0
        self.seconds = 0.0  # of trials
        self.proposer = 0.0
        self.driver = 0.0  # seconds of this process that no budget pays
        self.running: dict[int, float] = {}  # place of a trial in its batch → seconds that it is expected to take
        self.costs = Costs()  # of one fit
        self.folds = 1  # fits of a trial
        self.leader: Mapping[str, Any] = cell.variant.base  # the best setting so far, which the final fit may have
        self._best = (0.0, -math.inf)  # effort and score of the leader

    @property
    def spent(self) -> float:
        return self.seconds + self.proposer

    @property
    def share(self) -> float:
        """Of the budget, what is gone."""
        if self.budget.seconds:
            return self.spent / self.budget.seconds
        return self.trials / (self.budget.trials or 1)

    @property
    def reserve(self) -> float:
        """Seconds that are kept for the final fit."""
        if self.budget.seconds is None or not self.trials:
            return 0.0
        wanted = SAFETY * self.costs.expected(self.leader, self.top / self.scale) + SAVING_SECONDS
        return min(wanted, 0.9 * self.budget.seconds)

    @property
    def left(self) -> float:
        """Seconds that the search may still spend; infinite where the budget is in trials."""
        if self.budget.seconds is None:
            return math.inf
        return self.budget.seconds - self.spent - sum(self.running.values()) - self.reserve

    def refusal(self, trial: Trial) -> str:
        """Why the budget has no room for a trial; "" if it has. The first trial always runs."""
        budget = self.budget
        if budget.trials is not None and self.trials + len(self.running) >= budget.trials:
            return f"budget of {budget} spent"
        if budget.seconds is None or not self.trials:
            return ""
        left, expected = self.left, self.expected(trial)
        if left <= 0 or expected > left:
            kept = f"{self.reserve:.0f} s kept for the final fit"
            return f"budget of {budget} spent: {kept}, {max(0.0, left):.0f} s left, {expected:.0f} s expected"
        return ""

    def expected(self, trial: Trial) -> float:
        """Seconds that a trial is expected to take."""
        return self.folds * self.costs.expected(trial.params, trial.effort)

    def plan(self) -> None:
        """Set `top`: the leader, fitted at that effort, takes `FIT_SHARE` of the budget at most."""
        if self.budget.seconds is not None and self.trials:
            seconds = max(0.0, FIT_SHARE * self.budget.seconds - SAVING_SECONDS) / SAFETY
            self.top = self.costs.affordable(self.leader, seconds, self.scale)

    def effort(self, trial: Trial) -> float:
        """The effort at which a trial of the strategy is run."""
        return min(1.0, max(self.least, trial.effort * self.top))

    def add(self, trial: Trial, row: Mapping[str, Any]) -> None:
        """Count a trial that ended, by its row."""
        self.trials += 1
        self.seconds += row["seconds"] or 0.0
        if row["status"] == "ok":
            self.folds = row["fits"] or 1
            self.costs.add(trial.params, trial.effort, row["fit_seconds"] / self.folds)
            if (place := (trial.effort, row["score"])) > self._best:
                self.leader, self._best = trial.params, place


class _Trials:
    """The trials of one search: each is taken from the ledger where that has it, else tried now."""

    def __init__(self, cell: Cell, ledger: Ledger, execute: Execute, observer: Observer, spending: Spending) -> None:
        self.cell, self.ledger, self.execute, self.observer, self.spending = cell, ledger, execute, observer, spending
        self.recorded = {row["key"]: row for row in ledger.rows("trials", **cell.where) if row["status"] != "skipped"}
        self.outcomes: list[Outcome] = []  # in order, with the efforts at which they were run
        self.keys: list[str] = []  # of their jobs

    def plan(self) -> None:
        """Try the base setting at growing effort until a score means something; then the plan is made.

        The first trial is stopped at a third of the budget, and tried again with a quarter of the effort.
        """
        spending = self.spending
        if spending.budget.seconds is None:
            return
        first = Trial(self.cell.variant.base, FIRST_EFFORT, round=0)
        for _ in range(4):
            (outcome,) = self._run([first])
            if outcome.status not in ("timeout", "out_of_memory"):
                break
            first = replace(first, effort=first.effort / 4)
        spending.plan()
        while outcome.ok and first.effort < spending.top and not self._means_something(outcome):
            first = replace(first, effort=min(3 * first.effort, spending.top))
            if spending.refusal(first):
                break
            (outcome,) = self._run([first])
            spending.plan()
        spending.least = min(first.effort, spending.top)

    def _means_something(self, outcome: Outcome) -> bool:
        """Whether a score is clearly above that of the most frequent class: by three standard errors."""
        y = self.cell.dataset.train.y
        chance = float(np.bincount(y).max() / len(y))
        rows = max(1, len(outcome.losses))
        return (outcome.score or 0.0) > chance + 3 * math.sqrt(chance * (1 - chance) / rows)

    def number(self, outcome: Outcome) -> int:
        """The number of an outcome in the ledger."""
        place = next(i for i, other in enumerate(self.outcomes) if other is outcome)
        return self.recorded[self.keys[place]]["number"]

    def run(self, batch: Sequence[Trial]) -> list[Outcome]:
        """The outcomes of a strategy's batch, in its order."""
        self.spending.plan()
        outcomes = self._run([replace(trial, effort=self.spending.effort(trial)) for trial in batch])
        return [replace(outcome, trial=trial) for outcome, trial in zip(outcomes, batch, strict=True)]

    def _run(self, asked: Sequence[Trial]) -> list[Outcome]:
        jobs = [self.cell.job("trial", trial.params, effort=trial.effort) for trial in asked]
        places = {job.key: place for place, job in enumerate(jobs)}
        found: dict[int, Outcome] = {}
        for job, answer in self.execute(self._to_run(asked, jobs, found)):
            began = time.perf_counter()
            place = places[job.key]
            del self.spending.running[place]
            found[place] = self._keep(place, asked[place], job, answer)
            self.observer.trial_ended(self.cell, len(self.outcomes) + place + 1, found[place], self.spending.share)
            self.spending.driver += time.perf_counter() - began
        # Two trials of a batch may come to the same effort, and so to the same job.
        answers = [found[place] if place in found else found[places[job.key]] for place, job in enumerate(jobs)]
        self.outcomes += answers
        self.keys += [job.key for job in jobs]
        return answers

    def _to_run(self, batch: Sequence[Trial], jobs: Sequence[Job], found: dict[int, Outcome]) -> Iterator[Job]:
        """The jobs that are neither recorded nor too expensive; the outcomes of the others go into `found`."""
        for place, (trial, job) in enumerate(zip(batch, jobs, strict=True)):
            began = time.perf_counter()
            to_run = None
            if row := self.recorded.get(job.key):
                found[place] = _outcome(trial, row)
                if row["number"] > len(self.outcomes):  # Of an earlier session; one of this session is paid already.
                    self.spending.add(trial, row)
            elif job.key not in {other.key for other in jobs[place + 1 :]}:
                if refusal := self.spending.refusal(trial):
                    found[place] = self._keep(place, trial, job, Answer("skipped", refusal))
                else:
                    to_run = replace(job, limit_seconds=self._limit(job))
                    self.spending.running[place] = self.spending.expected(trial)
            self.spending.driver += time.perf_counter() - began
            if to_run is not None:
                yield to_run

    def _limit(self, job: Job) -> float:
        """When a trial is stopped: at the end of what the search may spend, the first one at a third of the budget."""
        longest, spending = job.limit_seconds or LONGEST, self.spending
        if spending.budget.seconds is None:
            return longest
        rest = spending.left if spending.trials else spending.budget.seconds / 3
        return min(longest, max(0.5, rest) + ALLOWANCE / 2)

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
        if answer.status != "skipped":
            self.spending.add(trial, row)
            self.recorded[job.key] = row
        return _outcome(trial, row)


def _outcome(trial: Trial, row: Mapping[str, Any]) -> Outcome:
    return Outcome(
        trial,
        row["status"],
        row.get("score"),
        row["seconds"] or 0.0,
        row["reason"] or "",
        row.get("found") or {},
        row.get("log_loss"),
        row.get("losses") or (),
    )
