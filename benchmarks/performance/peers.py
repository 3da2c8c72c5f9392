"""Which accuracy do Crossover, FLAML and AutoGluon reach in equal time, on pixels and on Crossover's own features?

Peers run in environments of their own, below the cache folder, with the versions of ``_peers/constraints.txt``. FLAML: C. Wang et al.
(2021), arXiv:1911.04706. AutoGluon-Tabular: N. Erickson et al. (2020), arXiv:2003.06505.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.data import datasets
from benchmarks.data.images import Images
from benchmarks.data.split import subset
from benchmarks.errors import UserError, printable
from benchmarks.performance._peers import ARMS, environment_of, leaderboard
from estimators.features import features
from estimators.models.threads import threads

TITLE = "which accuracy do others reach in the same time?"
LIBRARIES = ("scikit-learn", "xgboost", "tensorflow", "keras")
LONG = True  # hours: measured where it is asked for by name
DATASETS = ("mnist", "fashion-mnist", "cifar-10")
SECONDS = 600
ROWS = 42_000  # of the training images, as in Kaggle's Digit Recognizer
COMPARED = "svm,cnn,ensemble"
PEERS = ("flaml", "autogluon")
NOTE = f"""{ROWS:,} training rows of each data set, {SECONDS} s, the official test images, one seed. Crossover: `run FILE --estimators {COMPARED} --within 10m`, of which the row `ensemble` \
counts, which is chosen without the test part; its time is all of the command, imports, evaluation and report included. FLAML and AutoGluon (medium quality, with LightGBM, XGBoost, CatBoost) \
are given the time for their fit; to predict is not counted. They see pixels, and in a second arm oriented gradients (HOG), as Crossover's own classical models do."""


def measure(names: tuple[str, ...] = DATASETS, seconds: int = SECONDS, rows: int = ROWS) -> pd.DataFrame:
    """One row per data set and arm: accuracy, errors as a multiple of Crossover's, seconds; about two hours and a half.

    Raises
    ------
    UserError : a data set cannot be had, an environment cannot be made, or an arm failed.
    """
    pythons = {peer: environment_of(peer) for peer in PEERS}
    found = []
    for name in names:
        dataset = datasets.load(name)
        train = dataset.train.rows(subset(dataset.train.y, min(rows, len(dataset.train)), 0))
        test = dataset.test.open()
        with tempfile.TemporaryDirectory() as place:
            arms = [("Crossover", *crossover(Path(place), train, test, seconds))]
            for kind in ("pixels", "hog"):
                data = _rows(Path(place) / f"{kind}.npz", kind, train, test)
                for peer, python in pythons.items():
                    labels, took = _predicted(python, peer, data, seconds)
                    arms.append((f"{peer} on {kind}", float((labels == test.y).mean()), took))
        own = 1 - arms[0][1]
        found += [
            {
                "data set": name,
                "arm": arm,
                "accuracy %": f"{100 * accuracy:.2f}",
                "errors": f"{(1 - accuracy) / own:.2f}" if own else "",
                "seconds": f"{took:,.0f}",
            }
            for arm, accuracy, took in arms
        ]
    return pd.DataFrame(found)


def crossover(place: Path, train: Images, test: Images, seconds: int) -> tuple[float, float]:
    """The accuracy of the ensemble that the command line comes to, and the seconds of the command."""
    np.savez(place / "images.npz", x_train=train.X, y_train=train.y, x_test=test.X, y_test=test.y)
    began = time.perf_counter()
    board = leaderboard(place, "images.npz", "--within", f"{seconds} s", "--estimators", COMPARED)
    took = time.perf_counter() - began
    return float(board.loc["ensemble", "accuracy"]), took


def _rows(path: Path, kind: str, train: Images, test: Images) -> Path:
    """The images as rows of numbers, for peers."""
    rows = features(kind).fit(train.X)
    np.savez(path, X_train=rows.transform(train.X), y_train=train.y, X_test=rows.transform(test.X))
    return path


def _predicted(python: Path, peer: str, data: Path, seconds: int) -> tuple[NDArray[np.int64], float]:
    """Labels of the test rows by a peer, and the seconds of the whole."""
    out = data.with_name(f"{peer}-{data.stem}.npy")
    began = time.perf_counter()
    command: list[str | Path] = [python, ARMS / f"{peer}_arm.py", data, str(seconds), out]
    done = subprocess.run(
        command,
        cwd=data.parent,
        env=os.environ | {"OMP_NUM_THREADS": str(threads())},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or not out.exists():
        raise UserError(f"{peer} failed: {printable(done.stderr[-300:])}")
    return np.load(out), time.perf_counter() - began
