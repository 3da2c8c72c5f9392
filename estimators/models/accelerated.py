"""Scikit-learn's models, fitted by scikit-learn-intelex where that is installed.

The classes here are plain scikit-learn in all but ``fit``: the accelerator fits a twin, whose fitted attributes
are taken over. So what is kept, cloned, sent to other processes and saved is never one of the accelerator's own
objects, and a model predicts the same on a machine without it. Each fit is checked on a few rows; where it does
not hold, the plain ``fit`` is run, with a warning. ``accelerated_`` tells which of the two it was.

``CROSSOVER_NO_INTELEX=1`` turns the accelerator off.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import logging
import os
import warnings
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import decomposition, linear_model, svm
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning

from estimators.models.threads import threads

CHECKED = 64  # rows on which a fit is checked
TOLERANCE = 0.02  # the accelerator computes in single precision
BATCH = 1024  # rows whose kernel values are in memory at a time


def accelerator() -> str | None:
    """Name and version of the accelerator in use, such as "scikit-learn-intelex 2026.2.0"; None without one."""
    if os.environ.get("CROSSOVER_NO_INTELEX", "0") not in ("", "0"):
        return None
    try:
        return f"scikit-learn-intelex {importlib.metadata.version('scikit-learn-intelex')}"
    except importlib.metadata.PackageNotFoundError:
        return None


class _Accelerated:
    """Mixed into a class of scikit-learn: ``fit`` by the class of the same name in the accelerator."""

    def fit(self, X: NDArray, y: Any = None) -> Any:
        """Fit on rows ``X`` float32 (n, d) and labels ``y`` (n,)."""
        assert isinstance(self, BaseEstimator)
        X = np.ascontiguousarray(X, dtype=np.float32)
        self.accelerated_ = None
        name = accelerator()
        if name is None or not self._adopt_twin(X, y):
            super().fit(X, y)  # type: ignore[misc]
        else:
            self.accelerated_ = name
        return self

    def _adopt_twin(self, X: NDArray, y: Any) -> bool:
        """Take over what the accelerator fitted; False where it will not or cannot be trusted."""
        plain = next(base for base in type(self).__mro__ if base.__module__.startswith("sklearn."))
        package = plain.__module__.split(".")[1]
        twin_class = getattr(importlib.import_module(f"sklearnex.{package}"), plain.__name__)
        params = self.get_params() | {"n_jobs": threads()}  # type: ignore[attr-defined]
        with _listening() as messages:
            twin = twin_class(**params).fit(X, y)
        if any("fallback" in message for message in messages):  # the accelerator does not say so by itself
            return False
        for attribute, value in self._fitted(twin).items():
            setattr(self, attribute, value)
        gap = self._gap(twin, X)
        if not gap < TOLERANCE:
            warnings.warn(
                f"{plain.__name__}: what scikit-learn-intelex fitted is off by {gap:.2g} (allowed: {TOLERANCE}); "
                "fitting again without it.",
                RuntimeWarning,
                stacklevel=3,
            )
            return False
        return True

    def _fitted(self, twin: Any) -> dict[str, Any]:
        """The fitted attributes of plain scikit-learn, by name."""
        raise NotImplementedError

    def _gap(self, twin: Any, X: NDArray) -> float:
        """How far the twins' outputs are apart, as a multiple of their spread."""
        rows = _sample(X)
        theirs, ours = self._outputs(twin, rows), self._outputs(self, rows)
        return float(np.abs(theirs - ours).max() / max(float(np.std(theirs)), 1e-6))

    def _outputs(self, model: Any, rows: NDArray) -> NDArray:
        return np.asarray(model.decision_function(rows))


