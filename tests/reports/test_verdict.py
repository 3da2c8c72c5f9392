from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import reports
from reports.analysis.comparison import compared
from reports.analysis.crossover import Crossover, Lead, _validation_scores, best_by_validation
from reports.analysis.resources import BUDGETS, SIZES
from reports.page import _headline
from reports.verdict import Verdict, verdict
from reports.verdict.studies import bracket, passing


@pytest.fixture
def told(make_run):
    """The verdict on a data set on which svm and cnn are right on the given shares of the same 2,000 images."""

    def tell(**shares):
        folder = make_run(classes={"digits": ["0", "1"]}, tests=2000, variants=["svm", "cnn"], failures=False)
        y = reports.load(folder).test("digits").y
        for name, share in shares.items():
            label = np.where(np.arange(2000) < share * 2000, y, 1 - y)
            np.savez(
                folder / f"cells/digits/{name}/standard/seed-0/predictions.npz",
                proba=np.eye(2, dtype=np.float32)[label],
            )
        run = reports.load(folder)
        return Told(run, **vars(verdict(run, "digits")))

    return tell


@dataclass(frozen=True)
class Told(Verdict):
    """A verdict with the run that it is about."""

    run: Any = None

    def __init__(self, run, **fields):
        for name, value in ({"run": run} | fields).items():
            object.__setattr__(self, name, value)


def text(found):
    return " ".join(sentence.text for sentence in found.sentences)


def test_deep_wins(told):
    found = told(svm=0.9, cnn=0.95)
    assert found.headline == "cnn leads on Digits with 95.00\u00a0%"
    assert found.winner == "cnn"
    assert (
        "Cnn made 100 errors on these 2,000 images, the best classical model (svm) 200: 5.00 points fewer (4."
        in text(found)
    )
    assert "Training cnn takes 23.8 s instead of 2.8 s." in text(found)
    assert "times" not in text(found)


def test_a_difference_within_the_uncertainty_is_a_tie(told):
    found = told(svm=0.95, cnn=0.952)
    assert found.winner == ""
    assert "within the uncertainty" in found.headline
    assert "a difference of 0.20 points (−0.02 to 0.42), within the uncertainty" in text(found)
    assert "Of those tied at the top, svm is the fastest to train" in text(found)
    pairs = compared(found.run, "digits", ["cnn", "svm"])
    assert f"a lead of {100 * pairs['detectable'].iloc[0]:.2f} points would have been found in four of five" in text(
        found
    )


def test_equal_accuracies_are_a_tie_whoever_is_named_first(told):
    assert told(svm=0.95, cnn=0.95).winner == ""


def test_a_leader_that_is_too_sure_is_not_taken_at_its_word(told):
    found = told(svm=0.9, cnn=0.95)
    assert "Cnn is overconfident: its probabilities are off by 5.00 points" in text(found)


def test_classical_wins(told):
    found = told(svm=0.97, cnn=0.93)
    assert found.winner == "svm"
    assert "Svm made 60 errors on these 2,000 images, the best network (cnn) 140: 4.00 points fewer (3." in text(found)
    assert "The networks tried here (small, trained from scratch) were less accurate." in text(found)


def test_perfection_is_not_an_error(told):
    found = told(svm=0.9, cnn=1.0)
    assert "Cnn made no error on the test images." in text(found)
    assert "frequent" not in text(found)


def test_every_sentence_is_made_by_a_rule_that_can_be_looked_up(told, run_folder):
    from reports import verdict as room

    rules = set(re.findall(r"`([a-z ]+)`", room.__doc__))
    run = reports.load(run_folder)
    found = [
        *told(svm=0.9, cnn=0.95).sentences,
        *told(svm=0.97, cnn=0.93).sentences,
        *told(svm=0.95, cnn=0.952).sentences,
    ]
    found += [sentence for dataset in run.datasets for sentence in verdict(run, dataset).sentences]
    assert {sentence.rule for sentence in found} <= rules


LEADS = {1: (0.02, 0.001), 0: (0.01, 0.2), -1: (-0.02, 0.001), -2: (-0.01, 0.2)}  # difference and p


def crossover_with(*signs, seeds=3, resource=SIZES):
    sizes = [100, 300, 1000, 3000, 10_000, 60_000][: len(signs)]
    leads = (
        Lead(size, "cnn", "svm", seeds, LEADS[sign][0], LEADS[sign][0] - 0.01, LEADS[sign][0] + 0.01, LEADS[sign][1])
        for size, sign in zip(sizes, signs, strict=True)
    )
    return Crossover(tuple(leads), resource)


