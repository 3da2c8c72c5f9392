"""Speed, measured side by side: one module per question, each with a `TITLE`, a `NOTE` and `measure() -> DataFrame`.

``python -m benchmarks.performance`` measures all but what has `LONG` set and takes hours, prints the tables and writes them to RESULTS.md, with date, machine and
versions; names after it choose some. Seconds of one machine say little to another, so every table has ratios of what ran in
turns, in one process: a round measures each row once, and a row tells the median of its rounds and their range.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from types import ModuleType


def names() -> tuple[str, ...]:
    """The questions, by the names of their modules."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")))


def get(name: str) -> ModuleType:
    """The module of a question."""
    return import_module(f"{__name__}.{name}")
