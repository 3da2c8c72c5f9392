"""Several runs as one: `merge` gives a `Run` that every exhibit and the page take like any other.

Each estimator is named with its run ("svm @quick"), so that rows tell where they are from. Results go into one table only where
the test images are the same, by the data set's fingerprint; else the data set appears once for each run. Accuracies on
the same images can be compared, with paired tests, whatever the machine; times only if it was the same machine, with the same
threads, workers and library versions: `not_comparable` says in words what differs.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.errors import UserError
from reports.drawing import formats
from reports.run import Run

TABLES = ("trials", "searches", "finals")
MACHINE = {"cpu": "processor", "cores": "cores", "gpu": "graphics processor", "threads": "threads", "python": "Python"}
WORK = {"executor": "executor", "workers": "workers"}


@dataclass(frozen=True)
class Merged(Run):
    """Several runs, opened for reading; made by `merge`.

    Parameters
    ----------
    runs : label -> run.
    sources : merged data set name -> label of a run -> the data set's name there.
    """

    runs: dict[str, Run] = field(default_factory=dict)
    sources: dict[str, dict[str, str]] = field(default_factory=dict)

    def planned(self, dataset: str) -> list[str]:
        """The estimators that were to be run on a data set, in the order of the runs."""
        return [_named(name, label) for label in self.sources[dataset] for name in self.runs[label].variants]

    def seeds(self, variant: str) -> list[int]:
        """The seeds that an estimator was to be run with: those of its run."""
        return self.runs[_parted(variant)[1]].seeds("")

    def _cell(self, dataset: str, variant: str, seed: int, rows: int | None) -> Path:
        name, label = _parted(variant)
        return self.runs[label]._cell(self.sources[dataset][label], name, seed, rows)

    def _data(self, dataset: str, name: str) -> Path:
        label, source = next(iter(self.sources[dataset].items()))
        return self.runs[label]._data(source, name)


def merge(runs: Sequence[Run]) -> Run:
    """The runs as one run; a single run is returned as it is.

    Raises
    ------
    UserError : the same folder is given twice.
    """
    if len(runs) == 1:
        return runs[0]
    if len({run.folder.resolve() for run in runs}) < len(runs):
        raise UserError("The same run folder was given twice.")
    labelled = dict(zip(_labels([run.folder for run in runs]), runs, strict=True))
    sources = _sources(labelled)
    passports = {
        name: labelled[label].passports[source]
        for name, members in sources.items()
        for label, source in list(members.items())[:1]
        if source in labelled[label].passports
    }
    for name in passports:
        if name not in labelled[next(iter(sources[name]))].datasets:  # the same name, other images: say which
            title = passports[name].get("title") or name
            passports[name] = passports[name] | {"title": f"{title} @{next(iter(sources[name]))}"}
    tables = {table: _stacked(labelled, sources, table) for table in TABLES}
    sizes = {table: _stacked(labelled, sources, table, every_size=True) for table in TABLES}
    info = _info(labelled, sources)
    return Merged(
        runs[0].folder.parent, info, **tables, passports=passports, all_sizes=sizes, runs=labelled, sources=sources
    )


def not_comparable(runs: dict[str, Run]) -> str:
    """What of machine, execution and libraries differs between runs, in words; "" if their times can be compared."""
    told = []
    for key, words in MACHINE.items():
        told += _difference(words, {label: run.info.get("environment", {}).get(key) for label, run in runs.items()})
    for key, words in WORK.items():
        told += _difference(words, {label: run.info.get(key) for label, run in runs.items()})
    libraries = {label: run.info.get("environment", {}).get("libraries", {}) for label, run in runs.items()}
    for name in dict.fromkeys(name for versions in libraries.values() for name in versions):
        told += _difference(name, {label: versions.get(name) for label, versions in libraries.items()})
    return "; ".join(told)


def _difference(words: str, values: dict[str, Any]) -> list[str]:
    if len({json.dumps(value) for value in values.values()}) == 1:
        return []
    return [f"{words} {', '.join(f'{value} in {label}' for label, value in values.items())}"]


def _labels(folders: list[Path]) -> list[str]:
    """The folders' names, with as much of the path before them as tells them apart."""
    depth = 1
    parts = [folder.resolve().parts[1:] for folder in folders]
    while len({part[-depth:] for part in parts}) < len(parts):
        depth += 1
    return ["/".join(part[-depth:]) for part in parts]


