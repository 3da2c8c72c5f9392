"""All ways to repair images that are tried: each repair alone, some one after the other, and none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.repair.stored import AS_IT_IS
from estimators.repairs import Repair, names, repair

# What one repair leaves to another; these were thought of by hand, for images that lack contrast and noise or place besides.
TOGETHER = (
    "standardise+low_rank",
    "standardise+autoencoder",
    "moments+centre",
    "inversion+centre",
    "centre+standardise",
)


@dataclass(frozen=True)
class Repairs:
    """Fitted repairs by name, and the `ways` to use them, such as "as it is", "median" or "standardise+low_rank"."""

    fitted: Mapping[str, Repair]
    ways: tuple[str, ...]

    def __call__(self, X: NDArray[np.uint8], way: str) -> NDArray[np.uint8]:
        """The images, uint8 (n, h, w, c), repaired in one of the ways."""
        for name in steps(way):
            X = self.fitted[name].transform(X)
        return X

    def each(self, X: NDArray[np.uint8]) -> Iterator[tuple[str, NDArray[np.uint8]]]:
        """Every way, and the images repaired so; what several ways begin with is done once."""
        done: dict[tuple[str, ...], NDArray[np.uint8]] = {(): X}
        for way in self.ways:
            taken = steps(way)
            for end in range(1, len(taken) + 1):
                if taken[:end] not in done:
                    done[taken[:end]] = self.fitted[taken[end - 1]].transform(done[taken[: end - 1]])
            yield way, done[taken]


def steps(way: str) -> tuple[str, ...]:
    """The repairs of a way, in the order in which they are done."""
    return () if way == AS_IT_IS else tuple(way.split("+"))


def fit_repairs(X: NDArray[np.uint8]) -> Repairs:
    """All repairs, each fitted on the same training images, and all ways to use them; "as it is" is the first."""
    ways = (AS_IT_IS, *names(), *(way for way in TOGETHER if set(steps(way)) <= set(names())))
    return Repairs({name: repair(name).fit(X) for name in names()}, ways)
