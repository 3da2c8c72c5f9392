"""The data sets, one module each, and the way to data of one's own.

A module here is a data set: ``fashion_mnist.py`` holds `fashion_mnist`, a `Source`, and its public name is
``fashion-mnist``. The sub-packages are not: `formats` reads files of each kind, `store` finds, downloads, verifies
and caches them. `load` is the door: from a name or a path to a `benchmarks.data.images.Dataset`. Loading is lazy: arrays
are parsed once, kept as ``.npy`` and memory-mapped, and the files of the test part are not touched until its seal
is opened.
"""

from __future__ import annotations

import os
import pkgutil
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path

from benchmarks.data.images import Dataset
from benchmarks.data.reading import PLAIN, Reading, Told, silent
from benchmarks.data.store.cache import cached, reopen
from benchmarks.data.store.recipe import Recipe, Source
from benchmarks.errors import UserError, unknown
from benchmarks.safety.regular import at_home

__all__ = ["find", "load", "located", "names", "reopen", "source"]

SUFFIXES = (".csv", ".npz", ".toml", ".gz", "ubyte")


@cache
def names() -> tuple[str, ...]:
    """The public names of the registered data sets, sorted; imports none of them."""
    return tuple(sorted(m.name.replace("_", "-") for m in pkgutil.iter_modules(__path__) if not m.ispkg))


def source(name: str) -> Source:
    """The registered data set of that name: its title, licence and files.

    Raises
    ------
    UserError
        If there is none; it names the nearest.
    """
    if name not in names():
        raise unknown("data set", name, names())
    module = name.replace("-", "_")
    return getattr(import_module(f"{__name__}.{module}"), module)


def find(name: str, data_dir: Path | None = None) -> dict[str, Path]:
    """The official files of a registered set that are on this machine, by their names; none if one of them is missing.

    Looked for where `load` does, but nothing is downloaded, and nothing verified.
    """
    from benchmarks.data.store import files

    return files.find(name, source(name), data_dir, _folders_of_others(name))


def load(
    name_or_path: str | Path, data_dir: Path | None = None, reading: Reading = PLAIN, told: Told = silent
) -> Dataset:
    """A data set, by its registered name or by the path of one's own data.

    Parameters
    ----------
    name_or_path : a registered name comes first (write ``./mnist`` for a folder of that name); a path is what has a
        separator or a known suffix, or is there: a folder with one folder per class (perhaps within ``train`` and
        ``test``, or with a ``split.csv``), a CSV with a column ``label``, an ``.npz``, idx files or their folder, or a TOML file that
        describes any of these. Without a test part a stratified, seeded 20 % of the images becomes the test.
    data_dir : where official files are looked for first; then ``$CROSSOVER_DATA``, then earlier downloads in the
        cache folder; what is in none of them is downloaded and verified.
    reading : what may be chosen of how files become arrays: groups, the background of what is transparent, size and frame.
    told : is told how far the reading of many files is.

    Returns
    -------
    Dataset, memory-mapped; `folder` is where, so that `reopen` makes it again in a worker process.

    Raises
    ------
    Unavailable
        If official files are not on this machine and cannot be downloaded.
    UserError
        If there is no such name or path, or the data is wrong.
    """
    text = str(name_or_path)
    if text in names():
        from benchmarks.data.store import files

        return cached(_in_groups(files.recipe(text, source(text), data_dir, _folders_of_others(text)), reading))
    path = at_home(text)
    if isinstance(name_or_path, Path) or os.sep in text or text.lower().endswith(SUFFIXES) or path.exists():
        from benchmarks.data.formats import recognise

        return cached(recognise.recipe(path, reading, told))
    raise unknown("data set", text, names())


def located(name: str, data_dir: Path | None = None) -> str:
    """The path of what is called so in `data_dir` or ``$CROSSOVER_DATA``; the name as it is where it is registered, or nothing is."""
    places = [] if name in names() else [Path(root) for root in (data_dir, os.environ.get("CROSSOVER_DATA")) if root]
    return next((str(root / name) for root in places if (root / name).exists()), name)


def _folders_of_others(text: str) -> tuple[str, ...]:
    """Names of folders that belong to other registered sets, whose files may be called the same and are not the same."""
    return tuple(
        folder
        for name in names()
        if name != text and (source(name).files != source(text).files or not source(name).files)
        for folder in (name, *(Path(f).name for f in source(name).folders))
    )


def _in_groups(recipe: Recipe, reading: Reading) -> Recipe:
    """A registered set, of which near duplicates can be groups: their files have neither paths nor columns.

    Raises
    ------
    UserError
        If other groups are asked for, or a size or a frame.
    """
    from benchmarks.data.formats.recognise import no_framing

    no_framing(Path(recipe.name), reading)
    if reading.groups and not reading.near:
        raise UserError(
            f"--groups {reading.groups!r}: {recipe.name} has neither paths nor columns, so its groups can be near duplicates "
            "alone: give near."
        )
    if not reading.near:
        return recipe
    from benchmarks.data.formats.arrays import near_apart

    return replace(recipe, read=lambda: near_apart(recipe.read()), reading=reading)
