"""`each`: the same work on many things, side by side where that is safe."""

from __future__ import annotations

import gc
import multiprocessing
import sys
import threading
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from estimators.models.threads import cores

T = TypeVar("T")
R = TypeVar("R")


def each(work: Callable[[T], R], things: Sequence[T]) -> list[R]:
    """What `work` makes of each thing, in order; results must be picklable, and the work must change nothing.

    On Linux the process is forked, one process per core, so that what was read before is there without being sent. Only
    from a process with a single thread, since the locks of others would stay held in its copies
    (https://docs.python.org/3/library/os.html#os.fork); elsewhere, and for what a process could not do, one after
    another.
    """
    count = min(cores(), len(things))
    if count < 2 or sys.platform != "linux" or threading.active_count() > 1:
        return [work(thing) for thing in things]
    context = multiprocessing.get_context("fork")
    shares = [things[start::count] for start in range(count)]
    gc.freeze()  # Else the first collection copies all memory that the processes share (see its documentation).
    try:
        pipes = []
        for share in shares[1:]:
            ours, theirs = context.Pipe(duplex=False)
            context.Process(target=_work, args=(theirs, work, share), daemon=True).start()
            theirs.close()
            pipes.append(ours)
        done = [[work(thing) for thing in shares[0]]]
        for share, pipe in zip(shares[1:], pipes, strict=True):
            with pipe:
                try:
                    done.append(pipe.recv())
                except EOFError:  # It failed or was killed: here it fails with a traceback, or does not.
                    done.append([work(thing) for thing in share])
    finally:
        gc.unfreeze()
    return [done[i % count][i // count] for i in range(len(things))]


def _work(pipe: Connection, work: Callable[[Any], Any], things: Sequence[Any]) -> None:
    with pipe:
        try:
            results = [work(thing) for thing in things]
        except Exception:
            return
        pipe.send(results)
