"""`explain`: what the best model of each data set finds most like its worst mistakes, kept in the run folder.

Here it is said which images are explained; `benchmarks.neighbours` computes. It is asked for by `crossover explain` alone: the
page needs no model.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from benchmarks import neighbours
from benchmarks.data import datasets
from benchmarks.data.images import Dataset
from benchmarks.data.reading import WHITE, Reading
from benchmarks.data.store.cache import with_fingerprint
from benchmarks.errors import UserError
from reports.analysis.mistakes import worst
from reports.leaderboard import scores
from reports.run import Run

MOST = 10  # mistakes of a data set


def explain(run: Run, data_dir: Path | None = None) -> list[str]:
    """Write the neighbours of the worst mistakes; a line for each data set.

    Raises
    ------
    UserError : nothing has been evaluated yet; training images that are gone, or others than those of the run; a run folder that
        cannot be written.
    """
    if not os.access(run.folder, os.W_OK):
        raise UserError(
            f"{run.folder} cannot be written, and what is found is kept there: copy it, and explain the copy."
        )
    boards = {dataset: scores(run, dataset) for dataset in run.datasets}
    if all(board.empty for board in boards.values()):
        raise UserError(f"{run.folder} has no evaluated variant yet. The command that made it goes on from there.")
    return [_explained(run, name, data_dir) for name, board in boards.items() if len(board)]


def _explained(run: Run, name: str, data_dir: Path | None) -> str:
    variant = str(scores(run, name)["variant"].iloc[0])
    seed = run.evaluated(name, variant)[0]  # whose mistakes the page shows
    proba, y = run.predictions(name, variant, seed), run.test(name).y
    rows = worst(proba, y, MOST)
    if not len(rows):
        return f"{name}: {variant} makes no mistake."
    model, fit = run.model(name, variant, seed), run.fit(name, variant, seed)
    classes = np.stack([y[rows], proba[rows].argmax(1)], axis=1)
    found = neighbours.explain(
        model, str(fit["key"]), _dataset(run, name, data_dir), run.fitted_at(name), seed, rows, classes
    )
    if found is None:
        return f"{name}: {variant} has no feature space, so nothing tells which images are alike to it."
    found.write(model.parent)
    return f"{name}: {len(rows)} mistakes of {variant}, each beside the training images most like it."


def _dataset(run: Run, name: str, data_dir: Path | None) -> Dataset:
    """The data set of the run: from the cache, or by its name; of others the fingerprint differs."""
    wanted = run.passports[name]["fingerprint"]
    if found := with_fingerprint(wanted):
        return found
    if name in datasets.names():
        reading = Reading(run.info.get("groups", ""), run.info.get("background", WHITE))
        if (dataset := datasets.load(name, data_dir, reading)).fingerprint == wanted:
            return dataset
    raise UserError(
        f"The images of {name} are no longer in the cache as {run.folder} used them. The command that made the run, with "
        "--dry-run, reads them again."
    )
