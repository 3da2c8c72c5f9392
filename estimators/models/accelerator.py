"""Whether scikit-learn-intelex is in use: asked without importing scikit-learn."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version


def accelerator() -> str | None:
    """Name and version of the accelerator in use, such as "scikit-learn-intelex 2026.2.0"; None without one."""
    if os.environ.get("CROSSOVER_NO_INTELEX", "0") not in ("", "0"):
        return None
    try:
        return f"scikit-learn-intelex {version('scikit-learn-intelex')}"
    except PackageNotFoundError:
        return None
