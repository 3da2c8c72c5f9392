"""What a result depends on besides the code: machine, threads and library versions."""

from __future__ import annotations

import math
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from estimators.models.gpu import gpu
from estimators.models.threads import cores, threads

SIDE = 1024
LIBRARIES = (
    "scikit-learn",
    "scikit-learn-intelex",
    "xgboost",
    "tensorflow",
    "keras",
    "keras-tuner",
    "scikit-image",
    "numpy",
    "scipy",
    "pandas",
)


def environment() -> dict[str, Any]:
    """Machine and libraries, as plain values; a library that is not installed is None."""
    return {
        "cpu": _cpu(),
        "cores": cores(),
        "blas": _blas(),
        "product_gflops": round(product_gflops(), 1),
        "memory_bytes": psutil.virtual_memory().total,
        "gpu": gpu(),
        "threads": threads(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "libraries": {name: library_version(name) for name in LIBRARIES},
    }


def library_version(name: str) -> str | None:
    """Version of an installed distribution, or None."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _cpu() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = (line.partition(":") for line in cpuinfo.read_text().splitlines())
        facts = {name.strip(): value.strip() for name, _, value in lines}
        return f"{facts.get('model name', platform.machine())} (family {facts.get('cpu family')}, model {facts.get('model')})"
    return platform.processor() or platform.machine()


def product_gflops() -> float:
    """Billions of operations a second in a product of two matrices of 1,024 by 1,024 numbers, float32: the best of five."""
    rng = np.random.default_rng(0)
    one, other = (rng.standard_normal((SIDE, SIDE), np.float32) for _ in range(2))
    least = math.inf
    for _ in range(5):
        began = time.perf_counter()
        one @ other
        least = min(least, time.perf_counter() - began)
    return 2 * SIDE**3 / least / 1e9


def _blas() -> str:
    """What NumPy multiplies matrices with."""
    found = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return f"{found['name']} {found['version']}"
