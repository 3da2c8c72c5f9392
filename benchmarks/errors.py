"""The error a user can mend, and the words for it."""

from __future__ import annotations

from collections.abc import Iterable

from tuning.nearest import hint

LONGEST = 2_500  # characters of an error
LONGEST_GIVEN = 80  # of what was given
MOST_NAMES = 200  # that are allowed, and listed


class UserError(Exception):
    """Bad usage or bad data: one line that says what was given, what is allowed, and what to do.

    The command line prints it and exits with code 2; it never shows a traceback. Characters that cannot be printed, such
    as a line break in the name of a file, are escaped, and what is very long is cut off.
    """

    def __init__(self, message: str) -> None:
        text = printable(message[:LONGEST])[:LONGEST]
        super().__init__(text if len(message) <= LONGEST else f"{text} …")


class Unavailable(UserError):
    """Data that is neither on this machine nor to be downloaded now; a suite may turn to another data set, loudly."""


def printable(text: str) -> str:
    """The text with what cannot be printed escaped: line breaks, and bytes of a file's name that are not UTF-8."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def unknown(kind: str, given: str, allowed: Iterable[str]) -> UserError:
    """The error for a wrong name: the nearest right one first, then all of them."""
    names = sorted(allowed)
    given = given if len(given) <= LONGEST_GIVEN else f"{given[: LONGEST_GIVEN - 1]}…"
    more = f" and {len(names) - MOST_NAMES:,} more" if len(names) > MOST_NAMES else ""
    listed = names[:MOST_NAMES]
    return UserError(f"There is no {kind} {given!r}.{hint(given, listed)} There are: {', '.join(listed)}{more}.")
