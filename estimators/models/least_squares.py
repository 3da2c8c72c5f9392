"""`LeastSquares`: ridge regression on the classes over learned patches."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from estimators.features.patches import Patches
from estimators.models.calibration import fit_temperature, known, log, softmax
from estimators.models.copies import with_copies
from estimators.models.describe import Description

PENALTIES = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)  # that are tried where there are validation rows
BATCH = 2_000  # images whose features are in memory at a time
LEAST = 1e-4  # spread of a feature that tells something


class LeastSquares(ClassifierMixin, BaseEstimator):
    """Learned patches, and least squares on one column of zeros and ones for each class, with a penalty.

    The features of all images are never in memory together: their products are summed batch by batch, and one
    such sum serves every penalty.

    Parameters
    ----------
    filters, side : of the dictionary, see `estimators.features.patches.Patches`.
    penalty : on the squared coefficients of standardised features, for each training row.
    copies : shifted and turned copies of each training image, see `estimators.models.copies`.
    temperature : divides the scores before the softmax, see `estimators.models.calibration`.
    seed : of dictionary and copies.

    Attributes
    ----------
    found_ : with validation rows ``{"penalty": p, "temperature": t}``, those with the least log-loss there; else empty.
    start_seconds_ : seconds of the fit that hardly depend on the number of rows: the dictionary, and what each penalty takes.
    """

    def __init__(
        self,
        filters: int = 200,
        side: int = 6,
        penalty: float = 0.01,
        copies: int = 0,
        temperature: float = 0.1,
        seed: int = 0,
    ) -> None:
        self.filters = filters
        self.side = side
        self.penalty = penalty
        self.copies = copies
        self.temperature = temperature
        self.seed = seed

    def fit(
        self,
        X: NDArray[np.uint8],
        y: NDArray[np.int64],
        validation: tuple[NDArray[np.uint8], NDArray[np.int64]] | None = None,
    ) -> LeastSquares:
        """Fit on images (n, h, w, c) and labels (n,); validation rows serve to choose penalty and temperature."""
        X, y = with_copies(X, y, self.copies, self.seed)
        self.classes_, columns = np.unique(y, return_inverse=True)
        began = time.perf_counter()
        self.rows_ = Patches(self.filters, self.side, seed=self.seed).fit(X)
        learned = time.perf_counter()
        sums = _Sums.of(self.rows_, X, np.eye(len(self.classes_), dtype=np.float32)[columns])
        summed = time.perf_counter()
        self._solve(sums, validation)
        self.start_seconds_ = time.perf_counter() - began - (summed - learned)
        return self

    def _solve(self, sums: _Sums, validation: tuple[NDArray[np.uint8], NDArray[np.int64]] | None) -> None:
        self.temperature_, self.found_ = self.temperature, {}
        if validation is None:
            self.coef_, self.intercept_ = sums.solved(self.penalty)
            return
        images, truth = known(validation, self.classes_)
        rows, best = self.rows_.transform(images), np.inf
        for penalty in PENALTIES:
            coef, intercept = sums.solved(penalty)
            scores = rows @ coef + intercept
            temperature = fit_temperature(scores, truth)
            proba = softmax(scores / temperature)[np.arange(len(truth)), truth]
            loss = -float(log(proba).mean()) if len(truth) else 0.0
            if loss < best:
                best, self.coef_, self.intercept_ = loss, coef, intercept
                self.temperature_, self.found_ = temperature, {"penalty": penalty, "temperature": temperature}

    def predict_proba(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities (n, k)."""
        return softmax(self._scores(X) / self.temperature_)

    def predict(self, X: NDArray[np.uint8]) -> NDArray[np.int64]:
        """The most probable classes (n,)."""
        return self.classes_[self._scores(X).argmax(axis=1)]

    def embed(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The features that it decides on, (n, d)."""
        return self.rows_.transform(X)

    def describe(self) -> Description:
        """Its size is that of dictionary, coefficients and intercepts."""
        import scipy

        return Description(
            self.rows_.dictionary_.size + self.coef_.size + self.intercept_.size, f"SciPy {scipy.__version__}"
        )

    def _scores(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:
        check_is_fitted(self)
        parts = [self.rows_.transform(X[i : i + BATCH]) @ self.coef_ for i in range(0, len(X), BATCH)]
        return np.concatenate(parts) + self.intercept_


@dataclass(frozen=True)
class _Sums:
    """What least squares needs of the rows: products of standardised features with each other and with the targets.

    Parameters
    ----------
    gram, cross : (d, d), (d, k).
    mean, spread : of the features, (d,); the spread of one that is the same everywhere is infinite.
    prior : share of each class, (k,).
    rows : how many there are.
    """

    gram: NDArray[np.float64]
    cross: NDArray[np.float64]
    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    prior: NDArray[np.float64]
    rows: int

    @classmethod
    def of(cls, features: Patches, X: NDArray[np.uint8], targets: NDArray[np.float32]) -> _Sums:
        """Sums over the features of the images, in double precision."""
        first = features.transform(X[:BATCH])
        centre = first.mean(axis=0)  # Sums of squares about a point near the mean lose no digits.
        length = len(centre)
        total, gram = np.zeros(length), np.zeros((length, length))
        cross = np.zeros((length, targets.shape[1]))
        for start in range(0, len(X), BATCH):
            rows = (features.transform(X[start : start + BATCH]) if start else first) - centre
            total += rows.sum(axis=0, dtype=np.float64)
            gram += rows.T @ rows
            cross += rows.T @ targets[start : start + BATCH]
        n, prior = len(X), targets.mean(axis=0, dtype=np.float64)
        gram -= np.outer(total, total) / n
        cross -= np.outer(total, prior)
        spread = np.sqrt(np.maximum(np.diag(gram), 0) / n)
        spread = np.where(spread > LEAST, spread, np.inf)  # A feature that is the same everywhere has no say.
        gram /= np.outer(spread, spread)
        return cls(gram, cross / spread[:, None], centre + total / n, spread, prior, n)

    def solved(self, penalty: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Coefficients (d, k) and intercepts (k,) for features as they are."""
        factor, added = None, max(penalty, 1e-9) * self.rows
        while factor is None:
            regular = self.gram.copy()
            regular.flat[:: len(regular) + 1] += added
            try:
                factor = cho_factor(regular, overwrite_a=True, check_finite=False)
            except LinAlgError:  # Of fewer rows than features, rounding leaves it singular under a small penalty.
                added *= 10
        weights = cho_solve(factor, self.cross, check_finite=False)
        coef = weights / self.spread[:, None]
        return coef.astype(np.float32), (self.prior - self.mean @ coef).astype(np.float32)
