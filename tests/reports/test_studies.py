"""Studies of the search: what tuning bought, and the crossover in seconds."""

from __future__ import annotations

import re
import sqlite3

import pytest

import reports
from benchmarks.studies import STANDARD
from benchmarks.studies.cleaning import cleaning
from benchmarks.studies.structure import structure
from reports import leaderboard
from reports.analysis.crossover import crossover_of
from reports.analysis.effort import efforts
from reports.analysis.intervals import difference_interval
from reports.analysis.resources import BUDGETS
from reports.drawing import style
from reports.exhibits import EXHIBITS
from reports.verdict import verdict
from tests.reports.study import write_budgets, write_cleaning, write_levels, write_noise, write_structure, write_tuning

NAMED = {exhibit.name: exhibit for exhibit in EXHIBITS}


@pytest.fixture(scope="module")
def budgets(tmp_path_factory):
    return reports.load(write_budgets(tmp_path_factory.mktemp("budgets") / "run"))


@pytest.fixture(scope="module")
def tuning(tmp_path_factory):
    return reports.load(write_tuning(tmp_path_factory.mktemp("tuning") / "run"))


def test_a_study_of_budgets_speaks_of_its_largest_and_says_so(budgets):
    assert set(budgets.fits["condition"]) == {"budgets=100"} and budgets.scored("things")
    assert "budget of each estimator 100 s" in reports.report(budgets.folder).read_text()


def test_the_crossover_in_seconds(budgets):
    found = crossover_of(budgets, "things", BUDGETS)
    assert (found.outcome, found.after, found.by) == ("crossover", 10, 30)
    assert crossover_of(budgets, "things") is None
    frame = NAMED["crossover_budgets"].table(budgets, "things")
    assert frame["budget_seconds"].tolist() == [10, 30, 100] and frame["established"].tolist() == [
        "classical", "network", "network",
    ]  # fmt: skip
    words = NAMED["crossover_budgets"].describe(frame) + NAMED["crossover_budgets"].lead
    assert "10 s: cnn against svm" in words and "training images" not in words
    note = NAMED["crossover_budgets"].note(frame)
    assert "At every budget all seeds have the same training set" in note
    told = {s.source: s.text for s in verdict(budgets, "things").sentences}["crossover_budgets"]
    assert told.startswith("Between 10 and 30 seconds deep learning passes classical: at 10 svm is ahead, from 30 on")


def test_the_page_of_a_study_of_budgets_never_counts_training_images_by_level(budgets):
    page = reports.report(budgets.folder).read_text()
    assert BUDGETS.study.title in page and "Accuracy by budget" in page
    assert "From how many training images on" not in page and "size of the training set" not in page


def test_the_accuracy_of_every_variant_by_budget(budgets):
    frame = NAMED["learning_budgets"].table(budgets, "things")
    assert len(frame) == 9 and "exponent" not in frame
    first = frame.query("variant == 'cnn' and budget_seconds == 10").iloc[0]
    at = next(budgets.at(c) for c in budgets.conditions if c.level == 10)
    assert first["accuracy"] == pytest.approx(at.correct("things", "cnn").mean())
    assert (
        NAMED["learning_budgets"]
        .describe(frame)
        .startswith("Test accuracy against seconds, all in. logistic_regression")
    )


def test_a_network_that_was_compared_before_it_had_flattened_is_counted(budgets, tmp_path):
    run = reports.load(write_budgets(tmp_path / "run", tests=300))
    with sqlite3.connect(run.folder / "ledger.sqlite") as db:
        rising = '{"flattened": [false]}'
        db.execute(f"UPDATE trials SET history = '{rising}' WHERE variant = 'cnn' AND condition != 'budgets=100'")
    told = [s.text for s in verdict(reports.load(run.folder), "things").sentences if s.rule == "not flattened"]
    assert told == ["The curve of the network that was compared had not flattened at two of three budgets."]


