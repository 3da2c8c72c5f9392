"""What tuning bought: the setting that the search ended with against the base setting, on the test part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from benchmarks.studies import Condition
from benchmarks.studies.tuning import DEFAULT
from reports.analysis.effort import efforts
from reports.analysis.intervals import difference_interval
from reports.drawing import formats, style
from reports.drawing.formats import COUNT, PERCENT, POINTS, TEXT
from reports.exhibits.exhibit import VARIANT, Exhibit
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BASE = Condition("tuning", DEFAULT)


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per variant, the largest gain first: test accuracies of base and winner, and the paired difference."""
    if BASE not in run.conditions:
        return pd.DataFrame()
    base, settings, rows = run.at(BASE), efforts(run, dataset), []
    for name in run.scored(dataset):
        shared = [seed for seed in run.evaluated(dataset, name) if seed in base.evaluated(dataset, name)]
        if not shared:
            continue
        before, after = (
            there.correct(dataset, name)[[there.evaluated(dataset, name).index(seed) for seed in shared]].astype("int8")
            for there in (base, run)
        )
        low, high = difference_interval(after - before)
        rows.append(
            {
                "variant": name, "family": run.families[name], "setting": settings[name].setting or None,
                "seeds": len(shared), "base_accuracy": float(before.mean()), "winner_accuracy": float(after.mean()),
                "difference": float((after - before).mean()), "low": low, "high": high,
            }
        )  # fmt: skip
    table = pd.DataFrame(rows)
    return table.sort_values("difference", ascending=False, kind="stable") if rows else table


@style.styled
def draw(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """A line from the accuracy of the base setting, hollow, to that of the winner; the gain beside it."""
    page, (axes,) = style.axes_grid(1, 1, (5.6, 0.36 * len(frame) + 0.2), (0, 0), (1.5, 2.2, 0.1, 0.45))
    for y, row in enumerate(frame.itertuples()):
        look, ends = looks[row.variant], style.stretch([row.base_accuracy, row.winner_accuracy])
        axes.plot(ends, [y, y], color=look.colour, linewidth=2.4, alpha=0.45)
        axes.plot(ends[0], y, look.marker, color=look.colour, markerfacecolor=style.SURFACE)
        (mark,) = axes.plot(ends[1], y, look.marker, color=look.colour)
        style.tip(mark, _told(row))
        words = f"{formats.points(row.difference)}  ({formats.points(row.low)} to {formats.points(row.high)})"
        axes.annotate(words, (1.02, y), xycoords=("axes fraction", "data"), va="center", color=style.INK)
    axes.set_yticks(range(len(frame)), [style.short(n, 22) for n in frame["variant"]])
    axes.set_ylim(len(frame) - 0.5, -0.5)
    style.quiet(axes, "x")
    axes.tick_params(axis="y", labelcolor=style.INK)
    both = frame[["base_accuracy", "winner_accuracy"]]
    style.accuracy_axis(axes.xaxis, both.min().min(), both.max().max())
    axes.set_xlabel("test accuracy")
    return page


def _told(row) -> str:
    return (
        f"{row.variant}: base setting {formats.percent(row.base_accuracy)} %, winner {formats.percent(row.winner_accuracy)} %, "
        f"{formats.points(row.difference)} points ({formats.points(row.low)} to {formats.points(row.high)})"
    )


def describe(frame: pd.DataFrame) -> str:
    """Every gain in words."""
    return f"Test accuracy of the base setting and of the search's winner. {'; '.join(map(_told, frame.itertuples()))}."


gain = Exhibit(
    name="gain",
    title="What tuning bought",
    group="tuning",
    lead="From the base setting (hollow), fitted with the same budget and no search, to the setting that the search ended with: "
    "accuracy on the same test images, and the difference in points with its paired 95 % interval. The test part was not used "
    "for choosing: the search had decided before it was opened.",
    frame=frame,
    empty="No variant has been evaluated with its base setting; crossover run DATASET --study tuning does so.",
    columns={
        **VARIANT,
        "setting": TEXT,
        "seeds": COUNT,
        "base_accuracy": PERCENT,
        "winner_accuracy": PERCENT,
        "difference": POINTS,
        "low": POINTS,
        "high": POINTS,
    },
    draw=draw,
    describe=describe,
    studies=("tuning",),
)
