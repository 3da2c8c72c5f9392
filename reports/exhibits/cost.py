"""Accuracy against cost: five prices, and the models nothing else beats at their price."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from reports.drawing import formats, style
from reports.drawing.formats import TEXT, YES_NO, decimal
from reports.exhibits.exhibit import ACCURACY, VARIANT, Exhibit
from reports.leaderboard import scores
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LATENCY = "one image, ms"
COSTS = {
    "search and fit, s": lambda b: b["search_seconds"].fillna(0) + b["fit_seconds"],
    "search, s": lambda b: b["search_seconds"],
    "final fit, s": lambda b: b["fit_seconds"],
    LATENCY: lambda b: b["latency_ms"],
    "model, MB": lambda b: b["model_bytes"].astype(float) / 1e6,
}


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per cost and variant: value, accuracy, and whether no cheaper one is as accurate (``on_front``).

    Of the time for one image, ``value`` is the median and ``p95`` the 95th percentile.
    """
    board = scores(run, dataset)
    parts = []
    for cost, value in COSTS.items():
        part = board[["variant", "family", "accuracy", "accuracy_low", "accuracy_high"]].copy()
        part.insert(2, "cost", cost)
        part.insert(3, "value", value(board).astype(float))
        part.insert(4, "p95", board["latency_p95_ms"] if cost == LATENCY else float("nan"))
        part = part[part["value"] > 0].sort_values(["value", "accuracy"], ascending=[True, False], kind="stable")
        before = part["accuracy"].cummax().shift(fill_value=-1.0)
        parts.append(part.assign(on_front=part["accuracy"] > before))
    return pd.concat(parts, ignore_index=True)


@style.styled
def draw(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """A panel per cost; a step line joins the models on the front."""
    costs = list(dict.fromkeys(frame["cost"]))
    page, panels = style.axes_grid(
        len(costs),
        2,
        (6.4, 2.9) if len(costs) == 1 else (4.35, 2.1),
        (0.75, 0.7),
        (0.65, 0.2, 0.3 + 0.2 * -(-frame["variant"].nunique() // 4), 0.45),
    )
    for axes, cost in zip(panels, costs, strict=True):
        rows = frame[frame["cost"] == cost]
        front = rows[rows["on_front"]]
        axes.set_xscale("log")
        low, high = rows["value"].min(), rows[["value", "p95"]].max(axis=None)
        margin = max(1.35, (high / low) ** 0.06)
        axes.set_xlim(low / margin, high * margin)
        axes.plot(
            [*front["value"], high * margin],
            style.stretch([*front["accuracy"], front["accuracy"].iloc[-1]]),
            drawstyle="steps-post",
            color=style.MUTED,
            linewidth=1,
            zorder=1,
        )
        for row in rows.itertuples():
            look = looks[row.variant]
            ends = style.stretch([row.accuracy_low, row.accuracy_high])
            axes.plot([row.value] * 2, ends, color=look.colour, linewidth=2.2, alpha=0.4)
            if row.p95 > row.value:
                axes.plot([row.value, row.p95], [style.stretch(row.accuracy)] * 2, color=look.colour, linewidth=1)
            (mark,) = axes.plot(row.value, style.stretch(row.accuracy), look.marker, color=look.colour)
            beyond = f" (95 % of calls take up to {formats.number(row.p95)})" if row.p95 == row.p95 else ""
            style.tip(
                mark,
                f"{row.variant}: {formats.percent(row.accuracy)} % "
                f"({formats.interval(row.accuracy_low, row.accuracy_high)}), "
                f"{cost}: {formats.number(row.value)}{beyond}" + (", on the front" if row.on_front else ""),
            )
        style.quiet(axes)
        style.accuracy_axis(axes.yaxis, frame["accuracy_low"].min(), frame["accuracy_high"].max())
        style.plain_log(axes.xaxis)
        axes.set_xlabel(cost)
    style.key(page, frame.sort_values("accuracy", ascending=False, kind="stable")["variant"], looks, 0.6)
    return page


def describe(frame: pd.DataFrame) -> str:
    """Which models are on the front, for each cost."""
    parts = []
    for cost, rows in frame[frame["on_front"]].groupby("cost", sort=False):
        names = ", ".join(f"{r.variant} ({formats.number(r.value)})" for r in rows.itertuples())
        parts.append(f"{cost}: {names}")
    return "Test accuracy against cost. No cheaper model is as accurate as these: " + "; ".join(parts) + "."


cost = Exhibit(
    name="cost",
    title="Accuracy against cost",
    group="result",
    lead="Up is better, left is cheaper. Both axes are logarithmic, in errors and in cost. The line is the front: "
    "nothing below it or to its right is worth its price. Choose the cost above the figure. One image: the mark is the "
    "median of many calls, the line beside it reaches to their 95th percentile.",
    frame=frame,
    empty="No estimator has been evaluated yet.",
    columns={**VARIANT, "cost": TEXT, "value": decimal(4), "p95": decimal(4), **ACCURACY, "on_front": YES_NO},
    draw=draw,
    describe=describe,
    by="cost",
    timed=True,
)
