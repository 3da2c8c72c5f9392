"""`SupportVectors`: a fitted support vector machine with an RBF kernel, one against one, as plain arrays."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import svm

from estimators.models.accelerated import TOLERANCE, evenly, fit_twin

BATCH = 1024  # rows whose kernel values are in memory at a time


@dataclass(frozen=True)
class SupportVectors:
    """What a support vector machine with k classes learned, in the layout of scikit-learn's public attributes.

    Parameters
    ----------
    vectors : float32 (s, d), the support vectors, class by class.
    counts : int64 (k,), support vectors of each class.
    dual_coef : float32 (k - 1, s). A support vector of class i has one coefficient per opponent j, in row j - 1 if j
        comes after i, else in row j. Positive for the class with the lower index.
    intercept : float32 (k * (k - 1) / 2,), one per pair of classes: (0, 1), (0, 2), … (1, 2), …
    gamma : of the kernel exp(-gamma * distance²).
    accelerated : name and version of the accelerator that fitted it; None for plain scikit-learn.
    """

    vectors: NDArray[np.float32]
    counts: NDArray[np.int64]
    dual_coef: NDArray[np.float32]
    intercept: NDArray[np.float32]
    gamma: float
    accelerated: str | None = None

    def margins(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """One-vs-one margins (n, k * (k - 1) / 2), positive for the first class of the pair.

        What ``sklearn.svm.SVC.decision_function`` of shape "ovo" gives (with the other sign where k is 2), as matrix
        products: many times faster than libsvm, which computes kernel values one by one.
        """
        ends = np.cumsum(self.counts)
        members = [slice(end - count, end) for end, count in zip(ends, self.counts, strict=True)]
        squares = np.einsum("sd,sd->s", self.vectors, self.vectors)
        out = np.empty((len(rows), len(self.intercept)), np.float32)
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            kernel = batch @ self.vectors.T
            kernel *= 2
            kernel -= squares
            kernel -= np.einsum("nd,nd->n", batch, batch)[:, None]
            np.minimum(kernel, 0, out=kernel)
            kernel *= np.float32(self.gamma)
            np.exp(kernel, out=kernel)
            votes = [kernel[:, own] @ self.dual_coef[:, own].T for own in members]
            for pair, (i, j) in enumerate(self._pairs()):
                out[start : start + BATCH, pair] = votes[i][:, j - 1] + votes[j][:, i] + self.intercept[pair]
        return out

    def margin_error(self, C: float) -> float:
        """How far some support vectors with a coefficient inside (0, C) are off the edge of their margin.

        That is where they must lie: at 1 for the first class of a pair, at -1 for the second.
        """
        sample = evenly(np.arange(len(self.vectors)))
        label = np.repeat(np.arange(len(self.counts)), self.counts)[sample]
        margins = self.margins(self.vectors[sample])
        worst = 0.0
        for pair, (i, j) in enumerate(self._pairs()):
            for own, row, edge in ((label == i, j - 1, 1.0), (label == j, i, -1.0)):
                size = np.abs(self.dual_coef[row, sample[own]])
                free = (size > 1e-3 * C) & (size < (1 - 1e-3) * C)
                worst = max(worst, float(np.abs(margins[own, pair][free] - edge).max(initial=0)))
        return worst

    def _pairs(self) -> list[tuple[int, int]]:
        return [(i, j) for i in range(len(self.counts)) for j in range(i + 1, len(self.counts))]


def fit_support_vectors(rows: NDArray[np.float32], y: NDArray, *, C: float, gamma: float) -> SupportVectors:
    """Fit by scikit-learn-intelex where it is installed and its margins hold, else by scikit-learn.

    Its own predictions are not asked: they are wrong for some pairs of classes (seen with version 2026.2.0 on an AMD
    processor: 3 pairs of 45, by up to 2, in half the rows). What it fitted is right.
    """
    rows = np.ascontiguousarray(rows, dtype=np.float32)
    params = {"C": C, "gamma": gamma, "cache_size": 500}
    twin, accelerated = fit_twin(svm.SVC, params, rows, y)
    if twin is not None:
        fitted = _taken_over(twin, y, gamma, accelerated)
        error = fitted.margin_error(C)
        if error < TOLERANCE:
            return fitted
        warnings.warn(
            f"SVC: what scikit-learn-intelex fitted is off by {error:.2g} (allowed: {TOLERANCE}); fitting again without it.",
            RuntimeWarning,
            stacklevel=2,
        )
    return _taken_over(svm.SVC(**params).fit(rows, y), y, gamma, None)


def _taken_over(machine: Any, y: NDArray, gamma: float, accelerated: str | None) -> SupportVectors:
    """The public fitted attributes of a ``SVC`` of scikit-learn or of its accelerator, fitted on the labels `y`."""
    # Class by class: the accelerator leaves them in the order of the rows where there are two classes.
    order = np.argsort(y[machine.support_], kind="stable")
    # Where there are two classes, scikit-learn turns the sign, to be positive for the second one.
    sign = np.float32(-1 if len(machine.classes_) == 2 else 1)
    return SupportVectors(
        np.ascontiguousarray(machine.support_vectors_[order], np.float32),
        np.asarray(machine.n_support_, np.int64),
        sign * np.asarray(machine.dual_coef_, np.float32)[:, order],
        sign * np.asarray(machine.intercept_, np.float32).ravel(),
        gamma,
        accelerated,
    )
