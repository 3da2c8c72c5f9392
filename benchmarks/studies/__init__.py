"""The studies, one file each: ``sizes.py`` holds the `Study` `sizes`. A file that is put here is found by its name."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.budget import Budget
from benchmarks.data.images import Images
from benchmarks.errors import UserError, unknown
from benchmarks.studies.study import STANDARD, Condition, Stage, Study

__all__ = [
    "STANDARD",
    "Condition",
    "Study",
    "evaluates",
    "file_of",
    "get",
    "granted",
    "judging",
    "names",
    "shown",
    "training",
]


@cache
def names() -> tuple[str, ...]:
    """The names of the studies, sorted; imports none of them."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name != "study"))


def get(name: str) -> Study:
    """The study of that name.

    Raises
    ------
    UserError : there is none; it names the nearest.
    """
    if name not in names():
        raise unknown("study", name, names())
    try:
        study = getattr(import_module(f"{__name__}.{name}"), name, None)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise UserError(f"The study {name} cannot be imported: {reason}") from error
    if not isinstance(study, Study) or study.name != name:
        raise UserError(f"The file {name}.py of benchmarks/studies must define {name} = Study(name={name!r}, ...).")
    return study


def file_of(name: str) -> Path:
    """The file that defines a study."""
    return Path(str(import_module(f"{__name__}.{name}").__file__))


def granted(budget: Budget, condition: Condition, seed: int) -> Budget:
    """What a cell has for search and fit under a condition: the same for every variant."""
    return _changed(("search",), budget, condition, seed)


def training(images: Images, condition: Condition, seed: int) -> Images:
    """The training images that a cell has under a condition: the same for every variant.

    Raises
    ------
    UserError : the study returns images without the groups that they had, so that a split would divide them.
    """
    changed = _changed(("train",), images, condition, seed)
    if images.groups is not None and changed.groups is None:
        raise UserError(
            f"The study {condition.study} loses the groups of its images: let it return images.rows(index), or Images(X, y, "
            "images.groups)."
        )
    X = _changed(("both",), images.X, condition, seed)
    return changed if X is images.X else Images(X, images.y, images.groups)


def judging(images: Images, changed: Images, condition: Condition) -> Images:
    """The training images as they are where they score a trial or are held out of a fit.

    They have the labels of `changed`, which is what `training` made of `images`, unless the study leaves them their own.
    """
    own = not condition.is_standard and get(condition.study).clean(condition.level)
    return Images(changed.X, images.y, changed.groups) if own else changed


def shown(X: NDArray[np.uint8], condition: Condition, seed: int) -> NDArray[np.uint8]:
    """The images uint8 (n, h, w, c) that a fit is shown under a condition."""
    return _changed(("evaluate", "both"), X, condition, seed)


def evaluates(condition: Condition) -> bool:
    """Whether a condition is one of evaluations alone, under the fit of the standard condition."""
    return not condition.is_standard and get(condition.study).stage == "evaluate"


def _changed(stages: tuple[Stage, ...], what: Any, condition: Condition, seed: int) -> Any:
    if condition.is_standard or get(condition.study).stage not in stages:
        return what
    return get(condition.study).change(what, condition.level, seed)
