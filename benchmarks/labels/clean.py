"""`clean`: the training images of a data set whose labels are probably wrong, for a person to look at."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import estimators
from benchmarks import studies
from benchmarks.data import datasets
from benchmarks.data.images import Dataset, Images
from benchmarks.data.reading import PLAIN, Reading, Told, silent
from benchmarks.errors import UserError, unknown
from benchmarks.labels.errors import Suspects, precision_and_recall, suspects
from benchmarks.labels.out_of_fold import ESTIMATOR, FOLDS, out_of_fold

PLANTED = "label_noise"  # the study whose levels can be planted


@dataclass(frozen=True)
class Suspected:
    """What was found in the training labels of a data set.

    Parameters
    ----------
    dataset : whose training part was looked at; its test part was not, or it is part of that here (`whole`).
    images : the training images with the labels that were judged.
    found : the rows that are probably labelled wrongly.
    estimator, folds : what gave the probabilities, and how many models were fitted.
    agreed : the share of the labels that those models, which had not seen them, would have given too.
    seconds : that it took.
    planted : the level of label noise that was planted, or "".
    """

    dataset: Dataset
    images: Images
    found: Suspects
    estimator: str
    folds: int
    agreed: float
    seconds: float
    planted: str = ""
    tested: int = 0  # how many of the images, the last ones, are those of the test part

    @property
    def wrong(self) -> NDArray[np.bool_] | None:
        """Which labels were planted wrongly, (n,); None where none were."""
        return self.images.y != self.dataset.train.y if self.planted else None

    def frame(self) -> pd.DataFrame:
        """One row per suspect, the most suspicious first.

        ``rank`` from 1, ``row`` in the training part from 0, ``file`` where images have files, ``given`` and ``suggested``
        labels as class names with the probability of each, and of planted errors whether it is one, ``planted``, and its
        ``true`` label.
        """
        found, names = self.found, np.array(self.dataset.classes, dtype=object)
        columns: dict[str, Any] = {"rank": np.arange(1, len(found) + 1), "row": found.rows}
        if self.dataset.files is not None:
            files = self.dataset.files()[0]
            columns["file"] = [files[row] for row in found.rows]
        columns |= {"given": names[found.given], "suggested": names[found.suggested]}
        columns["probability_of_given"] = found.probability_of_given.astype(np.float64).round(4)
        columns["probability_of_suggested"] = found.probability_of_suggested.astype(np.float64).round(4)
        if self.wrong is not None:
            columns |= {"planted": self.wrong[found.rows], "true": names[self.dataset.train.y[found.rows]]}
        return pd.DataFrame(columns)

    def summary(self) -> str:
        """What was found, and in what of the data, in some lines."""
        count, n = len(self.found), len(self.images)
        told = (
            f"{count:,} of {n:,} {'' if self.tested else 'training '}labels are suspected ({100 * count / n:.2f} %), by {self.estimator} in {self.folds} folds, "
            f"{self.seconds:.0f} s. It agrees with {100 * self.agreed:.1f} % of the labels that it had not seen."
        )
        about = f"{self._about_test()} {self.dataset.note}".strip()
        if self.wrong is None:
            return f"{told}\n{about}"
        precision, recall = precision_and_recall(self.found, self.wrong)
        right = self.found.suggested == self.dataset.train.y[self.found.rows]
        planted = self.wrong[self.found.rows]
        mended = (
            f"; {100 * right[planted].mean():.1f} % of those found with the right suggestion" if planted.any() else ""
        )
        return (
            f"{told}\nPlanted {int(self.wrong.sum()):,} wrong labels ({self.planted}): precision {100 * precision:.1f} %, recall "
            f"{100 * recall:.1f} %{mended}. Errors that were there before count as false alarms.\n{about}"
        )

    def _about_test(self) -> str:
        if not self.tested:
            return f"The {len(self.dataset.test):,} test images were not looked at: --all looks at them too."
        first = len(self.images) - self.tested
        return (
            f"The {self.tested:,} test images were judged too, as rows {first:,} and on: what is mended there by this table flatters the "
            "estimator that judged."
        )


def whole(dataset: Dataset) -> Dataset:
    """The same with the images of the test part behind those of the training part."""
    train, test = dataset.train, dataset.test.open()
    groups = None
    if train.groups is not None:  # Those of test images are not kept: each stands for itself.
        groups = np.concatenate([train.groups, train.groups.max() + 1 + np.arange(len(test))])
    images = Images(np.concatenate([train.X, test.X]), np.concatenate([train.y, test.y]), groups)
    names = dataset.files

    def files() -> tuple[Sequence[str], Sequence[str]]:
        assert names is not None
        return [*names()[0], *names()[1]], ()

    return replace(dataset, train=images, files=None if names is None else files)


def clean(
    what: str,
    *,
    estimator: str = ESTIMATOR,
    folds: int = FOLDS,
    seed: int = 0,
    data_dir: Path | None = None,
    reading: Reading = PLAIN,
    plant: str = "",
    everything: bool = False,
    reads: Told = silent,
    told: Callable[[int], None] = lambda done: None,
) -> Suspected:
    """Look for wrong labels in the training part of a data set; its test part is not read, unless `everything` is looked at.

    Every training image is judged by a model that was not fitted on it, nor on any of its group.

    Parameters
    ----------
    what : name or path of a data set.
    plant : a level of the study label_noise, "symmetric-2": wrong labels that are made first, to see how many are found.
    told : is told after every fold how many are done.

    Raises
    ------
    UserError : no such data set, estimator or level; a class has too few images.
    """
    if estimator not in estimators.names() and not estimator.endswith(".py"):
        raise unknown("estimator", estimator, estimators.names())
    try:
        estimators.get(estimator)
        level = studies.get(PLANTED).condition(plant) if plant else studies.STANDARD
    except ValueError as error:
        raise UserError(str(error)) from error
    dataset = datasets.load(what, data_dir, reading, reads)
    tested = len(dataset.test) if everything else 0
    dataset = whole(dataset) if everything else dataset
    if not 2 <= folds <= len(dataset.train) // 2:
        raise UserError(
            f"--folds {folds}: give 2 or more, and at most half of the {len(dataset.train):,} training images."
        )
    images = studies.training(dataset.train, level, seed)
    began = time.perf_counter()
    proba = out_of_fold(images, estimator, folds, seed, told)
    found, agreed = suspects(proba, images.y), float((proba.argmax(axis=1) == images.y).mean())
    return Suspected(dataset, images, found, estimator, folds, agreed, time.perf_counter() - began, plant, tested)
