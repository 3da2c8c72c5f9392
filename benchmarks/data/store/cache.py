"""Arrays on disk: parsed once, then memory-mapped by every process.

``$CROSSOVER_CACHE``, or the user's cache folder, holds ``arrays/<name>-<key>/`` with ``train-X.npy``, ``train-y.npy``,
``test-X.npy``, ``test-y.npy``, perhaps ``unlabelled-X.npy``, and ``meta.json``. The key is a digest of the inputs'
paths, sizes and times, and of the code that reads them, so neither a changed file nor a changed reader meets an
old cache. A folder appears whole or not at all; any of it may be deleted at any time.
"""

from __future__ import annotations

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

from benchmarks.data.images import Dataset, Images, Sealed, fingerprint
from benchmarks.data.store.recipe import Parts, Recipe
from benchmarks.errors import UserError


def cache_folder() -> Path:
    """``$CROSSOVER_CACHE``, else the user's cache folder."""
    import platformdirs

    return Path(os.environ.get("CROSSOVER_CACHE") or platformdirs.user_cache_dir("crossover")).expanduser()


def cached(recipe: Recipe) -> Dataset:
    """The data set of a recipe: from the cache, or read, checked and put there first."""
    folder = cache_folder() / "arrays" / f"{recipe.name}-{_key(recipe)}"
    if not (folder / "meta.json").exists():
        try:
            parts = recipe.read()
        except UserError as error:
            raise UserError(f"{recipe.name}: {error}") from error
        with _writing(folder) as new:
            _write(new, recipe, parts)
    return reopen(folder)


def reopen(folder: Path) -> Dataset:
    """The data set in a cache folder; a worker process needs no more than `Dataset.folder` to have it.

    Training images are memory-mapped and read-only. Test files are not touched before the seal is opened.
    """
    try:
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(folder / "meta.json", error) from error
    unlabelled = partial(_array, folder / "unlabelled-X.npy") if meta["unlabelled"] else None
    return Dataset(
        name=meta["name"],
        train=_images(folder, "train", len(meta["classes"])),
        test=Sealed(meta["test"], partial(_images, folder, "test", len(meta["classes"]))),
        classes=tuple(meta["classes"]),
        fingerprint=meta["fingerprint"],
        unlabelled=unlabelled,
        note=meta["note"],
        title=meta["title"],
        source=meta["source"],
        licence=meta["licence"],
        folder=folder,
    )


def _key(recipe: Recipe) -> str:
    states = [(str(path), (stat := path.stat()).st_size, stat.st_mtime_ns) for path in recipe.inputs]
    about = (recipe.name, recipe.title, recipe.source, recipe.licence, recipe.options)
    return hashlib.sha256(json.dumps([about, states, _code()]).encode()).hexdigest()[:16]


@cache
def _code() -> str:
    """A digest of the code that turns files into arrays."""
    room = Path(__file__).parents[1]
    modules = sorted(room.rglob("*.py"))
    return hashlib.sha256(b"".join(module.read_bytes() for module in modules)).hexdigest()


@contextmanager
def _writing(folder: Path) -> Iterator[Path]:
    """A new folder that takes its name only when all of it is written; whoever is first, wins."""
    new = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
        yield new
        try:
            new.replace(folder)
        except OSError:
            if not (folder / "meta.json").exists():
                raise
    except OSError as error:
        raise UserError(
            f"Cannot keep arrays in {folder.parent} ({error.strerror or error}): free some space, or name another "
            "folder with CROSSOVER_CACHE."
        ) from error
    finally:
        if new is not None:
            shutil.rmtree(new, ignore_errors=True)


def _write(folder: Path, recipe: Recipe, parts: Parts) -> None:
    arrays: dict[str, NDArray] = {
        "train-X": parts.train.X,
        "train-y": parts.train.y,
        "test-X": parts.test.X,
        "test-y": parts.test.y,
    }
    meta: dict[str, Any] = {
        "name": recipe.name,
        "title": recipe.title or recipe.name,
        "source": recipe.source,
        "licence": recipe.licence,
        "classes": parts.classes,
        "train": len(parts.train),
        "test": len(parts.test),
        "unlabelled": 0 if parts.unlabelled is None else len(parts.unlabelled),
        "fingerprint": fingerprint(*arrays.values()),
        "note": parts.note,
        "inputs": [str(path) for path in recipe.inputs],
    }
    if parts.unlabelled is not None:
        arrays["unlabelled-X"] = parts.unlabelled
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", np.ascontiguousarray(array))
    (folder / "meta.json").write_text(json.dumps(meta, indent=1), encoding="utf-8")


def _images(folder: Path, part: str, classes: int) -> Images:
    X, y = _array(folder / f"{part}-X.npy"), np.array(_array(folder / f"{part}-y.npy"))
    try:
        images = Images(X, y)
    except ValueError as error:
        raise _damaged(folder / f"{part}-y.npy", error) from error
    if len(y) and not 0 <= y.min() <= y.max() < classes:
        raise _damaged(folder / f"{part}-y.npy", f"labels outside 0 … {classes - 1}")
    return images


def _array(path: Path) -> NDArray:
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, why: object) -> UserError:
    reason = " ".join(str(why).split())
    return UserError(f"The cached file {path} is damaged ({reason}): delete its folder, it is made again.")
