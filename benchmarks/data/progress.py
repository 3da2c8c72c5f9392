"""`counted`: how far the reading of many files is."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from benchmarks.data.reading import Told

EVERY = 1.0  # seconds
Item = TypeVar("Item")


def counted(items: Iterable[Item], total: int, doing: str, told: Told, what: str = "files") -> Iterator[Item]:
    """The items, one by one; once a second a line such as "reading icons: 1,200 of 9,000 files, about 12 s left"."""
    began = last = time.perf_counter()
    for number, item in enumerate(items, start=1):
        yield item
        now = time.perf_counter()
        if now - last >= EVERY:
            left = (now - began) / number * (total - number)
            told(f"{doing}: {number:,} of {total:,} {what}, about {left:,.0f} s left")
            last = now
