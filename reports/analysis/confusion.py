"""Confusion matrices, and the scores of each class that follow from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks import scoring

if TYPE_CHECKING:
    from reports.run import Run


def confusion_matrix(run: Run, dataset: str, variant: str) -> NDArray[np.int64]:
    """Counts by true and predicted label, all seeds added up: int64 (k, k)."""

    def counts() -> NDArray[np.int64]:
        y, k = run.test(dataset).y, len(run.classes(dataset))
        by_seed = [scoring.confusion(y, predicted, k) for predicted in run.predicted(dataset, variant)]
        return np.sum(by_seed, axis=0, dtype=np.int64)

    return run.once(("confusion", dataset, variant), counts)


def per_class(counts: NDArray[np.int64]) -> pd.DataFrame:
    """Precision, recall and F1 of each class, with the counts behind them, from a confusion matrix.

    A score whose denominator is zero is NaN: a class without images has no recall.
    """
    tp = np.diag(counts)
    fp, fn = counts.sum(0) - tp, counts.sum(1) - tp
    with np.errstate(invalid="ignore", divide="ignore"):
        table = {"precision": tp / (tp + fp), "recall": tp / (tp + fn), "f1": 2 * tp / (2 * tp + fp + fn)}
    return pd.DataFrame({"label": np.arange(len(counts)), **table, "tp": tp, "fp": fp, "fn": fn})
