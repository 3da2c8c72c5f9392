"""Scikit-learn's models, fitted by scikit-learn-intelex where that is installed.

The classes here are plain scikit-learn in all but ``fit``: the accelerator fits a twin, whose fitted attributes
are taken over. So what is kept, cloned, sent to other processes and saved is never one of the accelerator's own
objects, and a model predicts the same on a machine without it. Each fit checks that: the two must agree
on a few rows, or the plain ``fit`` is run, with a warning. ``accelerated_`` tells which of the two it was.

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

from estimators.threads import threads

CHECKED = 64  # rows on which the twins must agree
TOLERANCE = 1e-2  # relative to the spread of the outputs; the accelerator computes in single precision


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

    _outputs = "decision_function"

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
        rows = X[:: max(1, len(X) // CHECKED)][:CHECKED]
        theirs = np.asarray(getattr(twin, self._outputs)(rows))
        ours = np.asarray(getattr(plain, self._outputs)(self, rows))
        gap = np.abs(theirs - ours).max() / max(float(np.std(theirs)), 1e-6)
        if not gap < TOLERANCE:
            warnings.warn(
                f"{plain.__name__}: scikit-learn-intelex and scikit-learn disagree by {gap:.2g} standard "
                "deviations about the same model; fitting again without the accelerator.",
                RuntimeWarning,
                stacklevel=3,
            )
            return False
        return True

    def _fitted(self, twin: Any) -> dict[str, Any]:
        """The fitted attributes of plain scikit-learn, by name."""
        raise NotImplementedError


class LogisticRegression(_Accelerated, linear_model.LogisticRegression):
    """``sklearn.linear_model.LogisticRegression``, accelerated."""

    def _fitted(self, twin: Any) -> dict[str, Any]:
        names = ("classes_", "coef_", "intercept_", "n_iter_", "n_features_in_")
        return {name: getattr(twin, name) for name in names}


class PCA(_Accelerated, decomposition.PCA):
    """``sklearn.decomposition.PCA``, accelerated."""

    _outputs = "transform"

    def fit_transform(self, X: NDArray, y: Any = None) -> NDArray:
        """Fit, then transform the same rows."""
        return self.fit(X).transform(X)

    def _fitted(self, twin: Any) -> dict[str, Any]:
        names = (
            "components_", "explained_variance_", "explained_variance_ratio_", "singular_values_", "mean_",
            "noise_variance_", "n_components_", "n_samples_", "n_features_in_",
        )  # fmt: skip
        return {name: getattr(twin, name) for name in names}


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
