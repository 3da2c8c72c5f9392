"""How values are written, the same on the page, in the terminal and in files; a column declares its `Format`."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

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


def setting(params: Mapping[str, Any]) -> str:
    """A setting on one line: ``C 4.64, gamma 0.0241``."""
    return ", ".join(f"{key} {_short(value)}" for key, value in params.items())


def _short(value: Any) -> str:
    if isinstance(value, float) and not value.is_integer() and math.isfinite(value):
        return f"{value:.3g}"
    return value if isinstance(value, str) else json.dumps(value)


def p_value(value: Any) -> str:
    """A p value: ``0.0312``, ``<0.0001``."""
    return GAP if absent(value) else "<0.0001" if value < 1e-4 else number(value, 4)


def yes_no(value: Any) -> str:
    """A truth value: ``yes``, ``no``."""
    return GAP if absent(value) else "yes" if value else "no"


def plain(value: Any) -> str:
    """A value of which nothing is known: a number without a unit, a truth value, else text."""
    if isinstance(value, bool):
        return yes_no(value)
    if absent(value) or not isinstance(value, int | float):
        return GAP if absent(value) else str(value)
    return number(value, 0 if float(value).is_integer() else 4)


@dataclass(frozen=True)
class Format:
    """How the values of a column are written. An exhibit declares one for each column of its frame.

    Parameters
    ----------
    write : value -> text.
    unit : what the heading says after the column's words.
    ending : of the column's name, left out of the heading because the unit says it.
    words : the heading without its unit; the column's name, its underscores as spaces, if not given.
    aligned : "right" for numbers, "left" for text, "by type" where the values decide.
    sorts_by_value : whether the written text does not sort as the values do.
    shown : "page": in the table of the page, and in the file; "file": in the file alone; "figure": only drawn.
    decimals : decimal places that files keep; all if None. 0 makes whole numbers.
    """

    write: Callable[[Any], str]
    unit: str = ""
    ending: str = ""
    words: str = ""
    aligned: Literal["right", "left", "by type"] = "right"
    sorts_by_value: bool = False
    shown: Literal["page", "file", "figure"] = "page"
    decimals: int | None = None

    def called(self, words: str) -> Format:
        """The same format under another heading."""
        return replace(self, words=words)

    def heading(self, column: str, mark: str = ", ") -> str:
        """The heading of a column of this name: its words, and behind `mark` the unit."""
        words = self.words or column.removesuffix(self.ending).replace("_", " ")
        return f"{words}{mark}{self.unit}" if self.unit else words


def decimal(digits: int) -> Format:
    """A number with so many decimals."""
    return Format(partial(number, digits=digits), decimals=6)


TEXT = Format(str, aligned="left")
COUNT = Format(count, decimals=0)
PERCENT = Format(percent, "%", decimals=6)  # of a share in [0, 1]
POINTS = Format(points, "points", decimals=6)  # of a difference of two shares
SECONDS = Format(number, "s", "_seconds", decimals=4)
MILLISECONDS = Format(number, "ms", "_ms", decimals=4)
BYTES = Format(size, "size", "_bytes", sorts_by_value=True, decimals=0)
P_VALUE = Format(p_value)
YES_NO = Format(yes_no, aligned="left", sorts_by_value=True)
PLAIN = Format(plain, aligned="by type")  # of a column that nobody declared
HIDDEN = Format(plain, shown="file")
PICTURE = Format(plain, shown="figure")
