"""Learning curves: the fits recover what was put in, and what the page says of a study of sizes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reports
from benchmarks.studies import Condition
from reports.analysis.crossover import crossover_of
from reports.analysis.learning_curve import LAWS, flat_line, mmf4, power_law
from reports.drawing import style
from reports.exhibits import EXHIBITS
from reports.exhibits.compute import compute
from reports.exhibits.learning import learning
from reports.exhibits.prediction import prediction
from reports.verdict import verdict
from tests.reports.study import LAWS as LAWS_OF_THE_STUDY
from tests.reports.study import SIZES, TOTAL, probabilities, write_study

N = np.array([100, 300, 1000, 3000, 10_000, 60_000])


@settings(deadline=None)
@given(st.floats(0.2, 5), st.floats(0.2, 1), st.sampled_from([0.0, 0.001, 0.01]))
def test_a_power_law_is_recovered(a, b, c):
    errors = a * N**-b + c
    law = power_law(N, errors)
    assert law(N) == pytest.approx(errors, rel=0.05)
    if a * N[-1] ** -b > 0.1 * c:  # Otherwise hardly a point is left to tell the slope.
        assert law.fall.exponent == pytest.approx(b, abs=0.1)
    assert 0 <= law.floor < errors.min()


def test_a_law_never_rises_and_a_few_points_have_no_floor():
    assert power_law(N, np.linspace(0.1, 0.2, len(N))).fall.exponent == 0
    assert power_law(N[:3], np.array([0.2, 0.1, 0.09])).floor == 0
    rising = mmf4(N, np.linspace(0.1, 0.2, len(N)))
    assert rising(N[-1]) <= rising(N[0]) + 1e-9


@pytest.mark.parametrize(("half", "exponent", "floor"), [(300, 1.0, 0.02), (5000, 0.7, 0.0), (1000, 2.0, 0.1)])
def test_mmf4_recovers_a_sigmoid_and_foretells_it(half, exponent, floor):
    truth = lambda n: floor + (0.9 - floor) / (1 + (n / half) ** exponent)  # noqa: E731
    law = mmf4(N[:-1], truth(N[:-1]))
    assert law(N) == pytest.approx(truth(N), rel=0.1)


def test_the_flat_line_is_the_last_error_and_every_law_says_what_it_needs():
    assert flat_line(N, np.linspace(0.3, 0.1, 6))(1e9) == pytest.approx([0.1])
    for least, fit in LAWS.values():
        assert np.isfinite(fit(N[:least], np.geomspace(0.3, 0.1, least))(60_000)).all()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_study(tmp_path_factory.mktemp("study") / "run")


@pytest.fixture(scope="module")
def run(folder):
    return reports.load(folder)


def test_the_crossover_of_a_study_is_the_bracket_in_which_the_laws_cross(run):
    error = {name: lambda n, p=p: p[0] * n ** -p[1] + p[2] for name, p in LAWS_OF_THE_STUDY.items()}
    n = np.arange(100, TOTAL)
    truth = n[np.argmax(error["cnn"](n) < np.minimum(error["svm"](n), error["logistic_regression"](n)))]
    found = crossover_of(run, "things")
    assert found.outcome == "crossover" and found.after < truth < found.by
    assert [lead.deep for lead in found.leads] == ["cnn"] * 5


def test_the_other_exhibits_speak_of_all_rows(run):
    assert set(run.fits["condition"]) == {""} and len(run.fits) == len(run.evaluations) == 9
    assert len(run.trials) == 9 and len(run.ledger["trials"]) == 45
    assert run.correct("things", "cnn").mean() == pytest.approx(1 - (7 * TOTAL**-0.65 + 0.002), abs=0.01)
    assert run.curve("things", "sizes")["value"].unique().tolist() == [100, 300, 1000, 3000, TOTAL]
    assert not run.info["notes"]


def test_a_study_under_way_speaks_of_the_largest_size_that_all_have_done(tmp_path):
    run = reports.load(write_study(tmp_path / "run", seeds=(0,), last="svm"))
    assert set(run.fits["condition"]) == {"sizes=3000"} and run.scored("things") == list(LAWS_OF_THE_STUDY)
    assert "training on 3,000 images" in run.info["notes"][0]
    assert run.predictions("things", "cnn", 0).shape == (2000, 10)
    reports.report(run.folder)


def test_the_exhibits(run):
    frame = learning.table(run, "things")
    assert len(frame) == len(LAWS_OF_THE_STUDY) * len(SIZES) and (frame["accuracy_low"] < frame["accuracy_high"]).all()
    looks = style.looks(run.families)
    assert learning.draw(frame, looks) and compute.draw(compute.table(run, "things"), looks)
    laws = prediction.table(run, "things")
    assert set(laws["train_rows"]) == {TOTAL} and set(laws["law"]) == {"power law", "flat line"}
    power = laws[laws["law"] == "power law"]
    # The error of a run is counted on few images: what is asked is that the order of magnitude was foretold.
    assert power["predicted_to_measured"].between(0.3, 3).all()
    assert laws.groupby("variant")["nearest"].any().all()
    assert "of 3 estimators: power law 3, flat line 0" in prediction.note(laws)


@pytest.mark.parametrize("exhibit", [e for e in EXHIBITS if e.draw], ids=lambda exhibit: exhibit.name)
def test_every_figure_is_drawn_of_a_study(run, exhibit):
    frame = exhibit.table(run, "things")
    if frame.empty:
        assert not exhibit.studies or not exhibit.belongs_to(run)
        return
    looks = style.looks(run.families)
    drawing = style.inline(style.sketch(exhibit.draw(frame, looks), "name", exhibit.describe(frame)))
    assert drawing == style.inline(style.sketch(exhibit.draw(frame, looks), "name", exhibit.describe(frame)))
    assert exhibit.describe(frame) and drawing.startswith("<svg viewBox=")


def test_a_law_that_breaks_is_caught(tmp_path):
    """At the largest size an estimator errs three times as often as the smaller ones let expect."""
    folder = write_study(tmp_path / "run", laws={"svm": (0.9, 0.35, 0.0), "cnn": (4.0, 0.5, 0.0)}, seeds=(0, 1))
    for seed in (0, 1):
        path = folder / f"cells/things/cnn/standard/seed-{seed}/predictions.npz"
        y = np.load(folder / "data/things/test.npz")["y"]
        error = 3 * 4.0 * TOTAL**-0.5
        hardness = np.random.default_rng(seed).random(len(y))
        np.savez_compressed(path, proba=probabilities(y, error, hardness))
    frame = prediction.table(reports.load(folder), "things").set_index(["variant", "law"])
    assert not frame.loc[("cnn", "power law"), "within"]
    assert frame.loc[("cnn", "power law"), "predicted_to_measured"] == pytest.approx(1 / 3, rel=0.3)
    assert frame.loc[("cnn", "flat line"), "nearest"] and frame.loc[("svm", "power law"), "nearest"]


def test_laws_are_judged_by_the_size_they_were_not_shown(tmp_path):
    """What happens at the largest size changes what is measured, and no prediction."""
    frames = []
    for name, error in (("one", 0.02), ("two", 0.3)):
        run = write_study(
            tmp_path / name, laws={"svm": (0.9, 0.35, 0.0)}, sizes=(100, 300, 1000, 2000, 3000, "all"), seeds=(0,)
        )
        y = np.load(run / "data/things/test.npz")["y"]
        proba = probabilities(y, error, np.random.default_rng(0).random(len(y)))
        np.savez_compressed(run / "cells/things/svm/standard/seed-0/predictions.npz", proba=proba)
        frames.append(prediction.table(reports.load(run), "things").set_index("law"))
    assert list(frames[0].index) == list(LAWS)
    assert frames[0]["predicted_error"].equals(frames[1]["predicted_error"])
    assert frames[1]["measured_error"].iloc[0] == pytest.approx(0.3, abs=0.01)


def test_the_verdict_says_where_and_links_to_the_exhibit(run):
    told = {s.source: s for s in verdict(run, "things").sentences}["crossover"]
    assert "Between 300 and 1,000 training images deep learning passes classical" in told.text
    assert told.rule == "crossover"


@pytest.mark.parametrize(
    ("law", "words"),
    [
        ((2.0, 0.2, 0.1), "No crossover was seen"),
        ((0.1, 0.3, 0.0), "ahead at all three sizes; each lead is established"),
    ],
)
def test_the_verdict_where_there_is_no_crossing(tmp_path, law, words):
    folder = write_study(tmp_path / "run", laws=LAWS_OF_THE_STUDY | {"cnn": law}, sizes=(1000, 3000, "all"))
    assert words in {s.source: s.text for s in verdict(reports.load(folder), "things").sentences}["crossover"]


def test_a_run_without_sizes_has_none_of_it(one_seed, folder):
    assert "From how many training images on" not in reports.report(one_seed).read_text()
    assert "From how many training images on" in reports.report(folder).read_text()


def test_one_family_alone_has_curves_and_no_crossover(tmp_path):
    laws = {name: LAWS_OF_THE_STUDY[name] for name in ("svm", "logistic_regression")}
    run = reports.load(write_study(tmp_path / "run", laws=laws, sizes=(100, 1000, "all"), seeds=(0,)))
    assert crossover_of(run, "things") is None and len(learning.table(run, "things")) == 6
    reports.report(run.folder)


def test_without_all_rows_a_study_speaks_of_its_largest_size_and_no_level_is_standard(tmp_path):
    run = reports.load(write_study(tmp_path / "run", sizes=(1000, 300), seeds=(0,), tests=200))
    assert set(run.fits["condition"]) == {"sizes=1000"} and not run.notes
    assert [value for _, value in run.levels("things", "sizes")] == [300, 1000]


def test_a_study_speaks_of_one_condition_even_beside_another_study(tmp_path):
    """Of label noise no level is the largest: it does not stand for the run."""
    noise = Condition("label_noise", 0.2, 0.2)
    run = reports.load(write_study(tmp_path / "run", sizes=(100, "all"), seeds=(0,), tests=200, also=[noise]))
    assert set(run.fits["condition"]) == {""} and run.at(noise).fits.empty
