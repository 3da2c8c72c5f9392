"""One run at a time in a run folder."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psutil

from benchmarks.errors import UserError


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the run folder; ``lock.json`` tells by whom.

    The system lets go of the lock when the process ends, however it ends: a file left behind by a killed run is stale,
    and is recognised by being free.

    Raises
    ------
    UserError : another process holds it.
    """
    with _opened(folder / "lock.json") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise UserError(
                f"{folder} is being written by {_holder(file.read())}. Wait for it, or give another --run NAME."
            ) from None
        file.truncate(0)
        me = {"process": os.getpid(), "host": socket.gethostname(), "started": psutil.Process().create_time()}
        file.write(json.dumps(me))
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def _opened(path: Path) -> IO[str]:
    """The file, made if it is not there; a link or a pipe of that name, which leads elsewhere, is an error."""
    number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    file = os.fdopen(number, "a+")
    state = os.fstat(number)
    if not stat.S_ISREG(state.st_mode) or state.st_nlink > 1:
        file.close()
        what = "a hard link" if stat.S_ISREG(state.st_mode) else "no regular file"
        raise UserError(f"{path} is {what}: remove it.")
    return file


def _holder(text: str) -> str:
    try:
        who = json.loads(text)
        return f"process {who['process']} on {who['host']}"
    except (ValueError, KeyError, TypeError):
        return "another process, which has just begun"
