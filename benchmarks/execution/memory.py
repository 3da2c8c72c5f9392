"""How much memory there is, and how much a process uses."""

from __future__ import annotations

import re
import resource
import sys
from contextlib import suppress
from pathlib import Path

import psutil


def machine_bytes() -> int:
    """Memory of the machine, or of the container if that has less."""
    total = psutil.virtual_memory().total
    with suppress(OSError, ValueError):  # No cgroup, or "max": no limit.
        total = min(total, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return total


def tree_bytes(process: psutil.Process) -> int:
    """Resident memory of a process and of all processes below it; 0 if it has ended."""
    total = 0
    with suppress(psutil.Error):
        for member in [process, *process.children(recursive=True)]:
            with suppress(psutil.Error):
                total += member.memory_info().rss
    return total


def reset_peak() -> None:
    """Start to measure `peak_bytes` anew, where the system can (Linux: ``man 5 proc``, clear_refs)."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_bytes() -> int:
    """The most resident memory that this process had since `reset_peak`, or since its start where that cannot be."""
    with suppress(OSError):
        if found := re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text()):
            return int(found[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
