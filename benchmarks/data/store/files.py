"""Official files: found on this machine or downloaded, and verified either way."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.data.formats.compressed import opened
from benchmarks.data.store.cache import cache_folder
from benchmarks.data.store.recipe import Contents, File, Recipe, Source
from benchmarks.errors import Unavailable, UserError

CONNECT_SECONDS, READ_SECONDS = 6, 60


def recipe(name: str, source: Source, data_dir: Path | None, others: tuple[str, ...] = ()) -> Recipe:
    """The recipe of a registered set; its files are searched, and downloaded where they are missing.

    Looks in `data_dir`, ``$CROSSOVER_DATA`` and the folder of earlier downloads, in this order. A folder either holds
    the set's own folder or is it; `others` are the names of folders that belong to other sets, whose files may
    have the same names.

    Raises
    ------
    Unavailable
        If a file is nowhere and cannot be downloaded.
    UserError
        If a folder that was named does not exist, or a checksum is wrong.
    """
    paths: dict[str, Path] = {}
    if source.files:
        roots = _roots(data_dir)
        folders = [folder for root in roots for folder in _folders(name, source, root, others)]
        paths = _find(source, folders) or _download(name, source, roots, folders)
    return Recipe(
        name=name,
        read=partial(_read, name, source, paths),
        inputs=tuple(paths.values()),
        title=source.title,
        homepage=source.homepage,
        licence=source.licence,
    )


def verify(name: str, file: File, path: Path) -> None:
    """Compare a local file, packed or unpacked, with the official one."""
    allowed = {file.sha256, file.content} - {""}
    if not allowed:
        return
    found = _digest(path, unpack=False)
    if found in allowed:
        return
    try:
        if _digest(path, unpack=True) in allowed:
            return
    except UserError:
        pass  # it cannot be unpacked: the digests say enough
    packed = path.suffix == Path(file.name).suffix
    expected = file.sha256 if packed or not file.content else file.content
    raise UserError(
        f"{path} is not the official file of {name}: its sha256 is {found}, expected {expected}. "
        "Delete it and get it again, or give its folder by path to use it as it is."
    )


def _read(name: str, source: Source, paths: dict[str, Path]) -> Contents:
    for file in source.files:
        verify(name, file, paths[file.name])
    return source.read(paths)


def _digest(path: Path, unpack: bool) -> str:
    digest = hashlib.sha256()
    with opened(path, unpack=unpack) as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _roots(data_dir: Path | None) -> list[Path]:
    variable = os.environ.get("CROSSOVER_DATA")
    named = [("--data", data_dir), ("CROSSOVER_DATA", Path(variable).expanduser() if variable else None)]
    for option, root in named:
        if root is not None and not root.is_dir():
            raise UserError(f"{option} names {root}, which is not a folder.")
    return [root.resolve() for _, root in named if root is not None] + [_downloads()]


def _downloads() -> Path:
    return cache_folder() / "downloads"


def _folders(name: str, source: Source, root: Path, others: tuple[str, ...]) -> list[Path]:
    own = [root / folder for folder in (name, *source.folders)]
    return own if root.name in others else [*own, root]


def _find(source: Source, folders: list[Path]) -> dict[str, Path]:
    """The official file names and where each one is; all come from one folder. Empty if no folder has them all."""
    for folder in folders:
        found = {file.name: path for file in source.files if (path := _in(folder, file))}
        if len(found) == len(source.files):
            return found
    return {}


def _in(folder: Path, file: File) -> Path | None:
    plain = file.name.removesuffix(".gz")
    try:
        return next((path for path in (folder / plain, folder / f"{plain}.gz") if path.is_file()), None)
    except OSError as error:
        raise UserError(f"Cannot look into {folder} ({error.strerror}): check its permissions.") from error


def _download(name: str, source: Source, roots: list[Path], folders: list[Path]) -> dict[str, Path]:
    target = _downloads() / name
    missing = [file for file in source.files if not _in(target, file)]
    # of the folder that has most of the set, the error names the file it lacks
    lacking = min(([file.name for file in source.files if not _in(folder, file)] for folder in folders), key=len)
    looked = ", ".join(str(root) for root in roots)
    absent = f"{name}: {lacking[0]} was not found in {looked} (nor in a folder {name} there)"
    way_out = "name the folder that holds it with --data DIR or CROSSOVER_DATA"
    if not source.mirrors:
        raise Unavailable(f"{absent}; {source.obtain}, then {way_out}.")
    for file in [source.archive] if source.archive else missing:
        failures = []
        for mirror in source.mirrors:
            try:
                _fetch(mirror + file.name, file, target, unpack=file is source.archive)
                break
            except Exception as error:
                failures.append(f"{mirror}{file.name}: {_reason(error)}")
        else:
            raise Unavailable(f"{absent}, and it could not be downloaded ({'; '.join(failures)}): {way_out}.")
    if found := _find(source, _folders(name, source, _downloads(), others=())):
        return found
    raise Unavailable(f"{absent}, and what was downloaded does not hold it: {way_out}.")


def _fetch(url: str, file: File, target: Path, unpack: bool) -> None:
    import pooch

    pooch.get_logger().setLevel("ERROR")
    with _progress(file.name, url) as bar:
        downloader = pooch.HTTPDownloader(progressbar=bar, chunk_size=1 << 16, timeout=(CONNECT_SECONDS, READ_SECONDS))
        # pooch writes to a temporary name, and renames it only when the digest is right
        path = Path(pooch.retrieve(url, file.sha256, fname=file.name, path=target, downloader=downloader))
    if unpack:
        pooch.Untar(extract_dir=".")(str(path), "download", None)
        path.unlink()


def _reason(error: Exception) -> str:
    """Why a download failed, in a few words: those of requests fill several lines."""
    from requests import exceptions

    if isinstance(error, exceptions.HTTPError) and error.response is not None:
        return f"HTTP {error.response.status_code}"
    if isinstance(error, exceptions.Timeout):
        return "timed out"
    if isinstance(error, exceptions.ConnectionError):
        return "no connection"
    if isinstance(error, exceptions.RequestException):
        return "the connection broke off"
    if wrong := re.search(r"expected (\S+) but got (\w+)", str(error)):
        return f"wrong checksum, expected {wrong[1]}, got {wrong[2]}"
    return " ".join(str(error).split())


class _Bar:
    """What pooch wants of a progress bar, drawn by rich."""

    def __init__(self, progress: Any, label: str) -> None:
        self._progress, self._task = progress, progress.add_task(label)
        self.total = 0

    def update(self, size: int) -> None:
        self._progress.update(self._task, total=self.total or None, advance=size)

    def reset(self) -> None:
        self._progress.update(self._task, completed=0)

    def close(self) -> None:
        self._progress.refresh()


@contextmanager
def _progress(label: str, url: str) -> Iterator[Any]:
    """A bar on standard error where that is a terminal, one plain line otherwise."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    if not sys.stderr.isatty():
        print(f"Downloading {url}", file=sys.stderr, flush=True)
        yield False
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield _Bar(progress, f"Downloading {label}")
