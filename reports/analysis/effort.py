"""How far each variant was tuned, how long it was trained, and what of its budget it spent, by the ledger.

Where the ledger is silent, as on runs with a budget in trials alone, the answer is None, NaN or "".
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tuning.winner import frozen

if TYPE_CHECKING:
    from reports.run import Run

OVER, OVER_SECONDS = 1.05, 2.0  # a budget is exceeded if it is by more than 5 % and by more than 2 s
FULL = 0.995  # an effort from which on a fit is a full one
HARDLY = 1 / 8  # an effort below which a fit does not tell what a network can do, as no trial that counts is below it
SETTINGS = ("tuned", "lightly searched", "default")  # as `benchmarks.search.tuned` calls them


@dataclass(frozen=True)
class Effort:
    """What went into one variant on one data set, over all seeds.

    Parameters
    ----------
    setting : "tuned", "lightly searched" or "default"; where seeds differ, how many are which; "" if not known.
    settings : distinct settings tried with success, mean over the seeds.
    highest : effort of the longest trial, mean over the seeds.
    granted, search, fit : seconds of a seed, means; the fit's are those that the budget pays, saving included.
    core_seconds : of search and fit, on all cores together, of a seed, mean.
    exceeded : the most seconds that a seed spent beyond its budget, 0 if none exceeded it.
    exceeding, seeds : how many seeds exceeded it, of how many.
    fit_effort : the least share of a full fit that a seed had room for.
    flattened : whether the validation curve of the fit, or of the winner's longest trial, had flattened, in all seeds; None for
        what has no such curve, and where it is not known of all.
    ended : why the searches ended, in a few words.
    """

    setting: str
    settings: float
    highest: float
    granted: float
    search: float
    fit: float
    core_seconds: float
    exceeded: float
    exceeding: int
    seeds: int
    fit_effort: float
    flattened: bool | None
    ended: str

    @property
    def hardly_trained(self) -> bool:
        """Whether the fit was too short to tell what a network can do."""
        return self.fit_effort < HARDLY


def efforts(run: Run, dataset: str) -> dict[str, Effort]:
    """The effort of every variant whose search has ended, in the order of the suite."""
    return run.once(("efforts", dataset), lambda: _efforts(run, dataset))


def _efforts(run: Run, dataset: str) -> dict[str, Effort]:
    searches, trials, fits = (
        table[table["dataset"] == dataset].groupby("variant") for table in (run.searches, run.trials, run.fits)
    )
    return {
        name: _effort(*(_of(table, name) for table in (searches, trials, fits)))
        for name in run.variants
        if name in searches.groups
    }


def _of(table: Any, name: str) -> pd.DataFrame:
    return table.get_group(name) if name in table.groups else table.obj.iloc[:0]


def _effort(searches: pd.DataFrame, trials: pd.DataFrame, fits: pd.DataFrame) -> Effort:
    done = trials[trials["status"] == "ok"]
    cores = pd.concat([trials, fits]).groupby("seed")["cpu_seconds"].sum(min_count=1)
    spent = searches.set_index("seed")["spent_seconds"].add(fits.set_index("seed")["seconds"], fill_value=0)
    granted = searches.set_index("seed")["granted_seconds"]
    over = (spent - granted)[(spent > OVER * granted) & (spent > granted + OVER_SECONDS)]
    by_seed = done.groupby("seed")
    flat = [_flattened(search, done, fits) for search in searches.itertuples()]
    return Effort(
        setting=_summed_up(searches["tuned"]),
        settings=float(np.mean([len(set(map(frozen, rows["params"]))) for _, rows in by_seed])) if len(done) else 0.0,
        highest=float(by_seed["effort"].max().mean()),
        granted=float(granted.mean()),
        search=float(searches["spent_seconds"].mean()),
        fit=float(fits["seconds"].mean()),
        core_seconds=float(cores.mean()),
        exceeded=float(over.max()) if len(over) else 0.0,
        exceeding=len(over),
        seeds=len(searches),
        fit_effort=float(fits["effort"].min()),
        flattened=False if False in flat else None if None in flat else True,
        ended="; ".join(dict.fromkeys(map(_briefly, filter(None, searches["ended"])))),
    )


def _briefly(ended: str) -> str:
    """``budget of 60 s spent: 9 s kept …`` is ``budget spent``."""
    return re.sub(r"^budget of .*? spent.*", "budget spent", ended).partition(":")[0].removeprefix("the ")


def _flattened(search: Any, trials: pd.DataFrame, fits: pd.DataFrame) -> bool | None:
    """Whether the validation curve of the fit had flattened, or, where no rows were held out of it, that of the longest trial
    with its setting; None without such a curve.
    """
    for history in fits.loc[fits["seed"] == search.seed, "history"]:
        if told := history.get("flattened"):
            return bool(told[-1])
    own = trials[trials["seed"] == search.seed]
    won = own[own["number"] == search.winner]
    if won.empty:
        return None
    same = own[[params == won["params"].iloc[0] for params in own["params"]]]
    told = same.loc[same["effort"].idxmax(), "history"].get("flattened") if same["effort"].notna().any() else None
    return bool(told[-1]) if told else None


def _summed_up(settings: pd.Series) -> str:
    """One word where the seeds agree, else how many seeds are which."""
    counts = Counter(settings)
    known = [name for name in SETTINGS if counts[name]]
    return known[0] if len(known) == 1 else ", ".join(f"{counts[name]} {name}" for name in known)
