"""`Linear`: multinomial logistic regression over image features."""

from __future__ import annotations

from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from estimators.features import features
from estimators.models.accelerated import LogisticRegression
from estimators.models.calibration import fit_temperature, known, log, softmax
from estimators.models.copies import with_copies
from estimators.models.describe import Description


class Linear(ClassifierMixin, BaseEstimator):
    """Features and logistic regression by L-BFGS.

    Parameters
    ----------
    C : inverse strength of the L2 penalty.
    features : name of the image features, see `estimators.features`.
    copies : shifted and turned copies of each training image, see `estimators.models.copies`.
    temperature : divides the logits, see `estimators.models.calibration`.
    seed : of the copies.

    Attributes
    ----------
    found_ : with validation rows ``{"temperature": t}``; else empty.
    """

    def __init__(
        self, C: float = 0.1, features: str = "pixels", copies: int = 0, temperature: float = 1.0, seed: int = 0
    ) -> None:
        self.C = C
        self.features = features
        self.copies = copies
        self.temperature = temperature
        self.seed = seed

    def fit(
        self,
        X: NDArray[np.uint8],
        y: NDArray[np.int64],
        validation: tuple[NDArray[np.uint8], NDArray[np.int64]] | None = None,
    ) -> Linear:
        """Fit on images (n, h, w, c) and labels (n,); validation rows serve to fit the temperature alone."""
        X, y = with_copies(X, y, self.copies, self.seed)
        self.rows_ = features(self.features).fit(X)
        self.regression_ = LogisticRegression(C=self.C, max_iter=100, tol=1e-3).fit(self.rows_.transform(X), y)
        self.classes_ = self.regression_.classes_
        self.temperature_, self.found_ = self.temperature, {}
        if validation is not None:
            images, columns = known(validation, self.classes_)
            self.temperature_ = fit_temperature(self._logits(images), columns)
            self.found_ = {"temperature": self.temperature_}
        return self

    def predict_proba(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities (n, k)."""
        return softmax(self._logits(X) / self.temperature_)

    def predict(self, X: NDArray[np.uint8]) -> NDArray[np.int64]:
        """The most probable classes (n,)."""
        return self.classes_[self._logits(X).argmax(axis=1)]

    def embed(self, X: NDArray[np.uint8]) -> NDArray[np.floating]:
        """Features (n, d)."""
        check_is_fitted(self)
        return self.rows_.transform(X)

    def describe(self) -> Description:
        """Its size is the number of coefficients and intercepts."""
        regression = self.regression_
        backend = regression.accelerated_ or f"scikit-learn {version('scikit-learn')}"
        return Description(regression.coef_.size + regression.intercept_.size, backend)

    def _logits(self, X: NDArray[np.uint8]) -> NDArray[np.floating]:
        check_is_fitted(self)
        return log(self.regression_.predict_proba(self.rows_.transform(X)))
