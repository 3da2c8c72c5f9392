"""What detection and repair bring back of the accuracy that corruption takes, by variant, from the files of `benchmarks.repair.study`.

Shapes: ``right`` bool (s, n), whether each of n test images was labelled rightly by each of s seeds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.split import drawn
from benchmarks.repair.levels import CLEAN
from benchmarks.repair.stored import AS_IT_IS, CONFIDENT, FAMILY_UNSEEN, MIX, TABLE_ALONE, Stored, read
from benchmarks.studies import STANDARD
from reports.analysis.robustness import interval

if TYPE_CHECKING:
    from reports.run import Run

STUDY = "corruption"
DENOISERS = ("median", "non_local_means", "low_rank", "autoencoder", "standardise+low_rank", "standardise+autoencoder")


@dataclass(frozen=True)
class Repaired:
    """How one variant fares on repaired test images.

    Parameters
    ----------
    right : "none", a corruption as the suite names it, or "mix" -> arm -> (s, n).
    corruptions, detectors, ways : as planned; arms are the ways, the detectors with what follows their names, and `CONFIDENT`.
    """

    right: Mapping[str, Mapping[str, NDArray[np.bool_]]]
    corruptions: tuple[str, ...]
    detectors: tuple[str, ...]
    ways: tuple[str, ...]

    def clean(self, arm: str = AS_IT_IS) -> NDArray[np.float64]:
        """Without corruption: (s, n)."""
        return self.right[CLEAN][arm].astype(float)

    def over(self, arm: str = AS_IT_IS) -> NDArray[np.float64]:
        """The mean over all corruptions: (s, n)."""
        return np.mean([self.right[name][arm] for name in self.corruptions], axis=0)

    @property
    def lost(self) -> float:
        """The accuracy that corruption takes, as a mean over all corruptions."""
        return float(self.clean().mean() - self.over().mean())

    def back(self, arm: str) -> float:
        """The share of what was lost that an arm brings back; NaN where nothing was."""
        return float((self.over(arm) - self.over()).mean()) / self.lost if self.lost > 0 else float("nan")

    @property
    def best_alone(self) -> str:
        """The repair that, done to all images, leaves most under corruption: chosen by test images, so it flatters."""
        return max(self.ways, key=lambda way: self.over(way).mean())


def repaired(run: Run, dataset: str) -> dict[str, Repaired]:
    """Each variant of which repair was studied, in the order of the suite; results of a fit that is no longer there are not."""

    def compute() -> dict[str, Repaired]:
        usual = run.at(STANDARD) if STANDARD in run.conditions else None
        return {name: own for name in run.variants if usual and (own := _of(usual, dataset, name))}

    return run.once(("repaired", dataset), compute)


def found(run: Run, dataset: str) -> list[Stored]:
    """What the detectors of each seed found; they are the same for all variants, so that of the first one is taken."""
    for name in repaired(run, dataset):
        return _stored(run.at(STANDARD), dataset, name)
    return []


def arms(own: Repaired) -> dict[str, str]:
    """The arms worth a line, and what they are in words."""
    told = {own.best_alone: f"{own.best_alone}, done to all"} | {AS_IT_IS: "no repair"}
    told[CONFIDENT] = "the most confident answer of all repairs"
    for name in own.detectors:
        told[f"{name}{TABLE_ALONE}"] = f"by detector ({name}) and table"
        told[name] = f"by detector ({name}), table and confidence"
    unseen = f"{own.detectors[0]}{FAMILY_UNSEEN}"
    told[unseen] = f"{told[own.detectors[0]]}; nothing of the family seen"
    return {AS_IT_IS: told.pop(AS_IT_IS), **told}


def against(own: Repaired, arm: str, other: str = CONFIDENT) -> tuple[float, float, float]:
    """By how much an arm is ahead of another under corruption, with the paired 95 % interval."""
    return interval(own.over(arm) - own.over(other))


def gain_in_mix(own: Repaired, arm: str) -> tuple[float, float, float]:
    """What an arm gains on the mix of clean and corrupted images, with the paired 95 % interval."""
    return interval(own.right[MIX][arm].astype(float) - own.right[MIX][AS_IT_IS])


def _stored(run: Run, dataset: str, variant: str) -> list[Stored]:
    """Of each evaluated seed whose fit is the one that was studied."""
    fits = run.fits[(run.fits["dataset"] == dataset) & (run.fits["variant"] == variant)].set_index("seed")["key"]
    there = [(seed, read(run.model(dataset, variant, seed).parent)) for seed in run.evaluated(dataset, variant)]
    return [own for seed, own in there if own is not None and own.told["fit"] == fits.get(seed)]


def _of(run: Run, dataset: str, variant: str) -> Repaired | None:
    stored = _stored(run, dataset, variant)
    plans = [own.told["plan"] for own in stored]
    if not stored or any(plan != plans[0] for plan in plans):
        return None
    y, plan = run.test(dataset).y, plans[0]
    shown = {where: y[drawn(len(y), plan["mix" if where == MIX else "shown"])] for where in stored[0].labels}
    right = {
        where: {arm: np.stack([own.labels[where][arm] for own in stored]) == shown[where] for arm in by_arm}
        for where, by_arm in stored[0].labels.items()
    }
    return Repaired(right, tuple(plan["corruptions"]), tuple(plan["detectors"]), tuple(stored[0].told["ways"]))
