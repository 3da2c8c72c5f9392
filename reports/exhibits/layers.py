"""The layers of each network."""

from __future__ import annotations

import pandas as pd

from reports.drawing.formats import COUNT, TEXT
from reports.exhibits.exhibit import VARIANT, Exhibit, of
from reports.run import Run


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per layer of the final network of each estimator's first seed, in order."""
    fits = of(run.fits, dataset).sort_values("seed", kind="stable").drop_duplicates("variant")
    networks = {row.variant: row.layers for row in fits.itertuples() if row.layers}
    parts = []
    for name in run.variants:
        for place, layer in enumerate(networks.get(name) or [], 1):
            fields = {key: layer.get(key) for key in ("layer", "type", "output", "parameters", "operations")}
            fields["output"] = _shape(fields["output"])
            parts.append({"variant": name, "family": run.families[name], "place": place, **fields})
    return pd.DataFrame(parts)


def _shape(output: object) -> str:
    if isinstance(output, list | tuple):
        return " × ".join(str(side) for side in output if side is not None)
    return str(output)


layers = Exhibit(
    name="layers",
    title="The networks, layer by layer",
    group="tuning",
    lead="Output shape (without the batch) and parameters of each layer of the network that was evaluated, and its operations: "
    "multiplications and additions for one image and one view, forward.",
    frame=frame,
    empty="No network has been evaluated.",
    columns={
        **VARIANT,
        "place": COUNT,
        "layer": TEXT,
        "type": TEXT,
        "output": TEXT,
        "parameters": COUNT,
        "operations": COUNT,
    },
)
