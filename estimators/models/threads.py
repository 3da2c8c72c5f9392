"""How many threads a model may use."""

import os


def threads() -> int:
    """``OMP_NUM_THREADS`` if set (executors set it, so that workers times threads stay within the cores), else cores.

    Of several numbers, those of nested levels, the first counts.

    Raises
    ------
    ValueError : it is no number above 0.
    """
    text = os.environ.get("OMP_NUM_THREADS") or str(cores())
    first = text.partition(",")[0].strip()
    if not (first.isascii() and first.isdigit() and int(first[:6]) > 0 and len(first) < 6):
        raise ValueError(f"OMP_NUM_THREADS is {text[:40]!r}, and must be a number of threads, such as 4")
    return int(first)


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Respects containers and taskset; Linux alone has it.
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
