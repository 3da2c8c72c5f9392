"""The study of repair in the report: what comes back, the control, claims, the verdict."""

import json

import numpy as np
import pytest

import reports
from benchmarks.repair import stored
from reports.analysis.repair import CONFIDENT, Repaired, against, gain_in_mix, repaired
from reports.exhibits import EXHIBITS
from reports.merged import merge
from reports.verdict import verdict
from tests.reports.study import REPAIRED, write_corruption, write_repair

NAMED = {exhibit.name: exhibit for exhibit in EXHIBITS}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return reports.load(write_repair(tmp_path_factory.mktemp("repair") / "run", shown=1000))


def of(clean, **arms):
    """A model of 1,000 images that labels these shares rightly, the first ones, under one corruption."""
    right = {arm.replace("_", " "): (np.arange(1000) < 1000 * share)[None] for arm, share in arms.items()}
    whole = {arm: (np.arange(1000) < 1000 * clean)[None] for arm in right}
    return Repaired({"none": whole, "fog": right, "mix": right}, ("fog",), ("statistics",), ("as it is",))


def test_what_comes_back_is_a_share_of_what_was_lost():
    own = of(0.9, as_it_is=0.5, statistics=0.7, most_confident=0.6)
    assert own.lost == pytest.approx(0.4) and own.back("statistics") == pytest.approx(0.5)
    gap, low, high = against(own, "statistics", CONFIDENT)
    assert gap == pytest.approx(0.1) and 0 < low < gap < high
    assert gain_in_mix(own, "statistics")[0] == pytest.approx(0.2)
    assert np.isnan(of(0.5, as_it_is=0.5, statistics=0.7).back("statistics"))


def test_the_verdict_says_what_comes_back_and_who_wins(study):
    told = {
        s.text.partition(" take from ")[2].split()[0]: s
        for s in verdict(study, "things").sentences
        if s.rule == "repair"
    }
    assert set(told) == {"cnn", "svm"} and {s.source for s in told.values()} == {"repair"}
    text = told["svm"].text
    assert "bring back 60\u00a0% of what three corruptions take from svm" in text and "unseen before" in text
    assert "brings back 40\u00a0%" in text and "points less under corruption." in text
    plain = reports.load(write_corruption(study.folder.parent / "plain", shown=1000))
    assert not [s for s in verdict(plain, "things").sentences if s.rule == "repair"]


def test_where_the_two_cannot_be_told_apart_that_is_said(tmp_path):
    same = reports.load(write_repair(tmp_path / "run", REPAIRED | {"most confident": 0.4}))
    texts = [s.text for s in verdict(same, "things").sentences if s.rule == "repair"]
    assert texts and all("within the uncertainty" in text for text in texts)


def test_a_repair_that_harms_brings_back_nothing(tmp_path):
    harmful = reports.load(write_repair(tmp_path / "run", REPAIRED | {"statistics": 1.2}))
    texts = [s.text for s in verdict(harmful, "things").sentences if s.rule == "repair"]
    assert texts and all("bring back nothing of what" in text and "points more under" in text for text in texts)


def test_the_claim_stands_beside_the_gain(study):
    table = NAMED["mix"].table(study, "things").set_index(["variant", "repair"])
    assert (table["claimed"] == 0.0053).all() and table.loc[("svm", "statistics"), "found"] == "higher"
    assert table.loc[("svm", "statistics"), "gain"] == pytest.approx(0.6 * 0.67, abs=0.06)
    assert "Claimed <somewhere>." in NAMED["mix"].note(NAMED["mix"].table(study, "things"))


def test_detectors_are_judged_by_what_they_call_things(study):
    table = NAMED["detection"].table(study, "things").set_index("corruption")
    assert list(table.index) == ["none", "fog", "shear", "spatter"]
    assert table.loc["none", "recognised"] == 1 and 0.85 < table.loc["fog", "recognised"] < 0.95
    assert table.loc["fog", "mistaken"] == "none" and table.loc["fog", "strength"] < 3


def test_results_of_another_fit_are_not_shown(tmp_path):
    folder = write_repair(tmp_path / "run", seeds=(0,))
    place = next(folder.rglob("cnn/**/repaired.npz")).parent
    there = stored.read(place)
    stored.write(place, stored.Stored(dict(there.told) | {"fit": "another"}, there.labels, there.detected))
    assert set(repaired(reports.load(folder), "things")) == {"logistic_regression", "svm"}


def test_merged_runs_have_it_too(study, tmp_path):
    other = write_repair(tmp_path / "other", shown=1000)
    both = merge([study, reports.load(other)])
    assert set(repaired(both, "things")) == set(both.variants)
    assert json.loads((other / "run.json").read_text())["repair"]["mix"] == 200
