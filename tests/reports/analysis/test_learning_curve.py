"""Learning curves: the fit recovers what was put in, the rule of the crossover, and what the page says of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reports
from benchmarks.studies import Condition
from reports.analysis.crossover import crossover, crossover_in_rows, overtaking
from reports.analysis.intervals import percentile_interval
from reports.analysis.learning_curve import power_law, resample
from reports.drawing import style
from reports.exhibits import EXHIBITS
from reports.exhibits.compute import compute
from reports.exhibits.learning import learning
from reports.exhibits.prediction import prediction
from reports.verdict import verdict
from tests.reports.study import LAWS, SIZES, TOTAL, probabilities, write_study

N = np.array([100, 300, 1000, 3000, 10_000, 60_000])


@settings(deadline=None)
@given(st.floats(0.2, 5), st.floats(0.2, 1), st.sampled_from([0.0, 0.001, 0.01]))
def test_a_power_law_is_recovered(a, b, c):
    errors = a * N**-b + c
    law = power_law(N, errors[None])
    assert law(N)[0] == pytest.approx(errors, rel=0.05)
    if a * N[-1] ** -b > 0.1 * c:  # Otherwise hardly a point is left to tell the slope.
        assert law.b[0] == pytest.approx(b, abs=0.1)
    assert 0 <= law.c[0] < errors.min()


def test_a_law_never_rises_and_a_few_points_have_no_floor():
    assert power_law(N, np.array([np.linspace(0.1, 0.2, len(N))])).b[0] == 0
    assert power_law(N[:3], np.array([[0.2, 0.1, 0.09]])).c[0] == 0


def test_laws_of_many_resamples_are_those_of_each():
    errors = np.random.default_rng(0).uniform(0.8, 1.2, (5, len(N))) * N**-0.4
    together = power_law(N, errors)
    for i, row in enumerate(errors):
        assert power_law(N, row[None])(500)[0] == pytest.approx(together(500)[i])


def lines(classical, deep):
    return np.atleast_2d(np.array(classical, float)), np.atleast_2d(np.array(deep, float))


@pytest.mark.parametrize(
    ("classical", "deep", "at"),
    [
        ([0.4, 0.2, 0.1], [0.8, 0.2, 0.05], 1000),  # level at a measured size: from there on
        ([0.4, 0.2, 0.1], [0.8, 0.1, 0.05], 100 * 10**0.5),  # as far behind as then ahead: half way in log n
        ([0.4, 0.2, 0.1], [0.3, 0.1, 0.05], 100),  # always
        ([0.4, 0.2, 0.1], [0.5, 0.3, 0.2], np.inf),  # never
        ([0.4, 0.2, 0.1], [0.3, 0.1, 0.2], np.inf),  # ahead, but not at the end
        ([0.4, 0.2, 0.1], [0.2, 0.4, 0.05], 1000 * 10**0.5),  # the last passing counts
        ([0.4, 0.2, 0.1], [0.4, 0.2, 0.1], np.inf),  # level everywhere is not ahead
    ],
)
def test_where_deep_passes_classical(classical, deep, at):
    found = crossover(np.array([100, 1000, 10_000]), *lines(classical, deep))
    assert found.at == pytest.approx(at) and found.share == float(np.isfinite(at))


def test_the_interval_of_a_crossover_may_be_open():
    classical, deep = np.tile([0.2, 0.1], (101, 1)), np.tile([0.3, 0.05], (101, 1))
    deep[1:21] = [0.3, 0.2]
    found = crossover(np.array([100, 10_000]), classical, deep)
    assert found.share == 0.8 and found.high == np.inf and np.isfinite(found.at)


def test_overtaking_by_compute():
    """What a family cannot have yet is not ahead; what costs more and is worse changes nothing."""
    cost, inf = np.array([1.0, 5, 10, 50, 90]), np.inf
    found = overtaking(cost, *lines([0.2, inf, 0.1, inf, inf], [inf, 0.15, inf, 0.05, 0.3]))
    assert found.at == 50
    assert overtaking(cost, *lines([0.2, inf, 0.1, inf, inf], [inf, 0.3, inf, 0.2, 0.3])).at == np.inf
    assert overtaking(cost, *lines([inf, 0.2, inf, inf, inf], [0.1, inf, 0.1, 0.1, 0.1])).at == 1


def test_resamples_cover_the_truth():
    """The 95 % interval of an error has the true one in it about 95 times in 100, and things stay paired."""
    rng, hits = np.random.default_rng(0), 0
    for i in range(100):
        wrong = rng.random((1, 400)) < 0.1
        errors = resample({"a": wrong, "b": wrong}, resamples=200, seed=i)
        assert np.array_equal(errors["a"], errors["b"]) and errors["a"][0] == pytest.approx(wrong.mean())
        low, high = percentile_interval(errors["a"][1:])
        hits += low <= 0.1 <= high
    assert hits >= 88


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_study(tmp_path_factory.mktemp("study") / "run")


@pytest.fixture(scope="module")
def run(folder):
    return reports.load(folder)


def test_the_crossover_of_a_study_is_where_the_laws_cross(run):
    error = {name: lambda n, p=p: p[0] * n ** -p[1] + p[2] for name, p in LAWS.items()}
    n = np.arange(100, TOTAL)
    truth = n[np.argmax(error["cnn"](n) < np.minimum(error["svm"](n), error["logistic_regression"](n)))]
    found = crossover_in_rows(run, "things")
    assert found.at == pytest.approx(truth, rel=0.25)
    assert 100 < found.low < truth < found.high < TOTAL and found.share == 1


def test_the_other_exhibits_speak_of_all_rows(run):
    assert set(run.fits["condition"]) == {""} and len(run.fits) == len(run.evaluations) == 9
    assert len(run.trials) == 9 and len(run.ledger["trials"]) == 45
    assert run.correct("things", "cnn").mean() == pytest.approx(1 - (7 * TOTAL**-0.65 + 0.002), abs=0.01)
    assert run.curve("things", "sizes")["value"].unique().tolist() == [100, 300, 1000, 3000, TOTAL]
    assert not run.info["notes"]


def test_a_study_under_way_speaks_of_the_largest_size_that_all_have_done(tmp_path):
    run = reports.load(write_study(tmp_path / "run", seeds=(0,), last="svm"))
    assert set(run.fits["condition"]) == {"sizes=3000"} and run.scored("things") == list(LAWS)
    assert "training on 3,000 images" in run.info["notes"][0]
    assert run.predictions("things", "cnn", 0).shape == (2000, 10)
    reports.report(run.folder)


def test_the_exhibits(run):
    frame = learning.table(run, "things")
    assert len(frame) == len(LAWS) * len(SIZES) and (frame["accuracy_low"] < frame["accuracy_high"]).all()
    looks = style.looks(run.families)
    assert learning.draw(frame, looks) and compute.draw(compute.table(run, "things"), looks)
    laws = prediction.table(run, "things").set_index("variant")
    assert set(laws["train_rows"]) == {TOTAL}
    # The error of a run is counted on few images: what is asked is that the order of magnitude was foretold.
    assert laws["measured_to_predicted"].between(0.3, 3).all()
    assert ((laws["ratio_low"] <= 1) & (laws["ratio_high"] >= 1) == laws["holds"]).all()


@pytest.mark.parametrize("exhibit", [e for e in EXHIBITS if e.draw], ids=lambda exhibit: exhibit.name)
def test_every_figure_is_drawn_of_a_study(run, exhibit):
    frame = exhibit.table(run, "things")
    if frame.empty:
        assert not exhibit.studies
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
    frame = prediction.table(reports.load(folder), "things").set_index("variant")
    assert not frame.loc["cnn", "holds"] and frame.loc["svm", "holds"]
    assert frame.loc["cnn", "measured_to_predicted"] == pytest.approx(3, rel=0.3)


def test_the_verdict_says_where_and_links_to_the_exhibit(run):
    told = {s.source: s.text for s in verdict(run, "things").sentences}
    assert "passes classical at about" in told["learning"] and "training images (95" in told["learning"]
    assert "core-seconds" in told["compute"]


@pytest.mark.parametrize(
    ("law", "words"), [((2.0, 0.2, 0.1), "not within the data"), ((0.1, 0.3, 0.0), "already at the smallest")]
)
def test_the_verdict_where_there_is_no_crossing(tmp_path, law, words):
    folder = write_study(tmp_path / "run", laws=LAWS | {"cnn": law}, sizes=(1000, 3000, "all"), seeds=(0, 1))
    assert words in {s.source: s.text for s in verdict(reports.load(folder), "things").sentences}["learning"]


def test_a_run_without_sizes_has_none_of_it(one_seed, folder):
    assert "How much data" not in reports.report(one_seed).read_text()
    assert "How much data" in reports.report(folder).read_text()


def test_one_family_alone_has_curves_and_no_crossover(tmp_path):
    laws = {name: LAWS[name] for name in ("svm", "logistic_regression")}
    run = reports.load(write_study(tmp_path / "run", laws=laws, sizes=(100, 1000, "all"), seeds=(0,)))
    assert crossover_in_rows(run, "things") is None and len(learning.table(run, "things")) == 6
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
