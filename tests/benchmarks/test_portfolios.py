"""Portfolios in runs, and how they are learned: toy estimators on the digits."""

import json
import math
import re

import numpy as np
import pytest

import estimators
from benchmarks import portfolios
from benchmarks.data import datasets
from benchmarks.errors import UserError
from benchmarks.ledger import read_table
from benchmarks.portfolios import arranged, at_hand, check, learn, regret, tables, write_portfolios
from benchmarks.suite import variants
from estimators.portfolios import Portfolio, Task, file_of, read, write
from tests.benchmarks.study import Silent, add_estimator, carry_out, suite

BASE = {"shrink": 0.0}
LISTED = ({"shrink": 0.3}, {"shrink": 0.6}, {"shrink": 0.8}, BASE)
RANDOM = {"nearest_mean": {"strategy": "random"}}


pytestmark = pytest.mark.usefixtures("estimators_folder")


def ship(*order, without=None, settings=LISTED):
    learned = Portfolio("nearest_mean", settings, order, without or {}, (), {"length": 8})
    write(file_of("nearest_mean"), learned, BASE)


def trials(folder, columns=("params", "effort")):
    table = read_table(folder, "trials", losses=True).query("status == 'ok'")
    return [(params["shrink"], *rest) for params, *rest in table[list(columns)].itertuples(index=False)]


@pytest.mark.parametrize("strategy", ["random", "grid", "coarse_to_fine", "kerastuner:bayesian"])
def test_every_strategy_tries_it_first(tmp_path, strategy):
    ship(2, 0)
    carry_out(tmp_path / "run", budget="5 trials", search={"nearest_mean": {"strategy": strategy}})
    assert trials(tmp_path / "run")[:3] == [(0.0, 1.0), (0.8, 1.0), (0.3, 1.0)]
    info = json.loads((tmp_path / "run" / "run.json").read_text())
    assert info["portfolios"] == {"digits": {"nearest_mean": [{"shrink": 0.8}, {"shrink": 0.3}]}}


def test_a_budget_in_seconds_starts_with_cheap_trials(tmp_path):
    ship(2, 0)
    carry_out(tmp_path / "run", budget="20 s", search={"nearest_mean": {"options": {"trials": 3}}})
    efforts = {shrink: effort for shrink, effort in trials(tmp_path / "run") if shrink}
    first = [(shrink, effort) for shrink, effort in trials(tmp_path / "run") if effort == pytest.approx(2**-1.5)]
    assert [shrink for shrink, _ in first] == [0.0, 0.8, 0.3] and max(efforts.values()) == 1


def test_on_a_data_set_that_it_was_learned_on_the_order_without_it_is_taken(tmp_path):
    ship(2, 0, without={"digits": (1,)})
    carry_out(tmp_path / "run", budget="2 trials")
    assert trials(tmp_path / "run") == [(0.0, 1.0), (0.6, 1.0)]


def test_a_suite_may_do_without(tmp_path):
    carry_out(tmp_path / "before")
    ship(2, 0)
    carry_out(tmp_path / "run", search={"nearest_mean": {"portfolio": False}})
    assert trials(tmp_path / "run", ("params", "key")) == trials(tmp_path / "before", ("params", "key"))
    (variant,) = variants(suite(search={"nearest_mean": {"portfolio": False}}))
    assert variant.portfolio("digits") == ()


def test_it_is_restricted_to_what_is_searched():
    axes, fixed = (
        {"search": {"svm": {"axes": ["C"]}}},
        {"variants": [{"name": "hog", "estimator": "svm", "base": {"features": "hog"}}]},
    )
    plain, hog = variants(suite(estimators=["svm"], **axes, **fixed))
    settings = [
        {"C": 3.0, "gamma": 0.5, "features": "pixels", "copies": 0},
        {"C": 3.0, "gamma": 2.0, "features": "hog", "copies": 2},
        {"C": 10.0, "gamma": 2.0, "features": "hog", "copies": 0},
        {"C": 5.0, "gamma": 2.0, "features": "hog", "copies": 0},
        {"C": 7.0, "gamma": 2.0, "features": "pixels", "copies": 0},
        {"C": 1e9, "gamma": 2.0, "features": "hog", "copies": 0},
    ]
    assert [s["C"] for s in plain.restricted(settings)] == [3.0, 5.0, 7.0], (
        "doubles, base and what is outside are left out"
    )
    assert all(s == plain.base | {"C": s["C"]} for s in plain.restricted(settings)), "other axes keep the base's value"
    assert [(s["C"], s["features"]) for s in hog.restricted(settings)] == [(3.0, "hog"), (5.0, "hog")]
    (free,) = variants(suite(estimators=["svm"]))
    assert [s["copies"] for s in free.restricted(settings[:2])] == [0, 2]


