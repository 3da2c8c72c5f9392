"""The worst mistakes: test images each estimator got wrong with the most confidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports.analysis.mistakes import worst
from reports.drawing import formats, style
from reports.drawing.formats import COUNT, PERCENT, PICTURE, TEXT
from reports.exhibits.exhibit import VARIANT, Exhibit
from reports.leaderboard import scores
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN, MOST = 10, 60  # images of an estimator, and in all


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """The most confident mistakes of each estimator's first seed; ``row`` is the image's place in the test part."""
    rows, ranked = [], scores(run, dataset)
    shown = max(3, min(SHOWN, MOST // max(1, len(ranked))))
    for board in ranked.itertuples():
        names, test = run.classes(dataset), run.test(dataset)
        proba = run.predictions(dataset, board.variant, run.evaluated(dataset, board.variant)[0])
        guess = proba.argmax(1)
        confidence = proba[np.arange(len(guess)), guess].astype(float)
        for i in worst(proba, test.y, shown):
            rows.append(
                {
                    "variant": board.variant, "family": board.family, "row": int(i), "true": names[test.y[i]],
                    "predicted": names[guess[i]], "confidence": confidence[i],
                    "probability_of_true": float(proba[i, test.y[i]]), "image": style.thumbnail(test.X[i]),
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


@style.styled
def draw(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """A strip of images per estimator, the worst first: true class, arrow, predicted class."""
    names = list(dict.fromkeys(frame["variant"]))
    side, label = 0.82, 1.5
    # Long class names get a line each.
    lines = 1 if frame[["true", "predicted"]].map(lambda name: len(str(name)) <= 4).all(axis=None) else 2
    line, gap = 0.145, 0.08
    row_height = side + (lines + 1) * line + 0.16
    page, axes = style.board(label + SHOWN * (side + gap), 0.05 + len(names) * row_height)
    for i, name in enumerate(names):
        y = 0.05 + i * row_height
        axes.text(
            label - 0.12,
            y + side / 2,
            style.short(name, 20),
            ha="right",
            va="center",
            fontsize=8.5,
            fontweight="bold",
            color=looks[name].colour,
        )
        for j, row in enumerate(frame[frame["variant"] == name].itertuples()):
            x = label + j * (side + gap)
            style.pin(axes, row.image, x, y, side)
            style.caption(axes, row, x + side / 2, y + side, line, lines, 11)
    return page


def describe(frame: pd.DataFrame) -> str:
    """The worst mistake of each estimator in words."""
    worst = frame.drop_duplicates("variant")
    parts = [
        f"{r.variant}: {r.true} taken for {r.predicted}, {formats.percent(r.confidence, 1)} % sure"
        for r in worst.itertuples()
    ]
    return "Images of the most confident mistakes. The worst of each estimator: " + "; ".join(parts) + "."


mistakes = Exhibit(
    name="mistakes",
    title="The worst mistakes",
    group="errors",
    lead="Test images that an estimator got wrong with the most confidence: true class → predicted class, and how "
    "confident it was.",
    frame=frame,
    empty="No estimator made a mistake, or none has been evaluated yet.",
    columns={
        **VARIANT,
        "row": COUNT,
        "true": TEXT,
        "predicted": TEXT,
        "confidence": PERCENT,
        "probability_of_true": PERCENT,
        "image": PICTURE,
    },
    draw=draw,
    describe=describe,
)
