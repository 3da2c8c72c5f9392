"""The `Budget` of one variant: seconds for search and final fit together, or trials; the same for all of a run."""

from __future__ import annotations

import re
from dataclasses import dataclass

from benchmarks.errors import UserError
from benchmarks.safety.names import shortened

_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600}
MOST_SECONDS, MOST_TRIALS = 3.2e8, 1_000_000  # ten years
_PATTERN = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|trials?)", re.IGNORECASE)


@dataclass(frozen=True)
class Budget:
    """What one variant may spend: `seconds`, all in, `trials` of its search, or both; what is None has no limit."""

    seconds: float | None = None
    trials: int | None = None

    def __str__(self) -> str:
        trials = f"{self.trials} trial{'' if self.trials == 1 else 's'}" if self.trials else ""
        return ", ".join(part for part in (f"{_plain(self.seconds)} s" if self.seconds else "", trials) if part)


def _plain(seconds: float) -> str:
    """Without an exponent, which `parse_budget` does not read."""
    return f"{seconds:.6f}".rstrip("0").rstrip(".") if seconds >= 1e-6 else f"{seconds:.20f}".rstrip("0")


def parse_budget(text: str) -> Budget:
    """Read "90s", "2m", "1.5 h" or "20 trials".

    Raises
    ------
    UserError : anything else, nothing at all ("0 s", "0 trials"), and more than ten years or a million trials.
    """
    match = _PATTERN.fullmatch(str(text).strip()) if len(str(text)) < 40 else None
    if match and float(match[1]) > 0:
        amount, unit = float(match[1]), match[2].lower()
        if unit in _UNITS and amount * _UNITS[unit] <= MOST_SECONDS:
            return Budget(seconds=amount * _UNITS[unit])
        if unit not in _UNITS and amount.is_integer() and amount <= MOST_TRIALS:
            return Budget(trials=int(amount))
    raise UserError(
        f"{shortened(str(text))!r} is no budget. Give a positive time, such as 90s, 2m or 1h, or a number of trials, such as '20 trials'."
    )