def test_how_far_each_was_tuned_under_every_condition(budgets):
    frame = NAMED["tuning"].table(budgets, "things")
    assert frame["condition"].tolist() == [f"budgets={level}" for level in (10, 30, 100) for _ in range(3)]
    row = frame.iloc[0]
    assert (row["granted_seconds"], row["search_seconds"]) == (10, 5)
    assert row["fit_seconds"] == pytest.approx(3.5) and row["returned_seconds"] == pytest.approx(1.5)
    assert row["setting"] == "tuned" and row["ended"] == "strategy ended"


def test_seeds_are_summed_up_and_reasons_are_short(tmp_path):
    run = reports.load(write_tuning(tmp_path / "run", tests=100))
    with sqlite3.connect(run.folder / "ledger.sqlite") as db:
        db.execute("UPDATE searches SET tuned = 'default', ended = 'budget of 90 s spent: 9 s kept' WHERE seed = 1")
        db.execute("UPDATE trials SET effort = 0.25 WHERE seed = 2")
    own = efforts(reports.load(run.folder), "things")["svm"]
    assert own.setting == "2 tuned, 1 default" and own.ended == "strategy ended; budget spent"
    assert (own.settings, own.highest) == (1, 0.75)


def test_what_tuning_bought_is_the_paired_difference_on_the_test_part(tuning):
    frame = NAMED["gain"].table(tuning, "things").set_index("variant")
    base, winner = (tuning.at(c).correct("things", "svm").astype(int) for c in tuning.conditions)
    assert tuning.conditions[1] == STANDARD
    row = frame.loc["svm"]
    assert row["difference"] == pytest.approx((winner - base).mean()) and row["difference"] > 0.03
    assert (row["low"], row["high"]) == pytest.approx(difference_interval(winner - base)) and row["low"] > 0
    same = frame.loc["logistic_regression"]
    assert same["low"] < 0 < same["high"]
    assert "The test part was not used for choosing" in NAMED["gain"].lead
    # The base settings of the study were not searched for.
    assert NAMED["tuning"].table(tuning, "things")["variant"].tolist() == ["logistic_regression", "svm"]


def test_what_was_put_in_by_hand_is_on_the_page(tuning, one_seed):
    frame = NAMED["prior_knowledge"].table(reports.load(one_seed), "digits")
    assert frame["prior_knowledge"].tolist()[0] == "What logistic_regression knows <before>." and len(frame) == 5
    page = reports.report(tuning.folder).read_text()
    assert "What svm knows &lt;before&gt;." in page and 'id="things-gain"' in page
    for facts in tuning.info["variants"].values():
        facts["prior_knowledge"] = ""
    assert NAMED["prior_knowledge"].table(tuning, "things").empty


def test_the_verdict_tells_who_uses_neighbours(tmp_path):
    run = reports.load(write_structure(tmp_path / "run", seeds=(0,)))
    (told,) = [s for s in verdict(run, "things").sentences if s.rule == "neighbours"]
    assert told.text.startswith("With all pixels in another order, in training and test images alike, cnn loses 7.")
    assert told.text.endswith("points; no change beyond chance is seen of svm.")
    frame = NAMED["conditions"].table(run, "things")
    assert list(dict.fromkeys(frame["level"])) == ["1", "7", "all", "anew"]
    change = frame.query("variant == 'cnn' and level == 'all'")["change"].iloc[0]
    assert f"cnn loses {-100 * change:.2f} points" in told.text


def test_a_block_that_holds_the_image_is_all_pixels(tmp_path):
    errors = {1: {"svm": 0.04, "cnn": 0.02}, 14: {"svm": 0.04, "cnn": 0.09}}  # images are 8 × 8
    run = reports.load(write_levels(tmp_path / "run", structure, errors, seeds=(0,)))
    (told,) = [s for s in verdict(run, "things").sentences if s.rule == "neighbours"]
    assert told.text.startswith("With all pixels in another order, ")


def test_the_verdict_tells_where_the_length_of_a_fit_may_be_why(tmp_path):
    folder = write_structure(tmp_path / "run", seeds=(0,))
    with sqlite3.connect(folder / "ledger.sqlite") as ledger:
        for name in ("cnn", "svm"):
            ledger.execute("UPDATE fits SET effort = 0.3 WHERE variant = ? AND condition = 'structure=all'", (name,))
    (told,) = [s for s in verdict(reports.load(folder), "things").sentences if s.rule == "neighbours"]
    assert told.text.replace("\u00a0", " ").endswith(
        "no change beyond chance is seen of svm. The budget had room for different shares of a full fit, which can make a difference or "
        "hide one, of svm (100 and 30 %) and cnn (100 and 30 %)."
    )


