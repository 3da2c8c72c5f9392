"""The worst mistakes: images that a model got wrong with the most confidence."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def worst(proba: NDArray[np.floating], y: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Row numbers of at most `count` mistakes, the most confident first; of probabilities (n, k) and labels (n,)."""
    guess = proba.argmax(1)
    wrong = np.flatnonzero(guess != y)
    confidence = proba[wrong, guess[wrong]]
    return wrong[np.argsort(-confidence, kind="stable")][:count]
