"""Faults that nobody foresaw: what is told of one is a line, and its traceback is in a log file."""

from __future__ import annotations

import os
import platform
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.errors import UserError, printable
from benchmarks.safety.names import shortened

FOLDER = "faults"  # below the cache
KEPT = 50  # log files


def line(error: BaseException, doing: str) -> str:
    """What happened, in one line that names the log.

    Parameters
    ----------
    doing : the command, as it was typed.
    """
    reason = shortened(" ".join(f"{type(error).__name__}: {error}".split()), 300)
    log = logged(error, doing)
    if isinstance(error, MemoryError):
        return printable(
            f"{shortened(doing, 300)} needs more memory than there is{f'; the traceback is in {log}' if log else ''}."
        )
    where = f"The traceback is in {log}: please report it." if log else "No log could be written: please report it."
    return printable(f"{shortened(doing, 300)} ended in a fault of Crossover itself ({reason}). {where}")


def of_system(error: OSError, doing: str) -> str:
    """What the system refused, in one line that names the file and the log; a fault that is not ours.

    Parameters
    ----------
    doing : the command, as it was typed.
    """
    if error.filename is None and not _is_somewhere():
        return "The folder that this command was started in is gone: go to another one."
    file = f"{shortened(str(error.filename), 200)}: " if error.filename is not None else ""
    log = logged(error, doing)
    return printable(f"{file}{error.strerror or error}. {f'The traceback is in {log}.' if log else ''}".rstrip())


def logged(error: BaseException, doing: str) -> Path | None:
    """Write the traceback to a log file of its own; returns its path, None if there is no place for it."""
    try:
        about = f"Crossover {version('crossover-bench')}"
    except PackageNotFoundError:
        about = "Crossover"
    head = f"{about}, Python {platform.python_version()}, {platform.platform()}\n{printable(doing)}\n\n"
    text = head + "".join(traceback.format_exception(error))
    for place in _places():
        with suppress(OSError, RuntimeError):
            place.mkdir(parents=True, exist_ok=True)
            number, path = tempfile.mkstemp(
                prefix=f"crossover-{time.strftime('%Y%m%d-%H%M%S')}-", suffix=".log", dir=place
            )
            with os.fdopen(number, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
            if place.name == FOLDER:
                for old in sorted(place.glob("crossover-*.log"))[:-KEPT]:
                    old.unlink(missing_ok=True)
            return Path(path)
    return None


def folder() -> Path:
    """Where the logs are."""
    from benchmarks.data.store.cache import cache_folder

    return cache_folder() / FOLDER


def _is_somewhere() -> bool:
    try:
        Path.cwd()
    except OSError:
        return False
    return True


def _places() -> Iterator[Path]:
    """Where a log may be kept, the best place first."""
    with suppress(UserError):  # There is no such user's home.
        yield folder()
    yield Path(tempfile.gettempdir())
