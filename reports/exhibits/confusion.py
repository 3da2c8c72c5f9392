"""Confusion matrices of all estimators, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports.analysis.confusion import confusion_matrix
from reports.drawing import style
from reports.drawing.formats import COUNT, HIDDEN, TEXT
from reports.exhibits.exhibit import VARIANT, Exhibit
from reports.leaderboard import scores
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

READABLE = 16  # classes up to which a count fits into its cell
LONGEST = 24  # letters of a class's name
SMALLEST = 1.7  # inches of a matrix of which there are three in a row


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per estimator and pair of classes that occurs: test images of a class, predicted as a class.

    Counts add up the seeds. The diagonal is complete, so that every class is there.
    """
    board, names = scores(run, dataset), []
    parts = []
    for row in board.itertuples():
        counts = confusion_matrix(run, dataset, row.variant)
        true, predicted = np.nonzero((counts > 0) | np.eye(len(counts), dtype=bool))
        names = run.classes(dataset)
        parts.append(
            pd.DataFrame(
                {
                    "variant": row.variant, "family": row.family, "true": [names[i] for i in true],
                    "predicted": [names[i] for i in predicted], "count": counts[true, predicted],
                    "true_label": true, "predicted_label": predicted,
                }
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


@style.styled
def draw(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """Errors stand out: cells off the diagonal are coloured by their count, right answers are plain numbers."""
    from matplotlib.colors import to_rgba

    names = list(dict.fromkeys(frame["variant"]))
    diagonal = frame[frame["true_label"] == frame["predicted_label"]].drop_duplicates("true_label")
    labels = style.distinct(diagonal.sort_values("true_label")["true"].tolist(), LONGEST)
    k, longest = len(labels), max(map(len, labels))
    ticks = 0.25 + 0.07 * longest
    columns = 3 if style.WIDE / 3 - ticks - 0.2 >= SMALLEST else 2  # Long names take the room of a matrix.
    side = min(3.0, style.WIDE / columns - ticks - 0.2)
    page, panels = style.axes_grid(
        len(names), columns, (side, side), (ticks + 0.25, ticks + 0.55), (ticks + 0.15, 0.1, 0.3, ticks + 0.1)
    )
    wrong = frame[frame["true_label"] != frame["predicted_label"]]
    worst = max(1, wrong["count"].max() if len(wrong) else 1)
    font = min(8.0, 72 * side / k / 2.6)
    for axes, name in zip(panels, names, strict=True):
        rows = frame[frame["variant"] == name]
        counts = np.zeros((k, k), int)
        counts[rows["true_label"], rows["predicted_label"]] = rows["count"]
        off = counts * ~np.eye(k, dtype=bool)
        shades = np.zeros((k, k, 4)) + to_rgba(style.HEAT)
        shades[np.diag_indices(k)] = to_rgba(style.MUTED)
        shades[..., 3] = np.where(off > 0, 0.08 + 0.62 * np.sqrt(off / worst), 0.12 * np.eye(k))
        axes.imshow(shades, interpolation="none", aspect="equal", extent=(-0.5, k - 0.5, k - 0.5, -0.5))
        if k <= READABLE:
            for i, j in zip(*np.nonzero(counts), strict=True):
                colour = style.MUTED if i == j else style.INK
                axes.text(j, i, str(counts[i, j]), ha="center", va="center", fontsize=font, color=colour)
        step = 1 if k <= 34 else 2
        turn = 0 if longest <= 2 else 90
        tick = min(8.0, 72 * side * step / k / 1.15)
        axes.set_xticks(range(0, k, step), labels[::step], rotation=turn, fontsize=tick)
        axes.set_yticks(range(0, k, step), labels[::step], fontsize=tick)
        axes.tick_params(length=0, pad=2)
        axes.spines[:].set_visible(True)
        axes.set_title(f"{style.short(name, 20)}: {off.sum():,} wrong", pad=5)
    panels[0].set_ylabel("true")
    panels[0].set_xlabel("predicted")
    return page


def describe(frame: pd.DataFrame) -> str:
    """The most frequent confusion of each estimator in words; left out where several are equally frequent."""
    wrong = frame[frame["true_label"] != frame["predicted_label"]]
    parts = []
    for name, rows in wrong.groupby("variant", sort=False):
        often = rows[rows["count"] == rows["count"].max()]
        most = ""
        if len(often) == 1:
            first = often.iloc[0]
            most = f", most often {first['true']} taken for {first['predicted']} ({first['count']} times)"
        parts.append(f"{name}, {rows['count'].sum()} wrong{most}")
    return "Confusion matrices. " + ("; ".join(parts) or "No estimator made an error") + "."


confusion = Exhibit(
    name="confusion",
    title="Confusion matrices",
    group="errors",
    lead="Rows are the true classes, columns the predicted ones. Only errors are coloured, on one scale for all "
    "estimators. Counts of several seeds are added up.",
    frame=frame,
    empty="No estimator has been evaluated yet.",
    columns={
        **VARIANT,
        "true": TEXT,
        "predicted": TEXT,
        "count": COUNT,
        "true_label": HIDDEN,
        "predicted_label": HIDDEN,
    },
    draw=draw,
    describe=describe,
)
