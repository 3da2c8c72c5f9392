"""`KerasFile`: a network that somebody else trained, in a ``.keras`` file, as a classifier of images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from estimators.models.calibration import softmax
from estimators.models.keras_archive import read_network

SUFFIX = ".keras"
AT_ONCE = 500


class KerasFile:
    """Any Keras network from images of one size to one value per class.

    It is given grey levels as its file says: 0 to 255 where it takes whole numbers or has a layer ``Rescaling`` of its own, else
    0 to 1. Answers that are no probabilities are taken for logits.

    Raises
    ------
    ValueError : it cannot be read, or takes no images.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._model: Any = read_network(path)
        except Exception as error:  # Keras has many for a damaged file.
            raise ValueError(f"{type(error).__name__}: {error}".splitlines()[0]) from error
        given, answer = self._model.input_shape, self._model.output_shape
        fixed = not isinstance(given, list) and None not in given[1:]
        if not fixed or not (len(given) == 3 or (len(given) == 4 and given[3] in (1, 3))):
            raise ValueError(f"it takes {given}, and a model of images takes (n, h, w, 1 or 3) or (n, h, w)")
        if isinstance(answer, list) or len(answer) != 2 or (answer[1] or 0) < 2:
            raise ValueError(f"it answers {answer}, and a classifier answers (n, k) with two classes or more")
        self._channels = len(given) == 4
        self.image_shape = (*given[1:3], given[3] if self._channels else 1)
        self.classes_ = np.arange(answer[1])
        whole = "int" in str(self._model.inputs[0].dtype)
        self._scale = 1.0 if whole or _rescales(self._model) else 1 / 255
        self._dtype = str(self._model.inputs[0].dtype)

    def predict_proba(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities, float32 (n, k), of uint8 images (n, h, w, c)."""
        parts = [self._answers(X[start : start + AT_ONCE]) for start in range(0, len(X), AT_ONCE)]
        return np.concatenate([np.empty((0, len(self.classes_)), np.float32), *parts])

    def _answers(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:
        X = X if self._channels else X[..., 0]
        given = X.astype(self._dtype) if self._scale == 1 else (X * np.float32(self._scale)).astype(self._dtype)
        answers = np.asarray(self._model(given, training=False), np.float32)
        shares = (answers >= 0).all() and np.allclose(answers.sum(1), 1, atol=1e-3)
        return answers if shares else softmax(answers).astype(np.float32)


def _rescales(model: Any) -> bool:
    """Whether a network scales grey levels by a layer of its own, perhaps one of a network within."""
    layers = getattr(model, "layers", ())
    return any(type(layer).__name__ == "Rescaling" or _rescales(layer) for layer in layers)
