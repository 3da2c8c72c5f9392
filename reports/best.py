"""Which variant leads a leaderboard, and where its model lies: what `submit` and `predict` take if not told."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.errors import UserError
from reports.leaderboard import frame
from reports.run import Run


def best_variant(run: Run) -> str:
    """The variant at the top of the leaderboard, of the first data set that has one.

    Raises
    ------
    UserError : nothing has been evaluated yet.
    """
    return str(_leader(run)["variant"])


def best_model(run: Run) -> Path:
    """The model folder of that variant: of its seeds the one that did best on the validation rows.

    Raises
    ------
    UserError : nothing has been evaluated yet.
    """
    leader = _leader(run)
    cells = run.cells[(run.cells["dataset"] == leader["dataset"]) & (run.cells["variant"] == leader["variant"])]
    done = cells[cells["status"] == "ok"]
    seed = done.loc[done["validation_score"].fillna(-1).idxmax(), "seed"]
    return run.model(str(leader["dataset"]), str(leader["variant"]), int(seed))


def _leader(run: Run) -> pd.Series:
    table = frame(run).dropna(subset="accuracy")
    if table.empty:
        raise UserError(f"{run.folder} has no evaluated variant yet. The command that made it goes on from there.")
    return table.iloc[0]
