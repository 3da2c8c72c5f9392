"""What denoising gains on a mix of clean and corrupted images, beside what was claimed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports.analysis.repair import CONFIDENT, DENOISERS, MIX, STUDY, gain_in_mix, repaired
from reports.drawing import formats, style
from reports.drawing.formats import COUNT, HIDDEN, PERCENT, POINTS, TEXT
from reports.exhibits.exhibit import VARIANT, Exhibit
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HIGHER, SAME, LOWER = "higher", "as claimed", "lower"


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per variant and repair: denoisers done to all images, and repairs that are chosen for each."""
    asked = run.info.get("repair") or {}
    claimed = float("nan") if asked.get("claim") is None else float(asked["claim"])
    rows = []
    for name, own in repaired(run, dataset).items():
        if MIX not in own.right:
            continue
        for arm in (*(way for way in DENOISERS if way in own.ways), CONFIDENT, *own.detectors):
            gain, low, high = gain_in_mix(own, arm)
            right = own.right[MIX]
            rows.append(
                {
                    "variant": name, "family": run.families[name], "repair": arm, "seeds": len(own.clean()),
                    "images": right[arm].shape[1], "accuracy": float(right["as it is"].mean()),
                    "repaired": float(right[arm].mean()), "claimed": claimed, "gain": gain, "gain_low": low,
                    "gain_high": high, "found": _found(claimed, low, high), "told": asked.get("told", ""),
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def _found(claimed: float, low: float, high: float) -> str | None:
    if np.isnan(claimed):
        return None
    return LOWER if high < claimed else HIGHER if low > claimed else SAME


def note(frame: pd.DataFrame) -> str:
    """How the mix is made, and where the claim comes from."""
    made = (
        "Every second image of the mix is clean, the others are under all corruptions in turn. A corrupted image has the detector that has not "
        "seen its corruption, a clean one that which has seen all: as a test of the parts, not as one would use it."
    )
    return f"{made} {frame['told'].iloc[0]}".strip()


@style.styled
def draw(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """A line of marks per repair: what each variant gains by it, with the interval; a dashed line is the claim."""
    ways = list(dict.fromkeys(frame["repair"]))
    variants = list(dict.fromkeys(frame["variant"]))
    page, (axes,) = style.axes_grid(1, 1, (4.4, 0.34 * len(ways)), (0, 0), (1.9, 0.2, 0.4, 0.45))
    for row in frame.itertuples():
        look = looks[str(row.variant)]
        y = ways.index(row.repair) + style.beside(variants.index(row.variant), len(variants))
        axes.plot([100 * row.gain_low, 100 * row.gain_high], [y, y], color=look.colour, linewidth=2.2, alpha=0.35)
        (mark,) = axes.plot(100 * row.gain, y, look.marker, color=look.colour, markersize=4.5)
        style.tip(
            mark,
            f"{row.variant}, {row.repair}: {formats.points(row.gain)} points ({formats.points(row.gain_low)} to "
            f"{formats.points(row.gain_high)})",
        )
    axes.axvline(0, color=style.INK, linewidth=0.8)
    if not formats.absent(claimed := frame["claimed"].iloc[0]):
        axes.axvline(100 * float(claimed), color=style.MUTED, linewidth=1, linestyle="--")
    axes.set_ylim(len(ways) - 0.4, -0.6)
    axes.set_yticks(range(len(ways)), ways)
    style.quiet(axes, "x")
    axes.set_xlabel("points gained on the mix; dashed: claimed")
    style.key(page, variants, looks, 0.1)
    return page


def describe(frame: pd.DataFrame) -> str:
    """Of each variant the repair that gains most, and the claim."""
    parts = []
    for name, rows in frame.groupby("variant", sort=False):
        row = rows.loc[rows["gain"].idxmax()]
        parts.append(f"{name}: {formats.points(row['gain'])} points with {row['repair']}")
    claimed = frame["claimed"].iloc[0]
    beside = "" if formats.absent(claimed) else f" Claimed are {formats.points(claimed)}."
    return f"What repairs gain on a mix of clean and corrupted images. {'; '.join(parts)}.{beside}"


mix = Exhibit(
    name="mix",
    title="Denoising a mix: claimed and measured",
    group="study",
    lead="What a repair gains on a mix of clean and corrupted test images, with the paired 95 % interval; median to autoencoder are done to all "
    "images, the most confident and those of detectors (which have not seen the corruption) are chosen for each.",
    frame=frame,
    empty="No mix has been studied; 'crossover run repair' does.",
    columns={
        **VARIANT,
        "repair": TEXT,
        "seeds": COUNT,
        "images": COUNT,
        "accuracy": PERCENT.called("no repair"),
        "repaired": PERCENT,
        "claimed": POINTS.called("claimed gain"),
        "gain": POINTS,
        "gain_low": POINTS.called("from"),
        "gain_high": POINTS.called("to"),
        "found": TEXT.called("measured is"),
        "told": HIDDEN,
    },
    note=note,
    draw=draw,
    describe=describe,
    studies=(STUDY,),
)
