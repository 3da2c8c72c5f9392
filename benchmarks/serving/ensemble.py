"""`mixed`: which models to average, by greedy selection on rows that none of them was trained on.

R. Caruana, A. Niculescu-Mizil, G. Crew, A. Ksikes: Ensemble selection from libraries of models. ICML 2004,
https://doi.org/10.1145/1015330.1015432.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.scoring import accuracy, log_loss

STEPS = 20  # models that a mix has, at most, those counted that are in it more than once


@dataclass(frozen=True)
class Mix:
    """Models to average, and what tells that it pays.

    Parameters
    ----------
    weights : model -> how often it counts in the mean of the probabilities.
    rows : on which the mix was chosen.
    accuracy, log_loss : of the mix on these rows; the choice flatters them a little.
    best, best_log_loss : the model that is best alone, and its log-loss on them.
    """

    weights: Mapping[str, int]
    rows: int
    accuracy: float
    log_loss: float
    best: str
    best_log_loss: float


def mixed(proba: Mapping[str, NDArray], y: NDArray[np.int64]) -> Mix:
    """The mix with the least log-loss, or the best model alone where a mix does not pay.

    It pays if mixes that are chosen on one half of the rows have less log-loss on the other half than the model which is best
    alone on that one half.

    Parameters
    ----------
    proba : model -> probabilities (n, k) of rows that it was not trained on.
    y : int64 (n,).
    """
    halves = np.arange(len(y)) % 2 == 0
    gain = sum(_gain(proba, y, half) for half in (halves, ~halves))
    best = _best(proba, y)
    weights = greedy(proba, y) if gain > 0 else {best: 1}
    mean = average(proba, weights)
    return Mix(weights, len(y), accuracy(y, mean), log_loss(y, mean), best, log_loss(y, proba[best]))


def greedy(proba: Mapping[str, NDArray], y: NDArray[np.int64]) -> dict[str, int]:
    """How often each model counts: one after another is taken, perhaps again, that makes the log-loss of the mean least.

    Of the `STEPS` mixes the best, in lowest terms.
    """
    total, taken = np.zeros(next(iter(proba.values())).shape), []
    found: list[tuple[float, Counter[str]]] = []
    for _ in range(STEPS):
        losses = {name: log_loss(y, total + p) for name, p in proba.items()}  # which scales rows to sum 1
        taken.append(min(losses, key=lambda name: losses[name]))
        total = total + proba[taken[-1]]
        found.append((losses[taken[-1]], Counter(taken)))
    _, counts = min(found, key=lambda mix: mix[0])
    return {name: count // math.gcd(*counts.values()) for name, count in counts.items()}


def average(proba: Mapping[str, NDArray], weights: Mapping[str, int]) -> NDArray[np.float64]:
    """The mean probabilities of a mix, (n, k)."""
    total = sum(weight * proba[name].astype(np.float64) for name, weight in weights.items())
    return np.asarray(total) / sum(weights.values())


def _best(proba: Mapping[str, NDArray], y: NDArray[np.int64]) -> str:
    return min(proba, key=lambda name: log_loss(y, proba[name]))


def _gain(proba: Mapping[str, NDArray], y: NDArray[np.int64], chosen_on: NDArray[np.bool_]) -> float:
    """What a mix gains over the best model, both chosen on some rows, in nats over the others."""
    own = {name: p[chosen_on] for name, p in proba.items()}
    other = {name: p[~chosen_on] for name, p in proba.items()}
    alone, together = _best(own, y[chosen_on]), greedy(own, y[chosen_on])
    rest = y[~chosen_on]
    return len(rest) * (log_loss(rest, other[alone]) - log_loss(rest, average(other, together)))
