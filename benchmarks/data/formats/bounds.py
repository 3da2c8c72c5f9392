"""What a file may take of this machine: a small one may announce, or unpack to, more than there is memory."""

from __future__ import annotations

from functools import cache

from benchmarks.data.formats.compressed import Readable
from benchmarks.errors import UserError


def must_fit(size: int, path: Readable) -> None:
    """Refuse arrays of `size` bytes if they fill more than half of the memory; the file is named.

    Raises
    ------
    UserError
        If they do.
    """
    if size > most_bytes():
        raise UserError(
            f"{path} needs {size / 1e9:,.1f} GB of memory, and at most {most_bytes() / 1e9:,.1f} GB, half of what this "
            "machine has, may be used: make it smaller."
        )


@cache
def most_bytes() -> int:
    """Half of the memory of this machine."""
    from benchmarks.execution.memory import machine_bytes

    return machine_bytes() // 2
