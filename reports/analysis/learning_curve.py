"""Learning curves: errors at growing sizes of the training set, and the laws fitted to them.

Shapes: ``sizes`` (k,) ascending numbers of training rows; ``errors`` (r, k), shares of wrong labels by resample and
size. How classification error falls with the number of training rows is well described by a power law that ends in a
floor (Hestness et al. 2017, arXiv:1712.00409; Viering & Loog 2022, arXiv:2103.10948).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from reports.run import Run

K = TypeVar("K")
RESAMPLES = 1000
FLOORS = 1 - np.geomspace(1, 0.001, 60)  # candidates for c, as shares of the smallest error; the first is no floor
SIZES_FOR_A_FLOOR = 4  # fewer points cannot tell a floor from a slope


def wrong(run: Run, dataset: str) -> dict[tuple[str, int], NDArray[np.bool_]]:
    """(estimator, training rows) -> which test images were labelled wrongly, (s, n); empty below two sizes."""

    def compute() -> dict[tuple[str, int], NDArray[np.bool_]]:
        levels = run.levels(dataset, "sizes")
        if len(levels) < 2:
            return {}
        return {
            (name, int(size)): ~run.at(condition).correct(dataset, name)
            for name in run.variants
            for condition, size in levels
            if run.at(condition).evaluated(dataset, name)
        }

    return run.once(("wrong", dataset), compute)


def resampled(run: Run, dataset: str) -> dict[tuple[str, int], NDArray[np.float64]]:
    """(estimator, training rows) -> its error, then the errors of bootstrap resamples, (1 + r,)."""
    return run.once(("resampled", dataset), lambda: resample(w) if (w := wrong(run, dataset)) else {})


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

    For a given floor c, ``log(error - c)`` is a line in ``log n``, fitted with the weights ``((error - c) / error)²``
    that turn its squared errors into those of log error, to first order; c is searched on a grid below the smallest
    error, so that there is no starting point to choose and no local minimum. With less than `SIZES_FOR_A_FLOOR` sizes c
    is 0.
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
    wrong : thing -> (s, n), which of the same n test images are labelled wrongly by each seed. Things share the seeds
        and images that are drawn: they were trained on the same rows of a seed and tested on the same images.

    Returns
    -------
    thing -> float64 (1 + resamples,); the first value is of the data as they are. An error of no image is counted as
    half an image, which has a logarithm.
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
