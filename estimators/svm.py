"""Support vector machine with an RBF kernel, on principal components of pixels or of oriented gradients."""

from __future__ import annotations

from typing import Any

from estimators.estimator import Estimator
from tuning import Choice, Float, Space


def build(
    seed: int,
    C: float = 10.0,
    gamma: float = 1.5,
    features: str = "pixels",
    components: int = 50,
    copies: int = 0,
    temperature: float = 0.3,
) -> Any:
    """A `KernelMachine`; the seed is that of the copies."""
    from estimators.models.kernel_machine import KernelMachine

    return KernelMachine(C, gamma, features, components, copies, temperature, seed=seed)


svm = Estimator(
    name="svm",
    family="classical",
    build=build,
    space=Space(
        C=Float(1.0, 100.0, log=True, limits=(1e-3, 1e5)),
        gamma=Float(0.25, 4.0, log=True, limits=(1e-3, 1e3)),
        features=Choice(("pixels", "hog")),
        copies=Choice((0, 1, 2)),
    ),
    relative_cost=lambda params, pixels: (1 + params["copies"]) ** 1.2,
    growth=1.5,
    prior_knowledge="Features are reduced to 50 principal components; oriented gradients (HOG) are an axis, and so are shifted and "
    "turned copies, which suit characters; C, gamma and temperature of the base setting were chosen on handwritten digits.",
    transfer=("rows", "embedding"),
)
