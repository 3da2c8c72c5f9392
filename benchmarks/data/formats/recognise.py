"""Which format a path is in, and the recipe for its data set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.data.formats import folder, idx, kaggle_csv, npz, split_csv
from benchmarks.data.formats.arrays import assemble
from benchmarks.data.reading import PLAIN, Reading, Told, silent
from benchmarks.data.store.recipe import Contents, Recipe
from benchmarks.errors import UserError
from benchmarks.safety.names import safe_name
from benchmarks.safety.regular import at_home

SUFFIXES = (".csv", ".csv.gz", ".npz", ".toml", "ubyte", "ubyte.gz")


def recipe(path: Path, reading: Reading = PLAIN, told: Told = silent) -> Recipe:
    """The recipe for data of one's own: a folder, or a file that is known by its suffix. The set is named after it."""
    try:
        return _recipe_of(at_home(path), reading, told)
    except (OSError, RuntimeError, ValueError) as error:  # Links in a circle; a null character in the name.
        reason = getattr(error, "strerror", None) or error
        raise UserError(
            f"Cannot look into {getattr(error, 'filename', None) or path} ({reason}): check its permissions."
        ) from error


def _recipe_of(path: Path, reading: Reading, told: Told) -> Recipe:
    if not path.exists():
        raise UserError(f"There is no file or folder {path}.")
    path = path.resolve()
    if not path.name.isprintable():
        raise UserError(f"The name of {path} has characters that cannot be printed: rename it.")
    if path.is_dir():
        return _folder(path, reading, told)
    if not path.is_file():
        raise UserError(f"{path} is neither a file nor a folder.")
    suffix = next((suffix for suffix in SUFFIXES if path.name.lower().endswith(suffix)), None)
    if suffix is None:
        raise UserError(f"{path} is of no known kind: data is a folder, or a file that ends in {', '.join(SUFFIXES)}.")
    name = path.name[: -len(suffix)].strip(". ") or path.name
    if suffix == ".toml":
        from benchmarks.data.formats import description

        return description.recipe(path, name, reading, told)
    no_paths(path, reading)
    no_framing(path, reading)
    if suffix.startswith("ubyte"):
        return _idx(path, reading)
    return _recipe(name, path, (path,), lambda: _file(path, suffix, reading), reading)


def no_paths(path: Path, reading: Reading) -> None:
    """Refuse groups by a pattern on paths where a file holds all images.

    Raises
    ------
    UserError
        If there is such a pattern.
    """
    if reading.pattern:
        raise UserError(
            f"--groups {reading.pattern!r} is a pattern for the paths of images, and {path} holds them all: give "
            "column:NAME for a column of a CSV or an array of an .npz, or near."
        )


def no_framing(path: Path, reading: Reading) -> None:
    """Refuse a size or a frame where images are arrays already, or have a size of their own.

    Raises
    ------
    UserError
        If there is one.
    """
    if reading.size or reading.frame:
        option = f"--size {reading.size}" if reading.size else f"--frame {reading.frame}"
        raise UserError(f"{option} is for the pictures of a folder, and the images of {path} have their size already.")


def _file(path: Path, suffix: str, reading: Reading) -> Contents:
    if suffix == ".npz":
        return assemble(*npz.read_train_and_test(path, reading.column), near=reading.near)
    return assemble(kaggle_csv.read_labelled(path, group=reading.column), None, near=reading.near)


def _idx(path: Path, reading: Reading) -> Recipe:
    names = idx.find(path)
    assert names is not None  # a file is always one of four, or an error
    no_columns(path, reading)
    no_framing(path, reading)
    files = (names.train_images, names.train_labels, names.test_images, names.test_labels)
    prefix = path.name.split("train-images")[0].strip("-_. ")
    name = prefix if path.is_file() and prefix else path.name if path.is_dir() else path.parent.name

    def read() -> Contents:
        return assemble(idx.read_labelled(*files[:2]), idx.read_labelled(*files[2:]), near=reading.near)

    return _recipe(name, path, files, read, reading)


def no_columns(path: Path, reading: Reading) -> None:
    """Refuse groups other than near duplicates, for idx files.

    Raises
    ------
    UserError
        If others are asked for.
    """
    no_paths(path, reading)
    if reading.column is not None:
        raise UserError(
            f"--groups column:{reading.column}: {path} has no columns, so groups can be near duplicates alone."
        )


def _folder(path: Path, reading: Reading, told: Told) -> Recipe:
    if idx.find(path):
        return _idx(path, reading)
    if not (path / split_csv.NAME).exists() and not any(p.is_dir() for p in path.iterdir()):
        readable = [p.name for p in sorted(path.iterdir()) if p.name.lower().endswith(SUFFIXES)]
        if readable:
            raise UserError(f"{path} holds no folder per class: name a file in it, such as {readable[0]}.")
    found = folder.find(path, reading)

    def read() -> Contents:
        return folder.read(found, reading, told)

    return _recipe(path.name, path, folder.inputs(found), read, reading, [*found.unreadable, found.note], framed=True)


def _recipe(
    name: str,
    path: Path,
    inputs: tuple[Path, ...],
    read: Callable[[], Contents],
    reading: Reading,
    aside: Sequence[Path | str] = (),
    framed: bool = False,
) -> Recipe:
    # Once a link that led nowhere is mended, the data is another; so is the note once there are other files.
    options = "\n".join([str(path), *map(str, aside)])
    name = safe_name(name)  # It names folders.
    return Recipe(name, read, inputs, options, reading, framed, title=name, homepage=str(path))
