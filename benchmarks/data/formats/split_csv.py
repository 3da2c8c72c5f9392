"""``split.csv`` in a folder of images: which file is in which part, and what else is known of it.

Its first line names the columns. ``file`` is the path of an image below the folder, with slashes. ``label`` is its class;
without that column, the name of the folder that it is in. ``split`` is train or test, or val (valid, validation), which
is not used; without that column a share of the images becomes the test. Any other column may name the groups; one that is
called nearly as these are is a slip, and refused. Labels that are all numbers such as 1.0 are these whole numbers::

    file,split,writer
    cat/001.png,train,anna
    cat/002.png,test,ben
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from benchmarks.data.formats.bounds import must_fit
from benchmarks.data.formats.columns import encoding_fault, like, separator_fault
from benchmarks.data.formats.compressed import opened
from benchmarks.errors import UserError, unknown
from benchmarks.safety.names import LONGEST_CLASS, shortened

NAME = "split.csv"
LONGEST_LINE = 10_000  # bytes of the first line of another table
UNUSED = ("val", "valid", "validation")
KNOWN = ("file", "label", "split")
WHOLE = re.compile(r"[+-]?\d{1,18}(\.0+)?", re.ASCII)  # as pandas writes a column of whole numbers with a gap


@dataclass(frozen=True)
class Row:
    """A line: an image's path below the folder, its class, its part, and its value in the column of the groups."""

    file: PurePosixPath
    label: str
    part: str
    group: str


def read(path: Path, column: str | None) -> list[Row]:
    """The lines of a ``split.csv``; `column` has the groups.

    Raises
    ------
    UserError
        If a column is missing, or a line says what cannot be; it names the line.
    """
    with opened(path, unpack=False) as stream:  # What a packed one unpacks to has no bound.
        must_fit(20 * os.fstat(stream.fileno()).st_size, path)
        lines = csv.DictReader(io.TextIOWrapper(stream, "utf-8-sig", newline=""), strict=True)
        try:
            names = [name.strip() for name in lines.fieldnames or ()]
            _check_names(path, names, column)
            lines.fieldnames = names
            rows, seen = [], set()
            for line in lines:
                row = _row(path, lines.line_num, line, column)
                if row.file in seen:
                    raise UserError(f"{path}, line {lines.line_num}: {row.file} is listed a second time.")
                seen.add(row.file)
                rows.append(row)
        except UnicodeDecodeError as error:
            raise UserError(f"{path} {encoding_fault(error)}.") from error
        except csv.Error as error:
            raise UserError(f"{path}, line {lines.line_num}: {error}.") from error
    if "label" in names and all(WHOLE.fullmatch(row.label) for row in rows):
        return [replace(row, label=row.label.partition(".")[0]) for row in rows]
    return rows


def is_one(path: Path) -> bool:
    """Whether a table with another name looks like a ``split.csv``: it names the files and, or, their classes."""
    try:
        with opened(path, unpack=False) as stream:
            names = stream.readline(LONGEST_LINE).decode("utf-8-sig").lower().split(",")
    except (UserError, UnicodeDecodeError):
        return False
    return len(names) > 1 and like("file", names) is not None


def _check_names(path: Path, names: Sequence[str], column: str | None) -> None:
    """Refuse a line that does not name the columns that are needed, or misspells one of `KNOWN`."""
    if fault := separator_fault(",".join(names)):
        raise UserError(f"{path}, line 1: {fault}.")
    for wanted in KNOWN:
        others = [name for name in names if name not in (*KNOWN, column)]
        if wanted not in names and (other := like(wanted, others)):
            raise UserError(
                f"{path}, line 1: There is no column {wanted!r}: rename {other!r} to {wanted!r}"
                f"{'' if wanted == 'file' else ', or to something less alike'}. There are: {', '.join(names)}."
            )
    for wanted in ("file", *([column] if column else [])):
        if wanted not in names:
            raise UserError(f"{path}, line 1: {unknown('column', wanted, names)}")


def _row(path: Path, number: int, line: dict[str, str | None], column: str | None) -> Row:
    where = f"{path}, line {number}"
    values = {name: (value or "").strip() for name, value in line.items() if isinstance(name, str)}
    file = PurePosixPath(values["file"])
    if not file.name or file.is_absolute() or ".." in file.parts or "\0" in values["file"]:
        raise UserError(f"{where}: {shortened(values['file'])!r} is no path of a file below the folder.")
    if "\\" in values["file"] and not os.path.lexists(path.parent / file):
        raise UserError(f"{where}: {shortened(values['file'])!r}: write / between folders, not \\.")
    part = values.get("split", "").lower()
    if "split" in values and part not in ("train", "test", *UNUSED):
        raise UserError(f"{where}: {unknown('split', part, ('train', 'test', *UNUSED))}")
    label = values.get("label", file.parent.name)
    if long := next((text for text in (label, values.get(column or "", "")) if len(text) > LONGEST_CLASS), None):
        raise UserError(f"{where}: {shortened(long)!r} has more than {LONGEST_CLASS} characters.")
    if not label and "label" in values:
        raise UserError(f"{where}, column 'label': nothing, where each image needs its class.")
    if not label:
        raise UserError(f"{where}: {file} has no label, and is in no folder that is named like its class.")
    group = values[column] if column else ""
    if column and not group:
        raise UserError(f"{where}, column {column!r}: nothing, where each image needs a group.")
    return Row(file, label, part, group)
