"""Random search (Bergstra & Bengio 2012, https://jmlr.org/papers/v13/bergstra12a.html)."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np

from tuning.space import Space
from tuning.trial import Search, Trial

DRAWS = 1000  # without a new setting, before the space counts as exhausted


def random(
    space: Space, base: Mapping[str, Any], seed: int, *, trials: int = 1000, effort: float = 1.0, batch: int = 4
) -> Search:
    """Try the base setting, then random ones, `batch` at a time, no setting twice, until there were `trials`.

    As a rule the budget ends it sooner. Nothing is learned from outcomes, so a batch may run side by side.
    """
    space.check(base)
    rng = np.random.default_rng(seed)
    seen = {space.point(base)}
    queue = [Trial(base, effort)]
    for _ in range(trials - 1):
        if len(queue) == batch:
            yield queue
            queue = []
        values = draw_new(space, seen, rng)
        if values is None:
            break
        seen.add(space.point(values))
        queue.append(Trial({**base, **values}, effort))
    if queue:
        yield queue


def draw_new(space: Space, seen: set[tuple[Hashable, ...]], rng: np.random.Generator) -> dict[str, Any] | None:
    """A random setting whose point is not in `seen`; None if none turned up."""
    draws = (space.draw(rng) for _ in range(DRAWS))
    return next((values for values in draws if space.point(values) not in seen), None)
