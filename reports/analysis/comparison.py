"""Which models are told apart on the same test images: paired tests, Holm's correction and compact letters.

`tests/reports/analysis/test_simulation.py` measures how often equal models are told apart.

Shapes: ``correct`` bool (s, n), which of n test images were labelled rightly by each of s seeds; ``difference`` (s, n)
in {-1, 0, 1}, the correctness of one model less that of another on the same images.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from string import ascii_letters
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.studies.study import STANDARD, Condition
from reports.analysis.intervals import (
    SIGNIFICANT,
    cautious_margin,
    difference_interval,
    quantile_beyond,
    standard_error,
)

if TYPE_CHECKING:
    from reports.run import Run

POWER = 0.8
SMALLEST_P = 1e-12  # told of several seeds


def compared(run: Run, dataset: str, names: Sequence[str]) -> pd.DataFrame:
    """Every pair of the named estimators on a data set's test images, as `compare` tells them apart; best first."""
    asked = tuple(names)
    return run.once(("compared", dataset, asked), lambda: compare({name: run.correct(dataset, name) for name in asked}))


def tied(pairs: pd.DataFrame, name: str) -> list[str]:
    """The models that one model is tied with, by the pairs of `compare`."""
    ties = pairs[pairs["tie"]]
    return [str(b if a == name else a) for a, b in zip(ties["a"], ties["b"], strict=True) if name in (a, b)]


def between(pairs: pd.DataFrame, a: str, b: str) -> dict[str, Any]:
    """The row of one pair of `compare`, turned so that the difference is the accuracy of `a` less that of `b`."""
    for row in pairs.to_dict("records"):
        if (row["a"], row["b"]) == (a, b):
            return row
        if (row["a"], row["b"]) == (b, a):
            turned = {"difference": -row["difference"], "low": -row["high"], "high": -row["low"]}
            return row | {"a": a, "b": b} | turned
    raise KeyError((a, b))


def compare(correct: Mapping[str, NDArray[np.bool_]]) -> pd.DataFrame:
    """Every pair of models on the same test images.

    Parameters
    ----------
    correct : model -> (s, n); where models have different numbers of seeds, the first ones they share are paired. Of
        equally accurate ones the first named comes first.

    Returns
    -------
    One row per pair, the more accurate is ``a``: ``a, b, difference, low, high`` (accuracy of a less that of b,
    with its paired 95 % interval), ``p`` and ``p_holm`` (corrected for the number of pairs by Holm 1979), ``tie`` (not
    significant at 5 % after the correction) and ``detectable``, the smallest difference that these images, at this
    disagreement, would have shown in four of five cases, at the level that Holm demands of the first of all pairs.
    """
    names = sorted(correct, key=lambda name: -correct[name].mean())
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


def changed(run: Run, dataset: str, condition: Condition, usual: Condition = STANDARD) -> pd.DataFrame:
    """What a condition does to each variant that was evaluated under it and under the usual one, on the same test images.

    Returns
    -------
    One row per variant, in the order of the suite: ``variant, difference, low, high`` (accuracy under the condition less that
    under the usual one, with its paired 95 % interval), ``p`` and ``p_holm`` (corrected for the number of variants).
    """
    with_it, without = run.at(condition), run.at(usual)
    rows = []
    for name in without.scored(dataset):
        if name in with_it.scored(dataset):
            one, other = with_it.correct(dataset, name), without.correct(dataset, name)[:, with_it.rows(dataset)]
            shared = min(len(one), len(other))
            gap = one[:shared].astype(np.int8) - other[:shared].astype(np.int8)
            rows.append((name, float(gap.mean()), *difference_interval(gap), paired_p(gap)))
    table = pd.DataFrame(rows, columns=["variant", "difference", "low", "high", "p"])
    return table.assign(p_holm=holm(table["p"].to_numpy(float)))


