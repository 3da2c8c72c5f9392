"""How many images each class has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports.drawing import formats, style
from reports.drawing.formats import COUNT, PERCENT, TEXT
from reports.exhibits.exhibit import Exhibit
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per class: training and test images, and the share of each part."""
    counts = run.passports.get(dataset, {}).get("counts")
    if not counts:
        return pd.DataFrame()
    table = pd.DataFrame({"class": run.classes(dataset), "train": counts["train"], "test": counts["test"]})
    return table.assign(
        train_share=table["train"] / table["train"].sum(), test_share=table["test"] / table["test"].sum()
    )


@style.styled
def draw(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """Bars for the training part, dots for the test part, both as shares."""
    k = len(frame)
    names = style.distinct(frame["class"].tolist(), 24)
    longest = max(map(len, names))
    turned = k * (0.085 * longest + 0.1) > min(9.6, max(4.5, 0.4 * k))
    bottom = 0.3 + (0.085 * longest if turned else 0)
    page, (axes,) = style.axes_grid(1, 1, (min(9.6, max(4.5, 0.4 * k)), 2.3), (0, 0), (0.6, 0.1, 0.4, bottom))
    bars = axes.bar(range(k), 100 * frame["train_share"], width=0.66, color=style.MUTED, alpha=0.4, label="training")
    for bar, row in zip(bars, frame.to_dict("records"), strict=True):
        style.tip(
            bar, f"{row['class']}: {formats.count(row['train'])} training, {formats.count(row['test'])} test images"
        )
    axes.plot(range(k), 100 * frame["test_share"], "o", color=style.INK, markersize=4.5, label="test")
    axes.set_xlim(-0.6, k - 0.4)
    axes.set_xticks(np.arange(k), names, rotation=90 if turned else 0, fontsize=8.5 if k < 40 else 6.5)
    style.quiet(axes, "y")
    axes.set_ylabel("% of images")
    handles, labels = axes.get_legend_handles_labels()
    for handle, label in zip(handles, labels, strict=True):
        handle.set_label(label)
    style.legend(page, handles, 0.55)
    return page


def describe(frame: pd.DataFrame) -> str:
    """The smallest and the largest class in words."""
    small, large = frame.loc[frame["train"].idxmin()], frame.loc[frame["train"].idxmax()]
    return (
        f"Training images per class: from {formats.count(small['train'])} ({small['class']}) to "
        f"{formats.count(large['train'])} ({large['class']})."
    )


balance = Exhibit(
    name="balance",
    title="Class balance",
    group="data",
    lead="The share of each class among the training images (bars) and the test images (dots).",
    frame=frame,
    empty="The passport holds no counts.",
    columns={"class": TEXT, "train": COUNT, "test": COUNT, "train_share": PERCENT, "test_share": PERCENT},
    draw=draw,
    describe=describe,
)
