"""`Spending`: what a variant has spent of its budget, and what it can afford beside the final fit."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.cell import Cell
from benchmarks.costs import STEEPEST, Costs
from benchmarks.data.split import ROWS_PER_CLASS, most_folds
from benchmarks.execution.job import ROWS
from tuning import Trial
from tuning.winner import frozen

FIT_SHARE = 0.5  # of the budget that the plan leaves to the final fit, if that needs as much
TRAIN_SHARE = 2 / 3  # of the budget that is kept for the fit of a network, as far as it can use that
KEPT_PASSES = 120  # over the training images, for which time is kept; more are made if there is
LONGER = (2, 4, 8)  # times the images shown in a full fit, for which a network may be trained
SAFETY = 1.15  # fits take so much longer than expected, now and then
SAVING_SECONDS = 0.5  # of the model
# Efforts from which, and to which, trials go down so that more settings can be tried. Short trainings prefer rates that are
# too high for long ones.
BREADTH = {"classical": (1 / 3, 1 / 8), "deep": (1 / 3, 1 / 4)}
FOLDED_EFFORT = 1 / 3  # a trial at this effort has several folds,
FOLDS_SHARE = 0.1  # if it takes this share of the budget at most
CONFIRMING = {"classical": 0, "deep": 1}  # new seeds with which a finalist is confirmed, see benchmarks/search.py
BASE_SHARE = (
    0.2  # of the budget, which the base setting may take beside others; a dearer one is compared at less effort
)
CONFIRM_SHARE = 1 / 4  # of the budget, which more folds may take to confirm a finalist where rows are few:
CONFIRM_ROWS = 500  # where fewer than these confirm, one fold does not tell; half of its rows pick


class Spending:
    """What a variant has spent of its budget, and whether it can afford another trial beside the final fit.

    Attributes
    ----------
    top, least : efforts of the plan, see the docstring of `benchmarks.search`.
    floor : the effort below which a trial has no fewer rows, since each class keeps some; what is asked for less takes as long.
    """

    def __init__(self, cell: Cell) -> None:
        self.cell, self.budget = cell, cell.budget
        # Fit rows of a trial as a share of those of the final fit; a network is shown as many images of more rows.
        self.scale = 1 - cell.validation_share if cell.variant.estimator.effort == "rows" else 1.0
        self.floor = fewest(cell, self.scale * cell.rows)
        self.top, self.least = 1.0, 0.0
        self.trials = 0
        self.seconds = 0.0  # of trials
        self.proposer = 0.0
        self.driver = 0.0  # seconds of this process that no budget pays
        self.running: dict[int, float] = {}  # place of a trial in its batch → seconds that it is expected to take
        pixels = math.prod(cell.dataset.train.X.shape[1:])
        own = cell.variant.estimator
        growth = (own.growth, STEEPEST) if own.effort == "rows" else (1.0, 1.0)
        self.costs = Costs(lambda params: own.relative_cost(params, pixels), growth)  # of one fit
        self.folds = 1 if self.budget.seconds is not None else cell.folds  # fits of a trial, once the plan is made
        self.leader: Mapping[str, Any] = cell.variant.base  # the best setting so far, which the final fit may have
        self.highest = 0.0  # effort of a proposed setting so far
        self._base_tried: set[float] = set()  # efforts at which the base setting was
        self._base_planned = 0.0  # the highest effort at which the plan tried it
        self._scoring: list[float] = []  # seconds of trials, per fit, beside that fit
        self._least = math.inf  # log-loss of the leader

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
        """Seconds that are kept for the final fit.

        A network may train for longer than a full fit, and has most of the budget for that, as far as it can be used: a search
        that took more would have to find a setting that is worth more than the training which it costs.
        """
        if self.budget.seconds is None or not self.trials:
            return 0.0
        wanted = self.fit_seconds(self.leader, self.top)
        if (length := self.cell.variant.estimator.effort) != "rows":
            shown = self.cell.variant.base[length]
            most = KEPT_PASSES * self.cell.rows / shown if length == "images" else LONGER[-1]
            longer = {**self.leader, length: round(min(LONGER[-1], max(1.0, most)) * shown)}
            longest = self.fit_seconds(longer, 1.0)
            wanted = max(wanted, min(longest, TRAIN_SHARE * self.budget.seconds / SAFETY))
        return min(SAFETY * wanted + SAVING_SECONDS, 0.9 * self.budget.seconds)

    def confirmation(self, trial: Trial) -> float:
        """Seconds of what confirms a finalist after a trial: both at one effort, as far as they were not tried there, and
        both with a new seed.
        """
        if self.budget.seconds is None or not self.trials:
            return 0.0
        highest = max(self.highest, trial.effort)
        effort = self.compared_at(highest)
        base, finalist = (self.expected(Trial(params, effort)) for params in (self.cell.variant.base, self.leader))
        times = self.confirming_folds(effort) / self.folds if self.confirms_again(effort) else 0.0
        # Nothing comes after it but the fit, which would lack what it took too long.
        again = SAFETY * times * (base + finalist)
        if effort < highest:
            return again + finalist + (base if effort > self._base_planned else 0.0)
        tried = effort in self._base_tried or (self.is_base(trial) and effort == trial.effort)
        return again + (0.0 if tried else base)

    def compared_at(self, effort: float) -> float:
        """The effort at which the base setting is compared with others that were tried at `effort`.

        It is lower where the base setting would take more than `BASE_SHARE` of the budget there: on large images it may take most
        of the budget, and others a tenth of that.
        """
        if self.budget.seconds is None or not self._base_planned or effort in self._base_tried:
            return effort
        most = BASE_SHARE * self.budget.seconds
        while effort > self._base_planned and self.expected(Trial(self.cell.variant.base, effort)) > most:
            effort = max(self._base_planned, next_lower(effort))
        return effort

    def is_dear(self, trial: Trial) -> bool:
        """Whether a trial is too dear to be tried beside others at its effort, as the base setting is there."""
        if self.budget.seconds is None or self.compared_at(trial.effort) == trial.effort:
            return False
        return self.is_base(trial) or self.expected(trial) > BASE_SHARE * self.budget.seconds

    def confirms_again(self, effort: float) -> bool:
        """Whether a finalist is confirmed by other fits than those that found it: with a new seed, or on more folds."""
        return bool(CONFIRMING[self.cell.variant.estimator.family]) or self.confirming_folds(effort) > self.folds

    def confirming_folds(self, effort: float) -> int:
        """Folds of the fits that confirm a finalist: where rows are few, as many as a part of the budget pays for."""
        most = most_folds(share := self.cell.validation_share)
        if self.cell.folds == 1:
            most = min(most, math.ceil(CONFIRM_ROWS / (share * self.cell.rows / 2)))
        if self.budget.seconds is None or not self.trials or most <= self.folds:
            return self.folds
        both = (self.cell.variant.base, self.leader)
        once = sum(self._once(params, effort) for params in both)
        count = int(CONFIRM_SHARE * self.budget.seconds / max(once, 1e-9))
        return max(self.folds, min(count, most))

    def folds_of(self, trial: Trial) -> int:
        """How many times a trial is fitted; one of the plan once, to learn what that takes."""
        if not trial.round:
            return 1
        return self.confirming_folds(trial.effort) if trial.replicate else self.folds

    def is_base(self, trial: Trial) -> bool:
        """Whether a trial has the base setting."""
        return frozen(trial.params) == frozen(self.cell.variant.base)

    @property
    def left(self) -> float:
        """Seconds beside the reserve; infinite where the budget has none."""
        if self.budget.seconds is None:
            return math.inf
        return self.budget.seconds - self.spent - sum(self.running.values()) - self.reserve

    def refusal(self, trial: Trial, *, counted: bool = True, kept: float = 0.0) -> str:
        """Why the budget has no room for a trial; "" if it has. The first trial always runs.

        Parameters
        ----------
        counted : whether a limit on the number of trials is for this one.
        kept : seconds that it must leave, beside the reserve.
        """
        budget = self.budget
        if counted and budget.trials is not None and self.trials + len(self.running) >= budget.trials:
            return f"budget of {budget} spent"
        if budget.seconds is None or not self.trials:
            return ""
        left, expected = self.left - kept, self.expected(trial)
        if left <= 0 or expected > left:
            why = f"{self.reserve:.0f} s kept for the final fit" + (f", {kept:.0f} s to confirm" if kept > 0 else "")
            return f"budget of {budget} spent: {why}, {max(0.0, left):.0f} s left, {expected:.0f} s expected"
        return ""

    def expected(self, trial: Trial) -> float:
        """Seconds that a trial is expected to take."""
        folds = self.confirming_folds(trial.effort) if trial.replicate else self.folds
        return folds * self._once(trial.params, trial.effort)

    def at_most(self, trial: Trial) -> float:
        """Seconds that a trial of a setting that was timed takes at most, as long as nobody knows how they grow."""
        return max(self.expected(trial), self.folds * self.costs.at_most(*work(self.cell, trial.params, trial.effort)))

    def _once(self, params: Mapping[str, Any], effort: float) -> float:
        """Seconds of one fit of a trial, and of what scores it."""
        scoring = statistics.median(self._scoring) if self._scoring else 0.0
        return self.costs.expected(*work(self.cell, params, effort)) + scoring

    def fit_seconds(self, params: Mapping[str, Any], effort: float) -> float:
        """Seconds that a fit on all training rows is expected to take."""
        return self.costs.expected(*work(self.cell, params, effort / self.scale))

    def affordable(self, params: Mapping[str, Any], seconds: float, most: float = 1.0) -> float:
        """The highest effort, of `most` at most, at which such a fit is expected to take no more."""
        own, full = work(self.cell, params, 1.0)
        return min(most, self.costs.affordable(own, seconds, self.scale, most=most * full) / full)

    def plan(self) -> None:
        """Set `top`: the leader, fitted at that effort, takes `FIT_SHARE` of the budget at most."""
        if self.budget.seconds is not None and self.trials:
            seconds = max(0.0, FIT_SHARE * self.budget.seconds - SAVING_SECONDS) / SAFETY
            self.top = max(self.floor, rung(self.affordable(self.leader, seconds)))

    def can_be_fitted(self, params: Mapping[str, Any]) -> bool:
        """Whether a fit of a setting at the effort `top` is expected to fit into the half that is left to it, or is hardly dearer than base's."""
        if self.budget.seconds is None or not self.trials:
            return True
        own, base = (self.fit_seconds(p, self.top) for p in (params, self.cell.variant.base))
        return own <= max(SAFETY * base, FIT_SHARE * self.budget.seconds / SAFETY)

    def plan_breadth(self, settings: Sequence[Mapping[str, Any]]) -> None:
        """Raise `least` to the highest effort within `BREADTH` at which all of these can be tried."""
        if self.budget.seconds is None or not self.trials:
            return
        at, lowest = (min(self.top, rung_above(effort)) for effort in BREADTH[self.cell.variant.estimator.family])
        while at > max(self.least, lowest):
            trials = [Trial(params, at) for params in settings]
            cost = sum(
                self.expected(trial) for trial in trials if not self.is_base(trial) or self.compared_at(at) == at
            )
            if cost + self.confirmation(trials[0]) <= self.left:
                break
            at = next_lower(at)
        self.least = max(self.least, at)

    def plan_folds(self) -> None:
        """Take as many folds as the cell should have, if several trials of that kind fit into the budget."""
        if self.budget.seconds is not None and self.trials:
            one = self._once(self.leader, max(self.least, FOLDED_EFFORT * self.top))
            self.folds = self.cell.folds if self.cell.folds * one <= FOLDS_SHARE * self.budget.seconds else 1

    def effort(self, trial: Trial) -> float:
        """The effort at which a trial of the strategy is run."""
        if self.budget.seconds is None:
            return trial.effort
        return max(self.least, min(self.top, nearest_rung(trial.effort * self.top)))

    def add(self, trial: Trial, row: Mapping[str, Any]) -> None:
        """Count a trial that ended, by its row."""
        self.trials += 1
        self.seconds += row["seconds"] or 0.0
        if row["status"] == "ok":
            fits = row["fits"] or 1
            self.costs.add(
                *work(self.cell, trial.params, trial.effort),
                row["fit_seconds"] / fits,
                (row["start_seconds"] or 0.0) / fits,
            )
            self._scoring.append(max(0.0, row["seconds"] - row["fit_seconds"]) / fits)
            if not trial.round and self.is_base(trial):
                self._base_planned = max(self._base_planned, trial.effort)
            if trial.round and not trial.replicate:
                self.highest = max(self.highest, trial.effort)
                if self.is_base(trial):
                    self._base_tried.add(trial.effort)
            if row["log_loss"] < self._least:  # A setting that is ahead at less effort is so at more.
                self.leader, self._least = trial.params, row["log_loss"]
        elif row["status"] == "timeout" and trial.round:  # It takes that long at least.
            self.costs.add(*work(self.cell, trial.params, trial.effort), row["seconds"] / self.folds_of(trial))


