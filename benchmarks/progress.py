"""What a run is doing, told on standard error while it does it.

`progress` gives the observer: `Display`, one live board, on a terminal; `Lines`, a plain line per trial, where there is
none, so that pipes and CI can read it.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.errors import printable
from benchmarks.suite import Suite, cell_count

if TYPE_CHECKING:
    from rich.console import RenderableType

    from benchmarks.cell import Cell
    from benchmarks.serving.predict import Spent
    from tuning import Outcome

READING = 5.0  # seconds between two lines that say how far it is
BOARD_ROWS = 12  # of the leaderboard so far: a board that is higher than the terminal cannot be kept in place


@contextmanager
def progress(suite: Suite, folder: Path) -> Iterator[Lines]:
    """Yields the observer that suits standard error, and says in the end what was done."""
    observer = Display(suite, folder) if _is_live() else Lines(suite, folder)
    try:
        with observer.shown():
            yield observer
    finally:
        observer.summarize()


class Lines:
    """An observer that prints a line per trial and per finished cell."""

    def __init__(self, suite: Suite, folder: Path) -> None:
        self.suite = suite
        self.started = time.perf_counter()
        self.count = cell_count(suite)
        self.kept = self.ended = self.lost = 0  # cells of earlier sessions, of this one, and those of it that failed
        self.trials: Counter[str] = Counter()  # by status
        self.cell: Cell | None = None
        self.share = 0.0  # of the budget of the current search, what is spent
        self.best: dict[str, tuple[float, bool]] = {}  # by cell: accuracy, and whether it is that of the test
        self.read, self.told = "", 0.0  # how far the reading of files is, and when that was said
        self._say(f"{suite.title}: {plural(self.count, 'cell')}, {suite.budget} each, all in; results in {folder}/")

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Where a board would be up."""
        yield

    def planned(self, cells: int) -> None:
        """Count the cells that there are data for."""
        self.count = cells

    def said(self, text: str) -> None:
        self._say(text)

    def noted(self, note: str) -> None:
        """Say a warning loudly."""
        self._say(f"WARNING: {note}")

    def reading(self, text: str) -> None:
        now = time.perf_counter()
        if now - self.told >= READING:
            self.told = now
            self._detail(text)
        self.read = text

    def cell_started(self, cell: Cell) -> None:
        self.read = ""
        self.cell, self.share = cell, 0.0
        mixes = cell.variant.estimator.is_ensemble
        self._detail(f"{cell.name}: {'mixing what was fitted' if mixes else f'searching with {cell.variant.strategy}'}")

    def trial_ended(self, cell: Cell, number: int, outcome: Outcome, spent: float) -> None:
        self.trials[outcome.status] += 1
        self.share = spent
        if outcome.score is not None and outcome.score > self.best.get(cell.name, (0.0, False))[0]:
            self.best[cell.name] = outcome.score, False
        score = f"{outcome.score:.2%} on validation" if outcome.score is not None else outcome.status
        reason = f": {outcome.reason.splitlines()[-1]}" if outcome.reason else ""
        effort = "" if outcome.trial.effort == 1 else f" at {outcome.trial.effort:.0%} effort"
        say = self._detail if outcome.status == "ok" else self._say
        say(f"{cell.name}: trial {number}{effort}: {score}, {outcome.seconds:.1f} s{reason}")

    def cell_ended(self, cell: Cell, fit: dict[str, Any], accuracy: float | None) -> None:
        kept, self.cell = self.cell is None, None
        self.kept, self.ended = self.kept + kept, self.ended + (not kept)
        self.best.pop(cell.name, None)
        if accuracy is None and fit["status"] == "ok":
            told = f"fitted in {fit['fit_seconds']:.1f} s, and not tried, since it does not know all classes"
            self._say(f"{cell.name}: {told} of {cell.dataset.name}")
        elif accuracy is None:
            self.lost += 1
            reason = (fit["reason"] or "").strip().splitlines()[-1:]
            self._say(": ".join([cell.name, fit["status"], *reason]))
        else:
            self.best[cell.name] = accuracy, True
            earlier = ", done earlier" if kept else ""
            self._say(f"{cell.name}: {accuracy:.2%} on the test images; last fit {fit['fit_seconds']:.1f} s{earlier}")

    def summarize(self) -> None:
        """Say in one line what this session did."""
        if not self.kept + self.ended:
            return  # Nothing was begun: an error says why.
        lost = f", {self.lost} failed" if self.lost else ""
        done = self.kept + self.ended - self.lost
        self._say(
            f"{done} of {plural(self.count, 'cell')} {'is' if self.count == 1 else 'are'} done{lost}; this session tried {self._tried()}"
        )

    def left_seconds(self) -> float | None:
        """An estimate of what is left, from what the cells of this session took; None as long as there is nothing."""
        done = self.ended + (min(1.0, self.share) if self.cell else 0.0)
        if not done:
            return None
        return (time.perf_counter() - self.started) * (self.count - self.kept - done) / done

    def _tried(self) -> str:
        failed = self.trials.total() - self.trials["ok"]
        return f"{plural(self.trials.total(), 'trial')}, {failed} of which failed"

    def _detail(self, text: str) -> None:
        """Say what a board would show anyway."""
        self._say(text)

    def _say(self, text: str) -> None:
        print(printable(f"[{_clock(time.perf_counter() - self.started)}] {text}"), file=sys.stderr, flush=True)


