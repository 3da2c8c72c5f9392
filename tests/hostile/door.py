"""The command line, called in this process as a shell would call it, and what must hold whatever it is given."""

from __future__ import annotations

import contextlib
import io
import os
import re
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

import benchmarks.run
import crossover
from benchmarks.errors import UserError
from benchmarks.execution.memory import peak_bytes, reset_peak

SECONDS, BYTES = 30, 10**9
STARTED = "The data was read, and a worker would start now."
OURS = ("work/runs", "cache", "work/OUT", "work/out")  # what commands may write


@dataclass(frozen=True)
class Answer:
    """What came back: exit code, both streams, and what it took."""

    code: int
    out: str
    err: str
    seconds: float
    grown: int


@dataclass(frozen=True)
class Room:
    """A folder to work in, one beside it with files of somebody else, and what was there before."""

    root: Path
    before: dict[str, tuple] = field(default_factory=dict)

    @property
    def work(self) -> Path:
        return self.root / "work"


def furnished(root: Path) -> Room:
    """A room whose neighbours hold something precious."""
    for name in ("work", "cache", "precious"):
        (root / name).mkdir()
    (root / "precious" / "report.html").write_text("mine")
    (root / "precious.csv").write_text("mine")
    return Room(root)


def seen(room: Room) -> dict[str, tuple]:
    """Every file and folder of the room, with what tells whether it was touched."""
    found = {}
    for place, folders, files in os.walk(room.root):
        for name in (*folders, *files):
            path = Path(place, name)
            stat = path.lstat()
            touched = () if name in folders else (stat.st_size, stat.st_mtime_ns)
            found[os.path.relpath(path, room.root)] = (stat.st_ino, stat.st_mode, *touched)
    return found


def typed(room: Room, arguments: Sequence[str], encoding: str = "utf-8", **environment: str) -> Answer:
    """What the command answers in the room's folder `work`; reading ends with `STARTED` where workers would begin."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True) for _ in range(2))
    with (
        pytest.MonkeyPatch.context() as patch,
        _signals(),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        patch.chdir(room.work)
        patch.setattr(sys, "argv", ["crossover", *arguments])
        patch.setattr(benchmarks.run, "executor", _no_worker)
        patch.setenv("CROSSOVER_CACHE", str(room.root / "cache"))
        patch.delenv("CROSSOVER_ESTIMATORS", raising=False)
        for name, value in environment.items():
            patch.setenv(name, value)
        reset_peak()
        resident, began = psutil.Process().memory_info().rss, time.perf_counter()
        try:
            crossover.main()
            code = 0
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
        seconds, grown = time.perf_counter() - began, peak_bytes() - resident
    texts = [stream.buffer.getvalue().decode("utf-8") for stream in (out, err)]  # type: ignore[attr-defined]
    return Answer(code, *texts, seconds, grown)


def held(room: Room, answer: Answer, before: dict[str, tuple], codes: Sequence[int], words: str) -> None:
    """What is promised of every input: an exit code, one line, no traceback, bounds, and nothing written elsewhere."""
    said = answer.err + answer.out
    assert answer.code in codes, said
    assert "Traceback" not in said and "fault of Crossover" not in said, said
    assert re.search(words, said), said
    assert all(line.isprintable() for line in said.replace("\t", " ").splitlines()), repr(said)
    if answer.code == 2 and "Usage: " not in answer.err:
        assert len([line for line in answer.err.splitlines() if line.startswith("crossover: ")]) == 1, said
        assert max(map(len, answer.err.splitlines())) < 3000, said
    assert answer.seconds < SECONDS and answer.grown < BYTES, (answer.seconds, answer.grown)
    after = seen(room)
    touched = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    foreign = {name for name in touched if not name.startswith(OURS) and name not in ("work", ".")}
    assert not foreign, foreign


def _no_worker(*_: object) -> None:
    raise UserError(STARTED)


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
