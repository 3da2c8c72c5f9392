"""Transfer: variants that start from a source, their jobs and keys, the seal, and the command line."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits

import estimators
from benchmarks import protocol
from benchmarks.data import datasets
from benchmarks.data.alike import alike, labels_of
from benchmarks.data.framing import Framing, Preparation
from benchmarks.data.images import Images
from benchmarks.errors import UserError
from benchmarks.execution import work
from benchmarks.execution.job import Job, Start
from benchmarks.ledger import read_table
from benchmarks.plan import plan
from benchmarks.run import run
from benchmarks.studies.study import Condition
from benchmarks.studies.transfer import transfer
from tests.benchmarks.study import Silent, suite
from tests.benchmarks.test_seal import _models, sorted_rows

LETTERS = np.array(list("abcdefghij"))
LEVELS = (0, 4, 20)


def digits() -> tuple[np.ndarray, np.ndarray]:
    X, y = load_digits(return_X_y=True)
    return np.round(X.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8), y


def write(path: Path, rows: slice, test: str = "", size: int = 8, letters: bool = False) -> str:
    """Some of the digits as an archive, perhaps with other test images, larger, or under other names."""
    X, y = digits()
    X, y = X[rows], y[rows]
    X = X.repeat(size // 8, axis=1).repeat(size // 8, axis=2)
    cut = len(X) * 3 // 4
    test_X, test_y = X[cut:], y[cut:]
    if test:
        test_X, test_y = np.clip(test_X[::-1] // 2 + 90, 0, 255).astype(np.uint8), (test_y + 1) % 10
    names = LETTERS if letters else np.arange(10)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, x_train=X[:cut], y_train=names[y[:cut]], x_test=test_X, y_test=names[test_y])
    return str(path)


def pair(folder: Path, **of_source) -> tuple[str, str]:
    """The paths of a target and of a source, of different rows."""
    return write(folder / "here.npz", slice(0, 800)), write(folder / "there.npz", slice(800, 1700), **of_source)


def carry_out(folder: Path, target: str, source: str, observer=None, **more) -> bool:
    content = {"estimators": ["nearest_mean"], "budget": "1 trials", "studies": {"transfer": LEVELS}}
    content |= {"sources": [{"data": source}]} | more
    return run(suite(datasets=[target], **content), folder, observer or Silent(), execute_by="serial")


def accuracies(folder: Path) -> pd.Series:
    """Test accuracy by condition and variant."""
    evaluations = read_table(folder, "evaluations")
    y = np.load(folder / "data" / "here" / "test.npz")["y"]
    found = {
        (row.condition, row.variant): (np.load(folder / row.folder / "predictions.npz")["proba"].argmax(1) == y).mean()
        for row in evaluations.itertuples()
    }
    return pd.Series(found)


def test_a_source_is_learned_tried_as_it_is_and_gone_on_from(tmp_path, estimators_folder):
    target, source = pair(tmp_path)
    folder, chosen = tmp_path / "run", ["nearest_mean", "logistic_regression"]
    asked = {"estimators": chosen, "sources": [{"data": source, "ways": ["rows", "coefficients"]}]}
    assert carry_out(folder, target, source, **asked)
    reached = accuracies(folder)
    assert set(reached["transfer=0"].index) == {"nearest_mean of there", "logistic_regression of there"}
    ways = ["nearest_mean rows from there", "logistic_regression coefficients from there"]
    assert set(reached["transfer=4"].index) == set(reached["transfer=20"].index) == {*ways, *chosen}
    assert (reached["transfer=0"] > 0.8).all()
    for way, alone in zip(ways, chosen, strict=True):
        assert reached["transfer=4", way] > reached["transfer=4", alone] + 0.02
    trials = read_table(folder, "trials")
    assert trials.groupby(["condition", "variant"]).size().max() == 1  # Nothing is searched.
    info = json.loads((folder / "run.json").read_text())
    assert info["variants"]["nearest_mean rows from there"]["origin"] == {
        "source": "there", "framed": True, "way": "rows", "model": "nearest_mean of there", "scratch": "nearest_mean",
    }  # fmt: skip
    again = Silent()
    assert carry_out(folder, target, source, again, **asked)
    assert not again.trials
    write(Path(source), slice(700, 1600))
    with pytest.raises(UserError, match="belongs to another run: its sources"):
        carry_out(folder, target, source, **asked)


def test_other_classes_give_what_was_learned_of_images_alone(tmp_path, estimators_folder):
    target, source = pair(tmp_path, letters=True)
    told = Silent()
    small = {"mlp": {"base": {"images": 2_000, "augment": False}}}
    tables = [{"data": source, "backbone": "mlp", "ways": ["rows", "coefficients", "embedding", "head"]}]
    more = {"estimators": ["logistic_regression", "mlp"], "search": small, "sources": tables}
    assert carry_out(tmp_path / "run", target, source, told, studies={"transfer": [0, 20]}, **more)
    reached = accuracies(tmp_path / "run")
    assert "transfer=0" not in reached.index  # Nothing can be said of the target's classes.
    assert set(reached["transfer=20"].index) == {
        "logistic_regression", "mlp", "logistic_regression embedding from there", "mlp head from there",
    }  # fmt: skip
    assert any("coefficients from there: there and here have no class in common" in note for note in told.notes)
    assert reached["transfer=20", "logistic_regression embedding from there"] > 0.7


def test_the_levels_are_rows_per_class_and_nested(tmp_path):
    y = np.repeat(np.arange(5), [50, 60, 70, 80, 40]).astype(np.int64)
    images = Images(np.arange(len(y), dtype=np.uint8).reshape(-1, 1, 1, 1), y)
    few, more = (transfer.change(images, level, 3) for level in (4, 20))
    assert np.bincount(few.y).tolist() == [4] * 5 and np.bincount(more.y).tolist() == [20] * 5
    assert set(few.X.ravel()) < set(more.X.ravel()) < set(images.X.ravel())
    assert transfer.change(images, 0, 3) is images
    assert not transfer.excluded(y, 40) and "40 training images" in transfer.excluded(y, 41)
    for wrong in (1, -3, 2.5, "few", True):
        with pytest.raises(ValueError, match="images per class"):
            transfer.condition(wrong)


def test_a_source_is_brought_into_the_box_of_the_target_without_its_test_part(tmp_path):
    target, source = (datasets.load(path) for path in pair(tmp_path, size=16))
    same_size = alike(source, target, framed=True, shared=False)
    assert same_size.train.X.shape[1:] == (8, 8, 1) and len(same_size.test) == 0
    framing = Framing((8, 8, 1), "content", "light on dark", 0.5)
    boxed = alike(source, replace(target, preparation=Preparation(framing, True)), framed=True, shared=False)
    assert boxed.train_fingerprint != same_size.train_fingerprint
    assert not boxed.train.X[:, 0].any() and np.array_equal(boxed.train.X[7], framing(source.train.X[7]))
    plain = alike(source, replace(target, preparation=Preparation(framing, True)), framed=False, shared=False)
    assert plain.train_fingerprint == same_size.train_fingerprint
    few = replace(target, classes=("3", "5", "x"))
    named = alike(source, few, framed=True, names={"7": "x"})
    assert labels_of(named.classes, few.classes) == (-1, -1, -1, 0, -1, 1, -1, 2, -1, -1)
    with pytest.raises(UserError, match="one name"):
        alike(source, few, framed=True, names={"7": "3"})
    with pytest.raises(UserError, match="Did you mean '7'"):
        alike(source, few, framed=True, names={"77": "3"})
    shared = alike(source, few, framed=True, shared=True)
    assert shared.classes == ("3", "5") and labels_of(shared.classes, few.classes) == (0, 1)
    assert len(shared.train) == np.isin(source.train.y, (3, 5)).sum()
    with pytest.raises(UserError, match="1 classes in common"):
        alike(source, replace(target, classes=("3", "x")), framed=True, shared=True)


def job(**more) -> Job:
    facts = dict(
        kind="fit", dataset="digits", data="", fingerprint="f" * 64, variant="svm", estimator="svm", code="c0de", seed=3,
        validation_share=0.1, params={"C": 1.0, "features": "hog"}, condition=Condition("sizes", 300, 300.0),
        found={"temperature": 0.5}, effort=0.25,
    )  # fmt: skip
    return Job(**(facts | more))


def test_the_key_knows_the_source_and_not_where_it_is():
    # As it was before there were sources.
    assert (job().key, job().random_seed) == ("15fc4473bb07e9a54beab1ba0fd79594", 1863256849)
    start = Start("rows", (0, 1, -1), "model", "fit", "data", "images")
    others = [replace(start, **{name: value}) for name, value in
              {"way": "head", "labels": (0, -1, 1), "fit_key": "other", "fingerprint": "other"}.items()]  # fmt: skip
    assert len({job().key, *(job(start=s).key for s in (start, *others))}) == 6
    assert job(start=replace(start, model="elsewhere", data="elsewhere")).key == job(start=start).key


def test_what_a_source_says_is_said_in_the_classes_of_the_target():
    proba = np.array([[0.2, 0.5, 0.1, 0.2]], np.float32)
    found = work._in_classes_of(proba, (1, -1, 2, 0))
    assert found == pytest.approx(np.array([[0.4, 0.4, 0.2]]))

    class Model:
        classes_ = np.array([0, 2, 3])  # It never met class 1.

    assert work._labels_of(Model, (1, -1, 2, 0)) == (1, 2, 0)


def test_rows_of_both_sides_weigh_the_same_and_other_classes_stay_away(tmp_path):
    other = datasets.load(write(tmp_path / "there.npz", slice(0, 800)))
    few = Images(np.zeros((30, 8, 8, 1), np.uint8), np.full(30, 9))
    start = Start("rows", (1, 0, *[-1] * 8), data=str(other.folder))
    joined, source = work._from_source(job(start=start), few, 1.0)
    known = int((other.train.y < 2).sum())
    assert source is None and (joined.y < 2).sum() == known and set(joined.y) == {0, 1, 9}
    assert (joined.y == 9).sum() == known // 30 * 30
    zeros = joined.X[joined.y == 1]
    assert np.array_equal(zeros, other.train.X[other.train.y == 0])  # Its class 0 is the target's 1.
    # With less time there are fewer rows of the source, and all of the target as long as these are not more.
    joined, _ = work._from_source(job(start=start), few, 0.5)
    assert (joined.y < 2).sum() == round(known / 2) and (joined.y == 9).sum() == round(known / 2) // 30 * 30
    joined, _ = work._from_source(job(start=start), few, 20 / known)
    assert (joined.y < 2).sum() == (joined.y == 9).sum() == 20


def test_a_trial_with_little_effort_keeps_its_own_rows(tmp_path, monkeypatch):
    """What it is told to leave out are rows of the source."""
    here = datasets.load(write(tmp_path / "here.npz", slice(0, 800)))
    told = []

    def stopped(job, images, share):
        told.append((len(images), share))
        raise RuntimeError

    monkeypatch.setattr(work, "_from_source", stopped)
    rows = [np.arange(400), np.arange(400, 600)]
    for start in (Start("rows", tuple(range(10))), None):
        with pytest.raises(RuntimeError):
            work._fold(job(start=start, effort=0.25), estimators.get("svm"), here.train, here.train, *rows)
    assert told == [(400, 0.25), (100, 0.25)]


# The seal.


QUICK = {"estimators": ["nearest_mean"]}
REAL = {"estimators": ["nearest_mean", "xgboost"], "search": {"xgboost": {"base": {"rounds": 4}}}}


def prove(tmp_path: Path, study: dict = QUICK) -> None:
    """Assert that trials, searches and fits are the same whatever the test parts of target and source are."""
    folders = []
    for change in ("", "test"):
        data = tmp_path / f"data-{change}"
        target = write(data / "here.npz", slice(0, 800), test=change)
        source = write(data / "there.npz", slice(800, 1700), test=change)
        folders.append(tmp_path / f"run-{change}")
        tables = [{"data": source, "ways": ["rows", "boosting"]}]
        assert carry_out(folders[-1], target, source, sources=tables, studies={"transfer": [0, 4]}, **study)
    one, other = folders
    for table in ("trials", "searches", "fits"):
        assert sorted_rows(one, table).equals(sorted_rows(other, table)), f"{table} depend on a test part"
    assert _models(one) == _models(other), "a model depends on a test part"
    assert len(read_table(one, "fits")) == 3 * len(study["estimators"])


def test_the_test_parts_of_target_and_source_change_no_fit(tmp_path, estimators_folder):
    prove(tmp_path, REAL)


def cheat_source(monkeypatch):
    """The source is learned with its test part."""
    honest = datasets.load

    def everything(name, *more):
        dataset = honest(name, *more)
        if "there" not in str(name):
            return dataset
        test = dataset.test.open()
        return replace(
            dataset,
            train=Images(np.concatenate([dataset.train.X, test.X]), np.concatenate([dataset.train.y, test.y])),
            train_fingerprint=dataset.fingerprint,
        )

    monkeypatch.setattr(datasets, "load", everything)


def cheat_rows(monkeypatch):
    """Test images of the target are put beside the source's rows."""
    honest = work._from_source

    def more(job, images, share):
        images, source = honest(job, images, share)
        if job.start is None:
            return images, source
        test = datasets.reopen(Path(job.data)).test.open()
        return Images(np.concatenate([images.X, test.X]), np.concatenate([images.y, test.y])), source

    monkeypatch.setattr(work, "_from_source", more)


