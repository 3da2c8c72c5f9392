"""The mean of the probabilities of other models of a run, chosen on rows that none of them was trained on."""

from __future__ import annotations

from typing import Any

from estimators.estimator import Estimator
from tuning import Space


def build(seed: int) -> Any:
    """An `Average` of nothing yet; a run gives it the models that it fitted (`benchmarks.mixing`)."""
    from estimators.models.average import Average

    return Average()


ensemble = Estimator(
    name="ensemble",
    family="",
    build=build,
    space=Space(),
    strategy="none",
    prior_knowledge="What its members have.",
    transfer=(),
)
