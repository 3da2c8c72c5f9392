"""Accuracy against the number of training images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports.analysis.intervals import accuracy_interval
from reports.analysis.learning_curve import curve, power_law, wrong
from reports.drawing import formats, style
from reports.drawing.formats import COUNT, PERCENT, decimal
from reports.exhibits.exhibit import ACCURACY, VARIANT, Exhibit
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FINE = 40  # points of a fitted law


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per estimator and size: accuracy with its interval, and the law fitted to the estimator's errors.

    ``exponent`` and ``floor_accuracy`` are b and 1 - c of ``error = a · n**-b + c``.
    """
    rows = []
    for name in run.variants:
        sizes, errors = curve(run, dataset, name)
        law = power_law(sizes, errors) if len(sizes) > 1 else None
        for n in sizes.tolist():
            right = ~wrong(run, dataset)[name, n]
            low, high = accuracy_interval(right)
            row = {
                "variant": name, "family": run.families[name], "train_rows": n, "seeds": len(right),
                "accuracy": float(right.mean()), "accuracy_low": low, "accuracy_high": high,
            }  # fmt: skip
            if law is not None:
                fitted = {"fitted_accuracy": 1 - float(law(n)[0]), "factor": law.drop}
                row |= fitted | {"exponent": law.fall.exponent, "floor_accuracy": 1 - law.floor}
            rows.append(row)
    return pd.DataFrame(rows)


@style.styled
def draw(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """A line with its band per estimator over a logarithmic axis of rows; the fitted laws are thin and dashed."""
    page, (axes,) = style.axes_grid(1, 1, (3.75, 2.9), (0, 0), (0.72, 0.2, style.key_height(frame), 0.5))
    sizes = sorted(frame["train_rows"].unique())
    for name, rows in frame.groupby("variant", sort=False):
        look = looks[name]
        band = [style.stretch(rows[c]) for c in ("accuracy_low", "accuracy_high")]
        axes.fill_between(rows["train_rows"], *band, color=look.colour, alpha=0.14, linewidth=0)
        axes.plot(rows["train_rows"], style.stretch(rows["accuracy"]), look.marker, color=look.colour, markersize=5)
        axes.plot(rows["train_rows"], style.stretch(rows["accuracy"]), color=look.colour, linewidth=0.8, alpha=0.5)
        if "factor" in rows and rows["factor"].notna().all():
            n = np.geomspace(rows["train_rows"].min(), rows["train_rows"].max(), FINE)
            law = rows.iloc[0]
            error = law["factor"] * n ** -law["exponent"] + 1 - law["floor_accuracy"]
            axes.plot(n, style.stretch(1 - error), color=look.colour, linewidth=1.2, linestyle=(0, (4, 2)))
    axes.set_xscale("log")
    axes.set_xlim(sizes[0] / 1.15, sizes[-1] * 1.15)
    style.quiet(axes)
    style.plain_log(axes.xaxis)
    style.accuracy_axis(axes.yaxis, frame["accuracy_low"].min(), frame["accuracy_high"].max())
    axes.set_xlabel("training images")
    axes.set_ylabel("test accuracy")
    best_first = frame.sort_values("accuracy", ascending=False, kind="stable")["variant"]
    style.key(page, best_first, looks, 0.1)
    return page


def describe(frame: pd.DataFrame) -> str:
    """The ends of each curve."""
    parts = []
    for name, rows in frame.groupby("variant", sort=False):
        ends = [
            f"{formats.percent(r.accuracy)} % with {r.train_rows:,} training images"
            for r in rows.iloc[[0, -1]].itertuples()
        ]
        parts.append(f"{name} from {ends[0]} to {ends[1]}")
    return "Test accuracy against the number of training images. " + "; ".join(parts) + "."


learning = Exhibit(
    name="learning",
    title="Accuracy by number of training images",
    group="study",
    lead="Each estimator, searched with the same budget and tested at each size of the training set. The subsets are "
    "nested and the same for all. Bands are 95 % intervals over seeds and test images. Dashed: a power law with a floor, "
    "error = a·n^−b + c, fitted to each.",
    frame=frame,
    empty="The run has one size of the training set; crossover run DATASET --study sizes has several.",
    columns={
        **VARIANT,
        "train_rows": COUNT.called("training images"),
        "seeds": COUNT,
        **ACCURACY,
        "fitted_accuracy": PERCENT,
        "factor": decimal(4),
        "exponent": decimal(4),
        "floor_accuracy": PERCENT,
    },
    draw=draw,
    describe=describe,
    studies=("sizes",),
)
