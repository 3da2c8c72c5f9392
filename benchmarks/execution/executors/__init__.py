"""Executors: ``with executor(name) as execute: for job, answer in execute(jobs): ...``

`jobs` is consumed lazily: a job is asked for when a worker is free, so the caller may stop as soon as its budget is spent.
Answers come in the order in which jobs end. Adding an executor is one file and one line here.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from benchmarks.errors import unknown
from benchmarks.execution.executors.local import local
from benchmarks.execution.executors.scheduler import Execute
from benchmarks.execution.executors.serial import serial
from benchmarks.execution.memory import machine_bytes
from estimators.models.threads import cores, threads

THREADS_PER_WORKER = 4
BYTES_PER_WORKER = 4 * 10**9

EXECUTORS: dict[str, Callable[..., AbstractContextManager[Execute]]] = {"local": local, "serial": serial}


def paying_workers() -> int:
    """As many workers as pay off: a fit gains little from more than four threads, and needs some memory."""
    return max(1, min(threads() // THREADS_PER_WORKER, machine_bytes() // BYTES_PER_WORKER))


def fitting_workers(asked: int | None) -> int:
    """The workers to start: as many as were asked for, but never more than cores."""
    return min(asked or paying_workers(), cores())


def executor(name: str, workers: int = 1) -> AbstractContextManager[Execute]:
    """The executor of that name, not yet started; a name with "://" in it is the address of a Dask scheduler, and one
    that ends in ".toml" a file that describes a cluster.

    Raises
    ------
    UserError : there is none.
    """
    if "://" in name or name.endswith(".toml"):
        from benchmarks.execution.executors.dask import dask

        return dask(name)
    if name not in EXECUTORS:
        raise unknown("executor", name, EXECUTORS)
    return EXECUTORS[name](workers)
