"""The crossover: the training-set size, and the compute, from which on deep learning is ahead of classical learning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reports.analysis.intervals import percentile_interval
from reports.analysis.learning_curve import resampled

if TYPE_CHECKING:
    from reports.run import Run


def crossover_in_rows(run: Run, dataset: str) -> Crossover | None:
    """The training rows from which on the best network is ahead; None without both families at two sizes."""
    return by_rows(resampled(run, dataset), run.families)


def crossover_in_compute(run: Run, dataset: str) -> Crossover | None:
    """The core-seconds from which on the best network so far is ahead; None without both families and two sizes."""
    errors = resampled(run, dataset)
    return by_cost(errors, run.families, core_seconds(run, dataset)) if errors else None


def core_seconds(run: Run, dataset: str) -> dict[tuple[str, int], float]:
    """(variant, training rows) -> core-seconds of its search and final fit, mean of the seeds."""
    curve = run.curve(dataset, "sizes")
    seconds = (curve["search_seconds"].fillna(0) + curve["fit_seconds"]) * curve["variant"].map(run.threads)
    means = seconds.groupby([curve["variant"], curve["value"].astype(int)]).mean()
    return {(str(name), int(size)): float(mean) for (name, size), mean in means.items()}


def by_rows(errors: Mapping[tuple[str, int], NDArray], families: Mapping[str, str]) -> Crossover | None:
    """The `crossover` of the best of each family at each size; None without both families at two sizes.

    Parameters
    ----------
    errors : (estimator, training rows) -> (1 + r,), as `resampled` gives them.
    families : estimator -> "classical" or "deep".
    """
    best = []
    for family in ("classical", "deep"):
        own = {key: error for key, error in errors.items() if families[key[0]] == family}
        best.append({n: np.min([error for (_, m), error in own.items() if m == n], axis=0) for _, n in own})
    sizes = sorted(set(best[0]) & set(best[1]))
    if len(sizes) < 2:
        return None
    return crossover(np.array(sizes), *(np.stack([side[n] for n in sizes], axis=1) for side in best))


def by_cost(
    errors: Mapping[tuple[str, int], NDArray], families: Mapping[str, str], cost: Mapping[tuple[str, int], float]
) -> Crossover | None:
    """The `overtaking` of the classical models by the networks, at whatever size; None without both families.

    Parameters
    ----------
    errors, families : as for `by_rows`.
    cost : (estimator, training rows) -> what it cost, in any unit.
    """
    if not {"classical", "deep"} <= {families[name] for name, _ in errors}:
        return None
    order = sorted(errors, key=lambda key: cost[key])
    sides = [
        np.stack([errors[k] if families[k[0]] == side else np.full_like(errors[k], np.inf) for k in order], axis=1)
        for side in ("classical", "deep")
    ]
    return overtaking(np.array([cost[key] for key in order]), *sides)


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
    low, high = percentile_interval(at[1:]) if len(at) > 1 else (float(at[0]), float(at[0]))
    share = float(np.isfinite(at[1:]).mean()) if len(at) > 1 else float(np.isfinite(at[0]))
    return Crossover(float(at[0]), low, high, share, first)
