"""Coverage against accuracy: how many images a model labels, and how well, if the unsure ones are left to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reports.analysis.intervals import wilson
from reports.drawing import formats, style
from reports.drawing.formats import COUNT, PERCENT
from reports.exhibits.exhibit import ACCURACY, VARIANT, Exhibit
from reports.leaderboard import scores
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEVELS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
SPOKEN = (0.5, 0.9, 0.99)  # those that the figure names
CLOSE = 22  # points between two marks that share a label


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per estimator and confidence: the share of the images of which it is at least so sure, and its accuracy on them.

    For the leader of the leaderboard and the best of the other family. The images are those of all seeds; the 95 %
    interval counts each once. `left` are the images that a person is left with, `missed` the errors that remain, both of one
    seed.
    """
    rows = []
    for row in _two(scores(run, dataset)).itertuples():
        seeds = run.evaluated(dataset, row.variant)
        confidence = np.stack([run.predictions(dataset, row.variant, seed).max(axis=1) for seed in seeds])
        correct = run.correct(dataset, row.variant)
        images = correct.shape[1]
        for level in LEVELS:
            kept = confidence >= level
            if not kept.any():
                continue
            accuracy, count = float(correct[kept].mean()), kept.sum() / len(seeds)
            low, high = wilson(accuracy * count, count)
            rows.append(
                {
                    "variant": row.variant, "family": row.family, "confidence": level, "coverage": count / images,
                    "accuracy": accuracy, "accuracy_low": low, "accuracy_high": high,
                    "left": round(images - count), "missed": round((1 - accuracy) * count),
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def _two(board: pd.DataFrame) -> pd.DataFrame:
    """The leader of those with a family, and the best of the other one."""
    board = board[board["family"] != ""]
    return board.drop_duplicates("family").head(2) if len(board) else board


@style.styled
def draw(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """A curve per estimator, with a mark at each confidence."""
    page, (axes,) = style.axes_grid(1, 1, (3.5, 2.6), (0, 0), (0.72, 0.55, style.key_height(frame), 0.5))
    for name, rows in frame.groupby("variant", sort=False):
        look, x = looks[name], 100 * rows["coverage"]
        band = [style.stretch(rows[c]) for c in ("accuracy_low", "accuracy_high")]
        axes.fill_between(x, *band, color=look.colour, alpha=0.14, linewidth=0)
        axes.plot(x, style.stretch(rows["accuracy"]), color=look.colour, linewidth=1.2)
        for row in rows.itertuples():
            place = (100 * row.coverage, float(style.stretch(row.accuracy)))
            (mark,) = axes.plot(*place, look.marker, color=look.colour, markersize=5)
            style.tip(mark, f"{name}, at least {formats.number(100 * row.confidence, 1)} % sure: {_said(row)}")
    style.quiet(axes)
    style.accuracy_axis(axes.yaxis, frame["accuracy_low"].min(), frame["accuracy_high"].max())
    _label(axes, frame)
    axes.set_xlabel("images that it labels, %")
    axes.set_ylabel("accuracy on them")
    style.key(page, frame["variant"], looks, 0.1)
    return page


def _label(axes: Axes, frame: pd.DataFrame) -> None:
    """Write the confidences at their marks: one label where they lie close together, none over a mark or another label."""
    points = {
        name: axes.transData.transform(np.column_stack([100 * rows["coverage"], style.stretch(rows["accuracy"])]))
        for name, rows in frame.groupby("variant", sort=False)
    }
    marks = np.concatenate(list(points.values()))
    drawn = np.concatenate([_along(curve) for curve in points.values()])
    written: list[tuple[float, float, float]] = []  # the middle of each label and half its width
    for name, rows in frame.groupby("variant", sort=False):
        spoken = [(f"{c:g}", p) for c, p in zip(rows["confidence"], points[name], strict=True) if c in SPOKEN]
        while spoken:
            close = [word for word, p in spoken if np.hypot(*(p - spoken[0][1])) < CLOSE]
            text = close[0] if len(close) == 1 else f"{close[0]}–{close[-1]}"
            x, y = (spoken[0][1] + spoken[len(close) - 1][1]) / 2
            spoken = spoken[len(close) :]
            half = 2.4 * len(text) + 2
            aside = half + 4
            for right, up in ((0, 10), (aside, 0), (-aside, 0), (0, -11), (half, 8), (-half, -8), (half, -8)):
                at = x + right, y + up
                off = np.abs(drawn - at) < (half, 5)
                free = all(abs(at[0] - a) > half + other or abs(at[1] - b) > 11 for a, b, other in written)
                if len(close) == 1:  # Else it would seem to be of another mark.
                    free &= bool(np.hypot(*(marks - at).T).min() > np.hypot(right, up) - 0.1)
                if free and not off.all(axis=1).any() and at[0] + half < 72 * axes.figure.get_figwidth():  # type: ignore[union-attr]
                    written.append((*at, half))
                    axes.annotate(
                        text, at, xycoords="figure pixels", ha="center", va="center", color=style.INK, fontsize=8
                    )
                    break


def _along(curve: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points along a curve, a few from mark to mark."""
    marks = np.arange(len(curve))
    places = np.linspace(0, len(curve) - 1, 20 * len(curve))
    return np.column_stack([np.interp(places, marks, side) for side in curve.T])


def describe(frame: pd.DataFrame) -> str:
    """Each estimator at the confidences that the figure names."""
    parts = []
    for name, rows in frame.groupby("variant", sort=False):
        said = [f"at least {r.confidence:g} sure: {_said(r)}" for r in rows.itertuples() if r.confidence in SPOKEN]
        parts.append(f"{name} {'; '.join(said) or 'is never sure'}")
    return "Accuracy against coverage. " + ". ".join(parts) + "."


def _said(row: object) -> str:
    return f"{formats.percent(row.coverage)} % of the images, {formats.percent(row.accuracy)} % of them right"  # type: ignore[attr-defined]


coverage = Exhibit(
    name="coverage",
    title="What if the unsure are left to a person?",
    group="errors",
    lead="The leader and the best of the other family: how many test images they label, and how well, if those of which they "
    "are less sure are left to a person. Every mark is a confidence that crossover predict --reject takes. Bands are 95 % "
    "intervals. In the numbers: how many images are left, and how many errors remain unseen.",
    frame=frame,
    empty="No estimator has been evaluated yet.",
    columns={
        **VARIANT,
        "confidence": PERCENT.called("at least sure"),
        "coverage": PERCENT,
        **ACCURACY,
        "left": COUNT.called("left to a person"),
        "missed": COUNT.called("errors unseen"),
    },
    draw=draw,
    describe=describe,
)
