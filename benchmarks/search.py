"""One search: a strategy proposes trials, the executor runs them, the ledger keeps them, until the budget ends.

A budget in seconds is all in: it pays for the search and for the final fit.

1. Plan. The base setting is tried at a small effort, and at a larger one where that is needed to know how the cost of a fit
   grows, or for a score that means something. From that come `top`, the effort of a trial that the strategy calls full, so
   that about half of the budget is left for the final fit; and `least`, below which no trial is run: the effort that counts
   for "tuned" if as many settings as that takes can be tried at it, else less.
2. Search. The strategy's trials are run, the cheapest of a batch first, at efforts 1, 1/√2, 1/2, … of a full fit, as long as there is time beside the
   reserve for the final fit and for what confirms the finalist. A base setting that would take a fifth of the budget beside
   the others is not tried there: it is compared with the best of them at the highest effort at which it does not.
3. Longer. The best network is trained twice, four and eight times as long, as long as that helps and there is time.
4. Confirm. The finalist replaces the base setting only if it is better on rows that did not pick it (`tuning.select`). Luck
   with the random seed is no merit of a setting, so both networks are fitted once more with another seed, and the test is
   made again. Where rows are few, hardly anything is better by more than chance on a fold or three: both settings are then
   fitted on as many folds as a quarter of the budget pays for, and these decide.

A kernel machine that was timed at one effort alone is tried at half of it, so that its fit can be planned.

What the search does not use goes to the fit, and what that does not need is returned.

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
from numpy.typing import NDArray

import tuning
from benchmarks.cell import Cell
from benchmarks.errors import UserError
from benchmarks.execution.answer import Answer
from benchmarks.execution.executors import Execute
from benchmarks.execution.job import Job
from benchmarks.execution.limits import LONGEST
from benchmarks.ledger import Ledger, Recorded
from benchmarks.observer import Observer
from benchmarks.spending import CONFIRMING, LONGER, SAFETY, SAVING_SECONDS, Spending, fewest, nearest_rung, next_lower
from tuning import Outcome, Selection, Trial
from tuning.winner import LEVEL, frozen, p_value, rank

FIRST_EFFORT = 1 / 32  # of the first trial, where the budget is in seconds
FIRST_SHARE = 1 / 2  # of the budget, at which that is stopped, to be tried again with a sixteenth of the effort,
START_SHARE = 3 / 4  # or if it is a network, most of whose time is its start: less effort would hardly save any
PILOT_SHARE = 0.2  # of the budget that a trial may take that only tells how costs grow
CHEAP = 0.01  # a full fit that is expected to take this share of the budget needs no closer look
ALLOWANCE = 1.0  # seconds above the budget at which a trial is stopped
NEARLY = 0.95  # of a full fit: the rest is not worth leaving out rows for
SHORTER = 1 / 2  # of the effort of its trial, to which the fit of a finalist may be cut
MUCH_LONGER = 5.0  # times what was expected
ENDED = "the strategy ended"
PASSED_OVER = 12  # settings in a row without time for their fits, which end a search: some strategies never end
FAILURES = ("failed", "out_of_memory", "diverged", "killed")  # of a setting, not of the time that there was for it
TUNED = {"classical": (8, 1 / 3), "deep": (5, 1 / 4)}  # settings that were tried, at this effort or more


def search(cell: Cell, ledger: Ledger, execute: Execute, observer: Observer) -> None:
    """Search the best setting of a cell, and write the row that says which it is."""
    trials = _Trials(cell, ledger, execute, observer)
    trials.plan()
    ended = trials.follow()
    trials.compare()
    if ended == ENDED:
        trials.lengthen()
    selection = trials.confirmed(_selected(cell, trials.outcomes))
    trials.time(selection)
    budget, spending = cell.budget, trials.spending
    ledger.write(
        "searches",
        cell.where
        | cell.made_of
        | {
            "code": cell.code,
            "strategy": cell.variant.strategy,
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


def repeat(cell: Cell, ledger: Ledger, execute: Execute, observer: Observer, recorded: Recorded) -> None:
    """Search as another run did: the trials that its ledger has, at their efforts, without looking at a clock.

    A trial that was stopped there, or failed, is not tried again.
    """
    trials = _Trials(cell, ledger, execute, observer)
    rows = [row for row in recorded.rows("trials", **cell.where) if row["status"] != "skipped"]
    trials.repeat(sorted(rows, key=lambda row: row["number"]))
    (found,) = recorded.rows("searches", **cell.where)
    own = dict(zip(sorted(row["number"] for row in rows), trials.keys, strict=True))
    numbers = {name: found[name] and trials.recorded[own[found[name]]]["number"] for name in ("winner", "finalist")}
    spending = trials.spending
    ledger.write(
        "searches",
        found
        | cell.made_of
        | numbers
        | {
            "code": cell.code,
            "session": ledger.session,
            "spent_seconds": spending.spent,
            "proposer_seconds": 0.0,
            "driver_seconds": spending.driver,
        },
    )


def tuned(selection: Selection, outcomes: Sequence[Outcome], family: str) -> str:
    """How far the setting that is fitted was searched for.

    "default": the base setting stays. "tuned": a finalist was confirmed against it at as much effort as `TUNED` says, and at
    least as many settings were tried at that. "lightly searched": less than that, or the base setting could not be fitted.
    """
    if frozen(selection.winner.trial.params) == frozen(outcomes[0].trial.params):
        return "default"
    settings, effort = TUNED[family]
    if not selection.confirmed or selection.winner.trial.effort < effort - 1e-9:
        return "lightly searched"
    tried = {frozen(o.trial.params) for o in outcomes if o.ok and o.trial.effort >= effort - 1e-9}
    return "tuned" if len(tried) >= settings else "lightly searched"


def fit_effort(cell: Cell, ledger: Ledger) -> tuple[float, float]:
    """The share of a full fit that the rest of the budget has room for, and the seconds that it is expected to take.

    A network is trained for as long as there is time, up to several times as long as a full fit, unless a trial told that a
    longer training is not better.
    """
    spending = Spending(cell)
    (found,) = ledger.rows("searches", **cell.where)
    for row in ledger.rows("trials", **cell.where):
        if row["status"] != "skipped":
            spending.add(Trial(row["params"], row["effort"], row["round"], row["replicate"]), row)
    (won,) = ledger.rows("trials", **cell.where, number=found["winner"])
    effort = 1.0
    if cell.budget.seconds is not None:
        left = max(0.0, cell.budget.seconds - found["spent_seconds"] - SAVING_SECONDS)
        most = 1.0 if cell.variant.estimator.effort == "rows" or _longer_was_tried(cell, ledger, won) else LONGER[-1]
        effort = max(fewest(cell, cell.rows), spending.affordable(won["params"], left / SAFETY, most))
        if NEARLY <= effort < 1:  # What it lacks is less than what fits differ by.
            effort = 1.0
    return effort, spending.fit_seconds(won["params"], effort)


def _longer_was_tried(cell: Cell, ledger: Ledger, won: Mapping[str, Any]) -> bool:
    """Whether a trial with the winner's setting had a longer training, which was not better, or else it would have won.

    The validation curve of the winner's own trial does not tell: with a schedule that ends at rate zero every curve is flat in
    the end.
    """
    length = cell.variant.estimator.effort
    return any(
        row["status"] == "ok"
        and row["params"] | {length: 0} == won["params"] | {length: 0}
        and row["effort"] * row["params"][length] > max(1.0, won["effort"]) * won["params"][length]
        for row in ledger.rows("trials", **cell.where)
    )


class _Trials:
    """The trials of one search: each is taken from the ledger where that has it, else tried now."""

    def __init__(self, cell: Cell, ledger: Ledger, execute: Execute, observer: Observer) -> None:
        self.cell, self.ledger, self.execute, self.observer = cell, ledger, execute, observer
        self.spending = Spending(cell)
        self.recorded = {row["key"]: row for row in ledger.rows("trials", **cell.where) if row["status"] != "skipped"}
        self.outcomes: list[Outcome] = []  # in order, with the efforts at which they were run
        self.keys: list[str] = []  # of their jobs
        self.portfolio = cell.portfolio  # what of it is tried first
        self.efforts: dict[float, float] = {}  # effort that the strategy asks for → that of the trial
        self.spent = ""  # why the budget had no room for a trial
        self.deciding = False  # whether the next trials decide between finalist and base setting

    def plan(self) -> None:
        """Try the base setting until its score means something and its cost is known; then the plan is made.

        The first trial is stopped at half of the budget (`FIRST_SHARE`), and tried again with a sixteenth of the effort, where that
        is less work.
        """
        spending, budget = self.spending, self.spending.budget.seconds
        if budget is None:
            return
        pilot = Trial(self.cell.variant.base, max(FIRST_EFFORT, spending.floor), round=0)
        for _ in range(4):
            (outcome,) = self._run([pilot])
            if outcome.status not in ("timeout", "out_of_memory") or pilot.effort <= spending.floor:
                break
            pilot = replace(pilot, effort=max(pilot.effort / 16, spending.floor))
        spending.plan()
        while outcome.ok and pilot.effort < spending.top:
            telling = self._means_something(outcome)
            if telling:
                spending.least = spending.least or pilot.effort
                full = spending.expected(replace(pilot, effort=spending.top))
                if spending.costs.growth_is_known or full <= CHEAP * budget:
                    break
            steps = [replace(pilot, effort=min(times * pilot.effort, spending.top)) for times in (4, 2)]
            cheap = [step for step in steps if spending.at_most(step) <= PILOT_SHARE * budget]
            if not cheap and (telling or spending.refusal(steps[-1])):
                break
            pilot = cheap[0] if cheap else steps[-1]
            (outcome,) = self._run([pilot])
            spending.plan()
        spending.least = min(spending.least or pilot.effort, spending.top)
        self.portfolio = [params for params in self.cell.portfolio if spending.can_be_fitted(params)]
        settings, first = TUNED[self.cell.variant.estimator.family][0], [self.cell.variant.base, *self.portfolio]
        spending.plan_breadth([first[place % len(first)] for place in range(settings)])
        spending.plan_folds()

    def _means_something(self, outcome: Outcome) -> bool:
        """Whether a score is clearly above that of the most frequent class: by three standard errors."""
        y = self.cell.dataset.train.y
        chance = float(np.bincount(y).max() / len(y))
        rows = max(1, len(outcome.losses))
        return (outcome.score or 0.0) > chance + 3 * math.sqrt(chance * (1 - chance) / rows)

    def follow(self) -> str:
        """Run what the strategy proposes; returns why that ended."""
        variant = self.cell.variant
        strategy = tuning.first(
            partial(tuning.strategy(variant.strategy), **variant.search.options),
            self.portfolio,
            variant.space,
            variant.base,
            self.cell.seed,
            # A budget in trials counts a cheap one like any other.
            effort=self.spending.least or 1.0,
        )
        answers: list[Outcome] | None = None
        passed_over = 0  # settings since the last one that was tried
        while True:
            started = time.perf_counter()
            try:
                batch = next(strategy) if answers is None else strategy.send(answers)
            except StopIteration:
                return ENDED
            except ValueError as error:  # An option whose value is out of range.
                raise UserError(f"{variant.name}: {error}") from error
            finally:
                self.spending.proposer += time.perf_counter() - started
            answers = self._propose(batch)
            passed_over = passed_over + len(batch) if all(o.status == "skipped" for o in answers) else 0
            if passed_over and (passed_over >= PASSED_OVER or self.spending.left <= 0):  # To propose takes time, too.
                self.spent = self.spent or f"the last {passed_over} settings would take too long to fit"
            if self.spent:
                strategy.close()
                return self.spent

    def _propose(self, batch: Sequence[Trial]) -> list[Outcome]:
        """The outcomes of a strategy's batch, in its order.

        The cheapest are run first. On large images the base setting may take most of the budget, and a setting that takes a
        tenth be better: it leads then, less is kept for its fit, and there is time for the others.
        """
        trials = self._affordable(batch)
        order = list(range(len(trials)))
        if self.spending.budget.seconds is not None:
            order.sort(key=lambda place: self.spending.expected(trials[place]))
        outcomes = dict(zip(order, self._run([trials[place] for place in order]), strict=True))
        return [replace(outcomes[place], trial=trial) for place, trial in enumerate(batch)]

    def _affordable(self, batch: Sequence[Trial]) -> list[Trial]:
        """A batch at the efforts of the plan; at lower ones where there is no time for all of it."""
        spending = self.spending
        if spending.budget.seconds is None:
            return list(batch)
        # What a strategy takes for equal efforts is equal, so that it compares what can be compared.
        trials = [replace(t, effort=min(self.efforts.get(t.effort, 1.0), spending.effort(t))) for t in batch]
        known = {_place(o.trial) for o in self.outcomes if o.trial.round}
        while (highest := max(trials, key=lambda trial: trial.effort)).effort > spending.least:
            new = {_place(trial): trial for trial in trials if not self._too_dear(trial)}
            seconds = sum(spending.expected(trial) for place, trial in new.items() if place not in known)
            if seconds + spending.confirmation(highest) <= spending.left:
                break
            trials = [replace(trial, effort=max(spending.least, next_lower(trial.effort))) for trial in trials]
        self.efforts |= {asked.effort: trial.effort for asked, trial in zip(batch, trials, strict=True)}
        return trials

    def compare(self) -> None:
        """Try the base setting at the highest effort at which another one was, where the strategy did not.

        Where it is too dear for that, it and the best of the others are tried at a lower effort.
        """
        spending = self.spending
        if spending.budget.seconds is None or not spending.highest:
            return
        last, effort = max(o.trial.round for o in self.outcomes), spending.compared_at(spending.highest)
        params = [self.cell.variant.base] if effort == spending.highest else [self.cell.variant.base, spending.leader]
        planned = [
            frozen(o.trial.params) for o in self.outcomes if o.ok and not o.trial.round and o.trial.effort == effort
        ]
        self.deciding = True
        self._run([Trial(p, effort, last) for p in params if frozen(p) not in planned])
        self.deciding = False

    def lengthen(self) -> None:
        """Train the best network longer, as long as that helps and there is time for its fit as well."""
        length, budget = self.cell.variant.estimator.effort, self.spending.budget.seconds
        full = [o for o in self.outcomes if o.ok and o.trial.effort == 1.0]
        if length == "rows" or budget is None or not full:
            return
        for times in LONGER:
            best = min(full, key=rank)
            params = {**best.trial.params, length: times * self.cell.variant.base[length]}
            trial = Trial(params, 1.0, best.trial.round + 1)
            spending = self.spending
            fit = SAFETY * spending.fit_seconds(params, 1.0) + SAVING_SECONDS
            # One trial to try it, two to confirm it.
            if (1 + 2 * CONFIRMING["deep"]) * spending.expected(trial) + fit > budget - spending.spent:
                return
            (outcome,) = self._run([trial])
            if not outcome.ok or rank(outcome) >= rank(best):
                return
            full.append(outcome)

    def confirmed(self, selection: Selection | None) -> Selection | None:
        """The selection, once chance is ruled out by other fits of both: with a new seed where fits depend on it, and on more
        folds where rows are few.

        The base setting stays where there is none to fit the finalist nearly as long as it was tried, and that of a network
        where there was no time for another seed.
        """
        if selection is None or selection.finalist is None:
            return selection
        finalist, base = selection.finalist, _base(self.cell, self.outcomes, selection.finalist.trial.effort)
        effort = finalist.trial.effort
        more_rows = self.spending.confirming_folds(effort) > self.spending.folds
        # More rows may tell what the first ones could not.
        if not selection.confirmed and not (more_rows and rank(finalist) < rank(base)):
            return selection
        if not self._can_be_fitted(finalist):
            return replace(selection, winner=base)
        if not self.spending.confirms_again(effort):
            return selection
        again = [
            Trial(params, effort, finalist.trial.round, replicate=1)
            for params in (self.cell.variant.base, finalist.trial.params)
        ]
        self.deciding = True
        chance = p_value(*(outcome.losses for outcome in self._run(again)))  # None where there was no time for both.
        if chance is None and not CONFIRMING[self.cell.variant.estimator.family]:
            return selection
        if chance is not None and not more_rows:
            chance = max(chance, selection.p_value or 0.0)  # Of the same rows; the less certain test counts.
        return Selection(finalist if chance is not None and chance < LEVEL else base, finalist, chance)

    def time(self, selection: Selection | None) -> None:
        """Try the setting that is fitted at half of its effort, where fits may grow faster than that: one effort does not tell.

        Of two settings of a kernel machine the fit on three times the rows took three times as long and nine times.
        """
        spending, estimator = self.spending, self.cell.variant.estimator
        if selection is None or spending.budget.seconds is None or estimator.effort != "rows" or estimator.growth <= 1:
            return
        trial = replace(selection.winner.trial, effort=nearest_rung(selection.winner.trial.effort / 2), round=0)
        if not spending.costs.growth_was_timed(trial.params):
            self.deciding = True
            self._run([trial])

    def _can_be_fitted(self, winner: Outcome) -> bool:
        budget = self.spending.budget.seconds
        if budget is None:
            return True
        left = (budget - self.spending.spent - SAVING_SECONDS) / SAFETY
        base, own = (self.spending.affordable(p, left) for p in (self.cell.variant.base, winner.trial.params))
        return own >= min(SHORTER * winner.trial.effort, base)

    def repeat(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run recorded trials again, and take over those that did not end well."""
        for row in rows:
            trial = Trial(row["params"], row["effort"], row["round"], row["replicate"])
            if row["status"] == "ok":
                self._run([trial], timed=False, folds=row["fits"])
            else:
                job = self._job(trial, 1)
                self.outcomes.append(self._keep(0, trial, job, Answer(row["status"], row["reason"])))
                self.keys.append(job.key)

    def key(self, outcome: Outcome) -> str:
        """The key of an outcome's job."""
        return self.keys[next(i for i, other in enumerate(self.outcomes) if other is outcome)]

    def number(self, outcome: Outcome) -> int:
        """The number of an outcome in the ledger."""
        return self.recorded[self.key(outcome)]["number"]

    def _job(self, trial: Trial, folds: int) -> Job:
        return self.cell.job("trial", trial.params, effort=trial.effort, folds=folds, replicate=trial.replicate)

    def _run(self, asked: Sequence[Trial], timed: bool = True, folds: int = 0) -> list[Outcome]:
        jobs = [self._job(trial, folds or self.spending.folds_of(trial)) for trial in asked]
        places = {job.key: place for place, job in enumerate(jobs)}  # Of jobs that are one, the last.
        found: dict[int, Outcome] = {}
        for job, answer in self.execute(self._to_run(asked, jobs, places, found, timed)):
            began = time.perf_counter()
            place = places[job.key]
            self.spending.running.pop(place, None)
            found[place] = self._keep(place, asked[place], job, answer)
            self.observer.trial_ended(self.cell, len(self.outcomes) + place + 1, found[place], self.spending.share)
            self.spending.driver += time.perf_counter() - began
        # Two trials of a batch may come to the same effort, and so to the same job.
        answers = [found[place] if place in found else found[places[job.key]] for place, job in enumerate(jobs)]
        self.outcomes += answers
        self.keys += [job.key for job in jobs]
        return answers

    def _to_run(
        self,
        batch: Sequence[Trial],
        jobs: Sequence[Job],
        places: Mapping[str, int],
        found: dict[int, Outcome],
        timed: bool,
    ) -> Iterator[Job]:
        """The jobs that are neither recorded nor too expensive, each once, at its place; the outcomes of the others go into `found`."""
        for place, (trial, job) in enumerate(zip(batch, jobs, strict=True)):
            began = time.perf_counter()
            to_run = None
            if row := self.recorded.get(job.key):
                found[place] = _outcome(trial, row)
                if row["number"] > len(self.outcomes):  # Of an earlier session; one of this session is paid already.
                    self.spending.add(trial, row)
            elif places[job.key] == place:
                if timed and (refusal := self._too_dear(trial) or self._refusal(trial)):
                    found[place] = self._keep(place, trial, job, Answer("skipped", refusal))
                else:
                    expected = self.spending.expected(trial) if self.spending.budget.seconds is not None else 0.0
                    to_run = replace(job, limit_seconds=self._limit(job, expected)) if timed else job
                    self.spending.running[place] = expected
            self.spending.driver += time.perf_counter() - began
            if to_run is not None:
                yield to_run

    def _too_dear(self, trial: Trial) -> str:
        """Why a setting is not tried although there is time for that, while others may be tried.

        There would be none for its fit; or it is the base setting, and is compared with others at less effort.
        """
        spending = self.spending
        if not trial.round or trial.replicate:
            return ""
        if spending.is_base(trial) and (effort := spending.compared_at(trial.effort)) < trial.effort:
            return (
                f"it would take {spending.expected(trial):.0f} s of {spending.budget}; compared at effort {effort:.2g}"
            )
        if spending.can_be_fitted(trial.params):
            return ""
        return f"its fit would take {spending.fit_seconds(trial.params, spending.top):.0f} s of {spending.budget}"

    def _refusal(self, trial: Trial) -> str:
        """Why the budget has no room for a trial, which ends the search.

        What the strategy proposes is counted, and must leave the time to confirm it. The base setting must leave the time for
        another one too: with nothing to compare it with, the time is better spent on its fit. What decides is worth a part of
        what is kept for the fit: without it the search was for nothing.
        """
        proposed = trial.round > 0 and not self.deciding
        kept = self.spending.confirmation(trial) if proposed else -self.spending.reserve / 4 if self.deciding else 0.0
        if proposed and self.spending.is_base(trial) and not any(self._is_another(o) for o in self.outcomes):
            kept += self.spending.expected(trial)
        refusal = self.spending.refusal(trial, counted=proposed, kept=kept)
        self.spent = self.spent or refusal
        return refusal

    def _is_another(self, outcome: Outcome) -> bool:
        """Whether it is a proposed trial of a setting other than base."""
        return outcome.trial.round > 0 and not self.spending.is_base(outcome.trial)

    def _limit(self, job: Job, expected: float) -> float:
        """When a trial is stopped: at the end of what the search may spend, the first one earlier.

        One that takes much longer than expected is not worth a large part of the budget either. One that decides may take a
        part of what is kept for the fit.
        """
        longest, spending, budget = job.limit_seconds or LONGEST, self.spending, self.spending.budget.seconds
        if budget is None:
            return longest
        left = spending.left + (spending.reserve / 4 if self.deciding else 0.0)
        if spending.trials:
            rest = min(left, max(MUCH_LONGER * expected, budget / 4))
        else:
            rest = budget * (FIRST_SHARE if self.cell.variant.estimator.effort == "rows" else START_SHARE)
        return min(longest, max(0.5, rest) + ALLOWANCE)

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
            "replicate": trial.replicate,
            "params": dict(trial.params),
            "finished": time.time(),
        }
        self.ledger.write("trials", row)
        if answer.status != "skipped":
            self.spending.add(trial, row)
            # Curves are not asked for again, and as numbers of Python losses would take four times the memory.
            row |= {"history": {}, "losses": _losses(row)}
            self.recorded[job.key] = row
        return _outcome(trial, row)


