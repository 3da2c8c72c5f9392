"""Accuracy against the number of training images, and where deep learning passes classical."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reports.analysis import statistics
from reports.analysis.learning_curve import Crossover, crossover, power_law, resample
from reports.drawing import formats, style
from reports.exhibits.exhibit import Exhibit
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FINE = 40  # points of a fitted law


def wrong(run: Run, dataset: str) -> dict[tuple[str, int], NDArray[np.bool_]]:
    """(estimator, number of training rows) -> which test images were labelled wrongly, (s, n), in the order of the suite."""

    def compute() -> dict[tuple[str, int], NDArray[np.bool_]]:
        levels = run.levels(dataset, "sizes")
        if len(levels) < 2:
            return {}
        return {
            (name, int(size)): ~run.at(condition).correct(dataset, name)
            for name in run.variants
            for condition, size in levels
            if run.at(condition).evaluated(dataset, name)
        }

    return run.once(("wrong", dataset), compute)


def resampled(run: Run, dataset: str) -> dict[tuple[str, int], NDArray[np.float64]]:
    """(estimator, number of training rows) -> its error and those of bootstrap resamples, (1 + r,)."""
    return run.once(("resampled", dataset), lambda: resample(w) if (w := wrong(run, dataset)) else {})


def crossing(run: Run, dataset: str) -> Crossover | None:
    """The number of training rows from which on the best network is ahead; None without both families and two sizes."""
    errors = resampled(run, dataset)
    best = []
    for family in ("classical", "deep"):
        mine = {key: e for key, e in errors.items() if run.families[key[0]] == family}
        best.append({n: np.min([e for (_, m), e in mine.items() if m == n], axis=0) for _, n in mine})
    sizes = sorted(set(best[0]) & set(best[1]))
    if len(sizes) < 2:
        return None
    return crossover(np.array(sizes), *(np.stack([side[n] for n in sizes], axis=1) for side in best))


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per estimator and size: accuracy with its interval, and the law fitted to the estimator's errors.

    ``exponent`` and ``floor_accuracy`` are b and 1 - c of ``error = a · n**-b + c``. The place of the crossover is in
    the columns ``crossover…``, the same in every row.
    """
    errors, rows = resampled(run, dataset), []
    for name in run.variants:
        sizes = [n for other, n in errors if other == name]
        law = power_law(np.array(sizes), np.array([[errors[name, n][0] for n in sizes]])) if len(sizes) > 1 else None
        for n in sizes:
            right = ~wrong(run, dataset)[name, n]
            low, high = statistics.accuracy_interval(right)
            row = {
                "variant": name, "family": run.families[name], "train_rows": n, "seeds": len(right),
                "accuracy": statistics.accuracy(right), "accuracy_low": low, "accuracy_high": high,
            }  # fmt: skip
            if law is not None:
                fitted = {"fitted_accuracy": 1 - float(law(n)[0, 0]), "factor": float(law.a[0])}
                row |= fitted | {"exponent": float(law.b[0]), "floor_accuracy": 1 - float(law.c[0])}
            rows.append(row)
    table = pd.DataFrame(rows)
    if len(table) and (found := crossing(run, dataset)):
        named = {"rows": found.at, "low": found.low, "high": found.high, "share": found.share}
        table = table.assign(**{f"crossover_{key}": value for key, value in named.items()})
    return table


@style.styled
def draw(frame: pd.DataFrame) -> Figure:
    """A line with its band per estimator over a logarithmic axis of rows; the fitted laws are thin and dashed."""
    page, (axes,) = style.axes_grid(1, 1, (3.75, 2.9), (0, 0), (0.72, 0.2, style.key_height(frame), 0.5))
    looks = style.looks(frame)
    sizes = sorted(frame["train_rows"].unique())
    mark(axes, frame, sizes[0], sizes[-1])
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
    style.key(page, frame.sort_values("accuracy", ascending=False, kind="stable"), 0.1)
    return page


def mark(axes: Axes, frame: pd.DataFrame, first: float, last: float) -> None:
    """The crossover of a frame as a vertical line with its interval as a band, both within the data."""
    if "crossover_rows" not in frame or not np.isfinite(frame["crossover_rows"].iloc[0]):
        return
    at, low, high = (float(frame[f"crossover_{part}"].iloc[0]) for part in ("rows", "low", "high"))
    axes.axvspan(max(low, first), min(high, last), color=style.MUTED, alpha=0.13, linewidth=0)
    axes.axvline(at, color=style.MUTED, linewidth=1, linestyle=(0, (1, 2)))
    right = np.log(at) < (np.log(first) + np.log(last)) / 2
    axes.annotate("deep passes classical", (at, 0.02), xycoords=("data", "axes fraction"), color=style.MUTED, fontsize=8.5,
                  xytext=(4 if right else -4, 0), textcoords="offset points", ha="left" if right else "right")  # fmt: skip


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
    "learning", "From how many images on does deep learning pay?", "study",
    "Each estimator, tuned at the same budget and tested at each size of the training set; the subsets are nested and the same "
    "for all. Bands are 95 % intervals over seeds and test images; dashed is a power law with a floor, error = a·n^−b + c, "
    "fitted to each. The grey line is where the best network passes the best classical model and stays ahead, with its 95 % "
    "interval as a grey band.",
    frame, "The run has one size of the training set; crossover run DATASET --study crossover has several.", draw, describe,
)  # fmt: skip
