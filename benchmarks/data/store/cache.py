"""Arrays on disk: parsed once, then memory-mapped by every process.

``$CROSSOVER_CACHE``, or the user's cache folder, holds ``arrays/<name>-<key>/`` with ``train-X.npy``, ``train-y.npy``,
``test-X.npy``, ``test-y.npy``, perhaps ``unlabelled-X.npy``, ``train-groups.npy`` and the names of the files of either part
in ``train-files.json`` and ``test-files.json``, and ``meta.json``. The key is a digest of the inputs'
paths, sizes and times, and of the code that reads them, so neither a changed file nor a changed reader meets an
old cache. A folder appears whole or not at all; any of it may be deleted at any time. No other module knows these names:
`reopen` and `stored_fingerprints` are what the others use.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.choice import choice_of
from benchmarks.data.framing import Preparation, measured, preparation_of
from benchmarks.data.images import Dataset, Images, Sealed, fingerprint
from benchmarks.data.store.recipe import Contents, Recipe
from benchmarks.errors import UserError
from benchmarks.safety import regular

META = "meta.json"


def cache_folder() -> Path:
    """``$CROSSOVER_CACHE``, else the user's cache folder."""
    import platformdirs

    return regular.at_home(os.environ.get("CROSSOVER_CACHE") or platformdirs.user_cache_dir("crossover"))


def cached(recipe: Recipe) -> Dataset:
    """The data set of a recipe: from the cache, or read, checked and put there first."""
    folder = cache_folder() / "arrays" / f"{recipe.name[:40]}-{_key(recipe)}"
    if not _is_there(folder):
        try:
            contents = recipe.read()
        except UserError as error:
            raise UserError(f"{recipe.name}: {error}") from error
        with _writing(folder) as new:
            _write(new, recipe, contents)
    return reopen(folder)


def _is_there(folder: Path) -> bool:
    try:
        return (folder / META).exists()
    except OSError as error:
        raise UserError(
            f"Cannot look into {folder} ({error.strerror or error}): let its owner open it, chmod -R a+rX, or name another "
            "folder with CROSSOVER_CACHE."
        ) from error


