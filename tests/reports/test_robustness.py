"""A study of corruptions in the report: means, corruption errors, verdict."""

from __future__ import annotations

import numpy as np
import pytest

import reports
from benchmarks.data.split import drawn
from reports.analysis.robustness import (
    Robustness,
    ahead,
    corruption_error,
    interval,
    levels,
    reference_of,
    relative_corruption_error,
    robustness,
    unlike_training,
)
from reports.exhibits import EXHIBITS
from reports.merged import merge
from reports.verdict import verdict
from tests.reports.study import CORRUPTED, write_corruption

NAMED = {exhibit.name: exhibit for exhibit in EXHIBITS}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return reports.load(write_corruption(tmp_path_factory.mktemp("corruption") / "run", shown=1000))


def of(clean, **left):
    """A model that labels these shares of 1,000 images rightly, the first ones."""
    right = {name: (np.arange(1000) < 1000 * share)[None].astype(float) for name, share in left.items()}
    return Robustness((np.arange(1000) < 1000 * clean)[None].astype(float), right, 0.0)


def test_the_corruption_error_of_hendrycks_and_dietterich():
    """Their definitions, computed by hand: errors of 20 and 60 %, and of a reference of 40 and 80 %."""
    model, reference = of(0.9, fog=0.8, noise=0.4), of(0.8, fog=0.6, noise=0.2)
    assert corruption_error(model, reference) == pytest.approx((0.2 / 0.4 + 0.6 / 0.8) / 2)
    assert relative_corruption_error(model, reference) == pytest.approx((0.1 / 0.2 + 0.5 / 0.6) / 2)
    assert corruption_error(reference, reference) == relative_corruption_error(reference, reference) == 1


def test_a_corruption_that_costs_the_reference_nothing_divides_nothing():
    model, reference = of(0.9, fog=0.8, noise=0.85), of(0.8, fog=0.6, noise=0.795)
    assert relative_corruption_error(model, reference) == pytest.approx(0.1 / 0.2)
    untouched = of(0.8, fog=0.8, noise=0.8)
    assert np.isnan(relative_corruption_error(model, untouched))
    assert np.isfinite(corruption_error(model, of(1.0, fog=1.0, noise=1.0)))


def test_the_mean_has_the_interval_of_images_and_seeds():
    values = np.random.default_rng(0).random((1, 2500))
    mean, low, high = interval(values)
    assert high - mean == pytest.approx(1.96 * values.std() / 50, rel=0.01) and mean - low == pytest.approx(high - mean)
    assert interval(np.ones((1, 10))) == (1, 1, 1)


def test_who_is_ahead_under_how_many_corruptions():
    one, other = of(0.9, fog=0.8, noise=0.5, blur=0.7), of(0.9, fog=0.6, noise=0.6, blur=0.699)
    assert ahead(one, other) == (1, 1) and ahead(other, one) == (1, 1) and ahead(one, one) == (0, 0)


def test_what_is_shown_are_the_images_that_were_drawn(study):
    fog = study.at(study.conditions[1])
    assert len(fog.test("things")) == 1000 and len(study.test("things")) == 2000
    assert np.array_equal(fog.rows("things"), drawn(2000, 1000)) and len(study.rows("things")) == 2000
    found = robustness(study, "things")
    assert found["svm"].clean.shape == (2, 1000)
    assert np.array_equal(found["svm"].clean, study.correct("things", "svm")[:, drawn(2000, 1000)])
    assert np.array_equal(found["svm"].right["fog"], fog.correct("things", "svm"))


def test_the_table_of_variants(study):
    table = NAMED["robustness"].table(study, "things").set_index("variant")
    assert list(table.index) == ["cnn", "svm", "logistic_regression"]
    svm = table.loc["svm"]
    left = [study.at(c).correct("things", "svm").mean() for c in study.conditions[1:]]
    assert svm["mean"] == pytest.approx(np.mean(left)) and svm["mean_low"] < svm["mean"] < svm["mean_high"]
    assert svm["worst"] == "fog" and svm["worst_accuracy"] == pytest.approx(left[0])
    assert svm["unlike_training"] == pytest.approx((left[0] + left[2]) / 2), "shear is a change of the augmentation"
    assert unlike_training(study, "things") == ["fog", "spatter"]
    assert (table.loc["logistic_regression"][["corruption_error", "relative_corruption_error"]] == 1).all()
    assert table["corruption_error"].is_monotonic_increasing
    note = NAMED["robustness"].note(table.reset_index())
    assert "relative to logistic_regression" in note and "Hendrycks and Dietterich" in note


