"""The plan of a search: confirmation with another seed, longer training, and what a replay repeats. Workers are made up."""

from dataclasses import replace

import numpy as np
import pytest

import estimators
from benchmarks.cell import cells
from benchmarks.data import datasets
from benchmarks.errors import UserError
from benchmarks.execution.answer import Answer, Scored
from benchmarks.ledger import Ledger, Recorded
from benchmarks.search import PASSED_OVER, fit_effort, repeat, search, tuned
from benchmarks.spending import nearest_rung
from benchmarks.suite import shared_within
from tests.benchmarks.study import Silent, suite
from tuning import Outcome, Selection, Trial


@pytest.fixture(autouse=True)
def no_fewest_rows(monkeypatch):
    """The made-up clocks here know nothing of the rows that every class keeps."""
    monkeypatch.setattr("benchmarks.spending.ROWS_PER_CLASS", 0.01)


def searched(
    tmp_path, estimator, loss, *, budget="100 s", cost=lambda job: 4 * job.effort, history=lambda job: {}, **more
):
    """Search with made-up workers; the row of the search, the rows of its trials, and the planned effort of the fit.

    Parameters
    ----------
    loss : job -> mean loss of the setting.
    cost : job -> seconds.
    """
    (cell,) = cells(suite(estimators=[estimator], budget=budget, **more), [datasets.load("digits")])
    noise = np.random.default_rng(0).normal(0, 0.05, 200)  # The rows are the same for all settings.
    start = 0.001 if cell.variant.estimator.family == "deep" else 0.0

    def execute(jobs):
        for job in jobs:
            jitter = np.random.default_rng(int(job.key[:8], 16)).normal(0, 0.02, 200)
            result = Scored(
                0.9, loss(job), (loss(job) + noise + jitter).tolist(), 1, {}, cost(job), 0.0, history(job), start
            )
            limit = job.limit_seconds or np.inf
            yield (
                job,
                Answer("timeout", "", seconds=limit)
                if cost(job) > limit
                else Answer("ok", "", result, seconds=cost(job)),
            )

    with Ledger(tmp_path) as ledger:
        search(cell, ledger, execute, Silent())
        (row,) = ledger.rows("searches")
        return row, ledger.rows("trials"), fit_effort(cell, ledger), (cell, execute)


def better(job):
    """One setting is better by a fifth."""
    return 0.8 if job.params["learning_rate"] != estimators.get("cnn").base["learning_rate"] else 1.0


def test_a_network_that_is_better_with_two_seeds_replaces_the_base_setting(tmp_path):
    row, trials, _, _ = searched(tmp_path, "cnn", better)
    again = [t for t in trials if t["replicate"]]
    assert len(again) == 2 and again[0]["params"] == trials[0]["params"]
    assert row["winner"] == row["finalist"] and row["p_value"] < 0.05 and row["tuned"] == "tuned"


def test_luck_with_the_seed_is_no_merit(tmp_path):
    row, trials, _, _ = searched(tmp_path, "cnn", lambda job: 2.0 - better(job) if job.replicate else better(job))
    winner = next(t for t in trials if t["number"] == row["winner"])
    assert any(t["replicate"] for t in trials)
    assert winner["params"] == trials[0]["params"] and row["tuned"] == "default" and row["p_value"] > 0.05


def test_models_without_luck_are_not_fitted_again(tmp_path):
    row, trials, _, _ = searched(tmp_path, "xgboost", lambda job: 0.8 if job.params["features"] == "hog" else 1.0)
    assert not any(t["replicate"] for t in trials) and row["winner"] == row["finalist"]


@pytest.mark.parametrize(("budget", "folds"), [("100 s", 3), ("1000 s", 7)])
def test_where_few_rows_confirm_a_quarter_of_the_budget_pays_for_more(tmp_path, monkeypatch, budget, folds):
    """72 rows confirm in one fold here, so seven folds have 500."""
    monkeypatch.setattr("benchmarks.cell.FEW_ROWS", 0)
    asked = set()

    def cost(job):
        asked.add((job.replicate, job.folds))
        return 4 * job.effort * job.folds

    searched(tmp_path, "svm", lambda job: 1.0 if job.params["C"] == 10 else 0.8, budget=budget, cost=cost)
    assert asked == {(0, 1), (1, folds)}


def test_a_cell_of_a_study_knows_how_many_rows_are_left():
    study = suite(estimators=["svm"], budget="100 s", studies={"sizes": [300, "all"]})
    digits = datasets.load("digits")
    assert [cell.rows for cell in cells(study, [digits])] == [300, len(digits.train)]


def test_what_confirms_is_paid_from_the_budget(tmp_path):
    row, trials, (_, planned), _ = searched(tmp_path, "cnn", better, budget="90 s", cost=lambda job: 20 * job.effort)
    assert any(t["replicate"] for t in trials) and row["spent_seconds"] + planned <= 93


