"""`local`: jobs in supervised, warm worker processes of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue

from benchmarks.execution.answer import Answer
from benchmarks.execution.executors.scheduler import Execute, schedule
from benchmarks.execution.job import Job
from benchmarks.execution.memory import machine_bytes
from benchmarks.execution.supervisor import MEMORY_SHARE, Supervisor
from estimators.models.threads import threads


@contextmanager
def local(workers: int = 1) -> Iterator[Execute]:
    """Yields a function that performs trials in `workers` processes, which share cores and memory evenly.

    Whatever is not a trial is measured, and so runs while nothing else does, in a process with all threads.
    """
    alone = Supervisor(threads())
    supervisors = [alone] if workers == 1 else _shares(workers)
    idle: SimpleQueue[Supervisor] = SimpleQueue()
    for supervisor in supervisors:
        idle.put(supervisor)

    def perform(job: Job) -> Answer:
        if job.kind != "trial":
            return alone.perform(job)
        supervisor = idle.get()
        try:
            return supervisor.perform(job)
        finally:
            idle.put(supervisor)

    # Workers end with the thread that started them (PR_SET_PDEATHSIG); these threads last as long as the executor.
    with ThreadPoolExecutor(workers) as pool:
        try:
            yield lambda jobs: schedule(jobs, lambda job: pool.submit(perform, job), lambda: workers)
        finally:
            for supervisor in {alone, *supervisors}:
                supervisor.close()


def _shares(workers: int) -> list[Supervisor]:
    each = max(1, threads() // workers)
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    memory = int(MEMORY_SHARE * machine_bytes() / workers)
    enough = len(cores) >= workers * each
    return [Supervisor(each, cores[i * each : (i + 1) * each] if enough else None, memory) for i in range(workers)]
