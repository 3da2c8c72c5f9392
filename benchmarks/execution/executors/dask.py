"""`dask`: jobs on the workers of a Dask cluster, each supervised there as on this machine.

Dask cannot stop a task that runs, so the task hands its job to a `Supervisor` on its worker. A worker that is lost
costs the trial that ran on it, which Dask gives to another one.
"""

from __future__ import annotations

import importlib
import socket
import threading
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.data.store.cache import stored_fingerprint
from benchmarks.errors import UserError
from benchmarks.execution.job import Job
from benchmarks.execution.supervisor import Supervisor
from benchmarks.ledger import KEPT
from estimators.models.threads import threads

CONNECT_SECONDS = 15
_mine = threading.local()  # A worker's threads have a supervisor each.


@contextmanager
def dask(where: str) -> Iterator[Any]:
    """Yields a function that performs jobs on a cluster.

    Parameters
    ----------
    where : address of a scheduler, such as ``tcp://10.0.0.1:8786``, or a TOML file with the table ``[cluster]``:
        ``class``, such as "dask_jobqueue.SLURMCluster", "dask_jobqueue.PBSCluster" or
        "dask_kubernetes.operator.KubeCluster", ``workers``, how many, and ``options``, the arguments of the class.

    Raises
    ------
    UserError : distributed is not installed, nobody answers, or the file says nothing useful; while jobs run: a worker
        has not the data. That says nothing about an estimator, so it is no row of the ledger: mend it and go on.
    """
    try:
        from distributed import Client
    except ImportError:
        raise UserError("Executing on a cluster needs more: pip install 'crossover-bench[distributed]'.") from None
    with ExitStack() as stack:
        target = stack.enter_context(_cluster(Path(where))) if where.endswith(".toml") else where
        try:
            client = stack.enter_context(Client(target, timeout=CONNECT_SECONDS))
        except (OSError, ValueError, TimeoutError) as error:
            raise UserError(f"No Dask scheduler answers at {where}: {error}.") from error
        client.wait_for_workers(1)
        yield lambda jobs: _execute(client, jobs)


def _cluster(path: Path) -> Any:
    import dask.config

    dask.config.set({"distributed.worker.daemon": False})  # Workers may have child processes: their supervisors' own.
    try:
        described = tomllib.loads(path.read_text())["cluster"]
        module, _, name = described["class"].rpartition(".")
        cluster = getattr(importlib.import_module(module), name)(**described.get("options", {}))
        cluster.scale(described.get("workers", 1))
    except (OSError, ValueError, KeyError, TypeError, ImportError, AttributeError) as error:
        raise UserError(f"{path} describes no cluster: {type(error).__name__}: {error}.") from error
    return cluster


def _execute(client: Any, jobs: Iterable[Job]) -> Iterator[tuple[Job, dict[str, Any]]]:
    from distributed import wait

    waiting, held = iter(jobs), None
    running: dict[Any, Job] = {}
    while True:
        places = max(1, sum(client.nthreads().values()))
        while len(running) < places and (job := held or next(waiting, None)) is not None:
            # What is not a trial is measured, and so runs alone.
            held = job if running and any(j.kind != "trial" for j in [job, *running.values()]) else None
            if held is not None:
                break
            running[client.submit(supervised, job, pure=False)] = job
        if not running:
            return
        done = wait(list(running), return_when="FIRST_COMPLETED").done
        for future in sorted(done, key=lambda f: f.status == "error"):  # Answers are kept before an error ends the run.
            yield running.pop(future), _answer(future)


def _answer(future: Any) -> dict[str, Any]:
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, UserError):
        raise error
    status = "killed" if type(error).__name__ == "KilledWorker" else "failed"  # It took several workers with it.
    return {"status": status, "reason": f"{type(error).__name__}: {error}"}


def supervised(job: Job) -> dict[str, Any]:
    """Perform a job on this machine; what a Dask worker is sent.

    Raises
    ------
    UserError : the data is not here.
    """
    if problem := _missing(job):
        raise UserError(f"{problem}. {KEPT}")
    if not hasattr(_mine, "supervisor"):
        _mine.supervisor = Supervisor(threads())
    return _mine.supervisor.perform(job)


def _missing(job: Job) -> str:
    """Why the data of a job cannot be had here, in one line; "" if it can."""
    here = f"the worker on {socket.gethostname()}"
    found = stored_fingerprint(Path(job.data))
    if found is None:
        return f"{here} has no data of {job.dataset} at {job.data}: share that folder with it"
    return "" if found == job.fingerprint else f"{here} has other data of {job.dataset} at {job.data} than the driver"