@pytest.mark.parametrize("cheat", [cheat_source, cheat_rows])
def test_the_proof_catches_whoever_cheats(tmp_path, estimators_folder, monkeypatch, cheat):
    cheat(monkeypatch)
    with pytest.raises(AssertionError, match="depend"):
        prove(tmp_path)


def test_without_its_source_nothing_is_fitted(tmp_path, estimators_folder, monkeypatch):
    target, source = pair(tmp_path)
    honest = protocol._fit

    def failing(cell, *more):
        if not cell.variant.is_source:
            return honest(cell, *more)
        row = honest(cell, *more) | {"status": "failed", "reason": "on purpose"}
        more[1].write("fits", row)
        return row

    monkeypatch.setattr(protocol, "_fit", failing)
    assert not carry_out(tmp_path / "run", target, source)
    fits = read_table(tmp_path / "run", "fits").set_index(["condition", "variant"])
    lost = fits.loc[("transfer=4", "nearest_mean rows from there")]
    assert lost["status"] == "failed" and "nearest_mean of there, which it starts from" in lost["reason"]
    assert fits.loc[("transfer=4", "nearest_mean"), "status"] == "ok"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"studies": {"transfer": [4, 20]}}, r"transfer = \[0, 10, 100\]"),
        ({"studies": {}}, r"transfer = \[0, 10, 100\]"),
        ({"sources": []}, "give --source DATASET"),
        ({"sources": [{"data": "usps", "ways": ["heads"]}]}, "Did you mean 'head'"),
        ({"sources": [{"data": "usps", "backbone": "cn"}]}, "Did you mean 'cnn'"),
        ({"sources": [{"data": "usps", "backbone": "cn"}], "estimators": ["svm"]}, "Did you mean 'cnn'"),
        ({"sources": [{"data": "usps"}, {"data": "usps"}]}, "two sources are called 'usps'"),
        ({"sources": [{"data": "usps", "frmed": True}]}, "Did you mean 'framed'"),
        ({"claimed": {"nearest_mean of usp": 0.5}}, "Did you mean 'nearest_mean of usps'"),
    ],
)
def test_suites_say_what_is_wrong_with_their_sources(estimators_folder, changes, message):
    usual = {"studies": {"transfer": LEVELS}, "sources": [{"data": "usps"}]}
    with pytest.raises(UserError, match=message):
        suite(**(usual | changes))


