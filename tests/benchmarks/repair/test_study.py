"""The study of repair: from a run to the page, nothing seen that must not be, nothing done twice."""

import json
import subprocess

import numpy as np
import pytest

import benchmarks.repair.repairer as repairer
import benchmarks.repair.study as module
import crossover
import reports
from benchmarks.errors import UserError
from benchmarks.repair.levels import CLEAN
from benchmarks.repair.stored import AS_IT_IS, CONFIDENT, MIX, levels_of_mix, read
from benchmarks.repair.study import study
from benchmarks.suite import make_suite
from reports.exhibits import EXHIBITS
from reports.verdict import verdict
from tests.benchmarks.repair.scene import SMALL
from tests.benchmarks.repair.test_repairer import without_network

SUITE = """
title = "Small"
datasets = ["digits"]
estimators = ["logistic_regression"]
budget = "1 trials"
test_images = 80
studies.corruption = ["fog", "stripe-5"]
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run on digits of 8×8 pixels whose repair was studied; and what each fit of a detector was shown."""
    place = tmp_path_factory.mktemp("study")
    (place / "small.toml").write_text(SUITE)
    folder, shown, fit = place / "runs" / "small", [], module.fit_detector
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("CROSSOVER_CACHE", str(place / "cache"))
        assert crossover.run("small.toml", executor="serial")
        patch.setattr(repairer, "fit_repairs", without_network)
        patch.setattr(module, "fit_detector", lambda name, some, seed: shown.append(some) or fit(name, some, seed))
        study(folder, names=["statistics"], mix=60, sizes=SMALL)
    return folder, shown


def test_each_detector_is_fitted_once_and_has_not_seen_what_it_is_asked_about(run):
    _, shown = run
    unseen = [{"fog", "stripe"} - {level.partition("-")[0] for level in one.levels} for one in shown]
    assert unseen == [set(), {"fog"}, {"fog"}, {"stripe"}, {"stripe"}]
    families = [{level.partition("-")[0] for level in one.levels} for one in shown]
    assert "snow" in families[1] and not {"snow", "spatter"} & families[2]


def test_what_is_kept_is_what_the_run_says_where_nothing_is_repaired(run):
    """The arm without repair has the labels of the run's own evaluations, on the same images."""
    folder, _ = run
    page = reports.load(folder)
    stored = read(folder / "cells/digits/logistic_regression/standard/seed-0")
    assert set(stored.labels) == {CLEAN, "fog", "stripe-5", MIX}
    for condition in page.conditions[1:]:
        own = page.at(condition).predicted("digits", "logistic_regression")[0]
        assert np.array_equal(stored.labels[str(condition.level)][AS_IT_IS], own)
    assert len(stored.labels[MIX][CONFIDENT]) == 60 == len(stored.detected[MIX]["statistics"])
    assert levels_of_mix(6, ["a", "b"]).tolist() == [CLEAN, "a", CLEAN, "b", CLEAN, "a"]


def test_the_page_has_its_tables_and_the_verdict_its_sentence(run):
    folder, _ = run
    page = reports.load(folder)
    tables = {e.name: e.table(page, "digits") for e in EXHIBITS}
    table = tables["repair"].set_index("repair")
    none, best = table.loc["no repair"], table.loc["by detector (statistics), table and confidence"]
    assert best["back"] == pytest.approx((best["mean"] - none["mean"]) / (none["clean"] - none["mean"]))
    assert np.isnan(table.loc["the most confident answer of all repairs", "ahead"])
    assert set(tables["repair_by_corruption"]["corruption"]) == {"fog", "stripe-5"}
    assert len(tables["mix"]) >= 5 and len(tables["detection"]) == 3
    (sentence,) = [s for s in verdict(page, "digits").sentences if s.rule == "repair"]
    assert "two corruptions" in sentence.text and "logistic_regression" in sentence.text
    assert all(e.belongs_to(page) for e in EXHIBITS if e.name in ("repair", "repair_by_corruption", "mix", "detection"))


def test_what_is_done_is_not_done_again_until_something_changes(run, monkeypatch, capsys):
    folder, _ = run
    monkeypatch.setattr(module, "lesson", lambda *_: pytest.fail("it learned again"))
    study(folder, names=["statistics"], mix=60, sizes=SMALL)
    assert "1 of 1 models are done" in capsys.readouterr().err
    with pytest.raises(pytest.fail.Exception, match="it learned again"):
        study(folder, names=["statistics"], mix=40, sizes=SMALL)


def test_wrong_runs_and_names_are_one_line(run, tmp_path):
    folder, _ = run
    with pytest.raises(UserError, match="Did you mean 'network'"):
        study(folder, names=["netwrk"])
    with pytest.raises(UserError, match="There is no variant 'svn'"):
        study(folder, glob="svn")
    with pytest.raises(UserError, match="is no run folder"):
        study(tmp_path)
    info = json.loads((folder / "run.json").read_text())
    (tmp_path / "run.json").write_text(
        json.dumps(info | {"conditions": [{"study": "sizes", "level": 100, "value": 100.0}]})
    )
    with pytest.raises(UserError, match="has no study of corruptions"):
        study(tmp_path)


def test_a_suite_asks_for_it_by_a_table(monkeypatch, tmp_path):
    content = {"name": "s", "title": "S", "datasets": ("digits",), "estimators": ("svm",), "budget": "2 trials"}
    levels = {"studies": {"corruption": ("fog",)}}
    suite = make_suite(content | levels | {"repair": {"detectors": ["network"], "mix": 5}}, "s.toml")
    asked = []
    monkeypatch.setattr(
        subprocess, "run", lambda command, **_: asked.append(command) or subprocess.CompletedProcess([], 0)
    )
    assert crossover._study_repair(suite, tmp_path, None)
    assert asked[0][1:] == [
        "-m", "benchmarks.repair.study", str(tmp_path), "--mix", "5", "--detector=network", "--dataset=digits",
    ]  # fmt: skip
    for wrong, message in (
        ({"repair": {"detectors": ["netwrk"]}} | levels, "Did you mean 'network'"),
        ({"repair": {}}, "nothing to repair"),
        ({"repair": {"mixed": 3}} | levels, "Did you mean 'mix'"),
    ):
        with pytest.raises(UserError, match=message):
            make_suite(content | wrong, "s.toml")


@pytest.mark.parametrize(("fail_fast", "studied"), [(False, True), (True, False)])
def test_a_failed_cell_does_not_keep_the_others_from_being_repaired(monkeypatch, tmp_path, fail_fast, studied):
    """Unless the user asked to stop at the first failure; either way the run tells that a cell failed."""
    asked = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("benchmarks.run.run", lambda *_, **__: False)
    monkeypatch.setattr(crossover, "_study_repair", lambda *_: asked.append(1) or True)
    assert crossover.run("repair", fail_fast=fail_fast) is False
    assert bool(asked) == studied
