"""Do other searches find better settings in the same time?

HalvingGridSearchCV: scikit-learn's successive halving. Optuna's TPE: T. Akiba et al. (2019), arXiv:1907.10902, in an environment of
its own. KerasTuner: its Hyperband over a perceptron written as its guide has it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

import estimators
from benchmarks.data import datasets
from benchmarks.data.images import Images
from benchmarks.data.split import subset
from benchmarks.performance._peers import ARMS, environment_of, leaderboard
from benchmarks.scoring import accuracy
from tuning import Choice, Int, Space

TITLE = "do other searches find better settings in the same time?"
LIBRARIES = ("scikit-learn", "xgboost", "tensorflow", "keras", "keras-tuner")
LONG = True  # hours
DATASETS = ("mnist", "fashion-mnist", "usps", "digits", "cifar-10")
ROWS = 2_000  # of the training images
SEEDS = 5
SECONDS = 30  # of Optuna's and KerasTuner's searches
HELD_OUT = 0.2  # of the rows, which score a setting in a search other than Crossover's
EPOCHS = 20  # of KerasTuner's longest trainings
RIVALS = (("svm", "HalvingGridSearchCV"), ("svm", "Optuna"), ("xgboost", "Optuna"), ("mlp", "KerasTuner"))
NOTE = f"""{ROWS:,} training rows of each data set, {SEEDS} seeds, which draw the rows; official test images. A rival searches with one fit at a time, and fits its winner on all rows. HalvingGridSearchCV has as its grid \
three points per numeric axis and all choices, and its defaults (five folds); what it takes, fit of the winner included, is what Crossover is given, all in. Optuna (TPE) is given {SECONDS} s, and the fit of its winner \
beside; a fifth of the rows scores. Both search the axes that Crossover searches, of the same estimators. KerasTuner is given {SECONDS} s for a Hyperband over a perceptron of its guide (units, layers, Dropout, learning rate; Adam, \
at most {EPOCHS} epochs), and the fit of its winner beside; Crossover's mlp has {SECONDS} s all in. Start and imports are in neither. "Lead" is the accuracy of Crossover's less that of the rival's, in points: mean over the seeds, with its 95 % interval (Student's t)."""


def measure(
    names: tuple[str, ...] = DATASETS, rows: int = ROWS, seeds: int = SEEDS, seconds: float = SECONDS
) -> pd.DataFrame:
    """One row per rival and data set, and the mean over all; about two hours and a half.

    Raises
    ------
    UserError : a data set cannot be had, an environment cannot be made, or an arm failed.
    """
    found: dict[tuple[str, str], list[list[float]]] = {}
    table = []
    for name in names:
        dataset = datasets.load(name)
        test = dataset.test.open()
        for model, rival in RIVALS:
            pairs = []
            for seed in range(seeds):
                train = dataset.train.rows(subset(dataset.train.y, min(rows, len(dataset.train)), seed))
                right, took = SEARCHES[rival](model, train, test, seed, seconds)
                granted = took if rival == "HalvingGridSearchCV" else seconds
                pairs.append((crossover(model, train, test, seed, granted), right, took))
            found.setdefault((model, rival), []).append([own - other for own, other, _ in pairs])
            table.append(
                {
                    "data set": name,
                    "estimator": model,
                    "rival": rival,
                    "rival s": f"{statistics.median(took for *_, took in pairs):.0f}",
                    "Crossover %": f"{100 * statistics.mean(own for own, *_ in pairs):.2f}",
                    "rival %": f"{100 * statistics.mean(right for _, right, _ in pairs):.2f}",
                    "lead": _lead(found[model, rival][-1]),
                }
            )
    for (model, rival), gaps in found.items():
        row = dict.fromkeys(table[0], "") | {"data set": "all", "estimator": model, "rival": rival}
        table.append(row | {"lead": _lead([gap for of_one in gaps for gap in of_one])})
    return pd.DataFrame(table)


def _lead(gaps: list[float]) -> str:
    from scipy.stats import t

    mean = 100 * statistics.mean(gaps)
    if len(gaps) < 2:
        return f"{mean:+.2f}"
    reach = float(t.ppf(0.975, len(gaps) - 1)) * 100 * statistics.stdev(gaps) / len(gaps) ** 0.5
    return f"{mean:+.2f} ({mean - reach:.2f} to {mean + reach:.2f})"


def crossover(model: str, train: Images, test: Images, seed: int, seconds: float) -> float:
    """The test accuracy of one estimator by the command line, with a budget that is all in."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        np.savez(place / "images.npz", x_train=train.X, y_train=train.y, x_test=test.X, y_test=test.y)
        (place / "one.toml").write_text(
            f'title = "One"\ndatasets = ["images.npz"]\nestimators = ["{model}"]\nseeds = [{seed}]\nbudget = "{seconds:.1f} s"\n'
        )
        board = leaderboard(place, "one.toml")
    return float(board.loc[model, "accuracy"])


