"""Which models of a run to average, by greedy selection on rows that none of them was trained on.

R. Caruana, A. Niculescu-Mizil, G. Crew, A. Ksikes: Ensemble selection from libraries of models. ICML 2004,
https://doi.org/10.1145/1015330.1015432.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.formats.npz import read_named
from benchmarks.data.images import Images
from benchmarks.data.split import FEWEST_HELD_OUT, HELD_OUT, subset
from benchmarks.execution.job import Fit
from benchmarks.scoring import accuracy, log_loss

STEPS = 10  # models that a mix has, at most, those counted that are in it more than once
TIMES = 2  # the errors of the best setting, in its search, that those of a member may be where too few rows can choose
TRAINED_ON = "trained_on.npz"  # beside the folder of a model: of each training row, whether it was trained on it


@dataclass(frozen=True)
class Mix:
    """Models to average, and what tells that it is better than one of them.

    Parameters
    ----------
    weights : model -> how often it counts in the mean of the probabilities.
    rows : on which the mix was chosen.
    accuracy, log_loss : of the mix on these rows; the choice flatters them a little.
    best, best_accuracy, best_log_loss : the model that is best alone, and its scores on them.
    """

    weights: Mapping[str, int]
    rows: int
    accuracy: float
    log_loss: float
    best: str
    best_accuracy: float
    best_log_loss: float


def note_rows(model: Path, rows: NDArray[np.int64], count: int) -> None:
    """Note beside the folder of a model on which of `count` training rows it was trained."""
    mask = np.zeros(count, bool)
    mask[rows] = True
    model.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(model.with_name(TRAINED_ON), rows=mask)


def rows_of(
    fits: Sequence[Fit], told: Mapping[str, Mapping[str, Any]], images: Images, seed: int
) -> dict[str, NDArray[np.bool_]]:
    """On which training rows each model was trained, by variant, bool (n,).

    Of a run in which that was not noted they are the first in the order of `benchmarks.data.split.subset`. Where nobody knows which,
    with groups, or since what was noted is of other rows, it counts as trained on all.

    Parameters
    ----------
    told : by variant what the ``model.json`` tells.

    Raises
    ------
    UserError : what was noted cannot be read.
    """
    return {fit.variant: _rows_of(Path(fit.model), told[fit.variant], images, seed) for fit in fits}


def _rows_of(model: Path, told: Mapping[str, Any], images: Images, seed: int) -> NDArray[np.bool_]:
    path = model.with_name(TRAINED_ON)
    if path.exists():
        (mask,) = read_named(path, ["rows"])
        return mask if mask.shape == (len(images),) and mask.dtype == bool else np.ones(len(images), bool)
    mask = np.full(len(images), images.groups is not None)
    mask[subset(images.y, min(len(images), told.get("rows", len(images))), seed)] = True
    return mask


def teams(fits: Sequence[Fit]) -> dict[str, tuple[str, ...]]:
    """What a mix is made of: the name of a team -> its variants, which differ by nothing but their random numbers.

    Which of them is best on the few rows that are held out is chance, and the mean of all is expected to be better than any
    (L. K. Hansen, P. Salamon: Neural network ensembles. IEEE PAMI 12, 1990).
    """
    alike: dict[str, list[str]] = {}
    for fit in fits:
        alike.setdefault(fit.alike, []).append(fit.variant)
    return {_named(names): tuple(names) for names in alike.values()}


def _named(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"the mean of {', '.join(names[:-1])} and {names[-1]}"


def shares(weights: Mapping[str, int], teams: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """How often each variant counts, in lowest terms, where a team counts as one."""
    whole = math.lcm(*(len(teams[team]) for team in weights))
    found = {name: weight * whole // len(teams[team]) for team, weight in weights.items() for name in teams[team]}
    return {name: share // math.gcd(*found.values()) for name, share in found.items()}


def judged(
    fits: Sequence[Fit], models: Mapping[str, Any], trained: Mapping[str, NDArray[np.bool_]], images: Images, seed: int
) -> Mix | None:
    """The mix of the teams' means, chosen on training rows that no model was trained on; None where too few are left.

    Some of these rows calibrated the models. Models that were trained on nearly every row cannot be judged, and take no part.

    Parameters
    ----------
    models, trained : by variant, what was fitted, and on which rows.
    images : the training rows, with the labels that judge.
    """
    apart = {
        team: names
        for team, names in teams(fits).items()
        if max(trained[name].sum() for name in names) <= len(images) - FEWEST_HELD_OUT
    }
    if not apart:
        return None
    seen = np.any([trained[name] for names in apart.values() for name in names], axis=0)
    new = np.flatnonzero(~seen)
    if len(new) < FEWEST_HELD_OUT:
        return None
    if len(new) > HELD_OUT:
        new = new[subset(images.y[new], HELD_OUT, seed)]
    X = np.ascontiguousarray(images.X[new])
    proba = {
        team: average({name: models[name].predict_proba(X) for name in names}, dict.fromkeys(names, 1))
        for team, names in apart.items()
    }
    return mixed(proba, images.y[new])


def nearly_as_good(fits: Sequence[Fit]) -> dict[str, int]:
    """A mix where too few rows can choose one: of all whose settings made at most `TIMES` the errors of the best in its search."""
    scores = {fit.variant: fit.score for fit in fits if fit.score is not None}
    least = 1 - max(scores.values(), default=0.0)
    return {fit.variant: 1 for fit in fits if 1 - scores.get(fit.variant, 0.0) <= TIMES * least + 1e-9}


def mixed(proba: Mapping[str, NDArray], y: NDArray[np.int64]) -> Mix:
    """The mix with the least log-loss, which may be the best model alone.

    Parameters
    ----------
    proba : model -> probabilities (n, k) of rows that it was not trained on.
    y : int64 (n,).
    """
    weights, best = greedy(proba, y), min(proba, key=lambda name: log_loss(y, proba[name]))
    mean = average(proba, weights)
    return Mix(
        weights, len(y), accuracy(y, mean), log_loss(y, mean), best, accuracy(y, proba[best]), log_loss(y, proba[best])
    )


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
