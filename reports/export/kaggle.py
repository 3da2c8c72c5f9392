"""Kaggle's submission file for Digit Recognizer: written, and checked before anybody uploads it.

The format: a header ``ImageId,Label``, then one row per test image, ids counting from 1, labels as whole numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import UserError
from benchmarks.safety.names import shortened
from benchmarks.safety.regular import opened, write

HEADER = "ImageId,Label"
LONGEST = 1000  # bytes of a line


def write_submission(
    labels: Sequence[int] | NDArray[np.integer], path: Path | str, put: Callable[[Path, str], Path] = write
) -> Path:
    """Write predicted labels, in the order of the test images, in one step.

    Parameters
    ----------
    labels : whole numbers, one per test image.
    path : where to; readers see the old file or the new one, never a half.
    put : how a text is written to a path.
    """
    array = np.asarray(labels)
    if array.ndim != 1 or (array.size and not np.issubdtype(array.dtype, np.integer)):
        raise ValueError(f"labels must be whole numbers, one per image, given {array.dtype} {array.shape}")
    rows = [f"{i},{label}\n" for i, label in enumerate(array.tolist(), 1)]
    return put(Path(path), "".join([f"{HEADER}\n", *rows]))


def check_submission(path: Path | str, rows: int = 28_000, labels: Collection[int] = range(10)) -> None:
    """Check a submission as Kaggle would, but say what is wrong and where.

    Parameters
    ----------
    rows : number of test images.
    labels : the labels that may occur.

    Raises
    ------
    UserError : the file cannot be read, or is not a valid submission; the first fault, with its line.
    """
    path = Path(path)
    allowed = {str(label) for label in labels}
    lines = _lines(path)
    _check_header(path, next(lines))
    seen: dict[str, int] = {}
    number = 1
    for number, line in enumerate(lines, 2):
        where = f"{path}, line {number}"
        if not line.strip():
            raise UserError(f"{where}: the line is empty. Remove it; there must be {rows:,} rows and nothing else.")
        identity, label = _fields(where, line)
        expected = number - 1
        if not (identity.isascii() and identity.isdigit()):
            raise UserError(f"{where}: ImageId {shortened(identity)!r} is not a whole number; {expected} was expected.")
        identity = identity.lstrip("0") or "0" if identity.lstrip("0") in seen else identity
        if identity in seen:
            raise UserError(f"{where}: ImageId {identity} was on line {seen[identity]} already.")
        if expected > rows:
            raise UserError(f"{where}: there are more than the {rows:,} rows expected.")
        if identity != str(expected):
            raise UserError(
                f"{where}: ImageId {shortened(identity)} where {expected} was expected; ids count from 1 without gaps."
            )
        seen[identity] = number
        if label not in allowed:
            raise UserError(f"{where}: {_label_fault(label, allowed)}")
    if len(seen) < rows:
        raise UserError(f"{path}, line {number}: the file ends after {len(seen):,} rows; {rows:,} were expected.")


def _lines(path: Path) -> Iterator[str]:
    """The lines without their ends, which are LF or CRLF; at least one."""
    number = 0
    with opened(path) as file:
        while raw := file.readline(LONGEST + 1):
            number += 1
            if len(raw) > LONGEST:
                raise UserError(
                    f"{path}, line {number}: it has more than {LONGEST:,} bytes, where a row has two numbers."
                )
            try:
                yield raw.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8")
            except UnicodeDecodeError as error:
                raise UserError(f"{path}, line {number}: the text is not UTF-8 (byte {error.start + 1}).") from error
    if not number:
        raise UserError(f"{path}, line 1: the file is empty; it must start with {HEADER!r}.")


def _check_header(path: Path, line: str) -> None:
    where = f"{path}, line 1"
    if line == HEADER:
        return
    if line.startswith("\ufeff"):
        raise UserError(f"{where}: the file starts with a byte order mark. Save it as UTF-8 without BOM.")
    if '"' in line or "'" in line:
        raise UserError(f"{where}: the header is quoted; it must be {HEADER!r} as it stands.")
    names = [name.strip() for name in line.split(",")]
    if len(names) == 3 and names[1:] == HEADER.split(","):
        raise UserError(f"{where}: there is an index column before ImageId. Write the file without it (index=False).")
    for delimiter, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars"), (" ", "spaces")):
        if [name.strip() for name in line.split(delimiter)] == HEADER.split(","):
            raise UserError(f"{where}: fields are separated by {word}; they must be separated by commas.")
    if all(name.isdigit() for name in names):
        raise UserError(f"{where}: there is no header; the first line must be {HEADER!r}.")
    raise UserError(f"{where}: the columns must be {HEADER!r}, given {line[:60]!r}.")


def _fields(where: str, line: str) -> list[str]:
    if '"' in line or "'" in line:
        raise UserError(f"{where}: a field is quoted: {line[:60]!r}; numbers must stand bare.")
    fields = line.split(",")
    if len(fields) != 2:
        raise UserError(f"{where}: {len(fields)} fields where 2 were expected: {line[:60]!r}.")
    return fields


def _label_fault(label: str, allowed: set[str]) -> str:
    if label.strip() == "" or label.strip().lower() in ("nan", "na", "none", "null"):
        return f"the label is missing ({label!r})."
    try:
        number = float(label)
    except ValueError:
        return f"label {shortened(label)!r} is not a number."
    if number.is_integer() and str(int(number)) in allowed:
        return f"label {label!r} must be written {str(int(number))!r}, a bare whole number."
    ordered = sorted(map(int, allowed))
    span = f"{ordered[0]} to {ordered[-1]}" if ordered == list(range(ordered[0], ordered[-1] + 1)) else str(ordered)
    return f"label {shortened(label)!r} is not one of the classes, {span}."
