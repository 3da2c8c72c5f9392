"""The error at the largest size, against its prediction by laws fitted to the smaller sizes."""

from __future__ import annotations

import pandas as pd

from reports.analysis.intervals import accuracy_interval
from reports.analysis.learning_curve import LAWS, curve, wrong
from reports.drawing import formats
from reports.drawing.formats import COUNT, PERCENT, TEXT, YES_NO, decimal
from reports.exhibits.exhibit import VARIANT, Exhibit
from reports.run import Run

LEAST = 4  # sizes, the largest included


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per estimator and law: the error at the largest size, predicted from the others and measured.

    ``predicted_to_measured`` is the ratio of the two; ``within`` says whether the prediction lies in the 95 % interval of
    the measured error over seeds and test images. ``nearest`` marks the law that came nearest, on the scale of ratios;
    equally near ones are all marked.
    """
    largest = max((n for _, n in wrong(run, dataset)), default=0)
    rows = []
    for name in run.variants:
        sizes, errors = curve(run, dataset, name)
        if len(sizes) < LEAST or sizes[-1] != largest:
            continue
        low, high = accuracy_interval(~wrong(run, dataset)[name, largest])
        predicted = {
            law: float(fit(sizes[:-1], errors[:-1])(largest)[0])
            for law, (least, fit) in LAWS.items()
            if len(sizes) > least
        }
        miss = {law: round(max(p / errors[-1], errors[-1] / p), 9) for law, p in predicted.items()}
        rows += [
            {
                "variant": name, "family": run.families[name], "train_rows": largest, "law": law,
                "predicted_error": error, "measured_error": errors[-1], "measured_low": 1 - high,
                "measured_high": 1 - low, "predicted_to_measured": error / errors[-1],
                "within": bool(1 - high <= error <= 1 - low), "nearest": miss[law] == min(miss.values()),
            }
            for law, error in predicted.items()
        ]  # fmt: skip
    return pd.DataFrame(rows)


def describe(frame: pd.DataFrame) -> str:
    """Predictions and measurement in words."""
    parts = []
    for name, rows in frame.groupby("variant", sort=False):
        told = ", ".join(f"{r.law} {formats.percent(r.predicted_error)} %" for r in rows.itertuples())
        parts.append(f"{name}: {told}; measured {formats.percent(rows['measured_error'].iloc[0])} %")
    return "Error at the largest size as predicted by each law. " + "; ".join(parts) + "."


def note(frame: pd.DataFrame) -> str:
    """How often each law came nearest."""
    estimators = frame["variant"].nunique()
    told = [f"{law} {int(rows['nearest'].sum())}" for law, rows in frame.groupby("law", sort=False)]
    return f"Nearest to the measured error, of {estimators} estimators: {', '.join(told)}."


prediction = Exhibit(
    name="prediction",
    title="Can the largest size be foretold?",
    group="study",
    lead="Each law is fitted to all sizes but the largest and predicts the error there. The flat line says that more "
    "images bring no further gain; a law that does not come nearer than that foretells nothing. MMF4 is a sigmoid in the "
    "logarithm of the size and needs six sizes. The laws are judged by the size they were not shown, never by their fit.",
    frame=frame,
    empty="A prediction needs at least four sizes of the training set.",
    columns={
        **VARIANT,
        "train_rows": COUNT.called("training images"),
        "law": TEXT,
        "predicted_error": PERCENT,
        "measured_error": PERCENT,
        "measured_low": PERCENT,
        "measured_high": PERCENT,
        "predicted_to_measured": decimal(2),
        "within": YES_NO.called("within the interval"),
        "nearest": YES_NO,
    },
    describe=describe,
    note=note,
    studies=("sizes",),
)
