"""What is left of the accuracy when test images are noisy, blurred, shifted, foggy? Fifteen corruptions, as in MNIST-C."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from benchmarks.corruptions import MNIST_C, parse
from benchmarks.studies.study import Study


def value(level: Any) -> float | None:
    """The severity, 1 to 5; None where the level is a corruption at its own severity."""
    severity = parse(level)[1]
    return None if severity is None else float(severity)


def change(X: NDArray[np.uint8], level: str, seed: int) -> NDArray[np.uint8]:
    """The images under "fog", at its own severity, or "fog-3"; the same for every variant with this seed."""
    corrupted, severity = parse(level)
    severity = severity or corrupted.severity(X.shape[3])
    return corrupted(X, severity, np.random.default_rng([seed, crc32(corrupted.name.encode()), severity]))


corruption = Study(
    name="corruption",
    title="What is left when test images are corrupted?",
    stage="evaluate",
    axis="corruption",
    levels=tuple(c.name for c in MNIST_C),
    change=change,
    value=value,
    test_images=2000,
)
