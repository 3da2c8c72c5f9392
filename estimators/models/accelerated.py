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
import warnings
from collections.abc import Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import decomposition, linear_model
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning

from estimators.models.accelerator import accelerator
from estimators.models.threads import threads

CHECKED = 64  # rows on which a fit is checked
TOLERANCE = 0.02  # the accelerator computes in single precision


def fit_twin(plain: type, params: Mapping[str, Any], X: NDArray, y: Any) -> tuple[Any, str | None]:
    """The accelerator's class of the same name, fitted, and the accelerator's name; (None, None) if it cannot."""
    name = accelerator()
    if name is None:
        return None, None
    twin_class = getattr(importlib.import_module(f"sklearnex.{plain.__module__.split('.')[1]}"), plain.__name__)
    try:
        with _listening() as messages:
            twin = twin_class(**{**params, "n_jobs": threads()}).fit(X, y)
    except RuntimeError:  # Its native code gives up on some data, such as blank images.
        return None, None
    if any("fallback" in message for message in messages):  # It falls back to scikit-learn, and only its log says so.
        return None, None
    return twin, name


class _Accelerated:
    """Mixed into a class of scikit-learn: ``fit`` by the class of the same name in the accelerator."""

    def fit(self, X: NDArray, y: Any = None) -> Any:
        """Fit on rows ``X`` float32 (n, d) and labels ``y`` (n,)."""
        assert isinstance(self, BaseEstimator)
        X = np.ascontiguousarray(X, dtype=np.float32)
        self.accelerated_: str | None = None
        if not self._adopt_twin(X, y):
            super().fit(X, y)  # type: ignore[misc]
        return self

    def _adopt_twin(self, X: NDArray, y: Any) -> bool:
        """Take over what the accelerator fitted; False where it will not or cannot be trusted."""
        plain = next(base for base in type(self).__mro__ if base.__module__.startswith("sklearn."))
        twin, name = fit_twin(plain, self.get_params(), X, y)  # type: ignore[attr-defined]
        if twin is None:
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
        self.accelerated_ = name
        return True

    def _fitted(self, twin: Any) -> dict[str, Any]:
        """The fitted attributes of plain scikit-learn, by name."""
        raise NotImplementedError

    def _gap(self, twin: Any, X: NDArray) -> float:
        """How far the twins' outputs are apart, as a multiple of their spread."""
        rows = evenly(X)
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


def evenly(rows: NDArray) -> NDArray:
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
