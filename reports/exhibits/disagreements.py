"""Where the families disagree: test images that only deep models, only classical models, or nobody gets right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from estimators import ENSEMBLE
from reports.drawing import style
from reports.drawing.formats import COUNT, PERCENT, PICTURE, TEXT
from reports.exhibits.exhibit import Exhibit
from reports.leaderboard import scores
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 10  # images of a kind
# Beyond either, images that all models get wrong are a sign of a hard data set, not of wrong labels.
FEW_IMAGES, FEW_SHARE = 50, 0.01
KINDS = {
    "only deep": "only networks are right",
    "only classical": "only classical models are right",
    "nobody": "nobody is right: wrong label?",
    "hard": "hard for all models",
}


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per image shown, most confident first; ``found`` is how many images of that kind there are.

    An estimator's probabilities are their mean over its seeds, so that one answer stands for it. "only deep": every
    network is right and every classical model wrong; "only classical" the reverse; "nobody": all are wrong, on few
    images; "hard": the same on many. For the first two, ``confidence`` is what the family that is right gives the true class, for the others what all models give
    the class they prefer, on average over the models; ``predicted`` is the class the ones that are wrong prefer.
    """
    board = scores(run, dataset)
    board = board[board["estimator"] != ENSEMBLE]  # It would be counted beside its members.
    if not {"classical", "deep"} <= set(board["family"]):
        return pd.DataFrame()
    y, names = run.test(dataset).y, run.classes(dataset)
    mean = {name: run.mean_probabilities(dataset, name) for name in board["variant"]}
    family = {
        kind: np.mean([mean[name] for name in rows["variant"]], axis=0)
        for kind, rows in board[board["family"] != ""].groupby("family")
    }
    right = {
        kind: np.array([mean[name].argmax(1) == y for name in rows["variant"]])
        for kind, rows in board[board["family"] != ""].groupby("family")
    }
    everybody = np.mean(list(mean.values()), axis=0)
    nobody = ~np.any([p.argmax(1) == y for p in mean.values()], axis=0)
    few = nobody.sum() <= min(FEW_IMAGES, FEW_SHARE * len(y))
    own = np.arange(len(y))
    kinds = {
        "only deep": (right["deep"].all(0) & ~right["classical"].any(0), family["deep"][own, y], family["classical"]),
        "only classical": (
            right["classical"].all(0) & ~right["deep"].any(0),
            family["classical"][own, y],
            family["deep"],
        ),
        "nobody" if few else "hard": (nobody, everybody.max(1), everybody),
    }
    rows = []
    for kind, (which, confidence, wrong) in kinds.items():
        found = np.flatnonzero(which)
        for i in found[np.argsort(-confidence[found], kind="stable")][:SHOWN]:
            rows.append(
                {
                    "right": kind, "found": len(found), "row": int(i), "true": names[y[i]],
                    "predicted": names[wrong[i].argmax()], "confidence": float(confidence[i]),
                    "image": style.thumbnail(run.test(dataset).X[i]),
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


@style.styled
def draw(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """A strip of images per kind, the most confident first: true class, arrow, what the others take it for."""
    groups = list(frame.groupby("right", sort=False))
    side, gap, line, heading = 0.86, 0.1, 0.145, 0.3
    lines = 1 if frame[["true", "predicted"]].map(lambda name: len(str(name)) <= 4).all(axis=None) else 2
    row_height = heading + side + (lines + 1) * line + 0.22
    page, axes = style.board(0.1 + SHOWN * (side + gap), len(groups) * row_height)
    colours = {"only deep": style.FAMILY["deep"], "only classical": style.FAMILY["classical"]}
    for i, (kind, rows) in enumerate(groups):
        y = i * row_height + heading
        count = f"{rows['found'].iloc[0]:,} image" + ("" if rows["found"].iloc[0] == 1 else "s")
        axes.text(
            0.1,
            y - 0.1,
            f"{KINDS[kind]} ({count})",
            va="baseline",
            fontweight="bold",
            color=colours.get(str(kind), style.WRONG),
        )
        for j, row in enumerate(rows.itertuples()):
            x = 0.1 + j * (side + gap)
            style.pin(axes, row.image, x, y, side)
            style.caption(axes, row, x + side / 2, y + side, line, lines, 12)
    return page


def describe(frame: pd.DataFrame) -> str:
    """How many images of each kind, and the most confident one."""
    first = frame.drop_duplicates("right")
    parts = [
        f"{KINDS[r.right]}, {r.found:,}, most confidently row {r.row}, {r.true} taken for {r.predicted}"
        for r in first.itertuples()
    ]
    return "Test images on which the families disagree, or all are wrong: " + "; ".join(parts) + "."


disagreements = Exhibit(
    name="disagreements",
    title="Where the families disagree",
    group="errors",
    lead="Test images that all networks get right and all classical models wrong, the reverse, and those that no model "
    "gets right: true class → what the others take it for, most confident first. The confidence is that of the "
    "family that is right, or, where none is, of all models in their answer. Where no model gets an image right and "
    "such images are few, its label may be wrong. The probabilities of an estimator's seeds are averaged first.",
    frame=frame,
    empty="The families agree on every image, or only one family has been evaluated.",
    columns={
        "right": TEXT,
        "found": COUNT,
        "row": COUNT,
        "true": TEXT,
        "predicted": TEXT,
        "confidence": PERCENT,
        "image": PICTURE,
    },
    draw=draw,
    describe=describe,
)
