"""What a run would do, before it does it."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pandas as pd

import estimators
from benchmarks.data import datasets
from benchmarks.data.formats import recipe
from benchmarks.ledger import read_table
from benchmarks.run import read_info
from benchmarks.suite import Suite


def plan(suite: Suite, folder: Path) -> str:
    """A line per cell with what is done of it, and an estimate of the minutes that are left. Nothing is written.

    The estimate takes the budget for a search; for one in trials, and for a last fit, what such took in this folder.
    """
    tables = {name: _table(folder, name) for name in ("trials", "searches", "finals")}
    lines, left, unknown = [f"{suite.title}: {suite.budget} for each search, results in {folder}/"], 0.0, False
    if not (folder / "run.json").exists() and suite.fallback:
        lines.append(f"  ({suite.fallback} stands in for a data set that cannot be had)")
    first = len(lines)
    for dataset in _datasets(suite, folder):
        for size, seed in product(suite.sizes or ("all",), suite.seeds):
            rows = 0 if size == "all" else size
            for estimator in (estimators.get(name).name for name in suite.estimators):
                trials, searches, finals = (
                    _where(t, dataset=dataset, estimator=estimator, seed=seed, train_rows=rows) for t in tables.values()
                )
                ran = trials[trials["status"] != "skipped"] if len(trials) else trials
                spent = float(ran["seconds"].sum()) if len(ran) else 0.0
                if len(finals) and finals["status"].iloc[0] == "ok":
                    state = "done"
                elif len(searches):
                    state = f"searched, {len(ran)} trials"
                else:
                    state = f"{len(ran)} trials done" if len(ran) else "to do"
                    if suite.budget.seconds:
                        left += max(0.0, suite.budget.seconds - spent)
                    elif len(ran):
                        left += spent / len(ran) * max(0, (suite.budget.trials or 0) - len(ran))
                    else:
                        unknown = True
                if state != "done":
                    same = _where(tables["finals"], estimator=estimator, train_rows=rows)
                    left += float(same["seconds"].mean()) if len(same) and same["seconds"].notna().any() else 0.0
                which = f"{size if rows == 0 else format(rows, ',')} rows · " if suite.sizes else ""
                lines.append(f"  {dataset} · {estimator} · {which}seed {seed}: {state}")
    if all(line.endswith(": done") for line in lines[first:]):
        return "\n".join([*lines, "Nothing is left to do."])
    more = "; of some cells nothing has been measured yet" if unknown else ""
    return "\n".join([*lines, f"Left: at least {left / 60:.1f} min, and last fits where none was measured{more}."])


def _datasets(suite: Suite, folder: Path) -> list[str]:
    """The names under which a run has recorded the data sets, or would."""
    if (folder / "run.json").exists():
        return read_info(folder)["datasets"]
    return [name if name in datasets.names() else recipe(Path(name)).name for name in suite.datasets]


def _where(table: pd.DataFrame, **values: object) -> pd.DataFrame:
    """The rows of a table that have these values."""
    for column, value in values.items():
        table = table[table[column] == value] if len(table) else table
    return table


def _table(folder: Path, name: str) -> pd.DataFrame:
    return read_table(folder, name) if (folder / "ledger.sqlite").exists() else pd.DataFrame()
