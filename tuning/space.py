"""Search axes and the space they span.

`Float`, `Int` and `Choice` are frozen values that validate themselves; a `Space` maps names to them. Everything
that comes out of an axis is a plain Python value, so that a setting survives JSON unchanged.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, Self, TypeVar

import numpy as np

Number = TypeVar("Number", bound=float)


@dataclass(frozen=True)
class _Numeric(Generic[Number]):
    """What `Float` and `Int` share.

    Parameters
    ----------
    low, high : ends of the axis, both included: where a search starts looking.
    log : whether equal ratios, rather than equal differences, are equal steps.
    limits : hard bounds, where `zoom` and `widen` may go. By default the ends: the axis is never left.
    """

    low: Number
    high: Number
    log: bool = False
    limits: tuple[Number, Number] | None = None

    def __post_init__(self) -> None:
        for value in (self.low, self.high, *(self.limits or ())):
            if not self._holds_type(value):
                raise ValueError(f"{self} has an end that is no finite {type(self).__name__.lower()}: {value!r}")
        least, most = self.bounds
        if not least <= self.low <= self.high <= most:
            raise ValueError(f"{self} must satisfy {least} <= low <= high <= {most} (limits)")
        if self.log and least <= 0:
            raise ValueError(f"{self} is a log axis, so all of it must be above 0; its least value is {least}")

    @property
    def bounds(self) -> tuple[Number, Number]:
        """Hard bounds of every value of the axis: `limits`, or the ends."""
        return (self.low, self.high) if self.limits is None else self.limits

    def grid(self, n: int) -> tuple[Number, ...]:
        """At most `n` evenly spaced values in ascending order, both ends included (for n = 1 the middle)."""
        if n < 1:
            raise ValueError(f"a grid needs at least 1 point per axis, given {n}")
        if n == 1:
            return (self._at(0.5),)
        inner = [self._at(i / (n - 1)) for i in range(1, n - 1)]
        return tuple(sorted({self.low, self.high, *inner}))

    def zoom(self, around: Number, factor: float) -> Self:
        """An axis `factor` times as wide, centred on `around`, cut off at the hard bounds."""
        self.check(around)
        if not 0 < factor <= 1:
            raise ValueError(f"a zoom factor must be in (0, 1], given {factor}")
        return self._window(around, factor)

    def widen(self, around: Number) -> Self:
        """If `around` is at an edge, an axis as wide that has the edge as its centre; otherwise the axis itself.

        What reaches beyond the hard bounds is cut off.
        """
        return self._window(around, 1.0) if self.at_edge(around) else self

    def at_edge(self, value: Number) -> bool:
        """Whether `value` is an end of the axis with room beyond it inside the hard bounds."""
        least, most = self.bounds
        return (value <= self.low and least < self.low) or (value >= self.high and self.high < most)

    def draw(self, rng: np.random.Generator) -> Number:
        """A random value between the ends, uniform on the axis' scale."""
        return self._at(float(rng.random()))

    def check(self, value: Any) -> None:
        """Raise ValueError unless `value` has the right type and lies inside the hard bounds."""
        least, most = self.bounds
        if not self._holds_type(value):
            raise ValueError(f"{value!r} is no finite {type(self).__name__.lower()}")
        if not least <= value <= most:
            raise ValueError(f"{value!r} is outside [{least}, {most}]")

    def nearest(self, value: float) -> Number:
        """The value of the axis that is nearest to `value`: typed, rounded, inside the ends."""
        return self._rounded(value, self.high - self.low, self.low, self.high)

    def distance(self, a: Number, b: Number) -> float:
        """How far apart two values are; 1 is the length of the axis (or any difference, if it has none)."""
        length = self._scaled(self.high) - self._scaled(self.low)
        return abs(self._scaled(a) - self._scaled(b)) / length if length else float(a != b)

    def _window(self, centre: Number, factor: float) -> Self:
        least, most = self.bounds
        reach = (self._scaled(self.high) - self._scaled(self.low)) * factor / 2
        start = max(self._scaled(centre) - reach, self._scaled(least))
        stop = min(self._scaled(centre) + reach, self._scaled(most))
        ends = self._unscaled(start), self._unscaled(stop)
        low, high = (self._rounded(end, ends[1] - ends[0], least, most) for end in ends)
        return replace(self, low=min(low, centre), high=max(high, centre), limits=(least, most))

    def _at(self, share: float) -> Number:
        low, high = self._scaled(self.low), self._scaled(self.high)
        return self.nearest(self._unscaled(low + share * (high - low)))

    def _scaled(self, value: float) -> float:
        return math.log(value) if self.log else float(value)

    def _unscaled(self, value: float) -> float:
        return math.exp(value) if self.log else value

    def _holds_type(self, value: Any) -> bool:
        raise NotImplementedError

    def _rounded(self, value: float, width: float, least: Number, most: Number) -> Number:
        raise NotImplementedError


