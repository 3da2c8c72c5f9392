"""The nearest right name, for messages about a wrong one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

CUTOFF = 0.6  # of the letters that two names share: a name that is further off helps nobody


def hint(given: str, allowed: Iterable[str]) -> str:
    """`` Did you mean 'svm'?`` with a space in front; empty where no allowed name is near the given one."""
    near = difflib.get_close_matches(given.lower(), list(allowed), n=1, cutoff=CUTOFF)
    return f" Did you mean {near[0]!r}?" if near else ""
