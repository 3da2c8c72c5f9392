"""Grid search: every combination of evenly spaced values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tuning.space import Space
from tuning.trial import Search, Trial


def grid(space: Space, base: Mapping[str, Any], seed: int, *, points_per_axis: int = 3, effort: float = 1.0) -> Search:
    """Try the base setting, then the whole grid, in one batch.

    The order of the grid is random, so that a budget that ends early has seen all of the space and not one corner.
    """
    space.check(base)
    cells = space.grid(points_per_axis)
    shuffled = [cells[i] for i in np.random.default_rng(seed).permutation(len(cells))]
    settings = {space.point(params): params for params in (base, *({**base, **cell} for cell in shuffled))}
    yield [Trial(params, effort) for params in settings.values()]
