"""Paired differences: every pair of estimators on the same test images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from reports.analysis.comparison import compared
from reports.drawing import formats, style
from reports.drawing.formats import P_VALUE, POINTS, TEXT, YES_NO
from reports.exhibits.exhibit import VARIANT, Exhibit
from reports.leaderboard import scores
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per pair, ``estimator`` being the more accurate one.

    Difference, interval, p value, whether it is a tie, and the smallest difference the test images would have shown.
    """
    pairs = compared(run, dataset, list(scores(run, dataset)["variant"]))
    table = pairs.rename(columns={"a": "variant", "b": "than"})
    table.insert(1, "family", table["variant"].map(run.families))
    return table


@style.styled
def draw(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """How far the leader is ahead of each of the others."""
    leader = frame["variant"].iloc[0]
    rows = frame[frame["variant"] == leader]
    page, (axes,) = style.axes_grid(1, 1, (2.9, 0.36 * len(rows) + 0.2), (0, 0), (1.65, 0.75, 0.1, 0.45))
    for y, row in enumerate(rows.itertuples()):
        look = looks[row.than]
        axes.plot([100 * row.low, 100 * row.high], [y, y], color=look.colour, linewidth=2.4, alpha=0.45)
        fill = style.SURFACE if row.tie else look.colour
        (mark,) = axes.plot(100 * row.difference, y, look.marker, color=look.colour, markerfacecolor=fill)
        style.tip(
            mark,
            f"{leader} against {row.than}: {formats.points(row.difference)} points ({formats.points(row.low)} to "
            f"{formats.points(row.high)}), p {formats.number(row.p_holm, 4)}, detectable {formats.points(row.detectable)}",
        )
        words = f"{formats.points(row.difference)}  {'tie' if row.tie else ''}"
        axes.annotate(words, (1.02, y), xycoords=("axes fraction", "data"), va="center", color=style.INK)
    axes.axvline(0, color=style.MUTED, linewidth=1)
    axes.set_yticks(range(len(rows)), [style.short(n, 22) for n in rows["than"]])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    style.quiet(axes, "x")
    axes.tick_params(axis="y", labelcolor=style.INK)
    axes.set_xlabel(f"points by which {style.short(leader, 22)} is ahead")
    return page


def describe(frame: pd.DataFrame) -> str:
    """The leader's lead over each of the others in words."""
    leader = frame["variant"].iloc[0]
    parts = [
        f"{r.than} by {formats.points(r.difference)} points ({formats.points(r.low)} to {formats.points(r.high)})"
        + (", within the uncertainty" if r.tie else "")
        for r in frame[frame["variant"] == leader].itertuples()
    ]
    return f"{leader} is ahead of " + "; ".join(parts) + "."


def note(frame: pd.DataFrame) -> str:
    """That each pair has a smallest difference of its own that could have been shown."""
    hopeless = int((frame["detectable"] >= 1).sum())
    rest = (
        ""
        if not hopeless
        else (
            f" For {hopeless} of {len(frame)} pairs seeds differ so much, or the images are so few, that no lead at all could "
            "have been found significant."
        )
    )
    return (
        "A tie is no proof of being equal. In the table, detectable is the lead that would have been found significant "
        f"between these two in four of five cases; it depends on how often they disagree.{rest}"
    )


differences = Exhibit(
    name="differences",
    title="Who is really ahead",
    group="result",
    lead="The lead over each of the others on the same images, with its paired 95 % interval. A hollow mark is a tie: "
    "the difference is not significant at 5 %. One seed: the exact McNemar test. Several: a test with the variances of "
    "seeds and images. Holm-corrected for the number of pairs.",
    frame=frame,
    empty="It takes two evaluated estimators to compare.",
    columns={
        **VARIANT,
        "than": TEXT.called("ahead of"),
        "difference": POINTS,
        "low": POINTS,
        "high": POINTS,
        "p": P_VALUE,
        "p_holm": P_VALUE.called("p (Holm)"),
        "tie": YES_NO,
        "detectable": POINTS,
    },
    draw=draw,
    describe=describe,
    note=note,
)
