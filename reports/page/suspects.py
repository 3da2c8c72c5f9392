"""The page of `crossover clean`: the suspects in the training labels, with their images, in one HTML file."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray

from benchmarks.labels.clean import Suspected
from benchmarks.safety.sheets import csv_text
from reports.drawing import formats, style
from reports.drawing.formats import COUNT, PERCENT, TEXT
from reports.page import asset, download, table, template

SHOWN = 300  # images on the page; the CSV has all suspects
PAIRS = 12  # kinds of errors in the table
KINDS = {"given": TEXT, "suggested": TEXT, "suspects": COUNT, "share": PERCENT}  # its columns
SIDE = 96  # pixels of a picture, at most


@dataclass(frozen=True)
class Card:
    """A suspect on the page: its picture as a data URL, what it is called, and what is said of it."""

    picture: str
    name: str
    given: str
    suggested: str
    chances: str


def render(suspected: Suspected) -> str:
    """The page as HTML text; it asks nobody for anything."""
    frame = suspected.frame()
    title = suspected.dataset.title or suspected.dataset.name
    kinds = _kinds(frame)
    page = template("suspects.html").render(
        headline=f"{_suspects(len(frame))} in the labels of {title}",
        sentences=suspected.summary().split("\n"),
        cards=[_card(row, suspected.images.X[row.row]) for row in frame.head(SHOWN).itertuples()],
        more=max(0, len(frame) - SHOWN),
        kinds=len(kinds),
        pairs=table(kinds.head(PAIRS), KINDS.__getitem__),
        download=download(f"{suspected.dataset.name}-suspects.csv", text(frame)),
        css=Markup(asset("page.css")),
    )
    return f"{page}\n"


def text(frame: pd.DataFrame) -> str:
    """The table of suspects as CSV."""
    return csv_text(frame)


def _card(row, image: NDArray[np.uint8]) -> Card:
    name = getattr(row, "file", "") or f"row {row.row}"
    chances = f"{formats.percent(row.probability_of_given, 1)} → {formats.percent(row.probability_of_suggested, 1)} %"
    if not getattr(row, "planted", True):
        name += ", not planted"
    return Card(_picture(image), name, str(row.given), str(row.suggested), chances)


def _picture(image: NDArray[np.uint8]) -> str:
    from PIL import Image

    out = BytesIO()
    Image.fromarray(style.thumbnail(image, SIDE)).save(out, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def _suspects(count: int) -> str:
    return {0: "No suspects", 1: "One suspect"}.get(count, f"{formats.count(count)} suspects")


def _kinds(frame: pd.DataFrame) -> pd.DataFrame:
    """Which labels are suspected to be which, the most frequent first."""
    counts = frame.groupby(["given", "suggested"], as_index=False).size().rename(columns={"size": "suspects"})
    counts["share"] = counts["suspects"] / max(1, len(frame))
    return counts.sort_values("suspects", ascending=False, kind="stable")
