"""Wrong labels, found: which rows are probably labelled wrongly, and as what, by a model that was not fitted on them.

Confident learning (Northcutt, Jiang and Chuang 2021, *Confident Learning: Estimating Uncertainty in Dataset Labels*,
arXiv:1911.00068). A row is confidently of a class that is at least as probable as it is, on average, for the rows labelled so;
counting such rows by the label that they have tells how many labels of each kind are wrong, whatever the model's confidence. So
many rows of each kind are then suspects, those first whose own label is least probable beside the other ("prune by noise rate").
Not in the paper: 95 % is confident at any rate, since a model that is sure of everything has averages that half of the rows miss.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]
FEWEST = 2  # rows of a class
ROUNDING = 1e-6  # of a mean of equal probabilities
CONFIDENT = 0.95  # whatever the mean


@dataclass(frozen=True)
class Suspects:
    """Rows whose label is probably wrong, the most suspicious first.

    Parameters
    ----------
    rows : int64 (m,), row numbers.
    given : int64 (m,), their labels.
    suggested : int64 (m,), the most probable label of each.
    probability_of_given, probability_of_suggested : float (m,), of both labels.
    """

    rows: NDArray[np.int64]
    given: Labels
    suggested: Labels
    probability_of_given: NDArray[np.floating]
    probability_of_suggested: NDArray[np.floating]

    def __len__(self) -> int:
        return len(self.rows)


def suspects(proba: NDArray[np.floating], y: Labels) -> Suspects:
    """The rows that are probably labelled wrongly.

    Parameters
    ----------
    proba : (n, k), the probabilities of each row by a model that was not fitted on it.
    y : (n,), the labels given.
    """
    _check(proba, y)
    n, k = proba.shape
    own = proba[np.arange(n), y]
    wrong = joint(proba, y)
    chosen = np.zeros(n, bool)
    for given in range(k):
        rows = np.flatnonzero(y == given)
        for other in range(k):
            count = round(wrong[given, other]) if other != given else 0
            margins = proba[rows, other] - own[rows]
            chosen[rows[np.argsort(-margins, kind="stable")[:count]]] = True
    best = proba.argmax(axis=1)
    found = np.flatnonzero(chosen & (best != y))
    found = found[np.argsort(own[found] - proba[found, best[found]], kind="stable")]
    return Suspects(found, y[found], best[found], own[found], proba[found, best[found]])


def joint(proba: NDArray[np.floating], y: Labels) -> NDArray[np.float64]:
    """How many rows of the label of a row are of the class of the column, estimated: (k, k), its rows add up to those of `y`.

    The confident joint, calibrated. Takes what `suspects` takes.
    """
    _check(proba, y)
    k = proba.shape[1]
    least = np.array([min(CONFIDENT, proba[y == c, c].mean()) if (y == c).any() else np.inf for c in range(k)])
    sure = np.where(proba >= least - ROUNDING, proba, -1.0)
    some = sure.max(axis=1) >= 0
    counts = np.bincount(y[some] * k + sure[some].argmax(axis=1), minlength=k * k).reshape(k, k).astype(np.float64)
    # Where nobody is sure of a class, its labels are taken for right.
    np.fill_diagonal(counts, np.maximum(np.diag(counts), 1))
    return counts / counts.sum(axis=1, keepdims=True) * np.bincount(y, minlength=k)[:, None]


def without(y: Labels, found: Suspects) -> NDArray[np.int64]:
    """The rows that are left if suspects are removed, sorted; of each class the two that are least suspicious stay at any rate."""
    return np.setdiff1d(np.arange(len(y)), found.rows[_spared(y, found)])


def relabelled(y: Labels, found: Suspects) -> Labels:
    """The labels with those suggested in the place of the suspects'; each class keeps the two that are least suspicious."""
    some, changed = _spared(y, found), y.copy()
    changed[found.rows[some]] = found.suggested[some]
    return changed


def precision_and_recall(found: Suspects, wrong: NDArray[np.bool_]) -> tuple[float, float]:
    """The share of the suspects that are wrong, and the share of what is `wrong` (n,) that is found; 1 where there is none."""
    hits = int(wrong[found.rows].sum())
    return (hits / len(found) if len(found) else 1.0), (hits / int(wrong.sum()) if wrong.any() else 1.0)


def _spared(y: Labels, found: Suspects) -> NDArray[np.bool_]:
    """Which suspects may go, (m,): no class may lose all its rows, nor can a single one be divided into fit and validation."""
    may = np.ones(len(found), bool)
    for c, rows in enumerate(np.bincount(y)):
        of_class = np.flatnonzero(found.given == c)
        staying = max(0, FEWEST - (rows - len(of_class)))
        may[of_class[max(0, len(of_class) - staying) :]] = False
    return may


def _check(proba: NDArray, y: NDArray) -> None:
    if proba.ndim != 2 or y.shape != (len(proba),) or not np.isfinite(proba).all():
        raise ValueError(f"probabilities are finite, (n, k), and labels (n,), given {proba.shape} and {y.shape}")
    if len(y) and not 0 <= y.min() <= y.max() < proba.shape[1]:
        raise ValueError(f"labels are columns of the probabilities, 0 to {proba.shape[1] - 1}")
