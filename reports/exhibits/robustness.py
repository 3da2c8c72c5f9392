"""What corruption leaves, variant by variant: means over corruptions, corruption errors, calibration."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.analysis.robustness import (
    STUDY,
    corruption_error,
    interval,
    levels,
    reference_of,
    relative_corruption_error,
    robustness,
    unlike_training,
)
from reports.drawing.formats import COUNT, HIDDEN, PERCENT, TEXT
from reports.exhibits.exhibit import VARIANT, Exhibit
from reports.run import Run


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per variant that was evaluated under all corruptions, the highest mean accuracy first."""
    found, unlike = robustness(run, dataset), unlike_training(run, dataset)
    rows = []
    for name, own in found.items():
        reference = found[reference_of(run, found)]
        left = {corruption: float(right.mean()) for corruption, right in own.right.items()}
        worst = min(left, key=lambda corruption: left[corruption])
        mean, low, high = interval(own.over())
        label, recall = _weakest_class(run, dataset, name)
        rows.append(
            {
                "variant": name, "family": run.families[name], "seeds": len(own.clean),
                "corruptions": len(left), "clean": float(own.clean.mean()),
                "mean": mean, "mean_low": low, "mean_high": high,
                "unlike_training": float(own.over(unlike).mean()) if unlike else None,
                "worst": worst, "worst_accuracy": left[worst],
                "corruption_error": corruption_error(own, reference),
                "relative_corruption_error": relative_corruption_error(own, reference),
                "calibration_error": own.calibration,
                "weakest_class": label, "weakest_recall": recall,
                "reference": reference_of(run, found),
            }
        )  # fmt: skip
    return pd.DataFrame(rows).sort_values("mean", ascending=False, kind="stable") if rows else pd.DataFrame()


def _weakest_class(run: Run, dataset: str, variant: str) -> tuple[str, float]:
    """The class of which corruption leaves least, and its recall over all corruptions and seeds."""
    under = [run.at(level.condition) for level in levels(run, dataset)]
    y = under[0].test(dataset).y
    right = np.mean([at.correct(dataset, variant).mean(0) for at in under], axis=0)
    images = np.bincount(y, minlength=len(run.classes(dataset)))
    recall = np.bincount(y, right, len(images)) / np.maximum(images, 1)
    weakest = int(np.argmin(np.where(images, recall, np.inf)))
    return run.classes(dataset)[weakest], float(recall[weakest])


def note(frame: pd.DataFrame) -> str:
    """To what corruption errors are relative."""
    name = frame["reference"].iloc[0]
    return (
        f"Corruption errors are relative to {name}, which has 100 % (Hendrycks and Dietterich 2019, who take AlexNet): the mean "
        "over corruptions of a model's error divided by that of the reference. Relative ones do so with what is added to the "
        "error on the clean images, over the corruptions that cost the reference a point or more."
    )


robust = Exhibit(
    name="robustness",
    title="What corruption leaves",
    group="study",
    lead="Mean accuracy over all corruptions with its 95 % interval, with and without those that resemble a change of the training "
    "augmentation (shifted, turned, zoomed, slanted); the clean accuracy is on the same images.",
    frame=frame,
    empty="No variant has been evaluated under all corruptions yet.",
    columns={
        **VARIANT,
        "seeds": COUNT,
        "corruptions": COUNT,
        "clean": PERCENT,
        "mean": PERCENT.called("mean over corruptions"),
        "mean_low": PERCENT.called("from"),
        "mean_high": PERCENT.called("to"),
        "unlike_training": PERCENT.called("mean without those like the augmentation"),
        "worst": TEXT.called("worst corruption"),
        "worst_accuracy": PERCENT.called("accuracy there"),
        "corruption_error": PERCENT,
        "relative_corruption_error": PERCENT,
        "calibration_error": PERCENT.called("mean calibration error"),
        "weakest_class": TEXT,
        "weakest_recall": PERCENT.called("its recall"),
        "reference": HIDDEN,
    },
    note=note,
    studies=(STUDY,),
)
