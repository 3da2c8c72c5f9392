"""`dask`: jobs on the workers of a Dask cluster, each supervised there as on this machine.

Dask cannot stop a task that runs, so the task hands its job to a `Supervisor` on its worker. A worker that is lost
costs the trial that ran on it, which Dask gives to another one.
"""

from __future__ import annotations

import importlib
import socket
import threading
import tomllib
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import estimators
from benchmarks import studies
from benchmarks.data.store.cache import stored_fingerprints
from benchmarks.errors import UserError
from benchmarks.execution.answer import Answer
from benchmarks.execution.executors.scheduler import Execute, schedule
from benchmarks.execution.job import Job
from benchmarks.execution.sources import code_digest
from benchmarks.execution.supervisor import Supervisor
from benchmarks.ledger import KEPT
from benchmarks.safety.regular import text_of
from estimators.models.threads import threads

CONNECT_SECONDS = 15
AGAIN_SECONDS = 10  # after which the cluster is asked again for the workers that it has lost
LONGEST = 1_000_000  # bytes of a description of a cluster
LOST = f"The cluster's scheduler was lost. {KEPT}"
_mine = threading.local()  # A worker's threads have a supervisor each.


@contextmanager
def dask(where: str) -> Iterator[Execute]:
    """Yields a function that performs jobs on a cluster.

    Parameters
    ----------
    where : address of a scheduler, such as ``tcp://10.0.0.1:8786``, or a TOML file with the table ``[cluster]``:
        ``class``, such as "dask_jobqueue.SLURMCluster", "dask_jobqueue.PBSCluster" or
        "dask_kubernetes.operator.KubeCluster", ``workers``, how many, and ``options``, the arguments of the class.

    Raises
    ------
    UserError : distributed is not installed, nobody answers, or the file says nothing useful; while jobs run: the
        scheduler is lost, or a worker has not the data. That says nothing about an estimator, so it is no row of the
        ledger: mend it and go on.
    """
    try:
        from distributed import Client
        from distributed.comm import CommClosedError
    except ImportError:
        raise UserError("Executing on a cluster needs more: pip install 'crossover-bench[distributed]'.") from None
    with ExitStack() as stack:
        target = stack.enter_context(_cluster(Path(where))) if where.endswith(".toml") else where
        try:
            client = stack.enter_context(Client(target, timeout=CONNECT_SECONDS))
        except (OSError, ValueError, TimeoutError) as error:
            raise UserError(f"No Dask scheduler answers at {where}: {error}.") from error
        client.wait_for_workers(1)
        pool = client.get_executor(pure=False)
        try:
            yield lambda jobs: schedule(jobs, lambda job: _answered(pool, job), lambda: sum(client.nthreads().values()))
        except CommClosedError:
            raise UserError(LOST) from None


@contextmanager
def _cluster(path: Path) -> Iterator[Any]:
    """The cluster that a file describes, as long as it is used; a worker that is lost is replaced.

    Dask gives the trial of a lost worker to another one, and asks for no other one: a run on a single job of SLURM that was
    cancelled would wait for ever.
    """
    cluster, workers = _started(path)
    ended = threading.Event()

    def ask() -> None:
        while not ended.wait(AGAIN_SECONDS):
            with suppress(Exception):  # Who is asked may be gone, or not answer now; what comes of it the run says.
                cluster.scale(workers)

    with cluster:
        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        try:
            yield cluster
        finally:
            ended.set()
            asking.join()


def _started(path: Path) -> tuple[Any, int]:
    """A cluster with the workers that it was asked for, and how many."""
    import dask.config

    dask.config.set({"distributed.worker.daemon": False})  # Workers may have child processes: their supervisors' own.
    try:
        described = tomllib.loads(text_of(path, LONGEST))["cluster"]
        module, _, name = described["class"].rpartition(".")
        cluster = getattr(importlib.import_module(module), name)(**described.get("options", {}))
        workers = described.get("workers", 1)
        cluster.scale(workers)
    except (OSError, ValueError, KeyError, TypeError, ImportError, AttributeError, RecursionError) as error:
        raise UserError(f"{path} describes no cluster: {type(error).__name__}: {error}.") from error
    return cluster, workers


def _answered(pool: Executor, job: Job) -> Future[Answer]:
    """A future of a job's answer; a job that took several workers with it has one too.

    The pool's futures have their outcome when they call back. Those of the client would ask its event loop for it, in the
    one thread that all clients of a process share: a client closed at that moment would stop the callbacks of every other.
    """
    from distributed import KilledWorker

    answer: Future[Answer] = Future()

    def settle(done: Future[Answer]) -> None:
        if done.cancelled():
            answer.set_exception(UserError(LOST))
        elif isinstance(error := done.exception(), KilledWorker):
            answer.set_result(Answer("killed", f"KilledWorker: {error}"))
        elif error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(done.result())

    pool.submit(supervised, job).add_done_callback(settle)
    return answer


def supervised(job: Job) -> Answer:
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
    """Why a job cannot be performed here, in one line; "" if it can: other data, or other code than the driver has."""
    here = f"the worker on {socket.gethostname()}"
    found = stored_fingerprints(Path(job.data))
    if not found:
        return f"{here} has no data of {job.dataset} at {job.data}: share that folder with it"
    if job.fingerprint not in found:
        return f"{here} has other data of {job.dataset} at {job.data} than the driver"
    files = [estimators.file_of(job.estimator)]
    files += [] if job.condition.is_standard else [studies.file_of(job.condition.study)]
    return "" if code_digest(*files) == job.code else f"{here} has other code or other library versions than the driver"
