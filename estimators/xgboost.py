"""Gradient-boosted trees on pixels or on oriented gradients, by XGBoost."""

from __future__ import annotations

from typing import Any

from estimators.estimator import Estimator
from tuning import Choice, Float, Int, Space


def build(
    seed: int,
    rounds: int = 225,
    learning_rate: float = 0.25,
    max_depth: int = 6,
    min_child_weight: float = 1.0,
    colsample_bynode: float = 0.2,
    features: str = "pixels",
    copies: int = 0,
    temperature: float = 1.0,
) -> Any:
    """`BoostedTrees` with the given seed."""
    from estimators.models.boosted_trees import BoostedTrees

    return BoostedTrees(
        rounds,
        learning_rate,
        max_depth,
        min_child_weight,
        colsample_bynode,
        features,
        copies=copies,
        temperature=temperature,
        seed=seed,
    )


xgboost = Estimator(
    name="xgboost",
    family="classical",
    build=build,
    space=Space(
        learning_rate=Float(0.1, 0.5, log=True, limits=(0.01, 1.0)),
        max_depth=Int(4, 8, limits=(2, 12)),
        min_child_weight=Float(0.3, 10.0, log=True, limits=(0.01, 100.0)),
        colsample_bynode=Float(0.05, 0.4, log=True, limits=(0.02, 1.0)),
        features=Choice(("pixels", "hog")),
        copies=Choice((0, 1, 2)),
    ),
    # Gradients for trees are 324 columns, whatever the size of the image.
    relative_cost=lambda params, pixels: (
        (1 + params["copies"]) * (min(450, 5 * pixels) if params["features"] == "hog" else pixels)
    ),
    prior_knowledge="Oriented gradients (HOG) are an axis, and so are shifted and turned copies, which suit characters; rounds, "
    "learning rate and depth of the base setting were chosen on handwritten digits.",
    transfer=("boosting", "embedding"),
)
