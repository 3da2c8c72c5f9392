"""What corruption of the test images leaves of the accuracy, by variant.

The measures are those of Hendrycks and Dietterich (2019), *Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations*. With E(f, c, s) the error of a model f under corruption c at severity s:

- corruption error: CE(f, c) = Σₛ E(f, c, s) / Σₛ E(reference, c, s), and its mean over corruptions;
- relative corruption error: the same of E(f, c, s) - E(f, clean), so that it is about what a corruption does, whatever the
  model does without one.

Their reference is AlexNet; here it is `reference_of`. A reference that hardly suffers from a corruption would divide by next to
nothing, so relative errors are of the corruptions that cost it `LEAST` or more.

Shapes: ``right`` float (s, n), the share of severities under which each of n test images was labelled rightly by each of s
seeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.corruptions import Corruption, parse
from benchmarks.scoring import calibration_error
from benchmarks.studies import STANDARD, Condition
from reports.analysis.comparison import holm, paired_p
from reports.analysis.intervals import SIGNIFICANT, margin

if TYPE_CHECKING:
    from reports.run import Run

STUDY = "corruption"
LEAST = 0.01


@dataclass(frozen=True)
class Level:
    """A corruption at a severity under which fits were evaluated."""

    condition: Condition
    corruption: Corruption
    severity: int


@dataclass(frozen=True)
class Robustness:
    """How one variant fares on the test images that a study of corruptions shows.

    Parameters
    ----------
    clean : (s, n), whether it was right without corruption.
    right : corruption -> (s, n), the share of severities under which it was right.
    calibration : mean calibration error under corruption.
    """

    clean: NDArray[np.float64]
    right: Mapping[str, NDArray[np.float64]]
    calibration: float

    def over(self, names: Sequence[str] | None = None) -> NDArray[np.float64]:
        """The mean over the named corruptions, or all of them: (s, n)."""
        return np.mean([self.right[name] for name in (self.right if names is None else names)], axis=0)


def levels(run: Run, dataset: str) -> list[Level]:
    """The corruptions under which a data set was evaluated, in the order of the suite; each severity once."""
    channels = run.passports.get(dataset, {}).get("image", [0, 0, 1])[2]
    found: dict[tuple[str, int], Level] = {}
    for condition in run.conditions:
        if condition.study == STUDY and run.at(condition).scored(dataset):
            corruption, given = parse(str(condition.level))
            severity = given or corruption.severity(channels)
            found.setdefault((corruption.name, severity), Level(condition, corruption, severity))
    return list(found.values())


def robustness(run: Run, dataset: str) -> dict[str, Robustness]:
    """Each variant that was evaluated under all corruptions, in the order of the suite."""

    def compute() -> dict[str, Robustness]:
        asked = levels(run, dataset)
        return {name: own for name in run.variants if asked and (own := _of(run, dataset, name, asked))}

    return run.once(("robustness", dataset), compute)


def _of(run: Run, dataset: str, variant: str, asked: Sequence[Level]) -> Robustness | None:
    usual, under = run.at(STANDARD), [run.at(level.condition) for level in asked]
    seeds = [s for s in usual.evaluated(dataset, variant) if all(s in one.evaluated(dataset, variant) for one in under)]
    if not seeds:
        return None

    def correct(one: Run) -> NDArray[np.bool_]:
        there = one.evaluated(dataset, variant)
        return one.correct(dataset, variant)[[there.index(seed) for seed in seeds]]

    right: dict[str, list[NDArray[np.bool_]]] = {}
    for level, one in zip(asked, under, strict=True):
        right.setdefault(level.corruption.name, []).append(correct(one))
    off = [calibration_error(one.test(dataset).y, one.predictions(dataset, variant, s)) for one in under for s in seeds]
    return Robustness(
        clean=correct(usual)[:, under[0].rows(dataset)].astype(float),
        right={name: np.mean(severities, axis=0) for name, severities in right.items()},
        calibration=float(np.mean(off)),
    )


def unlike_training(run: Run, dataset: str) -> list[str]:
    """The corruptions that resemble none of the changes of the training augmentation."""
    return list(dict.fromkeys(one.corruption.name for one in levels(run, dataset) if not one.corruption.resembles))


def reference_of(run: Run, found: Mapping[str, Robustness]) -> str:
    """The variant that corruption errors are relative to: a logistic regression, or else the least accurate one."""
    plain = [name for name in found if run.estimators[name] == "logistic_regression"]
    return plain[0] if plain else min(found, key=lambda name: found[name].clean.mean())


def corruption_error(own: Robustness, reference: Robustness) -> float:
    """The mean corruption error of a model; 1 is that of the reference."""
    ratios = [
        (1 - right.mean()) / max(1 - reference.right[name].mean(), 1 / right.size) for name, right in own.right.items()
    ]
    return float(np.mean(ratios))


def relative_corruption_error(own: Robustness, reference: Robustness) -> float:
    """The mean relative corruption error of a model over the corruptions that cost the reference `LEAST`; NaN without any."""
    lost = {name: reference.clean.mean() - right.mean() for name, right in reference.right.items()}
    ratios = [(own.clean.mean() - own.right[name].mean()) / lost[name] for name in lost if lost[name] >= LEAST]
    return float(np.mean(ratios)) if ratios else float("nan")


def interval(values: NDArray[np.float64]) -> tuple[float, float, float]:
    """The mean of values (s, n) in [-1, 1], and its 95 % interval over seeds and images."""
    mean, half = float(values.mean()), margin(values)
    return mean, max(-1.0, mean - half), min(1.0, mean + half)


def ahead(one: Robustness, other: Robustness) -> tuple[int, int]:
    """Under how many corruptions each of two models is ahead, by paired tests with Holm's correction over corruptions.

    The test of one corruption is that of its mean over severities, rounded to an answer for each image.
    """
    shared = min(len(one.clean), len(other.clean))
    gaps = [np.rint(one.right[name][:shared]) - np.rint(other.right[name][:shared]) for name in one.right]
    sure = holm(np.array([paired_p(gap) for gap in gaps])) < SIGNIFICANT
    signs = np.sign([gap.mean() for gap in gaps])
    return int((sure & (signs > 0)).sum()), int((sure & (signs < 0)).sum())
