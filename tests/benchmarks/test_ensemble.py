"""An ensemble as an entrant: what it is made of, that nothing flatters it, what it costs, and that it can be used."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from benchmarks import mixing
from benchmarks.data import datasets
from benchmarks.data.images import Images
from benchmarks.errors import UserError
from benchmarks.execution.job import Fit
from benchmarks.ledger import read_table
from benchmarks.plan import plan
from benchmarks.suite import variants
from reports import leaderboard
from reports.run import load
from reports.verdict import verdict
from tests.benchmarks.study import add_estimator, carry_out, suite

ALL = ["nearest_mean", "other_mean", "ensemble"]


@pytest.fixture(autouse=True)
def two(estimators_folder):
    add_estimator(estimators_folder, "other_mean")


def member(name, alike="", score=None):
    return Fit(name, "svm", f"/{name}/model", f"key of {name}", alike or name, score)


class Guess:
    """A model that knows some rows by heart, and refuses those that it was trained on."""

    def __init__(self, y, errors, trained, seed):
        self.y, self.trained, self.asked = y, trained, []
        rng = np.random.default_rng(seed)
        wrong = rng.random(len(y)) < errors
        self.proba = np.full((len(y), 3), 0.1, np.float32)
        self.proba[np.arange(len(y)), np.where(wrong, (y + 1) % 3, y)] = 0.8

    def predict_proba(self, X):
        rows = X[:, 0, 0, 0].astype(int) * 256 + X[:, 0, 1, 0]
        assert not self.trained[rows].any(), "a row that it was trained on judges it"
        self.asked.append(rows)
        return self.proba[rows]


def numbered(count):
    """Images that hold the number of their row."""
    X = np.zeros((count, 1, 2, 1), np.uint8)
    X[:, 0, 0, 0], X[:, 0, 1, 0] = np.arange(count) // 256, np.arange(count) % 256
    return Images(X, np.random.default_rng(0).integers(0, 3, count))


def judged(held, errors=(0.1, 0.12, 0.5), alike=("a", "b", "c"), count=4_000):
    images, trained, models = numbered(count), {}, {}
    for place, (rows, share) in enumerate(zip(held, errors, strict=True)):
        trained[str(place)] = np.ones(count, bool)
        trained[str(place)][rows] = False
        models[str(place)] = Guess(images.y, share, trained[str(place)], place)
    fits = [member(name, kind) for name, kind in zip(models, alike, strict=True)]
    return mixing.judged(fits, models, trained, images, 0), models


def test_no_row_that_a_member_was_trained_on_helps_to_choose():
    mix, models = judged([np.arange(0, 1500), np.arange(500, 2000), np.arange(700, 1400)])
    assert mix.rows == 700 and set(models["0"].asked[0]) == set(range(700, 1400))
    assert set(mix.weights) == {"0", "1"} and mix.log_loss < mix.best_log_loss


def test_a_model_of_nearly_all_rows_takes_no_part():
    mix, models = judged([np.arange(1000), np.arange(1000), np.arange(10)])
    assert "2" not in mix.weights and not models["2"].asked and mix.rows == 1000


def test_too_few_rows_choose_nothing():
    assert judged([np.arange(600), np.arange(550, 1200), np.arange(300, 900)])[0] is None
    assert judged([np.arange(10)] * 3)[0] is None


def test_fits_that_differ_by_their_random_numbers_count_as_one():
    mix, _ = judged([np.arange(1000)] * 3, (0.1, 0.1, 0.1), ("net", "net", "svm"))
    assert set(mix.weights) == {"the mean of 0 and 1", "2"}
    fits = [member("0", "net"), member("1", "net"), member("2", "svm")]
    assert mixing.shares({"the mean of 0 and 1": 2, "2": 1}, mixing.teams(fits)) == {"0": 1, "1": 1, "2": 1}


def test_where_too_few_rows_can_choose_what_is_nearly_as_good_is_mixed():
    fits = [member("a", score=0.96), member("b", score=0.92), member("c", score=0.9), member("d")]
    assert mixing.nearly_as_good(fits) == {"a": 1, "b": 1}
    assert mixing.nearly_as_good([member("a"), member("b")]) == {"a": 1, "b": 1}


def test_which_rows_a_fit_was_trained_on_is_kept_and_read(tmp_path):
    images = numbered(1003)
    model = tmp_path / "cell" / "model"
    mixing.note_rows(model, np.array([0, 7, 1002]), 1003)

    def found(place, told, given=images):
        return mixing.rows_of([replace(member("a"), model=str(place))], {"a": told}, given, 0)["a"]

    assert np.flatnonzero(found(model, {"rows": 999})).tolist() == [0, 7, 1002]
    assert found(tmp_path / "none", {"rows": 500}).sum() == 500
    grouped = Images(images.X, images.y, np.arange(1003))
    assert found(tmp_path / "none", {"rows": 500}, grouped).all(), "nobody knows which"
    assert found(model, {}, numbered(900)).all(), "it is of other rows"
    (tmp_path / "cell" / mixing.TRAINED_ON).write_bytes(b"PK")
    with pytest.raises(UserError, match=mixing.TRAINED_ON):
        found(model, {})


@pytest.fixture
def folder(tmp_path):
    assert carry_out(tmp_path / "run", estimators=ALL)
    return tmp_path / "run"


def test_an_ensemble_is_the_mean_of_its_members_and_is_billed_what_they_took(folder):
    run = load(folder)
    board = leaderboard.frame(run).set_index("variant")
    fits = read_table(folder, "fits").set_index("variant")
    weights = fits.loc["ensemble", "found"]["weights"]
    assert set(weights) <= {"nearest_mean", "other_mean"} and board.loc["ensemble", "status"] == "ok"
    parts = [weights[name] * run.predictions("digits", name, 0).astype(float) for name in weights]
    np.testing.assert_allclose(run.predictions("digits", "ensemble", 0), sum(parts) / sum(weights.values()), atol=1e-6)
    searches = read_table(folder, "searches").set_index("variant")["spent_seconds"]
    assert "ensemble" not in searches
    cells = run.cells.set_index("variant")
    assert cells.loc["ensemble", "search_seconds"] == pytest.approx(searches[list(weights)].sum())
    own = fits.loc["ensemble", "fit_seconds"]
    assert cells.loc["ensemble", "fit_seconds"] == pytest.approx(own + fits.loc[list(weights), "fit_seconds"].sum())
    assert json.loads(board.loc["ensemble", "params"]) == weights
    assert "ensemble" in [sentence.rule for sentence in verdict(run, "digits").sentences]
    assert leaderboard.text(leaderboard.frame(run), []).count(" mixed ") == 1


def test_an_ensemble_is_made_anew_when_it_has_other_members(folder):
    assert "Nothing is left to do" in plan(suite(estimators=ALL), folder)
    before = read_table(folder, "fits").set_index("variant")
    more = [*ALL, {"name": "flat", "estimator": "nearest_mean", "base": {"shrink": 0.5}}]
    changes = {"estimators": ALL, "variants": more[3:]}
    assert [v.name for v in variants(suite(**changes))][-1] == "ensemble"
    assert carry_out(folder, **changes)
    after = read_table(folder, "fits").set_index("variant")
    assert before.loc["ensemble", "key"] != after.loc["ensemble", "key"]
    assert before.loc["nearest_mean", "finished"] == after.loc["nearest_mean", "finished"]
    evaluations = read_table(folder, "evaluations").set_index("variant")
    assert evaluations.loc["ensemble", "fit_key"] == after.loc["ensemble", "key"]
    assert carry_out(folder, **changes)
    assert (
        read_table(folder, "fits").set_index("variant").loc["ensemble", "finished"] == after.loc["ensemble", "finished"]
    )


def test_an_ensemble_predicts_in_a_process_of_its_own_from_a_copy_of_its_folder(tmp_path, estimators_folder):
    shutil.rmtree(estimators_folder)  # Built-in ones: what loads them needs no file of ours.
    estimators_folder.mkdir()
    budget = {"estimators": ["logistic_regression", "ridge", "ensemble"], "budget": "1 trials"}
    assert carry_out(tmp_path / "run", **budget)
    copy = shutil.copytree(
        tmp_path / "run/cells/digits/ensemble/standard/seed-0/model", tmp_path / "elsewhere" / "mine"
    )
    expected = load(tmp_path / "run").predictions("digits", "ensemble", 0)
    shutil.rmtree(tmp_path / "run")
    np.savez(tmp_path / "elsewhere" / "test.npz", X=datasets.load("digits").test.open().X)
    code = (
        "import crossover, numpy; model = crossover.load_model('mine'); "
        "numpy.save('proba.npy', model.predict_proba(numpy.load('test.npz')['X']))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=copy.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(np.load(copy.parent / "proba.npy"), expected, atol=1e-5)
    assert "the mean of the models in the folders beside this file" in (copy / "README.md").read_text()


def test_an_ensemble_of_one_is_refused():
    with pytest.raises(UserError, match="the one mean of all other models of a run: compare two others or more"):
        suite(estimators=["nearest_mean", "ensemble"])


def test_an_ensemble_of_what_failed_says_so(tmp_path, estimators_folder):
    add_estimator(estimators_folder, "broken", "raise ValueError('no')")
    assert not carry_out(tmp_path / "run", estimators=["nearest_mean", "broken", "ensemble"])
    row = leaderboard.frame(load(tmp_path / "run")).set_index("variant").loc["ensemble"]
    assert row["status"] == "failed" and "1 of those beside it was fitted" in row["reason"]
