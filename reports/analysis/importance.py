"""Which settings of a search matter."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def important_axes(settings: pd.DataFrame, score: NDArray) -> list[str]:
    """The one or two varied axes that explain most of the ranks of the scores; numbers before names.

    An axis explains the share of the ranks' variance that lies between its values, at most five groups of them;
    the share is reduced by what as many random groups would explain.
    """
    ok = np.isfinite(score)
    varied = [a for a in settings if settings[a].map(repr).nunique() > 1]
    numeric = [a for a in varied if all(isinstance(v, int | float) and not isinstance(v, bool) for v in settings[a])]
    ranks = pd.Series(score[ok]).rank()

    def explained(axis: str) -> float:
        values = settings.loc[ok, axis].reset_index(drop=True)
        groups = values.map(repr)
        if axis in numeric and values.nunique() > 5:
            groups = pd.cut(values.rank(), 5, labels=False)
        total, n, k = ranks.var(ddof=0), len(ranks), groups.nunique()
        if not total or n <= k:
            return 0.0
        between = ranks.groupby(groups).transform("mean").var(ddof=0) / total
        return float(1 - (1 - between) * (n - 1) / (n - k))

    ranked = sorted(numeric, key=lambda axis: -explained(axis))
    if len(ranked) >= 2:
        return ranked[:2]
    return ranked or sorted(varied, key=lambda axis: -explained(axis))[:1]
