"""`schedule`: the one scheduler of all executors, which differ only in where a job is performed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue

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
    ended: SimpleQueue[Future[Answer]] = SimpleQueue()  # To wait for 1,000 futures takes 1,000 steps each time.
    alone = False  # Whether what runs is no trial.
    while True:
        while len(running) < max(1, places()) and (job := held or next(waiting, None)) is not None:
            held = job if running and (alone or job.kind != "trial") else None
            if held is not None:
                break
            alone = job.kind != "trial"
            future = submit(job)
            running[future] = job
            future.add_done_callback(ended.put)
        if not running:
            return
        done = [ended.get()]
        with suppress(Empty):
            while True:
                done.append(ended.get_nowait())
        # Answers are kept before an error ends the run.
        for future in sorted(done, key=lambda f: f.exception() is not None):
            yield running.pop(future), future.result()
