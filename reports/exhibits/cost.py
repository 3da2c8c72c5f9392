"""Accuracy against cost: five prices with their ranges, and the models that nothing else beats at their price."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from reports.analysis.costs import costs, front
from reports.drawing import formats, style
from reports.drawing.formats import TEXT, decimal
from reports.exhibits.exhibit import ACCURACY, VARIANT, Exhibit
from reports.leaderboard import scores
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per cost and variant: value with its range, accuracy, and the place on the front, as `front` tells it."""
    board = scores(run, dataset).set_index("variant")
    parts = []
    for name, own in costs(run, dataset).items():
        places = front(own, board["accuracy"].to_dict())
        rows = [
            {
                "variant": variant, "family": board.loc[variant, "family"], "cost": name, "value": cost.value,
                "low": cost.low, "high": cost.high, **board.loc[variant, [*ACCURACY]], "front": places[variant],
            }
            for variant, cost in own.items()
        ]  # fmt: skip
        parts.append(
            pd.DataFrame(rows).sort_values(["value", "accuracy"], ascending=[True, False], kind="stable")
            if rows
            else pd.DataFrame()
        )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


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
        line = rows[rows["front"] != "off"]
        line = line[line["accuracy"].cummax() <= line["accuracy"]]
        axes.set_xscale("log")
        low, high = rows["low"].min(), rows["high"].max()
        margin = max(1.35, (high / low) ** 0.06)
        axes.set_xlim(low / margin, high * margin)
        axes.plot(
            [*line["value"], high * margin],
            style.stretch([*line["accuracy"], line["accuracy"].iloc[-1]]),
            drawstyle="steps-post",
            color=style.MUTED,
            linewidth=1,
            zorder=1,
        )
        for row in rows.itertuples():
            look = looks[row.variant]
            ends = style.stretch([row.accuracy_low, row.accuracy_high])
            axes.plot([row.value] * 2, ends, color=look.colour, linewidth=2.2, alpha=0.4)
            axes.plot([row.low, row.high], [style.stretch(row.accuracy)] * 2, color=look.colour, linewidth=1)
            fill = style.SURFACE if row.front == "open" else look.colour
            (mark,) = axes.plot(
                row.value, style.stretch(row.accuracy), look.marker, color=look.colour, markerfacecolor=fill
            )
            style.tip(
                mark,
                f"{row.variant}: {formats.percent(row.accuracy)} % "
                f"({formats.interval(row.accuracy_low, row.accuracy_high)}), {cost}: {formats.number(row.value)} "
                f"({formats.number(row.low)} to {formats.number(row.high)}), front: {row.front}",
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
    for cost, rows in frame[frame["front"] == "on"].groupby("cost", sort=False):
        names = ", ".join(f"{r.variant} ({formats.number(r.value)})" for r in rows.itertuples())
        parts.append(f"{cost}: {names}")
    return "Test accuracy against cost. Clearly no cheaper model is as accurate as these: " + "; ".join(parts) + "."


cost = Exhibit(
    name="cost",
    title="Accuracy against cost",
    group="result",
    lead="Up is better, left is cheaper. Both axes are logarithmic, in errors and in cost. The line is the front: "
    "nothing below it or to its right is worth its price. The thin line through a mark is the range of its cost: over the "
    "seeds, or, with one seed, ±20 % of a time and the median to the 95th percentile of a latency. A hollow mark has no "
    "place on the front or off it, since its range overlaps that of a model at least as accurate.",
    frame=frame,
    empty="No estimator has been evaluated yet.",
    columns={
        **VARIANT,
        "cost": TEXT,
        "value": decimal(4),
        "low": decimal(4),
        "high": decimal(4),
        **ACCURACY,
        "front": TEXT,
    },
    draw=draw,
    describe=describe,
    by="cost",
    timed=True,
)