def halving(model: str, train: Images, test: Images, seed: int, seconds: float) -> tuple[float, float]:
    """HalvingGridSearchCV: test accuracy, and the seconds of search and fit."""
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401
    from sklearn.model_selection import HalvingGridSearchCV

    own = estimators.get(model)
    cells = {name: list(values) for name, values in own.space.levels(3).items()}
    began = time.perf_counter()
    search = HalvingGridSearchCV(own.build(seed), cells, random_state=seed, error_score="raise").fit(train.X, train.y)
    took = time.perf_counter() - began
    return accuracy(test.y, search.predict_proba(test.X)), took


def optuna(model: str, train: Images, test: Images, seed: int, seconds: float) -> tuple[float, float]:
    """Optuna's TPE on the estimator's axes: test accuracy, and the seconds of search and fit."""
    own = estimators.get(model)
    learned, scored = train_test_split(np.arange(len(train)), test_size=HELD_OUT, stratify=train.y, random_state=seed)
    found: list[tuple[float, Mapping[str, Any]]] = []
    with _optuna(own.space, seed) as ask:
        began = time.perf_counter()
        score: float | None = None
        while time.perf_counter() - began < seconds:
            params = ask(score)
            fitted = own.build(seed, **params).fit(train.X[learned], train.y[learned])
            score = accuracy(train.y[scored], fitted.predict_proba(train.X[scored]))
            found.append((score, params))
        _, best = max(found, key=lambda pair: pair[0])
        fitted = own.build(seed, **best).fit(train.X, train.y)
        took = time.perf_counter() - began
    return accuracy(test.y, fitted.predict_proba(test.X)), took


@contextmanager
def _optuna(space: Space, seed: int) -> Iterator[Callable[[float | None], dict[str, Any]]]:
    """Tells the score of the last setting, and is told the next one."""
    axes = {
        name: ["choice", list(axis.values)]
        if isinstance(axis, Choice)
        else ["int" if isinstance(axis, Int) else "float", axis.low, axis.high, axis.log]
        for name, axis in space.items()
    }
    with subprocess.Popen(
        [environment_of("optuna"), ARMS / "optuna_arm.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as arm:
        assert arm.stdin is not None and arm.stdout is not None
        send, answers = arm.stdin, arm.stdout
        send.write(json.dumps({"axes": axes, "seed": seed}) + "\n")
        send.flush()
        first = json.loads(answers.readline())  # its imports are over

        def ask(score: float | None) -> dict[str, Any]:
            if score is None:
                return dict(first)
            send.write(f"{score}\n")
            send.flush()
            return dict(json.loads(answers.readline()))

        yield ask
        send.close()
        answers.read()


def kerastuner(model: str, train: Images, test: Images, seed: int, seconds: float) -> tuple[float, float]:
    """KerasTuner's Hyperband over a perceptron: test accuracy, and the seconds of search and fit."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    import keras_tuner

    classes = int(train.y.max()) + 1

    def build(hp: Any) -> Any:
        made = keras.Sequential(
            [keras.layers.Input(train.X.shape[1:]), keras.layers.Flatten(), keras.layers.Rescaling(1 / 255)]
        )
        for number in range(hp.Int("layers", 1, 3)):
            made.add(keras.layers.Dense(hp.Int(f"units_{number}", 32, 512, step=32), activation="relu"))
            made.add(keras.layers.Dropout(hp.Float(f"dropout_{number}", 0.0, 0.5, step=0.1)))
        made.add(keras.layers.Dense(classes, activation="softmax"))
        rate = hp.Float("learning_rate", 1e-4, 1e-2, sampling="log")
        made.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
        return made

    class Timed(keras_tuner.Hyperband):
        def pre_create_trial(self) -> None:
            if time.perf_counter() - began > seconds:
                raise TimeoutError

        def _configure_tensorboard_dir(self, *args: Any) -> None:
            """Nothing is written for TensorBoard, which is not installed and would be asked for."""

    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.model.stop_training = time.perf_counter() - began > seconds

    keras.utils.set_random_seed(seed)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as place:
        where = {"directory": place, "project_name": "search"}
        tuner = Timed(build, objective="val_accuracy", max_epochs=EPOCHS, seed=seed, **where)
        order = np.random.default_rng(seed).permutation(len(train))  # Keras takes the last rows to validate.
        X, y = train.X[order], train.y[order]
        with suppress(TimeoutError):
            tuner.search(X, y, validation_split=HELD_OUT, verbose=0, callbacks=[Stop()])
        best = build(tuner.get_best_hyperparameters()[0])
        best.fit(X, y, epochs=EPOCHS, verbose=0)
    took = time.perf_counter() - began
    return accuracy(test.y, best.predict(test.X, verbose=0)), took


SEARCHES: Mapping[str, Callable[[str, Images, Images, int, float], tuple[float, float]]] = {
    "HalvingGridSearchCV": halving,
    "Optuna": optuna,
    "KerasTuner": kerastuner,
}
