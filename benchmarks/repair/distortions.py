"""Training images that were distorted on purpose, and detectors that were fitted on them."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from benchmarks.corruptions import CORRUPTIONS
from benchmarks.data.images import Images
from benchmarks.repair.levels import CLEAN, kind, severity
from estimators.detectors import detector

TAUGHT = (1, 3, 5)  # severities that a detector sees; those between lie between


@dataclass(frozen=True)
class Examples:
    """Training images at several levels: "none", or a corruption at a severity, as in "fog-3".

    Parameters
    ----------
    images : distorted, with the labels of their classes; without groups.
    level : int64 (n,), the place of each image's level in `levels`.
    """

    images: Images
    level: NDArray[np.int64]
    levels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.images)

    def keeps(self, without: Collection[str]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which images (n,) and which levels stay where corruptions of these names are left out."""
        levels = np.array([kind(level) not in without for level in self.levels])
        return levels[self.level], levels

    def without(self, names: Collection[str]) -> Examples:
        """The examples that show none of the named corruptions."""
        rows, levels = self.keeps(names)
        place = np.cumsum(levels) - 1
        kept = tuple(level for level, stays in zip(self.levels, levels, strict=True) if stays)
        return Examples(self.images.rows(np.flatnonzero(rows)), place[self.level[rows]], kept)


@dataclass(frozen=True)
class Detector:
    """A fitted detector, which tells how probable each level is.

    Parameters
    ----------
    levels : in the order of the columns of `probabilities`.
    model : its classes are places in `levels`.
    """

    levels: tuple[str, ...]
    model: Any

    def probabilities(self, X: NDArray[np.uint8]) -> NDArray[np.float64]:
        """The probability of each level, float64 (n, levels)."""
        proba = np.zeros((len(X), len(self.levels)))
        if len(X):
            proba[:, self.model.classes_] = self.model.predict_proba(np.ascontiguousarray(X))
        return proba


@dataclass(frozen=True)
class Detected:
    """What a detector says of images: `kinds` str (n,), "none" or a corruption; how probable it is; and its strength.

    The strength is the mean severity of that corruption by the probabilities of its levels, 0 of none.
    """

    kinds: NDArray[np.str_]
    probability: NDArray[np.float64]
    strength: NDArray[np.float64]


def detected(levels: Sequence[str], proba: NDArray[np.float64]) -> Detected:
    """The most probable corruption, over all its severities, by the probability (n, levels) of each level."""
    names = list(dict.fromkeys(kind(level) for level in levels))
    place = np.array([names.index(kind(level)) for level in levels])
    of_kind = np.stack([proba[:, place == i].sum(1) for i in range(len(names))], axis=1)
    best = of_kind.argmax(1)
    weights = np.where(place[None] == best[:, None], proba, 0)
    severities = np.array([severity(level) for level in levels], float)
    strength = weights @ severities / np.maximum(weights.sum(1), 1e-12)
    return Detected(np.array(names)[best], of_kind.max(1, initial=0), strength)


def examples(train: Images, clean: int, each: int, seed: int, names: Collection[str] = tuple(CORRUPTIONS)) -> Examples:
    """Images as they are, `clean` of them, and `each` at every level of the named corruptions.

    Training images are taken in random order, again and again where they do not suffice. A corruption that leaves images of this
    size and colour as they are, such as "saturate" grey ones, is left out.
    """
    rng = np.random.default_rng([seed, 51])
    order = np.resize(rng.permutation(len(train)), clean + each * len(names) * len(TAUGHT))
    y, taken = train.y[order], clean
    parts, counts, levels = [train.X[order[:clean]]], [clean], [CLEAN]
    kept = [np.arange(clean)]
    for name in names:
        for strength in TAUGHT:
            rows = np.arange(taken, taken + each)
            taken += each
            X = train.X[order[rows]]
            distorted = CORRUPTIONS[name](X, strength, rng)
            if not np.array_equal(distorted, X):
                parts.append(distorted)
                kept.append(rows)
                counts.append(each)
                levels.append(f"{name}-{strength}")
    level = np.repeat(np.arange(len(levels)), counts)
    return Examples(Images(np.concatenate(parts), y[np.concatenate(kept)]), level, tuple(levels))


def fit_detector(name: str, shown: Examples, seed: int = 0) -> Detector:
    """A detector by its name in `estimators.detectors`, fitted on examples.

    Raises
    ------
    ValueError : there is no such detector.
    """
    # The regression has thousands of small products; two threads of them where another process had a core took 50 times as long.
    with threadpool_limits(1, user_api="blas"), warnings.catch_warnings():
        # A detector may stop at its limit of iterations: what it recognises is measured.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return Detector(shown.levels, detector(name, seed).fit(shown.images.X, shown.level))
