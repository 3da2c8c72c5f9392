"""`serial`: each job in this process, one after the other. No limits; the one to debug with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.execution.job import Job
from benchmarks.execution.work import perform


@contextmanager
def serial(workers: int = 1) -> Iterator[Any]:
    """Performs jobs here; `workers` other than 1 make no sense."""
    yield _execute


def _execute(jobs: Iterable[Job]) -> Iterator[tuple[Job, dict[str, Any]]]:
    for job in jobs:
        yield job, perform(job)
