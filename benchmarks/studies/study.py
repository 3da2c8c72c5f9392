"""`Condition` and `Study`: under what a result was obtained, besides data, variant and seed."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray

Level = str | int | float
Stage = Literal["search", "train", "both", "evaluate"]


@dataclass(frozen=True)
class Condition:
    """One level of one study; the standard condition has neither.

    Parameters
    ----------
    study : name of the study, such as "sizes"; "" in the standard condition.
    level : as the suite has it, such as 1000 or "elastic".
    value : the level as a number, where an axis or a fitted law needs one.
    """

    study: str = ""
    level: Level = ""
    value: float | None = None

    def __str__(self) -> str:
        """As the ledger has it: "sizes=1000", or "" for the standard condition."""
        return f"{self.study}={self.level}" if self.study else ""

    @property
    def is_standard(self) -> bool:
        return not self.study


STANDARD = Condition()


@dataclass(frozen=True)
class Study:
    """A question that is asked at several levels: one file in ``benchmarks/studies``, which carries the study's name.

    Parameters
    ----------
    name : public name, also that of the file.
    title : the question, for people.
    stage : "search": a level changes the budget of search and fit. "train": it changes the images that a search and a fit
        see. "both": it changes training and test images alike. "evaluate": it changes the test images under the fit of the
        standard condition, which is made once.
    axis : what the levels measure, with its unit, such as "training images".
    levels : those of ``--study NAME`` where the suite gives none.
    change : of the stage "search" ``change(budget, level, seed) -> Budget``. Of the stage "train" ``change(images, level,
        seed) -> Images``: the training images that a cell with this seed has. Of the stages "both" and "evaluate"
        ``change(X, level, seed) -> X``: uint8 images (n, h, w, c) to the same. It must depend on nothing but its arguments,
        since it runs in worker processes.
    value : the level as a number; raises ValueError, with what is allowed, for a level that makes no sense.
    standard : the level that changes nothing, such as "all" or 0: it is the standard condition.
    test_images : of the stage "evaluate": how many of the test images ``--study NAME`` shows at each level, where the suite
        does not say; None: all.
    clean : of the stage "train", where `change` changes labels alone: ``clean(level)`` -> whether rows that score a trial or
        hold out of a fit keep the labels that they had.
    excluded : ``excluded(y, level)`` -> why a data set with training labels `y` cannot be studied at this level; "" if it can.
    """

    name: str
    title: str
    stage: Stage
    axis: str
    levels: tuple[Level, ...]
    change: Callable[[Any, Any, int], Any]
    value: Callable[[Any], float | None] = float
    standard: Level | None = None
    test_images: int | None = None
    clean: Callable[[Any], bool] = lambda level: False
    excluded: Callable[[NDArray, Any], str] = lambda y, level: ""

    def condition(self, level: Level) -> Condition:
        """The condition at a level; the standard one at the level that changes nothing.

        Raises
        ------
        ValueError : the level makes no sense.
        """
        if isinstance(level, float):
            if not math.isfinite(level):
                raise ValueError(f"a level is a finite number or a word, given {level!r}")
            level = int(level) if level.is_integer() else level  # 1 and 1.0 are one level
        if level == self.standard:
            return STANDARD
        if not re.fullmatch(r"[\w.+-]+", str(level)):  # It names a folder.
            raise ValueError(f"a level is a number or a word of letters, digits and . + - _, given {level!r}")
        return Condition(self.name, level, self.value(level))
