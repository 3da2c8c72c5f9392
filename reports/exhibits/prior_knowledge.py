"""What was put into each estimator by hand, before any data was seen."""

from __future__ import annotations

import pandas as pd

from reports.drawing import formats
from reports.drawing.formats import TEXT
from reports.exhibits.exhibit import VARIANT, Exhibit
from reports.run import Run


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per variant that was evaluated and has something to say: its estimator's prior knowledge, and what was fixed."""
    rows = []
    for name in run.scored(dataset):
        facts = run.info["variants"][name]
        told, fixed = facts.get("prior_knowledge") or "", formats.setting(facts.get("base") or {})
        if told or fixed:
            row = {"variant": name, "family": run.families[name], "prior_knowledge": told, "fixed": fixed or None}
            rows.append(row)
    return pd.DataFrame(rows)


prior_knowledge = Exhibit(
    name="prior_knowledge",
    title="What was put in by hand",
    group="tuning",
    lead="Before it sees any data a model has what its makers know: features made by hand, augmentation that suits the images, a "
    "base setting that was good elsewhere. No budget pays for that, so it is named here.",
    frame=frame,
    empty="The estimators of this run say nothing about it.",
    columns={**VARIANT, "prior_knowledge": TEXT, "fixed": TEXT.called("fixed by the suite")},
)
