"""How far each variant was tuned, what of its budget it spent, and whether a network's training was long enough."""

from __future__ import annotations

import pandas as pd

from benchmarks.search import TUNED
from reports.analysis.effort import efforts
from reports.drawing.formats import TEXT, YES_NO, Format, number, percent
from reports.exhibits.exhibit import VARIANT, Exhibit
from reports.run import Run

(CLASSICAL, CLASSICAL_EFFORT), (DEEP, DEEP_EFFORT) = TUNED["classical"], TUNED["deep"]
SECONDS = Format(lambda value: number(value, 1).replace("-", "−"), "s", "_seconds", decimals=4)
SHARE = Format(lambda value: percent(value, 0), "%", decimals=6)


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per condition and variant, means over the seeds; ``returned_seconds`` below zero were spent too much.

    The base settings of the study `tuning` were not searched for, so they have no row.
    """
    conditions = [c for c in run.fitted if c.study != "tuning"] or list(run.fitted)
    rows = [
        {
            "condition": (str(condition) or "standard") if len(conditions) > 1 else None,
            "variant": name,
            "family": run.families[name],
            "setting": own.setting or None,
            "settings": own.settings,
            "highest_effort": own.highest,
            "granted_seconds": own.granted,
            "search_seconds": own.search,
            "fit_seconds": own.fit,
            "returned_seconds": own.granted - own.search - own.fit,
            "core_seconds": own.core_seconds,
            "fit_effort": own.fit_effort,
            "flattened": own.flattened,
            "ended": own.ended,
        }
        for condition in conditions
        for name, own in efforts(run.at(condition), dataset).items()
    ]
    return pd.DataFrame(rows)


tuning = Exhibit(
    name="tuning",
    title="How far each was tuned",
    group="tuning",
    lead="Default: the base setting stays, since no other was shown to be better. Tuned: another one was confirmed to be better "
    f"on rows that had not picked it, after at least {CLASSICAL} settings at an effort of {percent(CLASSICAL_EFFORT, 0)}\u00a0% or more "
    f"({DEEP} at {percent(DEEP_EFFORT, 0)}\u00a0% for a network). Lightly searched: confirmed after fewer, or at less effort. An effort is a share of a full "
    "fit: of its rows, or of the images that a network is shown, which may be more than 100\u00a0%. Seconds are those of a seed; below zero, more was spent than "
    "granted. Core-seconds add up what all cores did. The curve is the validation accuracy during the fit, or during the longest trial of its setting.",
    frame=frame,
    empty="No search has ended yet.",
    columns={
        "condition": TEXT,
        **VARIANT,
        "setting": TEXT,
        "settings": Format(lambda value: number(value, 0 if float(value).is_integer() else 1)).called("settings tried"),
        "highest_effort": SHARE.called("longest trial"),
        "granted_seconds": SECONDS,
        "search_seconds": SECONDS,
        "fit_seconds": SECONDS,
        "returned_seconds": SECONDS,
        "core_seconds": SECONDS,
        "fit_effort": SHARE.called("final fit"),
        "flattened": YES_NO.called("curve flat"),
        "ended": TEXT.called("why it ended"),
    },
)