class LogisticRegression(_Accelerated, linear_model.LogisticRegression):
    """``sklearn.linear_model.LogisticRegression``, accelerated; `max_iter` is a limit that may be reached in silence."""

    def fit(self, X: NDArray, y: Any = None) -> Any:
        """Fit on rows ``X`` float32 (n, d) and labels ``y`` (n,)."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return super().fit(X, y)

    def _fitted(self, twin: Any) -> dict[str, Any]:
        names = ("classes_", "coef_", "intercept_", "n_iter_", "n_features_in_")
        return {name: getattr(twin, name) for name in names}


class PCA(_Accelerated, decomposition.PCA):
    """``sklearn.decomposition.PCA``, accelerated."""

    def fit_transform(self, X: NDArray, y: Any = None) -> NDArray:
        """Fit, then transform the same rows."""
        return self.fit(X).transform(X)

    def _fitted(self, twin: Any) -> dict[str, Any]:
        names = (
            "components_", "explained_variance_", "explained_variance_ratio_", "singular_values_", "mean_",
            "noise_variance_", "n_components_", "n_samples_", "n_features_in_",
        )  # fmt: skip
        return {name: getattr(twin, name) for name in names}

    def _outputs(self, model: Any, rows: NDArray) -> NDArray:
        return np.asarray(model.transform(rows))


class SVC(_Accelerated, svm.SVC):
    """``sklearn.svm.SVC``, accelerated."""

    def _fitted(self, twin: Any) -> dict[str, Any]:
        public = ("classes_", "class_weight_", "support_", "n_features_in_", "shape_fit_", "fit_status_", "n_iter_")
        fitted = {name: getattr(twin, name) for name in public}
        fitted["support_"] = fitted["support_"].astype(np.int32)
        for name in ("support_vectors_", "dual_coef_", "intercept_"):  # libsvm wants double precision
            fitted[name] = np.ascontiguousarray(getattr(twin, name), dtype=np.float64)
        # What libsvm calls dual coefficients and intercept has the other sign where there are two classes.
        sign = -1.0 if len(fitted["classes_"]) == 2 else 1.0
        return fitted | {
            "_dual_coef_": sign * fitted["dual_coef_"],
            "_intercept_": sign * fitted["intercept_"],
            "_n_support": twin._n_support.astype(np.int32),
            "_gamma": float(twin._gamma),
            "_sparse": False,
            "_probA": np.empty(0),
            "_probB": np.empty(0),
            "_num_iter": fitted["n_iter_"],
            "_effective_probability": False,
        }

    def _gap(self, twin: Any, X: NDArray) -> float:
        """How far support vectors that are free to move are off the edge of their margin, where they must lie.

        Not a comparison with the twin's own predictions: those are wrong for some pairs of classes (seen with
        version 2026.2.0 on an AMD processor: 3 pairs of 45, by up to 2, in half the rows); what it fitted is right.
        """
        del twin, X
        weights = _sample(self.pairs()[0])
        duels = self.duels(_sample(self.support_vectors_.astype(np.float32)))
        free = (np.abs(weights) > 1e-3 * self.C) & (np.abs(weights) < (1 - 1e-3) * self.C)
        return float(np.abs(duels - np.sign(weights))[free].max(initial=0))

    def duels(self, data: NDArray[np.float32]) -> NDArray[np.float32]:
        """Margins of all pairs of classes, (n, k*(k-1)/2), positive for the first of the pair.

        What ``decision_function`` of shape "ovo" gives, for an RBF kernel and as matrix products: many times faster
        than libsvm, which computes kernel values one by one.
        """
        vectors = self.support_vectors_.astype(np.float32)
        lengths = np.einsum("sd,sd->s", vectors, vectors)
        weights, offsets = self.pairs()
        duels = np.empty((len(data), len(offsets)), np.float32)
        for start in range(0, len(data), BATCH):
            batch = data[start : start + BATCH]
            kernel = batch @ vectors.T
            kernel *= 2
            kernel -= lengths
            kernel -= np.einsum("nd,nd->n", batch, batch)[:, None]
            np.minimum(kernel, 0, out=kernel)
            kernel *= np.float32(self._gamma)
            np.exp(kernel, out=kernel)
            duels[start : start + BATCH] = kernel @ weights + offsets
        return duels

    def pairs(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Weights (support vectors, pairs) and offsets (pairs,) of the duels, from libsvm's compact layout.

        A support vector of class i has one coefficient per opponent j, in row j - 1 if j comes after i, else row j.
        """
        classes = len(self.classes_)
        # Where there are two classes, scikit-learn turns the sign, to be positive for the second one.
        sign = -1.0 if classes == 2 else 1.0
        ends = np.cumsum(self.n_support_)
        own = [slice(end - size, end) for end, size in zip(ends, self.n_support_, strict=True)]
        first, second = np.triu_indices(classes, 1)
        weights = np.zeros((ends[-1], len(first)), np.float32)
        for pair, (i, j) in enumerate(zip(first, second, strict=True)):
            weights[own[i], pair] = sign * self.dual_coef_[j - 1, own[i]]
            weights[own[j], pair] = sign * self.dual_coef_[i, own[j]]
        return weights, (sign * self.intercept_).astype(np.float32)


def _sample(rows: NDArray) -> NDArray:
    """At most `CHECKED` rows, evenly spread."""
    return rows[:: max(1, -(-len(rows) // CHECKED))]


@contextmanager
def _listening():
    """Collect what scikit-learn-intelex logs about its fits."""
    messages: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: messages.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("sklearnex")
    before = logger.handlers, logger.level, logger.propagate
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.INFO)
    try:
        yield messages
    finally:
        logger.handlers, _, logger.propagate = before
        logger.setLevel(before[1])
