"""The cost ledger: where the time went."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from reports import style, units
from reports.exhibits.exhibit import Exhibit, of
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PARTS = {"search_seconds": 0.4, "fit_seconds": 0.75, "predict_seconds": 1.0}


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per estimator: seconds granted and spent, seeds added up."""
    searches, finals, trials = (of(table, dataset) for table in (run.searches, run.finals, run.trials))
    rows = []
    for name in run.estimators:
        search, final, tried = (t[t["estimator"] == name] for t in (searches, finals, trials))
        if not len(search) + len(final) + len(tried):
            continue
        # A search that has not ended yet has spent what its trials took.
        spent = search["spent_seconds"].sum() if len(search) else tried["seconds"].sum()
        granted = search["granted_seconds"].sum(min_count=1) if "granted_seconds" in search else float("nan")
        rows.append(
            {
                "estimator": name, "family": run.families[name], "granted_seconds": granted,
                "search_seconds": spent, "overspent_seconds": spent - granted,
                "thinking_seconds": search["thinking_seconds"].sum(), "fit_seconds": final["fit_seconds"].sum(),
                "predict_seconds": final["predict_seconds"].sum(), "peak_bytes": max(
                    (t["peak_bytes"].max() for t in (final, tried)), key=lambda v: -1 if v != v else v),
                "trials": len(tried),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


@style.styled
def draw(frame: pd.DataFrame) -> Figure:
    """Stacked bars: search, final fit, prediction; a tick marks the budget granted to the search."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    page, (axes,) = style.axes_grid(1, 1, (7.9, 0.36 * len(frame) + 0.1), (0, 0), (1.5, 1.0, 0.4, 0.45))
    looks = style.looks(frame)
    for y, row in enumerate(frame.to_dict("records")):
        left = 0.0
        for part, alpha in PARTS.items():
            axes.barh(y, row[part], left=left, height=0.62, color=looks[row["estimator"]].colour, alpha=alpha)
            left += row[part]
        if row["granted_seconds"] == row["granted_seconds"]:
            axes.plot([row["granted_seconds"]] * 2, [y - 0.42, y + 0.42], color=style.INK, linewidth=1.2)
        axes.annotate(units.duration(left), (1.02, y), xycoords=("axes fraction", "data"), va="center")
    axes.set_yticks(range(len(frame)), [style.short(n, 22) for n in frame["estimator"]])
    axes.set_ylim(len(frame) - 0.5, -0.5)
    style.quiet(axes, "x")
    axes.tick_params(axis="y", labelcolor=style.INK)
    axes.set_xlabel("seconds")
    handles: list = [
        Patch(color=style.MUTED, alpha=alpha, label=part.removesuffix("_seconds").replace("fit", "final fit"))
        for part, alpha in PARTS.items()
    ]
    if frame["granted_seconds"].notna().any():
        handles.append(Line2D([], [], color=style.INK, marker="|", markersize=11, linestyle="none",
                              label="granted to the search"))  # fmt: skip
    style.legend(page, handles, 1.4)
    return page


def describe(frame: pd.DataFrame) -> str:
    """Seconds by part in words."""
    parts = [
        f"{r.estimator}: search {units.duration(r.search_seconds)}, final fit {units.duration(r.fit_seconds)}, "
        f"prediction {units.duration(r.predict_seconds)}"
        for r in frame.itertuples()
    ]
    return "Where the time went. " + "; ".join(parts) + "."


spending = Exhibit(
    "spending", "Where the time went", "bill",
    "Wall-clock seconds of each estimator on this data set, all seeds together. Every search was granted the same; what a "
    "search spent beyond its grant is in the table.",
    frame, "Nothing has been run yet.", draw, describe,
)  # fmt: skip
