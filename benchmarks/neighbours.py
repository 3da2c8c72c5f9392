"""`neighbours`: for some test images the nearest training images of two classes, in the feature space of a fitted model.

A reader who sees what a model found alike sees whether the model or the label is wrong. It is done after everything was chosen
and tested, by `crossover explain`: no job does it, and no result depends on it.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import studies
from benchmarks.data.formats.npz import read_all
from benchmarks.data.images import Dataset, Images
from benchmarks.errors import UserError
from benchmarks.layout import NEIGHBOURS
from benchmarks.safety import regular
from benchmarks.studies.study import Condition
from estimators.models.feature_space import Embed, feature_space

NEAREST = 3  # of a class
AT_ONCE = 2_048  # images whose features are computed at a time


@dataclass(frozen=True)
class Neighbours:
    """The nearest training images of some test images, as they lie in the folder of a cell.

    Parameters
    ----------
    fit_key : of the fit whose feature space it is.
    rows : int64 (m,), row numbers of the test images.
    classes : int64 (m, 2), the two classes that were looked in: of a mistake the true and the predicted one.
    places : int64 (m, 2, c), row numbers of the training images, the nearest first; -1 where a class has fewer.
    distances : float32 (m, 2, c), Euclidean; NaN where there is none.
    images : uint8 (m, 2, c, h, w, channels), the training images; black where there is none.
    """

    fit_key: str
    rows: NDArray[np.int64]
    classes: NDArray[np.int64]
    places: NDArray[np.int64]
    distances: NDArray[np.float32]
    images: NDArray[np.uint8]

    def write(self, folder: Path) -> None:
        """Into the folder of a cell, whole or not at all.

        Raises
        ------
        UserError : it cannot be written.
        """
        packed = io.BytesIO()
        np.savez_compressed(packed, **vars(self))
        regular.write(folder / NEIGHBOURS, packed.getvalue())

    @classmethod
    def read(cls, folder: Path) -> Neighbours:
        """Those in the folder of a cell.

        Raises
        ------
        UserError : the file is damaged.
        """
        path = folder / NEIGHBOURS
        try:
            arrays = read_all(path)
            return cls(str(arrays.pop("fit_key")), **arrays)
        except Exception as error:  # zipfile, zlib and NumPy each have their own
            raise UserError(f"{path} is damaged ({error}). Delete it, and run crossover explain again.") from error


def neighbours(
    embed: Embed,
    fit_key: str,
    train: Images,
    X: NDArray[np.uint8],
    rows: NDArray[np.int64],
    classes: NDArray[np.int64],
    count: int = NEAREST,
) -> Neighbours:
    """The nearest training images.

    Parameters
    ----------
    embed : from images to rows of numbers, see `estimators.models.feature_space`.
    train : the training images, with the labels that the model was fitted on.
    X : uint8 (m, h, w, c), the test images as the model was shown them.
    rows : their row numbers.
    classes : (m, 2), where to look.
    """
    places = np.full((*classes.shape, count), -1, np.int64)
    distances = np.full(places.shape, np.nan, np.float32)
    here = _embedded(embed, X) if len(X) else np.empty((0, 1))
    for label in np.unique(classes):
        members = np.flatnonzero(train.y == label)
        if not len(members):
            continue
        there = np.concatenate(
            [_embedded(embed, train.X[members[start : start + AT_ONCE]]) for start in range(0, len(members), AT_ONCE)]
        )
        for i, side in np.argwhere(classes == label):
            squares = np.square(there - here[i]).sum(axis=1)
            nearest = np.argsort(squares, kind="stable")[:count]
            places[i, side, : len(nearest)] = members[nearest]
            distances[i, side, : len(nearest)] = np.sqrt(squares[nearest])
    images = np.zeros((*places.shape, *train.X.shape[1:]), np.uint8)
    images[places >= 0] = train.X[places[places >= 0]]
    return Neighbours(fit_key, rows, classes, places, distances, images)


def explain(
    model_folder: Path,
    fit_key: str,
    dataset: Dataset,
    condition: Condition,
    seed: int,
    rows: NDArray[np.int64],
    classes: NDArray[np.int64],
) -> Neighbours | None:
    """The training images nearest to some test images, as a saved model sees both; None if it has no feature space.

    Parameters
    ----------
    condition, seed : under which it was fitted: training images have the labels that it was taught.
    rows, classes : as in `neighbours`.

    Raises
    ------
    UserError : there is no model.
    """
    from estimators.models.saving import load

    try:
        embed = feature_space(load(model_folder))
    except ValueError as error:
        raise UserError(f"{model_folder} holds no model: {error}") from error
    if embed is None:
        return None
    train = studies.training(dataset.train, condition, seed)
    shown = studies.shown(np.asarray(dataset.test.images()), condition, seed)[rows]
    return neighbours(embed, fit_key, train, shown, rows, classes)


def _embedded(embed: Embed, X: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.asarray(embed(np.ascontiguousarray(X)), np.float32).reshape(len(X), -1)
