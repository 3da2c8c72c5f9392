"""The `Suite`: a TOML file that says what is compared with what, on which data, at which budget."""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_serializer,
)

import estimators
import tuning
from benchmarks.budget import Budget, parse_budget
from benchmarks.errors import UserError, unknown
from benchmarks.execution.limits import Limits

FOLDER = Path(__file__).parent / "suites"


class Search(BaseModel):
    """How one estimator is searched where it differs from its defaults.

    `strategy` by name; `axes` narrows the search to these; `options` are keyword arguments of the strategy; `base`
    changes the base setting, for example the number of epochs; `limits` where they differ from those of the suite.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    strategy: str | None = None
    axes: tuple[str, ...] | None = None
    options: dict[str, Any] = {}
    base: dict[str, Any] = {}
    limits: Limits = Limits()


def _seeds(value: Any) -> Any:
    return tuple(range(value)) if isinstance(value, int) and value > 0 else value


def _ascending(sizes: tuple[int | str, ...]) -> tuple[int | str, ...]:
    numbers = [size for size in sizes if size != "all"]
    if numbers != sorted(set(numbers)) or "all" in sizes[:-1]:
        raise ValueError("sizes must ascend, and 'all' comes last")
    return sizes


class Suite(BaseModel):
    """What a run compares; see the files in ``benchmarks/suites`` for examples.

    Parameters
    ----------
    datasets, estimators : names, or paths of one's own.
    seeds : their number, or a list of them; a seed fixes the split and everything random.
    budget : of each search, "90 s" or "20 trials".
    validation_share : share of the training rows that scores the trials.
    sizes : numbers of training rows, ascending, "all" as the last: everything is done once per size, on nested subsets,
        which gives learning curves. None: all rows, once.
    fallback : data set to use, loudly, in place of one that cannot be had.
    limits : of every trial, such as ``seconds = "2m"`` and ``memory = "6 GB"``.
    search : by estimator, how it is searched.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    name: str
    title: str
    datasets: Annotated[tuple[str, ...], Field(min_length=1)]
    estimators: Annotated[tuple[str, ...], Field(min_length=1)]
    seeds: Annotated[tuple[int, ...], BeforeValidator(_seeds), Field(min_length=1)] = (0,)
    budget: Annotated[Budget, BeforeValidator(lambda v: v if isinstance(v, Budget) else parse_budget(v))]
    validation_share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    sizes: Annotated[
        tuple[Annotated[int, Field(strict=True, gt=0)] | Literal["all"], ...], AfterValidator(_ascending)
    ] = ()
    fallback: str | None = None
    limits: Limits = Limits()
    search: dict[str, Search] = {}

    @field_serializer("budget")
    def _budget_as_given(self, budget: Budget) -> str:
        return str(budget)


def names() -> list[str]:
    """The suites that come with Crossover."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def is_suite_file(path: Path) -> bool:
    """Whether a TOML file is meant as a suite: it names data sets, where a description of data names files."""
    try:
        return "datasets" in tomllib.loads(path.read_text())
    except (OSError, ValueError):
        return True  # `load_suite` says what is wrong with it.


def load_suite(name: str) -> Suite:
    """A suite by name, or by the path of a TOML file.

    Raises
    ------
    UserError : no such suite, no readable TOML, an unknown key, a wrong type, a wrong estimator, strategy or axis.
    """
    path = FOLDER / f"{name}.toml"
    if not path.exists():
        path = Path(name)
        if path.suffix != ".toml":
            raise unknown("suite", name, names())
    try:
        content = tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"The suite file {path} cannot be read: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"The suite file {path} is not TOML: {error}.") from error
    return make_suite({"name": path.stem} | content, origin=str(path))


def make_suite(content: Mapping[str, Any], origin: str) -> Suite:
    """A checked suite; `origin` names its source in errors."""
    try:
        suite = Suite(**content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            parents = [str(part) for part in first["loc"][:-1]]
            model = Limits if "limits" in parents else Search if parents else Suite
            raise UserError(f"{origin}: {unknown('key', where.rpartition('.')[2], model.model_fields)}") from error
        given = "" if first["type"] == "missing" else f", given {first['input']!r}"
        raise UserError(f"{origin}: {where}: {first['msg']}{given}.") from error
    return check(suite, origin)


def check(suite: Suite, origin: str) -> Suite:
    """The suite itself, once its estimators, strategies and axes are known to exist."""
    try:
        chosen = {name: estimators.get(name) for name in suite.estimators}
        for search in suite.search.values():
            if search.strategy is not None:
                tuning.strategy(search.strategy)
    except ValueError as error:
        raise UserError(f"{origin}: {error}") from error
    for name, search in suite.search.items():
        if name not in chosen:
            raise UserError(f"{origin}: search.{name}: {unknown('estimator of this suite', name, chosen)}")
        for axis in search.axes or ():
            if axis not in chosen[name].space:
                raise UserError(f"{origin}: search.{name}: {unknown('axis', axis, chosen[name].space)}")
        for parameter in search.base:
            if parameter not in chosen[name].base:
                raise UserError(f"{origin}: search.{name}.base: {unknown('parameter', parameter, chosen[name].base)}")
        propose = tuning.strategy(search.strategy or chosen[name].strategy)
        for option in search.options:
            if option not in (allowed := options(propose)):
                raise UserError(f"{origin}: search.{name}: {unknown('option of its strategy', option, allowed)}")
    return suite


def options(propose: tuning.Strategy) -> list[str]:
    """The names of a strategy's options: its keyword-only parameters."""
    parameters = inspect.signature(propose).parameters.values()
    return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
