"""Mean ranks over data sets: a critical-difference diagram."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports import leaderboard
from reports.analysis.comparison import holm, letters
from reports.analysis.intervals import SIGNIFICANT
from reports.analysis.ranks import conclusive, friedman, mean_ranks, same_images, wilcoxon
from reports.drawing import formats, style
from reports.drawing.formats import COUNT, HIDDEN, P_VALUE, TEXT, decimal
from reports.exhibits.exhibit import VARIANT, Exhibit
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def frame(run: Run) -> pd.DataFrame:
    """One row per estimator with a score on every data set that has any, best first: its mean rank, and its ties.

    Data sets of the same images (`same_images`) count once, with the first of them; ``left_out`` names the others.
    Ranks and Friedman's test after Demšar (2006), *Statistical comparisons of classifiers over multiple data sets*.
    Pairs are told apart by Wilcoxon's signed-rank test, Holm-corrected, instead of Nemenyi's, whose answer on two
    models depends on the others (Benavoli, Corani and Mangili 2016, *Should we really use post-hoc tests based on
    mean-ranks?*).
    """
    board = leaderboard.frame(run)
    groups = same_images(run)
    board = board[board["dataset"].isin([group[0] for group in groups])]
    scores = board.pivot(index="dataset", columns="variant", values="accuracy").dropna(how="all")
    scores = scores.dropna(axis=1)
    if len(scores) < 2 or scores.shape[1] < 2:
        return pd.DataFrame()
    ranks = mean_ranks(scores).sort_values(kind="stable")
    names, pairs = list(ranks.index), list(combinations(ranks.index, 2))
    corrected = holm(np.array([wilcoxon(scores[a] - scores[b]) for a, b in pairs]))
    apart = [pair for pair, p in zip(pairs, corrected, strict=True) if p < SIGNIFICANT]
    shared = letters(names, apart)
    return pd.DataFrame({
        "variant": names, "family": [run.families[n] for n in names], "mean_rank": ranks.to_numpy(),
        "letters": [shared[n] for n in names], "datasets": len(scores), "p_friedman": friedman(scores),
        "left_out": ", ".join(run.title(name) for group in groups for name in group[1:]),
    })  # fmt: skip


@style.styled
def draw(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """An axis of ranks, a stem from each estimator to its mean rank, and a bar across those that are tied."""
    count, left = len(frame), -(-len(frame) // 2)
    signs = sorted(set("".join(frame["letters"])))
    bars = [frame.loc[[sign in own for own in frame["letters"]], "mean_rank"] for sign in signs]
    bars = [bar for bar in bars if len(bar) > 1]
    step, top = 0.26, 0.5
    depth = 0.14 * len(bars) + 0.12
    page, axes = style.board(style.NARROW, top + depth + step * left + 0.1)
    edge = 0.3 + 0.078 * max(len(style.short(name, 20)) for name in frame["variant"])
    edge = min(edge, style.NARROW / 2 - 0.8)

    def place(rank: float) -> float:
        return edge + (style.NARROW - 2 * edge) * (rank - 1) / (count - 1)

    axes.plot([place(1), place(count)], [top, top], color=style.MUTED, linewidth=1)
    for rank in range(1, count + 1):
        axes.plot([place(rank)] * 2, [top - 0.07, top], color=style.MUTED, linewidth=1)
        axes.text(place(rank), top - 0.13, str(rank), ha="center", va="bottom", color=style.MUTED)
    axes.text(style.NARROW / 2, 0.02, "mean rank, 1 is best", ha="center", va="top", color=style.MUTED)
    for i, row in enumerate(frame.itertuples()):
        first = i < left
        y = top + depth + step * ((i if first else count - 1 - i) + 0.4)
        side = edge - 0.12 if first else style.NARROW - edge + 0.12
        x, colour = place(row.mean_rank), looks[row.variant].colour
        axes.plot([x, x, side], [top, y, y], color=colour, linewidth=1.2)
        axes.plot(x, top, looks[row.variant].marker, color=colour)
        words = f"{style.short(row.variant, 20)} {formats.number(row.mean_rank)}"
        axes.text(
            side + (-0.06 if first else 0.06), y, words, ha="right" if first else "left", va="center", color=style.INK
        )
    for i, bar in enumerate(bars):
        y = top + 0.16 + 0.14 * i
        axes.plot(
            [place(bar.min()) - 0.05, place(bar.max()) + 0.05], [y, y], color=style.INK, linewidth=3.5, alpha=0.75
        )
    return page


def describe(frame: pd.DataFrame) -> str:
    """The mean ranks and ties in words."""
    parts = [f"{r.variant} {formats.number(r.mean_rank)} ({r.letters})" for r in frame.itertuples()]
    return (
        f"Mean ranks over {frame['datasets'].iloc[0]} data sets; those that share a letter are tied: "
        + "; ".join(parts)
        + "."
    )


def note(frame: pd.DataFrame) -> str:
    """A warning where the data sets are too few to tell anything, or some are the same images."""
    seen, needed = int(frame["datasets"].iloc[0]), conclusive(len(frame))
    p, twins = frame["p_friedman"].iloc[0], frame["left_out"].iloc[0]
    told = "" if formats.absent(p) else f" Friedman's test that all are equally good: p = {formats.number(p, 4)}."
    if twins and not formats.absent(twins):
        told += f" Left out, since its images are those of another data set here: {twins}."
    if seen >= needed:
        return told.strip()
    return (
        f"Too few data sets to conclude: with {len(frame)} estimators even one that wins everywhere is told apart "
        f"from the others only on {needed} data sets or more, and here are {seen}. That all are tied here says "
        f"nothing about other data; who wins on one data set is told below.{told}"
    )


ranks = Exhibit(
    name="ranks",
    title="Ranks over data sets",
    group="across",
    lead="On each data set the most accurate estimator has rank 1; the axis has the mean over data sets. A bar joins "
    "those that are tied (Wilcoxon's signed-rank test, Holm-corrected, 5 %). Only estimators with a score on every "
    "data set are ranked, and data sets of the same images count once.",
    frame=frame,
    empty="It takes two estimators that were evaluated on two data sets.",
    columns={
        **VARIANT,
        "mean_rank": decimal(2),
        "letters": TEXT.called("tied"),
        "datasets": COUNT,
        "p_friedman": P_VALUE.called("p (Friedman)"),
        "left_out": HIDDEN,
    },
    draw=draw,
    describe=describe,
    note=note,
)
