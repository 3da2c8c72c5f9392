"""Accuracy against compute at each size of the training set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from reports.analysis.intervals import accuracy_interval
from reports.analysis.learning_curve import wrong
from reports.drawing import formats, style
from reports.drawing.formats import COUNT, decimal
from reports.exhibits.exhibit import ACCURACY, VARIANT, Exhibit
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per estimator and size, cheapest first within a size: core-seconds of search and fit, and accuracy.

    Core-seconds are seconds times threads, mean over the seeds, with the range of the seeds.
    """
    answers = wrong(run, dataset)
    if not answers:
        return pd.DataFrame()
    curve = run.curve(dataset, "sizes")
    seconds = (curve["search_seconds"].fillna(0) + curve["fit_seconds"]) * curve["variant"].map(run.threads)
    price = seconds.groupby([curve["variant"], curve["value"].astype(int)]).agg(["mean", "min", "max"])
    rows = []
    for (name, size), missed in answers.items():
        mean, low, high = price.loc[(name, size)]
        ends = accuracy_interval(~missed)
        rows.append(
            {
                "variant": name, "family": run.families[name], "train_rows": size, "core_seconds": mean,
                "core_seconds_low": low, "core_seconds_high": high, "accuracy": float(1 - missed.mean()),
                "accuracy_low": ends[0], "accuracy_high": ends[1],
            }
        )  # fmt: skip
    return pd.DataFrame(rows).sort_values(["train_rows", "core_seconds"], ascending=[False, True], kind="stable")


@style.styled
def draw(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """A mark per estimator, with the range of its cost and the interval of its accuracy."""
    page, (axes,) = style.axes_grid(1, 1, (6.4, 2.9), (0, 0), (0.72, 0.2, style.key_height(frame), 0.5))
    for row in frame.itertuples():
        look, height = looks[row.variant], style.stretch(row.accuracy)
        ends = style.stretch([row.accuracy_low, row.accuracy_high])
        axes.plot([row.core_seconds] * 2, ends, color=look.colour, linewidth=2.2, alpha=0.4)
        axes.plot([row.core_seconds_low, row.core_seconds_high], [height] * 2, color=look.colour, linewidth=1)
        (mark,) = axes.plot(row.core_seconds, height, look.marker, color=look.colour)
        style.tip(
            mark,
            f"{row.variant}: {formats.percent(row.accuracy)} % "
            f"({formats.interval(row.accuracy_low, row.accuracy_high)}) for {row.core_seconds:,.0f} core-seconds",
        )
    axes.set_xscale("log")
    axes.set_xlim(frame["core_seconds_low"].min() / 1.35, frame["core_seconds_high"].max() * 1.35)
    style.quiet(axes)
    style.plain_log(axes.xaxis)
    style.accuracy_axis(axes.yaxis, frame["accuracy_low"].min(), frame["accuracy_high"].max())
    axes.set_xlabel("core-seconds")
    axes.set_ylabel("test accuracy")
    best_first = frame.sort_values("accuracy", ascending=False, kind="stable")["variant"]
    style.key(page, best_first, looks, 0.1)
    return page


def describe(frame: pd.DataFrame) -> str:
    """The most accurate of each size, and its cost."""
    best = frame.sort_values("accuracy", ascending=False, kind="stable").drop_duplicates("train_rows")
    parts = [
        f"with {r.train_rows:,} images {r.variant}, {formats.percent(r.accuracy)} % for {r.core_seconds:,.0f} core-seconds"
        for r in best.sort_values("train_rows").itertuples()
    ]
    return "The most accurate estimator of each size of the training set: " + "; ".join(parts) + "."


compute = Exhibit(
    name="compute",
    title="What accuracy costs, by size",
    group="study",
    lead="Core-seconds (seconds times threads) of search and final fit against test accuracy, at the size of the training "
    "set chosen above the figure. Thin lines are the range of the cost over the seeds, thick ones the 95 % interval of "
    "the accuracy. Costs of different sizes are not joined: more compute at the same size is another question.",
    frame=frame,
    empty="The run has one size of the training set; crossover run DATASET --study sizes has several.",
    columns={
        **VARIANT,
        "train_rows": COUNT.called("training images"),
        "core_seconds": decimal(2).called("core-seconds"),
        "core_seconds_low": decimal(2).called("least"),
        "core_seconds_high": decimal(2).called("most"),
        **ACCURACY,
    },
    draw=draw,
    describe=describe,
    by="train_rows",
    studies=("sizes",),
    timed=True,
)
