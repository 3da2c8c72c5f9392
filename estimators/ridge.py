"""Ridge regression on learned patches: a wide shallow network whose first layer saw no labels."""

from __future__ import annotations

from typing import Any

from estimators.estimator import Estimator
from tuning import Choice, Int, Space


def build(
    seed: int, filters: int = 200, side: int = 6, copies: int = 0, penalty: float = 0.01, temperature: float = 0.1
) -> Any:
    """`LeastSquares` with the given seed."""
    from estimators.models.least_squares import LeastSquares

    return LeastSquares(filters, side, penalty, copies, temperature, seed=seed)


ridge = Estimator(
    name="ridge",
    family="classical",
    build=build,
    space=Space(
        filters=Int(100, 400, limits=(4, 2_000)),
        side=Choice((6, 8)),
        copies=Choice((0, 1, 2)),
    ),
    relative_cost=lambda params, pixels: (1 + params["copies"]) * params["filters"] ** 1.5,
    prior_knowledge="That small patches tell what an image shows, and roughly where; shifted and turned copies, which suit characters, "
    "are an axis. Patches and penalty of the base setting were chosen on photographs and handwritten digits.",
)
