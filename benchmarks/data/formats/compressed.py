"""Files that may be gzip-compressed, whatever their name says."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO

from benchmarks.errors import UserError
from benchmarks.safety import regular

Readable = Path | zipfile.Path  # a file, or a member of an open zip file


@contextmanager
def opened(path: Readable, unpack: bool = True) -> Iterator[IO[bytes]]:
    """The file's bytes, decompressed if it is gzip; whatever goes wrong while reading is a `UserError`."""
    try:
        source: AbstractContextManager[IO[bytes]] = regular.opened(path) if isinstance(path, Path) else path.open("rb")
        with source as raw:
            packed = unpack and raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            if not packed:
                yield raw
                return
            with gzip.open(raw) as stream:
                yield stream  # type: ignore[misc]
    except FileNotFoundError as error:
        raise UserError(f"There is no file {path}.") from error
    except UserError:
        raise
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, NotImplementedError) as error:
        raise UserError(f"{path} is damaged or was cut off ({error}): get it again.") from error
    except OSError as error:
        raise UserError(f"Cannot read {path} ({error.strerror or error}): check that it is a readable file.") from error
