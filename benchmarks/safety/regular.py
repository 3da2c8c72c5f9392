"""Files, read and written so that none of them can do harm: only regular ones are read, and never one beside them written over.

A pipe that is called like an image would be waited for without end, a device has no end, and a link in a folder of somebody else
may lead to a file of one's own.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from benchmarks.errors import UserError

# Bytes of a text that is read whole, such as run.json; as JSON it may take 50 times the memory.
LONGEST_TEXT = 1 << 23


def at_home(text: str | Path) -> Path:
    """The path, in which ``~`` and ``~name`` are homes.

    Raises
    ------
    UserError : there is no such user.
    """
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise UserError(
            f"{text} names the home of a user whom this machine does not know: write ./{text}, or a path."
        ) from error


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a regular file.

    Raises
    ------
    UserError : it is something else, or not there, or cannot be read, now or while it is.
    """
    try:
        with os.fdopen(_descriptor(path), "rb") as file:
            yield file
    except FileNotFoundError as error:
        raise UserError(f"There is no file {path}.") from error
    except OSError as error:
        if error.errno is None:  # Not of the system, but of whoever reads the file: a decoder has errors of this kind.
            raise
        raise UserError(f"Cannot read {path} ({error.strerror or error}): check that it is a readable file.") from error


def check(path: Path) -> None:
    """Refuse what is no regular file.

    Raises
    ------
    UserError : it is not, or it cannot be opened.
    """
    with opened(path):
        pass


def text_of(path: Path, longest: int = LONGEST_TEXT) -> str:
    """The text of a regular file, which must be UTF-8.

    Raises
    ------
    UserError : as `opened`, or it has more than `longest` bytes, or it is not UTF-8.
    """
    with opened(path) as file:
        raw = file.read(longest + 1)
    if len(raw) > longest:
        raise UserError(f"{path} has more than {longest:,} bytes, which is more than such a file needs.")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8: byte {error.start + 1:,} is wrong.") from error


def check_place(path: Path, kind: str = "a file", fits: Callable[[str], bool] = lambda suffix: True) -> None:
    """Refuse a path where no file can be written, before anything is computed for it.

    Parameters
    ----------
    kind : what the file is called in the message.
    fits : suffix -> whether such a file may have it.

    Raises
    ------
    UserError : it is a folder, its folder is not there, or its suffix does not fit.
    """
    try:
        right = fits(path.suffix) and path.parent.is_dir() and not path.is_dir()
    except OSError:  # A name that is too long, a folder that nobody may look into.
        right = False
    if not right:
        raise UserError(f"Cannot write {path}: give the path of {kind} in a folder that exists.")


def write(path: Path, text: str | bytes) -> Path:
    """Write a file, a text as UTF-8, in one step: readers see the old file or the new one, never a half.

    A link of that name is replaced, and what it leads to stays as it is.

    Raises
    ------
    UserError : it cannot be written.
    """
    try:
        return replace(path, text)
    except (OSError, ValueError) as error:
        raise _unwritten(path, error) from error


def write_out(path: Path, text: str) -> Path:
    """Write a UTF-8 text where a person wants it: through links, and into a device or a pipe as it stands.

    Raises
    ------
    UserError : it cannot be written.
    """
    try:
        place = path.resolve()
        if not place.exists() or stat.S_ISREG(place.stat().st_mode):
            replace(place, text)
        elif place.is_dir():
            raise UserError(f"Cannot write {path}: it is a folder. Give the path of a file.")
        else:
            # Without waiting: a pipe that nobody reads is an error.
            with os.fdopen(os.open(place, os.O_WRONLY | os.O_NONBLOCK), "wb") as file:
                file.write(_bytes(text))
    except (OSError, ValueError, RuntimeError) as error:  # The last of links that go round in a circle.
        raise _unwritten(path, error) from error
    return path


def replace(path: Path, text: str | bytes) -> Path:
    """As `write`, whatever goes wrong being an OSError; the draft is of a name that nobody can foresee."""
    if not path.name or (path.is_dir() and not path.is_symlink()):
        raise IsADirectoryError(21, "it is a folder", str(path))
    number, draft = tempfile.mkstemp(prefix=f".{path.name[:40]}-", dir=path.parent)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(_bytes(text))
        Path(draft).chmod(0o666 & ~_mask())
        Path(draft).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(draft).unlink()
        raise
    return path


def open_to(folder: Path) -> None:
    """Give a folder that was made as a draft, for its owner alone, the permissions that any other new folder has."""
    folder.chmod(0o777 & ~_mask())


def _bytes(text: str | bytes) -> bytes:
    if isinstance(text, bytes):
        return text
    return text.encode("utf-8", "backslashreplace")  # A name whose bytes were no UTF-8 has halves of characters.


def _descriptor(path: Path) -> int:
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(number).st_mode
    if not stat.S_ISREG(mode):
        os.close(number)
        kind = "a folder" if stat.S_ISDIR(mode) else "a pipe or a device"
        raise UserError(f"Cannot read {path} (it is {kind}): check that it is a readable file.")
    return number


def _mask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _unwritten(path: Path, error: Any) -> UserError:
    reason = getattr(error, "strerror", None) or str(error)
    return UserError(f"Cannot write {path}: {reason}.")
