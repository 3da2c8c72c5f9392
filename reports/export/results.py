"""The results: every trial of a run as one table, for a notebook or a spreadsheet."""

from __future__ import annotations

import pandas as pd

from benchmarks.ledger import primary_key
from reports.run import Run


def frame(run: Run) -> pd.DataFrame:
    """One row per trial, of every condition, in the order in which each cell tried them.

    The columns are those of the ledger's ``trials`` (`benchmarks.ledger.SCHEMA` tells what each means) but its learning
    curves and the losses of single rows. Each parameter has a column ``param.NAME``, and each thing a trial found out a column ``found.NAME``, empty
    for variants without it. ``won`` marks the trial that its search chose.
    """
    trial = list(primary_key("trials"))
    trials = run.ledger["trials"].sort_values(trial, ignore_index=True)
    table = trials.drop(columns=["history", "params", "found"])
    winners = run.ledger["searches"].rename(columns={"winner": "number"})[trial]
    chosen = set(winners.dropna().itertuples(index=False, name=None))
    parts = [table.assign(won=[own in chosen for own in trials[trial].itertuples(index=False, name=None)])]
    for column, prefix in (("params", "param."), ("found", "found.")):
        if len(trials):
            parts.append(pd.DataFrame([value or {} for value in trials[column]]).add_prefix(prefix))
    return pd.concat(parts, axis=1).convert_dtypes()  # whole numbers stay whole beside gaps
