"""A run folder as `crossover run` leaves it, made without running anything: two data sets, five estimators, failures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from benchmarks.data.images import Images
from benchmarks.ledger import Ledger
from benchmarks.neighbours import neighbours
from reports.analysis.mistakes import worst
from tests.reports.folder import (
    FAMILY,
    MORE,
    cell,
    evaluation,
    fit,
    search,
    trial,
    write_data,
    write_info,
    write_predictions,
)

SKILL = {"logistic_regression": 0.915, "svm": 0.975, "xgboost": 0.965, "mlp": 0.968, "cnn": 0.993,
         "boosted_trees": 0.963, "kernel_machine": 0.972, "forest": 0.951, "knn": 0.957, "vit": 0.985}  # fmt: skip
SECONDS = {"logistic_regression": 4.0, "svm": 11.0, "xgboost": 21.0, "mlp": 14.0, "cnn": 95.0,
           "boosted_trees": 9.0, "kernel_machine": 16.0, "forest": 7.0, "knn": 2.0, "vit": 210.0}  # fmt: skip
HOSTILE = ["<script>alert(1)</script>", "x" * 300, 'a|b\n$c_1$ & "d"', "été 猫", "</svg><img src=x onerror=alert(2)>"]
NOTE = "MNIST could not be had: no network; <b>digits</b> instead"


def proposals(name: str, rng: np.random.Generator) -> dict[str, object]:
    """A setting as this estimator's search might try it."""
    if name == "logistic_regression":
        return {"C": float(10 ** rng.uniform(-4, 2))}
    if name == "svm":
        return {"C": float(10 ** rng.uniform(-1, 3)), "gamma": float(10 ** rng.uniform(-4, 0))}
    if name == "xgboost":
        return {"learning_rate": float(10 ** rng.uniform(-2, 0)), "max_depth": int(rng.integers(2, 10)), "rounds": 200}
    return {
        "learning_rate": float(10 ** rng.uniform(-4, -1)), "dropout": float(rng.uniform(0, 0.5)),
        "optimizer": str(rng.choice(["adam", "sgd"])), "augment": bool(rng.integers(2)),
    }  # fmt: skip


def history(name: str, steps: int = 12, validation: bool = True) -> dict[str, list[float]]:
    """Curves as this estimator records them."""
    t = np.arange(1, steps + 1)
    if name == "xgboost":
        return {"val_log_loss": (0.1 + 1.2 * np.exp(-t / 3)).tolist()} if validation else {}
    if (FAMILY | MORE)[name] != "deep":
        return {}
    curves = {"images": 10_000 * t, "loss": 0.02 + 0.9 * np.exp(-t / 2.5), "accuracy": 0.995 - 0.3 * np.exp(-t / 2)}
    if validation:
        curves |= {
            "flattened": t > steps - 3,
            "val_loss": 0.06 + 0.7 * np.exp(-t / 2) + 0.002 * t,
            "val_accuracy": 0.985 - 0.25 * np.exp(-t / 2),
        }
    return {key: values.tolist() for key, values in curves.items()}


def predictions(y: np.ndarray, k: int, skill: float, rng: np.random.Generator, hardness: np.ndarray) -> np.ndarray:
    """Probabilities of a model that is right on about a share `skill`, wrong on the hard images first."""
    wrong = hardness + 0.15 * rng.standard_normal(len(y)) > np.quantile(hardness, skill)
    guess = np.where(wrong, (y + 1 + (rng.random(len(y)) < 0.3)) % k, y)
    sure = np.clip(rng.beta(9, 1.3, len(y)), 1 / k + 0.05, 0.9999)
    proba = np.repeat(((1 - sure) / (k - 1))[:, None], k, 1)
    proba[np.arange(len(y)), guess] = sure
    return proba.astype(np.float32)


def write_run(
    folder: Path,
    seeds: Sequence[int] = (0,),
    classes: dict[str, Sequence[str]] | None = None,
    tests: int = 400,
    trials: int = 14,
    failures: bool = True,
    variants: Sequence[str] = tuple(FAMILY),
    shape: tuple[int, ...] = (12, 12, 1),
) -> Path:
    """Write a run folder: `classes` names the data sets and their classes, the second one has failed cells."""
    classes = classes or {"digits": [str(i) for i in range(10)], "things": HOSTILE}
    rng = np.random.default_rng(7)
    claims = {
        "told": "Reported <b>somewhere</b> for other digits.",
        "accuracies": {"mlp": 0.98, "cnn": 0.999, "svm": 0.5},
    }
    write_info(folder, list(classes), variants, seeds, notes=[NOTE] if failures else [], claims=claims)
    with Ledger(folder) as ledger:
        ledger._db.execute("BEGIN")  # one transaction: nobody will cut the power of a test
        for place, (dataset, names) in enumerate(classes.items()):
            size = (16, 14, 3) if place == 1 else shape
            y = write_data(folder, dataset, list(names), size, tests, rng)
            hardness = rng.random(len(y))
            for name in variants:
                for seed in seeds:
                    write_cell(ledger, folder, dataset, name, seed, y, len(names), rng, hardness, trials,
                               broken=failures and place == 1)  # fmt: skip
        ledger._db.execute("COMMIT")
    return folder


