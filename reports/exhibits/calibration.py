"""Calibration: whether an estimator that is 90 % sure is right in 90 of 100 cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports.analysis import statistics
from reports.drawing import formats, style
from reports.exhibits.exhibit import Exhibit, scores
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
    return run.once(("calibration", dataset), lambda: _frame(run, dataset)).copy()


def _frame(run: Run, dataset: str) -> pd.DataFrame:
    parts = []
    for row in scores(run, dataset).itertuples():
        seeds = run.evaluated(dataset, row.variant)
        sure = np.stack([run.predictions(dataset, row.variant, seed).max(1) for seed in seeds])
        right = run.correct(dataset, row.variant)
        bins = statistics.reliability(sure.ravel(), right.ravel())
        ends = [statistics.wilson(r.accuracy * r.images / len(seeds), r.images / len(seeds)) for r in bins.itertuples()]
        bins["accuracy_low"], bins["accuracy_high"] = np.transpose(ends)
        for place, (name, value) in enumerate({
            "variant": row.variant, "family": row.family, "log_loss": row.log_loss, "brier": row.brier,
            "calibration_error": row.calibration_error,
            "by_chance": statistics.calibration_error_by_chance(statistics.reliability(sure[0], right[0])),
            "bin": np.arange(1, len(bins) + 1),
        }.items()):  # fmt: skip
            bins.insert(place, name, value)
        parts.append(bins)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


@style.styled
def draw(frame: pd.DataFrame) -> Figure:
    """A panel per estimator: how often it is right against how sure it is, and the line on which the two agree."""
    names = list(dict.fromkeys(frame["variant"]))
    page, panels = style.axes_grid(len(names), 2, (1.75, 1.75), (0.7, 0.9), (0.75, 0.1, 0.45, 0.45))
    looks = style.looks(frame)
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
    "calibration", "Do they know how sure they may be?", "errors",
    "Each mark is a fifteenth of the answers, from the least sure to the surest: how sure the model was against how often "
    "it was right, with its 95 % interval, on axes stretched towards 100 %. Below the line a model is too sure of itself, "
    "above it too modest. The expected calibration error is the mean distance from the line; by chance alone, even a model "
    "that is exactly as sure as it may be has some (numbers: by chance).",
    frame, "No estimator has been evaluated yet.", draw, describe,
)  # fmt: skip