def test_the_table_of_corruptions(study):
    table = NAMED["corruption"].table(study, "things")
    assert list(dict.fromkeys(table["corruption"])) == ["fog", "shear", "spatter"], "the most harmful first"
    assert table["severity"].tolist()[::3] == [5, 2, 4] and set(table["images"]) == {1000}
    row = table.query("corruption == 'fog' and variant == 'cnn'").iloc[0]
    clean = study.correct("things", "cnn")[:, drawn(2000, 1000)].mean()
    assert row["change"] == pytest.approx(row["accuracy"] - clean) and row["change"] < -0.2
    words = NAMED["corruption"].describe(table)
    assert words.startswith("Test accuracy under each corruption, the most harmful first. fog: cnn ")
    assert not NAMED["conditions"].belongs_to(study)


def test_the_verdict_tells_what_is_left(study):
    told = {sentence.rule: sentence.text for sentence in verdict(study, "things").sentences}
    left = {n: 100 * o.over().mean() for n, o in robustness(study, "things").items()}
    text = told["under corruption"].replace("\u00a0", " ")
    assert text.startswith(f"Over three corruptions cnn labels {left['cnn']:.1f} % rightly (9")
    assert f"svm, the best classical model, {left['svm']:.1f} % (9" in text
    assert f"cnn is {left['cnn'] - left['svm']:.2f} points ahead (" in text
    assert text.endswith(" without those that resemble a change of the training augmentation.")
    assert told["hardest corruption"].startswith("Hardest is fog: it leaves cnn ")
    assert told["by corruption"] == (
        "Under single corruptions the network's lead is established for one of them, that of the classical model for none; "
        "the other differences may be chance."
    )


def test_what_is_hardest_is_told_of_each_where_it_differs(tmp_path):
    errors = CORRUPTED | {"shear": CORRUPTED["shear"] | {"cnn": 0.6}}
    run = reports.load(write_corruption(tmp_path / "run", errors, tests=300, seeds=(0,)))
    (text,) = [s.text for s in verdict(run, "things").sentences if s.rule == "hardest corruption"]
    assert text.startswith("Hardest for cnn is shear, which leaves 4") and ", and for svm fog, which leaves 3" in text


def test_equal_families_are_not_told_apart(tmp_path):
    errors = {level: {"svm": share["svm"], "cnn": share["svm"]} for level, share in CORRUPTED.items()}
    run = reports.load(write_corruption(tmp_path / "run", errors, tests=500, seeds=(0,)))
    (text,) = [s.text for s in verdict(run, "things").sentences if s.rule == "under corruption"]
    assert "within the uncertainty" in text and "points ahead" not in text
    assert reference_of(run, robustness(run, "things")) in ("svm", "cnn")


def test_one_family_alone_is_told_of_alone(tmp_path):
    errors = {level: {"svm": share["svm"]} for level, share in CORRUPTED.items()}
    run = reports.load(write_corruption(tmp_path / "run", errors, tests=300, seeds=(0,)))
    told = {s.rule: s.text.replace("\u00a0", " ") for s in verdict(run, "things").sentences}
    assert told["under corruption"].startswith("Over three corruptions svm labels") and "by corruption" not in told


def test_a_run_that_is_under_way_compares_those_that_are_done(tmp_path):
    import sqlite3

    run = reports.load(write_corruption(tmp_path / "run", tests=300, seeds=(0,)))
    with sqlite3.connect(run.folder / "ledger.sqlite") as db:
        db.execute("DELETE FROM evaluations WHERE variant = 'cnn' AND condition = 'corruption=shear'")
    run = reports.load(run.folder)
    assert set(robustness(run, "things")) == {"logistic_regression", "svm"} and len(levels(run, "things")) == 3
    assert set(NAMED["corruption"].table(run, "things").query("corruption == 'fog'")["variant"]) == {*CORRUPTED[""]}
    assert "under corruption" not in {s.rule for s in verdict(run, "things").sentences}
    assert "Accuracy under corruption" in reports.report(run.folder).read_text()


def test_merged_runs_compare_corruptions_where_they_showed_as_many_images(tmp_path):
    one, two, other = (
        reports.load(write_corruption(tmp_path / name, tests=300, seeds=(0,), shown=shown))
        for name, shown in (("one", 100), ("two", 100), ("other", 50))
    )
    same = merge([one, two])
    assert set(robustness(same, "things")) == {f"{n} @{run}" for n in CORRUPTED[""] for run in ("one", "two")}
    apart = merge([one, other])
    assert not robustness(apart, "things") and any("different numbers of test images" in n for n in apart.notes)
