"""`Progress`: tells on the terminal what a run is doing; plain lines, so that pipes and CI can read them too."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.protocol import Cell
from benchmarks.suite import Suite
from tuning import Outcome


class Progress:
    """An observer that prints a line per trial and per finished cell to standard error."""

    def __init__(self, suite: Suite, folder: Path) -> None:
        self.started = time.perf_counter()
        count = len(suite.datasets) * len(suite.estimators) * len(suite.seeds)
        self._say(f"{suite.title}: {count} cells, {suite.budget} for each search, results in {folder}/")

    def noted(self, note: str) -> None:
        """Say a warning loudly."""
        self._say(f"WARNING: {note}")

    def cell_started(self, cell: Cell) -> None:
        self._say(f"{_name(cell)}: searching with {cell.strategy}")

    def trial_ended(self, cell: Cell, number: int, outcome: Outcome) -> None:
        score = f"{outcome.score:.2%} on validation" if outcome.score is not None else outcome.status
        reason = f": {outcome.reason.splitlines()[-1]}" if outcome.reason else ""
        effort = "" if outcome.trial.effort == 1 else f" at {outcome.trial.effort:.0%} effort"
        self._say(f"{_name(cell)}: trial {number}{effort}: {score}, {outcome.seconds:.1f} s{reason}")

    def cell_ended(self, cell: Cell, final: Mapping[str, Any], accuracy: float | None) -> None:
        if accuracy is None:
            self._say(f"{_name(cell)}: {final['status']}: {final['reason']}")
        else:
            self._say(f"{_name(cell)}: {accuracy:.2%} on the test images; last fit {final['fit_seconds']:.1f} s")

    def _say(self, text: str) -> None:
        minutes, seconds = divmod(int(time.perf_counter() - self.started), 60)
        print(f"[{minutes:d}:{seconds:02d}] {text}", file=sys.stderr, flush=True)


def _name(cell: Cell) -> str:
    seed = f" · seed {cell.seed}" if len(cell.suite.seeds) > 1 else ""
    return f"{cell.dataset.name} · {cell.estimator.name}{seed}"
