"""`Reading`: what may be chosen of how files become arrays."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.errors import UserError

WHITE = "white"
COLOURS = {"white": (255, 255, 255), "black": (0, 0, 0)}
Told = Callable[[str], None]  # is told in a line how far the reading of many files is


@dataclass(frozen=True)
class Reading:
    """What may be chosen of how files become arrays, and rows become parts.

    Parameters
    ----------
    groups : which images stay together in every split: "" for none, "near" for near duplicates, "column:NAME" for
        those with one value in a column, or else a regular expression, for those with one match in their paths.
    background : what shows where an image is transparent: "white", "black" or "#rrggbb".

    Raises
    ------
    UserError
        If the pattern is no regular expression, a column has no name, or the background is no colour.
    """

    groups: str = ""
    background: str = WHITE

    def __post_init__(self) -> None:
        colour(self.background)
        if self.column == "":
            raise UserError("--groups column: lacks the name of a column, as in --groups column:writer.")
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise UserError(
                f"--groups {self.groups!r} is no regular expression ({error}): give one, or near, or column:NAME."
            ) from error

    @property
    def near(self) -> bool:
        return self.groups == "near"

    @property
    def column(self) -> str | None:
        """The name of the column whose values are the groups."""
        return self.groups.removeprefix("column:") if self.groups.startswith("column:") else None

    @property
    def pattern(self) -> str:
        """The regular expression whose matches in the paths are the groups; "" where there is none."""
        return "" if self.near or self.column is not None else self.groups


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


PLAIN = Reading()  # no groups, on white


def silent(text: str) -> None:
    """Nobody wants to know."""
