"""Ranks of models over several data sets.

After Demšar (2006), *Statistical comparisons of classifiers over multiple data sets*.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reports.analysis.intervals import SIGNIFICANT


def mean_ranks(scores: pd.DataFrame) -> pd.Series:
    """The mean rank of each model over data sets, 1 being the best; models of equal score share their mean rank.

    Parameters
    ----------
    scores : one row per data set, one column per model, without gaps.
    """
    return scores.rank(axis=1, ascending=False).mean()


def friedman(scores: pd.DataFrame) -> float:
    """The p value of Friedman's test that all models (columns) do equally well on data sets (rows); NaN below three."""
    if scores.shape[1] < 3 or scores.nunique(axis=1).max() == 1:
        return float("nan")
    from scipy.stats import friedmanchisquare

    return float(friedmanchisquare(*scores.to_numpy().T).pvalue)


def wilcoxon(difference: NDArray) -> float:
    """The two-sided p value of Wilcoxon's signed-rank test, zeros after Pratt; 1 if nothing differs.

    Up to 13 data sets it is exact, ties included: all signs are tried.
    """
    from scipy.stats import PermutationMethod
    from scipy.stats import wilcoxon as signed_rank

    values = np.asarray(difference, dtype=np.float64)
    if not values.any():
        return 1.0
    method = PermutationMethod(n_resamples=2**13) if len(values) <= 13 else "auto"
    return float(signed_rank(values.round(12), zero_method="pratt", method=method).pvalue)


def conclusive(models: int) -> int:
    """The fewest data sets on which a model that wins everywhere can be told apart from the others."""
    pairs = max(1, models * (models - 1) // 2)
    return int(np.floor(np.log2(2 * pairs / SIGNIFICANT))) + 1
