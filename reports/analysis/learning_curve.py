"""Learning curves: pure functions of errors at growing sizes of the training set.

Shapes: ``sizes`` (k,) ascending numbers of training rows; ``errors`` (r, k), shares of wrong labels by resample and size.
How classification error falls with the number of training rows is well described by a power law that ends in a floor
(Hestness et al. 2017, arXiv:1712.00409; Viering & Loog 2022, arXiv:2103.10948).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from reports.analysis.statistics import LEVEL

K = TypeVar("K")
RESAMPLES = 1000
FLOORS = 1 - np.geomspace(1, 0.001, 60)  # candidates for c, as shares of the smallest error; the first is no floor
SIZES_FOR_A_FLOOR = 4  # fewer points cannot tell a floor from a slope


@dataclass(frozen=True)
class PowerLaw:
    """``error(n) = a · n**-b + c``, by resample: `a`, `b` and `c` >= 0 are float64 (r,)."""

    a: NDArray[np.float64]
    b: NDArray[np.float64]
    c: NDArray[np.float64]

    def __call__(self, n: float | NDArray) -> NDArray[np.float64]:
        """Errors (r, k) at the sizes `n`."""
        sizes = np.atleast_1d(np.asarray(n, dtype=float))
        return self.a[:, None] * sizes ** -self.b[:, None] + self.c[:, None]


def power_law(sizes: NDArray, errors: NDArray) -> PowerLaw:
    """The power law with the least squared error in log error, to each row of `errors` (r, k), k >= 2.

    For a given floor c, ``log(error - c)`` is a line in ``log n``, fitted with the weights ``((error - c) / error)²`` that
    turn its squared errors into those of log error, to first order; c is searched on a grid below the smallest error, so
    that there is no starting point to choose and no local minimum. With less than `SIZES_FOR_A_FLOOR` sizes c is 0.
    """
    x = np.log(np.asarray(sizes, dtype=float))
    errors = np.atleast_2d(np.asarray(errors, dtype=float))
    floors = FLOORS if len(x) >= SIZES_FOR_A_FLOOR else FLOORS[:1]
    c = errors.min(axis=1, keepdims=True) * floors  # (r, floors)
    y = np.log(errors[:, None, :] - c[:, :, None])
    weights = (1 - c[:, :, None] / errors[:, None, :]) ** 2
    weights /= weights.sum(axis=2, keepdims=True)
    centre, middle = (weights * x).sum(axis=2), (weights * y).sum(axis=2)
    away = x - centre[..., None]
    slope = np.minimum((weights * away * y).sum(axis=2) / (weights * away**2).sum(axis=2), 0)
    level = middle - slope * centre
    fitted = np.exp(level[..., None] + slope[..., None] * x) + c[:, :, None]
    lost = ((np.log(fitted) - np.log(errors[:, None, :])) ** 2).sum(axis=2)
    best = np.arange(len(errors)), lost.argmin(axis=1)
    return PowerLaw(np.exp(level[best]), -slope[best], c[best])


def resample(
    wrong: Mapping[K, NDArray[np.bool_]], resamples: int = RESAMPLES, seed: int = 0
) -> dict[K, NDArray[np.float64]]:
    """Errors of two-level bootstrap resamples: seeds, and test images.

    Parameters
    ----------
    wrong : thing -> (s, n), which of the same n test images are labelled wrongly by each seed. Things share the seeds and
        images that are drawn: they were trained on the same rows of a seed and tested on the same images.

    Returns
    -------
    thing -> float64 (1 + resamples,); the first value is of the data as they are. An error of no image is counted as half
    an image, which has a logarithm.
    """
    rng = np.random.default_rng(seed)
    n = next(iter(wrong.values())).shape[1]
    most = max(len(rows) for rows in wrong.values())
    images = np.ones((1 + resamples, n), np.float32)
    images[1:] = rng.multinomial(n, np.full(n, 1 / n), size=resamples)
    seeds = np.ones((1 + resamples, most))
    seeds[1:] = rng.multinomial(most, np.full(most, 1 / most), size=resamples)
    errors = {}
    for thing, rows in wrong.items():
        weights = seeds[:, : len(rows)]  # A thing with fewer seeds: where none of its own was drawn, all count.
        weights = np.where(weights.sum(axis=1, keepdims=True) > 0, weights, 1.0)
        by_seed = images @ rows.T.astype(np.float32) / n
        errors[thing] = np.maximum((by_seed * weights).sum(axis=1) / weights.sum(axis=1), 0.5 / n)
    return errors


def interval(values: NDArray) -> tuple[float, float]:
    """The 95 % percentile interval of resamples; they may be infinite."""
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="nearest")
    return float(low), float(high)


@dataclass(frozen=True)
class Crossover:
    """Where deep learning passes classical, in rows or core-seconds.

    Parameters
    ----------
    at : the place; `first` or less if deep is ahead everywhere, infinite if it is not ahead at the end of the data.
    low, high : the 95 % interval, over resamples; they may be `first` and infinite as well.
    share : of the resamples in which deep is ahead at the end of the data.
    first : where the data begin.
    """

    at: float
    low: float
    high: float
    share: float
    first: float


def crossover(sizes: NDArray, classical: NDArray, deep: NDArray) -> Crossover:
    """The size from which on the best deep error is below the best classical one, at all larger measured sizes.

    Parameters
    ----------
    classical, deep : errors (1 + r, k) of the best of each family; the first row is of the data, the others resamples.

    Notes
    -----
    Between the last size at which deep is not ahead and the next one, the logarithm of the ratio of the two errors is
    interpolated linearly in the logarithm of the size.
    """
    x = np.log(np.asarray(sizes, dtype=float))
    lead = np.log(classical) - np.log(deep)
    start = _ahead_from(lead)
    at = np.full(len(lead), np.inf)
    at[start == 0] = sizes[0]
    rows = np.flatnonzero((start > 0) & (start < len(x)))
    k = start[rows]
    before, after = lead[rows, k - 1], lead[rows, k]
    at[rows] = np.exp(x[k - 1] - before / (after - before) * (x[k] - x[k - 1]))
    return _summary(at, float(sizes[0]))


def overtaking(cost: NDArray, classical: NDArray, deep: NDArray) -> Crossover:
    """The cost from which on the best deep error so far is below the best classical one so far.

    Parameters
    ----------
    cost : (k,), ascending, of models of both families.
    classical, deep : errors (1 + r, k) of these models, infinite where a model is of the other family.
    """
    with np.errstate(invalid="ignore"):
        best = [np.minimum.accumulate(errors, axis=1) for errors in (classical, deep)]
        lead = np.where(np.isinf(best[1]), -1.0, np.log(best[0]) - np.log(best[1]))
    start = _ahead_from(lead)
    at = np.append(np.asarray(cost, dtype=float), np.inf)[start]
    return _summary(at, float(cost[0]))


def _ahead_from(lead: NDArray) -> NDArray[np.intp]:
    """The first column from which on `lead` is positive in all columns; their number if it is not in the last."""
    behind = lead <= 0
    return np.where(behind.any(axis=1), lead.shape[1] - behind[:, ::-1].argmax(axis=1), 0)


def _summary(at: NDArray, first: float) -> Crossover:
    low, high = interval(at[1:]) if len(at) > 1 else (float(at[0]), float(at[0]))
    share = float(np.isfinite(at[1:]).mean()) if len(at) > 1 else float(np.isfinite(at[0]))
    return Crossover(float(at[0]), low, high, share, first)