def write_cell(
    ledger: Ledger, folder: Path, dataset: str, name: str, seed: int, y: np.ndarray, k: int,
    rng: np.random.Generator, hardness: np.ndarray, trials: int, broken: bool,
) -> None:  # fmt: skip
    """One cell: its trials, its search, its fit, its evaluation, and what it predicted."""
    own = cell(dataset, name, seed)
    best, spent = (0, -1.0), 0.0
    for number in range(1, trials + 1):
        params, score = proposals(name, rng), SKILL[name] - 0.2 * rng.random() ** 3 - 0.004
        status, reason = "ok", ""
        if broken and number in (4, 9):
            status, reason = ("timeout", "stopped after 30 s") if number == 4 else (
                "failed", "Traceback (most recent call last):\n  File \"svm.py\", line 3\nValueError: <b>boom</b> | no")  # fmt: skip
        if broken and number == 11:
            status, reason = "skipped", "budget spent"
        seconds = SECONDS[name] / trials * (0.5 + rng.random())
        spent += seconds
        best = max(best, (number, score), key=lambda pair: pair[1]) if status == "ok" else best
        place = 1 + min(3, 6 * number // (2 * trials)) if trials > 20 else 1 + number // 6
        ledger.write("trials", trial(
            own, number, score if status == "ok" else None, seconds, round=place, effort=0.3 if number < 7 else 1.0,
            params=params, status=status, reason=reason, history=history(name),
        ))  # fmt: skip
    ledger.write("searches", search(own, spent + 0.4, best[0], proposer_seconds=0.4, trials=trials))
    if broken and name == "logistic_regression":
        return  # a cell the run has not come to yet
    if broken and name == "svm":
        lost = {"status": "out_of_memory", "reason": "needed 5.1 GB, limit 4.0 GB", "params": {"C": 2.15}}
        ledger.write("fits", fit(own, 0.0, peak_bytes=4_100_000_000, **lost))
        return
    layers = [
        {
            "layer": f"conv_{i}",
            "type": "Conv2D",
            "output": [None, 12, 12, 32],
            "parameters": 9248,
            "operations": 2_654_208,
        }
        for i in range(5)
    ]
    fitted = fit(
        own, SECONDS[name] / 4, params=proposals(name, rng), validation_score=best[1],
        model_bytes=int(4e5 * SECONDS[name]), parameters=int(7850 * SECONDS[name] ** 0.8),
        backend="scikit-learn-intelex 2026.2.0" if name == "svm" else "tensorflow 2.21.0",
        history=history(name, validation=False), layers=layers if (FAMILY | MORE)[name] == "deep" else [],
    )  # fmt: skip
    ledger.write("fits", fitted)
    if broken and name == "mlp" and seed == 2:
        ledger.write("evaluations", evaluation(fitted, status="killed", reason="signal 9"))
        return
    latency = 0.4 * SECONDS[name] ** 0.5
    evaluated = evaluation(fitted, latency_ms=latency, latency_p95_ms=1.3 * latency)
    ledger.write("evaluations", evaluated)
    proba = predictions(y, k, SKILL[name] - 0.004 * seed, rng, hardness)
    write_predictions(folder, evaluated, proba)
    if name == "cnn":
        write_neighbours(folder, fitted, y, proba)


def write_neighbours(folder: Path, fitted: dict, y: np.ndarray, proba: np.ndarray) -> None:
    """What `crossover explain` leaves of the worst mistakes, the samples being all training images, pixels all features."""
    data = folder / "data" / fitted["dataset"]
    with np.load(data / "samples.npz") as some, np.load(data / "test.npz") as test:
        train, X = Images(some["X"], some["y"]), test["X"]
    rows = worst(proba, y, 6)
    classes = np.stack([y[rows], proba[rows].argmax(1)], axis=1)
    flat = lambda images: images.reshape(len(images), -1)  # noqa: E731
    neighbours(flat, fitted["key"], train, X[rows], rows, classes).write((folder / fitted["folder"]).parent)


@pytest.fixture(scope="session")
def make_run(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Make a new run folder, with the options of `write_run`."""
    return lambda **options: write_run(tmp_path_factory.mktemp("runs") / "run", **options)


@pytest.fixture(scope="session")
def one_seed(make_run: Callable[..., Path]) -> Path:
    """Two data sets, five estimators, one seed; the second data set has failures and hostile class names."""
    return make_run()


@pytest.fixture(scope="session")
def three_seeds(make_run: Callable[..., Path]) -> Path:
    """The same with three seeds, one of which was killed for one estimator."""
    return make_run(seeds=(0, 1, 2))


@pytest.fixture(params=["one_seed", "three_seeds"])
def run_folder(request: pytest.FixtureRequest) -> Path:
    """Both of them, one after the other."""
    return request.getfixturevalue(request.param)
