"""The `Supervisor`: has jobs performed in a process of its own, and kills it at the limit of time or memory.

The process is warm (TensorFlow is imported once) and started anew when it has died, has performed many jobs or has
grown. It is a fresh interpreter, since TensorFlow does not survive a fork. There is no pool library in between: pools
share one pipe and one lock among their workers, so that a worker killed at the wrong moment blocks all others, and
those that end a worker politely first give a loop in C that ignores SIGTERM some seconds more than its limit.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from multiprocessing import Pipe

import psutil

from benchmarks.execution.answer import Answer
from benchmarks.execution.job import Job
from benchmarks.execution.memory import machine_bytes, tree_bytes

INTERVAL = 0.2  # seconds between two looks at a worker's memory
IMPORT_SECONDS = 60.0  # that the import of libraries may take on top of the limit
RECYCLE_JOBS = 500
RECYCLE_BYTES = 10**9  # grown by this much since its first job
GONE_SECONDS = 1.0  # that processes below a killed worker may take to be gone
MEMORY_SHARE = 0.8  # of the machine, for all workers together

_THREAD_COUNTS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)


class Supervisor:
    """Performs one job at a time; `close` it in the end, from any thread.

    Parameters
    ----------
    threads : of each pool of threads in the worker: OpenMP, BLAS, XGBoost and both of TensorFlow's.
    cores : to run on, all if None; this bounds oneDAL too, which asks for cores and not for variables.
    memory_bytes : limit of a job that brings none.
    """

    def __init__(self, threads: int, cores: Sequence[int] | None = None, memory_bytes: int | None = None) -> None:
        # Threads of OpenMP that spin while they wait take the core from those that they wait for, as soon as anything else
        # runs: a fit of XGBoost beside a busy process took four times as long.
        self._environment = {"OMP_WAIT_POLICY": "PASSIVE"} | os.environ | dict.fromkeys(_THREAD_COUNTS, str(threads))
        self._cores = cores
        self._memory_bytes = memory_bytes or int(MEMORY_SHARE * machine_bytes())
        self._lock = threading.Lock()
        self._closed = False
        self._threads = threads
        self._fresh: Supervisor | None = None  # for the jobs that need a new process
        self._process: subprocess.Popen | None = None
        # What the worker and native libraries print; the end of it tells why a worker died.
        self._log = tempfile.TemporaryFile("a+b")  # noqa: SIM115

    def perform(self, job: Job) -> Answer:
        """The answer to a job: one of `benchmarks.execution.work.perform`, or that of one that was stopped or died.

        A job that times single calls has a worker of its own, so that nothing that ran before is in its figures.
        """
        if not job.latency_calls:
            return self._perform(job)
        with self._lock:
            self._fresh = fresh = Supervisor(self._threads, self._cores, self._memory_bytes)
            if self._closed:
                fresh.close()
        try:
            return fresh._perform(job)
        finally:
            fresh.close()

    def _perform(self, job: Job) -> Answer:
        limit_bytes = job.limit_bytes or self._memory_bytes
        start = time.perf_counter()
        try:
            self._ensure_worker()
        except (EOFError, OSError):
            return replace(self._died(0.0, 0), limit_seconds=job.limit_seconds, limit_bytes=limit_bytes)
        starting = time.perf_counter() - start
        answer = self._supervised(job, job.limit_seconds or float("inf"), limit_bytes)
        self._recycle()
        importing = starting + answer.import_seconds
        return replace(
            answer,
            import_seconds=importing,
            overhead_seconds=time.perf_counter() - start - answer.seconds - importing,
            limit_seconds=job.limit_seconds,
            limit_bytes=limit_bytes,
        )

    def close(self) -> None:
        """Kill the worker, also in the middle of a job."""
        with self._lock:
            self._closed = True
            if self._fresh is not None:
                self._fresh.close()
            self._kill()
            self._log.close()

    def _supervised(self, job: Job, limit_seconds: float, limit_bytes: int) -> Answer:
        self._log.truncate(0)
        started, peak, allowed = time.perf_counter(), 0, limit_seconds + IMPORT_SECONDS
        try:
            self._pipe.send(job)
            while True:
                if self._pipe.poll(max(0.0, min(INTERVAL, started + allowed - time.perf_counter()))):
                    answer = self._pipe.recv()
                    if answer is not None:
                        break
                    started, allowed = time.perf_counter(), limit_seconds  # All is imported: now it counts.
                    continue
                seconds = time.perf_counter() - started
                peak = max(peak, tree_bytes(self._watched))
                if peak > limit_bytes:
                    self._kill()
                    reason = f"stopped at {peak / 1e9:.2f} GB; the limit is {limit_bytes / 1e9:.2f} GB"
                    return Answer("out_of_memory", reason, seconds=seconds, peak_bytes=peak)
                if seconds >= allowed:
                    self._kill()
                    reason = f"stopped after {seconds:.1f} s; the limit is {limit_seconds:g} s"
                    return Answer("timeout", reason, seconds=seconds, peak_bytes=peak)
        except (EOFError, OSError):
            return self._died(time.perf_counter() - started, peak)
        return replace(answer, peak_bytes=max(peak, answer.peak_bytes))

    def _died(self, seconds: float, peak: int) -> Answer:
        code = self._process.wait() if self._process else None
        self._process = None
        how = f"by {signal.Signals(-code).name}" if code is not None and code < 0 else f"with exit code {code}"
        reason = "\n".join([*self._last_lines(), f"the worker process ended {how}"])
        return Answer("killed", reason, seconds=seconds, peak_bytes=peak)

    def _last_lines(self, count: int = 6) -> list[str]:
        if self._log.closed:
            return []
        self._log.seek(0)
        return self._log.read()[-10_000:].decode(errors="replace").strip().splitlines()[-count:]

    def _ensure_worker(self) -> None:
        """Start the worker unless there is one, and wait until it has imported what every job needs."""
        with self._lock:
            if self._closed:
                raise EOFError
            if self._process is not None:
                return
            self._pipe, theirs = Pipe()
            code = f"import sys; sys.path[:] = {sys.path!r}; from benchmarks.execution.worker import serve"
            # A session of its own: Ctrl-C on the terminal is for the driver alone.
            self._process = subprocess.Popen(
                [sys.executable, "-c", f"{code}; serve({theirs.fileno()}, {os.getpid()})"],
                pass_fds=[theirs.fileno()],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                start_new_session=True,
            )
            theirs.close()
            if self._cores is not None and hasattr(os, "sched_setaffinity"):
                os.sched_setaffinity(self._process.pid, self._cores)
        self._watched = psutil.Process(self._process.pid)
        self._jobs = self._bytes_after_first = 0
        self._pipe.recv()

    def _recycle(self) -> None:
        """End a worker that has done enough, so that what leaks in it is given back."""
        if self._process is None:
            return
        self._jobs += 1
        try:
            used = self._watched.memory_info().rss  # Of the worker alone: to find those below it takes a millisecond.
        except psutil.Error:  # It has just ended; the next job finds that out.
            return
        self._bytes_after_first = self._bytes_after_first or used
        if self._jobs >= RECYCLE_JOBS or used - self._bytes_after_first > RECYCLE_BYTES:
            self._kill()

    def _kill(self) -> None:
        """End the worker and all processes below it, at once: what it is doing is not wanted, or nothing."""
        process, self._process = self._process, None
        if process is None:
            return
        below: list[psutil.Process] = []
        with suppress(psutil.Error):
            below = psutil.Process(process.pid).children(recursive=True)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # Whatever it starts meanwhile is of its group.
        for member in below:
            with suppress(psutil.Error):
                member.kill()
        process.wait()
        # A large process takes a while to give its memory back, which the next job is to find.
        psutil.wait_procs([member for member in below if _lives(member)], timeout=GONE_SECONDS)


def _lives(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return process.status() != psutil.STATUS_ZOMBIE
    return False
