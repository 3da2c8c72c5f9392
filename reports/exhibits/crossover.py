"""The best network less the best classical model at each size of the training set: where the sign becomes established."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from reports.analysis import crossover as analysis
from reports.drawing import formats, style
from reports.drawing.formats import COUNT, HIDDEN, P_VALUE, POINTS, TEXT
from reports.exhibits.exhibit import Exhibit
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ESTABLISHED = {1: "network", -1: "classical", 0: "neither"}


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per size: the two models, the accuracy of the network less that of the classical model with its paired 95 %
    interval, the p value corrected for the sizes, and which of the two is established as better.

    ``all_rows`` marks the size at which all seeds share the training images.
    """
    found = analysis.crossover_of(run, dataset)
    if found is None:
        return pd.DataFrame()
    total = run.passports.get(dataset, {}).get("train")
    return pd.DataFrame([
        {
            "train_rows": lead.size, "deep": lead.deep, "classical": lead.classical, "seeds": lead.seeds,
            "difference": lead.difference, "low": lead.low, "high": lead.high, "p_holm": lead.p,
            "established": ESTABLISHED[lead.sign], "outcome": found.outcome, "all_rows": lead.size == total,
        }
        for lead in found.leads
    ])  # fmt: skip


@style.styled
def draw(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """A mark with its interval per size, hollow where nothing is established; above the line the network is ahead."""
    page, (axes,) = style.axes_grid(1, 1, (7.6, 2.6), (0, 0), (0.72, 0.2, 0.15, 0.5))
    colours = {"network": style.FAMILY["deep"], "classical": style.FAMILY["classical"], "neither": style.MUTED}
    for row in frame.itertuples():
        colour = colours[row.established]
        axes.plot([row.train_rows] * 2, [100 * row.low, 100 * row.high], color=colour, linewidth=2.4, alpha=0.45)
        fill = style.SURFACE if row.established == "neither" else colour
        (mark,) = axes.plot(row.train_rows, 100 * row.difference, "o", color=colour, markerfacecolor=fill)
        style.tip(mark, _told(row))
    axes.axhline(0, color=style.MUTED, linewidth=1)
    axes.set_xscale("log")
    axes.set_xlim(frame["train_rows"].min() / 1.25, frame["train_rows"].max() * 1.25)
    style.quiet(axes)
    style.plain_log(axes.xaxis)
    axes.set_xlabel("training images")
    axes.set_ylabel("points by which the network is ahead")
    return page


def _told(row: Any) -> str:
    return (
        f"{row.train_rows:,} images: {row.deep} against {row.classical} "
        f"{formats.points(row.difference)} points ({formats.points(row.low)} to {formats.points(row.high)}), "
        f"established as better: {row.established}"
    )


def describe(frame: pd.DataFrame) -> str:
    """Every size in words."""
    return "The best network less the best classical model. " + "; ".join(map(_told, frame.itertuples())) + "."


def note(frame: pd.DataFrame) -> str:
    """How often the procedure is wrong, and what varies where all seeds have the same images."""
    told = []
    if rates := analysis.simulated(int(frame["seeds"].min())):
        told.append(
            f"In simulated studies of six sizes and {rates.seeds} seeds a lead was declared between equal families in at "
            f"most {formats.percent(rates.false_alarm, 1)} % of the cases, and a true lead of 1 point, with a "
            f"spread of the seeds of 0.3 points and 6,000 or more test images, was found in {formats.percent(rates.found, 0)} % "
            "(python -m pytest -m torture -s "
            "tests/reports/analysis/test_simulation.py)."
        )
    else:
        told.append("One seed establishes nothing, since how much seeds differ is not known; two hardly do.")
    if frame["all_rows"].any():
        told.append(
            f"At {frame['train_rows'].max():,} images all seeds have the same images: there the split into rows to fit and "
            "to validate, the search and the start of each model vary, but not the images."
        )
    return " ".join(told)


crossover = Exhibit(
    name="crossover",
    title="From how many images on does deep learning pay?",
    group="study",
    lead="At each size the best network less the best classical model, each chosen by its validation score: accuracy on the "
    "same test images, with its paired 95 % interval over seeds and images. A full mark is established: significant at "
    "5 % after Holm's correction over the sizes. The crossover is between the last size with an established classical lead "
    "and the first from which the network's lead is established at all sizes.",
    frame=frame,
    empty="It takes a network and a classical model at two sizes; crossover run DATASET --study sizes has several.",
    columns={
        "train_rows": COUNT.called("training images"),
        "deep": TEXT.called("network"),
        "classical": TEXT,
        "seeds": COUNT,
        "difference": POINTS,
        "low": POINTS,
        "high": POINTS,
        "p_holm": P_VALUE.called("p (Holm)"),
        "established": TEXT.called("established as better"),
        "outcome": HIDDEN,
        "all_rows": HIDDEN,
    },
    draw=draw,
    describe=describe,
    note=note,
    studies=("sizes",),
)
