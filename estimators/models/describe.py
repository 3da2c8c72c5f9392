"""What a fitted model is made of: its number of parameters, the library behind it, its layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

LEARNED = ("coef_", "intercept_", "dual_coef_", "support_vectors_")


@dataclass(frozen=True)
class Description:
    """What a fitted model is made of.

    Parameters
    ----------
    parameters : how many numbers it learned; None where that says nothing (it keeps its training rows, for example).
    backend : the library that fitted it, with its version, such as "xgboost 3.2.0".
    layers : of a network, one mapping per layer: layer, type, output (shape of one image's), parameters, operations (for one image, forward).
    """

    parameters: int | None
    backend: str
    layers: tuple[Mapping[str, Any], ...] = ()


def describe(model: Any) -> Description:
    """What the model's own ``describe()`` says; of one made of scikit-learn, what its last step learned."""
    if hasattr(model, "describe"):
        return model.describe()
    core = model.steps[-1][1] if hasattr(model, "steps") else model
    learned = [vars(core)[name].size for name in LEARNED if name in vars(core)]
    backend = getattr(core, "accelerated_", None) or f"scikit-learn {version('scikit-learn')}"
    return Description(sum(learned) or None, backend)
