"""What the search found: the setting refitted, and how much better it is than the base setting."""

from __future__ import annotations

import pandas as pd

from reports.drawing import formats
from reports.drawing.formats import COUNT, PERCENT, TEXT
from reports.exhibits.exhibit import VARIANT, Exhibit, of
from reports.run import Run


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per estimator and seed: validation accuracy of trial one (the base setting) and of the winner."""
    searches, trials, fits = (of(table, dataset) for table in (run.searches, run.trials, run.fits))
    rows = []
    for search in searches.itertuples():
        cell = trials[(trials["variant"] == search.variant) & (trials["seed"] == search.seed)]
        fit = fits[(fits["variant"] == search.variant) & (fits["seed"] == search.seed)]
        tried = cell.set_index("number")
        scores, efforts = tried["score"], tried["effort"]
        rows.append(
            {
                "variant": search.variant, "family": search.family, "seed": search.seed,
                "strategy": search.strategy, "trials": int((cell["status"] != "skipped").sum()), "base_accuracy": scores.get(1), "base_effort": efforts.get(1),
                "winner_accuracy": scores.get(search.winner), "winner_effort": efforts.get(search.winner), "winning_trial": search.winner,
                "setting": formats.setting(fit["params"].iloc[0]) if len(fit) else "", "ended": search.ended,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


settings = Exhibit(
    name="settings",
    title="What the search found",
    group="tuning",
    lead="Validation accuracy of the base setting (always trial 1) and of the winner, each with the effort it was "
    "tried at (the share of a full fit), and the setting that was fitted again on all training images.",
    frame=frame,
    empty="No search has ended yet.",
    columns={
        **VARIANT,
        "seed": COUNT,
        "strategy": TEXT,
        "trials": COUNT,
        "base_accuracy": PERCENT,
        "base_effort": PERCENT,
        "winner_accuracy": PERCENT,
        "winner_effort": PERCENT,
        "winning_trial": COUNT,
        "setting": TEXT,
        "ended": TEXT,
    },
)
