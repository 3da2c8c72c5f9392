"""A run: a suite carried out in a run folder, which then holds all that a report needs."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import studies
from benchmarks.cell import Cell, cells, evaluated_under, possible, source_files
from benchmarks.data import datasets
from benchmarks.data.classes import classes_told
from benchmarks.data.images import Dataset
from benchmarks.data.reading import Told, silent
from benchmarks.environment import environment
from benchmarks.errors import Unavailable, UserError
from benchmarks.execution.executors import Execute, executor, fitting_workers
from benchmarks.execution.job import TRAINING_ROWS
from benchmarks.execution.sources import code_of
from benchmarks.layout import FORMAT, data_folder
from benchmarks.ledger import KEPT, TABLES, Ledger, Recorded
from benchmarks.lock import locked
from benchmarks.meant import meant
from benchmarks.observer import Observer
from benchmarks.protocol import run_cell
from benchmarks.safety.info import checked
from benchmarks.safety.regular import replace, text_of
from benchmarks.suite import Suite, conditions, variants
from benchmarks.transfer import Sources, absent, given
from benchmarks.transfer import told as left_out
from benchmarks.variant import Variant
from estimators.models.threads import threads

# What must stay the same for results to belong into one run folder.
IDENTITY = (
    "suite",
    "datasets",
    "groups",
    "background",
    "size",
    "frame",
    "fingerprints",
    "variants",
    "seeds",
    "budget",
    "budgets",
    "validation_share",
    "studies",
    "test_images",
    "sources",
)
READING = ("groups", "background", "size", "frame")  # of these, options of the command line of the same name
OTHER_NAME = "Give --run NAME for a folder of its own, so that the results there stay."
EXTENDED = ("variants", "seeds")  # A run may be given more of them: what was done stands.


def run(
    suite: Suite,
    folder: Path,
    observer: Observer,
    *,
    data_dir: Path | None = None,
    execute_by: str = "local",
    workers: int | None = None,
    command: str = "",
    fail_fast: bool = False,
    replay: Path | None = None,
) -> bool:
    """Carry out what is missing of a suite in a run folder; returns whether every cell ended well.

    Parameters
    ----------
    replay : folder of a run whose trials and fits are repeated, without looking at a clock.

    Raises
    ------
    UserError : data that cannot be had, too few rows for the split, a folder of another suite, in use, or not writable; a
        run to replay that is of another suite or unfinished.
    """
    asked, workers = workers, fitting_workers(workers)
    data, notes = gather(suite, data_dir, observer.reading)
    if asked and asked > workers and execute_by == "local":
        observer.noted(f"{asked} workers would share {workers} cores and slow each other down: {workers} are started")
    for dataset in data:
        notes += possible(suite, dataset)[1]
    sources, more = given(suite.sources, data, data_dir, observer.reading)
    notes += more
    for dataset in data:
        notes += left_out(dataset, absent(variants(suite), dataset, sources))
    # Fails here if a class has too few rows.
    todo = cells(suite, data, _info_before(folder).get("portfolios"), sources)
    observer.planned(len(todo))
    for dataset in data:
        if dataset.name not in datasets.names():
            observer.said(f"{dataset.name}: {classes_told(dataset)}")
    for note in notes:
        observer.noted(note)
    told = about(suite, data, sources)
    facts = told | {
        "executor": execute_by,
        "workers": workers,
        "threads": threads(),
        "command": command,
        "notes": notes,
    }
    if replay is not None:
        check_same(replay, read_info(replay), _info(suite, data, todo) | told, "Ask for what it compares.")
    with (
        opened(folder, suite, data, todo, observer.noted, **facts) as ledger,
        executor(execute_by, workers) as execute,
        _recorded(replay, todo) as recorded,
    ):
        return _run_cells(todo, folder, ledger, execute, observer, fail_fast, recorded)


@contextmanager
def opened(
    folder: Path,
    suite: Suite,
    data: Sequence[Dataset],
    todo: Sequence[Cell],
    noted: Callable[[str], None],
    **facts: Any,
) -> Iterator[Ledger]:
    """Hold a run folder for a session, new or of the same suite; yields its ledger, without what other code computed.

    Parameters
    ----------
    noted : is told what changed since the last session.
    facts : for run.json.

    Raises
    ------
    UserError : the folder is of another suite, in use, or not writable.
    """
    for cell in todo:
        for condition in evaluated_under(cell):  # Now, before any worker imports it.
            cell.code_under(condition)
    info = _info(suite, data, todo) | facts
    try:
        folder.mkdir(parents=True, exist_ok=True)
        check_free(folder)
        with locked(folder):
            before = _info_before(folder)
            info = _claim(folder, info, before)
            with _session(folder, info) as session, Ledger(folder, session) as ledger:
                if before and (note := superseded(ledger, todo, before, info)):
                    noted(note)
                yield ledger
    except OSError as error:
        raise UserError(f"The run folder {folder} cannot be written: {error.strerror or error}. {KEPT}") from error


def _run_cells(
    todo: Sequence[Cell],
    folder: Path,
    ledger: Ledger,
    execute: Execute,
    observer: Observer,
    fail_fast: bool,
    recorded: Recorded | None,
) -> bool:
    ok = True
    for cell in todo:
        ok = run_cell(cell, folder, ledger, execute, observer, recorded) and ok
        if fail_fast and not ok:
            break
    return ok


@contextmanager
def _recorded(folder: Path | None, todo: Sequence[Cell]) -> Iterator[Recorded | None]:
    """The ledger of a run that is to be repeated, opened for reading.

    Raises
    ------
    UserError : it has not all of the cells.
    """
    if folder is None:
        yield None
        return
    with Recorded(folder) as recorded:
        for cell in todo:
            if not recorded.rows("fits", **cell.where, trained_on=TRAINING_ROWS):  # One that failed is tried again.
                raise UserError(f"{folder} cannot be replayed: it has no fit of {cell.name}.")
        yield recorded


def _code(cell: Cell) -> dict[str, str]:
    """The sources and libraries that a variant runs, under any condition of its suite."""
    under = [*conditions(cell.suite, "fitted"), *conditions(cell.suite, "evaluated")]
    return code_of(*source_files(cell.variant, under))


def _info_before(folder: Path) -> dict[str, Any]:
    """The run.json of earlier sessions; empty if there were none."""
    return read_info(folder) if (folder / "run.json").exists() else {}


def _info(suite: Suite, data: Sequence[Dataset], todo: Sequence[Cell]) -> dict[str, Any]:
    """The run.json of a suite, but for what belongs to a session."""
    portfolios: dict[str, dict[str, Any]] = {d.name: {} for d in data}
    for cell in todo:
        axes = cell.variant.space
        portfolios[cell.dataset.name][cell.variant.name] = [{n: s[n] for n in axes} for s in cell.portfolio]
    return describe(suite) | {
        "datasets": [d.name for d in data],
        "fingerprints": {d.name: d.fingerprint for d in data},
        "training_images": {d.name: len(d.train) for d in data},
        "framings": {d.name: d.choice.facts() for d in data if d.choice is not None},
        "portfolios": portfolios,
        "code": {label: _code(cell) for label, cell in {cell.variant.name: cell for cell in todo}.items()},
    }


def describe(suite: Suite) -> dict[str, Any]:
    """What run.json tells of a suite, whatever its data."""
    chosen = {name: studies.get(name) for name in suite.studies}
    under = [*conditions(suite, "fitted"), *conditions(suite, "evaluated")]
    return {
        "format": FORMAT,
        "suite": suite.name,
        "title": suite.title,
        "crossover": version("crossover-bench"),
        "variants": {
            v.name: {
                "estimator": v.estimator.name,
                "reference": v.reference,
                "family": v.estimator.family,
                "prior_knowledge": v.estimator.prior_knowledge,
                "base": dict(v.fixed),
                "search": v.search.model_dump(mode="json", exclude={"limits"}),
                **({} if v.origin is None else {"origin": _origin(v)}),
            }
            for v in variants(suite)
        },
        "seeds": list(suite.seeds),
        "budget": str(suite.budget),
        "budgets": {condition: str(budget) for condition, budget in suite.budgets.items()},
        "validation_share": suite.validation_share,
        "groups": suite.groups,
        "background": suite.background,
        "size": suite.size,
        "frame": suite.frame,
        "studies": {
            name: {
                "stage": study.stage,
                "title": study.title,
                "axis": study.axis,
                "standard": study.standard,
                "levels": list(suite.studies[name]),
            }
            for name, study in chosen.items()
        },
        "test_images": suite.test_images,
        "conditions": [{"study": c.study, "level": c.level, "value": c.value} for c in under],
        "repair": None if suite.repair is None else suite.repair.model_dump(mode="json"),
        "claims": {
            "told": suite.claims,
            "accuracies": {v.name: v.claim for v in suite.variants if v.claim} | suite.claimed,
        },
    }


def _origin(variant: Variant) -> dict[str, Any]:
    """What run.json tells of the source of a variant: `model` is the label of the source's own model, that of its own if it is one;
    `scratch` that of the same variant without a source.
    """
    assert variant.origin is not None
    source, model = variant.origin.source, variant.origin.model or variant
    return {
        "source": source.name,
        "framed": source.framed,
        "way": variant.origin.way,
        "model": model.name,
        "scratch": variant.origin.scratch,
    }


def about(suite: Suite, data: Sequence[Dataset], sources: Sources) -> dict[str, Any]:
    """What run.json tells of sources: nothing where there are none."""
    if not suite.sources:
        return {}
    fingerprints = {f"{source} for {name}": found.fingerprint for (name, source), found in sources.items()}
    return {"sources": fingerprints, "absent": {d.name: list(absent(variants(suite), d, sources)) for d in data}}


def superseded(ledger: Ledger, todo: Sequence[Cell], before: dict[str, Any], now: dict[str, Any]) -> str:
    """Take out of the ledger what other code computed; a note that says what changed and what is done again, or "".

    Results of two versions of the code are never mixed. The ledger as it was is kept beside the new one.
    """
    valid: dict[tuple, str] = {}
    for cell in todo:
        for condition in evaluated_under(cell):
            valid[tuple(cell.under(condition).values())] = cell.code_under(condition)
    stale = {table: [row for row in ledger.rows(table) if _of_other_code(row, valid)] for table in TABLES}
    if not any(stale.values()):
        return ""
    kept = ledger.keep_copy()
    for table, rows in stale.items():
        for row in rows:
            ledger.delete(table, row)
    counts = [f"{len(rows)} {table}" for table, rows in stale.items() if rows and table != "searches"]
    labels = sorted({row["variant"] for rows in stale.values() for row in rows})
    return (
        f"{_changes(before.get('code', {}), now['code'])} changed since these results were computed: {' and '.join(counts)} "
        f"of {', '.join(labels)} are done again; the ledger as it was is kept in {kept.name}"
    )


def _of_other_code(row: Mapping[str, Any], valid: Mapping[tuple, str]) -> bool:
    where = (row["dataset"], row["condition"], row["variant"], row["seed"])
    return where in valid and row["code"] != valid[where]


def _changes(before: Mapping[str, Mapping[str, str]], now: Mapping[str, Mapping[str, str]]) -> str:
    """The sources and libraries that differ, in words."""
    found: dict[str, None] = {}
    for label, code in now.items():
        old = before.get(label, {})
        found |= dict.fromkeys(name for name in sorted(old.keys() | code.keys()) if old.get(name) != code.get(name))
    names = list(found)
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "") if names else "the code"


def check_free(folder: Path) -> None:
    """Refuse a folder with files in it that no run has made, and one with links, through which it would write elsewhere.

    Raises
    ------
    UserError : there are some.
    """
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder: give --run NAME for another, or remove it.")
    links = (
        Path(place, name)
        for place, folders, files in os.walk(folder)
        for name in (*folders, *files)
        if Path(place, name).is_symlink()
    )
    if link := next(links, None):
        raise UserError(
            f"{link} is a link: a run writes into its folder, and not to where links in it lead. Remove it."
        )
    if (folder / "run.json").exists():
        if (folder / "cells").is_dir() and not (folder / "ledger.sqlite").exists():
            raise UserError(
                f"{folder} has results, and no ledger.sqlite that says what they are: give --run NAME for a folder of its own."
            )
        return
    if others := sorted(path.name for path in folder.iterdir() if not path.name.startswith((".", "lock.json"))):
        raise UserError(
            f"{folder} has files in it, such as {others[0]}, and no run.json, so it is no run folder: give --run NAME for a "
            "folder of its own, so that nothing is overwritten."
        )


@contextmanager
def _session(folder: Path, info: dict[str, Any]) -> Iterator[int]:
    """Note in run.json when and on what machine this process works on the run; yields the number of the session."""
    clock = time.perf_counter()
    earlier: list[dict[str, Any]] = info["sessions"]
    session: dict[str, Any] = {"started": _now(), "environment": environment()}
    _write(folder, info | {"sessions": [*earlier, session]})  # Now, because a killed process writes nothing more.
    try:
        yield len(earlier)
    finally:
        session["ended"] = _now()
        session["seconds"] = round(time.perf_counter() - clock, 3)
        with suppress(OSError):  # On a full disk the reason for that is the one to tell.
            _write(folder, info | {"sessions": [*earlier, session]})


def gather(suite: Suite, data_dir: Path | None, told: Told = silent) -> tuple[list[Dataset], list[str]]:
    """The data sets of a suite, and warnings; one that cannot be had is replaced by the suite's fallback, if any."""
    found: dict[str, Dataset] = {}
    notes: list[str] = []
    stands_in: set[str] = set()
    for name in suite.datasets:
        try:
            dataset = datasets.load(name, data_dir, suite.reading, told)
        except Unavailable as error:
            if suite.fallback is None:
                raise
            dataset = datasets.load(suite.fallback, data_dir, suite.reading, told)
            notes.append(f"{name} could not be had, so {suite.fallback} stands in for it: {error}")
            stands_in.add(dataset.name)
        if dataset.note:
            notes.append(f"{dataset.name}: {dataset.note}")
        if dataset.name in found and dataset.name not in stands_in:
            raise two_of_one_name(dataset.name)
        found[dataset.name] = dataset
    return list(found.values()), notes


