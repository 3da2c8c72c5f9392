"""Which estimator leads a leaderboard, and where its model lies: what `submit` and `predict` take if not told."""

from __future__ import annotations

from pathlib import Path

from benchmarks.errors import UserError
from reports.leaderboard import frame
from reports.run import Run


def best_estimator(run: Run) -> str:
    """The name at the top of the leaderboard, of the first data set if there are several.

    Raises
    ------
    UserError : no estimator has been evaluated yet.
    """
    table = frame(run)
    table = table[table["accuracy"].notna()]
    if table.empty:
        raise UserError(f"{run.folder} has no evaluated estimator yet. The command that made it goes on from there.")
    return str(table["variant"].iloc[0])


def best_model(run: Run) -> Path:
    """The model folder of the leader: of its seeds the one that did best on the validation rows."""
    board = frame(run)
    leader = board[board["variant"] == best_estimator(run)].iloc[0]
    finals = run.finals[run.finals["status"] == "ok"]
    finals = finals[(finals["dataset"] == leader["dataset"]) & (finals["variant"] == leader["variant"])]
    best = finals.loc[finals["validation_score"].fillna(-1).idxmax()]
    return Path(run.folder / best["folder"] / "model")
