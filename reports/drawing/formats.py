"""How a number is written: the same rounding on the page, in the terminal and in the Markdown file."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

GAP = "–"  # what stands where there is no number


def absent(value: Any) -> bool:
    """Whether a value is None, NaN or pandas' NA."""
    return value is None or value is pd.NA or bool(value != value)


def number(value: Any, digits: int = 2) -> str:
    """A number with thousands separated and fixed decimals: ``12,345.60``."""
    return GAP if absent(value) else f"{float(value):,.{digits}f}"


def count(value: Any) -> str:
    """A whole number with thousands separated: ``436,010``."""
    return number(value, 0)


def percent(share: Any, digits: int = 2) -> str:
    """A share in [0, 1] as per cent, without the sign: ``98.52``."""
    return GAP if absent(share) else f"{100 * float(share):.{digits}f}"


def points(share: Any) -> str:
    """A difference of two shares in percentage points, signed: ``+1.24``."""
    if absent(share):
        return GAP
    text = f"{100 * float(share):+.2f}".replace("-", "−")
    return "0.00" if text in ("+0.00", "−0.00") else text


def interval(low: Any, high: Any) -> str:
    """An interval of two shares in per cent: ``98.27–98.74``."""
    return GAP if absent(low) or absent(high) else f"{percent(low)}–{percent(high)}"


def megabytes(size: Any) -> str:
    """A size in bytes as megabytes (10⁶ bytes): ``0.41``."""
    return GAP if absent(size) else f"{float(size) / 1e6:,.2f}"


def size(value: Any) -> str:
    """A size in bytes in the unit that suits it: ``407 kB``."""
    if absent(value):
        return GAP
    for unit, one in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if value >= one:
            return f"{value / one:.3g} {unit}" if value < 1000 * one else f"{value / one:,.0f} {unit}"
    return f"{value:.0f} bytes"


def duration(seconds: Any) -> str:
    """A time in the unit that suits it: ``0.42 ms``, ``12.3 s``, ``4 min 05 s``, ``2 h 03 min``."""
    if absent(seconds):
        return GAP
    seconds = float(seconds)
    if seconds < 1:
        return f"{1000 * seconds:.3g} ms"
    if seconds < 99.95:
        return f"{seconds:.1f} s"
    if seconds < 3599.5:
        return f"{round(seconds) // 60} min {round(seconds) % 60:02d} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60:,} h {minutes % 60:02d} min"


def times(ratio: float) -> str:
    """A ratio of two costs, in two figures: ``3.4 times``."""
    return f"{ratio:.2g} times" if ratio < 1 else f"{ratio:.1f} times" if ratio < 9.95 else f"{ratio:,.0f} times"


def setting(params: Mapping[str, Any]) -> str:
    """A setting on one line: ``C 4.64, gamma 0.0241``."""
    return ", ".join(f"{key} {_short(value)}" for key, value in params.items())


def _short(value: Any) -> str:
    if isinstance(value, float) and not value.is_integer() and math.isfinite(value):
        return f"{value:.3g}"
    return value if isinstance(value, str) else json.dumps(value)