@pytest.mark.parametrize(("power", "expected"), [(-0.5, 8), (0.1, 1)])
def test_a_network_is_trained_longer_as_long_as_that_helps(tmp_path, power, expected):
    base = estimators.get("mlp").base

    def loss(job):
        """The base setting is the best, at any length."""
        others = 1.0 if job.params | {"images": base["images"]} == base else 1.01
        return others * (job.params["images"] / 600_000) ** power

    row, trials, (effort, _), _ = searched(
        tmp_path,
        "mlp",
        loss,
        budget="1000 s",
        cost=lambda job: 5 * job.effort * job.params["images"] / 600_000,
    )
    winner = next(t for t in trials if t["number"] == row["winner"])
    assert winner["params"]["images"] == expected * 600_000
    assert row["ended"] == "the strategy ended"
    assert (effort == 1) == (expected == 1), "what is left goes to the fit, unless a trial told that it is of no use"


def test_longer_training_is_planned_for_the_fit_as_well(tmp_path):
    """There is time to try it, and none to fit it: it is not tried."""
    row, _, (_, planned), _ = searched(
        tmp_path,
        "mlp",
        lambda job: (job.params["images"] / 600_000) ** -0.5,
        budget="100 s",
        cost=lambda job: 10 * job.effort * job.params["images"] / 600_000,
    )
    assert row["spent_seconds"] + planned <= 105


def test_a_replay_repeats_trials_and_decision_without_a_clock(tmp_path):
    (tmp_path / "one").mkdir(), (tmp_path / "two").mkdir()
    row, trials, _, (cell, execute) = searched(
        tmp_path / "one", "cnn", better, budget="30 s", cost=lambda j: 20 * j.effort
    )

    def ten_times_slower(jobs):
        for job, answer in execute(jobs):
            yield job, Answer("ok", "", answer.result, seconds=10 * answer.seconds)

    with Ledger(tmp_path / "two") as ledger, Recorded(tmp_path / "one") as recorded:
        repeat(cell, ledger, ten_times_slower, Silent(), recorded)
        again, (row_again,) = ledger.rows("trials"), ledger.rows("searches")
    ran = [t for t in trials if t["status"] != "skipped"]
    assert [t["key"] for t in again] == [t["key"] for t in ran] and len(ran) < len(trials)
    assert [t["score"] for t in again] == [t["score"] for t in ran]
    number = {t["number"]: t["key"] for t in trials}, {t["number"]: t["key"] for t in again}
    assert number[0][row["winner"]] == number[1][row_again["winner"]]
    assert (row["tuned"], row["p_value"]) == (row_again["tuned"], row_again["p_value"])


def test_time_for_a_whole_run_is_shared_equally():
    shared = shared_within(suite(estimators=["svm", "cnn"], seeds=2), "10m")
    assert 4 * shared.budget.seconds < 570 < 4 * shared.budget.seconds / 0.8
    with pytest.raises(UserError, match="4 searches and fits take at least"):
        shared_within(suite(estimators=["svm", "cnn"], seeds=2), "35s")
    with pytest.raises(UserError, match="no time"):
        shared_within(suite(estimators=["svm"]), "5 trials")


@pytest.mark.parametrize("strategy", ["random", "kerastuner:bayesian"])
def test_a_strategy_that_never_ends_is_ended_where_no_setting_can_be_fitted(tmp_path, strategy):
    """All but the base setting would take ten times its seconds."""
    base = estimators.get("svm").base["C"]

    def cost(job):
        return (10 if job.params["C"] == base else 100) * job.effort

    def loss(job):
        return 1.0 if job.params["C"] == base else 0.9

    search = {"strategy": strategy, "portfolio": False}
    row, trials, *_ = searched(tmp_path, "svm", loss, budget="40 s", cost=cost, search={"svm": search})
    assert row["winner"] and "would take too long to fit" in row["ended"]
    passed = [t for t in trials if t["status"] == "skipped"]
    assert len(passed) < 2 * PASSED_OVER and row["proposer_seconds"] < 30


def test_a_network_whose_start_takes_most_of_the_budget_is_fitted_all_the_same(tmp_path):
    """The first trial of the base cnn took 6.7 of 10 s."""
    row, *_ = searched(tmp_path, "cnn", lambda job: 1.0, budget="10 s", cost=lambda job: 6.5 + 4 * job.effort)
    assert row["winner"] and row["spent_seconds"] < 10