def test_a_plan_knows_which_cells_there_are(tmp_path, estimators_folder):
    target, source = pair(tmp_path)
    told = plan(suite(datasets=[target], studies={"transfer": LEVELS}, sources=[{"data": source}]), tmp_path / "run")
    assert told.count("seed 0") == 1 + 2 * 2 and "here · nearest_mean of there · transfer=0" in told


# The command line.


def crossover(cwd: Path, *arguments) -> subprocess.CompletedProcess:
    """The command in a process of its own."""
    environment = os.environ | {"PYTHONPATH": str(Path(work.__file__).parents[2])}
    command = [sys.executable, "-m", "crossover", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_one_command_trains_another_starts_from_its_model_and_reports(tmp_path, estimators_folder):
    target, source = pair(tmp_path)
    usual = ("--executor", "serial", "--budget", "1 trials")
    first = crossover(tmp_path, "run", source, "--estimators", "xgboost", *usual, "--run", "first")
    assert first.returncode == 0, first.stderr
    model = tmp_path / "runs" / "first" / "cells" / "there" / "xgboost" / "standard" / "seed-0" / "model"
    second = crossover(
        tmp_path, "run", target, "--source", model, "--estimators", "xgboost,nearest_mean", *usual, "--run", "second"
    )
    assert second.returncode == 0, second.stderr
    reached = accuracies(tmp_path / "runs" / "second")
    assert reached["transfer=0", "xgboost of there"] > 0.7
    assert reached["transfer=10", "xgboost boosting from xgboost of there"] > reached["transfer=10", "xgboost"]
    predicted = crossover(
        tmp_path, "predict", "runs/second/cells/here/xgboost boosting from xgboost of there/transfer=10/seed-0/model", target,
        "--format", "csv",
    )  # fmt: skip
    assert predicted.returncode == 0, predicted.stderr
    page = crossover(tmp_path, "report", "runs/second")
    assert page.returncode == 0, page.stderr
    assert "xgboost boosting from xgboost of there" in (tmp_path / "runs" / "second" / "report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["digits", "--study", "transfer"], "give --source DATASET"),
        (["digits", "--study", "sizes", "--source", "usps"], "is for --study transfer"),
        (["smoke", "--source", "usps"], "smoke is a suite"),
        (["digits", "--source", "digits", "--estimators", "svm"], "no source but itself"),
        (["digits", "--source", "usp", "--estimators", "svm"], "Did you mean 'usps'?"),
    ],
)
def test_bad_usage_is_one_line(tmp_path, monkeypatch, arguments, message):
    import crossover as door

    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=message) as error:
        door.run(arguments[0], executor="serial", **_options(arguments))
    assert "\n" not in str(error.value)