def test_a_changed_portfolio_changes_no_key_and_no_search_that_was_begun(tmp_path):
    """A search goes on with the settings that it began with; results of the trials hold whatever is tried first."""
    ship(2, 0)
    carry_out(tmp_path / "whole", budget="6 trials")

    def interrupt(number):
        if number == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        carry_out(tmp_path / "halted", Silent(interrupt), budget="6 trials")
    ship(1, 0)
    observer = Silent()
    carry_out(tmp_path / "halted", observer, budget="6 trials")
    assert observer.trials == 4 and not observer.notes
    assert trials(tmp_path / "halted", ("params", "key")) == trials(tmp_path / "whole", ("params", "key"))
    carry_out(tmp_path / "new", budget="6 trials")
    assert [shrink for shrink, _ in trials(tmp_path / "new")[:3]] == [0.0, 0.6, 0.3]
    assert set(trials(tmp_path / "new", ("params", "key"))) & set(trials(tmp_path / "whole", ("params", "key")))


def test_a_broken_portfolio_is_one_line(tmp_path):
    ship(2, 0)
    file_of("nearest_mean").write_text("order = [")
    with pytest.raises(UserError, match=r"^nearest_mean: The portfolio .* cannot be used") as error:
        carry_out(tmp_path / "run")
    assert "\n" not in str(error.value)


@pytest.fixture
def two_sets(tmp_path, monkeypatch):
    """The digits, and a smaller set of other images."""
    digits = datasets.load("digits").train
    folder = tmp_path / "data"
    folder.mkdir()
    np.savez(folder / "others.npz", x=255 - digits.X[:400], y=digits.y[:400])
    monkeypatch.setenv("CROSSOVER_DATA", str(folder))
    return ["digits", "others.npz", "absent"]


def learned(folder, names, **more):
    learn(folder, names=names, glob="nearest_mean", settings=5, sizes=(200, 1000), execute_by="serial", **more)


def test_learning_compares_all_settings_on_every_task_and_writes_the_file(tmp_path, two_sets, capsys):
    learned(tmp_path / "run", two_sets)
    assert "WARNING: absent is left out" in capsys.readouterr().err
    table = read_table(tmp_path / "run", "trials", losses=True)
    full = table[table["effort"] == 1]
    assert full.groupby(["dataset", "condition"]).size().to_dict() == {
        ("digits", "sizes=200"): 5, ("digits", "sizes=1000"): 5, ("others", "sizes=200"): 5, ("others", ""): 5,
    }  # fmt: skip
    assert table["status"].eq("ok").all() and not (tmp_path / "run" / "cells").exists()
    assert [path.name for path in write_portfolios(tmp_path / "run")] == ["nearest_mean.toml"]
    there = read(file_of("nearest_mean"), estimators.get("nearest_mean"))
    assert {(t.dataset, t.rows) for t in there.tasks} == {
        ("digits", 200),
        ("digits", 1000),
        ("others", 200),
        ("others", 320),
    }
    assert set(there.without) == {"digits", "others"} and there.order
    assert there.learned["seconds"] > 0 and there.learned["libraries"]["scikit-learn"]
    assert check(file_of("nearest_mean"), estimators.get("nearest_mean")) == ""
    carry_out(tmp_path / "after", budget="2 trials")
    first = trials(tmp_path / "after")[1][0]
    assert first in {there.settings[place]["shrink"] for place in there.without["digits"]}


