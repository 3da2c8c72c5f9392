"""Accuracy against the number of training images, or against the budget."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports.analysis.intervals import accuracy_interval
from reports.analysis.learning_curve import curve, power_law, wrong
from reports.analysis.resources import BUDGETS, SIZES, Resource, resource_of
from reports.drawing import formats, style
from reports.drawing.formats import COUNT, PERCENT, PLAIN, decimal
from reports.exhibits.exhibit import ACCURACY, VARIANT, Exhibit
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FINE = 40  # points of a fitted law


def frame(run: Run, dataset: str, resource: Resource) -> pd.DataFrame:
    """One row per estimator and level: accuracy with its interval."""
    rows = []
    for (name, amount), missed in wrong(run, dataset, resource).items():
        low, high = accuracy_interval(~missed)
        row = {
            "variant": name, "family": run.families[name], resource.column: amount, "seeds": len(missed),
            "accuracy": float(1 - missed.mean()), "accuracy_low": low, "accuracy_high": high,
        }  # fmt: skip
        rows.append(row)
    return pd.DataFrame(rows)


def with_laws(run: Run, dataset: str) -> pd.DataFrame:
    """One row per estimator and size: accuracy with its interval, and the law fitted to the estimator's errors.

    ``exponent`` and ``floor_accuracy`` are b and 1 - c of ``error = a · n**-b + c``.
    """
    table, parts = frame(run, dataset, SIZES), []
    for name, rows in table.groupby("variant", sort=False) if len(table) else ():
        if len(rows) > 1:
            law = power_law(*curve(run, dataset, str(name)))
            rows = rows.assign(
                fitted_accuracy=1 - law(rows[SIZES.column]),
                factor=law.drop,
                exponent=law.fall.exponent,
                floor_accuracy=1 - law.floor,
            )
        parts.append(rows)
    return pd.concat(parts, ignore_index=True) if parts else table


@style.styled
def draw(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """A line with its band per estimator over a logarithmic axis; the fitted laws, if any, are thin and dashed."""
    page, (axes,) = style.axes_grid(1, 1, (3.75, 2.9), (0, 0), (0.72, 0.2, style.key_height(frame), 0.5))
    resource = resource_of(frame)
    column, amounts = resource.column, sorted(frame[resource.column].unique())
    for name, rows in frame.groupby("variant", sort=False):
        look = looks[name]
        band = [style.stretch(rows[c]) for c in ("accuracy_low", "accuracy_high")]
        axes.fill_between(rows[column], *band, color=look.colour, alpha=0.14, linewidth=0)
        axes.plot(rows[column], style.stretch(rows["accuracy"]), look.marker, color=look.colour, markersize=5)
        axes.plot(rows[column], style.stretch(rows["accuracy"]), color=look.colour, linewidth=0.8, alpha=0.5)
        if "factor" in rows and rows["factor"].notna().all():
            n = np.geomspace(rows[column].min(), rows[column].max(), FINE)
            law = rows.iloc[0]
            error = law["factor"] * n ** -law["exponent"] + 1 - law["floor_accuracy"]
            axes.plot(n, style.stretch(1 - error), color=look.colour, linewidth=1.2, linestyle=(0, (4, 2)))
    axes.set_xscale("log")
    axes.set_xlim(amounts[0] / 1.15, amounts[-1] * 1.15)
    style.quiet(axes)
    style.plain_log(axes.xaxis)
    style.accuracy_axis(axes.yaxis, frame["accuracy_low"].min(), frame["accuracy_high"].max())
    axes.set_xlabel(resource.study.axis)
    axes.set_ylabel("test accuracy")
    best_first = frame.sort_values("accuracy", ascending=False, kind="stable")["variant"]
    style.key(page, best_first, looks, 0.1)
    return page


def describe(frame: pd.DataFrame) -> str:
    """The ends of each curve."""
    parts, resource = [], resource_of(frame)
    for name, rows in frame.groupby("variant", sort=False):
        ends = [
            f"{formats.percent(r.accuracy)} % with {resource.told(getattr(r, resource.column), words=True)}"
            for r in rows.iloc[[0, -1]].itertuples()
        ]
        parts.append(f"{name} from {ends[0]} to {ends[1]}")
    return f"Test accuracy against {resource.study.axis}. " + "; ".join(parts) + "."


SCORES = {"seeds": COUNT, **ACCURACY}

learning = Exhibit(
    name="learning",
    title="Accuracy by number of training images",
    group="study",
    lead="Each estimator, searched with the same budget and tested at each size of the training set. The subsets are "
    "nested and the same for all. Bands are 95 % intervals over seeds and test images. Dashed: a power law with a floor, "
    "error = a·n^−b + c, fitted to each.",
    frame=with_laws,
    empty="The run has one size of the training set; crossover run DATASET --study sizes has several.",
    columns={
        **VARIANT,
        SIZES.column: PLAIN.called(SIZES.study.axis),
        **SCORES,
        "fitted_accuracy": PERCENT,
        "factor": decimal(4),
        "exponent": decimal(4),
        "floor_accuracy": PERCENT,
    },
    draw=draw,
    describe=describe,
    studies=(SIZES.name,),
)
learning_budgets = Exhibit(
    name="learning_budgets",
    title="Accuracy by budget",
    group="study",
    lead="Each estimator with less and with more time on the same training set; a budget pays for its search and its final fit. "
    "Bands are 95 % intervals over seeds and test images.",
    frame=partial(frame, resource=BUDGETS),
    empty="The run has one budget; crossover run DATASET --study budgets has several.",
    columns={**VARIANT, BUDGETS.column: PLAIN.called(BUDGETS.study.axis), **SCORES},
    draw=draw,
    describe=describe,
    studies=(BUDGETS.name,),
)
