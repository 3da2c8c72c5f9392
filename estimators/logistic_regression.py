"""Multinomial logistic regression on pixels or on oriented gradients: the line to beat."""

from __future__ import annotations

from typing import Any

from estimators.estimator import Estimator
from tuning import Choice, Float, Space


def build(seed: int, C: float = 0.1, features: str = "pixels", copies: int = 0, temperature: float = 1.0) -> Any:
    """`Linear`; the seed is that of the copies."""
    from estimators.models.linear import Linear

    return Linear(C, features, copies, temperature, seed=seed)


logistic_regression = Estimator(
    name="logistic_regression",
    family="classical",
    build=build,
    space=Space(
        C=Float(0.01, 10.0, log=True, limits=(1e-6, 1e4)),
        features=Choice(("pixels", "hog")),
        copies=Choice((0, 1, 2)),
    ),
    # Of an image that has room for them there are 1,620 gradients, whatever its size.
    relative_cost=lambda params, pixels: (
        (1 + params["copies"]) * (min(1_700, 5 * pixels) if params["features"] == "hog" else pixels)
    ),
    prior_knowledge="Oriented gradients (HOG) are an axis, and so are shifted and turned copies, which suit characters; the base "
    "setting, on plain pixels, was chosen on handwritten digits.",
    transfer=("coefficients", "embedding"),
)
