"""The promises of the comparison: DESIGN of the protocol, as ARCHITECTURE.md states it."""

import json
import shutil
from dataclasses import fields, replace

import numpy as np
import pytest

import reports.run
from benchmarks import protocol
from benchmarks.cell import cells
from benchmarks.data import datasets
from benchmarks.errors import UserError
from benchmarks.execution import work
from benchmarks.execution.answer import Answer
from benchmarks.execution.job import EVERY_LABELLED_ROW, Fit, Job, Start
from benchmarks.layout import FORMAT
from benchmarks.ledger import Ledger, read_table
from benchmarks.plan import plan
from benchmarks.run import check_same, run
from benchmarks.studies import Condition
from reports import leaderboard
from tests.benchmarks.study import Silent, add_estimator, carry_out, suite, trial

pytestmark = pytest.mark.usefixtures("estimators_folder")


def without_clock(frame):
    clocks = [
        c
        for c in frame
        if "seconds" in c or c in ("finished", "latency_ms", "latency_p95_ms", "peak_bytes", "limit_bytes", "session")
    ]
    return frame.drop(columns=clocks)


def test_the_first_trial_is_the_base_setting_which_stays_unless_a_better_one_is_confirmed(tmp_path):
    assert carry_out(tmp_path / "run")
    trials = read_table(tmp_path / "run", "trials")
    assert trials["params"][0] == {"shrink": 0.0}
    search = read_table(tmp_path / "run", "searches").iloc[0]
    assert search["trials"] == (trials["status"] == "ok").sum() == 5
    finalist = trials.set_index("number")["log_loss"].drop(1).idxmin()
    assert search["finalist"] == finalist
    assert search["winner"] == (finalist if search["p_value"] < 0.05 else 1)


def test_a_suite_may_change_the_base_setting(tmp_path):
    carry_out(tmp_path / "run", search={"nearest_mean": {"base": {"shrink": 0.3}}})
    assert read_table(tmp_path / "run", "trials")["params"][0] == {"shrink": 0.3}


def test_the_key_is_the_result():
    """Same key, same answer; where files lie is no part of it, everything else is."""
    job = trial()
    assert replace(job, data="/b", folder="/c", model="/d", limit_seconds=3.0).key == job.key
    changes = dict(
        kind="fit", fingerprint="g", variant="v", code="t", seed=1, members=(Fit("a", "svm", "/m", "k", "x"),), validation_share=0.2, params={"shrink": 0.1},
        condition=Condition("sizes", 100, 100.0), found={"epochs": 3}, effort=0.5, trained_on="every labelled row",
        fit_key="k", latency_calls=200, replicate=1, folds=3,
        validation_score=0.9, test_images=100, start=Start("rows", (0, 1)),
    )  # fmt: skip
    keys = {replace(job, **{name: value}).key for name, value in changes.items()}
    assert len(keys) == len(changes) and job.key not in keys
    told = {field.name for field in fields(Job)}
    assert told == {*changes, "dataset", "data", "estimator", "model", "folder", "limit_seconds", "limit_bytes"}


def test_the_seed_is_of_cell_data_variant_setting_and_condition_alone():
    job = trial()
    for same in ({"kind": "fit"}, {"code": "t"}, {"effort": 0.5}, {"found": {"epochs": 3}}, {"validation_share": 0.2}):
        assert replace(job, **same).random_seed == job.random_seed, same
    others = ({"seed": 1}, {"fingerprint": "g"}, {"variant": "v"}, {"params": {"shrink": 0.1}})
    seeds = {replace(job, **other).random_seed for other in (*others, {"condition": Condition("sizes", 100)})}
    assert len(seeds) == 5 and job.random_seed not in seeds
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_two_runs_agree(tmp_path):
    for name in ("one", "two"):
        carry_out(tmp_path / name, seeds=2)
    for table in ("trials", "searches", "fits", "evaluations"):
        one, two = (without_clock(read_table(tmp_path / name, table)) for name in ("one", "two"))
        assert one.equals(two), table
    cell = "cells/digits/nearest_mean/standard/seed-1/predictions.npz"
    one, two = (np.load(tmp_path / name / cell)["proba"] for name in ("one", "two"))
    assert np.array_equal(one, two)


