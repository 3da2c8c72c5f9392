"""What others reported for such models, beside what was measured here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports.analysis.intervals import accuracy_interval, difference_interval
from reports.analysis.transfer import STUDY
from reports.drawing import formats, style
from reports.drawing.formats import COUNT, HIDDEN, PERCENT, POINTS, TEXT
from reports.exhibits.exhibit import ACCURACY, VARIANT, Exhibit
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HIGHER, SAME, LOWER = "higher", "as claimed", "lower"


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per variant, in the order of the suite: the claim, if it is a number, the accuracy with its 95 % interval, and what
    that comes to.

    A step is the gain over the variant above, as claimed and as measured on the same images, with its paired interval.
    """
    claims, rows, above = run.info.get("claims", {}), [], None
    if not claims.get("told"):
        return pd.DataFrame()
    for name, at in _measured(run, dataset).items():
        claimed = claims["accuracies"].get(name, float("nan"))
        correct = at.correct(dataset, name)
        low, high = accuracy_interval(correct)
        row = {
            "variant": name, "family": run.families[name], "seeds": len(correct), "claimed": claimed,
            "accuracy": float(correct.mean()), "accuracy_low": low, "accuracy_high": high,
            "found": _found(claimed, low, high), "told": claims["told"],
        }  # fmt: skip
        same = at is run and above is not None and above[1] == run.evaluated(dataset, name)
        if same and above is not None:
            step = correct.astype("int8") - above[2].astype("int8")
            row |= {"claimed_step": claimed - above[0], "step": float(step.mean())}
            row |= dict(zip(("step_low", "step_high"), difference_interval(step), strict=True))
        above = (claimed, run.evaluated(dataset, name), correct) if at is run else None
        rows.append(row)
    columns = [*COLUMNS, "told"]
    return pd.DataFrame(rows).reindex(columns=columns) if rows else pd.DataFrame()


def _measured(run: Run, dataset: str) -> dict[str, Run]:
    """The variants that were evaluated, and the run at the condition of that; what is claimed of a source as it is was measured
    where there was no image of the target, and stands alone.
    """
    claimed = run.info["claims"]["accuracies"]
    here = dict.fromkeys(
        (n for n in run.scored(dataset) if n in claimed or STUDY not in run.info.get("studies", {})), run
    )
    for condition in run.conditions:
        at = run.at(condition)
        here |= {name: at for name in at.scored(dataset) if name in claimed and name not in here}
    return here


def _found(claimed: float, low: float, high: float) -> str | None:
    if np.isnan(claimed):
        return None
    return LOWER if high < claimed else HIGHER if low > claimed else SAME


@style.styled
def draw(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """The claim, hollow; the accuracy measured here with its interval; one line per variant."""
    page, (axes,) = style.axes_grid(1, 1, (5.6, 0.36 * len(frame) + 0.2), (0, 0), (2.2, 1.6, 0.1, 0.45))
    for y, row in enumerate(frame.itertuples()):
        look = looks[row.variant]
        ends = style.stretch([row.accuracy_low, row.accuracy_high])
        axes.plot(ends, [y, y], color=look.colour, linewidth=2.4, solid_capstyle="round", alpha=0.45)
        (mark,) = axes.plot(style.stretch(row.accuracy), y, look.marker, color=look.colour)
        style.tip(mark, _told(row))
        if pd.notna(row.found):
            axes.plot(style.stretch(row.claimed), y, "D", color=style.INK, markerfacecolor=style.SURFACE, markersize=7)
        words = f"{formats.percent(row.accuracy)} %{f', {row.found}' if pd.notna(row.found) else ''}"
        axes.annotate(words, (1.02, y), xycoords=("axes fraction", "data"), va="center", color=style.INK)
    axes.set_yticks(range(len(frame)), [style.short(n, 34) for n in frame["variant"]])
    axes.set_ylim(len(frame) - 0.5, -0.5)
    style.quiet(axes, "x")
    axes.tick_params(axis="y", labelcolor=style.INK)
    both = frame[["claimed", "accuracy_low", "accuracy_high"]]
    style.accuracy_axis(axes.xaxis, both.min().min(), both.max().max())
    axes.set_xlabel("test accuracy; hollow: the claim" if frame["found"].notna().any() else "test accuracy")
    return page


def _told(row) -> str:
    claimed = f"claimed {formats.percent(row.claimed)} %, " if pd.notna(row.found) else ""
    measured = f"measured {formats.percent(row.accuracy)} % ({formats.interval(row.accuracy_low, row.accuracy_high)})"
    return f"{row.variant}: {claimed}{measured}{f', {row.found}' if pd.notna(row.found) else ''}"


def describe(frame: pd.DataFrame) -> str:
    """Every claim in words."""
    return f"Claimed and measured test accuracy. {'; '.join(map(_told, frame.itertuples()))}."


def note(frame: pd.DataFrame) -> str:
    """Where the claims come from."""
    return str(frame["told"].iloc[0]) if len(frame) else ""


COLUMNS = {
    **VARIANT,
    "seeds": COUNT,
    "claimed": PERCENT,
    **ACCURACY,
    "found": TEXT.called("measured is"),
    "claimed_step": POINTS,
    "step": POINTS,
    "step_low": POINTS,
    "step_high": POINTS,
}

claims = Exhibit(
    name="claims",
    title="Claimed and measured",
    group="study",
    lead="What somebody reported for such a model (hollow), and what it reaches here, with the 95 % interval. A step is the gain over the "
    "line above it, on the same test images.",
    frame=frame,
    empty='Nothing is claimed of these variants; a suite tells it with claims = "…".',
    columns={**COLUMNS, "told": HIDDEN},
    draw=draw,
    describe=describe,
    note=note,
    applies=lambda run: bool(run.info.get("claims", {}).get("told")),
)
