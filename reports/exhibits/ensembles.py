"""Free ensembles: mixes of stored predictions, and whether they beat the best single model.

No weight is learned: members count equally, so that no test label helps to make a mix. Which single model is best of
its family is decided by its validation score, for the same reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports.analysis.comparison import holm, paired_p
from reports.analysis.intervals import SIGNIFICANT, accuracy_interval, difference_interval
from reports.drawing import formats, style
from reports.drawing.formats import BYTES, MILLISECONDS, P_VALUE, POINTS, SECONDS, TEXT, YES_NO
from reports.exhibits.exhibit import ACCURACY, Exhibit
from reports.leaderboard import scores
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per mix: accuracy, its difference to the best single model, paired interval and p value, and its cost.

    The seeds of the members are paired in order, as many as all have; a difference is that of the same seeds. Latency,
    fit and size are the sums over the members.
    """
    board = scores(run, dataset)
    board = board[board["family"] != ""]
    mixes = _mixes(board)
    if not mixes:
        return pd.DataFrame()
    y, rows, best = run.test(dataset).y, [], board.iloc[0]["variant"]  # scores come best first
    for name, members in mixes.items():
        part = board[board["variant"].isin(members)]
        seeds = min(len(run.evaluated(dataset, member)) for member in members)
        correct = np.array([_mean(run, dataset, members, s).argmax(1) == y for s in range(seeds)])
        low, high = accuracy_interval(correct)
        seeds = min(seeds, len(run.evaluated(dataset, best)))
        gap = correct[:seeds].astype(np.int8) - run.correct(dataset, best)[:seeds].astype(np.int8)
        ends = difference_interval(gap)
        rows.append(
            {
                "mix": name, "members": ", ".join(members), "accuracy": float(correct.mean()),
                "accuracy_low": low, "accuracy_high": high, "than": best, "difference": float(gap.mean()),
                "low": ends[0], "high": ends[1], "p": paired_p(gap),
                "latency_ms": part["latency_ms"].sum(min_count=len(part)), "fit_seconds": part["fit_seconds"].sum(min_count=len(part)),
                "model_bytes": float(part["model_bytes"].sum(min_count=len(part))),
            }
        )  # fmt: skip
    table = pd.DataFrame(rows)
    table["p_holm"] = holm(table["p"].to_numpy())
    table["helps"] = (table["p_holm"] < SIGNIFICANT) & (table["difference"] > 0)
    return table


def _mixes(board: pd.DataFrame) -> dict[str, list[str]]:
    """Name of a mix -> its members; only mixes of two and more."""
    order = board.sort_values("validation_score", ascending=False, kind="stable", na_position="last")
    ranked = {family: list(order.loc[order["family"] == family, "variant"]) for family in ("classical", "deep")}
    mixes = {
        "best of each family": ranked["classical"][:1] + ranked["deep"][:1],
        "two best of each family": ranked["classical"][:2] + ranked["deep"][:2],
        "all classical": ranked["classical"],
        "all deep": ranked["deep"],
        "all": list(order["variant"]),
    }
    different: dict[frozenset[str], str] = {}
    for name, members in mixes.items():
        if len(members) > 1:
            different.setdefault(frozenset(members), name)
    return {name: mixes[name] for name in different.values()}


def _mean(run: Run, dataset: str, members: list[str], place: int) -> np.ndarray:
    parts = [run.predictions(dataset, name, run.evaluated(dataset, name)[place]) for name in members]
    return np.asarray(np.mean(parts, axis=0, dtype=np.float64))


@style.styled
def draw(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """How far each mix is ahead of the best single model, with the interval; hollow where it may be chance."""
    page, (axes,) = style.axes_grid(1, 1, (2.5, 0.36 * len(frame) + 0.2), (0, 0), (1.6, 1.2, 0.1, 0.45))
    for y, row in enumerate(frame.itertuples()):
        axes.plot([100 * row.low, 100 * row.high], [y, y], color=style.FAMILY[""], linewidth=2.4, alpha=0.45)
        fill = style.FAMILY[""] if row.p_holm < SIGNIFICANT else style.SURFACE
        (mark,) = axes.plot(100 * row.difference, y, "o", color=style.FAMILY[""], markerfacecolor=fill)
        style.tip(
            mark,
            f"{row.mix} ({row.members}): {formats.percent(row.accuracy)} %, {formats.points(row.difference)} points "
            f"against {row.than} ({formats.points(row.low)} to {formats.points(row.high)}), one image "
            f"{formats.number(row.latency_ms)} ms",
        )
        axes.annotate(
            f"{formats.points(row.difference)}, {formats.number(row.latency_ms)} ms",
            (1.02, y),
            xycoords=("axes fraction", "data"),
            va="center",
            color=style.INK,
        )
    axes.axvline(0, color=style.MUTED, linewidth=1)
    axes.set_yticks(range(len(frame)), frame["mix"])
    axes.set_ylim(len(frame) - 0.5, -0.5)
    style.quiet(axes, "x")
    axes.tick_params(axis="y", labelcolor=style.INK)
    axes.set_xlabel(f"points by which it is ahead of {style.short(frame['than'].iloc[0], 22)}")
    return page


def describe(frame: pd.DataFrame) -> str:
    """What each mix gains in words."""
    parts = [
        f"{r.mix} {formats.percent(r.accuracy)} %, {formats.points(r.difference)} points against {r.than}"
        + ("" if r.p_holm < SIGNIFICANT else ", within the uncertainty")
        for r in frame.itertuples()
    ]
    return "Mixes of stored predictions with equal weights: " + "; ".join(parts) + "."


ensembles = Exhibit(
    name="ensembles",
    title="Does an ensemble help?",
    group="result",
    lead="The mean of the members' probabilities, with equal weights. Nothing is fitted and the members were chosen by "
    "validation scores, so no test label helped to make one. Shown: points ahead of the best single model on the same "
    "images, with the paired 95 % interval, and the time to label one image with all members, one after the other. "
    "Hollow: may be chance (paired test, Holm-corrected). The single model is the leader of the leaderboard: it was "
    "picked by its test score, which favours it.",
    frame=frame,
    empty="It takes two evaluated estimators to mix.",
    columns={
        "mix": TEXT,
        "members": TEXT,
        **ACCURACY,
        "than": TEXT.called("ahead of"),
        "difference": POINTS,
        "low": POINTS,
        "high": POINTS,
        "p": P_VALUE,
        "latency_ms": MILLISECONDS,
        "fit_seconds": SECONDS,
        "model_bytes": BYTES,
        "p_holm": P_VALUE.called("p (Holm)"),
        "helps": YES_NO,
    },
    draw=draw,
    describe=describe,
    timed=True,
)