@pytest.mark.parametrize("strategy", ["random", "coarse_to_fine", "kerastuner:bayesian", "kerastuner:hyperband"])
@pytest.mark.parametrize("stop_at", [1, 4])
def test_an_interrupted_search_goes_on_where_it_stopped(tmp_path, strategy, stop_at):
    changes = {"search": {"nearest_mean": {"strategy": strategy}}, "budget": "9 trials"}
    carry_out(tmp_path / "whole", **changes)

    def interrupt(number):
        if number == stop_at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        carry_out(tmp_path / "halted", Silent(interrupt), **changes)
    before = read_table(tmp_path / "halted", "trials")
    assert len(before) == stop_at
    observer = Silent()
    carry_out(tmp_path / "halted", observer, **changes)
    after = read_table(tmp_path / "halted", "trials")
    identity = ["number", "key", "score", "finished"]
    assert after[: len(before)][identity].equals(before[identity]), "a finished trial was run again"
    whole = read_table(tmp_path / "whole", "trials")
    assert observer.trials == (whole["status"] == "ok").sum() - stop_at
    assert without_clock(after).equals(without_clock(whole))


CELL = "cells/digits/nearest_mean/standard/seed-0"


@pytest.mark.parametrize("lost", [f"{CELL}/predictions.npz", f"{CELL}/model", "data/digits/passport.json", "data"])
def test_what_somebody_removed_is_made_again(tmp_path, lost):
    """The ledger alone is no proof that a thing is there: a cleaned-up run folder was a dead end."""
    folder = tmp_path / "run"
    carry_out(folder)
    whole, before = files_of(folder), read_table(folder, "trials")
    path = folder / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    if lost.startswith("cells"):
        assert "Nothing is left to do" not in plan(suite(), folder)
    assert carry_out(folder) and files_of(folder) == whole
    assert read_table(folder, "trials").equals(before), "a trial was run again"
    assert "Nothing is left to do" in plan(suite(), folder)
    assert leaderboard.frame(reports.run.load(folder))["status"].tolist() == ["ok"]


