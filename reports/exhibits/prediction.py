"""The error at the largest size, against its prediction by a power law fitted to the smaller sizes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.analysis.intervals import percentile_interval
from reports.analysis.learning_curve import power_law, resampled
from reports.drawing import formats
from reports.drawing.formats import COUNT, PERCENT, YES_NO, decimal
from reports.exhibits.exhibit import VARIANT, Exhibit
from reports.run import Run

LEAST = 3  # sizes that a law is fitted to


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per estimator: its error at the largest size, predicted from the others and measured.

    ``measured_to_predicted`` is the ratio of the two with its 95 % interval over resamples; the law ``holds`` if that
    has 1 in it.
    """
    errors, rows = resampled(run, dataset), []
    largest = max((n for _, n in errors), default=0)
    for name in run.variants:
        sizes = [n for other, n in errors if other == name]
        if largest not in sizes or len(sizes) <= LEAST:
            continue
        smaller = np.array(sizes[:-1])
        law = power_law(smaller, np.stack([errors[name, n] for n in smaller], axis=1))
        predicted, measured = law(largest)[:, 0], errors[name, largest]
        (low, high), (least, most) = percentile_interval(predicted[1:]), percentile_interval((measured / predicted)[1:])
        rows.append(
            {
                "variant": name, "family": run.families[name], "train_rows": largest,
                "predicted_error": predicted[0], "predicted_low": low, "predicted_high": high,
                "measured_error": measured[0], "measured_to_predicted": measured[0] / predicted[0],
                "ratio_low": least, "ratio_high": most, "holds": bool(least <= 1 <= most),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def describe(frame: pd.DataFrame) -> str:
    """Prediction and measurement in words."""
    parts = [
        f"{r.variant} {formats.percent(r.predicted_error)} %, measured {formats.percent(r.measured_error)} %"
        for r in frame.itertuples()
    ]
    return "Error at the largest size as predicted: " + "; ".join(parts) + "."


prediction = Exhibit(
    name="prediction",
    title="Does the power law predict the largest size?",
    group="study",
    lead="A power law fitted to all sizes but the largest predicts the error with all the images; beside it the "
    "measured error. The law holds if the interval of their ratio contains 1. Where it does not, do not trust it "
    "beyond the data.",
    frame=frame,
    empty="A prediction needs at least four sizes of the training set.",
    columns={
        **VARIANT,
        "train_rows": COUNT.called("training images"),
        "predicted_error": PERCENT,
        "predicted_low": PERCENT,
        "predicted_high": PERCENT,
        "measured_error": PERCENT,
        "measured_to_predicted": decimal(2),
        "ratio_low": decimal(2),
        "ratio_high": decimal(2),
        "holds": YES_NO,
    },
    describe=describe,
    studies=("sizes",),
)
