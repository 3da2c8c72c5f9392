"""The search strategies by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from tuning.coarse_to_fine import coarse_to_fine
from tuning.grid import grid
from tuning.kerastuner import kerastuner
from tuning.nearest import hint
from tuning.none import none
from tuning.random import random
from tuning.trial import Search

Strategy = Callable[..., Search]
"""``strategy(space, base, seed, **options)`` starts a search."""

STRATEGIES: Mapping[str, Strategy] = MappingProxyType(
    {
        "coarse_to_fine": coarse_to_fine,
        "grid": grid,
        "random": random,
        "none": none,
        "kerastuner": kerastuner,
        "kerastuner:random": partial(kerastuner, method="random"),
        "kerastuner:bayesian": partial(kerastuner, method="bayesian"),
        "kerastuner:hyperband": partial(kerastuner, method="hyperband"),
    }
)


def strategy(name: str) -> Strategy:
    """The strategy of that name; ValueError with the nearest right name if there is none."""
    if name in STRATEGIES:
        return STRATEGIES[name]
    raise ValueError(
        f"There is no search strategy {name!r}.{hint(name, STRATEGIES)} There are: {', '.join(STRATEGIES)}."
    )
