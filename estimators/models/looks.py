"""What the validation curve of a training tells: which length was best, and whether more would have helped.

A look is one value of the curve: the share of `rows` validation images that were labelled correctly. Two looks differ by
chance with a standard error of at most sqrt((e1 + e2) / rows), e1 and e2 being their shares of errors: the variance of the
difference of paired shares where no image is wrong in both (McNemar 1947).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

SURE = 1.645  # standard errors: one-sided, 5 %


def best_look(accuracies: Sequence[float], rows: int) -> int:
    """The index of the last look that is not worse than the best one by more than chance.

    That is the end of the training unless it went astray: schedules end there, and an earlier look that is slightly better
    is so by luck.
    """
    best = max(accuracies)
    return max(look for look, accuracy in enumerate(accuracies) if not _better(best, accuracy, rows))


def flattened(accuracies: Sequence[float], rows: int) -> bool:
    """Whether the best look of the last third is not better than the best one before by more than chance.

    False where there are fewer than three looks: nothing tells that more training would not help.
    """
    if len(accuracies) < 3:
        return False
    before = len(accuracies) - math.ceil(len(accuracies) / 3)
    return not _better(max(accuracies[before:]), max(accuracies[:before]), rows)


def _better(one: float, other: float, rows: int) -> bool:
    """Whether one accuracy is above the other by more than chance."""
    return one - other > SURE * math.sqrt((2 - one - other) / rows)
