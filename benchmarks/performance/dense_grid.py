"""What does coarse-to-fine lose against every cell of the grid that its last step has, and what does it save?"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import GridSearchCV

import estimators
from benchmarks.data import datasets
from benchmarks.data.images import Images
from benchmarks.data.split import subset
from benchmarks.scoring import accuracy, row_losses
from tuning import Outcome, Space, Trial, select, strategy

TITLE = "what does coarse-to-fine lose against the whole grid?"
LIBRARIES = ("scikit-learn", "xgboost")
LONG = True  # the whole grid
DATASETS = ("mnist", "fashion-mnist")
ROWS = 2_000  # of the training images; half of them to learn from, half to score
SEEDS = 3
POINTS = 9  # per numeric axis: the last windows of coarse-to-fine are a quarter of an axis wide and have three points
AXES: Mapping[str, tuple[str, ...]] = {
    "logistic_regression": ("C", "features", "copies"),
    "svm": ("C", "gamma", "features", "copies"),
    "xgboost": ("learning_rate", "max_depth", "features", "copies"),
}
NOTE = f"""{ROWS // 2:,} training rows of each data set to learn from and as many to score, once. scikit-learn's GridSearchCV tries every cell of the grid with {POINTS} points per \
numeric axis, the step that coarse-to-fine ends with, and takes the most accurate. Coarse-to-fine, {SEEDS} seeds, tries some twenty settings, most of them on a ninth or a third of the rows, \
and ends with the base setting where no other is better on half of the rows that score. Seconds are those of fits and scores, in one process. "Points lost" is accuracy of the grid's winner less \
that of coarse-to-fine's, both fitted on all {ROWS:,} rows: on the test images, and on the rows that scored, which chose the grid's winner and so flatter it; median and range of the seeds. \
Axes: {"; ".join(f"{name} {', '.join(axes)}" for name, axes in AXES.items())}."""


@dataclass(frozen=True)
class Found:
    """What a search came to: its setting, how many it tried, and the seconds of their fits and scores."""

    params: Mapping[str, Any]
    tried: int
    seconds: float


def measure(
    names: tuple[str, ...] = DATASETS, rows: int = ROWS, points: int = POINTS, seeds: int = SEEDS
) -> pd.DataFrame:
    """One row per data set and estimator; about an hour."""
    return pd.DataFrame([_row(name, model, rows, points, seeds) for name in names for model in AXES])


def _row(name: str, model: str, rows: int, points: int, seeds: int) -> dict[str, str]:
    dataset = datasets.load(name)
    train = dataset.train.rows(subset(dataset.train.y, min(rows, len(dataset.train)), 0))
    learned = subset(train.y, len(train) // 2, 0)
    scored = np.setdiff1d(np.arange(len(train)), learned)
    parts, test = (train.rows(learned), train.rows(scored)), dataset.test.open()
    space = Space(**{axis: estimators.get(model).space[axis] for axis in AXES[model]})
    dense = whole(model, space, *parts, points)
    own = [coarse_to_fine(model, space, *parts, seed) for seed in range(seeds)]
    lost = {
        "on the test part": [_right(model, dense, train, test) - _right(model, o, train, test) for o in own],
        "on rows that scored": [_right(model, dense, *parts) - _right(model, o, *parts) for o in own],
    }
    return {
        "data set": name,
        "estimator": model,
        "cells": f"{dense.tried:,}",
        "grid s": f"{dense.seconds:,.0f}",
        "settings tried": f"{statistics.median(o.tried for o in own):.0f}",
        "seconds": f"{statistics.median(o.seconds for o in own):,.1f}",
        "cost %": f"{100 * statistics.median(o.seconds for o in own) / dense.seconds:.1f}",
        **{f"points lost {where}": _spread(values) for where, values in lost.items()},
    }


def _spread(values: list[float]) -> str:
    low, middle, high = (100 * value for value in (min(values), statistics.median(values), max(values)))
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def whole(model: str, space: Space, learned: Images, scored: Images, points: int) -> Found:
    """The most accurate cell of the whole grid, by GridSearchCV."""
    X, y = np.concatenate([learned.X, scored.X]), np.concatenate([learned.y, scored.y])
    rows = np.arange(len(y))
    search = GridSearchCV(
        estimators.get(model).build(0),
        {name: list(values) for name, values in space.levels(points).items()},
        cv=[(rows[: len(learned)], rows[len(learned) :])],
        refit=False,
        error_score="raise",
    )
    search.fit(X, y)
    table = search.cv_results_
    seconds = float(np.sum(table["mean_fit_time"]) + np.sum(table["mean_score_time"]))
    return Found(search.best_params_, len(table["params"]), seconds)


def coarse_to_fine(model: str, space: Space, learned: Images, scored: Images, seed: int) -> Found:
    """The setting that coarse-to-fine ends with: half of the rows that score pick the finalist, the others confirm it."""
    picking = np.arange(len(scored)) % 2 == 0
    own = estimators.get(model)
    base = {axis: own.base[axis] for axis in space}
    search, outcomes, seconds = strategy("coarse_to_fine")(space, base, seed), list[Outcome](), 0.0
    answers: list[Outcome] | None = None
    while True:
        try:
            batch = next(search) if answers is None else search.send(answers)
        except StopIteration:
            break
        answers = []
        for trial in batch:
            began = time.perf_counter()
            answers.append(_tried(model, trial, learned, scored, picking))
            seconds += time.perf_counter() - began
        outcomes += answers
    selection = select(outcomes)
    assert selection is not None
    return Found(selection.winner.trial.params, len(outcomes), seconds)


def _tried(model: str, trial: Trial, learned: Images, scored: Images, picking: np.ndarray) -> Outcome:
    """A fit on a share of the rows; rows that pick calibrate it, as in every trial of a run."""
    rows = subset(learned.y, trial.effort, 0)
    fitted = estimators.get(model).build(0, **trial.params)
    fitted.fit(learned.X[rows], learned.y[rows], (scored.X[picking], scored.y[picking]))
    proba = fitted.predict_proba(scored.X)
    losses = row_losses(proba, scored.y)
    right = accuracy(scored.y[picking], proba[picking])
    return Outcome(trial, "ok", right, log_loss=float(losses[picking].mean()), losses=losses[~picking])


def _right(model: str, found: Found, train: Images, test: Images) -> float:
    """The accuracy on some images of a setting that was fitted on others."""
    return accuracy(test.y, estimators.get(model).build(0, **found.params).fit(train.X, train.y).predict_proba(test.X))
