"""Scores and their uncertainty: pure functions of labels, predictions and correctness.

Shapes: ``y`` int (n,) true labels; ``predicted`` int (n,); ``proba`` float (n, k); ``correct`` bool (s, n), which of n
test images were labelled rightly by each of s seeds.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

LEVEL = 0.95
RESAMPLES = 10_000


def wilson(successes: float, n: int) -> tuple[float, float]:
    """The 95 % interval of a share of successes (Wilson 1927; statsmodels computes it)."""
    if n <= 0 or not 0 <= successes <= n:
        raise ValueError(f"a share needs 0 <= successes <= n and n > 0, given {successes} of {n}")
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(successes, n, alpha=1 - LEVEL, method="wilson")
    return float(low), float(high)


def accuracy(correct: NDArray[np.bool_]) -> float:
    """The share of images labelled rightly, averaged over seeds."""
    return float(np.mean(correct))


def accuracy_interval(correct: NDArray[np.bool_]) -> tuple[float, float]:
    """The 95 % interval of the accuracy: Wilson for one seed, two-level bootstrap for several.

    Where no image was ever wrong (or right) a bootstrap has nothing to resample and would claim certainty;
    there the images are counted once, by Wilson.
    """
    seeds, n = correct.shape
    if seeds == 1 or correct.all() or not correct.any():
        return wilson(float(correct[0].sum()), n)
    return bootstrap_interval(correct)


def macro_f1(y: ArrayLike, predicted: ArrayLike) -> float:
    """F1 averaged over the classes that occur, each with the same weight."""
    from sklearn.metrics import f1_score

    return float(f1_score(y, predicted, average="macro", zero_division=0))


def log_loss(y: NDArray[np.int64], proba: NDArray, floor: float = 1e-7) -> float:
    """Mean negative log of the probability given to the true class, in nats.

    Rows are scaled to sum 1; a probability below `floor`, about the resolution of float32, counts as `floor`,
    so that one image cannot make it infinite.
    """
    wide = np.asarray(proba, dtype=np.float64)
    own = wide[np.arange(len(y)), y] / np.maximum(wide.sum(1), floor)
    return float(-np.log(np.clip(own, floor, 1)).mean())


def confusion(y: ArrayLike, predicted: ArrayLike, k: int) -> NDArray[np.int64]:
    """Counts by true class (row) and predicted class (column), shape (k, k)."""
    from sklearn.metrics import confusion_matrix

    return np.asarray(confusion_matrix(y, predicted, labels=np.arange(k)), dtype=np.int64)


def per_class(counts: NDArray[np.int64]) -> pd.DataFrame:
    """Precision, recall and F1 of each class, with the counts behind them, from a confusion matrix.

    A score whose denominator is zero is NaN: a class without images has no recall.
    """
    tp = np.diag(counts)
    fp, fn = counts.sum(0) - tp, counts.sum(1) - tp
    with np.errstate(invalid="ignore", divide="ignore"):
        table = {"precision": tp / (tp + fp), "recall": tp / (tp + fn), "f1": 2 * tp / (2 * tp + fp + fn)}
    return pd.DataFrame({"label": np.arange(len(counts)), **table, "tp": tp, "fp": fp, "fn": fn})


def bootstrap(values: NDArray, resamples: int = RESAMPLES, seed: int = 0) -> NDArray[np.float64]:
    """Means of two-level bootstrap resamples: seeds are drawn anew, and so are the images all seeds share.

    Images with the same values for every seed are interchangeable, so that counts of such groups are drawn
    (multinomially) instead of the images: the same distribution, hundreds of times faster.

    Parameters
    ----------
    values : (s, n), one row per seed; for example correctness, or the difference of two models' correctness.

    Returns
    -------
    float64 of shape (resamples,).
    """
    values = np.asarray(values, dtype=np.float64)
    seeds, n = values.shape
    rng = np.random.default_rng(seed)
    groups, sizes = np.unique(values, axis=1, return_counts=True)
    images = rng.multinomial(n, sizes / n, size=resamples)  # (resamples, groups)
    by_seed = images @ groups.T / n  # (resamples, s)
    if seeds == 1:
        return by_seed[:, 0]
    weights = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=resamples)
    return np.einsum("rs,rs->r", by_seed, weights) / seeds


def bootstrap_interval(values: NDArray) -> tuple[float, float]:
    """The 95 % percentile interval of the mean of `values` (s, n), by `bootstrap`."""
    low, high = np.quantile(bootstrap(values), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def paired_p(difference: NDArray) -> float:
    """The probability of a difference at least this large between two models that are equally accurate.

    Parameters
    ----------
    difference : (s, n) in {-1, 0, 1}, correctness of one model less that of the other on the same images.
        One seed: the exact McNemar test (statsmodels). Several: the two-sided p value of the two-level bootstrap.
    """
    if len(difference) == 1:
        from statsmodels.stats.contingency_tables import mcnemar

        wins, losses = int((difference > 0).sum()), int((difference < 0).sum())
        return float(mcnemar([[0, wins], [losses, 0]], exact=True).pvalue)
    means = bootstrap(difference)
    tail = min((means <= 0).sum(), (means >= 0).sum())
    return float(min(1.0, 2 * (tail + 1) / (len(means) + 1)))


def compare(correct: Mapping[str, NDArray[np.bool_]]) -> pd.DataFrame:
    """Every pair of models on the same test images.

    Parameters
    ----------
    correct : model -> (s, n); where models have different numbers of seeds, the first ones they share are paired.

    Returns
    -------
    One row per pair: ``a, b, difference, low, high`` (accuracy of a less that of b, with its paired 95 % bootstrap
    interval), ``p`` and ``p_holm`` (corrected for the number of pairs by Holm 1979). The more accurate is ``a``.
    """
    names = sorted(correct, key=lambda name: -accuracy(correct[name]))
    rows = []
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            shared = min(len(correct[a]), len(correct[b]))
            gap = correct[a][:shared].astype(np.int8) - correct[b][:shared].astype(np.int8)
            low, high = bootstrap_interval(gap)
            rows.append((a, b, float(gap.mean()), low, high, paired_p(gap)))
    table = pd.DataFrame(rows, columns=["a", "b", "difference", "low", "high", "p"])
    if table.empty:
        return table.assign(p_holm=pd.Series(dtype=float))
    from statsmodels.stats.multitest import multipletests

    return table.assign(p_holm=multipletests(table["p"], method="holm")[1])
