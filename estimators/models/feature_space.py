"""The rows of numbers in which a fitted model sees images: for telling which images are alike to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Embed = Callable[[NDArray[np.uint8]], NDArray[np.floating]]  # uint8 (n, h, w, c) -> (n, d)


def feature_space(model: Any) -> Embed | None:
    """What maps images to the rows that the model decides on; None where it has no such.

    A model's own ``embed``: of a network the outputs of its last but one layer, of others their features. Of a pipeline of
    scikit-learn, all steps but the last.
    """
    if hasattr(model, "embed"):
        return model.embed
    steps = getattr(model, "steps", ())
    return model[:-1].transform if len(steps) > 1 else None
