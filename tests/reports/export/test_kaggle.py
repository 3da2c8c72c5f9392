"""From a competition's files to a submission, and to a notebook that makes it again: through the command line."""

import ast
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import crossover
from benchmarks.cell import fitted
from benchmarks.data.images import Sealed
from benchmarks.data.store.cache import reopen
from benchmarks.errors import UserError
from benchmarks.mixing import shares, teams
from benchmarks.serving.submission import _mix
from reports.export.notebook import check_target

ROOT = Path(crossover.__file__).parent
ROWS, UNLABELLED = 11_200, 300  # a twentieth of nine tenths is as many as a fit holds out
BASES = {"even": {"width": 1.0}, "odd": {"width": 1.0}}


def candidates(rows, bases, folder=Path()):
    """The fits of the ledger's rows by variants with these base settings."""
    made_by = {name: SimpleNamespace(name=name, reference=name, base=base, origin=None) for name, base in bases.items()}
    return fitted(rows, made_by, folder)


HALF = '''
"""The nearest class mean, of every second pixel; it depends on its seed, and on the order of the rows."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from estimators import Estimator
from tuning import Float, Space


class Half(ClassifierMixin, BaseEstimator):
    def __init__(self, width=1.0, seed=0):
        self.width, self.seed = width, seed

    def fit(self, X, y, validation=None):
        X = self._rows(X)
        self.classes_ = np.unique(y)
        means = np.stack([X[y == c].mean(axis=0) for c in self.classes_])
        self.means_ = means + np.random.default_rng(self.seed).normal(0, 0.03, means.shape) + 0.2 * X[777 :: 777][:10]
        self.found_ = {{}}
        return self

    def _rows(self, X):
        return X.reshape(len(X), -1)[:, {start}::2] / 255

    def predict_proba(self, X):
        likelihood = np.exp(-((self._rows(X)[:, None] - self.means_) ** 2).sum(axis=2) * 9 / self.width)
        return likelihood / likelihood.sum(axis=1, keepdims=True)


def build(seed, width=1.0):
    return Half(width, seed)


{name} = Estimator("{name}", "classical", build, Space(width=Float(0.5, 2.0)), strategy="random")
'''
NOTEBOOK = """
import json, sys
from pathlib import Path
names = {}
for cell in json.loads(Path(sys.argv[1]).read_text())["cells"]:
    text = "".join(cell["source"])
    if text.startswith("%%writefile "):
        first, _, text = text.partition("\\n")
        Path(first.split()[1]).write_text(text)
    elif cell["cell_type"] == "code":
        exec(text, names)
assert Path(names["estimators"].__file__).is_relative_to(Path.cwd())
assert {name.split(".")[0] for name in sys.modules} & {"reports", "crossover"} == set()
"""


