"""`schedule`: the one scheduler of all executors, which differ only in where a job is performed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait

from benchmarks.execution.answer import Answer
from benchmarks.execution.job import Job

Execute = Callable[[Iterable[Job]], Iterator[tuple[Job, Answer]]]
"""Performs jobs, and yields each with its answer in the order in which they end."""


def schedule(
    jobs: Iterable[Job], submit: Callable[[Job], Future[Answer]], places: Callable[[], int]
) -> Iterator[tuple[Job, Answer]]:
    """Keep `places()` jobs running, and yield each with its answer when it ends.

    Jobs are asked for one by one, when a place is free, so that the caller may stop as soon as its budget is spent. Trials
    run beside trials; anything else is measured, and so runs while nothing else does.
    """
    waiting, held = iter(jobs), None
    running: dict[Future[Answer], Job] = {}
    while True:
        while len(running) < max(1, places()) and (job := held or next(waiting, None)) is not None:
            held = None if _may_join(job, running.values()) else job
            if held is not None:
                break
            running[submit(job)] = job
        if not running:
            return
        done = wait(running, return_when=FIRST_COMPLETED).done
        for future in sorted(
            done, key=lambda f: f.exception() is not None
        ):  # Keep answers before an error ends the run.
            yield running.pop(future), future.result()


def _may_join(job: Job, running: Iterable[Job]) -> bool:
    others = list(running)
    return not others or all(other.kind == "trial" for other in [job, *others])
