"""Official files: found on this machine or downloaded, and verified either way."""

from __future__ import annotations

import hashlib
import os
import re
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.data.formats.compressed import opened
from benchmarks.data.store.cache import cache_folder
from benchmarks.data.store.recipe import Contents, File, Recipe, Source
from benchmarks.errors import Unavailable, UserError
from benchmarks.safety.regular import at_home

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
    paths = find(name, source, data_dir, others)
    if source.files and not paths:
        paths = _download(name, source, data_dir, others)
    return Recipe(
        name=name,
        read=partial(_read, name, source, paths),
        inputs=tuple(paths.values()),
        title=source.title,
        homepage=source.homepage,
        licence=source.licence,
    )


def find(name: str, source: Source, data_dir: Path | None, others: tuple[str, ...] = ()) -> dict[str, Path]:
    """The files of a registered set that are on this machine, by their official names; none if no form of it is whole."""
    return _find(source, _searched(name, source, data_dir, others)) if source.files else {}


def verify(name: str, file: File, path: Path) -> bool:
    """Compare a local file, packed or unpacked, with the official one.

    Returns
    -------
    False if it could not be compared, since it is unpacked and the checksum of the packed file alone is known.

    Raises
    ------
    UserError
        If it is another file.
    """
    allowed = {file.sha256, file.content} - {""}
    if not allowed:
        return True
    found = _digest(path, unpack=False)
    if found in allowed:
        return True
    if not file.content and Path(file.name).name == f"{path.name}.gz":
        return False
    try:
        if _digest(path, unpack=True) in allowed:
            return True
    except UserError:
        pass  # it cannot be unpacked: the digests say enough
    packed = path.suffix == Path(file.name).suffix
    expected = file.sha256 if packed or not file.content else file.content
    raise UserError(
        f"{path} is not the official file of {name}: its sha256 is {found}, expected {expected}. "
        "Delete it and get it again, or give its folder by path to use it as it is."
    )


def _read(name: str, source: Source, paths: dict[str, Path]) -> Contents:
    files = [file for form in source.forms for file in form if file.name in paths]
    unverified = [paths[file.name].name for file in files if not verify(name, file, paths[file.name])]
    contents = source.read(paths)
    if not unverified:
        return contents
    note = f"Not verified, since checksums are known of the .gz files alone: {', '.join(unverified)}."
    return replace(contents, note=f"{contents.note} {note}".strip())


def _digest(path: Path, unpack: bool) -> str:
    digest = hashlib.sha256()
    with opened(path, unpack=unpack) as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _roots(data_dir: Path | None) -> list[Path]:
    variable = os.environ.get("CROSSOVER_DATA")
    named = [("--data", data_dir), ("CROSSOVER_DATA", at_home(variable) if variable else None)]
    for option, root in named:
        if root is not None and not root.is_dir():
            raise UserError(f"{option} names {root}, which is not a folder.")
    return [root.resolve() for _, root in named if root is not None] + [_downloads()]


def _downloads() -> Path:
    return cache_folder() / "downloads"


def _searched(name: str, source: Source, data_dir: Path | None, others: tuple[str, ...]) -> list[Path]:
    return [folder for root in _roots(data_dir) for folder in _folders(name, source, root, others)]


def _folders(name: str, source: Source, root: Path, others: tuple[str, ...]) -> list[Path]:
    own = [root / folder for folder in (name, *source.folders)]
    return own if root.name in others else [*own, root]


def _find(source: Source, folders: list[Path]) -> dict[str, Path]:
    """The official file names and where each one is; all come from one folder. Empty if no folder has them all."""
    for folder in folders:
        for form in source.forms:
            found = {file.name: path for file in form if (path := _in(folder, file))}
            if len(found) == len(form):
                return found
    return {}


def _in(folder: Path, file: File) -> Path | None:
    plain = file.name.removesuffix(".gz")
    names = [plain, f"{plain}.gz"]
    if file.sha256 and not file.content:
        names.reverse()  # the packed file alone can be verified
    try:
        return next((path for name in names if (path := folder / name).is_file()), None)
    except OSError as error:
        raise UserError(f"Cannot look into {folder} ({error.strerror}): check its permissions.") from error


def _download(name: str, source: Source, data_dir: Path | None, others: tuple[str, ...]) -> dict[str, Path]:
    target = _downloads() / name
    missing = [file for file in source.files if not _in(target, file)]
    # of the folder and the form that has most of the set, the error names the file it lacks
    searched = _searched(name, source, data_dir, others)
    incomplete = [
        (form, [file.name for file in form if not _in(folder, file)]) for folder in searched for form in source.forms
    ]
    _, lacking = min(incomplete, key=lambda pair: len(pair[1]) / len(pair[0]))
    looked = ", ".join(str(root) for root in _roots(data_dir))
    absent = f"{name}: {lacking[0]} was not found in {looked} (nor in a folder {name} there)"
    way_out = "name the folder that holds it with --data DIR or CROSSOVER_DATA"
    if not source.mirrors:
        raise Unavailable(f"{absent}; {source.obtain}, then {way_out}.")
    for file in [source.archive] if source.archive else missing:
        failures = []
        for mirror in source.mirrors:
            try:
                _fetch(mirror + file.name, file, target)
                if file is source.archive:
                    _unpack(target / file.name, source)
                break
            except Exception as error:
                failures.append(f"{mirror}{file.name}: {_reason(error)}")
        else:
            raise Unavailable(f"{absent}, and it could not be downloaded ({'; '.join(failures)}): {way_out}.")
    if found := _find(source, _folders(name, source, _downloads(), others=())):
        return found
    raise Unavailable(f"{absent}, and what was downloaded does not hold it: {way_out}.")


def _fetch(url: str, file: File, target: Path) -> None:
    import pooch

    pooch.get_logger().setLevel("ERROR")
    with _progress(file.name, url) as bar:
        downloader = pooch.HTTPDownloader(progressbar=bar, chunk_size=1 << 16, timeout=(CONNECT_SECONDS, READ_SECONDS))
        # pooch writes to a temporary name, and renames it only when the digest is right
        pooch.retrieve(url, file.sha256, fname=file.name, path=target, downloader=downloader)


def _unpack(path: Path, source: Source) -> None:
    """Unpack a verified archive beside itself and delete it; of a zip file only what the set needs."""
    if path.suffix == ".zip":
        wanted = tuple(file.name for file in source.files)
        with zipfile.ZipFile(path) as archive:
            archive.extractall(path.parent, [member for member in archive.namelist() if member.endswith(wanted)])
    else:
        import pooch

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
