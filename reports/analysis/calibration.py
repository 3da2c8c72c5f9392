"""Calibration: how sure a model is against how often it is right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.scoring import BINS, confidence_bins
from reports.analysis.intervals import LEVEL

if TYPE_CHECKING:
    from reports.run import Run


@dataclass(frozen=True)
class Calibration:
    """How well an estimator's confidence holds.

    Parameters
    ----------
    bins : the bins of `reliability`, over the answers of all seeds.
    by_chance : the error that the first seed stays below in 95 % of cases by chance alone.
    """

    bins: pd.DataFrame
    by_chance: float


def calibration(run: Run, dataset: str, variant: str) -> Calibration:
    """The calibration of an estimator on a data set's test images."""

    def compute() -> Calibration:
        seeds = run.evaluated(dataset, variant)
        confidence = np.stack([run.predictions(dataset, variant, seed).max(axis=1) for seed in seeds])
        correct = run.correct(dataset, variant)
        by_chance = calibration_error_by_chance(reliability(confidence[0], correct[0]))
        return Calibration(reliability(confidence.ravel(), correct.ravel()), by_chance)

    return run.once(("calibration", dataset, variant), compute)


def reliability(confidence: NDArray, correct: NDArray[np.bool_], bins: int = BINS) -> pd.DataFrame:
    """How sure a model is against how often it is right, by `confidence_bins`.

    Parameters
    ----------
    confidence, correct : (n,) the highest probability given to any class, and whether that class is the right one.

    Returns
    -------
    One row per bin, least sure first: ``images, confidence, accuracy``, the last two being means of the bin.
    """
    table = pd.DataFrame({"bin": confidence_bins(confidence, bins), "confidence": confidence, "accuracy": correct})
    groups = table.astype({"confidence": float, "accuracy": float}).groupby("bin")
    return groups.mean().assign(images=groups.size())[["images", "confidence", "accuracy"]].reset_index(drop=True)


def calibration_error_by_chance(bins: pd.DataFrame, resamples: int = 2000, seed: int = 0) -> float:
    """What the calibration error stays below in 95 % of cases where each confidence is exactly true.

    Few images are never right exactly as often as promised. The idea of the consistency bars of Bröcker and Smith
    (2007), *Increasing the reliability of reliability diagrams*: outcomes are drawn as the bins promise them.
    """
    images, confidence = bins["images"].to_numpy(), bins["confidence"].to_numpy()
    drawn = np.random.default_rng(seed).binomial(images, np.clip(confidence, 0, 1), (resamples, len(bins))) / images
    return float(np.quantile(np.abs(drawn - confidence) @ images / images.sum(), LEVEL))
