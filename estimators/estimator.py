"""The `Estimator`: what the harness must know of a model to tune, fit and compare it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tuning import Space
from tuning.nearest import hint

FAMILIES = ("classical", "deep")
ENSEMBLE = "ensemble"  # the one that is made of fitted models and belongs to no family
# What an estimator may take from a source, what it learns first; see `Estimator.transfer`. The ways of images take what was
# learned of them whatever the classes; those of classes need one that source and target have in common.
OF_IMAGES = ("all layers", "head", "embedding")
OF_CLASSES = ("boosting", "coefficients", "rows")
MOST_PASSES, FEWEST_IMAGES = 60, 30_000  # of a fit of a network over few rows


@dataclass(frozen=True)
class Estimator:
    """A model that can be compared.

    Parameters
    ----------
    name : public name; the file of the estimator and the object in it carry the same one.
    family : "classical" or "deep"; it decides the colour in every figure. "" of what is made of models of either.
    build : ``build(seed, **params)`` returns an unfitted classifier with the interface of scikit-learn: ``fit(X, y)``,
        ``predict_proba(X)``, ``classes_``, and it can be cloned. ``X`` is uint8 of shape (n, h, w, c), ``y`` int64 of
        shape (n,) with values 0 … k-1. The defaults in its signature (a ``functools.partial`` has them too) are
        the base setting, which is always the first trial. A parameter whose default is None and that no axis searches is
        off and no part of it, see `off`. If its ``fit`` takes ``validation=(X, y)``, a trial
        passes the validation rows, and a ``found_`` dict left on the object is handed to the refit as params. A
        ``start_seconds_`` left on it tells the seconds of the fit that do not depend on its length.
    space : axes that are searched; every one is a parameter of `build`.
    strategy : name of the default search strategy.
    effort : what a cheap trial has less of: "rows", or a whole-number parameter of `build` that is scaled, such as
        "images", the training images that a network is shown.
    relative_cost : ``relative_cost(params, pixels)``, roughly how long a fit of a setting takes on images of so many values (h * w * c),
        in any unit: a search plans with it as long as the setting was not timed. The parameter that `effort` names plays no part.
    growth : the power of the training rows with which the seconds of a fit grow where rows are many, at the least: 1 where every
        row takes its time, up to 2 where every pair does, as in kernel machines. A search that times a steeper growth goes by that.
    prior_knowledge : what was put in by hand before any data was seen, in a sentence; "" says nothing.
    transfer : what it can take from a source. Every estimator can do with its "rows", which are put beside the target's. For the
        other ways ``fit`` takes ``source=Source(...)`` (`estimators.models.source`), which says what is asked for: the weights of
        "all layers" or of all but the "head", which alone is trained; the logits for "boosting" to go on from; the
        "coefficients" to stay near; the "embedding", features that a trained network computes.
    """

    name: str
    family: Literal["classical", "deep", ""]
    build: Callable[..., Any]
    space: Space
    strategy: str = "coarse_to_fine"
    effort: str = "rows"
    relative_cost: Callable[[Mapping[str, Any], int], float] = lambda params, pixels: 1.0
    growth: float = 1.0
    prior_knowledge: str = ""
    transfer: tuple[str, ...] = ("rows",)

    def __post_init__(self) -> None:
        if self.family not in FAMILIES and not self.is_ensemble:
            raise ValueError(
                f"{self.name}: there is no family {self.family!r}.{hint(self.family, FAMILIES)} There are: {', '.join(FAMILIES)}."
            )
        for way in self.transfer:
            if way not in (ways := (*OF_IMAGES, *OF_CLASSES)):
                raise ValueError(
                    f"{self.name}: there is no transfer of {way!r}.{hint(way, ways)} There is: {', '.join(ways)}."
                )
        unknown = sorted(set(self.space) - set(self.base))
        if unknown:
            raise ValueError(f"{self.name}: axes {unknown} are not parameters of its build function")
        if self.effort != "rows" and self.effort not in self.base:
            raise ValueError(f"{self.name}: effort {self.effort!r} is not a parameter of its build function")

    @property
    def is_ensemble(self) -> bool:
        """Whether it is made of models that a run has fitted, and not fitted itself."""
        return self.name == ENSEMBLE

    def scaled(self, params: Mapping[str, Any], effort: float, rows: int) -> tuple[dict[str, Any], int]:
        """The setting and the number of fit rows that make a trial cost about `effort` of a full one.

        The parameter that is scaled is a whole number: where `effort` asks for less than one, the rest is saved on rows. Of
        few rows a network is shown fewer images: no more than `MOST_PASSES` times each, or `FEWEST_IMAGES` in all.

        Parameters
        ----------
        params : complete setting.
        effort : in (0, 1], or more where it is not "rows" that are scaled.
        rows : the fit rows there are.
        """
        scaled, share = dict(params), effort
        if self.effort != "rows":
            full = params[self.effort]
            if self.effort == "images":
                times = max(1.0, full / self.base[self.effort])  # as long as the base setting
                full = min(full, times * max(FEWEST_IMAGES, MOST_PASSES * rows))
            scaled[self.effort] = max(1, round(effort * full))
            share = min(1.0, effort * full / scaled[self.effort])
        return scaled, rows if share >= 1 else max(1, round(share * rows))

    def at_full_effort(
        self, found: Mapping[str, Any], params: Mapping[str, Any], scaled: Mapping[str, Any]
    ) -> dict[str, Any]:
        """What a fit with the setting `scaled` found, as parameters of a full fit with the setting `params`.

        The best length of a fit of 10,000 images out of 30,000 stands for the same share of all 30,000: schedules are
        shaped by the length of the fit.
        """
        full = {name: value for name, value in found.items() if name in self.base}
        if self.effort in full:
            full[self.effort] = max(1, round(full[self.effort] * params[self.effort] / scaled[self.effort]))
        return full

    @property
    def base(self) -> dict[str, Any]:
        """The base setting: the defaults in the signature of `build`, without what is `off`."""
        off = self.off
        return {name: default for name, default in self._defaults.items() if name not in off}

    @property
    def off(self) -> tuple[str, ...]:
        """Parameters of `build` that a variant may set and that are no part of the base setting: None, and not searched.

        What is added so leaves the settings of all that do without it as they were, and with them their random seeds.
        """
        return tuple(name for name, default in self._defaults.items() if default is None and name not in self.space)

    @property
    def _defaults(self) -> dict[str, Any]:
        parameters = inspect.signature(self.build).parameters.values()
        return {p.name: p.default for p in parameters if p.default is not p.empty}
