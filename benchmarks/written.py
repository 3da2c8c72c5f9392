"""`written_whole`: a folder that is there with all that belongs in it, or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.errors import UserError


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """A folder that takes the target's name when all of it is written, and else is gone."""
    target = target.resolve()
    if target.is_mount():
        raise UserError(f"{target} is the root of a file system, which cannot be replaced: give a folder inside it.")
    new = target.with_name(f".{target.name}-{os.getpid()}")
    try:
        new.mkdir(parents=True)
        yield new
        if target.exists():
            target.rmdir()
        new.rename(target)
    except OSError as error:
        raise UserError(f"Cannot write {error.filename or target}: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
