"""Intervals of accuracies and of their differences, over test images and seeds.

With one seed an interval is about how well this fitted model does on more such images. With several it is about how
well the estimator does on more such images and with other seeds. `tests/reports/analysis/test_simulation.py` measures
how often the intervals hold the truth.

Shapes: ``correct`` bool (s, n), which of n test images were labelled rightly by each of s seeds; ``difference`` (s, n)
in {-1, 0, 1}, the correctness of one model less that of another on the same images.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
SIGNIFICANT = 1 - LEVEL
Z = 1.959963984540054  # what a normal value stays within in 95 of 100 cases


def wilson(successes: float, n: float) -> tuple[float, float]:
    """The 95 % interval of a share of successes (Wilson 1927, eq. 4); `successes` and `n` need not be whole.

    In closed form: importing a library for it takes longer than all the intervals of a report.
    """
    if n <= 0 or not 0 <= successes <= n:
        raise ValueError(f"a share needs 0 <= successes <= n and n > 0, given {successes} of {n}")
    centre = (successes + Z**2 / 2) / (n + Z**2)
    half = Z * np.sqrt(successes * (n - successes) / n + Z**2 / 4) / (n + Z**2)
    return float(max(0.0, centre - half)), float(min(1.0, centre + half))


def accuracy_interval(correct: NDArray[np.bool_]) -> tuple[float, float]:
    """The 95 % interval of the accuracy: Wilson's, of as many images as the uncertainty amounts to.

    For one seed that is n, the plain interval of Wilson. For several it is the number of independent images whose share
    of successes would be as uncertain as the mean over these seeds and images (`margin`): the interval for surveys in
    which answers depend on each other (Korn and Graubard 1998). Where no image was ever wrong (or right) there is
    nothing to tell seeds from images by; the images are counted once.
    """
    seeds, n = correct.shape
    share = float(correct.mean())
    if seeds == 1 or share in (0, 1):
        return wilson(share * n, n)
    variance = max((margin(correct) / Z) ** 2, share * (1 - share) / correct.size)
    images = max(1.0, share * (1 - share) / variance)
    return wilson(share * images, images)


def difference_interval(difference: NDArray) -> tuple[float, float]:
    """The paired 95 % interval of the mean of a `difference` (s, n) in {-1, 0, 1}; for several seeds by `margin`.

    For one seed it is that of Agresti and Min (2005), *Simple improved confidence intervals for comparing matched
    proportions*: half an image is added to each of the four ways in which two models can be right or wrong.
    """
    if len(difference) == 1:
        n, mean = difference.size + 2, float(difference.sum()) / (difference.size + 2)
        half = Z * float(np.sqrt(((np.abs(difference).sum() + 1) / n - mean**2) / n))
    else:
        mean, half = float(difference.mean()), margin(difference)
    return float(max(-1, mean - half)), float(min(1, mean + half))


def spread(values: NDArray) -> tuple[float, float, float]:
    """Where the variance of the mean of `values` (s, n) comes from: images, seeds, and the chance that is in both.

    Seeds and images are crossed: every seed saw the same images. The analysis of variance takes the three apart: the
    first number is the variance of the images' means over n, the second that of the seeds' means over s, the third what
    single answers contribute to either. The variance of the mean is the sum of the first two less the third.

    No bootstrap estimates it (McCullagh 2000, *Resampling and exchangeable arrays*): one of seeds and images is too
    wide where seeds hardly matter, and at three seeds far too narrow where they do. Radiology has the same model for
    readers and cases (Gallas 2006; Hillis 2007).
    """
    values = np.asarray(values, dtype=np.float64)
    seeds, n = values.shape
    by_image, by_seed = values.mean(0), values.mean(1)
    images = float(by_image.var(ddof=1)) / n if n > 1 else 0.0
    if seeds == 1 or n == 1:
        return images, 0.0, 0.0
    rest = max(0.0, float(values.var() - by_image.var() - by_seed.var()))
    return images, float(by_seed.var(ddof=1)) / seeds, rest / ((seeds - 1) * (n - 1))


def margin(values: NDArray, level: float = SIGNIFICANT) -> float:
    """Half the width of the interval of the mean of `values` (s, n) over seeds and images, at 1 - `level`.

    Images are many, seeds are few: if all the variance were that of the images, the quantile would be the normal one, and
    Student's, with as many degrees of freedom as there are seeds less one, if it were that of the seeds. In between its
    square grows with the square of the seeds' share, as in the first term of the series of Welch (1947, *The
    generalization of Student's problem when several different population variances are involved*). Where the seeds' means
    differ by less than chance alone makes them differ in half of all cases, seeds are taken not to differ.
    """
    images, seeds, chance = _parts(values)
    normal = quantile_beyond(level / 2)
    if seeds <= _median(len(values)) * chance:
        return normal * float(np.sqrt(images + chance))
    share = seeds / (images + seeds)
    squared = normal**2 + (_quantile_of_seeds(len(values), level) ** 2 - normal**2) * share**2
    return float(np.sqrt(squared * (images + seeds)))


def cautious_margin(values: NDArray, level: float) -> float:
    """A `margin` that never guesses that seeds do not differ: at no level does it hold the truth too rarely.

    Images have a normal quantile, seeds Student's, and the squares add up (Graybill and Wang 1980; Burdick and Graybill
    1992, *Confidence Intervals on Variance Components*). After a correction for several comparisons it is the far tail that
    decides, and there a wrong guess costs most: the degrees of freedom of Satterthwaite make several times as many errors
    as promised where two or three seeds differ.
    """
    images, seeds, chance = _parts(values)
    normal = quantile_beyond(level / 2) ** 2
    few = _quantile_of_seeds(len(values), level) ** 2 * seeds if len(values) > 1 else 0.0
    return float(np.sqrt(normal * images + max(normal * chance, few)))


def standard_error(values: NDArray) -> float:
    """The standard error of the mean over seeds and images; seeds count as no less uncertain than chance makes them."""
    images, seeds, chance = _parts(values)
    return float(np.sqrt(images + max(seeds, chance)))


def _parts(values: NDArray) -> tuple[float, float, float]:
    """The variances of `spread`, that of the images without the chance in it."""
    images, seeds, chance = spread(values)
    return max(0.0, images - chance), seeds, chance


def _quantile_of_seeds(seeds: int, level: float) -> float:
    return quantile_beyond(level / 2, seeds - 1)


def _median(seeds: int) -> float:
    """What the seeds' part of `spread` stays below in half of all cases where seeds do not differ, in units of chance."""
    from scipy.special import chdtri

    return float(chdtri(seeds - 1, 0.5)) / (seeds - 1) if seeds > 1 else 1.0


def quantile_beyond(share: float, freedom: float = np.inf) -> float:
    """What a `share` of Student's t lies beyond; with infinite `freedom`, of the normal distribution."""
    from scipy.special import stdtrit  # Importing scipy.stats takes longer than all tests of a report.

    return -float(stdtrit(freedom, share))
