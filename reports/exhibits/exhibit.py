"""The `Exhibit`: a table of numbers, and the figure drawn from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import pandas as pd

from benchmarks.safety.sheets import csv_text
from reports.drawing.formats import HIDDEN, PERCENT, PLAIN, TEXT, Format
from reports.run import Run
from tuning.winner import frozen

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from reports.drawing.style import Looks

Group = Literal["study", "result", "errors", "tuning", "bill", "data", "across"]
ANY_STUDY = "*"
UNSEARCHED = "Nothing was searched: no estimator tried more than one setting."
OF_ITS_OWN = ("corruption", "transfer")  # studies of which an exhibit of their own shows every level
# Columns that many exhibits have.
VARIANT = {"variant": TEXT, "family": HIDDEN}
ACCURACY = dict.fromkeys(["accuracy", "accuracy_low", "accuracy_high"], PERCENT)


@dataclass(frozen=True)
class Exhibit:
    """A table of numbers, and the figure drawn from it.

    Parameters
    ----------
    name : public name; file, exported CSV and link carry it.
    title : what it shows, a few words.
    group : the part of the page it belongs to.
    lead : how to read it, a sentence or two.
    frame : ``frame(run, dataset)`` -> the numbers, or ``frame(run)`` where data sets are compared. Tidy: one row per
        thing. No rows: nothing to show.
    empty : why there may be nothing to show, one line.
    columns : column of the frame -> its `Format`. A column that is not declared is shown as plain text or as a number
        without a unit.
    draw : ``draw(frame, looks)`` -> figure, with the look of each estimator of the run; None where the table is the
        exhibit.
    describe : ``describe(frame)`` -> the figure in words, for those who cannot see it.
    note : ``note(frame)`` -> what these numbers call for, a warning perhaps; "" where nothing is to be said.
    by : a column of the frame; the page draws the rows of each of its values and lets the reader switch between them.
    studies : the studies it belongs to, `ANY_STUDY` for any but those in `OF_ITS_OWN`; a run without any of them does not
        show it. () for every run.
    applies : ``applies(run)`` -> whether the run has what it is about; the page leaves it out where not.
    timed : whether it compares times, which may not be comparable between runs.
    """

    name: str
    title: str
    group: Group
    lead: str
    frame: Callable[..., pd.DataFrame]
    empty: str
    columns: Mapping[str, Format] = field(default_factory=dict)
    draw: Callable[[pd.DataFrame, Looks], Figure] | None = None
    describe: Callable[[pd.DataFrame], str] = lambda frame: ""
    note: Callable[[pd.DataFrame], str] = lambda frame: ""
    by: str = ""
    studies: tuple[str, ...] = ()
    applies: Callable[[Run], bool] = lambda run: True
    timed: bool = False

    def table(self, run: Run, *dataset: str) -> pd.DataFrame:
        """The numbers, rows numbered from 0."""
        return self.frame(run, *dataset).reset_index(drop=True)

    def views(self, frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
        """The frames to draw, one per value of the column `by`; the frame itself, without a name, if there is none."""
        return {str(value): rows for value, rows in frame.groupby(self.by, sort=False)} if self.by else {"": frame}

    def format(self, column: str) -> Format:
        """How a column of the frame is written."""
        return self.columns.get(column, PLAIN)

    def csv(self, frame: pd.DataFrame) -> str:
        """The frame as CSV text, without the columns that are only drawn."""
        kept = [name for name in frame if self.format(name).shown != "figure"]
        return csv_text(frame[kept])

    def belongs_to(self, run: Run) -> bool:
        """Whether a run has one of the studies that the exhibit is about, if it is about any, and whatever else it needs."""
        carried_out = studies(run)
        if ANY_STUDY in self.studies:
            about = bool(carried_out.difference(OF_ITS_OWN))
        else:
            about = not self.studies or any(study in self.studies for study in carried_out)
        return about and self.applies(run)


def studies(run: Run) -> set[str]:
    """The names of the studies that a run carried out."""
    return set(run.info.get("studies", ()))


def searched(trials: pd.DataFrame) -> bool:
    """Whether any variant tried more than one setting."""
    settings = trials["params"].map(frozen)
    return bool(settings.groupby(trials["variant"]).nunique().gt(1).any())


def of(table: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """The rows of a ledger table that belong to a data set."""
    return table[table["dataset"] == dataset].reset_index(drop=True)