def files_of(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_finished_run_has_nothing_left_to_do(tmp_path):
    carry_out(tmp_path / "run")
    observer = Silent()
    assert carry_out(tmp_path / "run", observer)
    assert observer.trials == 0
    assert len(json.loads((tmp_path / "run" / "run.json").read_text())["sessions"]) == 2


@pytest.mark.parametrize(
    ("fault", "status", "reason"),
    [
        ("raise RuntimeError('on purpose')", "failed", "on purpose"),
        ("raise MemoryError('too big')", "out_of_memory", "too big"),
        ("raise FloatingPointError('the loss became nan')", "diverged", "nan"),
        ("self.predict_proba = lambda X: np.full((len(X), 10), np.nan); return self", "diverged", "not numbers"),
    ],
)
def test_a_failure_is_a_row_and_ends_nothing(tmp_path, estimators_folder, fault, status, reason):
    add_estimator(estimators_folder, "faulty", f"if self.shrink > 0: {fault}")
    assert carry_out(tmp_path / "run", estimators=["faulty", "nearest_mean"])
    trials = read_table(tmp_path / "run", "trials").query("variant == 'faulty' and status != 'skipped'")
    assert list(trials["status"]) == ["ok"] + [status] * 4
    assert reason in trials["reason"].iloc[-1]
    assert list(read_table(tmp_path / "run", "fits")["status"]) == ["ok", "ok"]


def test_an_estimator_that_never_works_is_a_failed_row(tmp_path, estimators_folder):
    add_estimator(estimators_folder, "hopeless", "raise RuntimeError('never')")
    assert not carry_out(tmp_path / "run", estimators=["hopeless", "nearest_mean"])
    fits = read_table(tmp_path / "run", "fits").set_index("variant")
    assert fits.loc["hopeless", "status"] == "failed" and fits.loc["nearest_mean", "status"] == "ok"
    assert fits.loc["hopeless", "reason"] == "no trial was ok (5 × failed), so there is no setting to fit"


def test_a_time_budget_is_not_overspent_by_more_than_a_trial(tmp_path, estimators_folder):
    add_estimator(estimators_folder, "slow", "import time; time.sleep(0.3)")
    carry_out(tmp_path / "run", estimators=["slow"], budget="1 s")
    search = read_table(tmp_path / "run", "searches").iloc[0]
    trials = read_table(tmp_path / "run", "trials")
    assert 0.2 < search["spent_seconds"] < 1.5
    assert search["spent_seconds"] == pytest.approx(trials["seconds"].sum() + search["proposer_seconds"])
    assert "budget of 1 s spent" in search["ended"]
    assert trials["status"].iloc[-1] == "skipped"


@pytest.mark.parametrize(
    "change",
    [{"budget": "6 trials"}, {"seeds": 1}, {"seeds": [1, 2]}, {"validation_share": 0.2}, {"estimators": ["mlp"]}],
    ids=str,
)
def test_a_folder_of_another_run_is_refused(tmp_path, change):
    carry_out(tmp_path / "run", seeds=2)
    before = (tmp_path / "run" / "run.json").read_text()
    with pytest.raises(UserError, match="belongs to another run"):
        carry_out(tmp_path / "run", **change)
    assert (tmp_path / "run" / "run.json").read_text() == before


def test_a_folder_of_other_images_is_refused_in_words(tmp_path):
    there = {"format": FORMAT, "size": "", "fingerprints": {"odd": "3" * 64}, "training_images": {"odd": 128}}
    now = there | {"fingerprints": {"odd": "4" * 64}, "training_images": {"odd": 130}}
    with pytest.raises(
        UserError, match=r"not those of the run in .* it had 128 for training, now there are 130\. Give --run"
    ):
        check_same(tmp_path, there, now)
    passport = tmp_path / "data" / "odd" / "passport.json"
    passport.parent.mkdir(parents=True)
    passport.write_text('{"train": 120}')
    del there["training_images"]  # as in a run of an earlier version
    with pytest.raises(UserError, match="it had 120 for training, now there are 130") as refused:
        check_same(tmp_path, there, now)
    assert "333" not in str(refused.value)
    with pytest.raises(UserError, match="its --size was not given, and is 16 now"):
        check_same(tmp_path, there, now | {"size": "16"})


def test_a_run_gets_more_variants_and_seeds_and_what_is_done_stands(tmp_path, estimators_folder):
    add_estimator(estimators_folder, "another", "pass")
    assert carry_out(tmp_path / "run", seeds=[1])
    before = read_table(tmp_path / "run", "fits").set_index(["variant", "seed"])["finished"]
    assert carry_out(tmp_path / "run", estimators=["another", "nearest_mean"], seeds=[0, 1])
    after = read_table(tmp_path / "run", "fits").set_index(["variant", "seed"])
    assert len(after) == 4 and (after["status"] == "ok").all()
    assert after.loc[("nearest_mean", 1), "finished"] == before[("nearest_mean", 1)]
    info = json.loads((tmp_path / "run" / "run.json").read_text())
    assert list(info["variants"]) == ["another", "nearest_mean"] and info["seeds"] == [0, 1]
    assert len(info["sessions"]) == 2


def test_other_words_on_what_is_known_before_make_no_other_run(tmp_path):
    carry_out(tmp_path / "run")
    path = tmp_path / "run" / "run.json"
    info = json.loads(path.read_text())
    assert info["variants"]["nearest_mean"].pop("prior_knowledge") == ""
    path.write_text(json.dumps(info))
    assert carry_out(tmp_path / "run")
    assert json.loads(path.read_text())["variants"]["nearest_mean"]["prior_knowledge"] == ""


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        carry_out(tmp_path / "file" / "run")


def test_a_fallback_is_loud(tmp_path, monkeypatch):
    monkeypatch.setenv("CROSSOVER_DATA", str(tmp_path))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    observer = Silent()
    run(suite(datasets=["mnist"], fallback="digits"), tmp_path / "run", observer, execute_by="serial")
    assert "mnist could not be had, so digits stands in" in observer.notes[0]
    info = json.loads((tmp_path / "run" / "run.json").read_text())
    assert info["datasets"] == ["digits"] and info["notes"] == observer.notes


def test_local_and_serial_give_the_same(tmp_path):
    carry_out(tmp_path / "serial")
    run(suite(), tmp_path / "local", Silent(), execute_by="local")
    serial, local = (without_clock(read_table(tmp_path / name, "trials")) for name in ("serial", "local"))
    assert serial.equals(local)


def test_a_worker_that_dies_costs_one_trial(tmp_path, estimators_folder):
    add_estimator(estimators_folder, "crashing", "import os; self.shrink > 0.5 and os._exit(7)")
    run(suite(estimators=["crashing"], budget="8 trials"), tmp_path / "run", Silent(), execute_by="local")
    trials = read_table(tmp_path / "run", "trials").query("status != 'skipped'")
    dead = trials[[p["shrink"] > 0.5 for p in trials["params"]]]
    assert len(dead) and set(dead["status"]) == {"killed"}
    assert set(trials.drop(dead.index)["status"]) == {"ok"}
    assert "exit code 7" in dead["reason"].iloc[0]


CALIBRATED = '''
"""Notes how many rows it was fitted on and how many it was given to calibrate with."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from estimators import Estimator
from tuning import Float, Space


class Counting(ClassifierMixin, BaseEstimator):
    def __init__(self, shift=0.0):
        self.shift = shift

    def fit(self, X, y, validation=None):
        self.classes_ = np.unique(y)
        self.history_ = {"fitted": [len(X)], "held_out": [0 if validation is None else len(validation[0])]}
        return self

    def predict_proba(self, X):
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))


def build(seed, shift=0.0):
    return Counting(shift)


counting = Estimator("counting", "classical", build, Space(shift=Float(0.0, 1.0)), strategy="random")
'''


# Of 1,438 rows.
@pytest.mark.parametrize(
    ("effort", "found", "fewest", "fitted", "held_out"),
    [
        (0.5, {}, 500, 719, 719),  # rows that a short fit leaves over
        (0.5, {"shift": 0.5}, 500, 719, 719),  # at the length of the fit they tell better what a trial told at its own
        (0.9, {}, 500, 1294, 144),
        (0.9, {"shift": 0.5}, 500, 1294, 0),  # too few to tell it better
        (1.0, {}, 500, 1438, 0),
        (1.0, {"shift": 0.5}, 50, 1367, 71),  # one in twenty of many
        (1.0, {}, 50, 1367, 71),
        (0.001, {}, 500, 100, 1338),  # ten of each class are the fewest, and what is left calibrates
    ],
)
def test_a_fit_is_calibrated_on_rows_of_its_own(
    tmp_path, estimators_folder, monkeypatch, effort, found, fewest, fitted, held_out
):
    """They are training rows, and none that is fitted on."""
    monkeypatch.setattr(work, "FEWEST_HELD_OUT", fewest)
    (estimators_folder / "counting.py").write_text(CALIBRATED)
    job = trial("counting", {"shift": 0.0}, kind="fit", effort=effort, found=found, model=str(tmp_path / "model"))
    answer = work.perform(job)
    assert answer.ok, answer.reason
    assert answer.result.history == {"fitted": [fitted], "held_out": [held_out]} and answer.result.held_out == held_out


def test_a_fit_on_every_labelled_row_holds_none_out(tmp_path, estimators_folder, monkeypatch):
    monkeypatch.setattr(work, "FEWEST_HELD_OUT", 50)
    (estimators_folder / "counting.py").write_text(CALIBRATED)
    job = trial("counting", {"shift": 0.0}, kind="fit", trained_on=EVERY_LABELLED_ROW, model=str(tmp_path / "model"))
    assert work.perform(job).result.history == {"fitted": [1797], "held_out": [0]}


def test_an_estimator_that_does_not_ask_for_them_has_every_row(tmp_path, monkeypatch):
    monkeypatch.setattr(work, "FEWEST_HELD_OUT", 50)
    answer = work.perform(trial("nearest_mean", kind="fit", found={"shrink": 0.1}, model=str(tmp_path / "model")))
    assert answer.result.held_out == 0


@pytest.mark.parametrize(("effort", "used"), [(0.2, False), (0.5, True)])
def test_what_a_much_shorter_trial_found_is_not_used(tmp_path, effort, used):
    (cell,) = cells(suite(estimators=["svm"], budget="3 trials"), [datasets.load("digits")])
    asked = []

    def execute(jobs):
        for job in jobs:
            asked.append(job)
            yield job, Answer("failed", "on purpose")

    row = cell.where | cell.made_of
    tried = {"number": 1, "round": 1, "effort": effort, "replicate": 0, "params": cell.variant.base, "score": 0.9}
    times = {"seconds": 1.0, "fit_seconds": 1.0, "start_seconds": 0.0, "fits": 1, "log_loss": 1.0}
    with Ledger(tmp_path) as ledger:
        ledger.write("trials", row | tried | times | {"key": "k", "status": "ok", "found": {"temperature": 2.0}})
        ledger.write("searches", row | {"strategy": "random", "winner": 1, "spent_seconds": 1.0})
        protocol._fit(cell, tmp_path, ledger, execute, None)
    assert asked[0].found == ({"temperature": 2.0} if used else {}) and asked[0].effort == 1.0
