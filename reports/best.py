"""Where the model of a leaderboard's leader lies: what `predict` and `load_model` take of a run."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.errors import UserError
from reports.leaderboard import frame
from reports.run import Run


def best_model(run: Run) -> Path:
    """The model folder of the variant at the top of the leaderboard, of the first data set that has one.

    Of its seeds it is the one that did best on the validation rows.

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
