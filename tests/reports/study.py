"""A study of sizes as `crossover run … --study sizes` leaves it, made without running anything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.studies import Condition
from benchmarks.studies.sizes import sizes as study
from tests.reports.folder import (
    cell,
    evaluation,
    fit,
    search,
    trial,
    write_data,
    write_info,
    write_predictions,
    write_rows,
)

LAWS = {"logistic_regression": (1.0, 0.3, 0.03), "svm": (0.9, 0.35, 0.015), "cnn": (7.0, 0.65, 0.002)}
SIZES = (100, 300, 1000, 3000, "all")
TOTAL = 10_000


def probabilities(y: np.ndarray, error: float, hardness: np.ndarray) -> np.ndarray:
    """Of a model that errs on a share `error` of the images, the hardest ones."""
    guess = np.where(hardness > np.quantile(hardness, 1 - error), (y + 1) % 10, y)
    return np.where(np.arange(10) == guess[:, None], 0.91, 0.01).astype(np.float32)


def write_study(
    folder: Path, laws=LAWS, sizes=SIZES, seeds=(0, 1, 2), tests=2000, last=None, also: Sequence[Condition] = ()
) -> Path:
    """A run folder in which each estimator's error follows its law a · n**-b + c; `last` alone got to the last size.

    `also` are conditions that run.json names besides the sizes.
    """
    rng = np.random.default_rng(3)
    conditions = [study.condition(size) for size in sizes]
    facts = {"stage": "train", "title": study.title, "axis": study.axis, "standard": "all", "levels": list(sizes)}
    write_info(
        folder, ["things"], list(laws), seeds, [*conditions, *also], suite="crossover", title="Crossover",
        studies={"sizes": facts},
    )  # fmt: skip
    y = write_data(folder, "things", [str(i) for i in range(10)], (8, 8, 1), tests, rng, train=TOTAL)
    hardness = rng.random(tests)
    trials, searches, fits, evaluations = [], [], [], []
    for condition in conditions:
        n = int(condition.value or TOTAL)
        for name in laws if condition != conditions[-1] or last is None else [last]:
            for seed in seeds:
                own = cell("things", name, seed, condition)
                a, b, c = laws[name]
                proba = probabilities(y, a * n**-b + c, hardness + 0.3 * rng.random(tests))
                seconds = n / (100 if name == "cnn" else 1000) + (3 if name == "cnn" else 0.1)
                trials.append(trial(own, 1, 0.9, seconds))
                searches.append(search(own, seconds, 1))
                fits.append(fit(own, seconds, validation_score=1 - a * n**-b - c))
                evaluations.append(evaluation(fits[-1]))
                write_predictions(folder, evaluations[-1], proba)
    write_rows(folder, trials=trials, searches=searches, fits=fits, evaluations=evaluations)
    return folder
