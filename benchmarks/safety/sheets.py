"""Tables as CSV text that a spreadsheet shows and does not run."""

from __future__ import annotations

import pandas as pd

from benchmarks.safety.names import harmless


def csv_text(frame: pd.DataFrame) -> str:
    """The table, missing values empty; an apostrophe comes before a text that a spreadsheet would take for a formula."""
    safe = frame.copy(deep=False)
    for place in range(frame.shape[1]):
        column = frame.iloc[:, place]
        if not pd.api.types.is_numeric_dtype(column):
            safe.isetitem(place, column.map(lambda value: harmless(value) if isinstance(value, str) else value))
    safe.columns = [harmless(name) if isinstance(name, str) else name for name in frame.columns]
    return safe.to_csv(index=False, lineterminator="\n")
