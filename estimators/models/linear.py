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
from estimators.models.source import Source, embedding_of

ROUNDS = 100  # of the solver, at most


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
        source: Source | None = None,
    ) -> Linear:
        """Fit on images (n, h, w, c) and labels (n,); validation rows serve to fit the temperature alone.

        With a source the regression starts at its "coefficients" and is drawn to them rather than to zero, on its kind of
        features; or the features are its "embedding".
        """
        X, y = with_copies(X, y, self.copies, self.seed)
        if source is not None and source.way == "coefficients":
            if not isinstance(source.model, Linear):
                raise ValueError(
                    f"coefficients are those of a linear model, and the source is a {type(source.model).__name__}"
                )
            self.rows_ = features(source.model.features).fit(X)
            self.regression_ = near(source, self.rows_.transform(X), y, self.C)
        else:
            if source is not None:
                source.needs("embedding")
            self.rows_ = (features(self.features) if source is None else embedding_of(source.model)).fit(X)
            self.regression_ = LogisticRegression(C=self.C, max_iter=ROUNDS, tol=1e-3).fit(self.rows_.transform(X), y)
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


def near(source: Source, rows: NDArray[np.floating], y: NDArray[np.int64], C: float) -> LogisticRegression:
    """Multinomial logistic regression that stays near a source's coefficients W₀.

    It minimises C · Σ log-loss + ½ ‖W - W₀‖² by L-BFGS from W₀ (regularisation towards the source: Chelba & Acero 2006,
    doi:10.1016/j.csl.2005.05.005), where scikit-learn has W₀ = 0. W₀ is zero for a class that the source does not know.

    Parameters
    ----------
    rows : features (n, d) of the target's images.
    C : inverse strength of the penalty, as in scikit-learn.
    """
    from scipy.optimize import minimize

    classes, labels = np.unique(y, return_inverse=True)
    known = source.model.regression_
    coefficients, intercepts = known.coef_, known.intercept_
    if len(coefficients) == 1:  # Of two classes scikit-learn keeps the difference.
        coefficients, intercepts = (np.stack([-part[0], part[0]]) / 2 for part in (coefficients, intercepts))
    columns, data = source.columns(classes), np.asarray(rows, np.float64)
    start = np.zeros((len(classes), data.shape[1] + 1))
    start[columns >= 0] = np.column_stack([coefficients, intercepts])[columns[columns >= 0]]
    wanted = np.eye(len(classes))[labels]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        W = flat.reshape(start.shape)
        logits = data @ W[:, :-1].T + W[:, -1]
        logits -= logits.max(axis=1, keepdims=True)
        proba = np.exp(logits)
        total = proba.sum(axis=1, keepdims=True)
        log_loss = float((np.log(total[:, 0]) - (wanted * logits).sum(axis=1)).sum())
        error, off = proba / total - wanted, W[:, :-1] - start[:, :-1]
        gradient = np.column_stack([C * error.T @ data + off, C * error.sum(axis=0)])
        return C * log_loss + 0.5 * float((off**2).sum()), gradient.ravel()

    found = minimize(loss, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": ROUNDS})
    W = found.x.reshape(start.shape).astype(np.float32)
    if len(classes) == 2:
        W = W[1:] - W[:1]
    regression = LogisticRegression(C=C, max_iter=ROUNDS)
    regression.classes_, regression.coef_, regression.intercept_ = classes, W[:, :-1], W[:, -1]
    regression.n_iter_, regression.n_features_in_ = np.array([found.nit]), data.shape[1]
    regression.accelerated_ = None
    return regression