def _options(arguments):
    return {name.removeprefix("--"): value for name, value in zip(arguments[1::2], arguments[2::2], strict=True)}


def test_a_network_of_keras_gives_its_embedding_at_whatever_size_it_takes(tmp_path, estimators_folder):
    import keras

    X, y = digits()
    keras.utils.set_random_seed(0)
    layers = [
        keras.layers.Rescaling(1 / 255),
        keras.layers.Conv2D(16, 3, activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Conv2D(32, 3, activation="relu"),
        keras.layers.GlobalMaxPooling2D(),
        keras.layers.Dense(10),
    ]
    network = keras.Sequential([keras.Input((16, 16, 3)), *layers])
    network.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False)
    large = np.repeat(X[1000:, :, :, None].repeat(2, 1).repeat(2, 2), 3, axis=3)
    network.fit(large, y[1000:], epochs=4, batch_size=32, verbose=0)
    network.save(tmp_path / "net.keras")

    target, told = write(tmp_path / "here.npz", slice(0, 800)), Silent()
    small = {"mlp": {"base": {"images": 500}}}
    folder, asked = tmp_path / "run", {"estimators": ["logistic_regression", "mlp"], "search": small}
    assert carry_out(folder, target, str(tmp_path / "net.keras"), told, studies={"transfer": [0, 4]}, **asked)
    reached = accuracies(folder)
    assert set(reached.index) == {
        ("transfer=4", name) for name in ("logistic_regression", "mlp", "logistic_regression embedding from net")
    }
    assert reached["transfer=4", "logistic_regression embedding from net"] > 0.6
    assert any(
        "mlp all layers from net, mlp head from net: net takes images of 16 × 16 × 3" in note for note in told.notes
    )


def test_a_model_that_nobody_starts_from_is_tried_as_it_is(tmp_path, estimators_folder):
    """An svm can start from another's rows or embedding, and the folder of an svm has neither."""
    target, source = pair(tmp_path)
    usual = ("--executor", "serial", "--budget", "1 trials")
    first = crossover(tmp_path, "run", source, "--estimators", "svm", *usual, "--run", "first")
    assert first.returncode == 0, first.stderr
    model = tmp_path / "runs" / "first" / "cells" / "there" / "svm" / "standard" / "seed-0" / "model"
    second = crossover(tmp_path, "run", target, "--source", model, "--estimators", "svm", *usual, "--run", "second")
    assert second.returncode == 0, second.stderr
    assert accuracies(tmp_path / "runs" / "second")["transfer=0", "svm of there"] > 0.7
    planned = crossover(tmp_path, "run", target, "--source", model, "--estimators", "svm", *usual, "--dry-run")
    assert planned.returncode == 0 and "svm of there" in planned.stdout and "left out will be" in planned.stdout
