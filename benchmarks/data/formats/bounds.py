"""What a file may take of this machine: a small one may announce, or unpack to, more than there is memory.

Arrays may fill half of the memory. What is needed beside them, to open a picture or to take a table apart, has a bound of its own.
``$CROSSOVER_MEMORY``, such as "12 GB", sets both.
"""

from __future__ import annotations

import os
from functools import cache

from benchmarks.data.formats.compressed import Readable
from benchmarks.errors import UserError

VARIABLE = "CROSSOVER_MEMORY"
BESIDE = 10**9  # bytes
PIXEL_BYTES = 16  # that it takes to open a picture, with what shows through it
PICTURE_BYTES = 600  # that the answer to a picture takes until it is written
ROW_BYTES = 200  # that the label of a row takes until it is a number
COLUMN_BYTES = 4096  # that a column of a table takes whatever is in it


def must_fit(size: int, path: Readable) -> None:
    """Refuse arrays of `size` bytes if they fill more than half of the memory; the file is named.

    Raises
    ------
    UserError
        If they do.
    """
    if size > (most := most_bytes()):
        part = "which is what $CROSSOVER_MEMORY says" if os.environ.get(VARIABLE) else "half of what this machine has"
        raise UserError(
            f"{path} needs {_gigabytes(size)} GB of memory, and at most {_gigabytes(most)} GB, {part}, may be used: make it "
            f"smaller, or set {VARIABLE} to more."
        )


def check_columns(count: int, path: Readable) -> None:
    """Refuse a table with more columns than can be taken apart.

    Raises
    ------
    UserError
        If it has.
    """
    if count > (most := most_beside() // COLUMN_BYTES):
        raise UserError(f"{path} has {count:,} columns, and at most {most:,} are read: set {VARIABLE} to more memory.")


def check_rows(count: int, path: Readable) -> None:
    """Refuse a table with more rows than can be taken apart.

    Raises
    ------
    UserError
        If it has.
    """
    if count > (most := most_beside() // ROW_BYTES):
        raise UserError(f"{path} has more than {most:,} rows: make it smaller, or set {VARIABLE} to more memory.")


def check_pictures(count: int, path: Readable) -> None:
    """Refuse more pictures to label than a table of answers has room for.

    Raises
    ------
    UserError
        If there are.
    """
    if count > (most := most_beside() // PICTURE_BYTES):
        raise UserError(
            f"{path}: more than {most:,} pictures to label: give them in parts, or set {VARIABLE} to more memory."
        )


def most_pixels() -> int:
    """Of a picture, and of all that are open at once."""
    return most_beside() // PIXEL_BYTES


def most_bytes() -> int:
    """What arrays may take: half of the memory of this machine, or what the variable says."""
    return _asked() or _machine() // 2


def most_beside() -> int:
    """What may be needed beside them."""
    return _asked() or min(BESIDE, _machine() // 2)


def check_variable() -> None:
    """Refuse a ``$CROSSOVER_MEMORY`` that is no size, before a file is blamed for it.

    Raises
    ------
    UserError : it is none.
    """
    _asked()


def _asked() -> int:
    from benchmarks.execution.limits import parse_bytes

    text = os.environ.get(VARIABLE, "")
    if not text:
        return 0
    try:
        return max(1, int(text) if text.isascii() and text.isdigit() and len(text) < 20 else parse_bytes(text))
    except (ValueError, OverflowError) as error:
        raise UserError(f"{VARIABLE}: {error}.") from error


@cache
def _machine() -> int:
    from benchmarks.execution.memory import machine_bytes

    return machine_bytes()


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:,.1f}" if size < 10**18 else "a billion and more"