def test_learning_goes_on_where_it_stopped_and_a_file_that_was_written_changes_nothing(tmp_path, two_sets):
    learned(tmp_path / "whole", two_sets)
    whole = read_table(tmp_path / "whole", "trials", losses=True)
    learned(tmp_path / "run", two_sets, hours=whole["seconds"].sum() / 5 / 3600)
    before = read_table(tmp_path / "run", "trials", losses=True)
    assert 0 < len(before) < len(whole)
    write_portfolios(tmp_path / "whole")
    learned(tmp_path / "run", two_sets)
    after = read_table(tmp_path / "run", "trials", losses=True)
    assert after[: len(before)].equals(before)
    assert set(after["key"]) >= set(whole[whole["effort"] == 1]["key"])
    learned(tmp_path / "run", two_sets)
    assert read_table(tmp_path / "run", "trials", losses=True).equals(after)


def test_whenever_it_stops_the_table_is_balanced(tmp_path, two_sets, monkeypatch):
    """One setting on every task before the next one; a setting that is not tried on all is left out."""
    learned(tmp_path / "run", two_sets)
    rows = read_table(tmp_path / "run", "trials", losses=True)
    monkeypatch.setattr(portfolios, "read_table", lambda folder, name, losses: rows.iloc[:-6])
    ((settings, tasks),) = tables(tmp_path / "run").values()
    assert len(settings) == 3 and len(tasks) == 4 and {len(task.losses) for task in tasks} == {3}
    monkeypatch.setattr(portfolios, "read_table", lambda folder, name, losses: rows[rows["dataset"] == "digits"])
    assert write_portfolios(tmp_path / "run") == [], "an order without the only data set is none"


def test_a_setting_that_fails_or_takes_too_long_is_the_worst(tmp_path, two_sets, estimators_folder):
    add_estimator(estimators_folder, "nearest_mean", "if self.shrink > 0.8: raise RuntimeError('on purpose')")
    learned(tmp_path / "run", two_sets)
    ((settings, tasks),) = tables(tmp_path / "run").values()
    failed = [place for place, setting in enumerate(settings) if setting["shrink"] > 0.8]
    assert failed and all(math.isnan(task.losses[place]) for task in tasks for place in failed)
    found = arranged("nearest_mean", settings, tasks, {})
    assert all(found.settings[place]["shrink"] <= 0.8 for place in found.order)


@pytest.mark.parametrize(
    ("seconds", "dull", "most", "efforts"),
    [
        (lambda e: 8 * e, (), 10, [1 / 32, 1 / 8, 1]),
        (lambda e: 40 * e, (), 10, [1 / 32, 1 / 8, 1 / 4]),
        (lambda e: 7 + 8 * e, (), 10, [1 / 32, 1 / 8, 1 / 4]),  # a start that costs more than the training
        (lambda e: 40 * e**2, (), 10, [1 / 32, 1 / 8, 1, 1 / 4]),  # faster than a line
        (lambda e: 40 + e, (), 10, [1 / 32, 1 / 8, 1 / 32]),
        (lambda e: 90 * e, (1 / 32, 1 / 8, 1 / 4), 10, [1 / 32, 1 / 8, 1 / 4, 1 / 2]),
        (lambda e: None if e > 1 / 8 else e, (), 10, [1 / 32, 1 / 8, 1, 1 / 2, 1 / 4, 1 / 8]),
        (lambda e: None if e > 1 / 32 else e, (), 10, [1 / 32, 1 / 8, 1 / 16, 1 / 32]),
        (lambda e: None, (), 10, [1 / 32, 0]),
        (lambda e: 8 * e, portfolios.EFFORTS, 10, [1 / 32, 1 / 8, 1, 0]),
    ],
)
def test_the_effort_is_the_highest_that_time_allows_and_that_tells_something(seconds, dull, most, efforts):
    took, left, tried = {}, portfolios.EFFORTS, []
    while True:
        effort = portfolios.next_effort(took, [e for e in dull if e in took], left, most)
        tried += [effort] if not tried or effort != tried[-1] else []
        if not effort or effort in took:
            break
        if seconds(effort) is None:
            left = [e for e in left if e < effort]
        else:
            took[effort] = seconds(effort)
    assert tried[-1] == efforts[-1] and set(tried) == set(efforts), tried


