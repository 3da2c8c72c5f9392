"""How many threads a model may use."""

import os


def threads() -> int:
    """``OMP_NUM_THREADS`` if set (executors set it, so that workers times threads stay within the cores), else cores."""
    return int(os.environ.get("OMP_NUM_THREADS") or cores())


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Respects containers and taskset; Linux alone has it.
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