def two_of_one_name(name: str) -> UserError:
    """The error for data sets that could not be told apart: one would take the place of the other."""
    return UserError(f"Two data sets are called {name!r}: rename the file or folder of one, or leave one out.")


def read_info(folder: Path) -> dict[str, Any]:
    """The run.json of a run folder.

    Raises
    ------
    UserError : the folder is none, or its run.json is damaged.
    """
    path = folder / "run.json"
    try:
        if not path.exists():
            raise UserError(
                f"{folder} is no run folder: it has no run.json. Runs are made by 'crossover run'.{meant(folder)}"
            )
        info = json.loads(text_of(path))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path} cannot be read: {error}.") from error
    if not isinstance(info, dict):
        raise UserError(f"{path} is damaged: it must hold a JSON object.")
    return checked(info, path) if info.get("format") == FORMAT else info


def _claim(folder: Path, info: dict[str, Any], there: Mapping[str, Any]) -> dict[str, Any]:
    """The run.json to write: new, or, of the same suite or one with more, with the history of the one there, if that is not
    empty.
    """
    if not there:
        return info | {"created": _now(), "sessions": []}
    check_same(folder, there, info)
    created, sessions = there.get("created"), there.get("sessions")
    if not isinstance(created, str) or not isinstance(sessions, list):
        raise UserError(f"{folder / 'run.json'} is damaged: it lacks when the run was made and its sessions.")
    return info | {"created": created, "sessions": sessions}


