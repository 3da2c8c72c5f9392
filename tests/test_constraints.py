"""Everything that `make setup` installs is pinned, by name and version alone."""

import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
OF_PYTHON = {"pip", "setuptools", "wheel"}


def pinned():
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+]+", line) for line in lines), "names and versions only"
    return {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines)}


def needed(name, extras, found):
    """The names of what a package needs on this machine, of all that is installed."""
    try:
        requirements = [Requirement(text) for text in distribution(name).requires or ()]
    except PackageNotFoundError:
        return
    for one in requirements:
        wanted = one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in ("", *extras))
        key = canonicalize_name(one.name)
        if wanted and (key, frozenset(one.extras)) not in found:
            found.add((key, frozenset(one.extras)))
            needed(one.name, one.extras, found)


def test_all_that_is_installed_is_pinned_to_what_is_installed():
    found = set()
    needed("crossover-bench", ("test", "lint"), found)
    names = {name for name, _ in found} - {"crossover-bench"} - OF_PYTHON
    pins = pinned()
    assert {"tensorflow", "distributed", "dask-jobqueue", "onnx", "hypothesis", "mypy"} <= names
    assert names <= pins.keys(), f"not in constraints.txt: {sorted(names - pins.keys())}"