def fewest(cell: Cell, rows: float) -> float:
    """The effort, one of 1, 1/√2, 1/2, …, at which a fit of so many rows has the fewest of each class.

    0 where rows are not scaled, or those of a source are there to be left out.
    """
    origin = cell.variant.origin
    if cell.variant.estimator.effort != "rows" or (origin is not None and origin.way == ROWS):
        return 0.0
    return rung_above(min(1.0, ROWS_PER_CLASS * len(cell.learned.classes) / rows))


def rung(effort: float) -> float:
    """The highest of 1, 1/√2, 1/2, … that is not above an effort: equal trials of two rounds are one trial."""
    return 2.0 ** (math.floor(2 * math.log2(effort) + 1e-9) / 2)


def rung_above(effort: float) -> float:
    """The lowest of 1, 1/√2, 1/2, … that is not below an effort."""
    return 2.0 ** (math.ceil(2 * math.log2(effort) - 1e-9) / 2)


def next_lower(rung: float) -> float:
    """The one of 1, 1/√2, 1/2, … below another: to the last bit, since scores are compared at equal efforts."""
    return nearest_rung(rung / math.sqrt(2))


def nearest_rung(effort: float) -> float:
    """The nearest of 1, 1/√2, 1/2, …"""
    return min(1.0, 2.0 ** (round(2 * math.log2(effort)) / 2))


def work(cell: Cell, params: Mapping[str, Any], effort: float) -> tuple[dict[str, Any], float]:
    """A setting without its length of training, and the effort in lengths of the base setting's."""
    length = cell.variant.estimator.effort
    if length == "rows":
        return dict(params), effort
    return {**params, length: None}, effort * params[length] / cell.variant.base[length]
