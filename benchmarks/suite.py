"""The `Suite`: a TOML file that says what is compared with what, on which data, at which budget."""

from __future__ import annotations

import inspect
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationError,
    field_serializer,
)

import estimators
import tuning
from benchmarks import studies
from benchmarks.budget import Budget, parse_budget
from benchmarks.data.reading import WHITE, Reading
from benchmarks.errors import UserError, unknown
from benchmarks.execution.limits import Limits
from benchmarks.safety.names import check_name, quoted, safe_name, shortened
from benchmarks.safety.regular import text_of
from benchmarks.studies.study import STANDARD, Condition, Level
from benchmarks.variant import LABEL, TRANSFER, UNSEARCHED, Search, SourceTable, Variant
from estimators import ENSEMBLE, detectors
from estimators.estimator import OF_CLASSES, OF_IMAGES
from tuning import Choice, Float, Int
from tuning.kerastuner import Method

METHODS = get_args(Method)
FOLDER = Path(__file__).parent / "suites"
STARTING = 30.0  # seconds of a run that are no search, fit or evaluation
EVALUATING = 0.15  # of the rest
LEAST_SHARE = 2.0  # seconds in which something can be fitted


LONGEST = 1_000_000  # bytes of a suite file
MOST_SEEDS = 1_000
MOST_SETTINGS = 100_000  # in a grid, or any option of a strategy that counts something
Seed = Annotated[StrictInt, Field(ge=0, lt=2**32)]  # as scikit-learn takes them


class VariantTable(BaseModel):
    """One ``[[variants]]`` of a suite file.

    `name` is the label; `estimator` what it is made of; `base` are settings that are fixed, and so not searched; `search`
    completes that of the estimator; `claim` is the accuracy that somebody reported for such a model.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=f"^{LABEL}$")]
    estimator: str
    base: dict[str, Any] = {}
    search: Search = Search()
    claim: Annotated[float, Field(gt=0, le=1)] | None = None


class RepairTable(BaseModel):
    """The table ``[repair]`` of a suite file: what repair brings under its corruptions is studied (`benchmarks.repair.study`).

    `detectors` are compared; `mix` is the number of test images of which every second is corrupted; `claim` is the gain in
    accuracy that somebody reported for denoising such a mix, and `told` says who and on what.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    detectors: Annotated[tuple[str, ...], Field(min_length=1)] = ("statistics",)
    mix: Annotated[StrictInt, Field(ge=0)] = 6_000
    claim: Annotated[float, Field(gt=-1, lt=1)] | None = None
    told: str = ""


