"""The cost ledger: what was granted, and where the time went."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from reports.drawing import formats, style
from reports.drawing.formats import BYTES, COUNT, SECONDS
from reports.exhibits.exhibit import VARIANT, Exhibit, of
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ALL = "in all"
PARTS = {
    "search_seconds": 0.35,
    "import_seconds": 0.18,
    "fit_seconds": 0.75,
    "predict_seconds": 1.0,
    "other_seconds": 0.5,
}
NAMES = {
    "search_seconds": "search",
    "import_seconds": "imports",
    "fit_seconds": "final fit",
    "predict_seconds": "predict",
    "other_seconds": "latency, saving",
}


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per estimator, seeds added up, and one for all of them.

    ``search_seconds`` is the sum of ``trial_seconds`` and ``proposer_seconds`` (what the strategy itself took). The budget is
    charged that and the final fit with its saving. ``overspent_seconds`` adds up, over the seeds, what search and fit took
    beyond the grant. Imports of libraries are charged to nobody;
    ``other_seconds`` of final fit and evaluation are warm-up, latency, saving and loading. ``total_seconds`` is the sum
    of search, import, fit, predict and other.
    """
    tables = (of(table, dataset) for table in (run.searches, run.fits, run.evaluations, run.trials))
    searches, fits, evaluations, trials = tables
    rows = []
    for name in run.variants:
        search, fit, evaluation, tried = (t[t["variant"] == name] for t in (searches, fits, evaluations, trials))
        if not len(search) + len(fit) + len(tried):
            continue
        # A search that has not ended yet has spent what its trials took.
        proposer = search["proposer_seconds"].sum()
        spent = search["spent_seconds"].sum() if len(search) else tried["seconds"].sum()
        granted, over = float("nan"), float("nan")
        if search["granted_seconds"].notna().any():
            granted = search["granted_seconds"].sum()
            spent_by_seed = search.set_index("seed")["spent_seconds"].add(
                fit.set_index("seed")["seconds"], fill_value=0
            )
            over = (spent_by_seed - search.set_index("seed")["granted_seconds"]).clip(lower=0).sum()
        imports = sum(t["import_seconds"].sum() for t in (tried, fit, evaluation))
        fitting, predicting = fit["fit_seconds"].sum(), evaluation["predict_seconds"].sum()
        beside = (fit["seconds"] - fit["fit_seconds"], evaluation["seconds"] - evaluation["predict_seconds"])
        other = sum(seconds.clip(lower=0).sum() for seconds in beside)
        rows.append(
            {
                "variant": name, "family": run.families[name], "granted_seconds": granted,
                "trial_seconds": spent - proposer, "proposer_seconds": proposer, "search_seconds": spent,
                "overspent_seconds": over, "longest_trial_seconds": tried["seconds"].max(), "import_seconds": imports,
                "fit_seconds": fitting, "predict_seconds": predicting, "other_seconds": other,
                "total_seconds": spent + imports + fitting + predicting + other,
                "peak_bytes": pd.concat([t["peak_bytes"] for t in (fit, evaluation, tried)]).max(),
                "trials": int((tried["status"] != "skipped").sum()), "failed_trials": int((~tried["status"].isin(["ok", "skipped"])).sum()),
            }
        )  # fmt: skip
    table = pd.DataFrame(rows)
    if len(table) > 1:
        most = table[["longest_trial_seconds", "peak_bytes"]].max()
        total = table.drop(columns=["variant", "family"]).sum(min_count=1)
        total[most.index] = most
        table.loc[len(table)] = {"variant": ALL, "family": "", **total}
    return table


@style.styled
def draw(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """Stacked bars: search, imports, final fit, prediction, the rest; a tick marks the budget."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    frame = frame[frame["variant"] != ALL]
    page, (axes,) = style.axes_grid(1, 1, (7.9, 0.36 * len(frame) + 0.1), (0, 0), (1.5, 1.0, 0.4, 0.45))
    for y, row in enumerate(frame.to_dict("records")):
        left = 0.0
        for part, alpha in PARTS.items():
            (bar,) = axes.barh(y, row[part], left=left, height=0.62, color=looks[row["variant"]].colour, alpha=alpha)
            style.tip(bar, f"{row['variant']}, {NAMES[part]}: {formats.duration(row[part])}")
            left += row[part]
        if row["granted_seconds"] == row["granted_seconds"]:
            axes.plot([row["granted_seconds"]] * 2, [y - 0.42, y + 0.42], color=style.INK, linewidth=1.2)
        axes.annotate(formats.duration(left), (1.02, y), xycoords=("axes fraction", "data"), va="center")
    axes.set_yticks(range(len(frame)), [style.short(n, 22) for n in frame["variant"]])
    axes.set_ylim(len(frame) - 0.5, -0.5)
    style.quiet(axes, "x")
    axes.tick_params(axis="y", labelcolor=style.INK)
    axes.set_xlabel("seconds")
    handles: list = [Patch(color=style.MUTED, alpha=alpha, label=NAMES[part]) for part, alpha in PARTS.items()]
    if frame["granted_seconds"].notna().any():
        handles.append(Line2D([], [], color=style.INK, marker="|", markersize=11, linestyle="none", label="granted"))
    style.legend(page, handles, 1.4)
    return page


def describe(frame: pd.DataFrame) -> str:
    """Seconds by part in words."""
    parts = [
        f"{r.variant}: search {formats.duration(r.search_seconds)}, final fit {formats.duration(r.fit_seconds)}, "
        f"prediction {formats.duration(r.predict_seconds)}"
        for r in frame.itertuples()
    ]
    return "Where the time went. " + "; ".join(parts) + "."


spending = Exhibit(
    name="spending",
    title="Where the time went",
    group="bill",
    lead="Wall-clock seconds of each estimator on this data set, all seeds together. Each was granted the "
    "same. The budget pays for the search, which is its trials and what its strategy took to propose them, and for the final "
    "fit with its saving; imports of libraries and the evaluation are charged to nobody.",
    frame=frame,
    empty="Nothing has been run yet.",
    columns={
        **VARIANT,
        "granted_seconds": SECONDS,
        "trial_seconds": SECONDS,
        "proposer_seconds": SECONDS,
        "search_seconds": SECONDS,
        "overspent_seconds": SECONDS,
        "longest_trial_seconds": SECONDS,
        "import_seconds": SECONDS,
        "fit_seconds": SECONDS,
        "predict_seconds": SECONDS,
        "other_seconds": SECONDS,
        "total_seconds": SECONDS,
        "peak_bytes": BYTES,
        "trials": COUNT,
        "failed_trials": COUNT,
    },
    draw=draw,
    describe=describe,
    timed=True,
)
