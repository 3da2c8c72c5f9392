"""`code_digest`: the sources and the library versions that a job runs; with other code, another result.

Sources are found by following import statements, also those inside functions, from the worker and from the file of the
estimator; those of a file of one's own lead to modules beside it too. What decides in the driver which trials are run and
which setting wins is digested as well. A source is its syntax tree without docstrings, so that a comment or a reworded
docstring changes nothing.
"""

from __future__ import annotations

import ast
import hashlib
import os
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions, version
from pathlib import Path
from types import MappingProxyType
from typing import Any

from benchmarks.environment import library_version
from estimators.models.accelerator import accelerator
from estimators.models.gpu import gpu

ROOT = Path(__file__).parents[2]
FLOORS = ("tuning", "estimators", "benchmarks")
WORKER = ROOT / "benchmarks" / "execution" / "work.py"
DECIDES = tuple(
    ROOT / "benchmarks" / f"{name}.py" for name in ("cell", "costs", "protocol", "search", "spending", "variant")
)
# Of these files: the libraries, when each that is followed was changed, and the digest.
_digested: dict[tuple[Path, ...], tuple[Mapping[str, Any], dict[Path, int], str]] = {}
FOUND_BY_NAME = (
    "estimators/features",
)  # packages whose modules are imported by name, so that no statement tells which
LIBRARIES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "scikit-learn-intelex",
    "scikit-image",
    "pillow",
    "xgboost",
    "tensorflow",
    "keras",
    "keras-tuner",
)


def code_digest(*files: Path) -> str:
    """A digest of all that a worker runs to perform jobs of an estimator and a study that are defined in `files`.

    It is asked for with every job: as long as none of the files that it follows was changed, it is that of the last time.
    """
    if files in _digested:
        installed, changes, digest = _digested[files]
        if installed == libraries() and all(_changed(path) == changed for path, changed in changes.items()):
            return digest
    changes = {path: _changed(path) for path in (*sources(WORKER, *files), *DECIDES)}
    parts = [f"{name} {value}" for name, value in code_of(*files).items()]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
    _digested[files] = libraries(), changes, digest
    return digest


def _changed(path: Path) -> int:
    """When a file was changed last, in nanoseconds; 0 if it is gone."""
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 (three times as fast as that of a path)
    except OSError:
        return 0


def code_of(*files: Path) -> dict[str, str]:
    """What `code_digest` digests, by name: the digest of each source file, the version of each library."""
    followed = sources(WORKER, *files)
    found = {_name(path): source_digest(path) for path in sorted({*followed, *DECIDES})}
    foreign = {
        name for path in followed if not path.is_relative_to(ROOT) for name in _foreign(path, path.stat().st_mtime_ns)
    }
    return found | dict(libraries()) | {name: _version(name) for name in sorted(foreign)}


@cache
def libraries() -> Mapping[str, str]:
    """The versions of the libraries that compute, and the GPU; a library that is not installed, or is turned off, has none."""
    found = {"python": f"{sys.version_info.major}.{sys.version_info.minor}", "gpu": gpu()}
    found |= {name: installed for name in LIBRARIES if (installed := library_version(name))}
    if accelerator() is None:
        found.pop("scikit-learn-intelex", None)
    return MappingProxyType(found)


def sources(*files: Path) -> list[Path]:
    """These files and all of the project's that they import, however indirectly; sorted."""
    seen: set[Path] = set()
    waiting = [path.resolve() for path in files]
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            waiting += _imported(path, path.stat().st_mtime_ns)
    return sorted(seen)


def source_digest(path: Path) -> str:
    """A digest of a file's syntax tree, without docstrings."""
    return _digest(path, path.stat().st_mtime_ns)


@cache
def _digest(path: Path, changed: int) -> str:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and _has_docstring(
            node
        ):
            node.body = node.body[1:]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:16]


def _has_docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return ast.get_docstring(node, clean=False) is not None


@cache
def _imported(path: Path, changed: int) -> list[Path]:
    """The project's files that a file imports."""
    found: list[Path] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for module in _modules(node):
            found += _files(module) if path.is_relative_to(ROOT) else [*_files(module), *_beside(path, module)]
    return found


def _beside(path: Path, module: str) -> Iterator[Path]:
    """The files beside a file of one's own that it imports, by their own name or as another plug-in."""
    parts = module.removeprefix("crossover_plugins.").split(".")
    for depth in range(1, len(parts) + 1):
        place = path.parent.joinpath(*parts[:depth])
        yield from (
            file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file() and file != path
        )


@cache
def _foreign(path: Path, changed: int) -> set[str]:
    """The packages of others that a file imports, other than `LIBRARIES`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = {module.split(".")[0] for node in ast.walk(tree) for module in _modules(node)}
    return (
        {name for name in top if _version(name)} - {name.replace("-", "_") for name in LIBRARIES} - {"sklearn", *FLOORS}
    )


@cache
def _version(package: str) -> str:
    """The version of the distribution that an importable package comes from; "" if it comes from none."""
    names = _distributions().get(package, [])
    return ", ".join(f"{name} {version(name)}" for name in sorted(set(names)))


def _modules(node: ast.AST) -> Iterator[str]:
    """The modules that an import statement may name: what follows ``import`` may be a module or a name in one."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _files(module: str) -> Iterator[Path]:
    """The files that run when a module of the project is imported: its own, and those of the packages above it."""
    parts = module.split(".")
    if parts[0] not in FLOORS:
        return
    for depth in range(1, len(parts) + 1):
        place = ROOT.joinpath(*parts[:depth])
        if (place / "__init__.py").is_file():
            yield place / "__init__.py"
            if "/".join(parts[:depth]) in FOUND_BY_NAME:
                yield from place.glob("*.py")
        elif place.with_suffix(".py").is_file():
            yield place.with_suffix(".py")


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name


@cache
def _distributions() -> Mapping[str, list[str]]:
    """Importable package -> the distributions it comes from; to find out takes half a second."""
    return packages_distributions()
