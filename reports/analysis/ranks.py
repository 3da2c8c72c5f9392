"""Ranks of models over several data sets.

After Demšar (2006), *Statistical comparisons of classifiers over multiple data sets*.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reports.analysis.intervals import SIGNIFICANT

if TYPE_CHECKING:
    from reports.run import Run

SHARED = 0.01  # of the test images of one data set that are in another: beyond it they are not two samples of the world


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


def same_images(run: Run) -> list[list[str]]:
    """The evaluated data sets in groups that have the same images: MNIST and Digit Recognizer are one.

    They do where their fingerprints are equal, or where more than `SHARED` of the test images of the smaller one are, pixel
    by pixel, test images of the other. The groups and their members are in the order of the run.
    """
    groups: list[list[str]] = []
    for name in (name for name in run.datasets if run.scored(name)):
        group = next((group for group in groups if _same(run, group[0], name)), None)
        if group is None:
            groups.append([name])
        else:
            group.append(name)
    return groups


def _same(run: Run, a: str, b: str) -> bool:
    prints = [run.passports.get(name, {}).get("fingerprint") for name in (a, b)]
    if prints[0] and prints[0] == prints[1]:
        return True
    first, second = (_pictures(run, name) for name in (a, b))
    return len(first & second) > SHARED * min(len(first), len(second))


def _pictures(run: Run, dataset: str) -> set[bytes]:
    def different() -> set[bytes]:
        X = run.test(dataset).X
        return {str(X.shape[1:]).encode() + image.tobytes() for image in X}

    return run.once(("pictures", dataset), different)
