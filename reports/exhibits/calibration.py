"""Calibration: whether an estimator that is 90 % sure is right in 90 of 100 cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports.analysis.calibration import calibration as measured
from reports.analysis.intervals import wilson
from reports.drawing import formats, style
from reports.drawing.formats import COUNT, PERCENT, decimal
from reports.exhibits.exhibit import ACCURACY, VARIANT, Exhibit
from reports.leaderboard import scores
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TICKS = (0.5, 0.9, 0.99, 0.999, 0.9999)


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per estimator and bin of equal mass: images, mean confidence, accuracy and its 95 % interval.

    Each row repeats the estimator's log-loss, Brier score and expected calibration error, means over seeds, and below
    which error the last stays in 95 % of cases by chance alone. The bins hold the answers of all seeds; the interval
    counts each image once.
    """
    parts = []
    for row in scores(run, dataset).itertuples():
        found = measured(run, dataset, row.variant)
        bins = found.bins.copy()
        ends = [wilson(r.accuracy * r.images / row.seeds, r.images / row.seeds) for r in bins.itertuples()]
        bins["accuracy_low"], bins["accuracy_high"] = np.transpose(ends)
        for place, (name, value) in enumerate({
            "variant": row.variant, "family": row.family, "log_loss": row.log_loss, "brier": row.brier,
            "calibration_error": row.calibration_error,
            "by_chance": found.by_chance,
            "bin": np.arange(1, len(bins) + 1),
        }.items()):  # fmt: skip
            bins.insert(place, name, value)
        parts.append(bins)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


@style.styled
def draw(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """A panel per estimator: how often it is right against how sure it is, and the line on which the two agree."""
    names = list(dict.fromkeys(frame["variant"]))
    page, panels = style.axes_grid(len(names), 2, (1.75, 1.75), (0.7, 0.9), (0.75, 0.1, 0.45, 0.45))
    # What is closer to certainty than one error among twice the images of a bin cannot be told from it.
    least, most = min(frame["confidence"].min(), frame["accuracy"].min()), 1 - 0.5 / frame["images"].max()
    ends = style.stretch([least, most])
    room = 0.06 * (ends[1] - ends[0])
    shown = [tick for tick in TICKS if ends[0] - room <= style.stretch(tick) <= ends[1] + room]

    def place(share: pd.Series) -> pd.Series:
        return pd.Series(style.stretch(share.clip(upper=most)))

    for axes, name in zip(panels, names, strict=True):
        rows, look = frame[frame["variant"] == name], looks[name]
        x = place(rows["confidence"])
        axes.plot(ends, ends, color=style.MUTED, linewidth=1, zorder=1)
        axes.vlines(
            x, place(rows["accuracy_low"]), place(rows["accuracy_high"]), colors=look.colour, linewidth=2, alpha=0.4
        )
        axes.plot(x, place(rows["accuracy"]), look.marker, color=look.colour, markersize=4.5)
        style.quiet(axes)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_ticks(style.stretch(shown), [f"{100 * tick:.10g} %" for tick in shown])
        axes.set(xlim=(ends[0] - room, ends[1] + room), ylim=(ends[0] - room, ends[1] + room), xlabel="confidence")
        axes.set_title(f"{style.short(name, 20)}\nerror {formats.percent(rows['calibration_error'].iloc[0])} %", pad=5)
    for axes in panels[::2]:
        axes.set_ylabel("accuracy")
    return page


def describe(frame: pd.DataFrame) -> str:
    """Each estimator's calibration error in words."""
    parts = [
        f"{r.variant} {formats.percent(r.calibration_error)} %, log-loss {formats.number(r.log_loss, 4)}, "
        f"Brier score {formats.number(r.brier, 4)}"
        for r in frame.drop_duplicates("variant").itertuples()
    ]
    return "Reliability diagrams. Expected calibration error: " + "; ".join(parts) + "."


calibration = Exhibit(
    name="calibration",
    title="Is their confidence justified?",
    group="errors",
    lead="Each mark is a fifteenth of the answers, from the least to the most confident: how confident the model was "
    "against how often it was right, with its 95 % interval, on axes stretched towards 100 %. Below the line a model "
    "is overconfident, above it underconfident. The expected calibration error is the mean distance from the line. "
    "Chance alone gives even a perfectly calibrated model some (in the numbers: by chance).",
    frame=frame,
    empty="No estimator has been evaluated yet.",
    columns={
        **VARIANT,
        "log_loss": decimal(4),
        "brier": decimal(4),
        "calibration_error": PERCENT,
        "by_chance": PERCENT,
        "bin": COUNT,
        "images": COUNT,
        "confidence": PERCENT,
        **ACCURACY,
    },
    draw=draw,
    describe=describe,
)
