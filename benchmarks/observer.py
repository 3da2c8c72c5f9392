"""`Observer`: who is told what happens while it happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from tuning import Outcome

if TYPE_CHECKING:
    from benchmarks.cell import Cell


class Observer(Protocol):
    """Is told what happens while a suite is carried out."""

    def planned(self, cells: int) -> None:
        """How many cells the run has, once its data is known."""

    def said(self, text: str) -> None:
        """What a run is about, once that is known."""

    def noted(self, note: str) -> None: ...

    def reading(self, text: str) -> None:
        """How far the reading of many files is, once a second."""

    def cell_started(self, cell: Cell) -> None: ...

    def trial_ended(self, cell: Cell, number: int, outcome: Outcome, spent: float) -> None:
        """`spent` is the share of the search's budget that is gone."""

    def cell_ended(self, cell: Cell, fit: dict[str, Any], accuracy: float | None) -> None:
        """`fit` is the ledger's row of the fit or of what failed after it; `accuracy` that on the test images, or None.

        Also told, without `cell_started` before it, of a cell that was finished in an earlier session.
        """