def test_the_verdict_tells_what_wrong_labels_leave(tmp_path):
    run = reports.load(write_noise(tmp_path / "run", seeds=(0,)))
    (told,) = [s.text for s in verdict(run, "things").sentences if s.rule == "wrong labels"]
    told = told.replace("\u00a0", " ")
    assert told.startswith(
        "On the test images, whose labels are as they were, the best network and the best classical model"
    )
    assert " reach: " in told
    parts = told.partition(": ")[2].split("; ")
    words = [part.partition(", cnn ")[0] for part in parts[:2]]
    assert words == ["with the labels as they are", "with 20 % of the training labels wrong (symmetric)"]
    assert parts[2].startswith(
        "with 50 % of the training labels wrong (symmetric, those of validation rows right), cnn 9"
    )
    assert parts[3].startswith("with all training labels drawn anew among the wrong classes, cnn ")
    for part, condition in zip(parts, [STANDARD, *run.fitted[1:]], strict=True):
        own = leaderboard.scores(run.at(condition), "things").set_index("variant")["accuracy"]
        shares = re.findall(r"(cnn|svm) ([\d.]+) %", part)
        assert shares == [(name, f"{100 * own[name]:.2f}") for name in ("cnn", "svm")]


def test_the_verdict_tells_what_cleaning_the_labels_changes(tmp_path):
    better = {"symmetric-5": {"svm": 0.1, "cnn": 0.04}, "symmetric-5-removed": {"svm": 0.06, "cnn": 0.04}}
    as_they_are = {0: {"svm": 0.04, "cnn": 0.02}, "relabelled": {"svm": 0.04, "cnn": 0.08}}
    run = reports.load(write_levels(tmp_path / "run", cleaning, as_they_are | better, seeds=(0,)))
    told = [s.text.replace("\u00a0", " ") for s in verdict(run, "things").sentences if s.rule == "suspects"]
    change = NAMED["conditions"].table(run, "things").set_index(["level", "variant"])["accuracy"]
    lost = change["0", "cnn"] - change["relabelled", "cnn"]
    gained = change["symmetric-5-removed", "svm"] - change["symmetric-5", "svm"]
    assert told == [
        f"With the labels as they are and the suspects relabelled, cnn loses {100 * lost:.2f} points; no change beyond chance is "
        "seen of svm.",
        f"With 5 % of the training labels wrong (symmetric) and the suspects removed, svm gains {100 * gained:.2f} points; no "
        "change beyond chance is seen of cnn.",
    ]
    one = write_levels(tmp_path / "one", cleaning, {"removed": {"svm": 0.1}, "symmetric-5": {"svm": 0.1}}, seeds=(0,))
    assert not [s for s in verdict(reports.load(one), "things").sentences if s.rule == "suspects"], "nothing to compare"


def test_a_page_says_which_of_several_levels_it_is_about(tmp_path):
    """Where the standard condition is none of them; elsewhere the page is about that."""
    run = reports.load(write_cleaning(tmp_path / "planted", planted=True, seeds=(0,), tests=200))
    (note,) = run.notes
    assert (
        note.startswith("things: leaderboard and figures are of cleaning=symmetric-5;")
        and note in reports.report(run.folder).read_text()
    )
    everything = reports.load(write_cleaning(tmp_path / "all", seeds=(0,), tests=200))
    assert not everything.notes and everything.shown == {"things": STANDARD}
    exhibit = NAMED["conditions"]
    figure = exhibit.draw(exhibit.table(everything, "things"), style.looks(everything.families))
    ticks = [tick.get_text() for tick in figure.axes[0].get_xticklabels()]
    assert ticks[0] == "0" and ticks[-1] == "symmetric\n5\nrelabelled", "levels are told apart"