def _named(variant: str, label: str) -> str:
    return f"{variant} @{label}"


def _parted(variant: str) -> tuple[str, str]:
    name, _, label = variant.rpartition(" @")
    return name, label


def _sources(runs: dict[str, Run]) -> dict[str, dict[str, str]]:
    groups: dict[tuple[str, str], dict[str, str]] = {}
    for label, run in runs.items():
        for dataset in run.datasets:
            told = run.passports.get(dataset, {}).get("fingerprint") or run.info.get("fingerprints", {}).get(dataset)
            # Without a fingerprint nobody can tell whether the images are the same.
            groups.setdefault((dataset, told or label), {})[label] = dataset
    names = [dataset for dataset, _ in groups]
    return {
        dataset if names.count(dataset) == 1 else f"{dataset} @{next(iter(members))}": members
        for (dataset, _), members in groups.items()
    }


def _stacked(
    runs: dict[str, Run], sources: dict[str, dict[str, str]], table: str, every_size: bool = False
) -> pd.DataFrame:
    place = {(label, source): name for name, members in sources.items() for label, source in members.items()}
    parts = []
    for label, run in runs.items():
        rows: pd.DataFrame = (
            run.all_sizes.get(table, getattr(run, table)) if every_size else getattr(run, table)
        ).copy()
        rows["dataset"] = [place[label, name] for name in rows["dataset"]]
        rows["variant"] = rows["variant"] + f" @{label}"
        parts.append(rows)
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else parts[0]


def _info(runs: dict[str, Run], sources: dict[str, dict[str, str]]) -> dict[str, Any]:
    infos = {label: run.info for label, run in runs.items()}
    machines = {label: dict(info.get("environment", {})) for label, info in infos.items()}
    for machine in machines.values():
        if "memory_bytes" in machine:
            machine["memory_bytes"] = formats.size(machine["memory_bytes"])
    libraries = {label: machine.pop("libraries", {}) for label, machine in machines.items()}
    differs = not_comparable(runs)
    notes = [f"{label}: {note}" for label, info in infos.items() for note in info.get("notes", [])]
    if differs:
        notes.append(f"Times of these runs are not comparable with each other: {differs}.")
    apart = sorted({source for name, members in sources.items() for source in members.values() if name != source})
    notes += [f"{name} is not the same in all runs (fingerprints differ), so their results are in tables of their own." for name in apart]  # fmt: skip
    return _joined(infos, ("suite", "budget", "validation_share", "executor", "workers", "threads", "crossover")) | {
        "title": " and ".join(runs), "suite": " and ".join(runs),
        "command": "; ".join(str(info["command"]) for info in infos.values() if info.get("command")),
        "created": min(str(info.get("created", "")) for info in infos.values()),
        "datasets": list(sources), "variants": [_named(n, label) for label, run in runs.items() for n in run.variants],
        "seeds": sorted({seed for info in infos.values() for seed in info["seeds"]}), "notes": notes,
        "environment": _joined(machines) | {"libraries": _joined(libraries)},
        "sessions": [session for info in infos.values() for session in info.get("sessions", [])],
        "sizes": next((info["sizes"] for info in infos.values() if info.get("sizes")), []), "not_comparable": differs,
    }  # fmt: skip


def _joined(records: dict[str, dict[str, Any]], keys: Sequence[str] = ()) -> dict[str, Any]:
    """One record: a value that all share, or every one's with its label."""
    found = {}
    for key in keys or dict.fromkeys(key for record in records.values() for key in record):
        values = {label: record.get(key) for label, record in records.items()}
        same = len({json.dumps(value) for value in values.values()}) == 1
        found[key] = next(iter(values.values())) if same else "; ".join(f"{v} ({label})" for label, v in values.items())
    return found