def check_same(folder: Path, there: Mapping[str, Any], info: Mapping[str, Any], advice: str = "") -> None:
    """Refuse a run folder of another format or another suite. One with more variants or seeds goes on from what is there.

    Parameters
    ----------
    advice : what to do then; a folder of another name if "".

    Raises
    ------
    UserError : results of `info` do not belong there.
    """
    check_format(folder, there)
    plain, there = _compared(json.loads(json.dumps(info))), _compared(there)
    for key in IDENTITY:
        if key in plain and there.get(key) != plain[key]:
            old, new = there.get(key), plain[key]
            if key in EXTENDED and _has_more(new, old):
                continue
            if isinstance(old, dict) and isinstance(new, dict) and list(old) != list(new):
                old, new = list(old), list(new)  # What is compared, without how.
            elif isinstance(old, dict) and isinstance(new, dict):
                label = next(name for name in new if old[name] != new[name])
                if key == "fingerprints":
                    raise UserError(f"{_changed(folder, there, info, label)} {advice or OTHER_NAME}")
                key, old, new = f"{key}.{label}", old[label], new[label]
            verb = "are" if key.endswith("s") else "is"
            found = f"its {key} {verb} {_short(old)}, not {_short(new)}"
            if key in READING:
                found = f"its --{key} was {old or 'not given'}, and is {new or 'not given'} now"
            raise UserError(
                f"{folder} belongs to another run: {found}. "
                + (advice or f"{OTHER_NAME.removesuffix('.')}, or delete {folder}.")
            )