def test_what_a_strategy_compares_has_one_effort(tmp_path):
    """Coarse to fine asks for full trials in its last two rounds; where there is no time for full ones, both are as short."""
    both = []
    for seconds in range(120, 260, 20):
        folder = tmp_path / str(seconds)
        folder.mkdir()
        _, trials, _, _ = searched(
            folder,
            "logistic_regression",
            lambda job: 0.8 + 0.1 * abs(np.log(job.params["C"] / 200)) + (job.params["features"] == "pixels"),
            budget=f"{seconds} s",
            cost=lambda job: 12 * job.effort,
        )
        base = trials[0]["params"]
        efforts = [
            {t["effort"] for t in trials if t["round"] == number and t["status"] == "ok" and t["params"] != base}
            for number in (4, 5)
        ]
        if all(efforts):
            both.append(efforts)
    assert both and all(later <= earlier for earlier, later in both)
    assert {effort for efforts in both for effort in efforts[0]} - {1.0}, "time was always enough: this proves nothing"


@pytest.mark.parametrize("estimator", ["xgboost", "cnn"])
def test_equal_efforts_are_equal_to_the_last_bit(tmp_path, estimator):
    """Scores are compared at equal efforts: a published search had lost its best setting to 0.1767766952966369."""
    seen = set()
    for seconds in (20, 30, 45, 70, 100, 200, 400):
        folder = tmp_path / str(seconds)
        folder.mkdir()
        _, trials, _, _ = searched(
            folder, estimator, lambda job: 1.0, budget=f"{seconds} s", cost=lambda job: 0.5 + 20 * job.effort
        )
        seen |= {t["effort"] for t in trials}
    assert len(seen) > 3 and seen == {nearest_rung(effort) for effort in seen}


def test_the_base_setting_is_tried_where_the_finalist_was(tmp_path):
    """The strategy goes on from the portfolio's best setting and forgets base."""
    row, trials, _, _ = searched(
        tmp_path, "svm", lambda job: 1.0 - 0.2 * (job.params["features"] == "hog"), cost=lambda job: 2 * job.effort
    )
    finalist = next(t for t in trials if t["number"] == row["finalist"])
    base = [t["effort"] for t in trials if t["params"] == trials[0]["params"]]
    assert finalist["effort"] == 1.0 == max(base)


def test_a_setting_whose_fit_would_take_most_of_the_budget_is_passed_over(tmp_path):
    _, trials, _, _ = searched(
        tmp_path, "svm", lambda job: 1.0, cost=lambda job: 30 * job.effort * (1 + job.params["copies"]) ** 2
    )
    dear = [t for t in trials if t["params"]["copies"] and t["status"] == "skipped"]
    assert dear and all("its fit would take" in t["reason"] for t in dear)
    assert not any(t["params"]["copies"] == 2 and t["status"] == "ok" for t in trials)
    assert sum(t["status"] == "ok" for t in trials) > 5, "the search goes on with others"


@pytest.mark.parametrize(("gradients", "label"), [(0.8, "lightly searched"), (1.2, "default")])
def test_a_base_setting_too_dear_to_be_tried_beside_others_is_compared_at_less_effort(
    tmp_path, monkeypatch, gradients, label
):
    """Trees of pixels of photographs take ten times as long as those of gradients. None replaces base unconfirmed."""

    def dear(job):
        return 600 * job.effort / (10 if job.params["features"] == "hog" else 1)

    own = estimators.get("xgboost")
    known = replace(own, relative_cost=lambda params, pixels: 1 if params["features"] == "hog" else 10)
    monkeypatch.setattr(estimators, "get", lambda name: known)
    row, trials, *_ = searched(
        tmp_path, "xgboost", lambda job: gradients if job.params["features"] == "hog" else 1.0, cost=dear
    )
    by_number, base = {t["number"]: t for t in trials}, trials[0]["params"]
    winner = by_number[row["winner"]]
    assert row["tuned"] == label and (winner["params"] == base) == (label == "default")
    assert max(t["effort"] for t in trials if t["status"] == "ok") > trials[0]["effort"]
    if label != "default":
        assert 600 * winner["effort"] <= 0.2 * 100 or winner["effort"] == trials[0]["effort"]
        compared = [t["params"] for t in trials if t["status"] == "ok" and t["effort"] == winner["effort"]]
        assert base in compared and row["finalist"] == row["winner"] and row["p_value"] < 0.05


def test_what_it_takes_to_score_a_trial_is_expected_of_the_next(tmp_path):
    """Fits of 0.3 s, and 6 s more to score each: none is begun that would end in what is kept for the fit."""
    (cell,) = cells(suite(estimators=["svm"], budget="45 s"), [datasets.load("digits")])

    def execute(jobs):
        for job in jobs:
            losses = np.random.default_rng(0).normal(1, 0.1, 200).tolist()
            yield job, Answer("ok", "", Scored(0.9, 1.0, losses, 1, {}, 0.3, 0.0, {}, 0.001), seconds=6.3)

    with Ledger(tmp_path) as ledger:
        search(cell, ledger, execute, Silent())
        (row,) = ledger.rows("searches")
    assert row["trials"] > 2 and row["spent_seconds"] <= 38


