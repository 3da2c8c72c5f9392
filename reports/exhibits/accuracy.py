"""Accuracy with its interval, one line per estimator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from reports.drawing import formats, style
from reports.drawing.formats import COUNT, PERCENT
from reports.exhibits.exhibit import ACCURACY, VARIANT, Exhibit
from reports.leaderboard import scores
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per estimator, best first: accuracy, its 95 % interval, and where the single seeds lie."""
    columns = ["variant", "family", "seeds", "accuracy", "accuracy_low", "accuracy_high", "accuracy_spread"]
    table = scores(run, dataset)[columns].copy()
    single = [run.correct(dataset, name).mean(1) for name in table["variant"]]
    return table.assign(worst_seed=[seeds.min() for seeds in single], best_seed=[seeds.max() for seeds in single])


@style.styled
def draw(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """Dots with intervals, on an axis on which halving the error is one step."""
    page, (axes,) = style.axes_grid(1, 1, (2.8, 0.36 * len(frame) + 0.2), (0, 0), (1.65, 0.85, 0.1, 0.45))
    for y, row in enumerate(frame.itertuples()):
        look = looks[row.variant]
        ends = style.stretch([row.accuracy_low, row.accuracy_high])
        axes.plot(ends, [y, y], color=look.colour, linewidth=2.4, solid_capstyle="round", alpha=0.45)
        if row.seeds > 1:
            seeds = style.stretch([row.worst_seed, row.best_seed])
            axes.plot(seeds, [y, y], "|", color=look.colour, markersize=11, markeredgewidth=1.4)
        (mark,) = axes.plot(style.stretch(row.accuracy), y, look.marker, color=look.colour)
        style.tip(
            mark,
            f"{row.variant}: {formats.percent(row.accuracy)} % "
            f"({formats.interval(row.accuracy_low, row.accuracy_high)}), {row.seeds} "
            f"seed{'' if row.seeds == 1 else 's'}",
        )
        axes.annotate(
            formats.percent(row.accuracy) + " %",
            (1.02, y),
            xycoords=("axes fraction", "data"),
            va="center",
            fontweight="bold" if y == 0 else "normal",
            color=style.INK,
        )
    axes.set_yticks(range(len(frame)), [style.short(n, 22) for n in frame["variant"]])
    axes.set_ylim(len(frame) - 0.5, -0.5)
    style.quiet(axes, "x")
    axes.tick_params(axis="y", labelcolor=style.INK)
    style.accuracy_axis(axes.xaxis, frame["accuracy_low"].min(), frame["accuracy_high"].max())
    axes.set_xlabel("test accuracy")
    return page


def describe(frame: pd.DataFrame) -> str:
    """Accuracies and intervals in words."""
    parts = [
        f"{r.variant} {formats.percent(r.accuracy)} % ({formats.interval(r.accuracy_low, r.accuracy_high)})"
        for r in frame.itertuples()
    ]
    return "Test accuracy with 95 % intervals, best first: " + "; ".join(parts) + "."


def note(frame: pd.DataFrame) -> str:
    """A word on two seeds, whose intervals astonish."""
    if (frame["seeds"] != 2).all():
        return ""
    return "Two seeds say little about other seeds: where they differ, the interval is very wide. Three narrow it."


accuracy = Exhibit(
    name="accuracy",
    title="Accuracy, and how sure it is",
    group="result",
    lead="A dot is the test accuracy, the bar its 95 % interval. With several seeds, two ticks mark the worst and the "
    "best one. The axis is stretched towards 100 %: each halving of the errors is the same step. Bars that overlap may "
    "still hide a real difference, since all models saw the same images; the next figure uses that.",
    frame=frame,
    empty="No estimator has been evaluated yet.",
    columns={
        **VARIANT,
        "seeds": COUNT,
        **ACCURACY,
        "accuracy_spread": PERCENT,
        "worst_seed": PERCENT,
        "best_seed": PERCENT,
    },
    draw=draw,
    describe=describe,
    note=note,
)
