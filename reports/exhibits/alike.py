"""The worst mistakes of the leader beside the training images that it finds most alike: is the model wrong, or the label?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reports.drawing import formats, style
from reports.drawing.formats import COUNT, PERCENT, PICTURE, TEXT, decimal
from reports.exhibits.exhibit import VARIANT, Exhibit
from reports.leaderboard import scores
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LABEL, ANSWER = "the label", "the answer"


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per mistake of the best variant that has been explained: the nearest training image of its true and of its predicted class.

    ``distance_to_true`` and ``distance_to_predicted`` are Euclidean, in the feature space of the model; ``nearer`` is the class
    whose image is nearer.
    """
    for board in scores(run, dataset).itertuples():
        seed = run.evaluated(dataset, board.variant)[0]
        found = run.neighbours(dataset, board.variant, seed)
        if found is None:
            continue
        names, test = run.classes(dataset), run.test(dataset)
        proba = run.predictions(dataset, board.variant, seed)
        rows = []
        for i, (row, (true, predicted)) in enumerate(zip(found.rows, found.classes, strict=True)):
            to_true, to_predicted = (float(d) for d in found.distances[i, :, 0])
            rows.append(
                {
                    "variant": board.variant, "family": board.family, "row": int(row), "true": names[true],
                    "predicted": names[predicted], "confidence": float(proba[row, predicted]),
                    "distance_to_true": to_true, "distance_to_predicted": to_predicted,
                    "nearer": ANSWER if to_predicted < to_true else LABEL, "image": style.thumbnail(test.X[row]),
                    "true_images": _strip(found.images[i, 0], found.places[i, 0]),
                    "predicted_images": _strip(found.images[i, 1], found.places[i, 1]),
                }
            )  # fmt: skip
        return pd.DataFrame(rows)
    return pd.DataFrame()


def _strip(images: NDArray[np.uint8], places: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Thumbnails of the images that are there: uint8 (m, ...), all of one size."""
    small = [style.thumbnail(image) for image in images]
    return np.stack(small)[places >= 0]


@style.styled
def draw(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """Two mistakes to a row: the image with its caption, then the nearest of its true and of its predicted class, one above the other."""
    side, gap, top = 0.72, 0.07, 0.08
    label = 0.3 + 0.07 * max(min(14, len(str(name))) for name in frame[["true", "predicted"]].to_numpy().flat)
    most = max(frame[["true_images", "predicted_images"]].map(len).max(axis=None), 1)
    width, height = label + 1.25 + most * (side + gap) + 0.3, 2 * (side + gap) + 0.32
    page, axes = style.board(2 * width, top + -(-len(frame) // 2) * height)
    lines = 1 if frame[["true", "predicted"]].map(lambda name: len(str(name)) <= 4).all(axis=None) else 2
    for place, row in enumerate(frame.itertuples()):
        x, y = place % 2 * width, top + place // 2 * height
        style.pin(axes, row.image, x, y, 1.1)
        style.caption(axes, row, x + 0.55, y + 1.1, 0.145, lines, 14)
        for below, (name, pictures, nearest) in enumerate(
            [
                (row.true, row.true_images, row.nearer == LABEL),
                (row.predicted, row.predicted_images, row.nearer == ANSWER),
            ]
        ):
            _alike(axes, name, pictures, nearest, (x + 1.2, y + below * (side + gap)), (side, gap, label))
    return page


def _alike(
    axes: Axes, name: str, pictures: NDArray, nearest: bool, at: tuple[float, float], sizes: tuple[float, float, float]
) -> None:
    """A class's name and its nearest images in a row; in bold where the nearest of all is among them."""
    (x, y), (side, gap, label) = at, sizes
    axes.text(
        x + label - 0.1, y + side / 2, style.short(name, 14), ha="right", va="center", fontsize=8,
        fontweight="bold" if nearest else "normal", color=style.INK if nearest else style.MUTED,
    )  # fmt: skip
    for i, picture in enumerate(pictures):
        style.pin(axes, picture, x + label + i * (side + gap), y, side)


def describe(frame: pd.DataFrame) -> str:
    """Of which mistakes the answer is nearer than the label."""
    parts = [
        f"row {r.row}, {r.true} taken for {r.predicted} with {formats.percent(r.confidence, 1)} %, is nearer to {r.nearer}"
        for r in frame.itertuples()
    ]
    return f"Mistakes of {frame['variant'].iloc[0]} and the training images most alike. {'; '.join(parts)}."


def note(frame: pd.DataFrame) -> str:
    """How many images lie nearer to the class that the model answered."""
    count = int((frame["nearer"] == ANSWER).sum())
    if not count:
        return ""
    return (
        f"{count} of these {len(frame)} images look to {frame['variant'].iloc[0]} more like training images of the class that it "
        "answered than like any of their own: look whether their labels are right."
    )


alike = Exhibit(
    name="alike",
    title="The worst mistakes, and what is most alike",
    group="errors",
    lead="Test images that the best explained model got wrong with the most confidence, and beside each the training images of its true "
    "class (above) and of the predicted class (below) that are nearest in the model's own feature space; bold is the class with the "
    "nearest of all. Training images have the labels that the model was taught. Test labels chose which images are shown, and nothing else.",
    frame=frame,
    empty="Not looked for yet, or no mistakes: crossover explain RUN finds the training images that are most alike.",
    columns={
        **VARIANT,
        "row": COUNT,
        "true": TEXT,
        "predicted": TEXT,
        "confidence": PERCENT,
        "distance_to_true": decimal(2),
        "distance_to_predicted": decimal(2),
        "nearer": TEXT.called("nearer to"),
        "image": PICTURE,
        "true_images": PICTURE,
        "predicted_images": PICTURE,
    },
    draw=draw,
    describe=describe,
    note=note,
)