def reopen(folder: Path) -> Dataset:
    """The data set in a cache folder; a worker process needs no more than `Dataset.folder` to have it.

    Images are memory-mapped and read-only, so this is cheap enough for every job. No file of the test part is touched
    before `Dataset.test` is asked for images or labels.

    Raises
    ------
    UserError
        If there is no data set in `folder`, or a file in it is damaged.
    """
    meta = _meta(folder)
    try:
        classes = tuple(meta["classes"])
        return Dataset(
            name=meta["name"],
            train=Images(
                _images(folder, "train", meta["train"]),
                _labels(folder, "train", meta["train"], len(classes)),
                _numbers(folder, "train-groups", meta["train"]) if meta["groups"] else None,
            ),
            test=Sealed(
                meta["test"],
                read_images=partial(_images, folder, "test", meta["test"]),
                read_labels=partial(_labels, folder, "test", meta["test"], len(classes)),
            ),
            classes=classes,
            fingerprint=meta["fingerprint"],
            train_fingerprint=meta["train_fingerprint"],
            unlabelled=partial(_images, folder, "unlabelled", meta["unlabelled"]) if meta["unlabelled"] else None,
            files=partial(_files, folder) if meta["files"] else None,
            groups=meta["groups"],
            background=meta["background"],
            note=meta["note"],
            choice=choice_of(meta["choice"]) if meta["choice"] else None,
            preparation=_preparation(meta),
            title=meta["title"],
            homepage=meta["homepage"],
            licence=meta["licence"],
            folder=folder,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(folder / META, error) from error


def stored_fingerprints(folder: Path) -> tuple[str, ...]:
    """The fingerprints of the data set in a cache folder, of all of it and of its training part; none if it is not there."""
    try:
        meta = _meta(folder)
        return meta["fingerprint"], meta["train_fingerprint"]
    except (UserError, KeyError):
        return ()


def with_fingerprint(wanted: str) -> Dataset | None:
    """The data set with this fingerprint, if the cache has it, whatever it was read from."""
    for meta in sorted((cache_folder() / "arrays").glob(f"*/{META}")):
        if stored_fingerprints(meta.parent)[:1] == (wanted,):
            return reopen(meta.parent)
    return None


def _preparation(meta: dict[str, Any]) -> Preparation | None:
    height, width, channels = meta["image"]
    return preparation_of(meta["preparation"], (height, width, channels)) if meta["preparation"] else None


def _meta(folder: Path) -> dict[str, Any]:
    try:
        meta = json.loads((folder / META).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(folder / META, error) from error
    if not isinstance(meta, dict):
        raise _damaged(folder / META, "not a table")
    return meta


def _key(recipe: Recipe) -> str:
    """A digest of what would be read, and by which code; of the files, of what changes when they do.

    Size and time of the last change are not enough: two folders that change names leave them, and files out of an archive may share them.
    """
    try:
        stats = [(str(path), path.stat()) for path in recipe.inputs]
        states = [(name, s.st_size, s.st_mtime_ns, s.st_ctime_ns, s.st_ino) for name, s in stats]
    except OSError as error:
        raise UserError(f"Cannot read {error.filename} ({error.strerror}): replace or remove it.") from error
    about = (recipe.name, recipe.title, recipe.homepage, recipe.licence, recipe.options, repr(recipe.reading))
    return hashlib.sha256(json.dumps([about, states, _code()]).encode()).hexdigest()[:16]


@cache
def _code() -> str:
    """A digest of the code that turns files into arrays."""
    room = Path(__file__).parents[1]
    modules = sorted(room.rglob("*.py"))
    return hashlib.sha256(b"".join(module.read_bytes() for module in modules)).hexdigest()


def unkept(what: str, folder: Path, error: OSError) -> UserError:
    """Why something could not be kept in the cache, and what helps."""
    refused = error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)
    mend = "ask its owner for the right to write there" if refused else "free some space"
    return UserError(
        f"Cannot keep {what} in {folder} ({error.strerror or error}): {mend}, or name another folder with CROSSOVER_CACHE."
    )


@contextmanager
def _writing(folder: Path) -> Iterator[Path]:
    """A new folder that takes its name only when all of it is written; whoever is first, wins."""
    new = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
        yield new
        regular.open_to(new)  # Others may share the cache.
        try:
            new.replace(folder)
        except OSError:
            if not _is_there(folder):
                raise
    except OSError as error:
        raise unkept("arrays", folder.parent, error) from error
    finally:
        if new is not None:
            shutil.rmtree(new, ignore_errors=True)


def _write(folder: Path, recipe: Recipe, contents: Contents) -> None:
    prepared = _prepared(contents)
    train: dict[str, NDArray] = {"train-X": contents.train.X, "train-y": contents.train.y}
    if contents.train.groups is not None:
        train["train-groups"] = contents.train.groups
    arrays: dict[str, NDArray] = {**train, "test-X": contents.test.X, "test-y": contents.test.y}
    meta: dict[str, Any] = {
        "name": recipe.name,
        "title": recipe.title or recipe.name,
        "homepage": recipe.homepage,
        "licence": recipe.licence,
        "classes": contents.classes,
        "train": len(contents.train),
        "test": len(contents.test),
        "unlabelled": 0 if contents.unlabelled is None else len(contents.unlabelled),
        "fingerprint": fingerprint(*arrays.values()),
        "train_fingerprint": fingerprint(*train.values()),
        "files": any(contents.files),
        "groups": recipe.reading.groups if contents.train.groups is not None else "",
        "background": recipe.reading.background,
        "note": contents.note,
        "image": contents.train.X.shape[1:],
        "choice": None if contents.choice is None else contents.choice.facts(),
        "preparation": None if prepared is None else prepared.facts(),
        "inputs": [str(path) for path in recipe.inputs],
    }
    if contents.unlabelled is not None:
        arrays["unlabelled-X"] = contents.unlabelled
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", np.ascontiguousarray(array))
    for part, names in zip(("train", "test"), contents.files, strict=True):
        if any(contents.files):
            (folder / f"{part}-files.json").write_text(json.dumps(list(names)), encoding="utf-8")
    (folder / META).write_text(json.dumps(meta, indent=1), encoding="utf-8")


def _prepared(contents: Contents) -> Preparation | None:
    """What makes other pictures look as the training images do: what was done to these, or what seems to have been done."""
    if contents.choice is not None and not contents.choice.framing.is_plain:
        return Preparation(contents.choice.framing)
    framing = measured(contents.train.X)
    return None if framing is None else Preparation(framing, unless_alike=True)


def _images(folder: Path, part: str, rows: int) -> NDArray[np.uint8]:
    path = folder / f"{part}-X.npy"
    X = _array(path)
    if X.dtype != np.uint8 or X.ndim != 4 or len(X) != rows:
        raise _damaged(path, f"{X.dtype} of shape {X.shape}, expected {rows} images")
    return X


def _labels(folder: Path, part: str, rows: int, classes: int) -> NDArray[np.int64]:
    y = _numbers(folder, f"{part}-y", rows)
    if rows and not 0 <= y.min() <= y.max() < classes:
        raise _damaged(folder / f"{part}-y.npy", f"labels outside 0 … {classes - 1}")
    return y


def _numbers(folder: Path, name: str, rows: int) -> NDArray[np.int64]:
    """One whole number per row."""
    path = folder / f"{name}.npy"
    found = np.array(_array(path))
    if found.dtype != np.int64 or found.shape != (rows,):
        raise _damaged(path, f"{found.dtype} of shape {found.shape}, expected {rows} numbers")
    return found


def _files(folder: Path) -> tuple[list[str], list[str]]:
    """The names of the files of both parts."""
    train, test = (_names(folder / f"{part}-files.json") for part in ("train", "test"))
    return train, test


def _names(path: Path) -> list[str]:
    try:
        return [str(name) for name in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError) as error:
        raise _damaged(path, error) from error


def _array(path: Path) -> NDArray:
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, why: object) -> UserError:
    reason = " ".join(str(why).split())
    return UserError(f"The cached file {path} is damaged ({reason}): delete its folder, it is made again.")
