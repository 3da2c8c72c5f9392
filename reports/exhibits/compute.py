"""Accuracy against compute: the best that a family reaches for so many core-seconds, at whatever training size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports.analysis.learning_curve import Crossover, overtaking
from reports.drawing import formats, style
from reports.exhibits.exhibit import Exhibit
from reports.exhibits.learning import mark, resampled
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def costs(run: Run, dataset: str) -> dict[tuple[str, int], float]:
    """(variant, number of training rows) -> core-seconds of its search and last fit, mean of the seeds."""
    curve = run.curve(dataset, "sizes")
    seconds = (curve["search_seconds"].fillna(0) + curve["fit_seconds"]) * curve["variant"].map(run.threads)
    means = seconds.groupby([curve["variant"], curve["value"].astype(int)]).mean()
    return {(str(name), int(size)): float(mean) for (name, size), mean in means.items()}


def crossing(run: Run, dataset: str) -> Crossover | None:
    """The core-seconds from which on the best network so far is ahead; None without both families and two sizes."""
    errors = resampled(run, dataset)
    if not errors or not {"classical", "deep"} <= {run.families[name] for name, _ in errors}:
        return None
    price = costs(run, dataset)
    order = sorted(errors, key=lambda key: price[key])
    sides = [
        np.stack(
            [e if run.families[k[0]] == side else np.full_like(e, np.inf) for k in order for e in [errors[k]]], axis=1
        )
        for side in ("classical", "deep")
    ]
    return overtaking(np.array([price[key] for key in order]), *sides)


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per estimator and size, cheapest first: core-seconds, accuracy, and the best of its family so far."""
    errors, rows = resampled(run, dataset), []
    price = costs(run, dataset) if errors else {}
    best: dict[str, float] = {}
    for name, size in sorted(errors, key=lambda key: price[key]):
        family, accuracy = run.families[name], 1 - float(errors[name, size][0])
        best[family] = max(best.get(family, 0.0), accuracy)
        rows.append(
            {
                "variant": name, "family": family, "train_rows": size, "core_seconds": price[name, size],
                "accuracy": accuracy, "best_of_family": 100 * best[family],
            }
        )  # fmt: skip
    table = pd.DataFrame(rows)
    if len(table) and (found := crossing(run, dataset)):
        named = {"rows": found.at, "low": found.low, "high": found.high, "share": found.share}
        table = table.assign(**{f"crossover_{key}": value for key, value in named.items()})
        table = table.rename(columns={"crossover_rows": "crossover_core_seconds"})
    return table


@style.styled
def draw(frame: pd.DataFrame) -> Figure:
    """A point per estimator and size, and a step line per family: the best so far."""
    page, (axes,) = style.axes_grid(1, 1, (3.75, 2.9), (0, 0), (0.72, 0.2, style.key_height(frame), 0.5))
    looks = style.looks(frame)
    first, last = frame["core_seconds"].min(), frame["core_seconds"].max()
    mark(axes, frame.rename(columns={"crossover_core_seconds": "crossover_rows"}), first, last)
    for family, rows in frame.groupby("family", sort=False):
        seconds, best = [*rows["core_seconds"], last * 1.2], [*rows["best_of_family"], rows["best_of_family"].max()]
        colour = style.FAMILY.get(str(family), style.FAMILY[""])
        axes.step(seconds, style.stretch(np.array(best) / 100), where="post", color=colour, linewidth=1.8)
    for row in frame.itertuples():
        look = looks[row.variant]
        axes.plot(
            row.core_seconds, style.stretch(row.accuracy), look.marker, color=look.colour, markersize=5, alpha=0.75
        )
    axes.set_xscale("log")
    axes.set_xlim(first / 1.2, last * 1.2)
    style.quiet(axes)
    style.plain_log(axes.xaxis)
    style.accuracy_axis(axes.yaxis, frame["accuracy"].min(), frame["accuracy"].max())
    axes.set_xlabel("core-seconds of search and last fit")
    axes.set_ylabel("test accuracy")
    style.key(page, frame.sort_values("accuracy", ascending=False, kind="stable"), 0.1)
    return page


def describe(frame: pd.DataFrame) -> str:
    """The best of each family and its cost."""
    parts = []
    for family, rows in frame.groupby("family", sort=False):
        best = rows.loc[rows["accuracy"].idxmax()]
        parts.append(
            f"{family}: {best['variant']} {formats.percent(best['accuracy'])} % for {best['core_seconds']:,.0f} core-seconds"
        )
    return "Best test accuracy against compute. " + "; ".join(parts) + "."


compute = Exhibit(
    "compute", "How much compute before deep learning pays?", "study",
    "Each point is an estimator at one size of the training set: the core-seconds (seconds times threads) of its search and last "
    "fit, and its test accuracy. The steps are the best of each family that so much compute buys, at whatever size. The grey "
    "line is where the networks' steps pass the classical ones for good.",
    frame, "The run has one size of the training set; crossover run DATASET --study crossover has several.", draw, describe,
)  # fmt: skip
