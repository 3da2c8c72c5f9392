"""Scores and their uncertainty: pure functions of labels, predictions and correctness.

What is estimated: with one seed, how well this fitted model does on more such images; with several, how well the
estimator does on more such images and with other seeds. `tests/reports/test_simulation.py` measures how often the
intervals hold the truth and how often equal models are told apart.

Shapes: ``y`` int (n,) true labels; ``predicted`` int (n,); ``proba`` float (n, k); ``correct`` bool (s, n), which of n
test images were labelled rightly by each of s seeds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from string import ascii_letters

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

LEVEL = 0.95
SIGNIFICANT = 1 - LEVEL
POWER = 0.8
RESAMPLES = 10_000
Z = 1.959963984540054  # what a normal value stays within in 95 of 100 cases
BINS = 15  # of calibration; Guo et al. (2017) take as many


def wilson(successes: float, n: float) -> tuple[float, float]:
    """The 95 % interval of a share of successes (Wilson 1927, eq. 4); `successes` and `n` need not be whole.

    In closed form: importing a library for it takes longer than all the intervals of a report.
    """
    if n <= 0 or not 0 <= successes <= n:
        raise ValueError(f"a share needs 0 <= successes <= n and n > 0, given {successes} of {n}")
    centre = (successes + Z**2 / 2) / (n + Z**2)
    half = Z * np.sqrt(successes * (n - successes) / n + Z**2 / 4) / (n + Z**2)
    return float(max(0.0, centre - half)), float(min(1.0, centre + half))


def accuracy(correct: NDArray[np.bool_]) -> float:
    """The share of images labelled rightly, averaged over seeds."""
    return float(np.mean(correct))


def accuracy_interval(correct: NDArray[np.bool_]) -> tuple[float, float]:
    """The 95 % interval of the accuracy: Wilson's, of as many images as the uncertainty amounts to.

    For one seed that is n, the plain interval of Wilson. For several it is the number of independent images whose share
    of successes would be as uncertain as the mean over these seeds and images (`margin`): the interval for surveys in
    which answers depend on each other (Korn and Graubard 1998). Where no image was ever wrong (or right) there is nothing
    to tell seeds from images by; the images are counted once.
    """
    seeds, n = correct.shape
    share = accuracy(correct)
    if seeds == 1 or share in (0, 1):
        return wilson(share * n, n)
    variance = max((margin(correct) / Z) ** 2, share * (1 - share) / correct.size)
    images = max(1.0, share * (1 - share) / variance)
    return wilson(share * images, images)


def macro_f1(y: ArrayLike, predicted: ArrayLike) -> float:
    """F1 averaged over the classes that occur, each with the same weight."""
    y, predicted = np.asarray(y), np.asarray(predicted)
    f1 = per_class(confusion(y, predicted, int(max(y.max(), predicted.max())) + 1))["f1"]
    return float(f1.mean())  # That of a class which neither occurs nor is predicted is NaN, and left out.


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
    pairs = np.asarray(y) * k + np.asarray(predicted)
    return np.bincount(pairs, minlength=k * k).reshape(k, k)


def per_class(counts: NDArray[np.int64]) -> pd.DataFrame:
    """Precision, recall and F1 of each class, with the counts behind them, from a confusion matrix.

    A score whose denominator is zero is NaN: a class without images has no recall.
    """
    tp = np.diag(counts)
    fp, fn = counts.sum(0) - tp, counts.sum(1) - tp
    with np.errstate(invalid="ignore", divide="ignore"):
        table = {"precision": tp / (tp + fp), "recall": tp / (tp + fn), "f1": 2 * tp / (2 * tp + fp + fn)}
    return pd.DataFrame({"label": np.arange(len(counts)), **table, "tp": tp, "fp": fp, "fn": fn})


def brier(y: NDArray[np.int64], proba: NDArray) -> float:
    """Mean squared distance of the probabilities from the truth, summed over classes: 0 is perfect, 2 the worst.

    The definition for several classes of Brier (1950), *Verification of forecasts expressed in terms of probability*.
    """
    wide = np.asarray(proba, dtype=np.float64)
    return float((wide**2).sum(1).mean() - 2 * wide[np.arange(len(y)), y].mean() + 1)


def reliability(confidence: NDArray, correct: NDArray[np.bool_], bins: int = BINS) -> pd.DataFrame:
    """How sure a model is against how often it is right, by bins that hold about equally many images.

    Bins of equal width, as in Guo et al. (2017), would put nearly all images of a good classifier into the last one; with
    equal mass every bin says as much as any other, and the error computed from them is less biased (Nixon et al. 2019,
    *Measuring calibration in deep learning*; Roelofs et al. 2022). Equal confidences stay together, so that there may be
    fewer bins.

    Parameters
    ----------
    confidence, correct : (n,) the highest probability given to any class, and whether that class is the right one.

    Returns
    -------
    One row per bin, least sure first: ``images, confidence, accuracy``, the last two being means of the bin.
    """
    edges = np.unique(np.quantile(confidence, np.arange(1, bins) / bins))
    table = pd.DataFrame({"bin": np.searchsorted(edges, confidence), "confidence": confidence, "accuracy": correct})
    groups = table.astype({"confidence": float, "accuracy": float}).groupby("bin")
    return groups.mean().assign(images=groups.size())[["images", "confidence", "accuracy"]].reset_index(drop=True)


def calibration_error(bins: pd.DataFrame) -> float:
    """The expected calibration error of the bins of `reliability`: the mean distance of confidence from accuracy.

    Naeini, Cooper and Hauskrecht (2015), *Obtaining well calibrated probabilities using Bayesian binning*.
    """
    return float(np.average((bins["confidence"] - bins["accuracy"]).abs(), weights=bins["images"]))


def calibration_error_by_chance(bins: pd.DataFrame, resamples: int = 2000, seed: int = 0) -> float:
    """What the calibration error stays below in 95 % of cases where each confidence is exactly true.

    Few images are never right exactly as often as promised. The idea of the consistency bars of Bröcker and Smith (2007),
    *Increasing the reliability of reliability diagrams*: outcomes are drawn as the bins promise them.
    """
    images, confidence = bins["images"].to_numpy(), bins["confidence"].to_numpy()
    drawn = np.random.default_rng(seed).binomial(images, np.clip(confidence, 0, 1), (resamples, len(bins))) / images
    return float(np.quantile(np.abs(drawn - confidence) @ images / images.sum(), LEVEL))


def spread(values: NDArray) -> tuple[float, float, float]:
    """Where the variance of the mean of `values` (s, n) comes from: images, seeds, and the chance that is in both.

    Seeds and images are crossed: every seed saw the same images. The analysis of variance takes the three apart: the first
    number is the variance of the images' means over n, the second that of the seeds' means over s, the third what single
    answers contribute to either. The variance of the mean is the sum of the first two less the third.

    No bootstrap estimates it (McCullagh 2000, *Resampling and exchangeable arrays*): one of seeds and images is too wide
    where seeds hardly matter, and at three seeds far too narrow where they do. Radiology has the same model for readers
    and cases (Gallas 2006; Hillis 2007).
    """
    values = np.asarray(values, dtype=np.float64)
    seeds, n = values.shape
    by_image, by_seed = values.mean(0), values.mean(1)
    images = float(by_image.var(ddof=1)) / n if n > 1 else 0.0
    if seeds == 1 or n == 1:
        return images, 0.0, 0.0
    rest = max(0.0, float(values.var() - by_image.var() - by_seed.var()))
    return images, float(by_seed.var(ddof=1)) / seeds, rest / ((seeds - 1) * (n - 1))


def margin(values: NDArray) -> float:
    """Half the width of the 95 % interval of the mean of `values` (s, n) over seeds and images.

    Images are many: their part has a normal quantile. Seeds are few: what they add has Student's, with as many degrees of
    freedom as there are seeds less one. The squares add up (Graybill and Wang 1980; Burdick and Graybill 1992, *Confidence
    Intervals on Variance Components*).
    """
    images, seeds, chance = spread(values)
    few = _beyond((1 - LEVEL) / 2, len(values) - 1) if seeds > chance else 0
    return float(np.sqrt(Z**2 * images + few**2 * max(0.0, seeds - chance)))


def _beyond(share: float, freedom: float = np.inf) -> float:
    """What a `share` of Student's t lies beyond; of the normal distribution where the degrees of freedom are infinite."""
    from scipy.special import stdtrit  # Importing scipy.stats takes longer than all tests of a report.

    return -float(stdtrit(freedom, share))


