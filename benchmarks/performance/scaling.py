"""How do time and memory of a fit grow with rows, classes and the side of an image?"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import estimators
from benchmarks.data import datasets
from benchmarks.data.split import subset
from benchmarks.execution.memory import peak_bytes, reset_peak

TITLE = "how do time and memory of a fit grow?"
LIBRARIES = ("scikit-learn", "xgboost", "tensorflow", "keras", "numpy")
LONG = True  # an hour
ESTIMATORS = ("logistic_regression", "svm", "xgboost", "mlp", "cnn")
ROUNDS = 3
SIZES: Mapping[str, tuple[int, ...]] = {
    "rows": (1_000, 4_000, 15_000, 60_000),
    "classes": (2, 5, 10),
    "side": (14, 28, 56),
}
OTHERWISE = {"rows": 4_000, "classes": 10, "side": 28}
NOTE = f"""The base setting on MNIST, fitted whole, each time in a process of its own that has fitted 200 images before: {OTHERWISE["rows"]:,} rows of 28 × 28 pixels and ten classes, but for one of the three: rows \
{", ".join(f"{size:,}" for size in SIZES["rows"])}; the first {", ".join(map(str, SIZES["classes"]))} classes; images scaled to {", ".join(map(str, SIZES["side"]))} pixels. The exponent is the slope of a line through the \
logarithms, of medians of {ROUNDS} rounds: 1 is as much time again for as much again, 2 four times the time for twice as much. Beside it are the least and the most. Memory is what the fit added at its peak. A network is shown as many \
images whatever the rows, once there are enough of them, so its time does not grow with rows."""


def measure(
    names: tuple[str, ...] = ESTIMATORS, rounds: int = ROUNDS, sizes: Mapping[str, Sequence[int]] = SIZES
) -> pd.DataFrame:
    """One row per estimator and what grows; about an hour."""
    table = []
    for name in names:
        for axis, values in sizes.items():
            fits = [[_apart(name, **{**OTHERWISE, axis: value}) for _ in range(rounds)] for value in values]
            seconds, memory = ([statistics.median(fit[part] for fit in of_one) for of_one in fits] for part in (0, 1))
            table.append(
                {
                    "estimator": name,
                    "what grows": f"{axis}, {values[0]:,} to {values[-1]:,}",
                    "exponent of time": f"{slope(values, seconds):.2f}",
                    "seconds": f"{seconds[0]:.1f} to {seconds[-1]:.1f}",
                    "exponent of memory": f"{slope(values, memory):.2f}",
                    "MB": f"{memory[0] / 1e6:,.0f} to {memory[-1] / 1e6:,.0f}",
                }
            )
    return pd.DataFrame(table)


def slope(x: Sequence[float], y: Sequence[float]) -> float:
    """That of a line through the logarithms, by least squares."""
    return float(np.polyfit(np.log(x), np.log(np.maximum(y, 1e-9)), 1)[0])


def _apart(name: str, rows: int, classes: int, side: int) -> tuple[float, float]:
    """Seconds of a fit and bytes that it added, in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(fitted, name, rows, classes, side).result()


def fitted(name: str, rows: int, classes: int, side: int) -> tuple[float, float]:
    """Seconds of a fit and bytes that it added, in this process."""
    X, y = _images(rows, classes, side)
    estimator = estimators.get(name)
    few = subset(y, min(200, len(y)), 0)
    for own in (few, np.arange(len(y))):  # the first for imports, pools of threads and the like
        params, _ = estimator.scaled(estimator.base, 1.0 if len(own) > len(few) else 0.01, len(own))
        model, images, labels = estimator.build(0, **params), X[own], y[own]
        reset_peak()
        before, began = peak_bytes(), time.perf_counter()
        model.fit(images, labels)
        seconds, added = time.perf_counter() - began, peak_bytes() - before
    return seconds, float(added)


def _images(rows: int, classes: int, side: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    from PIL import Image

    train = datasets.load("mnist").train
    known = np.flatnonzero(train.y < classes)
    chosen = known[subset(train.y[known], min(rows, len(known)), 0)]
    X = np.ascontiguousarray(train.X[chosen])
    if side != X.shape[1]:
        small = [Image.fromarray(image[..., 0]).resize((side, side), Image.Resampling.BILINEAR) for image in X]
        X = np.stack([np.asarray(image) for image in small])[..., None]
    return X, train.y[chosen]
