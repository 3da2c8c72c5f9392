"""Detectors: classifiers that tell what went wrong with an image.

A detector has what a model has, ``fit(X, y)``, ``predict_proba(X)`` and ``classes_``, for uint8 images (n, h, w, c) and int64
labels (n,), which here are numbers of distortions. It is fitted on training images alone, some of them distorted on purpose
(`benchmarks.repair`). One detector is one module here, whose ``build(seed)`` makes it, unfitted; `detector` gives it by name.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any

from tuning.nearest import hint


@cache
def names() -> tuple[str, ...]:
    """The names of all detectors."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def detector(name: str, seed: int = 0) -> Any:
    """The detector called `name`, unfitted.

    Raises
    ------
    ValueError : there is none; the message has the nearest right name and all names.
    """
    return _module(name).build(seed)


def title(name: str) -> str:
    """What a detector looks at, in a few words: the first sentence of its ``build``."""
    return str(_module(name).build.__doc__).strip().splitlines()[0].rstrip(".")


def _module(name: str) -> Any:
    if name not in names():
        raise ValueError(f"There is no detector {name!r}.{hint(name, names())} There are: {', '.join(names())}.")
    return importlib.import_module(f"{__name__}.{name}")
