"""The `Estimator`: what the harness must know of a model to tune, fit and compare it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from tuning import Space


@dataclass(frozen=True)
class Estimator:
    """A model that can be compared.

    Parameters
    ----------
    name : public name; the file of the estimator and the object in it carry the same one.
    family : "classical" or "deep"; it decides the colour in every figure.
    build : ``build(seed, **params)`` returns an unfitted object with scikit-learn's manners:
        ``fit(X, y)``, ``predict_proba(X)``, ``classes_``, and it can be cloned. ``X`` is uint8 of shape
        (n, h, w, c), ``y`` int64 of shape (n,) with values 0 … k-1. The defaults in its signature are
        the base setting, which is always the first trial. If its ``fit`` takes ``validation=(X, y)``, a trial
        passes the validation rows, and a ``found_`` dict left on the object is handed to the refit as params.
    space : axes that are searched; every one is a parameter of `build`.
    strategy : name of the default search strategy.
    effort : what a cheap trial has less of: "rows", or the parameter that is scaled, "epochs" or "rounds".
    """

    name: str
    family: Literal["classical", "deep"]
    build: Callable[..., Any]
    space: Space
    strategy: str = "coarse_to_fine"
    effort: Literal["rows", "epochs", "rounds"] = "rows"

    def __post_init__(self) -> None:
        unknown = sorted(set(self.space) - set(self.base))
        if unknown:
            raise ValueError(f"{self.name}: axes {unknown} are not parameters of its build function")
        if self.effort != "rows" and self.effort not in self.base:
            raise ValueError(f"{self.name}: effort {self.effort!r} is not a parameter of its build function")

    @property
    def base(self) -> dict[str, Any]:
        """The base setting: the defaults in the signature of `build`."""
        parameters = inspect.signature(self.build).parameters.values()
        return {p.name: p.default for p in parameters if p.default is not p.empty}

    def scaled(self, params, effort, rows):
        params = dict(params)
        share = effort
        if self.effort != "rows":
            full = params[self.effort]
            cheap = max(1, round(effort * full))
            params |= {self.effort: cheap}
            share = min(1.0, effort * full / cheap)
        if "epoch_images" in params:
            params["epoch_images"] = round(share * params["epoch_images"])
            share = max(share, min(1.0, params["epoch_images"] / rows))
        return params, max(1, round(share * rows))

    def at_full_effort(self, found, params, scaled):
        found = dict(found)
        if self.effort in found:
            found[self.effort] = max(1, round(found[self.effort] * params[self.effort] / scaled[self.effort]))
        return {k: v for k, v in found.items() if k in self.base}
