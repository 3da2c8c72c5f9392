"""Every class: precision, recall, F1, and the counts behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from reports.analysis.confusion import confusion_matrix, per_class
from reports.drawing import formats, style
from reports.drawing.formats import COUNT, HIDDEN, PERCENT, TEXT
from reports.exhibits.exhibit import VARIANT, Exhibit
from reports.leaderboard import scores
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 30  # classes drawn; of more, the hardest


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per estimator and class; counts of several seeds are added up."""
    parts = []
    for row in scores(run, dataset).itertuples():
        table = per_class(confusion_matrix(run, dataset, row.variant))
        table.insert(0, "class", run.classes(dataset))
        table.insert(0, "family", row.family)
        table.insert(0, "variant", row.variant)
        parts.append(table)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


@style.styled
def draw(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """Two heat maps, classes by estimators: the share missed, and the share of false alarms."""
    import seaborn
    from matplotlib.colors import ListedColormap, to_rgb

    hardest = frame.groupby("label")["f1"].mean().sort_values(kind="stable").index[:MOST]
    rows = frame[frame["label"].isin(hardest)]
    labels = style.distinct(rows.drop_duplicates("label").sort_values("label")["class"].tolist(), 24)
    variants = list(dict.fromkeys(rows["variant"]))
    edge = 0.35 + 0.075 * max(map(len, labels))
    width = (style.WIDE - edge - 0.55) / 2
    page, panels = style.axes_grid(2, 2, (width, 0.24 * len(labels) + 0.1), (0.35, 0), (edge, 0.2, 0.75, 0.1))
    shades = ListedColormap([(*to_rgb(style.HEAT), 0.72 * i / 255) for i in range(256)])
    most = 100 * max(1e-9, (1 - rows[["recall", "precision"]].min(axis=None)))
    for axes, score, title in zip(panels, ("recall", "precision"), ("missed", "false alarms"), strict=True):
        share = 100 * (1 - rows.pivot_table(index="label", columns="variant", values=score, dropna=False))
        seaborn.heatmap(
            share[variants],
            ax=axes,
            cmap=shades,
            vmin=0,
            vmax=most,
            cbar=False,
            annot=True,
            fmt=".2f",
            annot_kws={"color": style.INK, "fontsize": 8},
            yticklabels=labels,
            xticklabels=[style.stacked(n, int(width * 12 / len(variants))) for n in variants],
        )
        axes.set(xlabel="", ylabel="")
        axes.xaxis.tick_top()
        axes.tick_params(length=0, rotation=0)
        axes.set_title(f"{title}, % (1 − {score})", pad=8)
    panels[1].set_yticks([])
    return page


def describe(frame: pd.DataFrame) -> str:
    """The hardest class of each estimator in words."""
    hard = frame.sort_values("f1", kind="stable").drop_duplicates("variant")
    parts = [
        f"{row['variant']}: {row['class']}, recall {formats.percent(row['recall'])} %, "
        f"precision {formats.percent(row['precision'])} %"
        for row in hard.to_dict("records")
    ]
    return "Per class scores. The hardest class of each estimator: " + "; ".join(parts) + "."


classes = Exhibit(
    name="classes",
    title="Every class",
    group="errors",
    lead="Missed: the share of a class's images that were given to another class. False alarms: the share of the "
    "images given to a class that belong to another. The table has the counts behind them.",
    frame=frame,
    empty="No estimator has been evaluated yet.",
    columns={
        **VARIANT,
        "class": TEXT,
        "label": HIDDEN,
        "precision": PERCENT,
        "recall": PERCENT,
        "f1": PERCENT.called("F1"),
        "tp": COUNT.called("true positives"),
        "fp": COUNT.called("false positives"),
        "fn": COUNT.called("false negatives"),
    },
    draw=draw,
    describe=describe,
)
