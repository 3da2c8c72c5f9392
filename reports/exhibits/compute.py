"""Accuracy against compute: the best that a family reaches for so many core-seconds, at whatever training size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from reports.analysis.crossover import core_seconds, crossover_in_compute
from reports.analysis.learning_curve import resampled
from reports.drawing import formats, style
from reports.drawing.formats import COUNT, PERCENT, decimal
from reports.exhibits.exhibit import VARIANT, Exhibit
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per estimator and size, cheapest first: core-seconds, accuracy, and the best of its family so far."""
    errors, rows = resampled(run, dataset), []
    price = core_seconds(run, dataset) if errors else {}
    best: dict[str, float] = {}
    for name, size in sorted(errors, key=lambda key: price[key]):
        family, accuracy = run.families[name], 1 - float(errors[name, size][0])
        best[family] = max(best.get(family, 0.0), accuracy)
        rows.append(
            {
                "variant": name, "family": family, "train_rows": size, "core_seconds": price[name, size],
                "accuracy": accuracy, "best_of_family": best[family],
            }
        )  # fmt: skip
    table = pd.DataFrame(rows)
    if len(table) and (found := crossover_in_compute(run, dataset)):
        named = {"core_seconds": found.at, "low": found.low, "high": found.high, "share": found.share}
        table = table.assign(**{f"crossover_{key}": value for key, value in named.items()})
    return table


@style.styled
def draw(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """A point per estimator and size, and a step line per family: the best so far."""
    page, (axes,) = style.axes_grid(1, 1, (3.75, 2.9), (0, 0), (0.72, 0.2, style.key_height(frame), 0.5))
    first, last = frame["core_seconds"].min(), frame["core_seconds"].max()
    if "crossover_core_seconds" in frame:
        place = frame[["crossover_core_seconds", "crossover_low", "crossover_high"]].iloc[0]
        style.mark_crossover(axes, list(place), (first, last))
    for family, rows in frame.groupby("family", sort=False):
        seconds, best = [*rows["core_seconds"], last * 1.2], [*rows["best_of_family"], rows["best_of_family"].max()]
        colour = style.FAMILY.get(str(family), style.FAMILY[""])
        axes.step(seconds, style.stretch(best), where="post", color=colour, linewidth=1.8)
    for row in frame.itertuples():
        look = looks[row.variant]
        axes.plot(
            row.core_seconds, style.stretch(row.accuracy), look.marker, color=look.colour, markersize=5, alpha=0.75
        )
    axes.set_xscale("log")
    axes.set_xlim(first / 1.2, last * 1.2)
    style.quiet(axes)
    style.plain_log(axes.xaxis)
    style.accuracy_axis(axes.yaxis, frame["accuracy"].min(), frame["accuracy"].max())
    axes.set_xlabel("core-seconds of search and last fit")
    axes.set_ylabel("test accuracy")
    best_first = frame.sort_values("accuracy", ascending=False, kind="stable")["variant"]
    style.key(page, best_first, looks, 0.1)
    return page


def describe(frame: pd.DataFrame) -> str:
    """The best of each family and its cost."""
    parts = []
    for family, rows in frame.groupby("family", sort=False):
        best = rows.loc[rows["accuracy"].idxmax()]
        parts.append(
            f"{family}: {best['variant']} {formats.percent(best['accuracy'])} % for {best['core_seconds']:,.0f} "
            "core-seconds"
        )
    return "Best test accuracy against compute. " + "; ".join(parts) + "."


compute = Exhibit(
    name="compute",
    title="How much compute before deep learning pays?",
    group="study",
    lead="Each point is an estimator at one size of the training set: the core-seconds (seconds times threads) of its "
    "search and final fit, and its test accuracy. The steps are the best of each family that so much compute buys, at "
    "whatever size. The grey line is where the networks' steps pass the classical ones for good.",
    frame=frame,
    empty="The run has one size of the training set; crossover run DATASET --study crossover has several.",
    columns={
        **VARIANT,
        "train_rows": COUNT.called("training images"),
        "core_seconds": decimal(2).called("core-seconds"),
        "accuracy": PERCENT,
        "best_of_family": PERCENT,
        "crossover_core_seconds": decimal(2).called("crossover, core-seconds"),
        "crossover_low": decimal(2),
        "crossover_high": decimal(2),
        "crossover_share": PERCENT,
    },
    draw=draw,
    describe=describe,
    studies=("sizes",),
    timed=True,
)
