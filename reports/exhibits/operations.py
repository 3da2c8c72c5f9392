"""What the networks compute, and how much of what the machine can multiply they use."""

from __future__ import annotations

import math

import pandas as pd
from pandas.api.types import is_number

from reports.drawing.formats import COUNT, PERCENT, SECONDS, decimal
from reports.exhibits.exhibit import VARIANT, Exhibit, of
from reports.run import Run

TRAINING = 3  # times the operations of a prediction: forward, and backward to weights and to inputs


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per network, means over its seeds: operations for an image, images shown in the final fit, and their rate.

    ``share`` is the rate as a share of what a product of matrices in float32 reached when the session of the fit began. It may
    exceed 1 where a training is in bfloat16. It is missing where that was not measured.
    """
    fits, sessions, rows = of(run.fits, dataset), run.info.get("sessions", []), []
    for fit in fits[fits["status"] == "ok"].itertuples():
        each, shown = [layer.get("operations") for layer in fit.layers or ()], (fit.history or {}).get("images")
        if not (
            each
            and shown
            and all(is_number(n) and math.isfinite(n) for n in [*each, shown[-1]])
            and fit.fit_seconds > 0
        ):
            continue
        rate = TRAINING * sum(each) * shown[-1] / fit.fit_seconds / 1e9
        rows.append(
            {
                "variant": fit.variant, "family": run.families[fit.variant], "operations": sum(each), "images": shown[-1],
                "fit_seconds": fit.fit_seconds, "gflops": rate, "share": rate / _reached(sessions, fit.session),
            }
        )  # fmt: skip
    if not rows:
        return pd.DataFrame()
    return pd.DataFrame(rows).groupby(["variant", "family"], sort=False).mean().reset_index()


def _reached(sessions: object, place: object) -> float:
    """Billions of operations a second that matrices were multiplied with in a session; NaN where nobody knows."""
    try:
        return float(sessions[int(place)]["environment"]["product_gflops"]) or float("nan")  # type: ignore[index, call-overload]
    except (KeyError, IndexError, TypeError, ValueError):
        return float("nan")


operations = Exhibit(
    name="operations",
    title="What the networks compute",
    group="bill",
    lead="Operations are multiplications and additions for one image and one view, forward; a training takes three times as many for each "
    "image that it is shown. The rate is that of the whole final fit, with all that it does besides; beside it, as a share of what a product of two "
    "large matrices in float32 reached on this machine.",
    frame=frame,
    empty="No network tells its operations.",
    columns={
        **VARIANT,
        "operations": COUNT,
        "images": COUNT.called("images shown"),
        "fit_seconds": SECONDS.called("final fit"),
        "gflops": decimal(1).called("10⁹ operations a second"),
        "share": PERCENT.called("of a matrix product"),
    },
    applies=lambda run: "deep" in run.families.values(),
    timed=True,
)
