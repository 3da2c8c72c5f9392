"""`out_of_fold`: the probabilities of every training image by a model that was not fitted on it (cross-validation)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import estimators
from benchmarks.data.images import Images, fingerprint
from benchmarks.data.split import parts
from benchmarks.data.store.cache import cache_folder
from benchmarks.execution.sources import code_digest

# On oriented gradients it is fast everywhere, and its mistakes are not those of the labels.
ESTIMATOR = "logistic_regression"
FOLDS = 5


def out_of_fold(
    images: Images,
    estimator: str = ESTIMATOR,
    folds: int = FOLDS,
    seed: int = 0,
    told: Callable[[int], None] = lambda done: None,
) -> NDArray[np.float32]:
    """Probabilities float32 (n, k); rows of one group are in one fold.

    The base setting of the estimator is fitted, on oriented gradients where it has features. What was computed once is kept in
    the cache.

    Parameters
    ----------
    folds : how many models are fitted, each on the rows of the other folds.
    told : is told after every fold how many are done.

    Raises
    ------
    UserError : a class has too few rows, or groups, to be divided.
    ValueError : there is no such estimator.
    """
    path = cache_folder() / "out-of-fold" / f"{_digest(images, estimator, folds, seed)}.npy"
    if path.exists():
        return np.load(path)
    chosen = estimators.get(estimator)
    proba = np.zeros((len(images), int(images.y.max()) + 1), np.float32)
    everything = np.arange(len(images))
    for done, rows in enumerate(parts(images.y, folds, seed, images.groups), start=1):
        others = images.rows(np.setdiff1d(everything, rows))
        params, _ = chosen.scaled(setting(estimator), 1.0, len(others))
        model = chosen.build(seed, **params).fit(others.X, others.y)
        # A class of which all rows are in this fold is unknown to the model.
        proba[np.ix_(rows, model.classes_)] = model.predict_proba(np.ascontiguousarray(images.X[rows]))
        told(done)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{os.getpid()}-{path.name}")
    np.save(new, proba)
    new.replace(path)
    return proba


def setting(estimator: str) -> dict[str, Any]:
    """The base setting, on oriented gradients where there is a choice."""
    base = estimators.get(estimator).base
    return base | {"features": "hog"} if "features" in base else base


def _digest(images: Images, estimator: str, folds: int, seed: int) -> str:
    groups = () if images.groups is None else (images.groups,)
    code = code_digest(Path(__file__), estimators.file_of(estimator))
    facts = (fingerprint(images.X, images.y, *groups), code, estimator, folds, seed)
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]
