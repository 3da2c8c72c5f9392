"""`local`: jobs in warm worker processes of this machine, so that a crash costs one trial and TensorFlow is imported once.

Workers are spawned, never forked: TensorFlow does not survive a fork.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from typing import Any

from pebble import ProcessExpired, ProcessPool

from benchmarks.job import Job
from benchmarks.work import perform
from estimators.threads import threads


@contextmanager
def local(workers: int = 1) -> Iterator[Any]:
    """Yields a function that performs jobs in `workers` processes, which share the cores evenly."""
    each = max(1, threads() // workers)
    # Spawned processes inherit this; thread counts cannot be changed once the libraries are imported.
    before = {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    os.environ.update(dict.fromkeys(before, str(each)))
    pool = ProcessPool(max_workers=workers, context=multiprocessing.get_context("spawn"))
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})
    try:
        yield lambda jobs: _execute(pool, workers, jobs)
        pool.close()
    finally:
        pool.stop()
        pool.join()


def _execute(pool: ProcessPool, workers: int, jobs: Iterable[Job]) -> Iterator[tuple[Job, dict[str, Any]]]:
    waiting = iter(jobs)
    running: dict[Future, Job] = {}
    while True:
        while len(running) < workers and (job := next(waiting, None)) is not None:
            running[pool.schedule(perform, args=[job])] = job
        if not running:
            return
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            yield running.pop(future), _answer(future)


def _answer(future: Future) -> dict[str, Any]:
    try:
        return future.result()
    except ProcessExpired as error:
        return {"status": "killed", "reason": f"the worker process ended with exit code {error.exitcode}"}
    except Exception as error:  # What cannot cross a process; the study goes on.
        return {"status": "failed", "reason": f"{type(error).__name__}: {error}"}
