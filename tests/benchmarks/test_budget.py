"""A budget is all in: search and final fit together, whatever a fit costs. Clocks are made up, so a busy machine changes nothing."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import estimators
from benchmarks.cell import cells
from benchmarks.costs import STEEPEST, Costs
from benchmarks.data import datasets
from benchmarks.data.split import ROWS_PER_CLASS
from benchmarks.execution.answer import Answer, Scored
from benchmarks.ledger import Ledger
from benchmarks.search import fit_effort, search
from benchmarks.spending import LONGER, SAFETY, SAVING_SECONDS, Spending
from tests.benchmarks.study import Silent, suite


@pytest.fixture(autouse=True)
def no_fewest_rows(monkeypatch):
    """The made-up clocks here know nothing of the rows that every class keeps."""
    monkeypatch.setattr("benchmarks.spending.ROWS_PER_CLASS", 0.01)


# Name → seconds of a fit at full effort of all training rows, by setting, and at an effort.
MACHINES = {
    "linear": lambda params, effort: 40 * effort,
    "quadratic": lambda params, effort: 60 * effort**2,
    "with a start": lambda params, effort: 3 + 60 * effort,
    "features cost five times": lambda params, effort: 10 * effort * (5 if params.get("features") == "hog" else 1),
    "widths differ": lambda params, effort: 20 * effort * (0.5 + 4 * abs(np.sin(7 * len(repr(params))))),
    "hardly shorter with less effort": lambda params, effort: 4 + effort,
    "very slow": lambda params, effort: 600 * effort,
    "fast": lambda params, effort: 12 * effort,
    "photographs": lambda params, effort: 3 + 55 * effort,
    "very fast": lambda params, effort: 0.05 * effort,
}


def play(tmp_path, machine, estimator, seconds, noise=0.1, seed=0, **changes):
    """Search and plan the fit with a made-up clock; the row of the search, the efforts, and the seconds of the fit."""
    cost, rng = MACHINES[machine], np.random.default_rng(seed)
    data = datasets.load("digits")
    (cell,) = cells(suite(estimators=[estimator], budget=f"{seconds} s", **changes), [data])
    length = cell.variant.estimator.effort

    def work(params, effort, share=1.0):
        """A network is shown as many images of fewer rows."""
        return effort * share if length == "rows" else effort * params[length] / cell.variant.base[length]

    def execute(jobs):
        for job in jobs:
            took = cost(job.params, work(job.params, job.effort, 1 - cell.validation_share))
            took *= job.folds * rng.uniform(1 - noise, 1 + noise)
            if took > job.limit_seconds:
                yield job, Answer("timeout", "stopped", seconds=job.limit_seconds)
                continue
            losses = rng.normal(1, 0.1, 72 * job.folds)
            result = Scored(rng.uniform(0.5, 0.9), 1.0, losses.tolist(), job.folds, {}, took, 0.0, {})
            yield job, Answer("ok", "", result, seconds=took)

    with Ledger(tmp_path) as ledger:
        search(cell, ledger, execute, Silent())
        effort, planned = fit_effort(cell, ledger) if ledger.rows("searches")[0]["winner"] else (0.0, 0.0)
        (row,) = ledger.rows("searches")
        won = ledger.rows("trials", number=row["winner"])[0]["params"] if row["winner"] else {}
        trials = ledger.rows("trials")
    fit = cost(won, work(won, effort)) * rng.uniform(1 - noise, 1 + noise) if effort else 0.0
    return row, trials, effort, planned, fit


def test_an_effort_that_keeps_the_fewest_rows_is_the_least_that_is_tried(tmp_path, monkeypatch):
    """Every class keeps ten rows, so that less effort is the same fit, and a plan would take full fits to be dear."""
    monkeypatch.setattr("benchmarks.spending.ROWS_PER_CLASS", ROWS_PER_CLASS)
    few = datasets.load("digits")
    (cell,) = cells(suite(estimators=["svm"], budget="10 s"), [few])
    least = 10 * 10 / (0.9 * len(few.train))
    assert least <= Spending(cell).floor < np.sqrt(2) * least
    many = replace(cell, rows=100_000)
    assert Spending(many).floor < 1 / 500
    (network,) = cells(suite(estimators=["cnn"], budget="10 s"), [few])
    assert Spending(network).floor == 0

    def execute(jobs):
        for job in jobs:
            rows = max(100, job.effort * 0.9 * len(few.train))
            took = 0.5 + rows / 2000
            yield job, Answer("ok", "", Scored(0.9, 1.0, [1.0] * 72, 1, {}, took, 0.0, {}), seconds=took)

    with Ledger(tmp_path) as ledger:
        search(cell, ledger, execute, Silent())
        assert min(row["effort"] for row in ledger.rows("trials")) >= least
        assert fit_effort(cell, ledger)[0] == 1, "a full fit takes a second"


def made(folder):
    folder.mkdir()
    return folder


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("estimator", ["svm", "cnn", "logistic_regression"])
@pytest.mark.parametrize("seconds", [10, 60, 300])
def test_search_and_fit_together_stay_within_the_budget(tmp_path, machine, estimator, seconds):
    if (machine, estimator) == ("quadratic", "cnn"):
        return  # What a network takes grows with the images that it is shown.
    row, _, effort, planned, fit = play(tmp_path, machine, estimator, seconds)
    spent = row["spent_seconds"] + fit
    assert spent <= seconds + max(2.0, 0.05 * seconds), (spent, effort, planned, fit)
    assert row["winner"] is not None and 0 < effort <= (LONGER[-1] if estimator == "cnn" else 1)


@pytest.mark.parametrize("machine", ["linear", "quadratic", "with a start"])
def test_what_the_search_does_not_need_goes_to_the_fit(tmp_path, machine):
    row, _, effort, _, fit = play(tmp_path, machine, "logistic_regression", 60, noise=0.0)
    if effort < 1:
        assert row["spent_seconds"] + fit * SAFETY + SAVING_SECONDS > 0.8 * 60, (
            "time was left, and the fit was not full"
        )


def test_a_search_leaves_a_network_two_thirds_of_the_budget_to_train(tmp_path, monkeypatch):
    """A full fit takes 12 s, and one of several times that length is better still: a search must not use it up."""
    assert play(made(tmp_path / "few rows"), "fast", "cnn", 100)[0]["spent_seconds"] > 50, "1,400 rows are soon learned"
    monkeypatch.setattr("benchmarks.spending.KEPT_PASSES", 10_000)
    row, trials, effort, _, fit = play(tmp_path, "fast", "cnn", 100, noise=0.0)
    assert len(trials) > 5 and row["spent_seconds"] < 37 and fit > 54 and effort > 4


def test_a_kernel_machine_is_timed_at_half_of_its_effort_before_its_fit_is_planned(tmp_path, monkeypatch):
    """Its own growth counts: gradients may grow with the square of the rows where pixels did not."""
    monkeypatch.setitem(
        MACHINES, "apart", lambda params, effort: (60 * effort**2) if params["features"] == "hog" else 4 * effort
    )
    for seed in range(3):
        row, trials, _, _, fit = play(made(tmp_path / str(seed)), "apart", "svm", 60, 0.05, seed)
        assert row["spent_seconds"] + fit <= 63
        won = next(t for t in trials if t["number"] == row["winner"])
        efforts = {t["effort"] for t in trials if t["params"] == won["params"] and t["status"] == "ok"}
        assert max(efforts) >= 2 * min(efforts)


def test_a_dear_base_setting_keeps_no_cheap_one_from_being_tried(tmp_path, monkeypatch):
    """On photographs trees of pixels took ten times as long as those of gradients, of which not one was tried."""
    monkeypatch.setitem(
        MACHINES, "dear", lambda params, effort: 150 * effort / (10 if params["features"] == "hog" else 1)
    )
    own = estimators.get("xgboost")
    cheaper = replace(own, relative_cost=lambda params, pixels: 1 if params["features"] == "hog" else 10)
    monkeypatch.setattr(estimators, "get", lambda name: cheaper)
    _, trials, *_ = play(tmp_path, "dear", "xgboost", 100)
    tried = [t for t in trials if t["status"] == "ok" and t["params"]["features"] == "hog"]
    assert len(tried) >= 4


def test_the_base_setting_is_not_tried_again_where_no_other_can_be(tmp_path):
    """A network on photographs: half of the budget trains, a third confirms, and what is left pays for one trial alone."""
    row, trials, _effort, _, fit = play(tmp_path, "photographs", "cnn", 100, noise=0.0)
    assert [t for t in trials if t["round"] and t["status"] == "ok"] == []
    assert row["spent_seconds"] < 15 and fit > 70


def test_gradients_are_dear_on_small_images_and_cheap_on_large_ones():
    for name, small, large in (("logistic_regression", 2, 0.6), ("xgboost", 1, 0.2)):
        own = estimators.get(name)
        cost = {
            (kind, n): own.relative_cost(own.base | {"features": kind}, n)
            for kind in ("hog", "pixels")
            for n in (784, 3072)
        }
        assert cost["hog", 784] / cost["pixels", 784] == pytest.approx(small, rel=0.5)
        assert cost["hog", 3072] / cost["pixels", 3072] == pytest.approx(large, rel=0.5)


def test_a_fit_is_not_cut_to_nothing_where_that_saves_nothing(tmp_path):
    """Trees of few rows take as long as of many: what was left had room for none, and the fit had ten rows of each class."""
    for seed in range(5):
        row, _, effort, _, fit = play(
            made(tmp_path / str(seed)), "hardly shorter with less effort", "xgboost", 40, 0.1, seed
        )
        assert effort > 0.1 and row["spent_seconds"] + fit <= 42


@pytest.mark.parametrize("gain", [0.0, 0.25])
def test_few_rows_confirm_a_finalist_on_more_folds(tmp_path, gain):
    """A gain that 100 rows cannot tell from chance is told by 300; no gain is still no gain."""
    (cell,) = cells(suite(estimators=["svm"], budget="100 s"), [datasets.load("digits")])
    base, found = cell.variant.base, []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        rows = rng.normal(0, 1, 1000)  # what is hard is so for all settings

        def execute(jobs, rng=rng, rows=rows):
            for job in jobs:
                count = 36 * job.folds
                better = 0.0 if job.params == base else gain
                losses = 3 + rows[:count] - better + rng.normal(0, 1, count)
                took = 0.1 * job.folds * (0.2 + job.effort)
                log_loss = 3 - better + rng.normal(0, 0.01)
                result = Scored(0.8, log_loss, losses.tolist(), job.folds, {}, took, 0.0, {})
                yield job, Answer("ok", "", result, seconds=took)

        with Ledger(made(tmp_path / str(seed))) as ledger:
            search(cell, ledger, execute, Silent())
            again = [row for row in ledger.rows("trials") if row["replicate"]]
            (row,) = ledger.rows("searches")
        assert [r["fits"] for r in again] == ([9, 9] if again else [])
        found.append(row["winner"] == row["finalist"])
    assert np.mean(found) >= 0.8 if gain else np.mean(found) <= 0.1


def test_with_time_for_all_the_fit_is_full_and_the_rest_is_returned(tmp_path):
    row, trials, effort, _, fit = play(tmp_path, "very fast", "svm", 300)
    assert effort == row["top_effort"] == 1 and row["spent_seconds"] + fit < 30
    assert row["ended"] == "the strategy ended"
    assert max(trial["effort"] for trial in trials) == 1


def test_a_hopeless_effort_is_left_behind(tmp_path, monkeypatch):
    """Trials start at the effort at which the base setting is clearly above chance."""
    data = datasets.load("digits")
    (cell,) = cells(suite(estimators=["svm"], budget="100 s"), [data])

    def execute(jobs):
        for job in jobs:
            score = 0.1 if job.effort < 0.1 else 0.8
            yield (
                job,
                Answer(
                    "ok", "", Scored(score, 2.0, [1.0] * 72, 1, {}, 5 * job.effort, 0.0, {}), seconds=5 * job.effort
                ),
            )

    with Ledger(tmp_path) as ledger:
        search(cell, ledger, execute, Silent())
        trials = ledger.rows("trials")
        (row,) = ledger.rows("searches")
    assert row["least_effort"] >= 1 / 8 - 1e-9
    assert [t["effort"] for t in trials if t["round"] == 0] == pytest.approx([1 / 32, 1 / 8])
    assert all(t["effort"] >= 1 / 8 - 1e-9 for t in trials if t["round"] > 0)


def test_a_kernel_machine_is_expected_to_take_the_square_of_the_rows_however_flat_it_began():
    """On CIFAR-10 1,500 rows took 3.2 s, 6,000 took 3.6 and 50,000 took 72: a plan that saw the first two expected 8."""
    flat = Costs(growth=(2.0, 2.0))
    flat.add({}, 1 / 32, 3.2)
    flat.add({}, 1 / 8, 3.6)
    assert not flat.growth_is_known and flat.at_most({}, 1.0) > 72
    flat.add({}, 1 / 4, 6.5)
    assert flat.growth_is_known and 72 < flat.expected({}, 1.0) < 144


def test_what_a_network_takes_is_expected_to_grow_with_the_images_whatever_chance_says():
    """Of two short trainings the longer one ran a fifth slower: that is no power of 1.2."""
    network = Costs(growth=(1.0, 1.0))
    network.add({}, 1 / 32, 5.0, start=3.8)
    network.add({}, 1 / 8, 9.6, start=3.8)
    assert 40 < network.expected({}, 1.0) < 60


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.floats(0.001, 1), st.floats(0.001, 100)), min_size=1, max_size=12),
    st.floats(0.001, 1.2),
)
@settings(max_examples=50)
def test_costs_are_positive_and_grow_with_the_effort(seen, effort):
    costs = Costs()
    for name, at, seconds in seen:
        costs.add({"name": name}, at, seconds)
    for params in ({"name": "a"}, {"name": "unknown"}):
        assert costs.expected(params, effort) > 0
    affordable = costs.affordable({"name": "a"}, costs.expected({"name": "a"}, 0.5), 1.0)
    assert 0 < affordable <= 1


def test_every_family_has_a_rule_for_tuned():
    from benchmarks.search import TUNED

    assert set(TUNED) == {estimators.get(name).family for name in estimators.names()}


def test_a_start_that_hides_how_a_kernel_machine_grows_is_not_extrapolated_as_growth():
    """An svm of 4,500 photographs: 0.59 and 0.86 s on an eighth and a quarter of them, 2 s on all; as growth alone 7 s."""
    costs = Costs(growth=(1.5, STEEPEST))
    costs.add({}, 0.125, 0.59)
    costs.add({}, 0.25, 0.86)
    assert 2 < costs.expected({}, 1.0) < 6
