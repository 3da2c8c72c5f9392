"""How right is each estimator after so many seconds, search and final fit together?"""

from __future__ import annotations

import json
import statistics
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.performance._peers import leaderboard

TITLE = "how right is each estimator after so many seconds?"
LIBRARIES = ("scikit-learn", "xgboost", "tensorflow", "keras")
LONG = True  # two hours
SEEDS = 3
NOTE = """`crossover run` with one estimator, its budget all in: search and fit together, or the fit alone where nothing is searched. Official training and test images, which \
nothing is chosen by. Accuracy is the median of the seeds, with the least and the most; seconds are the median of what search and fit took, start and imports apart."""


@dataclass(frozen=True)
class Entry:
    """An estimator on a data set with a budget in seconds; `searched` is False where its base setting is fitted as it is."""

    dataset: str
    estimator: str
    seconds: int
    seeds: int = SEEDS
    searched: bool = True
    base: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Its name in the table."""
        fixed = ", ".join(f"{name} {value}" for name, value in self.base.items())
        return f"{self.estimator}{f' ({fixed})' if fixed else ''}{'' if self.searched else ', not searched'}"


ENTRIES = (
    *(Entry("mnist", "cnn", seconds, seeds=5, searched=False) for seconds in (40, 90, 240)),
    Entry("mnist", "logistic_regression", 100),
    Entry("mnist", "svm", 60),
    Entry("mnist", "xgboost", 100, base={"features": "pixels"}),
    Entry("mnist", "xgboost", 100),
    Entry("mnist", "mlp", 60),
    *(Entry("fashion-mnist", name, 100) for name in ("svm", "xgboost", "mlp", "cnn")),
    *(Entry("cifar-10", name, 300) for name in ("ridge", "svm", "cnn")),
)


def measure(entries: tuple[Entry, ...] = ENTRIES) -> pd.DataFrame:
    """One row per entry; about two hours.

    Raises
    ------
    UserError : a data set cannot be had, or a run failed.
    """
    return pd.DataFrame([_row(entry) for entry in entries])


def _row(entry: Entry) -> dict[str, str]:
    right, took = [], []
    for seed in range(entry.seeds):
        with tempfile.TemporaryDirectory() as place:
            (Path(place) / "entry.toml").write_text(_suite(entry, seed))
            row = leaderboard(Path(place), "entry.toml").loc["entry"]
        right.append(100 * float(row["accuracy"]))
        took.append(float(row["search_seconds"] + row["fit_seconds"]))
    return {
        "data set": entry.dataset,
        "estimator": entry.label,
        "budget s": str(entry.seconds),
        "seconds": f"{statistics.median(took):.3g}",
        "accuracy %": f"{statistics.median(right):.2f} ({min(right):.2f}–{max(right):.2f})",
        "seeds": str(len(right)),
    }


def _suite(entry: Entry, seed: int) -> str:
    """As the text of a suite file; values of TOML that are numbers, truth values and strings are written as in JSON."""
    base = ", ".join(f"{name} = {json.dumps(value)}" for name, value in entry.base.items())
    lines = [
        'title = "All in"',
        f"datasets = [{json.dumps(entry.dataset)}]",
        f"seeds = [{seed}]",
        f'budget = "{entry.seconds} s"',
        *([] if entry.searched else [f"[search.{entry.estimator}]", 'strategy = "none"']),
        "[[variants]]",
        'name = "entry"',
        f"estimator = {json.dumps(entry.estimator)}",
        f"base = {{ {base} }}",
    ]
    return "\n".join(lines) + "\n"