def _changed(folder: Path, there: Mapping[str, Any], info: Mapping[str, Any], label: str) -> str:
    """That the images of a data set are not those of the run any more, in words."""
    old, new = there.get("training_images"), info["training_images"][label]
    old = old.get(label) if isinstance(old, dict) else None
    with suppress(
        OSError, ValueError, KeyError, TypeError
    ):  # A run of an earlier version has it in the passport alone.
        old = old or json.loads(text_of(data_folder(folder, label) / "passport.json"))["train"]
    counts = f": it had {old} for training, now there are {new}" if isinstance(old, int) and old != new else ""
    return f"The images of {label!r} or their labels are not those of the run in {folder} any more{counts}."


def _has_more(new: Any, old: Any) -> bool:
    """Whether all variants, as they are, or all seeds of `old` are among the new ones."""
    if isinstance(new, dict) and isinstance(old, dict):
        return old.items() <= new.items()
    return isinstance(new, list) and isinstance(old, list) and all(seed in new for seed in old)


def _compared(info: Mapping[str, Any]) -> dict[str, Any]:
    """A run.json without the words on its variants, which change no result."""
    variants = {
        label: {name: value for name, value in facts.items() if name != "prior_knowledge"}
        for label, facts in info.get("variants", {}).items()
    }
    return {**info, "variants": variants} if variants else dict(info)


def check_format(folder: Path, info: Mapping[str, Any]) -> None:
    """Refuse a run folder of another format.

    Raises
    ------
    UserError : it is of another format.
    """
    if (found := info.get("format", 1)) != FORMAT:
        raise UserError(
            f"{folder} is a run folder of format {found}, and this version of Crossover reads format {FORMAT}. Run the suite "
            "again under another --run NAME."
        )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _write(folder: Path, info: dict[str, Any]) -> None:
    replace(folder / "run.json", json.dumps(info, indent=1))


def _short(value: Any, length: int = 80) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)
    text = text or "none"
    return text if len(text) <= length else text[: length - 1] + "…"
