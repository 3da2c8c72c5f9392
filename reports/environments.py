"""Where times were measured, and whether they can be compared.

An environment is a dictionary: what `benchmarks.environment.environment` found in a session, with the executor and
workers of the run. Times can be compared if machine, execution and libraries were the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

MACHINE = {"cpu": "processor", "cores": "cores", "gpu": "graphics processor", "threads": "threads", "python": "Python"}
WORK = {"executor": "executor", "workers": "workers"}


def differences(environments: Mapping[str, Mapping[str, Any]]) -> str:
    """What differs between environments, given by name, in words; "" if their times can be compared."""
    told = []
    for key, words in (MACHINE | WORK).items():
        told += _difference(words, {name: facts.get(key) for name, facts in environments.items()})
    libraries = {name: facts.get("libraries", {}) for name, facts in environments.items()}
    for library in dict.fromkeys(library for versions in libraries.values() for library in versions):
        told += _difference(library, {name: versions.get(library) for name, versions in libraries.items()})
    return "; ".join(told)


def _difference(words: str, values: Mapping[str, Any]) -> list[str]:
    if _same(values):
        return []
    return [f"{words} {', '.join(f'{value} in {name}' for name, value in values.items())}"]


def joined(records: Mapping[str, Mapping[str, Any]], keys: Iterable[str] = ()) -> dict[str, Any]:
    """One record of several: a value that all share, or each one's with its name."""
    found: dict[str, Any] = {}
    for key in keys or dict.fromkeys(key for record in records.values() for key in record):
        values = {name: record.get(key) for name, record in records.items()}
        told = "; ".join(f"{value} ({name})" for name, value in values.items())
        found[key] = next(iter(values.values())) if _same(values) else told
    return found


def _same(values: Mapping[str, Any]) -> bool:
    return len({json.dumps(value, sort_keys=True) for value in values.values()}) <= 1
