"""Multinomial logistic regression on pixels or on oriented gradients: the line to beat."""

from __future__ import annotations

from typing import Any

from estimators.estimator import Estimator
from tuning import Choice, Float, Space


def build(seed: int, C: float = 0.1, features: str = "pixels") -> Any:
    """A pipeline of features and logistic regression by L-BFGS; the seed has no effect."""
    from sklearn.pipeline import make_pipeline

    from estimators.features import features as rows
    from estimators.models.accelerated import LogisticRegression

    return make_pipeline(rows(features), LogisticRegression(C=C, max_iter=100, tol=1e-3))


logistic_regression = Estimator(
    name="logistic_regression",
    family="classical",
    build=build,
    space=Space(
        C=Float(0.01, 10.0, log=True, limits=(1e-6, 1e4)),
        features=Choice(("pixels", "hog")),
    ),
)
