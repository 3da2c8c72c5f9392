"""A detector that learns for itself what distortions look like."""

from __future__ import annotations

from typing import Any


def build(seed: int, images: int = 150_000) -> Any:
    """The convolutional network of the comparison, half as wide, without augmentation.

    Shifts, turns and zooms of training images would hide what is to be told: a shifted image is to be called one.
    """
    from estimators import cnn

    return cnn.build(seed, width=16, augment=False, tta_views=1, images=images)
