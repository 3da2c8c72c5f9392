"""`Variant`: an estimator with a label and fixed settings; the label is its identity everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator

import estimators
from benchmarks import backbones
from benchmarks.errors import UserError
from benchmarks.execution.limits import Limits
from benchmarks.serving.model import check_files
from benchmarks.studies.study import Condition
from estimators import Estimator
from estimators.estimator import OF_IMAGES
from estimators.models.saving import read_facts
from estimators.portfolios import plain, portfolio
from tuning import Space

TRANSFER = "transfer"  # the study that sources are for
NETWORK = "estimators.models.network.Network"  # what reads a network, of ours or of Keras
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


# The base setting alone, at the effort that the budget has room for; a network is also tried longer.
UNSEARCHED = Search(strategy="grid", axes=())


class SourceTable(BaseModel):
    """One ``[[sources]]`` of a suite file: what is learned before the target.

    `data` is a data set, by name, path, or the name of a folder in the data folder, or a trained model: its folder, a file of
    Keras, or ``keras:NAME``, see `benchmarks.backbones`, which becomes such a file. With `framed` its images are brought into the box of the target's, where that has one, else they are given its size
    alone. With `shared` only the classes that the target has are learned. `names` are what the target calls classes that the
    source calls otherwise. `ways` restricts what estimators take of it (`Estimator.transfer`); () leaves zero-shot alone. The
    embedding is that of the estimator `backbone`, trained on it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: str
    framed: bool = True
    shared: bool = False
    names: dict[str, str] = {}
    ways: tuple[str, ...] | None = None
    backbone: str = "cnn"

    @field_validator("data")
    @classmethod
    def _fetched(cls, data: str) -> str:
        return str(backbones.file_of(data)) if data.startswith(backbones.PREFIX) else data

    @property
    def is_model(self) -> bool:
        """Whether it is a trained model rather than a data set."""
        return self.data.endswith(".keras") or (Path(self.data) / "model.json").is_file()

    @cached_property
    def facts(self) -> Mapping[str, Any]:
        """What a model of ours tells of itself, and the image that a file of Keras takes; nothing of a data set."""
        if not self.is_model:
            return {}
        check_files(Path(self.data))
        try:
            return read_facts(self.data)
        except ValueError as error:
            raise UserError(str(error)) from error

    @property
    def name(self) -> str:
        """As it is called in labels."""
        told = Path(self.data).stem
        if {"variant", "dataset"} <= set(self.facts):
            variant = str(self.facts["variant"])
            told = variant if " of " in variant else f"{variant} of {self.facts['dataset']}"
        name = re.sub(r"[^\w.+ -]", "-", told)[:24].strip(" .-_") or "source"
        return f"{name}{' shared' if self.shared else ''}{'' if self.framed else ' unframed'}"

    def gives(self, way: str) -> bool:
        """Whether that can be taken of it."""
        if self.ways is not None and way not in self.ways:
            return False
        if not self.is_model:
            return True
        reader = str(self.facts.get("reader", NETWORK))
        if reader == NETWORK:
            return way in OF_IMAGES or (way == "boosting" and "classes" in self.facts)
        linear = self.facts.get("estimator") == "logistic_regression"
        return way == "boosting" or (way == "coefficients" and linear)

    def as_it_is(self) -> Variant:
        """The variant that is this model."""
        estimator = str(self.facts.get("estimator", self.backbone))
        return Variant(self.name, estimator, {}, UNSEARCHED, Origin(self))


@dataclass(frozen=True)
class Origin:
    """What a variant has of a source.

    Parameters
    ----------
    way : what it takes, as `Estimator.transfer` has it; "" of the source's own model, which learns nothing of the target.
    model : the variant that is the source's model; None of that itself.
    scratch : label of the same variant without a source; "" of a model that is given.
    """

    source: SourceTable
    way: str = ""
    scratch: str = ""
    model: Variant | None = None


@dataclass(frozen=True)
class Variant:
    """What is compared.

    Parameters
    ----------
    name : the label; that of a plain estimator is the estimator's name.
    reference : the estimator's name, or the path of its file.
    fixed : settings that are not searched.
    search : how the others are.
    origin : the source that it starts from; None starts from scratch.
    """

    name: str
    reference: str
    fixed: Mapping[str, Any] = field(default_factory=dict)
    search: Search = field(default_factory=Search)
    origin: Origin | None = None

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

    @property
    def is_source(self) -> bool:
        """Whether it is the model of a source, which others start from."""
        return self.origin is not None and self.origin.model is None

    def runs_under(self, condition: Condition) -> bool:
        """Whether there is something to fit: of the source's own models where there is no image of the target, of others where
        there are some.
        """
        nothing = condition.study == TRANSFER and not condition.level
        return nothing == self.is_source

    def of(self, source: SourceTable, scratch: Sequence[Variant]) -> Iterator[Variant]:
        """Its own model of a source, and itself starting from the source in every way.

        Parameters
        ----------
        scratch : the variants that start from scratch; the first of the estimator `backbone` gives the embedding.
        """
        if not source.is_model:
            yield self.trained_on(source)
        for way in filter(source.gives, self.estimator.transfer):
            if source.is_model:
                model = source.as_it_is()
            elif way == "embedding":
                plain = Variant(source.backbone, source.backbone, {}, UNSEARCHED)
                model = next((v for v in scratch if v.estimator.name == source.backbone), plain).trained_on(source)
            else:
                model = self.trained_on(source)
            yield replace(
                self, name=f"{self.name} {way} from {source.name}", origin=Origin(source, way, self.name, model)
            )

    def trained_on(self, source: SourceTable) -> Variant:
        """The same, which learns nothing but a source."""
        return replace(self, name=f"{self.name} of {source.name}", origin=Origin(source, scratch=self.name))

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
