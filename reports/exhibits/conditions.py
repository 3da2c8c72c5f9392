"""Accuracy at every level of a study: whatever the study is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from reports.analysis.intervals import accuracy_interval
from reports.drawing import formats, style
from reports.drawing.formats import COUNT, HIDDEN, POINTS, TEXT
from reports.exhibits.exhibit import ACCURACY, ANY_STUDY, OF_ITS_OWN, VARIANT, Exhibit
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per study, level and variant: accuracy with its interval, and the difference to the standard condition."""
    usual = {name: run.correct(dataset, name) for name in run.scored(dataset)} if _standard(run) else {}
    rows = []
    for study, about in run.info.get("studies", {}).items():
        if study in OF_ITS_OWN:
            continue
        for condition in run.conditions:
            level = condition.level if condition.study == study else about["standard"]
            if condition.study not in (study, "") or level is None:
                continue
            at = run.at(condition)
            for name in at.scored(dataset):
                right = at.correct(dataset, name)
                low, high = accuracy_interval(right)
                rows.append(
                    {
                        "study": study,
                        "title": about["title"],
                        "axis": about["axis"],
                        "level": str(level),
                        "value": condition.value,
                        "variant": name,
                        "family": run.families[name],
                        "seeds": len(right),
                        "accuracy": float(right.mean()),
                        "accuracy_low": low,
                        "accuracy_high": high,
                        "change": float(right.mean() - usual[name][:, at.rows(dataset)].mean())
                        if name in usual
                        else None,
                    }
                )
    return pd.DataFrame(rows)


def _standard(run: Run) -> bool:
    return all(condition.is_standard for condition in run.shown.values())


@style.styled
def draw(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """A line per variant over the levels, evenly spaced, with bars for the intervals."""
    levels = list(dict.fromkeys(frame["level"]))
    labels = _labels(levels)
    below = 0.5 + 0.14 * max(label.count("\n") for label in labels)
    page, (axes,) = style.axes_grid(1, 1, (3.75, 2.7), (0, 0), (0.72, 0.2, style.key_height(frame), below))
    for name, rows in frame.groupby("variant", sort=False):
        look = looks[str(name)]
        x = [levels.index(level) for level in rows["level"]]
        for at, low, high in zip(x, rows["accuracy_low"], rows["accuracy_high"], strict=True):
            axes.plot([at, at], style.stretch([low, high]), color=look.colour, linewidth=2.2, alpha=0.35)
        axes.plot(x, style.stretch(rows["accuracy"]), color=look.colour, linewidth=1, alpha=0.6)
        axes.plot(x, style.stretch(rows["accuracy"]), look.marker, color=look.colour, markersize=5)
    axes.set_xticks(range(len(levels)), labels)
    axes.set_xlim(-0.4, len(levels) - 0.6)
    style.quiet(axes)
    style.accuracy_axis(axes.yaxis, frame["accuracy_low"].min(), frame["accuracy_high"].max())
    axes.set_xlabel(str(frame["axis"].iloc[0]))
    axes.set_ylabel("test accuracy")
    style.key(page, frame.sort_values("accuracy", ascending=False, kind="stable")["variant"], looks, 0.1)
    return page


def _labels(levels: list[str]) -> list[str]:
    """Levels as they stand below the axis: their parts one below another where one is long or they are many."""
    fits = len(levels) <= 5 and all(len(level) <= 12 for level in levels)
    return [
        style.short(level, 12) if fits else "\n".join(style.short(part, 12) for part in level.split("-"))
        for level in levels
    ]


def describe(frame: pd.DataFrame) -> str:
    """The first and the last level of each study."""
    parts = []
    for (study, name), rows in frame.groupby(["study", "variant"], sort=False):
        ends = [f"{formats.percent(r.accuracy)} % at {r.level}" for r in rows.iloc[[0, -1]].itertuples()]
        parts.append(f"{study}, {name}: {' and '.join(dict.fromkeys(ends))}")
    return "Test accuracy at the levels of a study. " + "; ".join(parts) + "."


conditions = Exhibit(
    name="conditions",
    title="Accuracy at every level",
    group="study",
    lead="Every variant at every level of the study, with 95 % intervals; the levels are evenly spaced. If the standard condition "
    "is among them, the rest of this page is about that, and the table has the difference to it.",
    frame=frame,
    empty="No level of the study has been evaluated yet.",
    columns={
        "study": TEXT,
        "title": HIDDEN,
        "axis": HIDDEN,
        "level": TEXT,
        "value": HIDDEN,
        **VARIANT,
        "seeds": COUNT,
        **ACCURACY,
        "change": POINTS,
    },
    draw=draw,
    describe=describe,
    by="study",
    studies=(ANY_STUDY,),
)
