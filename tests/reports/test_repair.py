"""The study of repair in the report: what comes back, the control, claims, the verdict."""

import json
import os
import re

import numpy as np
import pytest

import reports
from benchmarks.errors import UserError
from benchmarks.repair import stored
from reports.analysis.repair import CONFIDENT, Repaired, against, gain_in_mix, repaired
from reports.drawing import style
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


def test_the_verdict_tells_of_each_detector_whether_it_beats_the_control(tmp_path):
    arms = REPAIRED | {
        f"network{rest}": REPAIRED[f"statistics{rest}"] for rest in (", table alone", "", ", family unseen")
    }
    own = write_repair(tmp_path / "run", arms | {"statistics": 0.7}, detectors=("statistics", "network"))
    (text,) = (
        s.text for s in verdict(reports.load(own), "things").sentences if s.rule == "repair" and " svm " in s.text
    )
    text = text.replace("\u00a0", " ")
    assert re.search(
        r"bring back 30 % of .* % with the detector statistics\), 60 % with the detector network, unseen before", text
    )
    assert re.search(
        r"brings back 40 %, [\d.]+ points more under corruption than with statistics and [\d.]+ points less", text
    )
    assert text.endswith("points less under corruption than with network.")


def test_a_figure_has_a_mark_for_each_way_and_variant(study):
    for name in ("repair", "repair_by_corruption", "mix", "detection"):
        exhibit = NAMED[name]
        frame = exhibit.table(study, "things")
        figure = exhibit.draw(frame, style.looks(study.families))
        marks = [line for axes in figure.axes for line in axes.lines if line.get_marker() not in ("None", "", None)]
        assert len(marks) == len(frame) * (2 if name == "repair" else 1)
        assert exhibit.describe(frame).count(": ") >= (1 if name == "detection" else 3)


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


def test_what_repair_took_is_on_the_bill(tmp_path):
    folder = write_repair(tmp_path / "run", seeds=(0, 1))
    exhibit = NAMED["repair"]
    assert "took" not in exhibit.note(exhibit.table(reports.load(folder), "things"))
    for place in {path.parent for path in folder.rglob("repaired.npz")}:
        there = stored.read(place)
        stored.write(place, stored.Stored(dict(there.told) | {"seconds": 300.0}, there.labels, there.detected))
    note = exhibit.note(exhibit.table(reports.load(folder), "things"))
    assert note.endswith("All of it took 10 min 00 s, which no budget pays for."), note


@pytest.mark.parametrize("damage", ["cut", "a pipe", "nothing told", "told otherwise"])
def test_a_damaged_file_costs_its_own_part_of_the_page_alone(tmp_path, damage):
    folder = write_repair(tmp_path / "run", seeds=(0,))
    path = next(folder.rglob("repaired.npz"))
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    elif damage == "a pipe":
        path.unlink()
        os.mkfifo(path)
    else:
        np.savez(
            path, **{"none/as it is": np.zeros(3)}, **({} if damage == "nothing told" else {"told": np.array("[3]")})
        )
    page = reports.report(folder).read_text()
    assert re.search(r"Left out: things: Detect, repair, classify: \S+repaired\.npz [^<]*study repair again", page)
    assert 'id="things-corruption"' in page and "The report could not" not in page
    with pytest.raises(UserError, match=r"repaired\.npz"):
        stored.read(path.parent)


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
