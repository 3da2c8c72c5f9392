"""What the search found: the setting refitted, and how much better it is than the base setting."""

from __future__ import annotations

import pandas as pd

from reports.drawing import formats
from reports.drawing.formats import COUNT, PERCENT, TEXT
from reports.exhibits.exhibit import VARIANT, Exhibit, of
from reports.run import Run


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per estimator and seed: validation accuracy of the base setting and of the winner, at equal efforts if there are."""
    searches, trials, fits = (of(table, dataset) for table in (run.searches, run.trials, run.fits))
    rows = []
    for search in searches.itertuples():
        cell = trials[(trials["variant"] == search.variant) & (trials["seed"] == search.seed)]
        fit = fits[(fits["variant"] == search.variant) & (fits["seed"] == search.seed)]
        tried = cell.set_index("number")
        scores, efforts = tried["score"], tried["effort"]
        base = _base(cell, efforts.get(search.winner))
        rows.append(
            {
                "variant": search.variant, "family": search.family, "seed": search.seed,
                "strategy": search.strategy, "trials": int((cell["status"] != "skipped").sum()), "base_accuracy": scores.get(base), "base_effort": efforts.get(base),
                "winner_accuracy": scores.get(search.winner), "winner_effort": efforts.get(search.winner), "winning_trial": search.winner,
                "setting": formats.setting(fit["params"].iloc[0]) if len(fit) else "",
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _base(cell: pd.DataFrame, effort: float | None) -> int:
    """The number of the trial of the base setting at an effort; of the first one where there is none."""
    base = next(iter(cell.loc[cell["number"] == 1, "params"]), None)
    same = cell[
        cell["params"].map(lambda params: params == base) & (cell["effort"] == effort) & (cell["status"] == "ok")
    ]
    return int(same["number"].iloc[0]) if len(same) else 1


settings = Exhibit(
    name="settings",
    title="What the search found",
    group="tuning",
    lead="Validation accuracy of the base setting and of the winner, each with the effort that it was tried at (the share of a "
    "full fit), the same where both were, and the setting that was fitted again with the training images. Why a search ended is above.",
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
    },
)