def mcnemar(wins: float, losses: float) -> float:
    """The two-sided p value of McNemar's exact test: a fair coin thrown wins + losses times.

    The binomial sum is an incomplete beta function, which takes fractions of images too.
    """
    from scipy.special import betainc

    fewer, more = sorted((wins, losses))
    return float(min(1.0, 2 * betainc(more, fewer + 1, 0.5))) if more > fewer else 1.0


def paired_p(difference: NDArray) -> float:
    """The probability of a difference at least this large between two models that are equally accurate.

    One seed: the exact McNemar test. Several: the larger of two p values. One is the level at which the interval of
    `cautious_margin` begins to leave out zero. The other is McNemar's, at the number of discordant images that images of
    so unequal weight amount to (Kish 1965): a few of them are not normal.

    Parameters
    ----------
    difference : (s, n) in {-1, 0, 1}, correctness of one model less that of the other on the same images.
    """
    by_image = difference.sum(0, dtype=np.float64)
    size, mean = np.abs(by_image).sum(), abs(float(difference.mean()))
    if mean == 0:
        return 1.0
    discordant = size**2 / (by_image**2).sum()
    exact = mcnemar(*(discordant * side[side > 0].sum() / size for side in (by_image, -by_image)))
    return exact if len(difference) == 1 else max(exact, _level_of(difference, mean))


def _level_of(difference: NDArray, mean: float) -> float:
    """The level at which the `cautious_margin` of a difference is `mean`."""
    from scipy.optimize import brentq

    if cautious_margin(difference, SMALLEST_P) <= mean:
        return SMALLEST_P
    return float(np.exp(brentq(lambda p: cautious_margin(difference, np.exp(p)) - mean, np.log(SMALLEST_P), 0)))


def detectable(n: float, discordant: float, level: float = SIGNIFICANT, power: float = POWER) -> float:
    """The smallest difference in accuracy that McNemar's test would find significant in `power` of all cases.

    Connor (1987), *Sample size for testing differences in proportions for the paired-sample design*, equation 3, solved
    for the difference. Two models that differ by more than they disagree cannot be: where the answer is above
    `discordant`, they are taken to disagree on that many images, and always in favour of the same one.

    Parameters
    ----------
    n : test images.
    discordant : the share of them on which exactly one of the two models is right.

    Returns
    -------
    A share in (0, 1]; 1 where the images are so few that nothing could be shown.
    """
    from scipy.optimize import brentq

    alpha, beta = quantile_beyond(level / 2), quantile_beyond(1 - power)

    def excess(difference: float) -> float:
        share = max(discordant, difference)
        return difference * np.sqrt(n) - alpha * np.sqrt(share) - beta * np.sqrt(share - difference**2)

    return float(brentq(excess, 1e-12, 1)) if excess(1) > 0 else 1.0


def smallest_lead(difference: NDArray, level: float) -> float:
    """The smallest mean of a `difference` (s, n) that `paired_p` would mostly have found significant at a level.

    For one seed it is `detectable` at the disagreement seen; for several, where the seeds are uncertain too, the
    `cautious_margin` at the level and the quantile of the power, in standard errors. With few seeds that is a rough guess.
    """
    lead = detectable(difference.shape[1], float(np.abs(difference).mean()), level)
    if len(difference) == 1:
        return lead
    several = cautious_margin(difference, level) + quantile_beyond(1 - POWER) * standard_error(difference)
    return min(1.0, several) if several else lead


def holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correct p values for their number (Holm 1979).

    As `statsmodels.stats.multitest.multipletests` does, which collects garbage at every call: that takes longer than
    all other statistics of a leaderboard.
    """
    order = np.argsort(p, kind="stable")
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(1, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return corrected


def letters(names: Sequence[str], different: Iterable[tuple[str, str]]) -> dict[str, str]:
    """A compact display of all pairs: two names share a letter if and only if they are not told apart.

    Insert, absorb and sweep of Piepho (2004), *An algorithm for a letter-based representation of all-pairwise
    comparisons*.

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
