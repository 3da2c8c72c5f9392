"""Write a fitted model to a folder and read it back; nothing is ever unpickled.

A folder holds ``model.json`` (what the model is and what wrote it) and the model itself: Keras' own format for
networks, XGBoost's own for boosted trees, skops for what is made of scikit-learn. Reading runs no code from the
folder: beyond what skops itself trusts, a file may name classes of `TRUSTED` packages alone (no functions), and the
file that defines an estimator is found by its name on this machine, never by a path in the folder.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

FORMAT = 1
TRUSTED = ("estimators.", "sklearn.")
SAFE_TO_DUMP = ("builtins.", "numpy.", "scipy.", *TRUSTED)
NATIVE = {  # kind: the class that writes and reads itself, by ``save_to(folder)`` and ``load_from(folder)``
    "network": ("estimators.models.network", "Network"),
    "boosted_trees": ("estimators.models.boosted_trees", "BoostedTrees"),
}
LIBRARIES = ("numpy", "scikit-learn", "scikit-learn-intelex", "skops", "xgboost", "keras", "tensorflow")


def save(model: Any, folder: Path | str, facts: Mapping[str, Any] | None = None) -> None:
    """Write a fitted model to `folder`, whole or not at all; a model already there is replaced.

    Parameters
    ----------
    facts : what ``model.json`` is to tell besides, as JSON values: ``estimator`` (its name), ``params``,
        ``classes`` (names), ``image`` (h, w, c) and the like.

    Raises
    ------
    ValueError : the model is made of types that `load` would refuse.
    """
    folder = Path(folder)
    kind = _kind(model)
    draft = folder.with_name(f".{folder.name}-{os.getpid()}")
    draft.mkdir(parents=True)
    try:
        if kind == "skops":
            _save_skops(model, draft / "model.skops")
        else:
            model.save_to(draft)
        about = {**(facts or {}), "format": FORMAT, "kind": kind, "libraries": _versions()}
        (draft / "model.json").write_text(json.dumps(about, indent=1), encoding="utf-8")
        _replace(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def load(folder: Path | str) -> Any:
    """The model in `folder`, which predicts as the saved one did.

    Raises
    ------
    ValueError : the folder holds no model, a damaged one, or one of types that are not trusted.
    """
    folder = Path(folder)
    about = read_facts(folder)
    kind = about["kind"]
    try:
        if kind == "skops":
            return _load_skops(folder / "model.skops", about.get("estimator"))
        module, name = NATIVE[kind]
        return getattr(importlib.import_module(module), name).load_from(folder)
    except UntrustedError:
        raise
    except Exception as error:  # every library has its own for a damaged file
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ValueError(f"{folder}: the model cannot be read ({reason}).") from error


def read_facts(folder: Path | str) -> dict[str, Any]:
    """What ``model.json`` tells of the model in `folder`, without loading it.

    Raises
    ------
    ValueError : the folder holds no model, or one of a later format.
    """
    path = Path(folder) / "model.json"
    if not path.is_file():
        raise ValueError(f"{folder} is not a saved model: it has no model.json.")
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}.") from error
    if not isinstance(about, dict) or about.get("kind") not in ("skops", *NATIVE):
        raise ValueError(f"{path} does not tell a kind of model that is known: skops, {', '.join(NATIVE)}.")
    if about.get("format") != FORMAT:
        raise ValueError(f"{path}: format {about.get('format')!r} is not {FORMAT}; use the version that wrote it.")
    return about


class UntrustedError(ValueError):
    """A skops file names types that are not trusted."""


def _kind(model: Any) -> str:
    mine = {(base.__module__, base.__qualname__) for base in type(model).__mro__}
    return next((kind for kind, native in NATIVE.items() if native in mine), "skops")


def _save_skops(model: Any, path: Path) -> None:
    import skops.io

    # An object of scikit-learn-intelex would abort the whole process inside skops, so look before handing it over.
    foreign = sorted(name for name in _type_names(model) if not name.startswith(SAFE_TO_DUMP))
    if foreign:
        raise UntrustedError(f"the model holds {', '.join(foreign)}, which cannot be saved. {_ALLOWED}")
    skops.io.dump(model, path)
    _trusted(path)


def _load_skops(path: Path, estimator: str | None) -> Any:
    import skops.io

    import estimators

    if estimator in estimators.names():  # its file may define the classes of the model
        estimators.get(str(estimator))
    return skops.io.load(path, trusted=_trusted(path))


def _trusted(path: Path) -> list[str]:
    """The types in a skops file that skops does not trust by itself; raises `UntrustedError` if we do not either."""
    import skops.io

    names = skops.io.get_untrusted_types(file=path)
    foreign = sorted(name for name in names if not (name.startswith(TRUSTED) and _is_class(name)))
    if foreign:
        raise UntrustedError(f"{path} holds {', '.join(foreign)}, which is not trusted. {_ALLOWED}")
    return names


def _is_class(name: str) -> bool:
    module, _, attribute = name.rpartition(".")
    try:
        return isinstance(getattr(importlib.import_module(module), attribute, None), type)
    except ImportError:
        return False


_ALLOWED = "Allowed are classes of this package and of scikit-learn, and arrays."


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
    found = {}
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
