"""Names that people bring, of classes, data sets, runs and suites: checked, or made safe, once, where they enter.

Names of data sets, runs and suites name folders. So none of them may lead out of its folder, be hidden, change the direction of a
line on a terminal, or be longer than file systems take.
"""

from __future__ import annotations

import hashlib
import re
import reprlib
from collections.abc import Sequence

from benchmarks.errors import UserError, printable

LONGEST = 200  # bytes of a name of a folder, in UTF-8; file systems take 255, and drafts are called a little longer
LONGEST_CLASS = 300  # characters
MOST_CLASSES = 10_000
SEPARATORS = "/\\"
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # of Windows, in every folder
_QUOTED = reprlib.Repr()
_QUOTED.maxstring = _QUOTED.maxother = 80
FORMULA = "=+-@\t\r＝＋－＠"  # what a spreadsheet takes for the beginning of one
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
PLAIN = {
    "±": "+/-",
    "…": "...",
    "×": "x",
    "·": "-",
    "–": "-",
    "—": "-",
    "−": "-",
    "→": "->",
    "≤": "<=",
    "≥": ">=",
    "≈": "~",
}


def fault(name: str) -> str:
    """Why a text is no name of a folder, in words that follow it; "" if it is one."""
    if not name.strip():
        return "must not be empty"
    if name.strip(". ") == "" or name != name.strip():
        return "must not be made of dots, nor begin or end with a space"
    if any(separator in name for separator in SEPARATORS):
        return "must not contain / or \\"
    if not name.isprintable():  # Control characters, marks that turn the direction, halves of characters.
        return "must be text that can be printed"
    if DEVICES.fullmatch(name):
        return "is the name of a device on Windows"
    if len(name.encode()) > LONGEST:
        return f"must not have more than {LONGEST} bytes"
    return ""


def check_name(name: str, what: str) -> str:
    """The name itself, if it may name a folder; `what` begins the error.

    Raises
    ------
    UserError : it may not.
    """
    if wrong := fault(name):
        raise UserError(f"{what} {shortened(name)!r} is no name of a folder: it {wrong}.")
    return name


def safe_name(text: str) -> str:
    """The text itself if it may name a folder, else one that may: the same for the same text, another one for another."""
    if not fault(text):
        return text
    kept = "".join(c if c.isprintable() and c not in SEPARATORS else "-" for c in text)
    kept = kept.encode("utf-8", "replace")[: LONGEST // 3].decode("utf-8", "ignore").strip(". ")
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    made = f"{kept or 'unnamed'}-{digest}"
    return f"_{made}" if fault(made) else made  # nul.txt-0241e4ee is a device, too.


def check_classes(names: Sequence[str]) -> None:
    """Refuse names of classes that a report could not show, or that two classes have.

    Raises
    ------
    UserError : there is such a name, or there are too many.
    """
    if len(names) > MOST_CLASSES:
        raise UserError(
            f"There are {len(names):,} classes, and at most {MOST_CLASSES:,} can be compared: is it a label?"
        )
    seen: set[str] = set()
    for name in names:
        if not name.strip() or not name.isprintable():
            raise UserError(f"A class is called {shortened(name)!r}: its name must be text that can be printed.")
        if len(name) > LONGEST_CLASS:
            raise UserError(f"A class is called {shortened(name)!r}: a name has at most {LONGEST_CLASS} characters.")
        if name in seen:
            raise UserError(f"Two classes are called {name!r}: give each a name of its own.")
        seen.add(name)


def shortened(text: str, longest: int = 80) -> str:
    """The text, or its beginning if it is long: for errors."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def quoted(value: object) -> str:
    """A value as Python writes it, the beginning of it if it is long, or deep: for errors."""
    return _QUOTED.repr(value)


def harmless(text: str) -> str:
    """The text as a cell of a CSV in which no spreadsheet sees a formula: an apostrophe comes before what looks like one.

    A number stays as it is (https://owasp.org/www-community/attacks/CSV_Injection).
    """
    return f"'{text}" if text[:1] in FORMULA and text and not NUMBER.fullmatch(text) else text


def told(text: str) -> str:
    """Text of several lines for a terminal: what cannot be printed is escaped, line by line."""
    return "\n".join(printable(line) for line in text.split("\n"))


def plain(text: str) -> str:
    """The text in ASCII, for a terminal that has nothing else; signs become what they are usually typed as."""
    known = "".join(PLAIN.get(c, c) for c in text)
    return known.encode("ascii", "backslashreplace").decode()
