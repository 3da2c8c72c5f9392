"""File formats, one module each; `recipe` tells which one a path is in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks.data.formats import folder, idx, kaggle_csv, npz
from benchmarks.data.formats.arrays import assemble
from benchmarks.data.store.recipe import Contents, Recipe
from benchmarks.errors import UserError

SUFFIXES = (".csv", ".csv.gz", ".npz", ".toml", "ubyte", "ubyte.gz")


def recipe(path: Path) -> Recipe:
    """The recipe for data of one's own: a folder, or a file that is known by its suffix. The set is named after it."""
    try:
        return _recipe_of(path.expanduser())
    except OSError as error:
        raise UserError(
            f"Cannot look into {error.filename or path} ({error.strerror}): check its permissions."
        ) from error


def _recipe_of(path: Path) -> Recipe:
    if not path.exists():
        raise UserError(f"There is no file or folder {path}.")
    path = path.resolve()
    if not path.name.isprintable():
        raise UserError(f"The name of {path} has characters that cannot be printed: rename it.")
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        raise UserError(f"{path} is neither a file nor a folder.")
    suffix = next((suffix for suffix in SUFFIXES if path.name.lower().endswith(suffix)), None)
    if suffix is None:
        raise UserError(f"{path} is of no known kind: data is a folder, or a file that ends in {', '.join(SUFFIXES)}.")
    name = path.name[: -len(suffix)].strip(". ") or path.name  # It names folders: ".." would lead out of them.
    if suffix == ".toml":
        from benchmarks.data.formats import description

        return description.recipe(path, name)
    if suffix.startswith("ubyte"):
        return _idx(path)
    return _recipe(name, path, (path,), lambda: _file(path, suffix))


def _file(path: Path, suffix: str) -> Contents:
    if suffix == ".npz":
        return assemble(*npz.read_train_and_test(path))
    return assemble(kaggle_csv.read_labelled(path), None)


def _idx(path: Path) -> Recipe:
    names = idx.find(path)
    assert names is not None  # a file is always one of four, or an error
    files = (names.train_images, names.train_labels, names.test_images, names.test_labels)
    prefix = path.name.split("train-images")[0].strip("-_. ")
    name = prefix if path.is_file() and prefix else path.name if path.is_dir() else path.parent.name
    return _recipe(name, path, files, lambda: assemble(idx.read_labelled(*files[:2]), idx.read_labelled(*files[2:])))


def _folder(path: Path) -> Recipe:
    if idx.find(path):
        return _idx(path)
    train, test, note = path, None, ""
    if (path / "train").is_dir() and (path / "test").is_dir():
        train, test = path / "train", folder.files(path / "test")
        unused = sorted(p.name for p in path.iterdir() if p.is_dir() and p.name not in ("train", "test"))
        note = f"Not used: the folders {', '.join(unused)} beside train and test." if unused else ""
    elif not any(p.is_dir() for p in path.iterdir()):
        readable = [p.name for p in sorted(path.iterdir()) if p.name.lower().endswith(SUFFIXES)]
        if readable:
            raise UserError(f"{path} holds no folder per class: name a file in it, such as {readable[0]}.")
    classes = folder.files(train)

    def read() -> Contents:
        fit, held, resized = folder.read_train_and_test(classes, test, path)
        return assemble(fit, held, note=f"{note} {resized}".strip())

    files = [file for found in (classes, test or {}) for images in found.values() for file in images]
    return _recipe(path.name, path, tuple(files), read)


def _recipe(name: str, path: Path, inputs: tuple[Path, ...], read: Callable[[], Contents]) -> Recipe:
    return Recipe(name=name, read=read, inputs=inputs, options=str(path), title=name, homepage=str(path))