@pytest.mark.parametrize(
    ("signs", "outcome", "words", "value"),
    [
        ((1, 1, 1), "ahead everywhere", "ahead at all three sizes; each lead is established", "≤ 100 images"),
        ((0, 0, 0, 1, 1, 1), "ahead everywhere", "ahead at all six sizes; below 3,000 images three seeds cannot confirm", "≤ 3,000"),
        ((-1, 0, 1, 1), "crossover", "Between 100 and 1,000 training images deep", "100–1,000 images"),
        ((-1, 1, 0, 1), "crossover", "Between 100 and 3,000", "100–3,000 images"),  # what is established must stay so
        ((-2, 0, 1), "crossover", "From 1,000 training images on the best network is ahead; below, three seeds cannot tell", "≤ 1,000"),
        ((1, 0, 1, 1), "ahead everywhere", "; at 300 three seeds cannot confirm it.", "≤ 1,000 images"),
        ((1, -2, 1, 1), "crossover", "; at 300, three seeds cannot tell who is. At 100 the lead of the best network", "≤ 1,000"),
        ((-1, 1, -1, 1), "crossover", "from 3,000 on the best network. At 300 the lead of the best network is", "1,000–3,000"),
        ((0, 0, -1), "none seen", "No crossover was seen: at 1,000", "not seen"),
        ((1, 1, 0, -1), "none seen", "No lasting lead of a network was seen: at 3,000", "not seen"),
        ((1, 1, 0, -1), "none seen", "At 100 and 300 the lead of the best network is established.", "not seen"),
        ((-1, 1, 0), "not settled", "three seeds cannot tell who is ahead", "not settled"),
        ((1, 1, 0, 0), "not settled", "At 100 and 300 the lead of the best network is established.", "not settled"),
        ((-1, 1, 0), "not settled", "At 300 the lead of the best network is established. At 100 the lead", "not settled"),
    ],
)  # fmt: skip
def test_the_outcomes_of_a_study_of_sizes(signs, outcome, words, value):
    found = crossover_with(*signs)
    assert found.outcome == outcome
    assert words in passing(found).text
    assert value in bracket(found).value


@pytest.mark.parametrize(
    ("signs", "words", "value"),
    [
        ((1, 1, 1), "ahead at all three budgets; each lead is established", "≤ 100 s"),
        ((0, 0, 1, 1), "below 1,000 s three seeds cannot confirm it", "≤ 1,000 s"),
        ((-1, 0, 1), "Between 100 and 1,000 seconds deep learning passes classical: at 100 svm", "100–1,000 s"),
        ((-2, 0, 1), "From 1,000 seconds on the best network is ahead", "≤ 1,000 s"),
        ((0, 0, -1), "No crossover was seen: at 1,000 seconds, the most that was tried, svm is ahead of cnn", "not seen"),
        ((-1, 1, 0), "At 1,000 seconds, the most that was tried, three seeds cannot tell", "not settled"),
    ],
)  # fmt: skip
def test_the_outcomes_of_a_study_of_budgets_speak_of_seconds(signs, words, value):
    found = crossover_with(*signs, resource=BUDGETS)
    told, glance = passing(found), bracket(found)
    assert words in told.text and value in glance.value and told.source == "crossover_budgets"
    assert "image" not in told.text + glance.value + glance.note and "size" not in told.text + glance.note


def with_ledger(run, *statements):
    """The sentences on a run, by rule, after its ledger was changed."""
    with sqlite3.connect(run.folder / "ledger.sqlite") as db:
        for statement in statements:
            db.execute(statement)
    return {s.rule: s.text for s in verdict(reports.load(run.folder), "digits").sentences}


def test_tuned_is_said_of_those_that_are(told):
    run = told(svm=0.9, cnn=0.95).run
    label = "UPDATE searches SET tuned = CASE variant WHEN 'svm' THEN '{}' ELSE '{}' END".format
    assert with_ledger(run, label("tuned", "tuned"))["setting"] == "Cnn and svm are tuned."
    assert with_ledger(run, label("tuned", "default"))["setting"] == "Svm is tuned; cnn has its default setting."
    assert with_ledger(run, label("lightly searched", "default"))["setting"] == (
        "Svm was lightly searched; cnn has its default setting."
    )
    default = with_ledger(run, label("default", "default"))
    assert default["setting"] == "All have their default settings: no other was shown to be better within the budget."
    alone = with_ledger(run, label("default", "default"), "UPDATE trials SET params = '{\"width\": 8}'")
    assert alone["setting"] == "Nothing was searched: every model has the setting that it started with."


