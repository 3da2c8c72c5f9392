"""Write a fitted model to a folder and read it back; nothing is ever unpickled.

A folder holds ``model.json`` (what the model is, what wrote it, and digests of its files), ``README.md`` (the same for people, see
`estimators.models.card`) and the model itself. A model whose class has
``save_to(folder)`` and the class method ``load_from(folder)`` writes and reads itself, and ``model.json`` names the class.
Everything else is made of scikit-learn and is written by skops.

Reading runs no code from the folder. It may name classes of scikit-learn, of this package and of the user's own
estimator files (``crossover_plugins.NAME``), never functions. Such a file is found on this machine by its name, never by
a path in the folder.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import estimators
from estimators.models.card import CARD, card

FORMAT = 2
MOST_PIXELS = 4096 * 4096  # of an image that a model takes
TRUSTED = ("estimators.", "sklearn.", f"{estimators.PLUGINS}.")
SAFE_TO_DUMP = ("builtins.", "numpy.", "scipy.", *TRUSTED)
SKOPS = "skops"  # in place of the name of a class
LIBRARIES = ("numpy", "scikit-learn", "scikit-learn-intelex", "skops", "xgboost", "keras", "tensorflow")


def save(model: Any, folder: Path | str, facts: Mapping[str, Any] | None = None) -> None:
    """Write a fitted model to `folder`, whole or not at all; a model already there is replaced.

    Parameters
    ----------
    facts : what ``model.json`` is to tell besides, as JSON values: ``estimator`` (its name), ``params``,
        ``classes`` (names), ``image`` (h, w, c) and the like. The card tells of them too.

    Raises
    ------
    ValueError : the model is made of types that `load` would refuse.
    """
    folder = Path(folder)
    reader = _reader(model)
    draft = folder.with_name(f".{folder.name}-{os.getpid()}")
    shutil.rmtree(draft, ignore_errors=True)  # Of a process with the same number that was killed here.
    draft.mkdir(parents=True)
    try:
        if reader == SKOPS:
            _save_skops(model, draft / "model.skops")
        else:
            model.save_to(draft)
        digests = {file.name: _digest(file) for file in sorted(draft.iterdir()) if file.is_file()}
        about = {
            **(facts or {}), "format": FORMAT, "reader": reader, "libraries": _versions(), "digests": digests,
        }  # fmt: skip
        (draft / CARD).write_text(card(about, sorted(file.name for file in draft.iterdir())), encoding="utf-8")
        (draft / "model.json").write_text(json.dumps(about, indent=1), encoding="utf-8")
        _replace(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def load(folder: Path | str) -> Any:
    """The model in `folder`, which predicts as the saved one did; or that in a file of Keras, which others may start from.

    Raises
    ------
    ValueError : the folder holds no model, a damaged one, or one of types that are not trusted.
    """
    folder = Path(folder)
    if folder.suffix == ".keras":
        return _load_keras(folder)
    about = read_facts(folder)
    reader = about["reader"]
    _check_digests(about.get("digests", {}), folder)
    if about.get("estimator") in estimators.names():  # Its file may define layers or classes of the model.
        estimators.get(about["estimator"])
    try:
        if reader == SKOPS:
            return _load_skops(folder / "model.skops")
        found = _class(reader)
        if found is None or not _reads_itself(found):
            raise UntrustedError(
                f"{folder} is to be read by {reader}, which is no model of this package. {_missing(reader)}"
            )
        return found.load_from(folder)
    except UntrustedError:
        raise
    except Exception as error:  # every library has its own for a damaged file
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ValueError(f"{folder}: the model cannot be read ({reason}).") from error


def _load_keras(path: Path) -> Any:
    """A Keras model of anybody's, from images to anything, in the manners of a network of ours."""
    network = _class("estimators.models.network.Network")
    assert network is not None
    try:
        return network.around(path)
    except Exception as error:  # Keras has many for a damaged file.
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ValueError(f"{path}: the model cannot be read ({reason}).") from error


def read_facts(folder: Path | str) -> dict[str, Any]:
    """What ``model.json`` tells of the model in `folder`, without loading it; of a file of Keras the image that it takes.

    Raises
    ------
    ValueError : the folder holds no model, or one of another format.
    """
    if Path(folder).suffix == ".keras":
        return _facts_of_keras(Path(folder))
    path = Path(folder) / "model.json"
    if not path.is_file():
        raise ValueError(f"{folder} is not a saved model: it has no model.json.")
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}.") from error
    if not isinstance(about, dict) or "format" not in about:
        raise ValueError(f"{path} is damaged: it does not say its format.")
    if about["format"] != FORMAT:
        advice = "run the suite again" if about["format"] in range(FORMAT) else "use the version that wrote it"
        raise ValueError(f"{path} has format {about['format']!r}, and this version reads format {FORMAT}: {advice}.")
    if not isinstance(about.get("reader"), str):
        raise ValueError(f"{path} is damaged: it does not say by which class the model is read.")
    _check_facts(about, path)
    return about


def _facts_of_keras(path: Path) -> dict[str, Any]:
    """The image (h, w, c) that a model in a file of Keras takes, where it says so."""
    try:
        with ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))
        shape = (config.get("build_config") or {}).get("input_shape") or next(_input_shapes(config), None)
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RecursionError, BadZipFile) as error:
        raise ValueError(f"{path} is no model of Keras 3: {type(error).__name__}: {error}.") from error
    known = isinstance(shape, list) and len(shape) == 4 and all(isinstance(side, int) for side in shape[1:])
    return {"image": shape[1:]} if known and shape is not None else {}


