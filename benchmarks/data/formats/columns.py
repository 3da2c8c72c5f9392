"""The first line of a table: which column is meant by a name that is nearly a known one, and what separates the columns."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

ALIKE = 0.75  # of the letters of a name and of a known one: 'lable' is alike, 'writer' is not
MEANT = {"file": ("filename", "file_name", "filepath", "path", "image"), "label": ("class", "target", "category")}
SEPARATORS = {";": "semicolons", "\t": "tabs"}


def like(known: str, names: Iterable[str]) -> str | None:
    """The name that is nearly `known`, or says the same; None if there is none."""
    near = {name.strip().lower(): name for name in names if name.strip()}
    found = difflib.get_close_matches(known, near, n=1, cutoff=ALIKE)
    found += [name for name in MEANT.get(known, ()) if name in near]
    return near[found[0]] if found else None


def separator_fault(line: str) -> str:
    """Why the first line of a table has no columns, where something else than commas separates them; else ""."""
    found = next((name for sign, name in SEPARATORS.items() if sign in line and "," not in line), None)
    return f"the columns are separated by {found}, and commas are needed: save it as CSV with commas" if found else ""


def encoding_fault(error: UnicodeDecodeError) -> str:
    """Why text cannot be read, and what to do, in words that follow "it"."""
    utf_16 = error.object[:2] in (b"\xff\xfe", b"\xfe\xff")
    return f"is not UTF-8 text{', but UTF-16' if utf_16 else ''}: save it as CSV UTF-8"