def test_a_ledger_that_is_silent_makes_no_sentence(told):
    """As of a budget in trials: no seconds were granted."""
    run = told(svm=0.9, cnn=0.95).run
    found = with_ledger(
        run,
        "UPDATE searches SET tuned = NULL, granted_seconds = NULL, granted_trials = 5, top_effort = NULL",
        "UPDATE fits SET effort = NULL, planned_seconds = NULL",
        "UPDATE trials SET history = NULL",
    )
    assert not {"setting", "not flattened", "part of a fit", "over budget"} & set(found)
    assert "may still improve" not in reports.report(run.folder).read_text()


def test_a_network_that_had_not_flattened_is_marked_once(told):
    run = told(svm=0.9, cnn=0.95).run
    assert "not flattened" not in with_ledger(run)
    # The longest trial of the winner's setting decides: here the setting was tried at a smaller effort first.
    rising = '{"flattened": [false, false]}'
    (winner,) = run.searches.query("variant == 'cnn'")["winner"]
    found = with_ledger(run, f"UPDATE trials SET history = '{rising}' WHERE variant = 'cnn' AND number = {winner}")
    words = "The validation curve of cnn had not flattened when its training ended, so more training may still help."
    assert found["not flattened"] == words
    page = reports.report(run.folder).read_text()
    assert page.count("had not flattened") == 1 and page.count("<em>may still improve</em>") == 1
    assert "cnn (may still improve)" in (run.folder / "leaderboard.md").read_text()
    other = next(n for n in run.trials["number"] if n != winner)
    assert "not flattened" not in with_ledger(
        run,
        f"UPDATE trials SET params = (SELECT params FROM trials WHERE variant = 'cnn' AND number = {winner}), effort = 1.0, "
        f"""history = '{{"flattened": [true]}}' WHERE variant = 'cnn' AND number = {other}""",
        f"UPDATE trials SET effort = 0.5 WHERE variant = 'cnn' AND number = {winner}",
    )
    # A fit with rows to watch tells it of itself.
    watched = "UPDATE fits SET history = '{}' WHERE variant = 'cnn'".format
    assert "not flattened" not in with_ledger(run, watched('{"flattened": [false, true]}'))
    assert found["not flattened"] == with_ledger(run, watched(rising)).get("not flattened")


def test_a_fit_that_the_budget_cut_short_and_a_budget_that_was_exceeded_are_said(told):
    run = told(svm=0.9, cnn=0.95).run
    cut = with_ledger(run, "UPDATE fits SET effort = CASE variant WHEN 'cnn' THEN 0.372 ELSE 0.999 END")
    assert cut["part of a fit"] == "The plan for the budget had no room for a full fit of cnn (37\u00a0% of one)."
    granted = "UPDATE searches SET granted_seconds = {}, spent_seconds = {}".format
    seconds = "UPDATE fits SET seconds = CASE variant WHEN 'cnn' THEN {} ELSE 1 END".format
    for grant, fit, over in ((100, 55.1, True), (100, 54.9, False), (52, 4.5, False), (48, 2, True)):
        found = with_ledger(run, granted(grant, 50), seconds(fit))
        assert ("over budget" in found) == over, (grant, fit)
    assert "over budget" not in with_ledger(run, granted(10, 9), seconds(2.9))  # by less than 2 s
    found = with_ledger(run, granted(60, 50), seconds(22.5))
    assert found["over budget"] == "The budget of 60.0 s was exceeded: cnn by 12.5 s."


def test_of_several_seeds_the_worst_excess_is_told_as_such(make_run):
    """Costs are means over the seeds, beside which 12.5 s beyond 60 s looked wrong."""
    run = reports.load(
        make_run(classes={"digits": ["0", "1"]}, variants=["svm", "cnn"], failures=False, seeds=(0, 1, 2))
    )
    sql = "UPDATE fits SET seconds = CASE WHEN variant = 'cnn' AND seed > 0 THEN 10 * seed + 2.5 ELSE 1 END"
    found = with_ledger(run, "UPDATE searches SET granted_seconds = 60, spent_seconds = 50", sql)
    assert found["over budget"] == "The budget of 60.0 s was exceeded: cnn by up to 12.5 s in 1 of 3 seeds."


@pytest.mark.parametrize(
    ("cnn", "effort", "answered"), [(0.93, 0.01, False), (0.969, 0.12, False), (0.99, 0.01, True), (0.93, 0.13, True)]
)
def test_a_network_that_was_hardly_trained_is_not_compared(told, cnn, effort, answered):
    run = told(svm=0.97, cnn=cnn).run
    found = with_ledger(run, f"UPDATE fits SET effort = CASE variant WHEN 'cnn' THEN {effort} ELSE 1 END")
    assert ("hardly trained" in found) != answered
    assert ("part of a fit" in found) == answered
    values = [figure.value for figure in verdict(reports.load(run.folder), "digits").figures]
    assert ("not answered" in values) != answered
    assert "were less accurate" not in found.get("classical ahead", "") or answered


