"""`serial`: each job in this process, one after the other. No limits; the one to debug with."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

from benchmarks.execution.answer import Answer
from benchmarks.execution.executors.scheduler import Execute, schedule
from benchmarks.execution.job import Job
from benchmarks.execution.work import perform


@contextmanager
def serial(workers: int = 1) -> Iterator[Execute]:
    """Performs jobs here; `workers` other than 1 make no sense."""
    yield lambda jobs: schedule(jobs, _submit, lambda: 1)


def _submit(job: Job) -> Future[Answer]:
    future: Future[Answer] = Future()
    future.set_result(perform(job))
    return future