def _input_shapes(config: Any) -> Iterator[Any]:
    """The shapes of the input layers in the configuration of a Keras model."""
    for layer in config.get("config", {}).get("layers", []):
        if layer.get("class_name") == "InputLayer":
            yield layer["config"].get("batch_shape")


def _check_facts(about: Mapping[str, Any], path: Path) -> None:
    """Refuse classes and an image size that no model of ours has; a model may tell neither."""
    classes, image = about.get("classes", ["a", "b"]), about.get("image", [1, 1, 1])
    if not isinstance(classes, list) or len(classes) < 2 or not all(isinstance(name, str) for name in classes):
        raise ValueError(f"{path} is damaged: its classes are no list of two names or more.")
    sides = isinstance(image, list) and len(image) == 3 and all(type(side) is int and side > 0 for side in image)
    if not sides or image[2] not in (1, 3) or image[0] * image[1] > MOST_PIXELS:
        raise ValueError(f"{path} is damaged: its image is no height, width and 1 or 3 channels.")


def _check_digests(digests: Any, folder: Path) -> None:
    """Refuse files that are not as they were saved: a damaged one could end the process in a library that is not Python.

    A model of an earlier version has no digests.
    """
    if not isinstance(digests, dict):
        raise ValueError(f"{folder / 'model.json'} is damaged: its digests are no object.")
    for name, digest in digests.items():
        file = folder / name
        if file.parent != folder or not file.is_file():
            raise ValueError(f"{folder} lacks {name}, which its model.json names.")
        if _digest(file) != digest:
            raise ValueError(f"{file} is damaged: it is not as it was saved. Get it again.")


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class UntrustedError(ValueError):
    """A skops file names types that are not trusted."""


def _reader(model: Any) -> str:
    """The dotted name of the class that reads the model, `SKOPS` if it has none of its own."""
    kind = type(model)
    if not any(hasattr(kind, name) for name in ("save_to", "load_from")):
        return SKOPS
    name = f"{kind.__module__}.{kind.__qualname__}"
    if not _reads_itself(kind):
        raise ValueError(f"{name} has only one of save_to and load_from: a model that writes itself needs both.")
    if _class(name) is not kind:
        raise UntrustedError(f"the model is a {name}, which could not be loaded again. {_ALLOWED}")
    return name


def _reads_itself(kind: type) -> bool:
    return all(callable(getattr(kind, name, None)) for name in ("save_to", "load_from"))


def _save_skops(model: Any, path: Path) -> None:
    import skops.io

    # An object of scikit-learn-intelex would abort the whole process inside skops, so look before handing it over.
    foreign = sorted(name for name in _type_names(model) if not name.startswith(SAFE_TO_DUMP))
    if foreign:
        raise UntrustedError(f"the model holds {', '.join(foreign)}, which cannot be saved. {_ALLOWED}")
    skops.io.dump(model, path)
    _trusted(path)


def _load_skops(path: Path) -> Any:
    import skops.io

    return skops.io.load(path, trusted=_trusted(path))


def _trusted(path: Path) -> list[str]:
    """The types in a skops file that skops does not trust by itself; raises `UntrustedError` if we do not either."""
    import skops.io

    names = skops.io.get_untrusted_types(file=path)
    foreign = sorted(name for name in names if _class(name) is None)
    if foreign:
        raise UntrustedError(f"{path} holds {', '.join(foreign)}, which is not trusted. {_missing(foreign[0])}")
    return names


def _class(name: str) -> Any | None:
    """The class that a dotted name stands for; None if it is none, or defined outside of the `TRUSTED` packages."""
    module, _, attribute = name.rpartition(".")
    if not name.startswith(TRUSTED):
        return None
    try:
        if module.startswith(f"{estimators.PLUGINS}."):
            found = getattr(estimators.plugin(module), attribute, None)
        else:
            found = getattr(importlib.import_module(module), attribute, None)
    except (ImportError, ValueError):
        return None
    return found if isinstance(found, type) and found.__module__ == module else None


def _missing(name: str) -> str:
    """What to do about a class that is not there."""
    package, _, rest = name.partition(".")
    if package == estimators.PLUGINS:
        return f"Its file {rest.partition('.')[0]}.py must lie in the folder that $CROSSOVER_ESTIMATORS names."
    return _ALLOWED


_ALLOWED = "Allowed are classes of this package, of scikit-learn and of your own estimator files, and arrays."


def _type_names(value: Any) -> set[str]:
    """Names of the types of all objects that `value` is made of."""
    names: set[str] = set()
    seen: set[int] = set()
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if id(item) in seen or item is None:
            continue
        seen.add(id(item))
        names.add(f"{type(item).__module__}.{type(item).__qualname__}")
        if isinstance(item, dict):
            waiting += [*item.keys(), *item.values()]
        elif isinstance(item, list | tuple | set):
            waiting += item
        elif not isinstance(item, type):
            waiting += getattr(item, "__dict__", {}).values()
    return names


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in ("crossover-bench", *LIBRARIES):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _replace(draft: Path, folder: Path) -> None:
    """Move the finished draft into place; a kill in between leaves the old model or the new one."""
    if folder.exists():
        old = draft.with_name(f"{draft.name}-old")
        folder.rename(old)
        draft.rename(folder)
        shutil.rmtree(old)
    else:
        draft.rename(folder)
