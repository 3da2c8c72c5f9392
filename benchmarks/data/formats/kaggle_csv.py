"""Kaggle-style CSV: a header, then one image per line, a column for the label and one per pixel, row by row.

Where a file has no header, its first column is the label.

pandas reads it; only when it stumbles, a slow second reading says exactly where and why.
"""

from __future__ import annotations

import csv
import io
import json
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.formats.arrays import LabelledArrays, images_of
from benchmarks.data.formats.bounds import check_columns, check_pictures, check_rows, must_fit
from benchmarks.data.formats.columns import encoding_fault, like, separator_fault
from benchmarks.data.formats.compressed import opened
from benchmarks.errors import UserError
from benchmarks.safety.names import LONGEST_CLASS, shortened

LONGEST_LINE = 1 << 24  # bytes
LONGEST_NAME = 40  # characters of the name of a column that is told in an error
NO_PIXELS = ("label", "id", "imageid", "image_id")  # columns that other competitions have, in small letters


def read_labelled(
    path: Path,
    label: str = "label",
    shape: Sequence[int] | None = None,
    group: str | None = None,
    named: bool = True,
) -> LabelledArrays:
    """Images and labels; labels are int64 if all are whole numbers, else str.

    Parameters
    ----------
    group : the column that names the groups.
    named : the first line names the columns; else the first column is the label.
    """
    pixels, labels, groups = _read(path, label, group, named=named)
    assert labels is not None
    return LabelledArrays(images_of(pixels, path, shape), labels, path, groups)


def read_unlabelled(
    path: Path, label: str = "label", shape: Sequence[int] | None = None, group: str | None = None
) -> NDArray[np.uint8]:
    """The images of a file without labels, such as the test part of a competition; it may have the column of the groups."""
    return images_of(_read(path, None, group, never=label)[0], path, shape)


def read_blocks(path: Path, pixels: int, rows: int) -> Iterator[NDArray[np.uint8]]:
    """The pixels (n, d) of a file to be labelled, `rows` or fewer at a time; labels and row numbers are passed over.

    Parameters
    ----------
    pixels : of an image if the names of the columns do not tell. Without a header, a row that has one value more starts with
        a label.

    Raises
    ------
    UserError
        Where the file cannot be read on; what comes before it has been given by then.
    """
    header = _header(path)
    _check_size(path)
    named = not all(name.isascii() and name.isdigit() for name in header)
    if named:
        counted = [name for name in header if re.fullmatch(r"pixel\d+", name)]
        chosen = counted or [name for name in header if name.lower() not in NO_PIXELS]
        _check_names(path, header, chosen)
    else:
        header = [f"column {i}" for i in range(1, len(header) + 1)]
        chosen = header[1:] if len(header) == pixels + 1 else header
    found = 0
    for frame in _parse(path, header, set(chosen), named, rows):
        found += len(frame)
        yield np.ascontiguousarray(frame[chosen].to_numpy(np.uint8))
    if not found:
        raise UserError(f"{path} has a header but no rows.")


def _read(
    path: Path, label: str | None, group: str | None, never: str = "", named: bool = True
) -> tuple[NDArray[np.uint8], NDArray | None, NDArray | None]:
    header = _header(path)
    if not named:
        header = [str(label), *(f"pixel{i}" for i in range(len(header) - 1))]
    if label is not None and label not in header:
        other = like(label, header)
        advice = (
            f": rename {other!r} to {label!r}, or say `label = {json.dumps(other)}` in a TOML file that names the CSV"
            if other
            else ""
        )
        raise UserError(f"{path}, line 1: there is no column {label!r}{advice}; the columns are {_some(header)}.")
    if label is None and never in header:
        raise UserError(f"{path}, line 1: there is a column {never!r}, but images to label should have none.")
    if label is not None and group is not None and (group not in header or group == label):
        others = [name for name in header if name != label]
        raise UserError(
            f"{path}, line 1: --groups column:{group}: there is no such column beside {label!r}; {_some(others)}."
        )
    _check_size(path, len(header))
    texts = {label, group}
    pixels = [name for name in header if name not in texts]
    _check_names(path, header, pixels)
    (frame,) = _parse(path, header, set(pixels), named)
    if frame.empty:
        raise UserError(f"{path} has a header but no rows.")
    labels = None if label is None else _labels(frame[label].to_numpy(object), path, label, named)
    groups = None if label is None or group is None else _names(frame[group].to_numpy(object), path, group)
    return np.ascontiguousarray(frame[pixels].to_numpy()), labels, groups


