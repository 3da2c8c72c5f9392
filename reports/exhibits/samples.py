"""A few training images of each class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports.drawing import style
from reports.drawing.formats import HIDDEN, PICTURE, TEXT
from reports.exhibits.exhibit import Exhibit
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 64  # images in all


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per picture: its class, and the picture."""
    stored = run.samples(dataset)
    if stored is None or not len(stored):
        return pd.DataFrame()
    names = run.classes(dataset)
    each = max(1, min(4, MOST // len(names)))
    rows = []
    for label, name in enumerate(names):
        for i in np.flatnonzero(stored.y == label)[:each]:
            rows.append({"class": name, "label": label, "image": style.thumbnail(stored.X[i])})
    return pd.DataFrame(rows)


@style.styled
def draw(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """A column per class where they fit, else one image per class, row by row."""
    labels = list(dict.fromkeys(frame["label"]))
    deep = int(frame.groupby("label").size().max()) if len(labels) <= 12 else 1
    columns = len(labels) if deep > 1 else min(len(labels), 12)
    rows = deep if deep > 1 else -(-len(labels) // columns)
    side, gap = min(0.95, (style.WIDE - 0.2) / columns - 0.08), 0.08
    row_height, heading = side + (gap if deep > 1 else 0.3), 0.22
    page, axes = style.board(0.2 + columns * (side + gap) - gap, heading + rows * row_height)
    for place, label in enumerate(labels):
        own = frame[frame["label"] == label]
        for i, picture in enumerate(own["image"].iloc[:deep]):
            row, column = (i, place) if deep > 1 else divmod(place, columns)
            x, y = 0.1 + column * (side + gap), heading + row * row_height
            style.pin(axes, picture, x, y, side)
            if i == 0:
                title = style.short(own["class"].iloc[0], max(3, int(side * 11)))
                axes.text(x + side / 2, y - 0.07, title, ha="center", va="baseline", fontsize=8.5)
    return page


def describe(frame: pd.DataFrame) -> str:
    """How many pictures of how many classes."""
    return f"{len(frame)} training images, {frame['label'].nunique()} classes."


samples = Exhibit(
    name="samples",
    title="Sample images",
    group="data",
    lead="Training images of each class, as the models get them.",
    frame=frame,
    empty="The run has stored no sample images.",
    columns={"class": TEXT, "label": HIDDEN, "image": PICTURE},
    draw=draw,
    describe=describe,
)
