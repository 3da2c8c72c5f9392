"""The study of transfer: gains on the same images, what a source is worth, how fast it gets there, what is said of it."""

from __future__ import annotations

import math
import re
import sqlite3

import numpy as np
import pandas as pd
import pytest

import reports
from reports import leaderboard
from reports.analysis.transfer import AS_IT_IS, SCRATCH, convergence, transfer, worth
from reports.drawing import style
from reports.exhibits import EXHIBITS
from reports.merged import merge
from reports.verdict import verdict
from reports.verdict.studies import _most_valid
from tests.reports.study import ALL, CURVES, OF, ROWS, TRANSFERRED, write_transfer

NAMED = {exhibit.name: exhibit for exhibit in EXHIBITS}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return reports.load(write_transfer(tmp_path_factory.mktemp("transfer") / "run"))


def test_worth_is_read_off_the_curve_from_scratch():
    images, scratch = np.array([10.0, 100.0, 1000.0]), np.array([0.5, 0.7, 0.9])
    assert worth(0.7, 10, images, scratch).images == pytest.approx(90)
    halfway = worth(0.8, 10, images, scratch)
    assert halfway.images == pytest.approx(math.sqrt(100 * 1000) - 10) and not halfway.beyond
    assert worth(0.95, 10, images, scratch) == worth(0.99, 10, images, scratch)
    assert worth(0.95, 10, images, scratch).beyond and worth(0.95, 10, images, scratch).images == 990
    assert worth(0.7, 1000, images, scratch).images == pytest.approx(-900)
    # Worse than the curve ever was: it is worth nothing, and costs what nobody can tell.
    assert worth(0.4, 10, images, scratch).images == 0 and worth(0.4, 0, images, scratch).images == 0
    # A curve that falls by chance is not followed down.
    assert worth(0.65, 10, images, np.array([0.5, 0.7, 0.6])).images < 90


def test_every_level_of_every_way_beside_the_same_variant_from_scratch(run):
    table = transfer(run, "things")
    assert len(table) == 9
    row = table[(table["variant"] == ALL) & (table["per_class"] == 10)].iloc[0]
    at = next(run.at(c) for c in run.conditions if c.level == 10)
    expected = at.correct("things", ALL).mean() - at.correct("things", "cnn").mean()
    assert (
        row["gain"] == pytest.approx(expected)
        and row["gain_low"] < expected < row["gain_high"]
        and row["p_holm"] < 0.05
    )
    assert row["worth"] == pytest.approx(900, abs=40) and row["source_seconds"] == 50 and row["seconds"] == 3
    most = table[(table["variant"] == ALL) & (table["per_class"] == 100)].iloc[0]
    assert most["worth_beyond"] and most["worth"] == 0
    harmed = table[(table["variant"] == ROWS) & (table["per_class"] == 100)].iloc[0]
    assert harmed["gain"] < 0 and harmed["p_holm"] < 0.05 and harmed["worth"] < 0
    zero = table[table["way"] == AS_IT_IS].iloc[0]
    assert (zero["per_class"], zero["variant"]) == (0, OF) and pd.isna(zero["gain"])
    assert table.loc[table["way"] == SCRATCH, ["gain", "worth", "source_seconds"]].isna().all(axis=None)


def test_the_page_is_about_the_largest_level_and_misses_nobody(run):
    assert {str(c) for c in run.shown.values()} == {"transfer=100"}
    board = leaderboard.frame(run)
    assert set(board["variant"]) == {"svm", "cnn", ALL, ROWS} and (board["status"] == "ok").all()
    page = reports.report(run.folder).read_text()
    assert "With a source and from scratch" in page and "Accuracy at every level" not in page
    frame = NAMED["transfer"].table(run, "things")
    assert "cnn of there: " in NAMED["transfer"].describe(frame)


