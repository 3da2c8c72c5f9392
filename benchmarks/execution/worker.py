"""A worker process: performs the jobs that its `Supervisor` sends, one after the other, and ends when that one does."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import sys
import threading
import time
from multiprocessing.connection import Connection

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def serve(descriptor: int, parent: int) -> None:
    """Answer jobs until the pipe is closed; None goes ahead of an answer when the job's libraries are imported.

    Parameters
    ----------
    descriptor : of this process's end of the pipe.
    parent : process id of the supervisor.
    """
    _end_with(parent)
    faulthandler.enable()  # A crash leaves the Python lines that led to it on standard error.
    os.set_inheritable(descriptor, False)
    with Connection(descriptor) as pipe:
        from benchmarks.execution.answer import Answer
        from benchmarks.execution.work import perform  # Heavy, and thus after the above.

        pipe.send("ready")
        while True:
            try:
                job = pipe.recv()
            except EOFError:
                return
            answer = perform(job, lambda: pipe.send(None))
            try:
                pipe.send(answer)
            except (TypeError, ValueError, AttributeError) as error:  # Something that cannot be pickled.
                pipe.send(Answer("failed", f"the answer cannot be sent: {error}", seconds=answer.seconds))


def _end_with(parent: int) -> None:
    """Let this process be killed when its parent ends, however that ends and whatever this process is doing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
    else:
        threading.Thread(target=_watch, args=[parent], daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