def _seeds(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    if not 1 <= value <= MOST_SEEDS:
        raise ValueError(f"the number of seeds is 1 to {MOST_SEEDS:,}")
    return tuple(range(value))


class Suite(BaseModel):
    """What a run compares; see the files in ``benchmarks/suites`` for examples.

    Parameters
    ----------
    datasets : names, or paths of one's own.
    estimators : names, or paths of one's own; each is compared as it is, and its name is its label.
    variants : estimators with a label and fixed settings, compared beside those.
    seeds : their number, or a list of them; a seed fixes the split and everything random.
    budget : of each variant, "90 s" for search and final fit together, or "20 trials" of its search.
    budgets : by condition, such as ``"sizes=300" = "10 s"``, where it differs.
    validation_share : share of the training rows that scores the trials.
    studies : by name of a study the levels at which everything is done, such as ``sizes = [100, 1000, "all"]``. None: the
        standard condition alone.
    test_images : how many of the test images studies of the stage "evaluate" show at each level, the same for all; None: all.
    fallback : data set to use, loudly, in place of one that cannot be had.
    groups, background, size, frame : how its data sets are read, as `benchmarks.data.reading.Reading` has it.
    limits : of every trial, such as ``seconds = "2m"`` and ``memory = "6 GB"``.
    search : by estimator, how it is searched.
    repair : what repair brings under its corruptions is studied; None: it is not.
    sources : data sets or models that the study `transfer` starts from: every variant is also tried as it is when it learned a source
        alone, and in each way in which it can go on from there. With a source nothing is searched, unless `search` says how.
    claims : what somebody reported that these variants reproduce, and on which data, in a sentence or two.
    claimed : by label, the accuracy that somebody reported, of variants that the suite does not write out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    name: str
    title: str
    datasets: Annotated[tuple[str, ...], Field(min_length=1)]
    estimators: tuple[str, ...] = ()
    variants: tuple[VariantTable, ...] = ()
    seeds: Annotated[tuple[Seed, ...], BeforeValidator(_seeds), Field(min_length=1, max_length=MOST_SEEDS)] = (0,)
    budget: Annotated[Budget, BeforeValidator(lambda v: v if isinstance(v, Budget) else parse_budget(v))]
    budgets: dict[
        str, Annotated[Budget, BeforeValidator(lambda v: v if isinstance(v, Budget) else parse_budget(v))]
    ] = {}
    validation_share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    studies: dict[str, Annotated[tuple[StrictInt | StrictFloat | StrictStr, ...], Field(min_length=1)]] = {}
    test_images: Annotated[StrictInt, Field(gt=0)] | None = None
    fallback: str | None = None
    groups: str = ""
    background: str = WHITE
    size: str = ""
    frame: str = ""
    limits: Limits = Limits()
    search: dict[str, Search] = {}
    sources: tuple[SourceTable, ...] = ()
    claims: str = ""
    repair: RepairTable | None = None
    claimed: dict[str, Annotated[float, Field(gt=0, le=1)]] = {}

    @property
    def reading(self) -> Reading:
        """How its data sets are read."""
        return Reading(self.groups, self.background, self.size, self.frame)

    @field_serializer("budget")
    def _budget_as_given(self, budget: Budget) -> str:
        return str(budget)

    @field_serializer("budgets")
    def _budgets_as_given(self, budgets: dict[str, Budget]) -> dict[str, str]:
        return {condition: str(budget) for condition, budget in budgets.items()}


def names() -> list[str]:
    """The suites that come with Crossover."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def is_suite_file(path: Path) -> bool:
    """Whether a TOML file is meant as a suite: it names data sets, where a description of data names files."""
    try:
        return "datasets" in tomllib.loads(text_of(path, LONGEST))
    except (UserError, ValueError, RecursionError):
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
        content = tomllib.loads(text_of(path, LONGEST))
    except UserError as error:
        raise UserError(f"The suite file {path} cannot be read: {error}") from error
    except (ValueError, RecursionError) as error:  # Numbers of thousands of digits, tables in tables without end.
        raise UserError(f"The suite file {path} is not TOML: {error}.") from error
    return make_suite({"name": safe_name(path.stem)} | content, origin=str(path))


def make_suite(content: Mapping[str, Any], origin: str) -> Suite:
    """A checked suite; `origin` names its source in errors."""
    try:
        suite = Suite(**content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            parents = [str(part) for part in first["loc"][:-1]]
            model: type[BaseModel] = Suite
            if parents and parents[0] == "sources":
                model = SourceTable
            elif parents:
                model = Limits if "limits" in parents else Search if "search" in parents else VariantTable
                model = RepairTable if parents == ["repair"] else model
            raise UserError(f"{origin}: {unknown('key', where.rpartition('.')[2], model.model_fields)}") from error
        given = "" if first["type"] == "missing" else f", given {quoted(first['input'])}"
        raise UserError(f"{origin}: {shortened(where)}: {first['msg']}{given}.") from error
    return check(suite, origin)


def variants(suite: Suite) -> list[Variant]:
    """What a suite compares, in its order: plain estimators, variants, those that have to do with a source, and the ensemble of
    all, which is made of their fits.
    """
    plain = [
        Variant(
            (estimator := estimators.get(reference)).name, reference, {}, suite.search.get(estimator.name, Search())
        )
        for reference in suite.estimators
    ]
    scratch = plain + [
        Variant(v.name, v.estimator, v.base, v.search.over(suite.search.get(v.estimator, Search())))
        for v in suite.variants
    ]
    if suite.sources:
        scratch = [v if v.search.strategy else replace(v, search=v.search.over(UNSEARCHED)) for v in scratch]
    found: dict[str, Variant] = {}
    fitted = [variant for variant in scratch if variant.reference != ENSEMBLE]
    for source in suite.sources if fitted else ():
        if source.is_model and "classes" in source.facts:  # It is tried as it is, whoever else starts from it.
            found[source.name] = source.as_it_is()
    for variant in (other for source in suite.sources for own in fitted for other in own.of(source, scratch)):
        model = variant.origin.model if variant.origin is not None else None
        found |= {new.name: new for new in (model, variant) if new is not None and new.name not in found}
    return sorted(scratch + list(found.values()), key=lambda variant: variant.reference == ENSEMBLE)


def check(suite: Suite, origin: str) -> Suite:
    """The suite itself, once its estimators, strategies, axes and studies are known to exist."""
    check_name(suite.name, f"{origin}: the suite's name")
    if len(set(suite.seeds)) < len(suite.seeds):
        raise UserError(f"{origin}: seeds: one is given twice among {shortened(', '.join(map(str, suite.seeds)))}.")
    try:
        _ = suite.reading
    except UserError as error:
        raise UserError(f"{origin}: {error}") from error
    _check_sources(suite, origin)
    try:
        chosen = variants(suite)
        for variant in chosen:
            tuning.strategy(variant.strategy)
            _ = variant.estimator  # that of a model which is given may be a file that is not here
    except ValueError as error:
        raise UserError(f"{origin}: {error}") from error
    if not chosen:
        raise UserError(f"{origin}: there is nothing to compare. Give estimators, or variants, or both.")
    labels = [variant.name for variant in chosen]
    if twice := next((name for name in labels if labels.count(name) > 1), None):
        raise UserError(f"{origin}: two variants are called {twice!r}: give each a name of its own.")
    mixes = [variant for variant in chosen if variant.estimator.is_ensemble]
    if len(mixes) > 1 or (mixes and sum(not v.is_source for v in chosen) < 3):
        raise UserError(
            f"{origin}: {mixes[0].name} is the one mean of all other models of a run: compare two others or more."
        )
    made_of = {variant.estimator.name for variant in chosen}
    for name in suite.search:
        if name not in made_of:
            raise UserError(f"{origin}: search.{name}: {unknown('estimator of this suite', name, made_of)}")
    for variant in chosen:
        _check_variant(variant, f"{origin}: {variant.name}")
        variant.portfolio("")  # A file that cannot be used is told now.
    for name, levels in suite.studies.items():
        _check_levels(name, levels, origin)
    if suite.repair is not None:
        _check_repair(suite, suite.repair, origin)
    for name in suite.claimed:
        if name not in labels:
            raise UserError(f"{origin}: claimed: {unknown('variant', name, labels)}")
    fitted = [str(condition) for condition in conditions(suite, "fitted")]
    for condition in suite.budgets:
        if condition not in fitted:
            raise UserError(f"{origin}: budgets: {unknown('condition', condition, [c for c in fitted if c])}")
    return suite


def _check_variant(variant: Variant, where: str) -> None:
    estimator, search = variant.estimator, variant.search
    for axis in search.axes or ():
        if axis not in estimator.space:
            raise UserError(f"{where}: {unknown('axis', axis, estimator.space)}")
    for parameter in [*search.base, *variant.fixed]:
        if parameter not in (known := {*estimator.base, *estimator.off}):
            raise UserError(f"{where}: base: {unknown('parameter', parameter, known)}")
    for option in search.options:
        if option not in (allowed := options(tuning.strategy(variant.strategy))):
            raise UserError(f"{where}: {unknown('option of its strategy', option, allowed)}")
    _check_options(variant, where)
    for name, value in {**search.base, **variant.fixed}.items():
        if not _is_plain(value):
            raise UserError(f"{where}: base: {name} is a number, a word, true, false, or a list of these.")
    for name, value in variant.fixed.items():
        searched = estimator.space.get(name)
        if isinstance(searched, Choice) and value not in searched.values:
            raise UserError(f"{where}: base: {unknown(f'value of {name}', str(value), map(str, searched.values))}")
        if isinstance(searched, Float | Int) and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise UserError(f"{where}: base: {name} is a number, given {value!r}.")
    try:
        variant.space.check(variant.base)
    except ValueError as error:
        raise UserError(f"{where}: {error}") from error


def _check_repair(suite: Suite, repair: RepairTable, origin: str) -> None:
    for name in repair.detectors:
        if name not in detectors.names():
            raise UserError(f"{origin}: repair.detectors: {unknown('detector', name, detectors.names())}")
    if "corruption" not in suite.studies:
        raise UserError(f"{origin}: repair: there is nothing to repair. Give studies.corruption too.")


def _check_sources(suite: Suite, origin: str) -> None:
    for source in suite.sources:
        for way in source.ways or ():
            if way not in (ways := (*OF_IMAGES, *OF_CLASSES)):
                raise UserError(f"{origin}: sources: {unknown('way', way, ways)}")
        try:
            estimators.get(source.backbone)
        except ValueError as error:
            raise UserError(f"{origin}: sources: backbone: {error}") from error
    names = [source.name for source in suite.sources]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UserError(f"{origin}: two sources are called {twice!r}: give folders or files of different names.")
    levels = suite.studies.get(TRANSFER, ())
    if suite.sources and (0 not in levels or len(levels) < 2):
        raise UserError(
            f"{origin}: sources are for the study transfer, at level 0, where they are learned, and others: give "
            "studies.transfer = [0, 10, 100]."
        )
    if levels and not suite.sources:
        raise UserError(
            f"{origin}: the study transfer starts from a source: give --source DATASET, or [[sources]] in a suite."
        )


def _check_options(variant: Variant, where: str) -> None:
    """Options of the type and the magnitude that the strategy takes: it would fail, or fill the memory, in the midst of a run."""
    chosen = variant.search.options
    usual = {name: p.default for name, p in inspect.signature(tuning.strategy(variant.strategy)).parameters.items()}
    for name, value in chosen.items():
        if wrong := _wrong_option(value, usual[name]):
            raise UserError(f"{where}: options: {name} is {wrong}, given {quoted(value)}.")
    if (points := chosen.get("points_per_axis")) and len(variant.space):
        sides = [len(axis.grid(points)) for axis in variant.space.values()]
        if math.prod(sides) > MOST_SETTINGS:
            raise UserError(
                f"{where}: options: a grid of {points} points per axis has more than {MOST_SETTINGS:,} settings."
            )
    if chosen.get("factor", 3) ** min(chosen.get("rungs", 1), 100) > MOST_SETTINGS:
        raise UserError(f"{where}: options: factor to the power of rungs is more than {MOST_SETTINGS:,}.")


def _wrong_option(value: Any, usual: Any) -> str:
    """What an option must be, if this is something else: as the usual value is."""
    if isinstance(usual, int) and not (type(value) is int and 1 <= value <= MOST_SETTINGS):
        return f"a whole number from 1 to {MOST_SETTINGS:,}"
    if isinstance(usual, float) and not _is_share(value):
        return "a number above 0 and at most 1"
    if isinstance(usual, str) and value not in METHODS:
        return f"one of {', '.join(METHODS)}"
    if isinstance(usual, tuple) and not (
        isinstance(value, list | tuple) and 0 < len(value) <= 20 and all(map(_is_share, value))
    ):
        return "a list of numbers above 0 and at most 1"
    return ""


def _is_share(value: Any) -> bool:
    return type(value) in (int, float) and 0 < value <= 1


def _is_plain(value: Any) -> bool:
    """Whether a value is one that JSON has and a ledger keeps."""
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | str) or (isinstance(value, int | float) and abs(value) < 2**63)


def _check_levels(name: str, levels: Sequence[Level], origin: str) -> None:
    try:
        study = studies.get(name)
        conditions = [study.condition(level) for level in levels]
    except (UserError, ValueError, OverflowError) as error:
        raise UserError(f"{origin}: studies.{shortened(name)}: {error}") from error
    if len(set(conditions)) < len(conditions):
        raise UserError(f"{origin}: studies.{name}: a level is given twice among {', '.join(map(str, levels))}.")


def conditions(suite: Suite, made: Literal["fitted", "evaluated"]) -> list[Condition]:
    """The conditions of a suite that need fits of their own, or evaluations of such fits alone, in its order.

    Cells are made for the fitted ones. The standard condition is among them where a study has it as a level, where there is
    no such study, and where one of the stage "evaluate" needs its fits.
    """
    found: dict[Condition, None] = {}
    chosen = {name: studies.get(name) for name in suite.studies}
    for name, levels in suite.studies.items():
        if (chosen[name].stage == "evaluate") == (made == "evaluated"):
            found |= dict.fromkeys(chosen[name].condition(level) for level in levels)
    if made == "evaluated":
        return [condition for condition in found if not condition.is_standard]
    if not found or any(study.stage == "evaluate" for study in chosen.values()):
        found.setdefault(STANDARD)
    return list(found)


def budget_of(suite: Suite, condition: Condition, seed: int) -> Budget:
    """What every variant has for search and final fit under a condition."""
    return suite.budgets.get(str(condition)) or studies.granted(suite.budget, condition, seed)


def cell_count(suite: Suite) -> int:
    """How many cells a suite has, if no data set lacks a condition."""
    return _cells_of(suite, variants(suite))


def _cells_of(suite: Suite, compared: Sequence[Variant]) -> int:
    under = conditions(suite, "fitted")
    each = sum(variant.runs_under(condition) for variant in compared for condition in under)
    return len(suite.datasets) * len(suite.seeds) * each


def shared_within(suite: Suite, within: str) -> Suite:
    """A suite whose variants have equal shares of a time that is for the whole run.

    Of that time, `STARTING` seconds are kept for imports, data and the report, and `EVALUATING` of the rest for evaluations.
    The share does not depend on what is done already, so that all sessions of a run have the same budget.

    Raises
    ------
    UserError : it is no time, or too short.
    """
    seconds = parse_budget(within).seconds
    if seconds is None:
        raise UserError(f"--within {within!r} is no time. Give for example 10m or 1h.")
    count = _cells_of(suite, [variant for variant in variants(suite) if not variant.estimator.is_ensemble])
    share = (1 - EVALUATING) * (seconds - STARTING) / count
    if share < LEAST_SHARE:
        least = math.ceil(LEAST_SHARE * count / (1 - EVALUATING) + STARTING)
        raise UserError(
            f"--within {within}: {count} searches and fits take at least {least} s. Give more time, or compare less."
        )
    return suite.model_copy(update={"budget": Budget(seconds=math.floor(10 * share) / 10), "budgets": {}})


def starting_from(source: str) -> dict[str, Any]:
    """What a suite needs besides to start from one source: in the target's box, and, for zero-shot and networks, without.

    Twenty seconds pay for a fit of the base setting, since most levels have few images, and forty for that on the source.
    """
    tables: list[dict[str, Any]] = [{"data": source}]
    if not SourceTable(data=source).is_model:
        tables.append({"data": source, "framed": False, "ways": ("all layers",)})
    return {"sources": tables, "search": {}, "budget": "20 s", "budgets": {f"{TRANSFER}=0": "40 s"}}


def options(propose: tuning.Strategy) -> list[str]:
    """The names of a strategy's options: its keyword-only parameters."""
    parameters = inspect.signature(propose).parameters.values()
    return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
