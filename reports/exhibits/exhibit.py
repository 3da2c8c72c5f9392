"""The `Exhibit`: a table of numbers, and the figure drawn from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pandas as pd

from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Group = Literal["study", "result", "errors", "tuning", "bill", "data"]


@dataclass(frozen=True)
class Exhibit:
    """A table of numbers, and the figure drawn from it.

    Parameters
    ----------
    name : public name; file, exported CSV and link carry it.
    title : what it shows, a few words.
    group : the part of the page it belongs to.
    lead : how to read it, a sentence or two.
    frame : ``frame(run, dataset)`` -> the numbers, tidy: one row per thing. Columns ``estimator`` and ``family``
        decide the looks. A column ``image`` holds pictures and is left out of tables and files. No rows: nothing
        to show.
    draw : ``draw(frame)`` -> figure; None where the table is the exhibit.
    describe : ``describe(frame)`` -> the figure in words, for those who cannot see it.
    empty : why there may be nothing to show, one line.
    """

    name: str
    title: str
    group: Group
    lead: str
    frame: Callable[[Run, str], pd.DataFrame]
    empty: str
    draw: Callable[[pd.DataFrame], Figure] | None = None
    describe: Callable[[pd.DataFrame], str] = lambda frame: ""

    def table(self, run: Run, dataset: str) -> pd.DataFrame:
        """The numbers, with the families of all estimators noted, so that looks agree between figures."""
        frame = self.frame(run, dataset).reset_index(drop=True)
        frame.attrs["families"] = run.families
        return frame


def scores(run: Run, dataset: str) -> pd.DataFrame:
    """The rows of the leaderboard that have a score, best first."""
    from reports import leaderboard

    board = leaderboard.frame(run)
    return board[(board["dataset"] == dataset) & board["accuracy"].notna()].reset_index(drop=True)


def of(table: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """The rows of a ledger table that belong to a data set."""
    return table[table["dataset"] == dataset].reset_index(drop=True)
