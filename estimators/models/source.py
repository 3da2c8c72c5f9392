"""`Source`: a model that learned something else before, and what a fit is to take from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from estimators.models.calibration import log


@dataclass(frozen=True)
class Source:
    """A fitted model that another one starts from.

    Parameters
    ----------
    model : fitted on the source's training images, which have the target's shape.
    labels : the target's label of each column of its probabilities; -1 for a class that the target does not have.
    way : what is taken from it, as `estimators.estimator.Estimator.transfer` has it.
    """

    model: Any
    labels: tuple[int, ...]
    way: str

    def columns(self, classes: NDArray[np.integer]) -> NDArray[np.intp]:
        """The column of the model for each of the target's labels `classes`; -1 where it knows no such class."""
        places = {label: column for column, label in enumerate(self.labels) if label >= 0}
        return np.array([places.get(int(label), -1) for label in classes], np.intp)

    def logits(self, X: NDArray[np.uint8], classes: NDArray[np.integer]) -> NDArray[np.float32]:
        """Logarithms of the model's probabilities, float32 (n, k) in the order of `classes`; of a class that it does not know, as
        if all that it knows were equally probable.
        """
        columns, proba = self.columns(classes), self.model.predict_proba(X)
        found = np.full((len(X), len(classes)), 1 / proba.shape[1], np.float32)
        found[:, columns >= 0] = proba[:, columns[columns >= 0]]
        return log(found).astype(np.float32)

    def needs(self, *ways: str) -> None:
        """Refuse what a model cannot take.

        Raises
        ------
        ValueError : none of `ways` is asked for.
        """
        if self.way not in ways:
            raise ValueError(f"a source gives {' or '.join(ways)} here, asked for is {self.way}")


def embedding_of(model: Any) -> Any:
    """What a trained network computes before its last layer, as image features.

    Raises
    ------
    ValueError : the model is no network.
    """
    if not hasattr(model, "embedding"):
        raise ValueError(f"an embedding is computed by a network, and the source is a {type(model).__name__}")
    return model.embedding()
