"""`Reading`: what may be chosen of how files become arrays."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.data.framing import FRAMES
from benchmarks.errors import UserError, unknown

WHITE = "white"
COLOURS = {"white": (255, 255, 255), "black": (0, 0, 0)}
LEAST_SIDE, MOST_SIDE = 4, 512  # pixels
Told = Callable[[str], None]  # is told in a line how far the reading of many files is


@dataclass(frozen=True)
class Reading:
    """What may be chosen of how files become arrays, and rows become parts.

    Parameters
    ----------
    groups : which images stay together in every split: "" for none, "near" for near duplicates, "column:NAME" for
        those with one value in a column, or else a regular expression, for those with one match in their paths.
    background : what shows where an image is transparent: "white", "black" or "#rrggbb".
    size : of the images that are made of the pictures of a folder: "32" for the longest side, "24x32" for height and
        width; "" leaves it to a probe (`benchmarks.data.choice`).
    frame : of the same: "whole", "content" or "mass" (`benchmarks.data.framing.Framing`); "" leaves it to the probe.

    Raises
    ------
    UserError
        If the pattern is no regular expression, a column has no name, the background is no colour, or there is no such size
        or frame.
    """

    groups: str = ""
    background: str = WHITE
    size: str = ""
    frame: str = ""

    def __post_init__(self) -> None:
        colour(self.background)
        if self.column == "":
            raise UserError("--groups column: lacks the name of a column, as in --groups column:writer.")
        try:
            re.compile(self.pattern)
        except (re.error, RecursionError, OverflowError) as error:
            raise UserError(
                f"--groups {self.groups!r} is no regular expression ({error}): give one, or near, or column:NAME."
            ) from error
        if self.size and not re.fullmatch(r"[0-9]{1,4}(x[0-9]{1,4})?", self.size):
            raise UserError(f"--size {self.size!r} is no size: give the longest side, 32, or height and width, 24x32.")
        if self.size and not LEAST_SIDE <= min(_sides(self.size)) <= max(_sides(self.size)) <= MOST_SIDE:
            raise UserError(f"--size {self.size}: a side has {LEAST_SIDE} to {MOST_SIDE} pixels.")
        if self.frame and self.frame not in FRAMES:
            raise unknown("frame", self.frame, FRAMES)

    @property
    def near(self) -> bool:
        return self.groups == "near"

    @property
    def sides(self) -> tuple[int, ...]:
        """The longest side, or height and width; none where no size was asked for."""
        return _sides(self.size) if self.size else ()

    @property
    def column(self) -> str | None:
        """The name of the column whose values are the groups."""
        return self.groups.removeprefix("column:") if self.groups.startswith("column:") else None

    @property
    def pattern(self) -> str:
        """The regular expression whose matches in the paths are the groups; "" where there is none."""
        return "" if self.near or self.column is not None else self.groups


def _sides(size: str) -> tuple[int, ...]:
    return tuple(int(side) for side in size.split("x"))


def colour(text: str) -> tuple[int, int, int]:
    """Red, green and blue of "white", "black" or "#rrggbb".

    Raises
    ------
    UserError
        If it is none of these.
    """
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text) and text not in COLOURS:
        raise UserError(f"{text!r} is no background: give white, black, or #rrggbb, such as #f0f0f0.")
    red, green, blue = COLOURS.get(text) or bytes.fromhex(text[1:])
    return red, green, blue


PLAIN = Reading()  # no groups, on white, as the probe says


def silent(text: str) -> None:
    """Nobody wants to know."""
