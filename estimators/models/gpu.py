"""Which GPU there is to compute with: asked of its driver, because importing TensorFlow would cost seconds."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import lru_cache


def turned_off() -> bool:
    """Whether ``CROSSOVER_NO_GPU=1`` is in the environment: then no GPU is used."""
    return os.environ.get("CROSSOVER_NO_GPU", "0") not in ("", "0")


def gpu() -> str:
    """The names of the GPUs that may be used, "none" without one."""
    return "none" if turned_off() else _found()


@lru_cache
def _found() -> str:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return "none"
    query = [tool, "--query-gpu=name", "--format=csv,noheader"]
    found = subprocess.run(query, capture_output=True, text=True, check=False)
    return ", ".join(found.stdout.strip().splitlines()) or "none"