def test_what_is_said_of_a_source(run, tmp_path):
    told = {(s.rule, s.text) for s in verdict(run, "things").sentences if s.source == "transfer"}
    assert ("zero-shot", "Without learning from an image of Things, cnn of there labels 70.00 % rightly.") in told
    worths = sorted(text for rule, text in told if rule == "worth")
    assert len(worths) == 2
    assert re.match(r"To cnn, there is worth about \d+ images \(\d+ to more than \d+\) of Things: with ", worths[0])
    assert " of Things: with 10 images per class, cnn all layers from there reaches 90.00 %, " in worths[0]
    assert worths[0].endswith("20.00 points more than from scratch, and is ahead with up to 100 per class.")
    assert worths[1] == (
        "With 10 images per class, svm rows from there is not told apart from svm from scratch: no worth of there is established."
    )
    worse = {10: {"cnn": 0.1, ALL: 0.3}, 100: {"cnn": 0.05, ALL: 0.05}}
    other = reports.load(write_transfer(tmp_path / "run", worse))
    (text,) = [s.text for s in verdict(other, "things").sentences if s.rule == "worth"]
    assert text.endswith("20.00 points worse than cnn from scratch: there costs more than it gives.")


def test_fits_of_another_length_are_told_of(tmp_path):
    folder = write_transfer(tmp_path / "run")
    with sqlite3.connect(folder / "ledger.sqlite") as ledger:
        ledger.execute("UPDATE fits SET effort = 0.3 WHERE variant = 'cnn' AND condition = 'transfer=100'")
    (text,) = [s.text for s in verdict(reports.load(folder), "things").sentences if s.text.startswith("To cnn")]
    assert text.replace("\u00a0", " ").endswith(
        " The budget had room for other shares of a full fit with the source and without (100 and 30 % with 100 per class), "
        "which may be part of it."
    )


def test_the_best_of_each_family_is_named_by_validation_over_all_levels():
    rows = pd.DataFrame(
        {
            "variant": ["lucky", "good", "lucky", "good"],
            "validation": [1.0, 0.9, 0.5, 0.8],
            "per_class": [10, 10, 30, 30],
        }
    )
    assert _most_valid(rows) == "good"
    assert _most_valid(rows.assign(validation=float("nan"))) == "lucky", "nothing is known, so the first is taken"


def test_how_fast_it_is_as_good_as_training_from_scratch(run):
    table = convergence(run, "things").set_index(["variant", "per_class"])
    alone, started = table.loc[("cnn", 10)], table.loc[(ALL, 10)]
    assert alone["goal"] == started["goal"] == 0.7
    assert (alone["shown"], started["shown"]) == (300, 200)
    assert started["share"] == 0.5 and started["seconds"] == pytest.approx(1 + 0.5 * 8)


def test_a_training_that_guessed_sets_no_goal(run, tmp_path, monkeypatch):
    monkeypatch.setitem(CURVES, "cnn", {"images": [100, 200], "val_accuracy": [0.1, 0.15]})
    assert convergence(reports.load(write_transfer(tmp_path / "run")), "things").empty


def test_two_runs_as_one_keep_each_source_with_its_own(run, tmp_path):
    both = merge([run, reports.load(write_transfer(tmp_path / "other"))])
    table = transfer(both, "things")
    assert len(table) == 18 and table.loc[table["way"] == "all layers", "gain"].notna().all()
    compared = ("svm", "cnn", ALL, ROWS)
    assert set(both.planned("things")) == {f"{name} @{at}" for name in compared for at in ("run", "other")}


def test_a_run_that_has_no_more_than_its_sources_is_drawn(tmp_path):
    first = reports.load(write_transfer(tmp_path / "run", {0: TRANSFERRED[0]}))
    frame = NAMED["transfer"].table(first, "things")
    assert len(frame) == 1
    assert NAMED["transfer"].draw(frame, style.looks(first.families)) is not None


def test_a_claim_about_a_source_as_it_is_is_measured_where_it_was_tried(run):
    frame = NAMED["claims"].table(run, "things").set_index("variant")
    assert frame.loc[OF, "accuracy"] == pytest.approx(0.7, abs=0.01) and frame.loc[OF, "found"] == "higher"
    assert frame.loc["cnn", "accuracy"] == pytest.approx(0.9, abs=0.01)
    assert pd.isna(frame.loc[OF, "step"])
    assert "nan" not in NAMED["claims"].describe(frame.reset_index())
