"""The study of corruptions: one fit, many evaluations, one file; through the command line, too."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import reports
from benchmarks import studies
from benchmarks.corruptions import CORRUPTIONS, MNIST_C
from benchmarks.data import datasets
from benchmarks.data.split import drawn
from benchmarks.errors import UserError
from benchmarks.ledger import read_table
from estimators.repairs import names
from tests.benchmarks.study import Silent, carry_out, suite

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.usefixtures("estimators_folder")


def test_the_levels_are_those_of_mnist_c_and_fog_is_fog_at_its_own_severity():
    study = studies.get("corruption")
    assert study.levels == tuple(corruption.name for corruption in MNIST_C)
    X = np.array(datasets.load("digits").test.images()[:20])
    assert np.array_equal(study.change(X, "fog", 3), study.change(X, "fog-5", 3))
    assert not np.array_equal(study.change(X, "fog", 3), study.change(X, "fog", 4))
    colour = np.repeat(X, 3, axis=3)
    assert np.array_equal(study.change(colour, "fog", 3), study.change(colour, "fog-3", 3))
    assert study.condition("fog").value is None and study.condition("fog-2").value == 2


@pytest.mark.parametrize("level", ["fogg", "fog-9", "fog-", 3, "fog 3"])
def test_a_wrong_level_is_refused_in_one_line(level):
    with pytest.raises(UserError, match=r"studies\.corruption") as error:
        suite(studies={"corruption": [level]})
    assert "\n" not in str(error.value)


def test_one_fit_is_shown_some_of_the_test_images_under_every_corruption(tmp_path):
    observer, levels = Silent(), ["fog", "scale-1"]
    assert carry_out(tmp_path / "run", observer, studies={"corruption": levels}, test_images=50)
    assert observer.trials == 5
    (folder,) = set(read_table(tmp_path / "run", "evaluations")["folder"])
    with np.load(tmp_path / "run" / folder / "predictions.npz") as stored:
        shapes = {name: stored[name].shape for name in stored}
    assert shapes == {"proba": (359, 10), "corruption=fog": (50, 10), "corruption=scale-1": (50, 10)}
    run = reports.load(tmp_path / "run")
    fog = next(run.at(c) for c in run.conditions if c.level == "fog")
    rows = drawn(359, 50)
    assert np.array_equal(fog.test("digits").y, run.test("digits").y[rows]) and len(set(rows)) == 50
    # What the worker predicted is what the fit says of these images, corrupted.
    from estimators.models.saving import load

    images = np.array(datasets.load("digits").test.images())[rows]
    shown = studies.shown(images, fog.shown["digits"], 0)
    again = load(run.model("digits", "nearest_mean", 0)).predict_proba(shown)
    assert np.allclose(again, fog.predictions("digits", "nearest_mean", 0), atol=1e-6)


def test_more_test_images_are_another_run_and_fewer_than_there_are_is_all(tmp_path):
    carry_out(tmp_path / "run", studies={"corruption": ["scale"]}, test_images=5000)
    run = reports.load(tmp_path / "run")
    assert len(run.at(run.conditions[-1]).test("digits")) == 359
    with pytest.raises(UserError, match="test_images are 5000, not 100"):
        carry_out(tmp_path / "run", studies={"corruption": ["scale"]}, test_images=100)
    for wrong in (0, -5, 1.5, "many"):
        with pytest.raises(UserError, match="test_images"):
            suite(studies={"corruption": ["scale"]}, test_images=wrong)


def test_a_run_that_was_stopped_goes_on_with_the_corruptions_that_are_missing(tmp_path):
    from benchmarks.ledger import Ledger

    study = {"corruption": ["scale", "brightness", "stripe"]}
    carry_out(tmp_path / "run", studies=study, test_images=20)
    with Ledger(tmp_path / "run") as ledger:
        (row,) = [r for r in ledger.rows("evaluations") if r["condition"] == "corruption=brightness"]
        ledger.delete("evaluations", row)
    observer = Silent()
    assert carry_out(tmp_path / "run", observer, studies=study, test_images=20)
    assert observer.trials == 0
    run = reports.load(tmp_path / "run")
    assert all(run.at(c).scored("digits") for c in run.conditions)


def test_the_command_line(tmp_path):
    """`--study corruption` on any data set, then the page; and the list."""

    def crossover(*arguments):
        done = subprocess.run(
            [sys.executable, "-m", "crossover", *arguments],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    listed = crossover("list", "corruptions")
    assert re.findall(r"^\w+", listed, flags=re.MULTILINE) == list(CORRUPTIONS)
    assert re.findall(r"^\w+", crossover("list", "repairs"), flags=re.MULTILINE) == list(names())
    crossover(
        "run", "digits", "--study", "corruption", "--estimators", "nearest_mean", "--budget", "2 trials",
        "--executor", "serial",
    )  # fmt: skip
    folder = tmp_path / "runs" / "digits-corruption"
    assert len(read_table(folder, "fits")) == 1 and len(read_table(folder, "evaluations")) == 16
    page = (folder / "report.html").read_text()
    assert "Accuracy under corruption" in page and "What corruption leaves" in page
    assert "Over 15 corruptions nearest_mean labels" in page and "Accuracy at every level" not in page
    run = reports.load(folder)
    assert run.info["test_images"] == 2000
