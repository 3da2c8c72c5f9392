"""Several runs as one: `merge` gives a `Run` that every exhibit and the page take like any other.

Each variant is named with its run ("svm @quick"), so that rows tell where they are from. Results go into one table only
where the test images are the same, by the data set's fingerprint; else the data set appears once for each run. Accuracies
on the same images can be compared, with paired tests, whatever the machine; times only if they were measured alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from benchmarks.errors import UserError
from benchmarks.ledger import TABLES
from benchmarks.studies import Condition
from reports.environments import joined
from reports.run import Run


class Origin(NamedTuple):
    """Where a merged variant is from: the label of its run, and its own label there."""

    run: str
    variant: str


@dataclass(frozen=True)
class Merged(Run):
    """Several runs, opened for reading; made by `merge`.

    Parameters
    ----------
    runs : label -> run.
    sources : merged data set name -> label of a run -> the data set's name there.
    origins : merged variant -> where it is from.
    """

    runs: dict[str, Run] = field(default_factory=dict)
    sources: dict[str, dict[str, str]] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)

    def planned(self, dataset: str) -> list[str]:
        """The variants that were to be run on a data set, in the order of the runs."""
        own = self.sources[dataset]
        planned = {label: self.runs[label].planned(own[label]) for label in own}
        return [name for name, origin in self.origins.items() if origin.variant in planned.get(origin.run, ())]

    def seeds(self, variant: str) -> list[int]:
        """The seeds that a variant was to be run with: those of its run."""
        origin = self.origins[variant]
        return self.runs[origin.run].seeds(origin.variant)

    def threads(self, variant: str) -> float:
        """How many threads each of its jobs had, in its run."""
        origin = self.origins[variant]
        return self.runs[origin.run].threads(origin.variant)

    def model(self, dataset: str, variant: str, seed: int) -> Path:
        """The folder of the fitted model, in its own run."""
        origin = self.origins[variant]
        return self.runs[origin.run].model(self.sources[dataset][origin.run], origin.variant, seed)

    @property
    def environments(self) -> dict[str, dict[str, Any]]:
        """Where the times of the runs were measured: label -> environment, of several with the session's name."""
        return {
            label if len(run.environments) == 1 else f"{label}, {session}": environment
            for label, run in self.runs.items()
            for session, environment in run.environments.items()
        }

    def _measured_where(self) -> dict[str, list[str]]:
        return {
            f"{label}, {session}": names
            for label, run in self.runs.items()
            for session, names in run._measured_where().items()
        }

    def _at(self, condition: Condition) -> Run:
        runs = {label: run._at(condition) for label, run in self.runs.items()}
        tables = {name: _stacked(runs, self.sources, self.origins, name) for name in TABLES}
        return replace(self, **tables, shown=dict.fromkeys(self.datasets, condition), runs=runs, _read={})

    def _cell(self, dataset: str, variant: str, seed: int) -> Path:
        origin = self.origins[variant]
        return self.runs[origin.run]._cell(self.sources[dataset][origin.run], origin.variant, seed)

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
    origins = {f"{name} @{label}": Origin(label, name) for label, run in labelled.items() for name in run.variants}
    first = {name: next(iter(members.items())) for name, members in sources.items()}
    passports = {
        name: labelled[label].passports[source]
        for name, (label, source) in first.items()
        if source in labelled[label].passports
    }
    for name in passports:
        label, source = first[name]
        if name != source:  # The same name, other images: say which.
            passports[name] = passports[name] | {"title": f"{labelled[label].title(source)} @{label}"}
    return Merged(
        runs[0].folder.parent,
        _info(labelled, sources, origins),
        **{name: _stacked(labelled, sources, origins, name) for name in TABLES},
        passports=passports,
        shown={name: labelled[label].shown[source] for name, (label, source) in first.items()},
        runs=labelled,
        sources=sources,
        origins=origins,
    )


def _labels(folders: list[Path]) -> list[str]:
    """The folders' names, with as much of the path before them as tells them apart."""
    depth = 1
    parts = [folder.resolve().parts[1:] for folder in folders]
    while len({part[-depth:] for part in parts}) < len(parts):
        depth += 1
    return ["/".join(part[-depth:]) for part in parts]


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
    runs: dict[str, Run], sources: dict[str, dict[str, str]], origins: dict[str, Origin], table: str
) -> pd.DataFrame:
    datasets = {(label, source): name for name, members in sources.items() for label, source in members.items()}
    variants = {(origin.run, origin.variant): name for name, origin in origins.items()}
    parts = []
    for label, run in runs.items():
        rows: pd.DataFrame = getattr(run, table).copy()
        rows["dataset"] = [datasets[label, name] for name in rows["dataset"]]
        rows["variant"] = [variants[label, name] for name in rows["variant"]]
        parts.append(rows)
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else parts[0]


def _info(runs: dict[str, Run], sources: dict[str, dict[str, str]], origins: dict[str, Origin]) -> dict[str, Any]:
    infos = {label: run.info for label, run in runs.items()}
    notes = [f"{label}: {note}" for label, info in infos.items() for note in info.get("notes", [])]
    apart = sorted({source for name, members in sources.items() for source in members.values() if name != source})
    notes += [
        f"{name} is not the same in all runs (fingerprints differ), so their results are in tables of their own."
        for name in apart
    ]
    studies = {name: study for info in infos.values() for name, study in info.get("studies", {}).items()}
    conditions: list[dict[str, Any]] = []
    for info in infos.values():
        conditions += [condition for condition in info["conditions"] if condition not in conditions]
    shown = {info.get("test_images") for info in infos.values() if _evaluated(info)}
    if len(shown) > 1:
        out = {name for name, study in studies.items() if study["stage"] == "evaluate"}
        conditions = [condition for condition in conditions if condition["study"] not in out]
        notes.append(f"Left out is {', '.join(sorted(out))}: the runs showed different numbers of test images.")
    return joined(infos, ("budget", "validation_share", "executor", "workers", "threads", "crossover")) | {
        "suite": " and ".join(runs),
        "title": " and ".join(runs),
        "command": "; ".join(str(info["command"]) for info in infos.values() if info.get("command")),
        "created": min(str(info.get("created", "")) for info in infos.values()),
        "datasets": list(sources),
        "variants": {
            name: _renamed(infos[origin.run]["variants"][origin.variant], origin.run)
            for name, origin in origins.items()
        },
        "seeds": sorted({seed for info in infos.values() for seed in info["seeds"]}),
        "conditions": conditions,
        "studies": studies,
        "test_images": next(iter(shown)) if len(shown) == 1 else None,
        "notes": notes,
        "sessions": [session for info in infos.values() for session in info.get("sessions", [])],
    }


def _renamed(facts: dict[str, Any], label: str) -> dict[str, Any]:
    """What is told of a variant, with the merged names of those that it starts from and is compared with."""
    if "origin" not in facts:
        return facts
    names = {key: f"{facts['origin'][key]} @{label}" for key in ("model", "scratch") if facts["origin"][key]}
    return facts | {"origin": facts["origin"] | names}


def _evaluated(info: dict[str, Any]) -> bool:
    """Whether a run has a study of the test images."""
    return any(study["stage"] == "evaluate" for study in info.get("studies", {}).values())
