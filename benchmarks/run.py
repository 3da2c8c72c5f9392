"""A run: a suite carried out in a run folder, which then holds all that a report needs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.data import datasets
from benchmarks.data.images import Dataset
from benchmarks.data.split import split, subset
from benchmarks.environment import environment
from benchmarks.errors import Unavailable, UserError
from benchmarks.execution.executors import Execute, executor, fitting_workers
from benchmarks.ledger import KEPT, Ledger
from benchmarks.lock import locked
from benchmarks.protocol import Observer, cells, run_cell, training_sizes, validation_share
from benchmarks.suite import Suite
from estimators.models.threads import threads

# What must stay the same for results to belong into one run folder.
IDENTITY = ("suite", "datasets", "fingerprints", "estimators", "seeds", "budget", "validation_share", "sizes", "search")


def run(
    suite: Suite,
    folder: Path,
    observer: Observer,
    *,
    data_dir: Path | None = None,
    execute_by: str = "local",
    workers: int | None = None,
    command: str = "",
    fail_fast: bool = False,
) -> bool:
    """Carry out what is missing of a suite in a run folder; returns whether every cell ended well.

    Raises
    ------
    UserError : data that cannot be had, too few rows for the split, a folder of another suite, in use, or not writable.
    """
    asked, workers = workers, fitting_workers(workers)
    data, notes = gather(suite, data_dir)
    if asked and asked > workers and execute_by == "local":
        observer.noted(f"{asked} workers would share {workers} cores and slow each other down: {workers} are started")
    for dataset in data:
        sizes, note = training_sizes(suite, dataset)
        notes += [note] if note else []
        for rows in sizes:
            for seed in suite.seeds:  # Fails here if a class has too few rows.
                y = dataset.train.y if rows is None else dataset.train.y[subset(dataset.train.y, rows, seed)]
                split(y, validation_share(suite, rows), seed)
    for note in notes:
        observer.noted(note)
    info: dict[str, Any] = {
        "suite": suite.name,
        "title": suite.title,
        "crossover": version("crossover-bench"),
        "datasets": [d.name for d in data],
        "fingerprints": {d.name: d.fingerprint for d in data},
        "estimators": list(suite.estimators),
        "seeds": list(suite.seeds),
        "budget": str(suite.budget),
        "validation_share": suite.validation_share,
        "sizes": list(suite.sizes),
        "search": {name: search.model_dump(mode="json", exclude={"limits"}) for name, search in suite.search.items()},
        "executor": execute_by,
        "workers": workers,
        "threads": threads(),
        "command": command,
        "notes": notes,
        "environment": environment(),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder):
            info = _claim(folder, info)
            with _session(folder, info):
                return _cells(suite, data, folder, observer, executor(execute_by, workers), fail_fast)
    except OSError as error:
        raise UserError(f"The run folder {folder} cannot be written: {error.strerror or error}. {KEPT}") from error


def _cells(
    suite: Suite,
    data: Sequence[Dataset],
    folder: Path,
    observer: Observer,
    executing: AbstractContextManager[Execute],
    fail_fast: bool,
) -> bool:
    ok = True
    with Ledger(folder) as ledger, executing as execute:
        for cell in cells(suite, data):
            ok = run_cell(cell, folder, ledger, execute, observer) and ok
            if fail_fast and not ok:
                break
    return ok


@contextmanager
def _session(folder: Path, info: dict[str, Any]) -> Iterator[None]:
    """Note in run.json when this process worked on the run, also if it is stopped."""
    started, clock = datetime.now(UTC), time.perf_counter()
    try:
        yield
    finally:
        session = {
            "started": started.isoformat(timespec="seconds"),
            "ended": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": round(time.perf_counter() - clock, 3),
        }
        with suppress(OSError):  # On a full disk the reason for that is the one to tell.
            _write(folder, info | {"sessions": [*info["sessions"], session]})


def gather(suite: Suite, data_dir: Path | None) -> tuple[list[Dataset], list[str]]:
    """The data sets of a suite, and warnings; one that cannot be had is replaced by the suite's fallback, if any."""
    found: dict[str, Dataset] = {}
    notes = []
    for name in suite.datasets:
        try:
            dataset = datasets.load(name, data_dir)
        except Unavailable as error:
            if suite.fallback is None:
                raise
            dataset = datasets.load(suite.fallback, data_dir)
            notes.append(f"{name} could not be had, so {suite.fallback} stands in for it: {error}")
        if dataset.note:
            notes.append(f"{dataset.name}: {dataset.note}")
        found[dataset.name] = dataset
    return list(found.values()), notes


def read_info(folder: Path) -> dict[str, Any]:
    """The run.json of a run folder.

    Raises
    ------
    UserError : the folder is none, or its run.json is damaged.
    """
    path = folder / "run.json"
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise UserError(f"{folder} is no run folder: it has no run.json. Runs are made by 'crossover run'.") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {error}.") from error


def _claim(folder: Path, info: dict[str, Any]) -> dict[str, Any]:
    """Write run.json, or check that the one there is of the same suite and keep its history."""
    if (folder / "run.json").exists():
        there = read_info(folder)
        # A run of an earlier version has no sizes, which is what an empty list says.
        different = [key for key in IDENTITY if (there.get(key) or None) != (info[key] or None)]
        if different:
            key = different[0]
            raise UserError(
                f"{folder} belongs to another run: its {key} is {_short(there.get(key))}, not {_short(info[key])}. "
                f"Give --run NAME for a folder of its own, or delete {folder}."
            )
        info = info | {"created": there["created"], "sessions": there["sessions"]}
    else:
        info = info | {"created": datetime.now(UTC).isoformat(timespec="seconds"), "sessions": []}
    _write(folder, info)
    return info


def _write(folder: Path, info: dict[str, Any]) -> None:
    temporary = folder / "run.json.tmp"
    temporary.write_text(json.dumps(info, indent=1))
    temporary.replace(folder / "run.json")


def _short(value: Any, length: int = 80) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)
    return text if len(text) <= length else text[: length - 1] + "…"