def bootstrap_interval(values: NDArray, resamples: int = RESAMPLES, seed: int = 0) -> tuple[float, float]:
    """The 95 % percentile interval of the mean of `values` (n,), from bootstrap resamples of the images.

    Images with the same value are interchangeable, so that counts of such groups are drawn (multinomially) instead of
    images: the same distribution, hundreds of times faster.
    """
    groups, sizes = np.unique(values, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(len(values), sizes / len(values), size=resamples)
    low, high = np.quantile(drawn @ groups / len(values), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def difference_interval(difference: NDArray) -> tuple[float, float]:
    """The paired 95 % interval of the mean of a `difference` (s, n): bootstrap for one seed, `margin` for several."""
    if len(difference) == 1:
        return bootstrap_interval(difference[0])
    half = margin(difference)
    return float(max(-1, difference.mean() - half)), float(min(1, difference.mean() + half))


def mcnemar(wins: float, losses: float) -> float:
    """The two-sided p value of McNemar's exact test: a fair coin thrown wins + losses times.

    The binomial sum is an incomplete beta function, which takes fractions of images too.
    """
    from scipy.special import betainc

    fewer, more = sorted((wins, losses))
    return float(min(1.0, 2 * betainc(more, fewer + 1, 0.5))) if more > fewer else 1.0


def paired_p(difference: NDArray) -> float:
    """The probability of a difference at least this large between two models that are equally accurate.

    One seed: the exact McNemar test. Several: the larger of two p values. One is that of the t test with the variances of
    `spread` and degrees of freedom after Satterthwaite, as in Hillis (2007), *A comparison of denominator degrees of freedom
    methods for multiple observer ROC analysis*; seeds count as no less uncertain than chance makes them, for after Holm's
    correction it is the far tail that decides. The other is McNemar's, at the number of discordant images that images of
    so unequal weight amount to (Kish 1965): a few of them are not normal.

    Parameters
    ----------
    difference : (s, n) in {-1, 0, 1}, correctness of one model less that of the other on the same images.
    """
    by_image = difference.sum(0, dtype=np.float64)
    size, mean = np.abs(by_image).sum(), float(difference.mean())
    if mean == 0:
        return 1.0
    discordant = size**2 / (by_image**2).sum()
    exact = mcnemar(*(discordant * side[side > 0].sum() / size for side in (by_image, -by_image)))
    if len(difference) == 1:
        return exact
    from scipy.special import stdtr

    error, freedom = standard_error(difference)
    return max(exact, float(2 * stdtr(freedom, -abs(mean) / error))) if error else exact


def standard_error(difference: NDArray) -> tuple[float, float]:
    """The cautious standard error of the mean over several seeds that `paired_p` tests by, and its degrees of freedom."""
    images, seeds, chance = spread(difference)
    seeds = max(seeds, chance)
    variance = seeds + max(0.0, images - chance)
    freedom = (variance / seeds) ** 2 * (len(difference) - 1) if seeds else np.inf
    return float(np.sqrt(variance)), float(freedom)


def detectable(n: float, discordant: float, level: float = SIGNIFICANT, power: float = POWER) -> float:
    """The smallest difference in accuracy that McNemar's test would find significant in `power` of all cases.

    Connor (1987), *Sample size for testing differences in proportions for the paired-sample design*, equation 3, solved for
    the difference. Two models that differ by more than they disagree cannot be: where the answer is above `discordant`,
    they are taken to disagree on that many images, and always in favour of the same one.

    Parameters
    ----------
    n : test images.
    discordant : the share of them on which exactly one of the two models is right.

    Returns
    -------
    A share in (0, 1]; 1 where the images are so few that nothing could be shown.
    """
    from scipy.optimize import brentq

    alpha, beta = _beyond(level / 2), _beyond(1 - power)

    def beyond(difference: float) -> float:
        share = max(discordant, difference)
        return difference * np.sqrt(n) - alpha * np.sqrt(share) - beta * np.sqrt(share - difference**2)

    return float(brentq(beyond, 1e-12, 1)) if beyond(1) > 0 else 1.0


def smallest_lead(difference: NDArray, level: float) -> float:
    """The smallest mean of a `difference` (s, n) that `paired_p` would mostly have found significant at a level.

    For one seed it is `detectable` at the disagreement seen; for several, where the seeds are uncertain too, the sum of the
    quantiles of level and power, in standard errors. With few seeds the standard error is itself a rough guess.
    """
    lead = detectable(difference.shape[1], float(np.abs(difference).mean()), level)
    if len(difference) == 1:
        return lead
    error, freedom = standard_error(difference)
    return float(min(1.0, (_beyond(level / 2, freedom) + _beyond(1 - POWER, freedom)) * error)) if error else lead


def compare(correct: Mapping[str, NDArray[np.bool_]]) -> pd.DataFrame:
    """Every pair of models on the same test images.

    Parameters
    ----------
    correct : model -> (s, n); where models have different numbers of seeds, the first ones they share are paired. Of
        equally accurate ones the first named comes first.

    Returns
    -------
    One row per pair, the more accurate is ``a``: ``a, b, difference, low, high`` (accuracy of a less that of b, with its
    paired 95 % interval), ``p`` and ``p_holm`` (corrected for the number of pairs by Holm 1979), ``tie`` (not significant at
    5 % after the correction) and ``detectable``, the smallest difference that these images, at this disagreement, would have
    shown in four of five cases, at the level that Holm demands of the first of all pairs.
    """
    names = sorted(correct, key=lambda name: -accuracy(correct[name]))
    pairs = len(names) * (len(names) - 1) // 2
    rows = []
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            shared = min(len(correct[a]), len(correct[b]))
            gap = correct[a][:shared].astype(np.int8) - correct[b][:shared].astype(np.int8)
            shown = smallest_lead(gap, SIGNIFICANT / pairs)
            rows.append((a, b, float(gap.mean()), *difference_interval(gap), paired_p(gap), shown))
    table = pd.DataFrame(rows, columns=["a", "b", "difference", "low", "high", "p", "detectable"])
    corrected = holm(table["p"].to_numpy())
    table.insert(6, "p_holm", corrected)
    table.insert(7, "tie", corrected >= SIGNIFICANT)
    return table


def holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correct p values for their number (Holm 1979).

    As `statsmodels.stats.multitest.multipletests` does, which collects garbage at every call: that takes longer than all
    other statistics of a leaderboard.
    """
    order = np.argsort(p, kind="stable")
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(1, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return corrected


def letters(names: Sequence[str], different: Iterable[tuple[str, str]]) -> dict[str, str]:
    """A compact display of all pairs: two names share a letter if and only if they are not told apart.

    Insert, absorb and sweep of Piepho (2004), *An algorithm for a letter-based representation of all-pairwise comparisons*.

    Parameters
    ----------
    names : best first; the best has the letter "a".
    different : the pairs that differ significantly.
    """
    columns = [set(names)]
    for a, b in different:
        split = [column for column in columns if {a, b} <= column]
        columns = [column for column in columns if column not in split]
        for part in [column - {lost} for column in split for lost in (a, b)]:
            if not any(part <= column for column in columns):
                columns = [column for column in columns if not column <= part] + [part]
    for column in columns:  # a letter may go where all it says is said by others
        for name in names[::-1]:
            others = [other for other in columns if other is not column and name in other]
            if name in column and others and all(any(m in other for other in others) for m in column):
                column.discard(name)
    place = {name: i for i, name in enumerate(names)}
    signs = [*ascii_letters, *(f"({i})" for i in range(len(columns)))]
    columns = sorted((column for column in columns if column), key=lambda column: sorted(place[n] for n in column))
    return {name: "".join(signs[i] for i, column in enumerate(columns) if name in column) for name in names}


def mean_ranks(scores: pd.DataFrame) -> pd.Series:
    """The mean rank of each model over data sets, 1 being the best; models of equal score share the mean of their ranks.

    Parameters
    ----------
    scores : one row per data set, one column per model, without gaps.
    """
    return scores.rank(axis=1, ascending=False).mean()


def friedman(scores: pd.DataFrame) -> float:
    """The p value of Friedman's test that all models (columns) do equally well over data sets (rows); NaN below three."""
    if scores.shape[1] < 3 or scores.nunique(axis=1).max() == 1:
        return float("nan")
    from scipy.stats import friedmanchisquare

    return float(friedmanchisquare(*scores.to_numpy().T).pvalue)


def wilcoxon(difference: NDArray) -> float:
    """The two-sided p value of Wilcoxon's signed-rank test, zeros after Pratt (scipy computes it); 1 if nothing differs.

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
    """The fewest data sets on which so many models can be told apart at all: the one that wins everywhere, from the rest."""
    pairs = max(1, models * (models - 1) // 2)
    return int(np.floor(np.log2(2 * pairs / SIGNIFICANT))) + 1
