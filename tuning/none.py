"""No search: the base setting is what is fitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tuning.space import Space
from tuning.trial import Search, Trial


def none(space: Space, base: Mapping[str, Any], seed: int, *, effort: float = 1 / 8) -> Search:
    """Try the base setting once, at a small effort, which tells whether it can be fitted at all."""
    space.check(base)
    yield [Trial(base, effort)]
