"""Spent budget against the best score so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from reports.drawing import formats, style
from reports.drawing.formats import COUNT, PERCENT, SECONDS
from reports.exhibits.exhibit import UNSEARCHED, VARIANT, Exhibit, of, searched
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per trial that was the best of its search so far, and the last: seconds spent so far, best score. None where
    nothing was searched.
    """
    trials = of(run.trials, dataset)
    if not searched(trials):
        return pd.DataFrame()
    table = trials[["variant", "family", "seed", "number", "seconds", "score"]]
    table = table.sort_values(["variant", "seed", "number"], kind="stable")
    cells = table.groupby(["variant", "seed"], sort=False)
    table = table.assign(
        spent_seconds=cells["seconds"].transform(lambda s: s.fillna(0).cumsum()),
        best_score=cells["score"].transform(lambda s: s.cummax().ffill()),
    )
    place = {name: i for i, name in enumerate(run.variants)}
    table = table.dropna(subset="best_score").drop(columns="seconds")
    cells = table.groupby(["variant", "seed"], sort=False)
    first, last = cells.cumcount() == 0, cells.cumcount(ascending=False) == 0
    table = table[first | last | (cells["best_score"].diff() > 0)]
    return table.sort_values("variant", key=lambda names: names.map(place), kind="stable")


@style.styled
def draw(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """A step line per estimator and seed, in the line style of the estimator."""
    from matplotlib.lines import Line2D

    page, (axes,) = style.axes_grid(
        1, 1, (4.45, 2.6), (0, 0), (0.7, 0.15, 0.35 + 0.2 * -(-frame["variant"].nunique() // 2), 0.45)
    )
    end = frame["spent_seconds"].max()
    for (name, seed), rows in frame.groupby(["variant", "seed"], sort=False):
        look = looks[name]
        seconds, best = [*rows["spent_seconds"], end], style.stretch([*rows["best_score"], rows["best_score"].max()])
        better = rows["best_score"].diff().fillna(1) > 0
        alpha = 1 if seed == frame["seed"].min() else 0.4
        axes.step(seconds, best, where="post", color=look.colour, linestyle=look.line, linewidth=1.5, alpha=alpha)
        for row in rows[better].itertuples():
            (mark,) = axes.plot(
                row.spent_seconds,
                style.stretch(row.best_score),
                look.marker,
                color=look.colour,
                markersize=5,
                alpha=alpha,
            )
            style.tip(
                mark,
                f"{name}, seed {seed}, trial {row.number}: {formats.percent(row.best_score)} % after "
                f"{formats.duration(row.spent_seconds)}",
            )
    start = frame["spent_seconds"].min()
    axes.set_xscale(style.span(frame["spent_seconds"]))
    if axes.get_xscale() == "log":
        axes.set_xlim(start / 1.2, end * 1.05)
        style.plain_log(axes.xaxis)
    style.quiet(axes)
    # The first, cheapest trials may be hopeless: the axis starts where each search has found something.
    low = frame.groupby(["variant", "seed"])["best_score"].max().min()
    style.accuracy_axis(axes.yaxis, max(frame["best_score"].min(), 1 - 3 * (1 - low)), frame["best_score"].max())
    axes.set_xlabel("seconds of search")
    axes.set_ylabel("best validation accuracy")
    names = list(dict.fromkeys(frame["variant"]))
    handles = [
        Line2D(
            [],
            [],
            color=looks[n].colour,
            marker=looks[n].marker,
            linestyle=looks[n].line,
            markersize=5,
            label=style.short(n, 22),
        )
        for n in names
    ]
    style.legend(page, handles, 0.1)
    return page


def describe(frame: pd.DataFrame) -> str:
    """The best score of each search and when it was found."""
    best = frame.sort_values(["score", "spent_seconds"], ascending=[False, True], kind="stable")
    parts = [
        f"{r.variant} {formats.percent(r.best_score)} % after {formats.duration(r.spent_seconds)}"
        for r in best.drop_duplicates("variant").itertuples()
    ]
    return "Best validation accuracy of each search: " + "; ".join(parts) + "."


progress = Exhibit(
    name="progress",
    title="What the budget bought",
    group="tuning",
    lead="The best validation accuracy so far against the seconds that the search had spent. A line that still rises at "
    "its end would have used a larger budget. Seeds after the first are pale.",
    frame=frame,
    empty=UNSEARCHED,
    columns={
        **VARIANT,
        "seed": COUNT,
        "number": COUNT,
        "score": PERCENT,
        "spent_seconds": SECONDS,
        "best_score": PERCENT,
    },
    draw=draw,
    describe=describe,
    timed=True,
)