class Display(Lines):
    """An observer that keeps one board up to date, below the lines that are to stay."""

    def __init__(self, suite: Suite, folder: Path) -> None:
        from rich.console import Console

        self.console = Console(stderr=True, highlight=False)
        super().__init__(suite, folder)

    @contextmanager
    def shown(self) -> Iterator[None]:
        from rich.live import Live

        # What others print to standard error and output goes above the board too.
        with Live(get_renderable=self._board, console=self.console, refresh_per_second=4, transient=True):
            yield

    def _board(self) -> RenderableType:
        from rich.console import Group
        from rich.padding import Padding
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        left = self.left_seconds()
        facts = [
            f"{self.kept + self.ended} of {plural(self.count, 'cell')}",
            plural(self.trials.total(), "trial"),
            f"{self.trials.total() - self.trials['ok']} failed",
            _clock(time.perf_counter() - self.started),
            "time left unknown yet" if left is None else f"about {_clock(left)} left",
        ]
        state = self.read or "between two cells"
        if cell := self.cell:
            doing = (
                "last fit, then the test"
                if self.share >= 1
                else f"{max(0.0, 1 - self.share):.0%} of {self.suite.budget} left"
            )
            state = f"{cell.name}: {cell.variant.strategy}, {doing}"
        board = Table.grid(padding=(0, 2))
        best = sorted(dict(self.best).items(), key=lambda item: item[1][0], reverse=True)
        for name, (accuracy, tested) in best[:BOARD_ROWS]:
            board.add_row(name, f"{accuracy:.2%}", Text("test" if tested else "validation so far", style="dim"))
        rest = [Text(f"and {len(best) - BOARD_ROWS} more", style="dim")] if len(best) > BOARD_ROWS else []
        done = self.kept + self.ended + (min(1.0, self.share) if self.cell else 0.0)
        bar = ProgressBar(total=self.count, completed=done, width=min(60, self.console.width))
        # A bar does not end its line.
        return Group(board, *rest, Padding(bar, 0), Text(" · ".join(facts)), Text(state, style="dim"))

    def _detail(self, text: str) -> None:
        pass

    def _say(self, text: str) -> None:
        line = printable(f"[{_clock(time.perf_counter() - self.started)}] {text}")
        self.console.print(line, markup=False, soft_wrap=True)


@contextmanager
def labelling() -> Iterator[Callable[[Spent, int | None], None]]:
    """Yields what `benchmarks.serving.predict` tells its progress: a bar on a terminal, and in the end one line of what it took."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    last: list[Spent] = []
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not _is_live()) as bar:
        task = bar.add_task("labelled", total=None)

        def told(spent: Spent, total: int | None) -> None:
            last[:] = [spent]
            bar.update(task, completed=spent.pictures, total=total)

        yield told
    for spent in last:
        speed, reading = spent.pictures / max(spent.seconds, 1e-9), spent.reading_seconds / max(spent.seconds, 1e-9)
        print(
            f"{spent.pictures:,} picture{'' if spent.pictures == 1 else 's'} labelled in {spent.seconds:.1f} s, {speed:,.0f} a second; "
            f"{reading:.0%} of the time went into reading and preparing them",
            file=sys.stderr,
        )


@contextmanager
def judging(folds: int) -> Iterator[tuple[Callable[[str], None], Callable[[int], None]]]:
    """Yields what is told how far the reading of files is, and after every fold how many are done: a bar on a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not _is_live()) as bar:
        task = bar.add_task("folds", total=folds)
        yield (
            lambda text: bar.update(task, description=text),
            lambda done: bar.update(task, completed=done, description="folds"),
        )


def plural(number: int, noun: str) -> str:
    """So many of something: "1 cell", "2 cells"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _is_live() -> bool:
    """Whether standard error is a terminal that can be written to twice."""
    return sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb" and "NO_COLOR" not in os.environ


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    return f"{minutes:d}:{seconds:02d}"
