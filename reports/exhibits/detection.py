"""How well detectors tell what went wrong with a test image."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.corruptions import parse
from benchmarks.repair.levels import CLEAN, kind, severity
from benchmarks.repair.stored import MIX
from reports.analysis.repair import STUDY, found
from reports.drawing.formats import COUNT, PERCENT, TEXT, decimal
from reports.exhibits.exhibit import Exhibit
from reports.run import Run


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per corruption and detector, clean images first."""
    stored = found(run, dataset)
    if not stored:
        return pd.DataFrame()
    levels = np.array(stored[0].told["levels"])
    kinds = np.array([kind(level) for level in levels])
    severities = np.array([severity(level) for level in levels])
    channels = run.passports[dataset]["image"][2]
    rows = []
    for where, by_detector in stored[0].detected.items():
        if where == MIX:
            continue
        corruption, given = (None, 0) if where == CLEAN else parse(where)
        for name in by_detector:
            told = np.concatenate([own.detected[where][name] for own in stored])
            own = CLEAN if corruption is None else corruption.name
            others, counts = np.unique(kinds[told][kinds[told] != own], return_counts=True)
            rows.append(
                {
                    "corruption": where, "detector": name, "images": len(told), "recognised": float((kinds[told] == own).mean()),
                    "severity": 0 if corruption is None else given or corruption.severity(channels),
                    "strength": float(severities[told].mean()), "mistaken": others[counts.argmax()] if len(others) else "",
                    "mistaken_share": counts.max() / len(told) if len(others) else 0.0,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


detection = Exhibit(
    name="detection",
    title="What detectors recognise",
    group="study",
    lead="Of test images under each corruption, the share that a detector calls so, out of all corruptions that it was taught on training "
    "images; and the mean severity of what it says. Of clean images, the rest are false alarms.",
    frame=frame,
    empty="No detector has been studied.",
    columns={
        "corruption": TEXT,
        "detector": TEXT,
        "images": COUNT,
        "recognised": PERCENT,
        "severity": COUNT,
        "strength": decimal(1).called("mean strength found"),
        "mistaken": TEXT.called("most often mistaken for"),
        "mistaken_share": PERCENT.called("how often"),
    },
    studies=(STUDY,),
)
