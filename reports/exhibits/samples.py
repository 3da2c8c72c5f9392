"""A few training images of each class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports import style
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
def draw(frame: pd.DataFrame) -> Figure:
    """A column per class where they fit, else one image per class, row by row."""
    labels = list(dict.fromkeys(frame["label"]))
    deep = int(frame.groupby("label").size().max()) if len(labels) <= 12 else 1
    columns = len(labels) if deep > 1 else min(len(labels), 12)
    rows = deep if deep > 1 else -(-len(labels) // columns)
    side = min(0.85, (style.WIDE - 0.2) / columns - 0.08)
    gap = 0.08 if deep > 1 else 0.3
    page, panels = style.axes_grid(rows * columns, columns, (side, side), (0.08, gap), (0.1, 0.1, 0.3, 0.1))
    for axes in panels:
        axes.axis("off")
    for place, label in enumerate(labels):
        own = frame[frame["label"] == label]
        for i, picture in enumerate(own["image"].iloc[:deep]):
            axes = panels[i * columns + place] if deep > 1 else panels[place]
            axes.axis("on")
            style.show(axes, picture)
            if i == 0:
                title = style.short(own["class"].iloc[0], max(3, int(side * 11)))
                axes.set_title(title, loc="center", fontweight="normal", fontsize=8.5, pad=4)
    return page


def describe(frame: pd.DataFrame) -> str:
    """How many pictures of how many classes."""
    return f"{len(frame)} training images, {frame['label'].nunique()} classes."


samples = Exhibit(
    "samples", "Sample images", "data", "Training images of each class, as the models get them.",
    frame, "The run has stored no sample images.", draw, describe,
)  # fmt: skip