@pytest.fixture(scope="module")
def competition(tmp_path_factory):
    """A run of a made-up competition, and how to run the command line there: `run` and its `folder`."""
    folder = tmp_path_factory.mktemp("competition")
    rng = np.random.default_rng(0)
    patterns = rng.integers(60, 190, (10, 16))
    labels = rng.integers(0, 10, ROWS + UNLABELLED)
    pixels = np.clip(patterns[labels] + rng.normal(0, 60, (len(labels), 16)), 0, 255).astype(np.uint8)
    table = pd.DataFrame(pixels, columns=[f"pixel{i}" for i in range(16)])
    data = folder / "data" / "digit-recognizer"
    data.mkdir(parents=True)
    table[:ROWS].assign(label=labels[:ROWS]).to_csv(data / "train.csv", index=False)
    table[ROWS:].to_csv(data / "test.csv", index=False)
    (folder / "own").mkdir()
    for start, name in enumerate(("even", "odd")):
        (folder / "own" / f"{name}.py").write_text(HALF.format(name=name, start=start))
    environment = os.environ | {
        "PYTHONPATH": str(ROOT), "CROSSOVER_DATA": str(folder / "data"), "CROSSOVER_CACHE": str(folder / "cache"),
        "CROSSOVER_ESTIMATORS": str(folder / "own"),
    }  # fmt: skip

    def run(*arguments, code=0):
        ran = subprocess.run(
            [sys.executable, "-m", "crossover", *map(str, arguments)],
            cwd=folder, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ran.returncode == code, ran.stdout + ran.stderr
        return ran.stdout

    run("run", "digit-recognizer", "--estimators", "even,odd", "--budget", "1 trials", "--run", "ours")
    run.folder, run.truth = folder, labels[ROWS:]
    return run


def right(competition, path):
    return (pd.read_csv(path)["Label"].to_numpy() == competition.truth).mean()


def test_a_submission_is_the_mix_that_is_best(competition):
    """Each model sees half of the pixels, so that both together know more."""
    folder = competition.folder
    told = competition("submit", "runs/ours", "--out", folder / "mix.csv")
    assert re.match(r"\d+ × \w+ \+ \d+ × \w+: log-loss \d\.\d+ and accuracy \d\d\.\d+ % on 504 rows held out", told), (
        told
    )
    alone = competition("submit", "runs/ours", "--out", folder / "even.csv", "--variant", "even")
    assert alone.startswith("even, as asked for.")
    assert right(competition, folder / "mix.csv") > right(competition, folder / "even.csv") + 0.02
    own = json.loads((folder / "runs/ours/cells/digit-recognizer/even/standard/seed-0/model/model.json").read_text())
    assert own["rows"] == 0.9 * ROWS - 504 == 9576 and own["scores"]["validation_images"] == 504
    assert abs(own["scores"]["validation_accuracy"] - right(competition, folder / "even.csv")) < 0.1
    facts = json.loads((folder / "runs/ours/submissions/digit-recognizer/even/seed-0/model/model.json").read_text())
    assert (
        facts["rows"] == ROWS
        and "trained on the test images as well"
        in (folder / "runs/ours/submissions/digit-recognizer/even/seed-0/model/README.md").read_text()
    )


def test_no_test_label_helps_to_choose_the_mix(competition, monkeypatch):
    def broken():
        raise AssertionError("the seal was broken")

    monkeypatch.setenv("CROSSOVER_ESTIMATORS", str(competition.folder / "own"))
    run = crossover.load(competition.folder / "runs/ours")
    (cached,) = (competition.folder / "cache/arrays").iterdir()
    dataset = replace(reopen(cached), test=Sealed(1120, broken, broken))
    fits = run.fits.to_dict("records")
    assert set(_mix(dataset, candidates(fits, BASES, run.folder), 0).weights) == {"even", "odd"}


def test_models_trained_on_every_row_cannot_be_mixed(competition, monkeypatch, tmp_path):
    """A fit of few rows holds none out; then the best in validation is taken."""
    monkeypatch.setenv("CROSSOVER_ESTIMATORS", str(competition.folder / "own"))
    run = crossover.load(competition.folder / "runs/ours")
    (cached,) = (competition.folder / "cache/arrays").iterdir()
    monkeypatch.setattr("benchmarks.mixing.FEWEST_HELD_OUT", 505)
    fits = run.fits.to_dict("records")
    assert _mix(reopen(cached), candidates(fits, BASES, run.folder), 0) is None


def test_models_that_differ_by_chance_alone_count_as_one():
    """Whichever of them is best on the rows held out: their mean is judged, and each has an equal part in its weight."""

    def row(variant, width):
        params = {"width": width, "temperature": 1 + len(variant) / 100}
        found = {"temperature": 1.5}
        about = {"folder": variant, "key": variant, "validation_score": 0.9}
        return {"variant": variant, "estimator": variant[:3], "params": params, "found": found} | about

    bases = {name: {"width": 8, "temperature": 1.0} for name in ("svm", "cnn", "cnn 2", "cnn 3")}
    fits = [row("cnn", 8), row("svm", 8), row("cnn 2", 8), row("cnn 3", 16)]
    found = teams(candidates(fits, bases))
    longer = bases | {"cnn 2": {"width": 8, "temperature": 2.0}}  # set by hand, so that it is another model
    assert teams(candidates(fits, longer)).keys() == {"cnn", "svm", "cnn 2", "cnn 3"}
    assert found == {"the mean of cnn and cnn 2": ("cnn", "cnn 2"), "svm": ("svm",), "cnn 3": ("cnn 3",)}
    assert shares({"the mean of cnn and cnn 2": 3, "svm": 1}, found) == {"cnn": 3, "cnn 2": 3, "svm": 2}
    assert shares({"the mean of cnn and cnn 2": 2}, found) == {"cnn": 1, "cnn 2": 1}
    assert shares({"svm": 1, "cnn 3": 2}, found) == {"svm": 1, "cnn 3": 2}


def test_the_notebook_makes_the_same_submission_without_this_project(competition, tmp_path):
    told = competition("export", "kaggle", "runs/ours", tmp_path / "kernel", "--user", "some-body")
    assert {path.name for path in (tmp_path / "kernel").iterdir()} == {
        "submission.csv", "crossover-ours.ipynb", "kernel-metadata.json",
    }  # fmt: skip
    metadata = json.loads((tmp_path / "kernel/kernel-metadata.json").read_text())
    assert metadata["id"] == "some-body/crossover-ours" and metadata["title"].replace(" ", "-") == "crossover-ours"
    assert metadata["competition_sources"] == ["digit-recognizer"] and metadata["code_file"] == "crossover-ours.ipynb"
    assert metadata["is_private"] is True and metadata["enable_internet"] is False
    assert f"kaggle kernels push -p {tmp_path / 'kernel'}" in told
    assert f"kaggle competitions submit digit-recognizer -f {tmp_path / 'kernel/submission.csv'} -m '" in told
    assert "Nothing was sent" in told and "USERNAME" not in told

    notebook = tmp_path / "kernel" / metadata["code_file"]
    _check_notebook(json.loads(notebook.read_text()))
    assert str(ROOT) not in notebook.read_text() and str(competition.folder) not in notebook.read_text()
    ran = subprocess.run(
        [sys.executable, "-c", NOTEBOOK, str(notebook)],
        capture_output=True, text=True, check=False, cwd=competition.folder / "data",
        env={name: value for name, value in os.environ.items() if not name.startswith(("PYTHONPATH", "CROSSOVER"))},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "submission.csv is written, the same as the one that was exported" in ran.stdout
    made = (competition.folder / "data" / "submission.csv").read_text()
    assert made == (tmp_path / "kernel/submission.csv").read_text()


def _check_notebook(notebook):
    """What the schema of nbformat 4.5 asks for; nbformat itself says so where it is installed."""
    assert set(notebook) == {"cells", "metadata", "nbformat", "nbformat_minor"}
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert {"name", "display_name"} <= set(notebook["metadata"]["kernelspec"])
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids) and all(re.fullmatch(r"[a-zA-Z0-9-_]{1,64}", name) for name in ids)
    for cell in notebook["cells"]:
        code = {"execution_count", "outputs"} if cell["cell_type"] == "code" else set()
        assert set(cell) == {"id", "cell_type", "metadata", "source"} | code
        assert cell["cell_type"] in ("code", "markdown") and all(isinstance(line, str) for line in cell["source"])
        text = "".join(cell["source"])
        if cell["cell_type"] == "code":
            ast.parse(text.partition("\n")[2] if text.startswith("%%writefile") else text)
    try:
        import nbformat
    except ImportError:
        return
    nbformat.validate(notebook)


def test_names_and_folders_that_cannot_be_are_one_line(competition, tmp_path):
    (tmp_path / "file").touch()
    for target, user, message in [
        (tmp_path / "file", "", "Cannot write into"),
        (tmp_path, "a b@c", "is no name at Kaggle"),
    ]:
        with pytest.raises(UserError, match=message):
            check_target(target, user)
    competition("export", "kagle", "runs/ours", tmp_path, code=2)