def test_all_settings_of_a_task_are_tried_at_the_effort_that_time_allows(tmp_path, two_sets, estimators_folder):
    add_estimator(estimators_folder, "nearest_mean", "import time; time.sleep(len(X) / 5000)")
    learned(tmp_path / "run", ["digits"], seconds=0.25)
    table = read_table(tmp_path / "run", "trials", losses=True).query("condition == 'sizes=1000'")
    compared = table[table["params"].map(lambda params: params["shrink"] > 0)]
    assert compared["effort"].nunique() == 1 and compared["effort"].iloc[0] < 1
    ((settings, tasks),) = tables(tmp_path / "run").values()
    assert len(settings) == 5 and {t.rows: t.effort for t in tasks}[1000] == compared["effort"].iloc[0]


def test_data_sets_of_the_same_images_are_left_out_together():
    tasks = [Task(dataset=d, rows=n, effort=1.0, losses=x, seconds=(1.0, 1.0, 1.0)) for d, n, x in [
        ("mnist", 1000, (3, 1, 2)), ("mnist", 10000, (3, 1, 2)), ("usps", 1000, (2, 3, 1)), ("cifar-10", 1000, (1, 3, 2))
    ]]  # fmt: skip
    found = arranged("svm", [{"C": 1.0}, {"C": 2.0}, {"C": 3.0}], tasks, {})
    chosen = {name: [found.settings[i]["C"] for i in order] for name, order in found.without.items()}
    assert found.without.keys() == {"mnist", "usps", "cifar-10", "digit-recognizer", "mnist-c"}
    assert chosen["mnist"] == chosen["digit-recognizer"] == chosen["mnist-c"] and chosen["mnist"][-1] == 2.0
    assert chosen["usps"][0] == 2.0 and found.order == tuple(range(len(found.order)))


def test_a_broken_file_does_not_keep_a_new_one_from_being_learned(tmp_path, two_sets):
    ship(2, 0)
    file_of("nearest_mean").write_text("order = [")
    learned(tmp_path / "run", two_sets)
    (path,) = write_portfolios(tmp_path / "run")
    assert check(path, estimators.get("nearest_mean")) == ""


def test_a_changed_order_is_found_out(tmp_path, two_sets):
    learned(tmp_path / "run", two_sets)
    (path,) = write_portfolios(tmp_path / "run")
    text = path.read_text()
    estimator = estimators.get("nearest_mean")
    path.write_text(text.replace("order = [0, 1", "order = [1, 0", 1))
    assert "does not follow" in check(path, estimator)
    path.write_text(re.sub(r"others = \[(\d), (\d)", r"others = [\2, \1", text, count=1))
    assert check(path, estimator) == "the order without others does not follow from the losses"


def test_regret_tells_what_the_portfolio_would_have_found(tmp_path):
    ship(2, 0, without={"digits": (0,)})
    carry_out(tmp_path / "run", budget="6 trials", search=RANDOM)
    (row,) = regret(tmp_path / "run").to_dict("records")
    table = read_table(tmp_path / "run", "trials", losses=True).query("status == 'ok'").to_dict("records")
    loss = {row["params"]["shrink"]: (row["log_loss"] + np.mean(row["losses"])) / 2 for row in table}
    assert row["base"] == pytest.approx(loss[0.0], abs=1e-5) and row["all"] == pytest.approx(
        min(loss.values()), abs=1e-5
    )
    assert row["portfolio"] == pytest.approx(min(loss[0.0], loss[0.3]), abs=1e-5)
    assert (row["tried"], row["trials"], row["effort"]) == (1, 5, 1.0)
    expected = np.mean([min(value, loss[0.0]) for shrink, value in loss.items() if shrink])
    assert row["random"] == pytest.approx(expected, abs=1e-5)


def test_data_that_is_not_at_hand_is_an_error_only_if_nothing_is(two_sets):
    assert [dataset.name for dataset in at_hand(two_sets, None)[0]] == ["digits", "others"]
    with pytest.raises(UserError, match="None of the data sets absent is at hand"):
        at_hand(["absent"], None)


def test_what_is_shipped_follows_from_its_losses():
    for name in estimators.names():
        if file_of(name).exists():
            assert check(file_of(name), estimators.get(name)) == "", name
