"""Groups through a whole run: no model is ever asked about a writer whose images it was fitted on."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import reports
from benchmarks.ledger import read_table

# The first pixel tells the writer. A model that meets one again whom it knows ends in an error, and so does a fit whose
# held-out rows are of the same writers.
SPY = '''
"""The nearest class mean, which refuses images of writers that it was fitted on."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from estimators import Estimator
from tuning import Float, Space


class Spy(ClassifierMixin, BaseEstimator):
    def __init__(self, shrink=0.0):
        self.shrink = shrink

    def fit(self, X, y, validation=None):
        self.writers_ = np.unique(X[:, 0, 0, 0])
        self.classes_ = np.unique(y)
        self.means_ = np.stack([X[y == c].mean(axis=(0, 1, 2, 3)) for c in self.classes_]) * (1 - self.shrink)
        if validation is not None:
            self.predict_proba(validation[0])
        return self

    def predict_proba(self, X):
        known = np.isin(X[:, 0, 0, 0], self.writers_)
        if known.any():
            raise ValueError(f"{known.sum()} of {len(X)} images are of writers that were fitted on")
        likelihood = np.exp(-np.abs(X.mean(axis=(1, 2, 3))[:, None] - self.means_) / 255)
        return likelihood / likelihood.sum(axis=1, keepdims=True)


def build(seed, shrink=0.0):
    return Spy(shrink)


spy = Estimator("spy", "classical", build, Space(shrink=Float(0.0, 0.9)), strategy="random")
'''


def crossover(*arguments, cwd, estimators=None):
    """The command in a process of its own."""
    more = {"CROSSOVER_ESTIMATORS": str(estimators)} if estimators else {}
    return subprocess.run(
        [sys.executable, "-m", "crossover", *map(str, arguments)],
        capture_output=True, text=True, cwd=cwd, env=os.environ | {"PYTHONPATH": str(Path.cwd())} | more, check=False,
    )  # fmt: skip


def archive(path, rows, writers):
    """Images whose first pixel is the writer's number, those of a class a little brighter."""
    rng = np.random.default_rng(0)
    writer, y = rng.integers(0, writers, rows), rng.integers(0, 3, rows)
    X = rng.integers(0, 100, (rows, 4, 4)).astype(np.uint8) + (50 * y[:, None, None]).astype(np.uint8)
    X[:, 0, 0] = writer
    np.savez(path, x=X, y=y, writer=writer)


@pytest.mark.parametrize("rows", [900, 14_000])  # three folds; rows that are held out of the last fit
def test_no_model_meets_a_writer_again_in_search_fit_and_test(tmp_path, estimators_folder, rows):
    (estimators_folder / "spy.py").write_text(SPY)
    archive(tmp_path / "drawn.npz", rows, 60)
    command = ("run", "./drawn.npz", "--estimators", "spy", "--budget", "3 trials", "--executor", "serial")
    done = crossover(
        *command, "--groups", "column:writer", "--run", "apart", cwd=tmp_path, estimators=estimators_folder
    )
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "runs" / "apart"
    trials, fits = read_table(folder, "trials"), read_table(folder, "fits")
    ran = trials[trials["status"] != "skipped"]
    assert set(ran["status"]) == {"ok"} and set(ran["fits"]) == {3 if rows < 1000 else 1}
    assert (fits["held_out"].iloc[0] > 0) == (rows > 10_000)
    passport = json.loads((folder / "data" / "drawn" / "passport.json").read_text())
    assert passport["groups"]["by"] == "column:writer" and 46 <= passport["groups"]["train"] <= 50
    told = f"column:writer: {passport['groups']['train']} groups for training"
    assert told in (folder / "report.html").read_text(encoding="utf-8")
    assert reports.load(folder).info["groups"] == "column:writer"
    if rows > 1000:
        return
    # A run folder is of one choice of groups, and is gone on with under the same.
    again = crossover(*command, "--run", "apart", cwd=tmp_path, estimators=estimators_folder)
    assert (
        again.returncode == 2
        and "belongs to another run: its --groups was column:writer, and is not given now" in again.stderr
    )
    replayed = crossover(
        *command, "--groups", "column:writer", "--run", "again", "--replay", "runs/apart", cwd=tmp_path, estimators=estimators_folder
    )  # fmt: skip
    assert replayed.returncode == 0 and "8 of 8 accuracies and log-losses are the same" in replayed.stdout, (
        replayed.stderr
    )
    # Without groups the same model does meet them again: the proof can fail.
    mixed = crossover(*command, "--run", "mixed", cwd=tmp_path, estimators=estimators_folder)
    assert mixed.returncode == 1 and "of writers that were fitted on" in mixed.stderr


def test_a_model_is_shown_images_on_the_background_that_it_was_trained_with(tmp_path, estimators_folder):
    for name, level in (("dim", 90), ("bright", 250)):
        (tmp_path / "icons" / name).mkdir(parents=True)
        for i in range(12):
            image = Image.new("LA", (6, 6), (level - i, 255))
            image.paste((0, 0), (0, 0, 6, 3))  # The upper half is transparent: white, it would outshine the lower.
            image.save(tmp_path / "icons" / name / f"{i}.png")
    done = crossover(
        "run", "./icons", "--estimators", "nearest_mean", "--budget", "2 trials", "--background", "black", "--run", "icons",
        cwd=tmp_path, estimators=estimators_folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    model = next((tmp_path / "runs").rglob("model"))
    assert json.loads(next(model.glob("*.json")).read_text())["background"] == "black"
    labels = crossover("predict", model, "icons", "--out", "labels.csv", cwd=tmp_path, estimators=estimators_folder)
    assert labels.returncode == 0, labels.stderr
    rows = [line.split(",") for line in (tmp_path / "labels.csv").read_text().splitlines()[1:]]
    assert len(rows) == 24 and all(file.split("/")[1] == label for file, label, *_ in rows)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--groups", "("], "'(' is no regular expression"),
        (["--groups", "column:writr"], "Did you mean 'writer'?"),
        (["--groups", "w"], "is a pattern for the paths of images"),
        (["--background", "red"], "give white, black, or #rrggbb"),
    ],
)
def test_a_wrong_choice_is_one_line_and_exit_code_2(tmp_path, arguments, message):
    archive(tmp_path / "drawn.npz", 90, 9)
    done = crossover("run", "./drawn.npz", "--estimators", "logistic_regression", *arguments, cwd=tmp_path)
    last = done.stderr.splitlines()[-1]
    assert done.returncode == 2 and last.startswith("crossover: ") and message in last, done.stderr
    assert "Traceback" not in done.stderr
