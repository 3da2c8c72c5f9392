"""The `Limits` of one trial: what it may take before it is stopped."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PositiveFloat, PositiveInt

from benchmarks.budget import MOST_SECONDS, Budget, parse_budget
from benchmarks.errors import UserError

FINAL_FACTOR = 10  # a final fit, at full effort on all training rows, may take this many times the seconds of a trial
MOST_BYTES = 10**15
LONGEST = 3600.0  # seconds of a trial, where the budget is in trials

Seconds = Annotated[PositiveFloat, Field(le=MOST_SECONDS)]
Bytes = Annotated[PositiveInt, Field(le=MOST_BYTES)]
_UNITS = {"kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}


def parse_seconds(value: Any) -> Any:
    """Read 90, "90 s", "2m" or "1.5 h" as seconds."""
    if not isinstance(value, str):
        return value
    try:
        seconds = parse_budget(value).seconds
    except UserError:
        seconds = None
    if seconds is None:
        raise ValueError(f"{value!r} is no time; give for example 90 or '2m'")
    return seconds


def parse_bytes(value: Any) -> Any:
    """Read 6000000000, "6 GB", "512MB" or "4 GiB" as bytes."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]+)", value.strip().lower())
    if match is None or match[2] not in _UNITS:
        raise ValueError(f"{value!r} is no size of memory; give for example '6 GB' or '512 MB'")
    return int(min(float(match[1]) * _UNITS[match[2]], 2.0**63))


class Limits(BaseModel):
    """A trial is stopped after `seconds`, or when its process and those below it use more than `memory` bytes.

    What is None is left to the defaults: twice the budget, at least ten minutes, and an hour if the budget is in
    trials; 80 % of the machine's memory, shared among the workers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: Annotated[Seconds | None, BeforeValidator(parse_seconds)] = None
    memory: Annotated[Bytes | None, BeforeValidator(parse_bytes)] = None

    def over(self, general: Limits) -> Limits:
        """These limits, completed by more general ones."""
        return Limits(seconds=self.seconds or general.seconds, memory=self.memory or general.memory)

    def of(self, kind: str, budget: Budget) -> dict[str, Any]:
        """The fields of a `Job` of that kind."""
        seconds = self.seconds or (max(600.0, 2 * budget.seconds) if budget.seconds else LONGEST)
        return {"limit_seconds": seconds * (1 if kind == "trial" else FINAL_FACTOR), "limit_bytes": self.memory}
