"""Accuracy under each corruption of the test images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from reports.analysis.intervals import accuracy_interval
from reports.analysis.robustness import STUDY, levels
from reports.drawing import formats, style
from reports.drawing.formats import COUNT, POINTS, TEXT
from reports.exhibits.exhibit import ACCURACY, VARIANT, Exhibit
from reports.run import STANDARD, Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 5  # of the small multiples


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per corruption, severity and variant, the most harmful corruption first; severity 0 is told by ``change``."""
    rows = []
    for level in levels(run, dataset):
        at = run.at(level.condition)
        shown = at.rows(dataset)
        for name in at.scored(dataset):
            right, clean = at.correct(dataset, name), run.at(STANDARD).correct(dataset, name)
            low, high = accuracy_interval(right)
            row = {
                "corruption": level.corruption.name, "severity": level.severity, "variant": name,
                "family": run.families[name], "seeds": len(right), "images": len(shown),
                "accuracy": float(right.mean()), "accuracy_low": low, "accuracy_high": high,
                "change": float(right.mean() - clean[:, shown].mean()) if len(clean) else None,
                "resembles": level.corruption.resembles, "what": level.corruption.title,
            }  # fmt: skip
            rows.append(row)
    table = pd.DataFrame(rows)
    if table.empty:
        return table
    left = table.groupby("corruption")["accuracy"].transform("mean")
    return table.assign(left=left).sort_values(["left", "corruption", "severity"], kind="stable").drop(columns="left")


@style.styled
def draw(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """A small picture per corruption, the most harmful first: from the clean images on the left to the highest severity."""
    names = list(dict.fromkeys(frame["corruption"]))
    variants = list(dict.fromkeys(frame.sort_values("accuracy", ascending=False, kind="stable")["variant"]))
    columns = min(COLUMNS, len(names))
    several = frame.groupby("corruption")["severity"].nunique().max() > 1
    most = int(frame["severity"].max()) if several else 1
    page, all_axes = style.axes_grid(len(names), columns, (1.62, 1.05), (0.3, 0.5), (0.55, 0.2, 0.6, 0.35))
    for place, (name, axes) in enumerate(zip(names, all_axes, strict=True)):
        rows = frame[frame["corruption"] == name]
        for variant in variants:
            _line(axes, rows[rows["variant"] == variant], looks[variant], several)
        like = rows["resembles"].iloc[0]
        mark = " °" if like and not formats.absent(like) else ""
        last = [str(level) for level in range(1, most + 1)] if several else [f"severity {rows['severity'].iloc[0]}"]
        title = f"{style.short(str(name).replace('_', ' '), 20)}{mark}"
        style.small_picture(axes, title, ["clean", *last], place % columns == 0)
    style.key(page, variants, looks, 0.1)
    return page


def _line(axes: Axes, rows: pd.DataFrame, look: style.Look, several: bool) -> None:
    """One variant under one corruption, from its accuracy on the clean images."""
    if rows.empty:
        return
    first = rows.iloc[0]
    clean = first.accuracy if formats.absent(first.change) else first.accuracy - first.change
    x = [0, *(rows["severity"] if several else [1])]
    axes.plot(x, [clean, *rows["accuracy"]], color=look.colour, linewidth=1.1, alpha=0.6)
    for at, row in zip(x[1:], rows.itertuples(), strict=True):
        axes.plot([at, at], [row.accuracy_low, row.accuracy_high], color=look.colour, linewidth=2.2, alpha=0.35)
        (mark,) = axes.plot(at, row.accuracy, look.marker, color=look.colour, markersize=4.5)
        style.tip(
            mark,
            f"{row.variant}, {row.corruption} {row.severity}: {formats.percent(row.accuracy)} % "
            f"({formats.interval(row.accuracy_low, row.accuracy_high)}), {formats.points(row.change)} points",
        )


def describe(frame: pd.DataFrame) -> str:
    """The best and the worst variant under each corruption."""
    parts = []
    for name, rows in frame.groupby("corruption", sort=False):
        means = rows.groupby("variant", sort=False)["accuracy"].mean().sort_values()
        ends = dict.fromkeys([f"{v} {formats.percent(means[v], 1)} %" for v in (means.index[-1], means.index[0])])
        parts.append(f"{name}: {' to '.join(ends)}")
    return "Test accuracy under each corruption, the most harmful first. " + "; ".join(parts) + "."


corruption = Exhibit(
    name="corruption",
    title="Accuracy under corruption",
    group="study",
    lead="The same fits on corrupted test images, the most harmful corruption first; left in each picture is the accuracy on the "
    "same images without corruption. Bars are 95 % intervals. ° resembles a change of the training augmentation.",
    frame=frame,
    empty="No corruption has been evaluated yet.",
    columns={
        "corruption": TEXT,
        "severity": COUNT,
        **VARIANT,
        "seeds": COUNT,
        "images": COUNT,
        **ACCURACY,
        "change": POINTS,
        "resembles": TEXT,
        "what": TEXT,
    },
    draw=draw,
    describe=describe,
    studies=(STUDY,),
)