def test_times_whose_ranges_overlap_are_not_set_against_each_other(told):
    with sqlite3.connect(told(svm=0.9, cnn=0.95).run.folder / "ledger.sqlite") as db:
        folder = Path(db.execute("PRAGMA database_list").fetchone()[2]).parent
        db.execute("UPDATE fits SET fit_seconds = CASE variant WHEN 'cnn' THEN 12.0 ELSE 10.0 END")
    assert "Training cnn takes 12.0 s, svm 10.0 s: too close to tell apart." in text(
        verdict(reports.load(folder), "digits")
    )


def test_one_seed_establishes_nothing():
    found = crossover_with(1, 1, 1, seeds=1)
    assert found.outcome == "not settled" and "one seed cannot tell who is ahead in general" in passing(found).text


def test_where_one_search_compared_nothing_a_family_is_compared_by_first_trials():
    """A cnn whose only trial was a thirty-second of a fit had lost to an mlp's trial ten times as long."""
    rows = [("cnn", 0, 1 / 32, 0.97), ("mlp", 0, 1 / 32, 0.9), ("mlp", 0, 1 / 8, 0.93), ("mlp", 1, 0.5, 0.98)]
    trials = pd.DataFrame(rows, columns=["variant", "round", "effort", "score"]).assign(
        dataset="d", status="ok", seed=0
    )
    cells = pd.DataFrame({"variant": ["cnn", "mlp"], "validation_score": [0.97, 0.98], "dataset": "d", "status": "ok"})
    searches = pd.DataFrame({"variant": ["cnn", "mlp"], "finalist": [None, 4.0], "dataset": "d"})
    run = SimpleNamespace(cells=cells, searches=searches, trials=trials)
    assert _validation_scores(run, "d", ["cnn", "mlp"]) == {"cnn": 0.97, "mlp": 0.9}
    run.searches = searches.assign(finalist=2.0)
    assert _validation_scores(run, "d", ["cnn", "mlp"]) == {"cnn": 0.97, "mlp": 0.98}


def test_the_best_of_a_family_is_chosen_by_validation_and_never_by_test():
    assert best_by_validation({"a": 0.9, "b": 0.95, "c": float("nan")}) == "b"
    assert best_by_validation({"a": float("nan"), "b": float("nan")}) == "a"


def test_errors_that_are_equally_frequent_are_said_or_left_out(told, monkeypatch):
    from reports.verdict import mistakes

    run = told(svm=0.9, cnn=0.95).run
    for counts, words in (
        ([[5, 3, 0], [0, 9, 0], [0, 0, 9]], "The most frequent error of {leader} is 0 taken for 1 (3 of 3)."),
        ([[5, 3, 0], [3, 9, 0], [0, 0, 9]], "The most frequent errors of {leader} are 0 taken for 1 and 1 taken for 0 (each 3 of 6)."),
        ([[5, 1, 0], [0, 9, 0], [0, 0, 9]], ""),
        ([[5, 2, 2], [2, 9, 2], [0, 0, 9]], ""),
    ):  # fmt: skip
        monkeypatch.setattr(mistakes, "confusion_matrix", lambda *_, counts=counts: np.array(counts))
        monkeypatch.setattr(type(run), "classes", lambda *_: ["0", "1", "2"])
        told_ = " ".join(s.text for s in mistakes.hardest(run, "digits", "cnn"))
        assert words.format(leader="cnn") in told_ and (words or "frequent" not in told_)


def test_every_sentence_names_a_table_that_is_on_the_page(run_folder):
    from reports.exhibits import EXHIBITS

    run = reports.load(run_folder)
    for dataset in run.datasets:
        assert {s.source for s in verdict(run, dataset).sentences} <= {e.name for e in EXHIBITS}
    assert "Without a result" in text(verdict(run, "things"))


@pytest.mark.parametrize(
    ("winners", "headline"),
    [
        (["a", "a"], "a leads on both data sets"),
        (["a", "a", "a"], "a leads on all 3 data sets"),
        (["", ""], "No clear winner on any of 2 data sets"),
        (["a", "", "a"], "a leads on 2 of 3 data sets"),
        (["a", "b", "a"], "a leads on 2 of 3 data sets, b elsewhere"),
    ],
)
def test_the_headline_over_several_data_sets(winners, headline):
    assert _headline([{"verdict": Verdict("", winner)} for winner in winners]) == headline
