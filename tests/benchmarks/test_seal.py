"""The test part is sealed: whatever its files hold, every search and every fit comes out the same, byte for byte.

The proof is one that can fail: workers that cheat in three ways are caught by it.
"""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from benchmarks.data import datasets
from benchmarks.data.images import Images
from benchmarks.execution import work
from benchmarks.execution.job import EVERY_LABELLED_ROW
from benchmarks.ledger import read_table
from benchmarks.run import run
from tests.benchmarks.study import Silent, add_estimator, suite, trial
from tests.benchmarks.test_protocol import without_clock

# Looks at the validation rows as networks do: the number of its epochs is the one that did best on them.
STOPS_EARLY = '''
"""The nearest class mean of pixels to a power, which the validation rows choose."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from estimators import Estimator
from tuning import Float, Space


class Powers(ClassifierMixin, BaseEstimator):
    def __init__(self, epochs=6, shrink=0.0):
        self.epochs, self.shrink = epochs, shrink

    def fit(self, X, y, validation=None):
        self.classes_ = np.unique(y)
        scores = []
        for self.power_ in range(1, self.epochs + 1):
            rows = self._rows(X)
            self.means_ = np.stack([rows[y == c].mean(axis=0) for c in self.classes_]) * (1 - self.shrink)
            if validation is not None:
                scores.append((self.predict_proba(validation[0]).argmax(axis=1) == validation[1]).mean())
        if validation is not None:
            self.found_ = {"epochs": int(np.argmax(scores)) + 1}
            self.history_ = {"val_accuracy": scores}
        return self

    def _rows(self, X):
        return (X.reshape(len(X), -1) / 255.0) ** self.power_

    def predict_proba(self, X):
        likelihood = np.exp(-((self._rows(X)[:, None] - self.means_) ** 2).sum(axis=2))
        return likelihood / likelihood.sum(axis=1, keepdims=True)


def build(seed, epochs=6, shrink=0.0):
    return Powers(epochs, shrink)


powers = Estimator("powers", "classical", build, Space(shrink=Float(0.0, 0.9)), strategy="random", effort="epochs")
'''


@pytest.fixture
def estimators_folder(tmp_path, monkeypatch):
    folder = tmp_path / "estimators"
    folder.mkdir()
    monkeypatch.setenv("CROSSOVER_ESTIMATORS", str(folder))
    add_estimator(folder, "nearest_mean")
    (folder / "powers.py").write_text(STOPS_EARLY)
    return folder