def _header(path: Path) -> list[str]:
    with opened(path) as stream:
        line = stream.readline(LONGEST_LINE)
    try:
        check_columns(line.count(b",") + 1, path)  # Before any of them is a text of its own.
        text = line.decode("utf-8-sig")
        names = next(csv.reader([text]), [])
    except UnicodeDecodeError as error:
        raise UserError(f"{path}, line 1: it {encoding_fault(error)}.") from error
    except csv.Error as error:
        raise UserError(f"{path}, line 1: not a CSV header ({error}).") from error
    if fault := separator_fault(text):
        raise UserError(f"{path}, line 1: {fault}.")
    if not any(names):
        raise UserError(f"{path} is empty: the first line must name the columns.")
    return [name.strip() for name in names]


def _check_size(path: Path, columns: int | None = None) -> None:
    """Lines of bounded length, as many as fit into memory if all are read at once, which is when `columns` are told.

    A small packed file may hold a line of many gigabytes.
    """
    lines = size = line = 0
    with opened(path) as stream:
        while block := stream.read(1 << 20):
            lines, size = lines + block.count(b"\n"), size + len(block)
            end = block.rfind(b"\n")
            line = line + len(block) if end < 0 else len(block) - end - 1
            if line > LONGEST_LINE:
                raise UserError(f"{path}, line {lines + 1}: it has more than {LONGEST_LINE:,} bytes.")
            if columns is None:
                check_pictures(lines, path)
            else:
                must_fit(max(size, lines * columns), path)
                check_rows(lines, path)


def _check_names(path: Path, header: list[str], pixels: list[str]) -> None:
    """No name twice, and no gap where the names count pixels: a missing column would shift the image."""
    seen: set[str] = set()
    for name in header:
        if name in seen:
            raise UserError(f"{path}, line 1: the column {name!r} appears twice.")
        seen.add(name)
    if not pixels:
        raise UserError(f"{path}, line 1: there are no columns of pixels, only {_some(header)}.")
    if odd := _unlike(pixels):
        shown = ", ".join(repr(shortened(name, LONGEST_NAME)) for name in odd[:4]) + (", …" if len(odd) > 4 else "")
        usual = next(name for name in pixels if name not in odd)
        raise UserError(
            f"{path}, line 1: {shown} {'is' if len(odd) == 1 else 'are'} not named like the pixels, such as {usual!r}: leave such "
            "columns out. A description (TOML) may say which is the `label`, and --groups column:NAME which tells the groups."
        )
    numbers = [int(match[1]) if (match := re.fullmatch(r"pixel(\d{1,9})", name)) else None for name in pixels]
    if None in numbers or numbers[0] not in (0, 1):
        if numbers[0] is not None:
            raise UserError(
                f"{path}, line 1: the first column of pixels is {pixels[0]!r}, expected 'pixel0' or 'pixel1'."
            )
        return
    for place, number in enumerate(numbers, start=numbers[0]):
        if number != place:
            raise UserError(
                f"{path}, line 1: the column 'pixel{place}' is missing, {f'pixel{number}'!r} is in its place."
            )


def _unlike(pixels: list[str]) -> list[str]:
    """The columns that are no pixels by their names, where most have names of one pattern: pixel12, or 3x7."""
    patterns = [re.sub(r"\d+", "#", name) for name in pixels]
    usual, count = Counter(patterns).most_common(1)[0]
    odd = [name for name, pattern in zip(pixels, patterns, strict=True) if pattern != usual]
    return odd if "#" in usual and 2 * len(odd) < count else []


def _parse(
    path: Path, header: list[str], pixels: set[str], named: bool = True, rows: int | None = None
):  # -> Iterator[DataFrame]
    """The table in blocks of `rows`, or in one; `named`: its first line has the names."""
    import pandas as pd

    doubts = (pd.errors.ParserWarning, RuntimeWarning)  # surplus values; a cast of "nan"
    with opened(path) as stream:
        try:
            with _as_errors(*doubts):
                table = pd.read_csv(
                    stream,
                    names=header,
                    header=0 if named else None,
                    index_col=False,  # a surplus value is an error, not a row name
                    na_filter=False,  # a missing value is an error, not a 0
                    dtype={name: np.uint8 if name in pixels else str for name in header},
                    encoding="utf-8-sig",
                    chunksize=rows,
                )
            blocks = iter([table] if rows is None else table)
            while True:
                with _as_errors(*doubts):
                    block = next(blocks, None)
                if block is None:
                    return
                yield block
        except (ValueError, OverflowError, *doubts) as error:
            reason = error
    raise _diagnosis(path, header, pixels, named, reason) from reason


