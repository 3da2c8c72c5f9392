"""The test part is sealed: whatever its files hold, every search and every fit comes out the same, byte for byte.

The proof is one that can fail: workers and drivers that cheat in eight ways are caught by it.
"""

import hashlib
import json
import os
import re
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from sklearn.datasets import load_digits

from benchmarks import cell
from benchmarks.data import datasets
from benchmarks.data.images import Images
from benchmarks.execution import work
from benchmarks.execution.job import EVERY_LABELLED_ROW
from benchmarks.ledger import read_table
from benchmarks.run import run
from tests.benchmarks.study import Silent, suite, trial
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
def estimators_folder(estimators_folder):
    (estimators_folder / "powers.py").write_text(STOPS_EARLY)
    return estimators_folder


def write(path: Path, change: str = "") -> Path:
    """Digits in two parts; `change` "all": other test images of another brightness with skewed labels; "labels": those alone."""
    X, y = load_digits(return_X_y=True)
    X = np.round(X.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    test_X, test_y = X[1400:], y[1400:]
    if change == "all":
        test_X = np.clip(test_X[::-1] // 2 + 90, 0, 255).astype(np.uint8)
    if change:
        test_y = np.where(np.arange(len(test_y)) % 3 == 0, 7, (test_y + 1) % 10)
    path.parent.mkdir()
    np.savez(path, x_train=X[:1400], y_train=y[:1400], x_test=test_X, y_test=test_y)
    return path


def carried_out(tmp_path: Path, change: str, executor: str, study: dict) -> Path:
    """The folder of a run on the digits, with the test part changed."""
    data = write(tmp_path / f"data-{change}" / "things.npz", change)
    folder = tmp_path / f"run-{change}"
    assert run(suite(datasets=[str(data)], **study), folder, Silent(), execute_by=executor)
    return folder


QUICK = {"estimators": ["nearest_mean", "powers", "ensemble"], "budget": "3 trials", "studies": {"sizes": [400, "all"]}}
REAL = {
    "estimators": ["xgboost", "mlp", "svm", "ensemble"],
    "budget": "1 trials",
    "search": {"xgboost": {"base": {"rounds": 6}}, "mlp": {"base": {"images": 3_000}}},
}


def prove(tmp_path: Path, executor: str = "serial", study: dict = QUICK) -> None:
    """Assert that searches and fits are byte-identical whatever the test part is, and predictions whatever its labels."""
    folders = [carried_out(tmp_path, change, executor, study) for change in ("", "all", "labels")]
    original = folders[0]
    for other in folders[1:]:
        for table in ("trials", "searches", "fits"):
            one, two = (sorted_rows(folder, table) for folder in (original, other))
            assert one.equals(two), f"{table} depend on the test part"
        one, two = _models(original), _models(other)
        assert one and one == two, "a model depends on the test part"
    one, two, three = (
        [np.load(path)["proba"].tobytes() for path in sorted((folder / "cells").rglob("predictions.npz"))]
        for folder in folders
    )
    assert one == three, "predictions depend on the test labels"
    assert not set(one) & set(two), "the test images were not changed, so this proves nothing"


def sorted_rows(folder: Path, table: str):
    key = ["dataset", "condition", "variant", "seed", *(["number"] if table == "trials" else [])]
    return without_clock(read_table(folder, table)).sort_values(key, ignore_index=True)


def _models(folder: Path) -> dict[str, str]:
    """Digests of what the fits wrote. An archive of skops names its members by chance: their contents count."""
    found = {}
    for path in sorted((folder / "cells").rglob("model/**/*")):
        if path.is_dir():  # the source that a model started from
            continue
        content = path.read_bytes()
        if path.name == "model.json":  # Its digests are of the other files, archives' chances included.
            content = json.dumps(json.loads(content) | {"digests": sorted(json.loads(content)["digests"])}).encode()
        if path.suffix in (".skops", ".keras"):
            with ZipFile(path) as archive:
                names = [n for n in archive.namelist() if n not in ("schema.json", "metadata.json")]
                content = b"".join(sorted(_without_addresses(archive.read(name)) for name in names))
        found[str(path.relative_to(folder))] = hashlib.sha256(content).hexdigest()
    return found


def _without_addresses(content: bytes) -> bytes:
    """Keras numbers the objects that layers share by their addresses in memory."""
    return re.sub(rb'"shared_object_id": \d+', b"", content)


@pytest.mark.parametrize("executor", ["serial", "local"])
def test_another_test_part_changes_no_search_and_no_fit(tmp_path, estimators_folder, executor):
    prove(tmp_path, executor)


def test_another_test_part_changes_no_network_and_no_tree(tmp_path):
    prove(tmp_path, study=REAL)


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


def cheat_score_under_a_condition(monkeypatch):
    """Trials are scored on the test labels, but only in a study."""
    honest = work._trial
    cheat_score(monkeypatch)
    cheating = work.WORK["trial"]
    monkeypatch.setitem(work.WORK, "trial", lambda job: honest(job) if job.condition.is_standard else cheating(job))


def cheat_fit(monkeypatch):
    """Fits are made on training and test rows together."""
    honest = work._images_of_fit

    def everything(job, dataset):
        train, test = honest(job, dataset), dataset.test.open()
        return Images(np.concatenate([train.X, test.X]), np.concatenate([train.y, test.y]))

    monkeypatch.setattr(work, "_images_of_fit", everything)


def cheat_epochs(monkeypatch):
    """The number of epochs is the one that does best on the test rows."""
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


def newest(name: str) -> Path:
    """The file of that name in the cache of the data set that was read last."""
    return max(Path(os.environ["CROSSOVER_CACHE"]).rglob(name), key=lambda path: path.stat().st_mtime_ns)


def cheat_statistics(monkeypatch):
    """Training images are moved by the mean of the test images."""
    honest = work.studies.training

    def moved(images, condition, seed):
        train = honest(images, condition, seed)
        shift = int(np.load(newest("test-X.npy")).mean()) // 4
        return Images(np.clip(train.X.astype(int) + shift, 0, 255).astype(np.uint8), train.y)

    monkeypatch.setattr(work.studies, "training", moved)


def cheat_split(monkeypatch):
    """The driver takes more validation rows where the test images are brighter."""

    def brighter(suite, dataset, *_):
        return len(dataset.train), 0.1 + float(dataset.test.images().mean()) / 1000, 1

    monkeypatch.setattr(cell, "validation", brighter)


def cheat_mix(monkeypatch):
    """An ensemble is chosen on the test rows."""
    honest = work.judged

    def judged(fits, models, trained, images, seed):
        X, y = np.load(newest("test-X.npy")), np.load(newest("test-y.npy"))
        monkeypatch.setattr("benchmarks.mixing.FEWEST_HELD_OUT", len(y))
        return honest(fits, models, {name: np.zeros(len(y), bool) for name in trained}, Images(X, y), seed)

    monkeypatch.setattr(work, "judged", judged)


def cheat_evaluation(monkeypatch):
    """An evaluation mixes the true class into what it predicts."""
    honest = work._probabilities

    def mixed(model, X):
        proba = honest(model, X)
        if len(proba) != 397:
            return proba
        y = np.load(newest("test-y.npy"))
        return 0.9 * proba + 0.1 * np.eye(proba.shape[1])[y]

    monkeypatch.setattr(work, "_probabilities", mixed)


CHEATS = [
    cheat_score,
    cheat_score_under_a_condition,
    cheat_fit,
    cheat_epochs,
    cheat_statistics,
    cheat_split,
    cheat_mix,
    cheat_evaluation,
]


@pytest.mark.parametrize("cheat", CHEATS)
def test_the_proof_catches_whoever_cheats(tmp_path, estimators_folder, monkeypatch, cheat):
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
