"""`requested`: the suite that a person asks for, by its name or by that of a data set, with changes of their own."""

from __future__ import annotations

import fnmatch
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import estimators
from benchmarks import studies
from benchmarks.data import datasets
from benchmarks.errors import UserError, unknown
from benchmarks.safety.names import safe_name, shortened
from benchmarks.suite import Suite, is_suite_file, load_suite, make_suite, names, shared_within, starting_from

DEFAULT = "quick"  # the suite whose estimators and budget are those of a data set without a suite of its own


@dataclass(frozen=True)
class Changes:
    """What a person says beside the name of a suite or data set; None leaves it as it is. See `crossover.run`."""

    estimators: str | None = None
    budget: str | None = None
    within: str | None = None
    seeds: int | None = None
    study: str | None = None
    source: str | None = None
    groups: str | None = None
    background: str | None = None
    size: str | None = None
    frame: str | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """Those that replace what a suite says, by its names."""
        named = ("seeds", "groups", "background", "size", "frame")
        return {name: getattr(self, name) for name in named if getattr(self, name) is not None}


def requested(what: str, changes: Changes | None = None) -> Suite:
    """The suite called `what`, or one made for a data set of that name or path, with the changes.

    Raises
    ------
    UserError : there is neither, or the changes do not go together.
    """
    changes = changes or Changes()
    path = Path(what)
    try:
        is_there = path.exists()
    except OSError as error:
        raise UserError(f"Cannot look into {shortened(what)}: {error.strerror or error}.") from error
    if what in names() or (path.suffix == ".toml" and is_suite_file(path)):
        if changes.study is not None or changes.source is not None:
            option = "--study" if changes.source is None else "--source"
            raise UserError(f"{option} says what to do with a data set, and {what} is a suite: give one of the two.")
        content = load_suite(what).model_dump()
    elif what in datasets.names() or is_there or os.sep in what:
        content = _of_data_set(what, changes.study, changes.source)
    else:
        raise unknown("suite or data set", what, [*names(), *datasets.names()])
    if changes.estimators is not None:
        content |= _selected(content, changes.estimators)
    if changes.budget is not None and changes.within is not None:
        raise UserError(
            f"--budget {changes.budget} is for each variant and --within {changes.within} for the whole run: give one of the two."
        )
    if changes.budget is not None:
        content |= {"budget": changes.budget, "budgets": {}}
    suite = make_suite(content | changes.settings, origin=what)
    return suite if changes.within is None else shared_within(suite, changes.within)


def _of_data_set(what: str, study: str | None, source: str | None) -> dict[str, Any]:
    """The content of a suite for one data set: the default estimators on it, or what a study, or the study of a suite, says."""
    own = safe_name(Path(os.path.abspath(what)).stem)  # noqa: PTH100 (links stay as they are)
    study = study or ("transfer" if source is not None else None)
    if study is None:
        content = load_suite(DEFAULT).model_dump() | {
            "name": own,
            "title": f"Classical models and networks on {what}",
        }
    elif study in studies.names():
        chosen = studies.get(study)
        content = load_suite(DEFAULT).model_dump() | {
            "name": safe_name(f"{own}-{study}"),
            "title": f"{chosen.title[:-1]} on {what}?",
            "studies": {study: chosen.levels},
            "test_images": chosen.test_images,
        }
    elif study in names() or Path(study).suffix == ".toml":
        content = load_suite(study).model_dump()
        content |= {
            "name": safe_name(f"{own}-{Path(study).stem}"),
            "title": f"{content['title'].split(':')[0]} on {what}",
        }
    else:
        raise unknown("study or suite", study, {*studies.names(), *names()})
    content |= {"datasets": (what,), "fallback": None}
    if source is None:
        return content
    if study != "transfer":
        raise UserError(f"--source {source} is for --study transfer, given --study {study}.")
    content |= {"name": f"{Path(what).stem}-from-{Path(source).stem}", "title": f"What is {source} worth to {what}?"}
    return content | starting_from(source)


def _selected(content: dict[str, Any], patterns: str) -> dict[str, Any]:
    """The estimators of a suite that match, and its variants by their names or those of their estimators, or else any estimators
    that do.
    """
    chosen, rest = [], []
    for pattern in (part.strip() for part in patterns.split(",")):
        matches = [v for v in content["variants"] if fnmatch.fnmatchcase(v["name"], pattern)]
        if not matches and pattern not in content["estimators"]:
            matches = [v for v in content["variants"] if fnmatch.fnmatchcase(v["estimator"], pattern)]
        chosen += [v for v in matches if v not in chosen]
        if not matches or pattern in content["estimators"]:
            rest.append(pattern)
    try:
        plain = {
            e.name: pattern if pattern.endswith(".py") else e.name
            for pattern in rest
            for e in estimators.select(pattern)
        }
    except ValueError as error:
        raise UserError(str(error)) from error
    made_of = {*plain, *(v["estimator"] for v in chosen)}
    search = {name: table for name, table in content["search"].items() if name in made_of}
    return {"estimators": tuple(plain.values()), "variants": tuple(chosen), "search": search}
