"""What denoising gains on a mix of clean and corrupted images, beside what was claimed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.analysis.repair import CONFIDENT, DENOISERS, MIX, STUDY, gain_in_mix, repaired
from reports.drawing.formats import COUNT, HIDDEN, PERCENT, POINTS, TEXT
from reports.exhibits.exhibit import VARIANT, Exhibit
from reports.run import Run

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
    made = "Every second image of the mix is clean, the others are under all corruptions in turn."
    return f"{made} {frame['told'].iloc[0]}".strip()


mix = Exhibit(
    name="mix",
    title="Denoising a mix: claimed and measured",
    group="study",
    lead="What a repair gains on a mix of clean and corrupted test images, with the paired 95 % interval; median to autoencoder are done to all "
    "images, the most confident and those of detectors (which have not seen the corruption) are chosen for each.",
    frame=frame,
    empty="No mix has been studied.",
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
    studies=(STUDY,),
)
