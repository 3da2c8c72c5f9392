"""`Variant`: an estimator with a label and fixed settings; the label is its identity everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

import estimators
from benchmarks.errors import UserError
from benchmarks.execution.limits import Limits
from estimators import Estimator
from estimators.portfolios import plain, portfolio
from tuning import Space

LABEL = r"[^\W_][\w.+ -]{0,59}"  # it names folders


class Search(BaseModel):
    """How one estimator is searched where it differs from its defaults.

    `strategy` by name; `axes` narrows the search to these; `options` are keyword arguments of the strategy; `base`
    changes the base setting, for example the number of images shown; `limits` where they differ from those of the suite;
    `portfolio` is false to start without the settings that were good on other data.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    strategy: str | None = None
    axes: tuple[str, ...] | None = None
    options: dict[str, Any] = {}
    base: dict[str, Any] = {}
    limits: Limits = Limits()
    portfolio: bool = True

    def over(self, general: Search) -> Search:
        """The same, completed by a more general one."""
        return Search(
            strategy=self.strategy or general.strategy,
            axes=general.axes if self.axes is None else self.axes,
            # Options belong to a strategy: those of another one say nothing.
            options=self.options or ({} if self.strategy not in (None, general.strategy) else general.options),
            base=general.base | self.base,
            limits=self.limits.over(general.limits),
            portfolio=self.portfolio and general.portfolio,
        )


@dataclass(frozen=True)
class Variant:
    """What is compared.

    Parameters
    ----------
    name : the label; that of a plain estimator is the estimator's name.
    reference : the estimator's name, or the path of its file.
    fixed : settings that are not searched.
    search : how the others are.
    """

    name: str
    reference: str
    fixed: Mapping[str, Any] = field(default_factory=dict)
    search: Search = field(default_factory=Search)

    @cached_property
    def estimator(self) -> Estimator:
        return estimators.get(self.reference)

    @cached_property
    def file(self) -> Path:
        """The file that defines the estimator."""
        return estimators.file_of(self.reference)

    @property
    def base(self) -> dict[str, Any]:
        """The base setting, which is the first trial."""
        return self.estimator.base | self.search.base | dict(self.fixed)

    @property
    def space(self) -> Space:
        """The axes that are searched."""
        space = self.estimator.space
        names = [name for name in (space if self.search.axes is None else self.search.axes) if name not in self.fixed]
        return Space(**{name: space[name] for name in names})

    @property
    def strategy(self) -> str:
        return self.search.strategy or self.estimator.strategy

    def portfolio(self, dataset: str) -> tuple[dict[str, Any], ...]:
        """The complete settings that a search on a data set tries first, beside the base setting, in order.

        Raises
        ------
        UserError : the estimator's portfolio is not fit for it.
        """
        if not self.search.portfolio or self.strategy == "none":
            return ()
        try:
            return self.restricted(portfolio(self.reference, dataset))
        except ValueError as error:
            raise UserError(f"{self.name}: {error}") from error

    def restricted(self, settings: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
        """Settings with the values of the axes that are searched here, and those of the base setting elsewhere.

        Left out is what contradicts a fixed setting, what the space does not hold, and what is there already.
        """
        space, base = self.space, self.base
        found: dict[Any, dict[str, Any]] = {}
        for setting in settings:
            if any(
                setting.get(name, value) != value for name, value in self.fixed.items() if name in self.estimator.space
            ):
                continue
            params = base | {name: plain(setting[name]) for name in space if name in setting}
            try:
                space.check(params)
            except ValueError:  # It was recorded before the estimator was edited.
                continue
            found.setdefault(space.point(params), params)
        found.pop(space.point(base), None)
        return tuple(found.values())
