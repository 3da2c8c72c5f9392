"""How well detectors tell what went wrong with a test image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.corruptions import parse
from benchmarks.repair.levels import CLEAN, kind, severity
from benchmarks.repair.stored import MIX
from reports.analysis.repair import STUDY, found
from reports.drawing import formats, style
from reports.drawing.formats import COUNT, PERCENT, TEXT, decimal
from reports.exhibits.exhibit import Exhibit
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per corruption and detector, clean images first."""
    stored = found(run, dataset)
    if not stored:
        return pd.DataFrame()
    levels = np.array(stored[0].told["levels"])
    kinds = np.array([kind(level) for level in levels])
    severities = np.array([severity(level) for level in levels])
    channels = run.passports[dataset]["image"][2]
    rows = []
    for where, by_detector in stored[0].detected.items():
        if where == MIX:
            continue
        corruption, given = (None, 0) if where == CLEAN else parse(where)
        for name in by_detector:
            told = np.concatenate([own.detected[where][name] for own in stored])
            own = CLEAN if corruption is None else corruption.name
            others, counts = np.unique(kinds[told][kinds[told] != own], return_counts=True)
            rows.append(
                {
                    "corruption": where, "detector": name, "images": len(told), "recognised": float((kinds[told] == own).mean()),
                    "severity": 0 if corruption is None else given or corruption.severity(channels),
                    "strength": float(severities[told].mean()), "mistaken": others[counts.argmax()] if len(others) else "",
                    "mistaken_share": counts.max() / len(told) if len(others) else 0.0,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


@style.styled
def draw(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """A line per corruption: the share that each detector recognises, filled marks for the first, hollow ones for the others."""
    from matplotlib.lines import Line2D

    names, detectors = (list(dict.fromkeys(frame[column])) for column in ("corruption", "detector"))
    page, (axes,) = style.axes_grid(1, 1, (4.4, 0.24 * len(names)), (0, 0), (1.5, 0.2, 0.4, 0.45))
    faces = dict(zip(detectors, [style.INK, *[style.SURFACE] * len(detectors)], strict=False))
    kinds = dict(zip(detectors, style.MARKERS, strict=False))
    for row in frame.itertuples():
        face, marker = faces[row.detector], kinds[row.detector]
        (mark,) = axes.plot(
            row.recognised, names.index(row.corruption), marker, color=style.INK, markerfacecolor=face, markersize=5
        )
        mistaken = (
            f", {formats.percent(row.mistaken_share)} % taken for {row.mistaken}"
            if row.mistaken and not formats.absent(row.mistaken)
            else ""
        )
        style.tip(mark, f"{row.detector}, {row.corruption}: {formats.percent(row.recognised)} % recognised{mistaken}")
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_yticks(range(len(names)), [style.short(str(name).replace("_", " "), 20) for name in names])
    axes.set_xlim(-0.02, 1.03)
    ticks = [0, 0.25, 0.5, 0.75, 1]
    axes.set_xticks(ticks, [f"{100 * tick:.0f} %" for tick in ticks])
    axes.set_xlabel("test images that are recognised")
    style.quiet(axes, "x")
    handles = [
        Line2D(
            [],
            [],
            color=style.INK,
            marker=kinds[n],
            markerfacecolor=faces[n],
            linestyle="none",
            label=style.short(n, 22),
        )
        for n in detectors
    ]
    style.legend(page, handles, 0.1)
    return page


def describe(frame: pd.DataFrame) -> str:
    """Of each detector what it recognises least, and its false alarms."""
    parts = []
    for name, rows in frame.groupby("detector", sort=False):
        row = rows.loc[rows["recognised"].idxmin()]
        parts.append(f"{name}: least {row['corruption']}, {formats.percent(row['recognised'], 1)} %")
    return "Share of test images under each corruption that a detector recognises. " + "; ".join(parts) + "."


detection = Exhibit(
    name="detection",
    title="What detectors recognise",
    group="study",
    lead="Of test images under each corruption, the share that a detector calls so, out of all corruptions that it was taught on training "
    "images; and the mean severity of what it says. Of clean images, the rest are false alarms.",
    frame=frame,
    empty="No detector has been studied; 'crossover run repair' does.",
    columns={
        "corruption": TEXT,
        "detector": TEXT,
        "images": COUNT,
        "recognised": PERCENT,
        "severity": COUNT,
        "strength": decimal(1).called("mean strength found"),
        "mistaken": TEXT.called("most often mistaken for"),
        "mistaken_share": PERCENT.called("how often"),
    },
    draw=draw,
    describe=describe,
    studies=(STUDY,),
)
