"""How many trials a second can the driver of a cluster keep? Stand-ins answer at once, so that nothing else is waited for."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.cell import Cell, cells
from benchmarks.data import datasets
from benchmarks.execution.answer import Answer, Scored
from benchmarks.execution.executors.scheduler import schedule
from benchmarks.execution.job import Job
from benchmarks.execution.memory import peak_bytes, reset_peak
from benchmarks.ledger import Ledger, read_table
from benchmarks.search import search
from benchmarks.suite import make_suite

TITLE = "how many trials a second does one driver keep?"
LIBRARIES = ("numpy", "pandas")
ROUNDS = 3
TRIALS = 5_000
MANY = 100_000  # trials in one ledger
WORKERS = (1, 100, 1_000)
LOSSES = 150  # of a trial: validation rows that confirm
NOTE = f"""A search of {TRIALS:,} random settings, each answered at once by a stand-in, in {ROUNDS} rounds: the driver alone works. It makes each job, writes each answer to the \
ledger and commits it before it hands out the next job, as in every run. "Commits alone" writes and commits the same rows and does nothing else: what the disk allows. \
Ratios are to that, of the same round, as median and range. The last row is one search of {MANY:,} trials; reading them is what a report does with such a ledger. Memory is that of the process at its peak. \
A cell's trials run side by side as far as its strategy proposes them together, and cells follow one another: a grid keeps 1,000 workers busy, coarse-to-fine some ten."""


class Silent:
    """An observer that is told everything and says nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *args, **more: None


def measure(rounds: int = ROUNDS, trials: int = TRIALS, many: int = MANY) -> pd.DataFrame:
    """One row per number of workers, with trials per second; about four minutes."""
    found: dict[str, list[float]] = {}
    for number in range(rounds):
        order = [*WORKERS[number % len(WORKERS) :], *WORKERS[: number % len(WORKERS)]]
        rates = {f"{workers:,} workers": searched(trials, workers)[0] for workers in order}
        rates["commits alone"] = committed(trials)
        for name, rate in rates.items():
            found.setdefault(name, []).append(rate)
    alone, rows = found.pop("commits alone"), []
    for name in [f"{workers:,} workers" for workers in WORKERS]:
        ratios = [own / bound for own, bound in zip(found[name], alone, strict=True)]
        ratio = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"
        rows.append(_row(name.replace("1 workers", "1 worker"), statistics.median(found[name]), ratio))
    rows.append(_row("commits alone", statistics.median(alone)))
    rate, reading, memory = searched(many, WORKERS[-1])
    return pd.DataFrame(
        [
            *rows,
            _row(f"{many:,} trials, {WORKERS[-1]:,} workers", rate)
            | {"reading s": f"{reading:.1f}", "memory MB": f"{memory / 1e6:,.0f}"},
        ]
    )


def _row(name: str, rate: float, ratio: str = "") -> dict[str, str]:
    return {"driver": name, "trials/s": f"{rate:,.0f}", "ratio": ratio, "reading s": "", "memory MB": ""}


def searched(trials: int, workers: int) -> tuple[float, float, float]:
    """Trials per second of a search, seconds to read them for a report, and the most memory in bytes."""
    cell = _cell(trials)
    with _folder() as folder:
        reset_peak()
        began = time.perf_counter()
        with Ledger(folder) as ledger:
            search(cell, ledger, lambda jobs: schedule(jobs, _answered, lambda: workers), Silent())
        seconds, memory = time.perf_counter() - began, peak_bytes()
        began = time.perf_counter()
        table = read_table(folder, "trials")
        reading = time.perf_counter() - began
    return len(table) / seconds, reading, memory


def committed(trials: int) -> float:
    """Rows like those of a search that are written and committed per second, one by one."""
    cell = _cell(1)
    job = cell.job("trial", cell.variant.base)
    answer = _answered(job).result().row()
    row = cell.where | cell.made_of | answer | {"key": job.key, "code": job.code, "params": dict(job.params)}
    with _folder() as folder, Ledger(folder) as ledger:
        began = time.perf_counter()
        for number in range(1, trials + 1):
            ledger.write("trials", row | {"number": number})
        return trials / (time.perf_counter() - began)


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder beside the working one: what is in memory alone is not committed."""
    with tempfile.TemporaryDirectory(dir=".", prefix=".driver-") as name:
        yield Path(name)


def _cell(trials: int) -> Cell:
    every: dict[str, Any] = {"strategy": "random", "options": {"trials": trials, "batch": trials}}
    suite = {"name": "driver", "title": "The driver", "datasets": ["digits"], "budget": f"{trials} trials"}
    variants = [{"name": "svm", "estimator": "svm", "search": every}]
    (cell,) = cells(make_suite(suite | {"variants": variants}, origin="driver"), [datasets.load("digits")])
    return cell


def _answered(job: Job) -> Future[Answer]:
    """An answer that is there at once, of the size of a real one."""
    rng = np.random.default_rng(int(job.key[:8], 16))
    losses = rng.gamma(0.3, 0.3, LOSSES)
    scored = Scored(
        float(rng.uniform(0.8, 0.99)), float(losses.mean()), losses.tolist(), 1, {"temperature": 0.3}, 1.0, 0.1, {}
    )
    future: Future[Answer] = Future()
    future.set_result(Answer("ok", result=scored, seconds=1.1))
    return future