@contextmanager
def _as_errors(*kinds: type[Warning]) -> Iterator[None]:
    with warnings.catch_warnings():
        for kind in kinds:
            warnings.simplefilter("error", kind)
        yield


def _diagnosis(path: Path, header: list[str], pixels: set[str], named: bool, reason: Exception) -> UserError:
    """The first line that is wrong, and why."""
    with opened(path) as stream:
        rows = csv.reader(io.TextIOWrapper(stream, "utf-8-sig", errors="replace", newline=""), strict=True)
        try:
            for row in rows:
                if (named and rows.line_num == 1) or not any(value.strip() for value in row):
                    continue
                if len(row) != len(header) and not (len(row) == len(header) + 1 and row[-1] == ""):
                    first = "the header" if named else "line 1"
                    return UserError(f"{path}, line {rows.line_num}: {len(row)} values, but {first} has {len(header)}.")
                for name, value in zip(header, row, strict=False):
                    if name in pixels and (wrong := _wrong_pixel(value)):
                        return UserError(f"{path}, line {rows.line_num}, column {name!r}: {wrong}.")
        except csv.Error as error:
            return UserError(f"{path}, line {rows.line_num}: {error}.")
    if isinstance(reason, UnicodeDecodeError):
        return UserError(f"{path} {encoding_fault(reason)}.")
    return UserError(f"{path} cannot be read as CSV: {' '.join(str(reason).split())}.")


def _wrong_pixel(text: str) -> str:
    if text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= 255:
        return ""
    if not text.strip():
        return "no value"
    try:
        value = float(text if "_" not in text else "x")
    except ValueError:
        return f"{shortened(text)!r} is not a number"
    return (
        ""
        if 0 <= value <= 255 and value.is_integer()
        else f"{shortened(text.strip())} is not a whole number within 0 … 255"
    )


def _labels(found: NDArray, path: Path, label: str, named: bool) -> NDArray:
    """Whole numbers, such as 3 or 3.0, or names; a mixture of both is taken for a slip."""
    texts = [text.strip() for text in found]
    _check_lengths(texts, path, label, named)
    whole = [re.fullmatch(r"[+-]?\d{1,18}(\.0+)?", text) is not None for text in texts]
    if all(whole):
        return np.array([int(text.partition(".")[0]) for text in texts], np.int64)
    odd = next(
        (i for i, text in enumerate(texts) if not text or whole[i] != whole[0] or _is_number(text) != whole[i]), None
    )
    if odd is None:
        return np.array(texts, dtype=str)
    kind = f"{'a whole number' if whole[0] else 'a name'}, as the first label is"
    if _is_number(texts[0]) and not whole[0]:
        odd, kind = 0, "a whole number: labels are these, or names"
    line = _line_of(path, odd + named)
    given = repr(shortened(texts[odd])) if texts[odd] else "nothing"
    raise UserError(f"{path}, line {line}, column {label!r}: {given} is not {kind}.")


def _names(found: NDArray, path: Path, column: str) -> NDArray:
    """The names of the groups; each row must have one."""
    texts = [text.strip() for text in found]
    _check_lengths(texts, path, column, True)
    if "" in texts:
        line = _line_of(path, texts.index("") + 1)
        raise UserError(f"{path}, line {line}, column {column!r}: nothing, where each image needs a group.")
    return np.array(texts, dtype=str)


def _check_lengths(texts: Sequence[str], path: Path, column: str, named: bool) -> None:
    """An array of texts takes for each as much as for the longest."""
    long = next((row for row, text in enumerate(texts) if len(text) > LONGEST_CLASS), None)
    if long is not None:
        raise UserError(
            f"{path}, line {_line_of(path, long + named)}, column {column!r}: a name of {len(texts[long]):,} characters, and at "
            f"most {LONGEST_CLASS} are read."
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _line_of(path: Path, wanted: int) -> int:
    """The line, counted from 1, of a row counted from 0 with the header; empty lines are no rows."""
    with opened(path) as stream:
        rows = csv.reader(io.TextIOWrapper(stream, "utf-8-sig", errors="replace", newline=""))
        filled = (rows.line_num for row in rows if any(value.strip() for value in row))
        try:
            return next(line for number, line in enumerate(filled) if number == wanted)
        except csv.Error as error:
            raise UserError(f"{path}, line {rows.line_num}: {error}.") from error


def _some(names: list[str]) -> str:
    """Some names of columns; the first line of a file that is no table is nobody's business."""
    if len(names) < 2 or max(map(len, names)) > LONGEST_NAME:
        return f"{len(names)} of other names"
    shown = names if len(names) <= 6 else [*names[:4], "…", names[-1]]
    return ", ".join(shown)