def _place(trial: Trial) -> tuple[Any, float, int]:
    """What makes two trials one."""
    return frozen(trial.params), trial.effort, trial.replicate


def _selected(cell: Cell, outcomes: Sequence[Outcome]) -> Selection | None:
    """What the trials come to: those of the strategy if the base setting was ok among them, or failed; else those of the plan too."""
    base = frozen(cell.variant.base)
    proposed = [o for o in outcomes if o.trial.round and not o.trial.replicate]
    own = {o.status for o in proposed if frozen(o.trial.params) == base}
    compared = proposed if own & {"ok", *FAILURES} and any(o.ok for o in proposed) else outcomes
    return tuning.select(
        sorted(compared, key=lambda o: frozen(o.trial.params) != base)
    )  # The base setting comes first.


def _base(cell: Cell, outcomes: Sequence[Outcome], effort: float) -> Outcome:
    """The outcome of the base setting at an effort."""
    base = frozen(cell.variant.base)
    return next(o for o in outcomes if o.ok and o.trial.effort == effort and frozen(o.trial.params) == base)


def _outcome(trial: Trial, row: Mapping[str, Any]) -> Outcome:
    return Outcome(
        trial,
        row["status"],
        row.get("score"),
        row["seconds"] or 0.0,
        row["reason"] or "",
        row.get("found") or {},
        row.get("log_loss"),
        _losses(row),
    )


def _losses(row: Mapping[str, Any]) -> NDArray[np.float64]:
    """Those of a trial's row; none where it has none."""
    losses = row.get("losses")
    return np.asarray(() if losses is None else losses, np.float64)
