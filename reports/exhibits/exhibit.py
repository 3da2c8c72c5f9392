"""The `Exhibit`: a table of numbers, and the figure drawn from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pandas as pd

from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Group = Literal["study", "result", "errors", "tuning", "bill", "data", "across"]


class Families(dict[str, str]):
    """Estimator -> family. pandas copies a frame's ``attrs`` deeply at each step, so this one is its own copy."""

    def __deepcopy__(self, memo: object) -> Families:
        return self


@dataclass(frozen=True)
class Exhibit:
    """A table of numbers, and the figure drawn from it.

    Parameters
    ----------
    name : public name; file, exported CSV and link carry it.
    title : what it shows, a few words.
    group : the part of the page it belongs to.
    lead : how to read it, a sentence or two.
    frame : ``frame(run, dataset)`` -> the numbers, ``frame(run)`` where data sets are compared; tidy: one row per thing. Columns ``estimator`` and ``family``
        decide the looks. A column ``image`` holds pictures and is left out of tables and files. No rows: nothing
        to show.
    draw : ``draw(frame)`` -> figure; None where the table is the exhibit.
    describe : ``describe(frame)`` -> the figure in words, for those who cannot see it.
    note : ``note(frame)`` -> what these numbers call for, a warning perhaps; "" where nothing is to be said.
    empty : why there may be nothing to show, one line.
    by : a column of the frame; the page draws the rows of each of its values and lets the reader switch between them.
    """

    name: str
    title: str
    group: Group
    lead: str
    frame: Callable[..., pd.DataFrame]
    empty: str
    draw: Callable[[pd.DataFrame], Figure] | None = None
    describe: Callable[[pd.DataFrame], str] = lambda frame: ""
    note: Callable[[pd.DataFrame], str] = lambda frame: ""
    by: str = ""

    def views(self, frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
        """The frames to draw, one per value of the column `by`; the frame itself, without a name, if there is none."""
        return {str(value): rows for value, rows in frame.groupby(self.by, sort=False)} if self.by else {"": frame}

    def table(self, run: Run, *dataset: str) -> pd.DataFrame:
        """The numbers, with the families of all estimators noted, so that looks agree between figures."""
        frame = self.frame(run, *dataset).reset_index(drop=True)
        frame.attrs["families"] = Families(run.families)
        return frame


def scores(run: Run, dataset: str) -> pd.DataFrame:
    """The rows of the leaderboard that have a score, best first."""
    from reports import leaderboard

    board = leaderboard.frame(run)
    return board[(board["dataset"] == dataset) & board["accuracy"].notna()].reset_index(drop=True)


def of(table: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """The rows of a ledger table that belong to a data set."""
    return table[table["dataset"] == dataset].reset_index(drop=True)
