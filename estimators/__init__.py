"""What is compared: one file per estimator, image features, networks, saving and loading.

The nouns
---------
Estimator
    A model that can be compared: name, family, ``build(seed, **params)``, the space that is searched.
    ``estimators/svm.py`` holds the estimator ``svm``. A user's own file in ``$CROSSOVER_ESTIMATORS`` is loaded as
    ``crossover_plugins.NAME``, so that it can replace nothing of this project.
features
    Transformers from images to rows of numbers, for the classical family: "pixels", "hog", "patches".
model
    What ``build`` returns: a classifier with scikit-learn's interface that takes images as they are,
    uint8 (n, h, w, c). `estimators.models.saving` writes one to a folder and reads it back, without pickle.
contract
    What every estimator must do, as checks that run on any of them: `estimators.contract`.

ensemble
    What is made of fitted models: `get` knows it, `names` has only what can be fitted.

The verbs are here: `names`, `get`, `select`, `file_of`. Listing needs neither scikit-learn nor TensorFlow, since a
file of an estimator imports them only inside its ``build``.
"""

from __future__ import annotations

import ast
import fnmatch
import functools
import importlib
import importlib.util
import keyword
import os
import pkgutil
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from estimators.estimator import ENSEMBLE, Estimator
from tuning.nearest import hint

__all__ = ["ENSEMBLE", "PLUGINS", "Estimator", "file_of", "get", "names", "plugin", "select"]

PLUGINS = "crossover_plugins"  # the package that users' own files are loaded into


def names() -> list[str]:
    """The names of all that can be fitted: those of this package and those in ``$CROSSOVER_ESTIMATORS``."""
    return sorted(set(_files()) - {ENSEMBLE})


def get(name: str) -> Estimator:
    """The estimator called `name`, or the one that the file at the path `name` defines.

    Raises
    ------
    ValueError : there is none; the message has the nearest right name and all names.
    """
    return _load(file_of(name))


def file_of(name: str) -> Path:
    """The file that defines the estimator called `name`, or the file at the path `name`, ending in ``.py``.

    Raises
    ------
    ValueError : there is none, or the file has the name of a built-in estimator.
    """
    if name.endswith(".py"):
        path = Path(name)
        if not path.is_file():
            raise ValueError(f"There is no file {name!r} to read an estimator from.")
        if path.resolve() in _builtin().values():
            return path.resolve()
        return _own(path)
    files = _files()
    if name not in files:
        raise ValueError(f"There is no estimator {name!r}.{hint(name, files)} There are: {', '.join(sorted(files))}.")
    return files[name]


def plugin(module: str) -> ModuleType:
    """The module ``crossover_plugins.NAME``: what `get` loaded before, else the file of that name in
    ``$CROSSOVER_ESTIMATORS``.

    Raises
    ------
    ValueError : no such file, or one that cannot be imported.
    """
    if module in sys.modules:
        return sys.modules[module]
    name = module.removeprefix(f"{PLUGINS}.")
    path = _files().get(name)
    if path is None or name in _builtin():
        raise ValueError(f"There is no file {name}.py in the folder that $CROSSOVER_ESTIMATORS names.")
    return _import_plugin(path)


def select(glob: str = "*") -> list[Estimator]:
    """The estimators that match a pattern, or several separated by commas; each may also name a file.

    Raises
    ------
    ValueError : a pattern matches nothing.
    """
    chosen: dict[str, Estimator] = {}
    for pattern in (part.strip() for part in glob.split(",")):
        matches = [name for name in names() if fnmatch.fnmatchcase(name, pattern)] or [pattern]
        chosen.update((estimator.name, estimator) for estimator in map(get, matches))
    return list(chosen.values())


def _files() -> dict[str, Path]:
    """Names of estimators and the files that define them."""
    files = dict(_builtin())
    folder = os.environ.get("CROSSOVER_ESTIMATORS")
    if folder:
        if not Path(folder).is_dir():
            raise ValueError(f"CROSSOVER_ESTIMATORS is {folder!r}, which is no folder.")
        files |= {name: _own(path) for name, path in _plugins(Path(folder)).items()}
    return files


def _own(path: Path) -> Path:
    """The path of a user's file, if its name is free and can be that of a module."""
    if path.stem in _builtin():
        raise ValueError(f"{path}: {path.stem!r} is the name of a built-in estimator; rename the file.")
    if not path.stem.isidentifier() or keyword.iskeyword(path.stem) or path.stem.startswith("_"):
        raise ValueError(
            f"{path}: {path.stem!r} cannot be the name of an estimator: use letters, digits and _, a letter first."
        )
    return path


@functools.cache
def _builtin() -> Mapping[str, Path]:
    # Kept: reading them anew takes longer than a short trial.
    return _plugins(Path(__file__).resolve().parent)


def _plugins(folder: Path) -> dict[str, Path]:
    paths = {module.name: folder / f"{module.name}.py" for module in pkgutil.iter_modules([str(folder)])}
    return {
        name: path for name, path in paths.items() if name.isidentifier() and path.is_file() and _defines(path, name)
    }


def _defines(path: Path, name: str) -> bool:
    """Whether the file says ``name = Estimator(...)``: read, not run, so that listing is fast and safe."""
    try:
        statements = ast.parse(path.read_text(encoding="utf-8")).body
    except (
        SyntaxError,
        ValueError,
        RecursionError,
        MemoryError,
        OSError,
    ):  # The parser gives up on brackets in brackets.
        return (
            path.parent != Path(__file__).resolve().parent
        )  # a user's broken file is listed; `get` tells what is wrong
    for statement in statements:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
            called = ast.unparse(statement.value.func).rpartition(".")[2]
            targets = [target.id for target in statement.targets if isinstance(target, ast.Name)]
            if called == "Estimator" and name in targets:
                return True
    return False


def _load(path: Path) -> Estimator:
    """Import the file and take the estimator of its own name from it."""
    if path.parent == Path(__file__).resolve().parent:
        module = importlib.import_module(f"estimators.{path.stem}")
    else:
        module = _import_plugin(path)
    estimator = getattr(module, path.stem, None)
    if not isinstance(estimator, Estimator) or estimator.name != path.stem:
        raise ValueError(f"{path} must define {path.stem} = Estimator(name={path.stem!r}, ...).")
    return estimator


def _import_plugin(path: Path) -> ModuleType:
    """The user's file as the module ``crossover_plugins.NAME``, where it can replace nothing of this project."""
    if PLUGINS not in sys.modules:
        sys.modules[PLUGINS] = ModuleType(PLUGINS)
    # One file may import another of the folder, as crossover_plugins.NAME, in whatever order they are asked for.
    folder = os.environ.get("CROSSOVER_ESTIMATORS")
    sys.modules[PLUGINS].__path__ = [folder] if folder else []
    name = f"{PLUGINS}.{path.stem}"
    module = sys.modules.get(name)
    if module is not None and Path(str(module.__file__)).resolve() == path.resolve():
        return module
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ValueError(f"{path} cannot be imported: {reason}") from error
    return module
