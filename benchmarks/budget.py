"""The `Budget` of one variant: seconds for search and final fit together, or trials; the same for all of a run."""

from __future__ import annotations

import re
from dataclasses import dataclass

from benchmarks.errors import UserError

_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600}
_PATTERN = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|trials?)", re.IGNORECASE)


@dataclass(frozen=True)
class Budget:
    """What one variant may spend: `seconds`, all in, `trials` of its search, or both; what is None has no limit."""

    seconds: float | None = None
    trials: int | None = None

    def __str__(self) -> str:
        trials = f"{self.trials} trial{'' if self.trials == 1 else 's'}" if self.trials else ""
        return ", ".join(part for part in (f"{self.seconds:g} s" if self.seconds else "", trials) if part)


def parse_budget(text: str) -> Budget:
    """Read "90s", "2m", "1.5 h" or "20 trials".

    Raises
    ------
    UserError : anything else, and nothing at all ("0 s", "0 trials").
    """
    match = _PATTERN.fullmatch(str(text).strip())
    if match and float(match[1]) > 0:
        amount, unit = float(match[1]), match[2].lower()
        if unit in _UNITS:
            return Budget(seconds=amount * _UNITS[unit])
        if amount.is_integer():
            return Budget(trials=int(amount))
    raise UserError(
        f"{text!r} is no budget. Give a positive time, such as 90s, 2m or 1h, or a number of trials, such as '20 trials'."
    )
