"""Temperature scaling: one number that makes a classifier's probabilities honest (Guo et al. 2017, arXiv:1706.04599)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEAST = 1e-30  # probabilities below count as this much, so that their logarithm is a number


def softmax(logits: NDArray[np.floating]) -> NDArray[np.float32]:
    """Row-wise softmax of (n, k), float32."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (shifted / shifted.sum(axis=1, keepdims=True)).astype(np.float32)


def log(proba: NDArray[np.floating]) -> NDArray[np.floating]:
    """Logarithms of probabilities, which are logits of them."""
    return np.log(np.maximum(proba, LEAST))


def known(
    rows: tuple[NDArray[np.uint8], NDArray[np.integer]], classes: NDArray[np.integer]
) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    """Images and columns of labels of the rows whose class a model knows.

    Parameters
    ----------
    rows : images and labels, of which some may be of a class that was not among the rows of a fit.
    classes : labels by column, sorted.
    """
    there = np.isin(rows[1], classes)
    return rows[0][there], np.searchsorted(classes, rows[1][there])


def fit_temperature(logits: NDArray[np.floating], y: NDArray[np.integer]) -> float:
    """The temperature in [0.01, 100] that minimises the log-loss of ``softmax(logits / temperature)``.

    Parameters
    ----------
    logits : (n, k).
    y : column index of each row's label, (n,).

    Notes
    -----
    One row more counts as labelled at random, as in Platt (1999): where a few rows are all labelled rightly, the likelihood
    alone would be sure of everything.
    """
    from scipy.optimize import minimize_scalar

    logits = logits.astype(np.float64)
    rows, doubt = np.arange(len(y)), 1 / (len(y) + 2)

    def loss(log_temperature: float) -> float:
        z = logits / np.exp(log_temperature)
        z -= z.max(axis=1, keepdims=True)
        true, any_class = z[rows, y], z.mean(axis=1)
        return float(np.mean(np.log(np.exp(z).sum(axis=1)) - (1 - doubt) * true - doubt * any_class))

    bounds = (np.log(0.01), np.log(100))
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))
