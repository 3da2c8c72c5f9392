"""Does the fitted law foretell? The largest size, held out, against its prediction from the smaller ones."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.analysis.learning_curve import interval, power_law
from reports.drawing import formats
from reports.exhibits.exhibit import Exhibit
from reports.exhibits.learning import resampled
from reports.run import Run

LEAST = 3  # sizes that a law is fitted to


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per estimator: its error at the largest size, predicted from the others and measured, in per cent.

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
        (low, high), (least, most) = interval(predicted[1:]), interval((measured / predicted)[1:])
        rows.append(
            {
                "variant": name, "family": run.families[name], "train_rows": largest,
                "predicted_error": 100 * predicted[0], "predicted_low": 100 * low, "predicted_high": 100 * high,
                "measured_error": 100 * measured[0], "measured_to_predicted": measured[0] / predicted[0],
                "ratio_low": least, "ratio_high": most, "holds": bool(least <= 1 <= most),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def describe(frame: pd.DataFrame) -> str:
    """Prediction and measurement in words."""
    parts = [
        f"{r.variant} {formats.number(r.predicted_error)} %, measured {formats.number(r.measured_error)} %"
        for r in frame.itertuples()
    ]
    return "Error at the largest size as predicted: " + "; ".join(parts) + "."


prediction = Exhibit(
    "prediction", "Could the largest size have been foretold?", "study",
    "A power law fitted to all sizes but the largest predicts the error, in per cent, with all the images; beside it what was "
    "measured. The law holds if the interval of their ratio has 1 in it. Where it does not, do not trust it beyond the data.",
    frame, "A prediction needs at least four sizes of the training set.", describe=describe,
)  # fmt: skip