@dataclass(frozen=True)
class Float(_Numeric[float]):
    """A real parameter, such as ``Float(1e-3, 1e3, log=True)``; see `_Numeric` for the parameters."""

    def __post_init__(self) -> None:
        super().__post_init__()
        limits = None if self.limits is None else (float(self.limits[0]), float(self.limits[1]))
        for name, value in (("low", float(self.low)), ("high", float(self.high)), ("limits", limits)):
            object.__setattr__(self, name, value)

    def _holds_type(self, value: Any) -> bool:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)

    def _rounded(self, value: float, width: float, least: float, most: float) -> float:
        # Six digits of the width are more than any parameter needs. They make settings readable, and equal on
        # machines whose logarithms differ in the last bit, which the digest of a setting would notice.
        grain = min(abs(value), width) if self.log else width
        if grain > 0:  # An axis without width has but one value, which stays what it is.
            value = round(float(value), 5 - math.floor(math.log10(grain)))
        return float(min(max(value, least), most))


@dataclass(frozen=True)
class Int(_Numeric[int]):
    """A whole-number parameter, such as ``Int(1, 64, log=True)``; see `_Numeric` for the parameters."""

    def _holds_type(self, value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool)

    def _rounded(self, value: float, width: float, least: int, most: int) -> int:
        return min(max(round(value), least), most)


@dataclass(frozen=True)
class Choice:
    """A parameter with a few possible values that have no order.

    Parameters
    ----------
    values : distinct hashable values; types may be mixed, as in ``Choice(("sqrt", 0.1, None))``.
    """

    values: tuple[Hashable, ...]

    def __post_init__(self) -> None:
        plain = tuple(v.item() if isinstance(v, np.generic) else v for v in self.values)
        object.__setattr__(self, "values", plain)
        # Equal values of unlike types (1 and True) count as one: a search could not tell them apart.
        if not plain or len(set(plain)) < len(plain):
            raise ValueError(f"a choice needs one or more distinct values, given {plain}")

    def grid(self, n: int) -> tuple[Any, ...]:
        """All values, whatever `n`."""
        return self.values

    def zoom(self, around: Any, factor: float) -> Choice:
        """The choice narrowed to `around`, whatever `factor`."""
        self.check(around)
        return Choice((around,))

    def widen(self, around: Any) -> Choice:
        """The choice itself: it has no edge."""
        return self

    def at_edge(self, value: Any) -> bool:
        """False: a choice has no edge."""
        return False

    def draw(self, rng: np.random.Generator) -> Any:
        """A random value."""
        return self.values[int(rng.integers(len(self.values)))]

    def check(self, value: Any) -> None:
        """Raise ValueError unless `value` is one of the values."""
        if value not in self.values:
            raise ValueError(f"{value!r} is none of {self.values}")

    def distance(self, a: Any, b: Any) -> float:
        """0 if equal, otherwise 1."""
        return float(a != b)


Axis = Float | Int | Choice


class Space(Mapping[str, Axis]):
    """An immutable mapping from parameter names to axes.

    >>> Space(C=Float(0.1, 10.0, log=True), kernel=Choice(("rbf", "poly"))).grid(3)[0]
    {'C': 0.1, 'kernel': 'rbf'}
    """

    def __init__(self, **axes: Axis) -> None:
        for name, axis in axes.items():
            if not isinstance(axis, Axis):
                raise ValueError(f"axis {name} must be a Float, an Int or a Choice, given {axis!r}")
        self._axes = axes

    def __getitem__(self, name: str) -> Axis:
        return self._axes[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._axes)

    def __len__(self) -> int:
        return len(self._axes)

    def __hash__(self) -> int:
        return hash(frozenset(self._axes.items()))

    def __repr__(self) -> str:
        return f"Space({', '.join(f'{name}={axis}' for name, axis in self.items())})"

    def grid(self, n: int) -> list[dict[str, Any]]:
        """The full product of the axes' grids, `n` points per numeric axis."""
        return [dict(zip(self, point, strict=True)) for point in itertools.product(*self.levels(n).values())]

    def levels(self, n: int) -> dict[str, tuple[Any, ...]]:
        """The grid of each axis, `n` points per numeric axis."""
        return {name: axis.grid(n) for name, axis in self.items()}

    def zoom(self, around: Mapping[str, Any], factor: float) -> Space:
        """The space with every axis zoomed around its value in `around`."""
        self.check(around)
        return Space(**{name: axis.zoom(around[name], factor) for name, axis in self.items()})

    def draw(self, rng: np.random.Generator) -> dict[str, Any]:
        """A random setting."""
        return {name: axis.draw(rng) for name, axis in self.items()}

    def check(self, params: Mapping[str, Any]) -> None:
        """Raise ValueError unless `params` has a valid value for every axis; it may have more than these."""
        for name, axis in self.items():
            if name not in params:
                raise ValueError(f"the setting {dict(params)} has no value for the axis {name}")
            try:
                axis.check(params[name])
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None

    def point(self, params: Mapping[str, Any]) -> tuple[Hashable, ...]:
        """The values of the axes alone, in order: what makes a setting different from another."""
        return tuple(params[name] for name in self)
