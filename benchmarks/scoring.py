"""Scores of predicted probabilities: pure functions of labels and probabilities, for workers and reports alike.

Shapes: ``y`` int64 (n,) labels 0 … k-1; ``proba`` float (n, k) predicted probabilities.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BINS = 15  # of the calibration error; Guo et al. (2017) take as many
FLOOR = 1e-7  # about the resolution of float32


def accuracy(y: NDArray[np.int64], proba: NDArray) -> float:
    """The share of images whose most probable class is the right one."""
    return float((proba.argmax(axis=1) == y).mean())


def log_loss(y: NDArray[np.int64], proba: NDArray) -> float:
    """Mean negative log of the probability given to the true class, in nats.

    Rows are scaled to sum 1. A probability below `FLOOR` counts as `FLOOR`, so that one image cannot make the loss
    infinite.
    """
    return float(row_losses(proba, y).mean())


def macro_f1(y: NDArray[np.int64], proba: NDArray) -> float:
    """F1 averaged over the classes that occur or are predicted, each with the same weight."""
    counts = confusion(y, proba.argmax(axis=1), proba.shape[1])
    labelled, predicted = counts.sum(axis=1), counts.sum(axis=0)
    total = labelled + predicted
    return float((2 * np.diag(counts)[total > 0] / total[total > 0]).mean())


def brier(y: NDArray[np.int64], proba: NDArray) -> float:
    """Mean squared distance of the probabilities from the truth, summed over classes: 0 is perfect, 2 the worst.

    The definition for several classes of Brier (1950), *Verification of forecasts expressed in terms of probability*.
    """
    wide = np.asarray(proba, dtype=np.float64)
    return float((wide**2).sum(axis=1).mean() - 2 * wide[np.arange(len(y)), y].mean() + 1)


def calibration_error(y: NDArray[np.int64], proba: NDArray) -> float:
    """The expected calibration error: the mean distance of confidence from accuracy, over `confidence_bins`.

    Naeini, Cooper and Hauskrecht (2015), *Obtaining well calibrated probabilities using Bayesian binning*.
    """
    confidence = proba.max(axis=1).astype(np.float64)
    off = confidence - (proba.argmax(axis=1) == y)
    return float(np.abs(np.bincount(confidence_bins(confidence), weights=off)).sum() / len(y))


def confidence_bins(confidence: NDArray, bins: int = BINS) -> NDArray[np.int64]:
    """The bin of each confidence (n,): int64 (n,), ascending; bins hold about equally many images.

    Bins of equal width, as in Guo et al. (2017), would put nearly all images of a good classifier into the last one.
    With equal mass every bin says as much as any other, and the error computed from them is less biased (Nixon et al.
    2019, *Measuring calibration in deep learning*; Roelofs et al. 2022). Equal confidences stay together, so that there
    may be fewer bins.
    """
    edges = np.unique(np.quantile(confidence, np.arange(1, bins) / bins))
    return np.searchsorted(edges, confidence)


def confusion(y: NDArray[np.int64], predicted: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    """Counts by true class (row) and predicted class (column): int64 (k, k)."""
    return np.bincount(y * k + predicted, minlength=k * k).reshape(k, k)


TEMPERATURES = np.exp(np.linspace(np.log(0.2), np.log(5.0), 33))


def row_losses(proba: NDArray, y: NDArray[np.int64]) -> NDArray[np.float64]:
    """Negative log of the probability given to the true class, of each row, float64 (n,); the mean is `log_loss`."""
    wide = np.asarray(proba, dtype=np.float64)
    own = wide[np.arange(len(y)), y] / np.maximum(wide.sum(axis=1), FLOOR)
    return -np.log(np.clip(own, FLOOR, 1))


def temperature(proba: NDArray, y: NDArray[np.int64]) -> float:
    """The temperature of `TEMPERATURES` that gives the least log-loss (Guo et al. 2017, arXiv:1706.04599)."""
    logits = _logits(proba)
    losses = []
    for t in TEMPERATURES:
        z = logits / t
        losses.append(float((np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(y)), y]).mean()))
    return float(TEMPERATURES[int(np.argmin(losses))])


def tempered(proba: NDArray, temperature: float) -> NDArray[np.float64]:
    """Probabilities (n, k) at another temperature: above 1 less sure, below 1 surer."""
    z = np.exp(_logits(proba) / temperature)
    return z / z.sum(axis=1, keepdims=True)


def cross_fitted_losses(proba: NDArray, y: NDArray[np.int64]) -> NDArray[np.float64]:
    """`row_losses` after the temperature that fits the other half of the rows, float64 (n,).

    So that a setting is not preferred for how sure it happens to be: the final model has a temperature of its own.
    """
    if len(y) < 4:
        return row_losses(proba, y)
    half = np.arange(len(y)) % 2 == 0
    losses = np.empty(len(y))
    for own in (half, ~half):
        losses[own] = row_losses(tempered(proba[own], temperature(proba[~own], y[~own])), y[own])
    return losses


def _logits(proba: NDArray) -> NDArray[np.float64]:
    """Logarithms of probabilities, the highest of each row 0."""
    z = np.log(np.clip(np.asarray(proba, dtype=np.float64), FLOOR, 1))
    return z - z.max(axis=1, keepdims=True)
