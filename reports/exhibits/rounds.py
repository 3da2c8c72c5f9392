"""The rounds of each search: where it looked, and what it found there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from reports.analysis.importance import important_axes
from reports.drawing import formats, style
from reports.drawing.formats import COUNT, PERCENT, SECONDS, TEXT, YES_NO
from reports.exhibits.exhibit import UNSEARCHED, VARIANT, Exhibit, of, searched
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MANY = 40  # trials of one estimator that are drawn; of more, every n-th of each ranking
SHADES = np.array([0.12, 0.25, 0.4, 0.6, 0.8, 1.0])


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per trial that ran: round, effort, setting as JSON text, score, seconds, status, whether it won. None where nothing
    was searched.

    Of an estimator with more than `MANY` trials: the winners, and every n-th trial in the order of their scores, so
    that good and bad ones are there in the share they had. results.csv in the run folder has all.
    """
    trials = of(run.trials, dataset).query("status != 'skipped'")
    if not searched(trials):
        return pd.DataFrame()
    winners = {(s.variant, s.seed, s.winner) for s in of(run.searches, dataset).itertuples()}
    table = trials[["variant", "family", "seed", "number", "round", "effort", "status", "score", "seconds"]].copy()
    keys = zip(table["variant"], table["seed"], table["number"], strict=True)
    table["won"] = [key in winners for key in keys]
    ranked = table.sort_values("score", ascending=False, kind="stable", na_position="last")
    by_estimator = ranked.groupby("variant")["won"]
    every = -(-by_estimator.transform("size") // MANY)
    kept = ranked.index[(by_estimator.cumcount() % every == 0) | ranked["won"]]
    table = table[table.index.isin(kept)].copy()
    table["params"] = [json.dumps(params, ensure_ascii=False) for params in trials.loc[table.index, "params"]]
    place = {name: i for i, name in enumerate(run.variants)}
    return table.sort_values("variant", key=lambda names: names.map(place), kind="stable")


@style.styled
def draw(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """A panel per estimator that tried more than one setting: the two numeric axes that matter most, or one axis against the score."""
    from matplotlib.lines import Line2D

    names = list(dict.fromkeys(frame["variant"]))
    names = [name for name in names if frame.loc[frame["variant"] == name, "params"].nunique() > 1] or names[:1]
    page, panels = style.axes_grid(len(names), 3, (2.55, 2.1), (0.9, 0.9), (0.7, 0.1, 0.65, 0.45))
    for axes, name in zip(panels, names, strict=True):
        _panel(axes, frame[frame["variant"] == name].reset_index(drop=True), looks[name].colour)
    shapes = [
        Line2D([], [], color=style.MUTED, marker=style.MARKERS[i], linestyle="none", label=f"round {int(r)}")
        for i, r in enumerate(sorted(frame["round"].dropna().unique())[:6])
    ]
    ring = Line2D(
        [], [], color=style.INK, marker="o", markerfacecolor="none", markersize=10, linestyle="none", label="winner"
    )
    cross = Line2D([], [], color=style.WRONG, marker="x", linestyle="none", label="not ok")
    style.legend(page, [*shapes, ring, *([cross] if (frame["status"] != "ok").any() else [])], 0.6)
    return page


def _panel(axes: Axes, rows: pd.DataFrame, colour: str) -> None:
    from matplotlib.colors import to_rgba

    settings = pd.DataFrame([json.loads(text) for text in rows["params"]])
    score = rows["score"].to_numpy(float)
    best = f"{formats.percent(np.nanmax(score))} %" if np.isfinite(score).any() else "none ok"
    axes.set_title(f"{style.short(rows['variant'].iloc[0], 20)}: {best}", pad=6)
    style.quiet(axes)
    chosen = important_axes(settings, score)
    if not chosen:
        axes.set(xticks=[], yticks=[], xlabel="nothing was varied")
        return
    x, xlabel = settings[chosen[0]], chosen[0]
    y, ylabel = (settings[chosen[1]], chosen[1]) if len(chosen) > 1 else (rows["score"], "validation accuracy")
    shade = np.full(len(rows), 0.85)
    if len(chosen) > 1:  # by rank, or one hopeless setting would make all others look alike
        rank = pd.Series(score).rank(pct=True).fillna(0).to_numpy()
        shade = SHADES[(len(SHADES) * rank**1.5).astype(int).clip(0, len(SHADES) - 1)]
    x = _scaled(axes.xaxis, x)
    if len(chosen) > 1:
        y = _scaled(axes.yaxis, y)
    elif np.isfinite(score).any():
        y = style.stretch(score)
        style.accuracy_axis(axes.yaxis, np.nanmin(score), np.nanmax(score))
    ok = np.isfinite(score)
    for i, number in enumerate(sorted(rows["round"].dropna().unique())):
        here = (ok & (rows["round"] == number)).to_numpy()
        for level in np.unique(shade[here]):
            at = here & (shade == level)
            axes.plot(
                x[at],
                y[at],
                style.MARKERS[min(i, 5)],
                markersize=6.2,
                color=to_rgba(colour, level),
                markeredgecolor=colour,
                markeredgewidth=0.5,
            )
    if (~ok).any() and len(chosen) > 1:
        axes.plot(x[~ok], y[~ok], "x", markersize=5.5, color=style.WRONG, markeredgewidth=1.2)
    won = rows["won"].to_numpy(bool) & ok
    axes.scatter(x[won], y[won], marker="o", s=120, facecolors="none", edgecolors=style.INK, linewidths=1.3)
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)


def _scaled(axis: Any, values: pd.Series) -> np.ndarray:
    if any(isinstance(v, bool | str) or v is None for v in values):
        names = sorted({str(v) for v in values})
        axis.set_ticks(range(len(names)), [style.short(n, 10) for n in names])
        axis.axes.set(**{f"{axis.axis_name}lim": (-0.6, len(names) - 0.4)})
        return np.array([names.index(str(v)) for v in values], float)
    numbers = values.to_numpy(float)
    finite = numbers[np.isfinite(numbers)]
    if not len(finite):
        return numbers
    low, high = finite.min(), finite.max()
    scale = style.span(finite)
    axis.axes.set(**{f"{axis.axis_name}scale": scale})
    if scale == "log":
        margin = (high / low) ** 0.09
        axis.axes.set(**{f"{axis.axis_name}lim": (low / margin, high * margin)})
        style.plain_log(axis)
    else:
        margin = 0.09 * (high - low) or 0.1 * abs(high) or 1.0
        axis.axes.set(**{f"{axis.axis_name}lim": (low - margin, high + margin)})
        from matplotlib.ticker import MaxNLocator

        axis.set_major_locator(MaxNLocator(5))
    return numbers


def describe(frame: pd.DataFrame) -> str:
    """Trials, rounds and the best score of each search in words."""
    parts = [
        f"{name}: {len(rows)} trials of {rows['round'].nunique()} rounds, best validation accuracy "
        f"{formats.percent(rows['score'].max())} %"
        for name, rows in frame.groupby("variant", sort=False)
    ]
    return "The searches. " + "; ".join(parts) + "."


rounds = Exhibit(
    name="rounds",
    title="The rounds of each search",
    group="tuning",
    lead="A mark is a trial, placed by the two numeric settings that matter most (or by one setting and its score). "
    "Its shape is the round, a stronger colour a better rank. The title has the best validation accuracy. Of a "
    "search with more than 40 trials every n-th in the order of their scores is shown, and the winner; results.csv "
    "has all. A search that tried one setting has no panel.",
    frame=frame,
    empty=UNSEARCHED,
    columns={
        **VARIANT,
        "seed": COUNT,
        "number": COUNT,
        "round": COUNT,
        "effort": PERCENT,
        "status": TEXT,
        "score": PERCENT,
        "seconds": SECONDS.called("time"),
        "won": YES_NO,
        "params": TEXT,
    },
    draw=draw,
    describe=describe,
)
