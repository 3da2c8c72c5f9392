"""Validation against test: over-tuning shows as a gap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from reports.drawing import formats, style
from reports.drawing.formats import PERCENT, POINTS
from reports.exhibits.exhibit import ACCURACY, VARIANT, Exhibit
from reports.leaderboard import scores
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per estimator: validation accuracy of the winner, test accuracy with its interval, and the gap."""
    board = scores(run, dataset).dropna(subset="validation_score")
    table = board[["variant", "family", "accuracy", "accuracy_low", "accuracy_high"]].copy()
    table.insert(2, "validation_accuracy", board["validation_score"])
    table["gap"] = table["validation_accuracy"] - table["accuracy"]
    return table


@style.styled
def draw(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """A hollow mark for validation, a full one for test, joined."""
    from matplotlib.lines import Line2D

    page, (axes,) = style.axes_grid(1, 1, (3.1, 0.36 * len(frame) + 0.2), (0, 0), (1.5, 0.7, 0.4, 0.45))
    for y, row in enumerate(frame.itertuples()):
        look = looks[row.variant]
        axes.plot(style.stretch([row.validation_accuracy, row.accuracy]), [y, y], color=look.colour, linewidth=1.2)
        ends = style.stretch([row.accuracy_low, row.accuracy_high])
        axes.plot(ends, [y, y], color=look.colour, linewidth=5, alpha=0.25, solid_capstyle="butt")
        (mark,) = axes.plot(style.stretch(row.accuracy), y, "o", color=look.colour)
        style.tip(
            mark,
            f"{row.variant}: validation {formats.percent(row.validation_accuracy)} %, test "
            f"{formats.percent(row.accuracy)} %",
        )
        axes.plot(style.stretch(row.validation_accuracy), y, "o", color=look.colour, markerfacecolor=style.SURFACE)
        axes.annotate(formats.points(row.gap), (1.02, y), xycoords=("axes fraction", "data"), va="center")
    axes.set_yticks(range(len(frame)), [style.short(n, 22) for n in frame["variant"]])
    axes.set_ylim(len(frame) - 0.5, -0.5)
    style.quiet(axes, "x")
    axes.tick_params(axis="y", labelcolor=style.INK)
    numbers = frame[["validation_accuracy", "accuracy_low", "accuracy_high"]]
    style.accuracy_axis(axes.xaxis, numbers.min(axis=None), numbers.max(axis=None))
    axes.set_xlabel("accuracy")
    marks = {"validation": style.SURFACE, "test, with its 95 % interval": style.MUTED}
    handles = [
        Line2D([], [], color=style.MUTED, marker="o", markerfacecolor=fill, linestyle="none", label=label)
        for label, fill in marks.items()
    ]
    style.legend(page, handles, 0.2)
    return page


def describe(frame: pd.DataFrame) -> str:
    """The gaps in words."""
    parts = [f"{r.variant} {formats.points(r.gap)}" for r in frame.itertuples()]
    return "Validation accuracy less test accuracy, in percentage points: " + "; ".join(parts) + "."


gap = Exhibit(
    name="gap",
    title="Validation against test",
    group="tuning",
    lead="Validation images chose the setting, so the winner's score on them is too good by luck. The test images were "
    "read once. A hollow mark far right of the bar is a sign of over-tuning. One far left is a winner that was tried "
    "with less effort than the final fit had.",
    frame=frame,
    empty="No estimator has both a validation and a test score.",
    columns={**VARIANT, "validation_accuracy": PERCENT, **ACCURACY, "gap": POINTS},
    draw=draw,
    describe=describe,
)