def test_base_is_compared_at_the_highest_effort_at_which_it_is_affordable(tmp_path, monkeypatch):
    """Not at that of its pilot: there a setting led that is far behind with more rows."""
    own = estimators.get("xgboost")
    known = replace(own, relative_cost=lambda params, pixels: 1 if params["features"] == "hog" else 40)
    monkeypatch.setattr(estimators, "get", lambda name: known)

    def dear(job):
        return 180 * job.effort / (40 if job.params["features"] == "hog" else 1)

    row, trials, *_ = searched(
        tmp_path, "xgboost", lambda job: 0.9 if job.params["features"] == "hog" else 1.0, cost=dear
    )
    finalist = next(t for t in trials if t["number"] == row["finalist"])
    ran = [t for t in trials if t["status"] == "ok"]
    pilot = max(t["effort"] for t in ran if not t["round"])
    assert pilot < finalist["effort"] < max(t["effort"] for t in ran)
    assert row["tuned"] == "lightly searched"


def test_tuned_is_what_was_compared_at_as_much_effort_as_the_others_were_tried_at():
    """Eight settings at a third of a full fit, but the finalist against base at an eighth."""
    others = [Outcome(Trial({"C": float(i)}, 0.36, 1), "ok", 0.9, 1.0) for i in range(9)]
    for effort, label in ((0.125, "lightly searched"), (0.36, "tuned")):
        base = Outcome(Trial({"C": 99.0}, effort, 1), "ok", 0.8, 1.0)
        finalist = Outcome(Trial({"C": 1.0}, effort, 1), "ok", 0.9, 1.0)
        assert tuned(Selection(finalist, finalist, 0.01), [base, *others, finalist], "classical") == label
        assert tuned(Selection(base, finalist, 0.5), [base, *others, finalist], "classical") == "default"


def test_a_base_setting_that_fails_with_more_rows_does_not_win_by_its_pilot(tmp_path):
    (cell,) = cells(suite(estimators=["svm"], budget="100 s"), [datasets.load("digits")])
    base = dict(cell.variant.base)

    def execute(jobs):
        for job in jobs:
            if job.effort > 0.2 and dict(job.params) == base:
                yield job, Answer("out_of_memory", "too large", seconds=1.0)
                continue
            losses = np.random.default_rng(0).normal(0.5 if job.params["features"] == "hog" else 1, 0.1, 200)
            took = 8 * job.effort
            result = Scored(0.9, float(losses.mean()), losses.tolist(), 1, {}, took, 0.0, {}, 0.0)
            yield job, Answer("ok", "", result, seconds=took)

    with Ledger(tmp_path) as ledger:
        search(cell, ledger, execute, Silent())
        (row,) = ledger.rows("searches")
        (winner,) = ledger.rows("trials", number=row["winner"])
    assert winner["params"] != base and row["tuned"] == "lightly searched"


def test_what_was_stopped_counts_when_the_fit_is_planned(tmp_path):
    """Beyond a third of the rows a fit takes seventy times as long: the trial that was stopped there tells."""
    (cell,) = cells(suite(estimators=["logistic_regression"], budget="60 s"), [datasets.load("digits")])

    def execute(jobs):
        for job in jobs:
            took = 4 * job.effort if job.effort < 0.3 else 300 * job.effort
            if took > job.limit_seconds:
                yield job, Answer("timeout", "stopped", seconds=job.limit_seconds)
                continue
            losses = np.random.default_rng(0).normal(1, 0.1, 200).tolist()
            yield job, Answer("ok", "", Scored(0.9, 1.0, losses, 1, {}, took, 0.0, {}, 0.0), seconds=took)

    with Ledger(tmp_path) as ledger:
        search(cell, ledger, execute, Silent())
        effort, planned = fit_effort(cell, ledger)
        stopped = [t for t in ledger.rows("trials") if t["status"] == "timeout"]
    assert stopped and planned > 4 * effort + 1


def test_the_setting_of_a_kernel_machine_is_timed_at_half_of_its_effort_before_it_is_fitted(tmp_path):
    row, trials, *_ = searched(
        tmp_path,
        "svm",
        lambda job: 0.8 if job.params["features"] == "hog" else 1.0,
        cost=lambda job: 60 * job.effort**2,
    )
    winner = next(t for t in trials if t["number"] == row["winner"])
    timed = [t["effort"] for t in trials if t["params"] == winner["params"] and not t["round"] and t["status"] == "ok"]
    assert winner["params"] != trials[0]["params"] and timed and max(timed) <= winner["effort"] / 2 + 1e-9
