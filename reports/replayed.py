"""Whether a run that was replayed came to the same results, to the last digit."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.errors import UserError
from benchmarks.ledger import read_table
from benchmarks.safety.regular import check
from reports.run import Run

WHERE = ["dataset", "condition", "variant", "seed"]


def differences(run: Run, original: Path) -> tuple[int, list[str]]:
    """How many results of a replay were compared with those of the original, and a line for each that differs.

    Compared are accuracy and log-loss of every trial on the validation rows, and of every row of the leaderboard on the test
    images.

    Parameters
    ----------
    original : run folder with its ledger and its ``leaderboard.csv``, as `crossover report` writes it.
    """
    old, new = (_numbered(read_table(folder, "trials")) for folder in (original, run.folder))
    lines, count = _compared("trial", old[["score", "log_loss"]], new[["score", "log_loss"]])
    path = original / "leaderboard.csv"
    if not path.exists():
        raise UserError(f"{path} is missing: 'crossover report {original}' writes it.")
    check(path)
    try:
        boards = [pd.read_csv(path), pd.read_csv(run.folder / "leaderboard.csv")]
        old, new = (table.set_index(["dataset", "variant"])[["accuracy", "log_loss"]] for table in boards)
    except (ValueError, KeyError) as error:
        raise UserError(f"{path} is damaged ({error}): 'crossover report {original}' writes it anew.") from error
    more, others = _compared("leaderboard", old, new)
    return count + others, lines + more


def _numbered(trials: pd.DataFrame) -> pd.DataFrame:
    """The trials that ended well, by their place among those of their cell that ran."""
    ran = trials[trials["status"] != "skipped"].sort_values("number")
    place = ran.groupby(WHERE).cumcount()
    return ran.assign(place=place).set_index([*WHERE, "place"]).query("status == 'ok'")


def _compared(what: str, old: pd.DataFrame, new: pd.DataFrame) -> tuple[list[str], int]:
    lines = []
    for where, row in old.iterrows():
        name = " · ".join(str(part) for part in where if part != "") if isinstance(where, tuple) else str(where)
        if where not in new.index:
            lines.append(f"{what} {name}: missing")
            continue
        for column in old.columns:
            was, now = row[column], new.loc[where, column]
            if not (was == now or (pd.isna(was) and pd.isna(now))):
                lines.append(f"{what} {name}: {column} was {was}, is {now}")
    return lines, len(old) * len(old.columns)
