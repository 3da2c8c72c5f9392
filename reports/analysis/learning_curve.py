"""Learning curves: errors at growing sizes of the training set, and the laws fitted to them.

Shapes: ``sizes`` (k,) ascending numbers of training rows; ``errors`` (k,), shares of wrong labels. How classification error
falls with the number of training rows is well described by a power law that ends in a floor (Hestness et al. 2017,
arXiv:1712.00409; Viering & Loog 2022, arXiv:2103.10948). Which law foretells the next size is another question: over many
learners and data sets MMF4 and the flat line do it best (Mohr et al. 2022, *LCDB 1.0*). `LAWS` has all three.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reports.analysis.resources import SIZES, Resource, whole

if TYPE_CHECKING:
    from reports.run import Run

FLOORS = 1 - np.geomspace(1, 0.001, 60)  # candidates for c, as shares of the smallest error; the first is no floor
SIZES_FOR_A_FLOOR = 4  # fewer points cannot tell a floor from a slope


def wrong(run: Run, dataset: str, resource: Resource = SIZES) -> dict[tuple[str, float], NDArray[np.bool_]]:
    """(estimator, amount) -> which test images were labelled wrongly, (s, n); empty below two levels of the study."""

    def compute() -> dict[tuple[str, float], NDArray[np.bool_]]:
        levels = run.levels(dataset, resource.name)
        if len(levels) < 2:
            return {}
        return {
            (name, whole(amount)): ~run.at(condition).correct(dataset, name)
            for name in run.variants
            for condition, amount in levels
            if run.at(condition).evaluated(dataset, name)
        }

    return run.once(("wrong", resource.name, dataset), compute)


def curve(run: Run, dataset: str, variant: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The sizes at which an estimator was tested and its errors there, means over the seeds.

    An error of no image is counted as half an image, which has a logarithm.
    """
    own = {size: answers for (name, size), answers in wrong(run, dataset).items() if name == variant}
    sizes = sorted(own)
    errors = [max(float(own[size].mean()), 0.5 / own[size].shape[1]) for size in sizes]
    return np.array(sizes, dtype=np.int64), np.array(errors)


@dataclass(frozen=True)
class Law:
    """A law fitted to a learning curve: ``error(n) = floor + drop · fall(n)``.

    Parameters
    ----------
    floor : the error that no number of rows goes below.
    drop : what ``fall`` is multiplied with.
    fall : falls with the number of rows, towards 0.
    """

    floor: float
    drop: float
    fall: Power | Sigmoid

    def __call__(self, n: float | NDArray) -> NDArray[np.float64]:
        """Errors (k,) at the sizes `n`."""
        return self.floor + self.drop * self.fall(np.atleast_1d(np.asarray(n, dtype=float)))


@dataclass(frozen=True)
class Power:
    """``n**-exponent``."""

    exponent: float

    def __call__(self, n: NDArray[np.float64]) -> NDArray[np.float64]:
        return n**-self.exponent


@dataclass(frozen=True)
class Sigmoid:
    """``1 / (1 + (n / half)**exponent)``, which is one half at `half` rows."""

    half: float
    exponent: float

    def __call__(self, n: NDArray[np.float64]) -> NDArray[np.float64]:
        return 1 / (1 + (n / self.half) ** self.exponent)


def power_law(sizes: NDArray, errors: NDArray) -> Law:
    """The power law with the least squared error in log error, k >= 2.

    For a given floor c, ``log(error - c)`` is a line in ``log n``, fitted with the weights ``((error - c) / error)²``
    that turn its squared errors into those of log error, to first order; c is searched on a grid below the smallest
    error, so that there is no starting point to choose and no local minimum. With less than `SIZES_FOR_A_FLOOR` sizes c
    is 0.
    """
    x = np.log(np.asarray(sizes, dtype=float))
    c = errors.min() * (FLOORS if len(x) >= SIZES_FOR_A_FLOOR else FLOORS[:1])[:, None]
    y = np.log(errors - c)
    weights = (1 - c / errors) ** 2
    weights /= weights.sum(axis=1, keepdims=True)
    centre, middle = (weights * x).sum(axis=1), (weights * y).sum(axis=1)
    away = x - centre[:, None]
    slope = np.minimum((weights * away * y).sum(axis=1) / (weights * away**2).sum(axis=1), 0)
    level = middle - slope * centre
    fitted = np.exp(level[:, None] + slope[:, None] * x) + c
    best = ((np.log(fitted) - np.log(errors)) ** 2).sum(axis=1).argmin()
    return Law(float(c[best, 0]), float(np.exp(level[best])), Power(float(-slope[best])))


def mmf4(sizes: NDArray, errors: NDArray) -> Law:
    """MMF4, ``(a·b + c·n**d) / (b + n**d)``: from a at no rows down to c, half way at ``b**(1/d)`` rows; k >= 5.

    Half-way size and d are searched on a grid; a and c then follow in closed form from least squares in error over
    error, which is log error to first order.
    """
    halves = np.geomspace(sizes[0] / 30, sizes[-1] * 30, 120)
    candidates = [Sigmoid(float(half), float(d)) for half in halves for d in np.geomspace(0.1, 4, 80)]
    fall = np.stack([shape(np.asarray(sizes, dtype=float)) for shape in candidates]) / errors
    level = np.broadcast_to(1 / errors, fall.shape)
    ll, lf, ff = (level**2).sum(1), (level * fall).sum(1), (fall**2).sum(1)
    l1, f1 = level.sum(1), fall.sum(1)
    floor = np.maximum(0, (l1 * ff - f1 * lf) / np.maximum(ll * ff - lf**2, 1e-300))
    drop = np.clip((f1 - floor * lf) / ff, 0, 1 - np.minimum(floor, 1))
    fitted = (floor[:, None] * level + drop[:, None] * fall) * errors
    best = ((np.log(fitted) - np.log(errors)) ** 2).sum(axis=1).argmin()
    return Law(float(floor[best]), float(drop[best]), candidates[best])


def flat_line(sizes: NDArray, errors: NDArray) -> Law:
    """No further gain: the error at the largest size."""
    return Law(float(errors[-1]), 0.0, Power(0.0))


LAWS: dict[str, tuple[int, Callable[[NDArray, NDArray], Law]]] = {  # name -> (sizes it needs, its fit)
    "power law": (3, power_law),
    "MMF4": (5, mmf4),
    "flat line": (1, flat_line),
}
