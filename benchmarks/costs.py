"""`Costs`: what a fit takes, by setting and effort, going by the fits that were timed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tuning.winner import frozen

APART = 2.0  # two efforts at which seconds tell how they grow: nearer ones differ by chance
FLAT = 1.25  # times the seconds of the shortest fit: where less effort saves no more than that, it is not worth it
STEEPEST = 2.4  # power of the effort with which seconds are expected to grow at most, as on 47 classes
STEEPER = 0.3  # by so much the power of kernel machines is higher above the efforts that were timed
GROWING = (
    2 / 3
)  # of the seconds of the longest fit that was timed grow with its effort, where its start hides how many do
TOLD = 0.6  # power of the effort with which seconds grew, from which on the start of a fit does not hide how they do


class Costs:
    """Seconds of one fit by setting and effort, learned from trials.

    Parameters
    ----------
    relative : setting -> how its fits compare with those of others, in any unit, as long as it was not timed.
    growth : power of the effort with which seconds grow above the efforts that were timed: (least, most). What is timed says where
        between.
    """

    def __init__(
        self,
        relative: Callable[[Mapping[str, Any]], float] = lambda params: 1.0,
        growth: tuple[float, float] = (1.0, STEEPEST),
    ) -> None:
        self._relative = relative
        self._least, self._most = growth
        self._seen: dict[Any, dict[float, float]] = {}
        self._starts: dict[Any, float] = {}
        self._weights: dict[Any, float] = {}
        self._growing: dict[float, float] = {}  # seconds by effort of the setting that tells how they grow

    def add(self, params: Mapping[str, Any], effort: float, seconds: float, start: float = 0.0) -> None:
        """Note that a fit of a setting took so many seconds at an effort, of which `start` are the same at any effort."""
        points = self._seen.setdefault(frozen(params), {})
        points[effort] = max(seconds - start, 1e-4)
        if _apart(points) and max(points) >= max(self._growing, default=0.0):
            self._growing = points
        self._starts[frozen(params)], self._weights[frozen(params)] = start, self._relative(params)

    def expected(self, params: Mapping[str, Any], effort: float) -> float:
        """Seconds of one fit; 0 where nothing was timed.

        A setting that was not timed is taken for the median of the others, each multiplied by how the two compare.
        """
        name = frozen(params)
        if name in self._seen:
            return self._starts[name] + self._extended(self._seen[name], effort)
        weight = self._relative(params)
        seconds = [
            self._starts[other] + self._extended(points, effort) * weight / self._weights[other]
            for other, points in self._seen.items()
        ]
        return float(np.median(seconds)) if seconds else 0.0

    @property
    def growth_is_known(self) -> bool:
        """Whether a setting was timed at two efforts that are apart, or the start of its fits was.

        Where they grow faster than the effort in the end, the start must not have hidden that: a kernel machine of 1,500 rows
        takes hardly less than one of 6,000, and 20 times less than one of 50,000.
        """
        if any(self._starts.values()):
            return True
        return bool(self._growing) and (self._least <= 1 or _power(self._growing) >= TOLD)

    def at_most(self, params: Mapping[str, Any], effort: float) -> float:
        """Seconds of one fit of a setting that was timed, if the start of those that were hid how they grow."""
        if self.growth_is_known:
            return self.expected(params, effort)
        points = self._seen[frozen(params)]
        return points[high := max(points)] * (effort / high) ** self._least

    def affordable(self, params: Mapping[str, Any], seconds: float, scale: float, most: float = 1.0) -> float:
        """The highest effort in (0, most] at which a fit is expected to take no more than `seconds`.

        Where the shortest fit takes longer than that, or hardly less, it is the highest effort that takes hardly longer.

        Parameters
        ----------
        scale : fit rows of the trials as a share of the rows that the fit will have.
        """
        lowest = 1e-4 * most
        seconds = max(seconds, FLAT * self.expected(params, lowest / scale))
        efforts = np.geomspace(most, lowest, 400)
        return next((float(e) for e in efforts if self.expected(params, e / scale) <= seconds), lowest)

    def growth_was_timed(self, params: Mapping[str, Any]) -> bool:
        """Whether a setting itself was timed at two efforts that are apart."""
        return _apart(self._seen.get(frozen(params), {}))

    def _extended(self, points: Mapping[float, float], effort: float) -> float:
        """Seconds at an effort, from the nearest one that was timed; the growth is the setting's own where it is known."""
        near = min(points, key=lambda e: abs(math.log(e / effort)))
        growing = points if _apart(points) else self._growing
        return points[near] * self._shape(growing, effort) / self._shape(growing, near)

    def _shape(self, points: Mapping[float, float], effort: float) -> float:
        """How seconds grow with the effort, in any unit: as they did between efforts of one setting, whose seconds these are.

        In proportion as long as no setting was timed at two efforts. Then a power above the highest effort. Below it a power
        where they grew faster than the effort did; else a straight line, since to start takes the same however long the fit is.
        """
        if not points:
            return effort
        low, high, power = min(points), max(points), _power(points)
        if self._least > 1 and effort > high:
            hidden = power < TOLD
            power = max(self._least, power + STEEPER)
            if hidden:
                return points[high] * (1 - GROWING + GROWING * (effort / high) ** power)
        if power >= 1:
            return points[high] * (effort / high) ** min(self._most, power)
        slope = (points[high] - points[low]) / (high - low)
        at_start = max(0.0, points[high] - slope * high)
        return at_start + max(slope, 0.1 * points[high] / high) * effort


def _apart(points: Mapping[float, float]) -> bool:
    return len(points) > 1 and max(points) >= APART * min(points)


def _power(points: Mapping[float, float]) -> float:
    """Power of the effort with which seconds grew up to the highest one; far below it other things take the time."""
    high = max(points)
    near = max(at for at in points if APART * at <= high)
    return math.log(points[high] / points[near]) / math.log(high / near)
