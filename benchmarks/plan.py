"""What a run would do, before it does it."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pandas as pd

from benchmarks.data import datasets
from benchmarks.data.choice import choice_of
from benchmarks.data.classes import classes_told
from benchmarks.data.formats.recognise import recipe
from benchmarks.data.store.cache import cached
from benchmarks.errors import UserError
from benchmarks.layout import has_model, has_predictions
from benchmarks.ledger import TABLES, read_table
from benchmarks.progress import plural
from benchmarks.run import check_free, check_same, describe, read_info, two_of_one_name
from benchmarks.suite import Suite, budget_of, conditions, variants

DONE = "done"


def plan(suite: Suite, folder: Path) -> str:
    """A line per cell with what is done of it, and an estimate of the minutes that are left.

    Nothing is written but arrays into the cache: data of one's own is read, which tells its faults, and how pictures are framed.

    The estimate takes the budget for a search; for one in trials, and for a last fit, what such took in this folder.
    """
    if folder.exists():
        check_free(folder)
    if (folder / "run.json").exists():
        check_same(folder, read_info(folder), describe(suite))
    tables = {name: _table(folder, name) for name in TABLES}
    lines = [f"{suite.title}: {suite.budget} each, all in; results in {folder}/"]
    left, unknown, undone = 0.0, False, 0
    if not (folder / "run.json").exists() and suite.fallback:
        lines.append(f"  ({suite.fallback} stands in for a data set that cannot be had)")
    if suite.sources:
        lines.append("  (left out will be what a source has nothing for, and levels with more images than there are)")
    told = _datasets(suite, folder)
    lines += [f"  {dataset}: {text}" for dataset, texts in told.items() for text in texts]
    for dataset in told:
        for condition, seed, variant in product(conditions(suite, "fitted"), suite.seeds, variants(suite)):
            if not variant.runs_under(condition):
                continue
            where = {"dataset": dataset, "condition": str(condition), "variant": variant.name, "seed": seed}
            trials, searches, fits, evaluations = (_where(tables[name], **where) for name in TABLES)
            fits = fits[[has_model(folder, row) for row in fits.to_dict("records")]] if len(fits) else fits
            ran = trials[trials["status"] != "skipped"] if len(trials) else trials
            spent = float(ran["seconds"].sum()) if len(ran) else 0.0
            under = conditions(suite, "evaluated") if condition.is_standard else []
            others = [_where(tables["evaluations"], **where | {"condition": str(c)}) for c in under]
            kept = [
                table[[has_predictions(folder, row) for row in table.to_dict("records")]] if len(table) else table
                for table in [evaluations, *others]
            ]
            state = _state(ran, searches, fits, kept)
            if variant.is_source and len(fits) and fits["status"].iloc[0] == "ok":
                state = DONE  # It is tried at once, unless it has no answer for some classes.
            if state != DONE:
                undone += 1
                budget = budget_of(suite, condition, seed)
                if not len(searches) and budget.seconds:
                    left += max(0.0, budget.seconds - spent)
                elif not len(searches) and len(ran):
                    left += spent / len(ran) * max(0, (budget.trials or 0) - len(ran))
                elif not len(searches):
                    unknown = True
                for name in ("fits", "evaluations"):
                    same = _where(tables[name], variant=variant.name, condition=str(condition))
                    left += float(same["seconds"].mean()) if len(same) and same["seconds"].notna().any() else 0.0
            which = f"{condition} · " if not condition.is_standard else "standard · " if suite.studies else ""
            lines.append(f"  {dataset} · {variant.name} · {which}seed {seed}: {state}")
    if not undone:
        return "\n".join([*lines, "Nothing is left to do."])
    more = "; of some cells nothing has been measured yet" if unknown else ""
    if unknown and not left:
        return "\n".join([*lines, "How long it takes is not known yet: nothing has been measured."])
    return "\n".join([*lines, f"Left: at least {left / 60:.1f} min, and last fits where none was measured{more}."])


def _state(ran: pd.DataFrame, searches: pd.DataFrame, fits: pd.DataFrame, evaluations: list[pd.DataFrame]) -> str:
    """What is done of a cell; `evaluations` has a table for each condition under which its fit is evaluated."""
    missing = sum(not (len(table) and table["status"].iloc[0] == "ok") for table in evaluations)
    if not missing and len(fits):
        return DONE
    if len(fits) and fits["status"].iloc[0] == "ok":
        return f"fitted, {plural(missing, 'evaluation')} to do"
    if len(searches):
        return f"searched, {plural(len(ran), 'trial')}"
    return f"{plural(len(ran), 'trial')} done" if len(ran) else "to do"


def _datasets(suite: Suite, folder: Path) -> dict[str, list[str]]:
    """The names under which a run has recorded the data sets, or would, and what is said of those made of pictures."""
    if (folder / "run.json").exists():
        info = read_info(folder)
        framings = info.get("framings", {})
        try:
            return {name: [str(choice_of(framings[name]))] if name in framings else [] for name in info["datasets"]}
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"{folder / 'run.json'} is damaged: framings: {error!r}.") from error
    found: dict[str, list[str]] = {}
    for name in suite.datasets:
        own = None if name in datasets.names() else recipe(Path(name), suite.reading)
        if (called := name if own is None else own.name) in found:
            raise two_of_one_name(called)
        data = None if own is None else cached(own)  # A fault in it is told now.
        found[called] = [] if data is None else [classes_told(data), *([str(data.choice)] if data.choice else [])]
    return found


def _where(table: pd.DataFrame, **values: object) -> pd.DataFrame:
    """The rows of a table that have these values."""
    for column, value in values.items():
        table = table[table[column] == value] if len(table) else table
    return table


def _table(folder: Path, name: str) -> pd.DataFrame:
    return read_table(folder, name) if (folder / "ledger.sqlite").exists() else pd.DataFrame()
