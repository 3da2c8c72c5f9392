"""Everything that did not end well, with its reason."""

from __future__ import annotations

import pandas as pd

from reports.drawing import formats
from reports.drawing.formats import BYTES, COUNT, SECONDS, TEXT
from reports.exhibits.exhibit import VARIANT, Exhibit, of
from reports.run import Run


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per trial, fit or evaluation that is not "ok", and per cell that is still to be evaluated.

    The trials of a search that the budget had no room for are one row: they did not fail.
    """
    rows = []
    for stage, table in {"trial": run.trials, "final fit": run.fits, "evaluation": run.evaluations}.items():
        here = of(table, dataset)
        for row in here[~here["status"].isin(["ok", "skipped"])].to_dict("records"):
            rows.append(
                {
                    "variant": row["variant"], "family": row["family"], "seed": row["seed"],
                    "stage": f"trial {row['number']:.0f}" if stage == "trial" else stage,
                    "status": row["status"], "seconds": row["seconds"], "limit_seconds": row["limit_seconds"],
                    "peak_bytes": row["peak_bytes"], "limit_bytes": row["limit_bytes"],
                    "setting": formats.setting(row.get("params", {})), "reason": row["reason"].strip(),
                }
            )  # fmt: skip
    trials = of(run.trials, dataset)
    skipped = trials[trials["status"] == "skipped"]
    for (name, seed), left in skipped.groupby(["variant", "seed"], sort=False):
        count = f"{len(left)} trial" + ("s" if len(left) > 1 else "")
        rows.append({"variant": name, "family": run.families[name], "seed": seed, "stage": count, "status": "skipped",
                     "setting": "", "reason": left["reason"].iloc[0].strip()})  # fmt: skip
    cells = of(run.cells, dataset).query("status != 'unfinished'")
    seen = set(zip(cells["variant"], cells["seed"], strict=True))
    for name in run.planned(dataset):
        for seed in run.seeds(name):
            if (name, seed) not in seen:
                rows.append({"variant": name, "family": run.families[name], "seed": seed, "stage": "evaluation",
                             "status": "unfinished", "setting": "", "reason": "not evaluated yet"})  # fmt: skip
    return pd.DataFrame(rows)


failures = Exhibit(
    name="failures",
    title="What failed, and why",
    group="bill",
    lead="Every trial, final fit and evaluation that did not end well, with the limit it ran under, what it used, and the "
    "reason; and how many trials were left out because the budget had no room for them.",
    frame=frame,
    empty="Everything that ran ended well.",
    columns={
        **VARIANT,
        "seed": COUNT,
        "stage": TEXT,
        "status": TEXT,
        "seconds": SECONDS.called("time"),
        "limit_seconds": SECONDS,
        "peak_bytes": BYTES,
        "limit_bytes": BYTES,
        "setting": TEXT,
        "reason": TEXT,
    },
)
