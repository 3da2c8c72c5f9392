"""Levels of distortion: "none", or a corruption at a severity, as in "fog-3"."""

from __future__ import annotations

from benchmarks.corruptions import CORRUPTIONS, parse

CLEAN = "none"  # the level of images as they are


def kind(level: str) -> str:
    """The corruption of a level, "fog" of "fog-3"; "none" of "none"."""
    return level.partition("-")[0]


def severity(level: str) -> int:
    """The severity of a level, 3 of "fog-3"; 0 of "none", and where a level does not tell."""
    return 0 if level == CLEAN else parse(level)[1] or 0


def family(name: str) -> str:
    """What kind of thing a corruption is, by the module that has it: noise, blur, geometry, light, marks, weather, coding."""
    return CORRUPTIONS[name].change.__module__.rpartition(".")[2]


def family_of(name: str) -> tuple[str, ...]:
    """All corruptions of the family of one."""
    return tuple(other for other in CORRUPTIONS if family(other) == family(name))