def write(path: Path, permuted: bool) -> Path:
    """Digits in two parts; `permuted`: the test images in another order, each with another's label."""
    X, y = load_digits(return_X_y=True)
    X = np.round(X.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    test = slice(1400, None)
    order = np.random.default_rng(0).permutation(len(X[test])) if permuted else slice(None)
    labels = (y[test] + 1) % 10 if permuted else y[test]
    path.parent.mkdir()
    np.savez(path, x_train=X[:1400], y_train=y[:1400], x_test=X[test][order], y_test=labels)
    return path


def prove(tmp_path: Path, executor: str = "serial") -> None:
    """Assert that searches and fits are byte-identical with the test files permuted."""
    for name in ("original", "permuted"):
        data = write(tmp_path / name / "things.npz", permuted=name == "permuted")
        study = suite(datasets=[str(data)], estimators=["nearest_mean", "powers"], budget="4 trials")
        assert run(study, tmp_path / f"run-{name}", Silent(), execute_by=executor)
    folders = [tmp_path / f"run-{name}" for name in ("original", "permuted")]
    for table in ("trials", "searches", "fits"):
        one, two = (without_clock(read_table(folder, table)) for folder in folders)
        assert one.equals(two), f"{table} depend on the test part"
    one, two = (_models(folder) for folder in folders)
    assert one and one == two, "a model depends on the test part"
    one, two = (
        [np.load(path)["proba"].tobytes() for path in sorted((folder / "cells").rglob("predictions.npz"))]
        for folder in folders
    )
    assert one != two, "the test files were not permuted, so this proves nothing"


def _models(folder: Path) -> dict[str, str]:
    """Digests of what the fits wrote; a file of skops is an archive with the time in it, so its contents count."""
    found = {}
    for path in sorted((folder / "cells").rglob("model/*")):
        content = path.read_bytes()
        if path.suffix == ".skops":
            from zipfile import ZipFile

            with ZipFile(path) as archive:
                content = b"".join(archive.read(name) for name in sorted(archive.namelist()) if name != "schema.json")
        found[str(path.relative_to(folder))] = hashlib.sha256(content).hexdigest()
    return found


@pytest.mark.parametrize("executor", ["serial", "local"])
def test_permuted_test_files_change_no_search_and_no_fit(tmp_path, estimators_folder, executor):
    prove(tmp_path, executor)


def cheat_score(monkeypatch):
    """Trials are scored on the test labels."""
    honest = work._trial

    def trial(job):
        dataset = datasets.reopen(Path(job.data))
        test = dataset.test.open()
        model = work.estimators.get(job.estimator).build(job.random_seed, **job.params)
        model.fit(np.array(dataset.train.X), dataset.train.y)
        return replace(honest(job), score=work.accuracy(test.y, model.predict_proba(test.X)))

    monkeypatch.setitem(work.WORK, "trial", trial)


def cheat_fit(monkeypatch):
    """Fits are made on training and test rows together."""
    honest = work._images_of_fit

    def everything(job, dataset):
        train, test = honest(job, dataset), dataset.test.open()
        return Images(np.concatenate([train.X, test.X]), np.concatenate([train.y, test.y]))

    monkeypatch.setattr(work, "_images_of_fit", everything)


def cheat_epochs(monkeypatch):
    """The number of epochs is the one that does best on the test rows, in trials and in fits."""
    honest = work._trial

    def trial(job):
        answer = honest(job)
        if "epochs" not in answer.found:
            return answer
        dataset = datasets.reopen(Path(job.data))
        test = dataset.test.open()
        model = work.estimators.get(job.estimator).build(job.random_seed, **job.params)
        model.fit(np.array(dataset.train.X), dataset.train.y, validation=(np.array(test.X), test.y))
        return replace(answer, found=dict(model.found_))

    monkeypatch.setitem(work.WORK, "trial", trial)


@pytest.mark.parametrize("cheat", [cheat_score, cheat_fit, cheat_epochs])
def test_the_proof_catches_a_worker_that_cheats(tmp_path, estimators_folder, monkeypatch, cheat):
    cheat(monkeypatch)
    with pytest.raises(AssertionError, match="depend"):
        prove(tmp_path)


def copy_without(folder: Path, target: Path, *absent: str) -> str:
    target.mkdir()
    for path in folder.iterdir():
        if path.name not in absent:
            (target / path.name).write_bytes(path.read_bytes())
    return str(target)


def test_trials_and_fits_need_no_test_file_and_evaluations_no_test_label(tmp_path, estimators_folder):
    folder = datasets.load("digits").folder
    bare = copy_without(folder, tmp_path / "bare", "test-X.npy", "test-y.npy")
    unlabelled = copy_without(folder, tmp_path / "unlabelled", "test-y.npy")
    model = str(tmp_path / "cell" / "model")
    assert work.perform(trial(data=bare)).ok
    fit = trial(data=bare, kind="fit", model=model)
    assert work.perform(fit).ok
    look = dict(kind="evaluate", model=model, folder=str(tmp_path / "cell"), fit_key=fit.key)
    assert work.perform(trial(data=unlabelled, **look)).ok
    assert not work.perform(trial(data=bare, **look)).ok


def test_only_the_fit_of_a_submission_reads_test_labels_and_says_so(tmp_path, estimators_folder):
    dataset = datasets.load("digits")
    model = tmp_path / "model"
    assert work.perform(trial(kind="fit", model=str(model), trained_on=EVERY_LABELLED_ROW)).ok
    assert f"{len(dataset.train) + len(dataset.test)} every labelled row" in (model / "model.json").read_text()
