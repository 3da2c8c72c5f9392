"""Learning curves: loss and accuracy by epoch, or by boosting round."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from reports.drawing import formats, style
from reports.drawing.formats import COUNT, TEXT, decimal
from reports.exhibits.exhibit import VARIANT, Exhibit, of
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KINDS = {"loss": "loss", "acc": "accuracy"}
SOURCES = {"best trial": "-", "final fit": (0, (2, 1.5))}


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per curve and step: the winning trial and the final fit of each estimator's first seed.

    ``measure`` is "loss" or "accuracy", ``on`` "training" or "validation", ``step`` the epoch or round from 1.
    """
    trials, searches, fits = (of(table, dataset) for table in (run.trials, run.searches, run.fits))
    parts: list[pd.DataFrame] = []
    for name in run.variants:
        winner = searches[searches["variant"] == name].sort_values("seed").head(1)
        for search in winner.itertuples():
            same = (trials["variant"] == name) & (trials["seed"] == search.seed)
            won = trials[same & (trials["number"] == search.winner)]
            parts += [_curves(row, "best trial") for row in won.to_dict("records")]
        last = fits[(fits["variant"] == name) & (fits["status"] == "ok")].sort_values("seed").head(1)
        parts += [_curves(row, "final fit") for row in last.to_dict("records")]
    parts = [part for part in parts if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _curves(row: dict[str, Any], source: str) -> pd.DataFrame:
    parts = []
    for metric, values in (row.get("history") or {}).items():
        measure = next((kind for part, kind in KINDS.items() if part in metric), None)
        if measure is None or not isinstance(values, list) or len(values) < 2:
            continue
        parts.append(
            pd.DataFrame(
                {
                    "variant": row["variant"], "family": row["family"], "source": source, "measure": measure,
                    "on": "validation" if metric.startswith("val") else "training", "metric": metric,
                    "step": np.arange(1, len(values) + 1), "value": pd.to_numeric(pd.Series(values), errors="coerce"),
                }
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


@style.styled
def draw(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """A column per estimator, accuracy above loss; validation is strong, training pale, the final fit dashed."""
    from matplotlib.lines import Line2D

    names = list(dict.fromkeys(frame["variant"]))
    columns, measures = min(4, len(names)), [m for m in ("loss", "accuracy") if (frame["measure"] == m).any()]
    bands = [names[i : i + columns] for i in range(0, len(names), columns)]
    panels = [(name, m) for band in bands for m in measures for name in band + [""] * (columns - len(band))]
    width = min(3.2, (style.WIDE - 0.7) / columns - 0.6)
    page, grid = style.axes_grid(len(panels), columns, (width, 1.6), (0.6, 0.75), (0.6, 0.1, 0.62, 0.42))
    for axes, (name, measure) in zip(grid, panels, strict=True):
        rows = frame[(frame["variant"] == name) & (frame["measure"] == measure)]
        if rows.empty:
            axes.axis("off")
            continue
        for (source, on, _), curve in rows.groupby(["source", "on", "metric"], sort=False):
            colour = looks[name].colour
            axes.plot(
                curve["step"],
                curve["value"],
                linestyle=SOURCES[source],
                color=colour,
                alpha=1 if on == "validation" else 0.45,
                linewidth=1.8 if on == "validation" else 1.3,
            )
        values = rows["value"].dropna()
        style.quiet(axes)
        if measure == "loss" and len(values) and values.min() > 0:
            axes.set_yscale("log")
            axes.set_ylim(values.min() / 1.15, values.max() * 1.15)
            style.plain_log(axes.yaxis)
        if measure == "accuracy" and len(values):
            # The first steps are always poor; the axis shows where the curves end up.
            bottom = max(values.min(), min(1 - 6 * (1 - values.median()), values.quantile(0.1)))
            margin = 0.05 * max(1 - bottom, 0.02)  # Where all is right from the first step on there is no span.
            axes.set_ylim(bottom - margin, min(1.0, values.max()) + margin)
        from matplotlib.ticker import MaxNLocator

        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.set_xlabel("epoch" if (frame["family"][rows.index] == "deep").all() else "round")
        axes.set_title(f"{style.short(name, 16)}, {measure}", pad=6)
    kinds = [
        ("validation", 1.0, 1.8, "-"),
        ("training", 0.45, 1.3, "-"),
        ("final fit", 0.45, 1.3, SOURCES["final fit"]),
    ]
    handles = [Line2D([], [], color=style.MUTED, alpha=a, linewidth=w, linestyle=ls, label=n) for n, a, w, ls in kinds]
    style.legend(page, handles, 0.5)
    return page


def describe(frame: pd.DataFrame) -> str:
    """Where each validation curve is best."""
    parts = []
    for (name, metric), rows in frame[frame["on"] == "validation"].groupby(["variant", "metric"], sort=False):
        best = rows["value"].idxmax() if rows["measure"].iloc[0] == "accuracy" else rows["value"].idxmin()
        if best == best:
            parts.append(f"{name} {metric} {formats.number(rows['value'][best], 4)} at step {rows['step'][best]}")
    return "Learning curves. Best on validation rows: " + ("; ".join(parts) or "not recorded") + "."


curves = Exhibit(
    name="curves",
    title="Learning curves",
    group="tuning",
    lead="By epoch for networks, by boosting round for trees. Solid: the winning trial, on validation and training "
    "images. Dashed: the final fit on all training images, which has no validation images.",
    frame=frame,
    empty="No estimator that learns step by step has recorded its steps.",
    columns={
        **VARIANT,
        "source": TEXT,
        "measure": TEXT,
        "on": TEXT,
        "metric": TEXT,
        "step": COUNT,
        "value": decimal(4),
    },
    draw=draw,
    describe=describe,
)
