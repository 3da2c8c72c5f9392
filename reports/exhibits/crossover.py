"""The best network less the best classical model at each size, or each budget: where the sign becomes established."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from reports.analysis import crossover as analysis
from reports.analysis.resources import BUDGETS, SIZES, Resource, resource_of
from reports.drawing import formats, style
from reports.drawing.formats import COUNT, HIDDEN, P_VALUE, PLAIN, POINTS, TEXT
from reports.exhibits.exhibit import Exhibit
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ESTABLISHED = {1: "network", -1: "classical", 0: "neither"}


def frame(run: Run, dataset: str, resource: Resource) -> pd.DataFrame:
    """One row per level: the two models, the accuracy of the network less that of the classical model with its paired 95 %
    interval, the p value corrected for the levels, and which of the two is established as better.

    ``all_rows`` marks a level at which all seeds share the training images.
    """
    found = analysis.crossover_of(run, dataset, resource)
    if found is None:
        return pd.DataFrame()
    total = run.passports.get(dataset, {}).get("train")
    return pd.DataFrame([
        {
            resource.column: lead.level, "deep": lead.deep, "classical": lead.classical, "seeds": lead.seeds,
            "difference": lead.difference, "low": lead.low, "high": lead.high, "p_holm": lead.p,
            "established": ESTABLISHED[lead.sign], "outcome": found.outcome, "all_rows": resource != SIZES or lead.level == total,
        }
        for lead in found.leads
    ])  # fmt: skip


@style.styled
def draw(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """A mark with its interval per level, hollow where nothing is established; above the line the network is ahead."""
    page, (axes,) = style.axes_grid(1, 1, (7.6, 2.6), (0, 0), (0.72, 0.2, 0.15, 0.5))
    resource = resource_of(frame)
    colours = {"network": style.FAMILY["deep"], "classical": style.FAMILY["classical"], "neither": style.MUTED}
    for row in frame.itertuples():
        colour, level = colours[row.established], getattr(row, resource.column)
        axes.plot([level] * 2, [100 * row.low, 100 * row.high], color=colour, linewidth=2.4, alpha=0.45)
        fill = style.SURFACE if row.established == "neither" else colour
        (mark,) = axes.plot(level, 100 * row.difference, "o", color=colour, markerfacecolor=fill)
        style.tip(mark, _told(row, resource))
    axes.axhline(0, color=style.MUTED, linewidth=1)
    axes.set_xscale("log")
    axes.set_xlim(frame[resource.column].min() / 1.25, frame[resource.column].max() * 1.25)
    style.quiet(axes)
    style.plain_log(axes.xaxis)
    axes.set_xlabel(resource.study.axis)
    axes.set_ylabel("points by which the network is ahead")
    return page


def _told(row: Any, resource: Resource) -> str:
    return (
        f"{resource.told(getattr(row, resource.column))}: {row.deep} against {row.classical} "
        f"{formats.points(row.difference)} points ({formats.points(row.low)} to {formats.points(row.high)}), "
        f"established as better: {row.established}"
    )


def describe(frame: pd.DataFrame) -> str:
    """Every level in words."""
    told = [_told(row, resource_of(frame)) for row in frame.itertuples()]
    return f"The best network less the best classical model. {'; '.join(told)}."


def note(frame: pd.DataFrame) -> str:
    """How often the procedure is wrong, and what varies where all seeds have the same images."""
    told = []
    if rates := analysis.simulated(int(frame["seeds"].min())):
        told.append(
            f"In simulated studies of six levels and {rates.seeds} seeds a lead was declared between equal families in at "
            f"most {formats.percent(rates.false_alarm, 1)} % of the cases, and a true lead of 1 point, with a "
            f"spread of the seeds of 0.3 points and 6,000 or more test images, was found in {formats.percent(rates.found, 0)} % "
            "(python -m pytest -m torture -s "
            "tests/reports/analysis/test_simulation.py)."
        )
    else:
        told.append("One seed establishes nothing, since how much seeds differ is not known; two hardly do.")
    if frame["all_rows"].any():
        resource = resource_of(frame)
        every = frame["all_rows"].all()
        told.append(
            f"{f'At every {resource.level}' if every else f'At {resource.told(frame[resource.column].max())}'} all seeds have the same "
            "training set: what varies is the split into rows to fit and to validate, the search and the start of each model."
        )
    return " ".join(told)


def _about(resource: Resource, name: str) -> Exhibit:
    return Exhibit(
        name=name,
        title=resource.study.title,
        group="study",
        lead=f"At each {resource.level} the best network less the best classical model, each chosen by its validation score: "
        "accuracy on the same test images, with its paired 95 % interval over seeds and images. A full mark is established: "
        f"significant at 5 % after Holm's correction over the {resource.name}. The crossover is between the last {resource.level} "
        "with an established classical lead and the first from which the network's lead is established at every one.",
        frame=partial(frame, resource=resource),
        empty=f"It takes a network and a classical model at two {resource.name}; crossover run DATASET --study {resource.name} "
        "has several.",
        columns={
            resource.column: PLAIN.called(resource.study.axis),
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
        studies=(resource.name,),
    )


crossover = _about(SIZES, "crossover")
crossover_budgets = _about(BUDGETS, "crossover_budgets")
