"""``run.json``, checked: it may have been edited, and it names folders. What it tells beside this is nobody's concern."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictFloat, StrictInt, StrictStr, ValidationError

from benchmarks.errors import UserError
from benchmarks.safety.names import fault, shortened, told


def _folder(name: str) -> str:
    if wrong := fault(name):
        raise ValueError(f"a name of a folder {wrong}")
    return name


Name = Annotated[StrictStr, AfterValidator(_folder)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Level = StrictInt | Annotated[StrictFloat, Field(allow_inf_nan=False)] | StrictStr


class _Told(BaseModel):
    model_config = ConfigDict(extra="allow")


class _Variant(_Told):
    estimator: str
    family: Literal["classical", "deep", ""]
    reference: str = ""
    prior_knowledge: str = ""
    base: dict[str, Any] = {}
    search: dict[str, Any] = {}


class _Study(_Told):
    stage: Literal["search", "train", "both", "evaluate"]
    title: str = ""
    axis: str = ""
    standard: Level | None = None
    levels: list[Level] = []


class _Condition(_Told):
    study: str
    level: Level
    value: Number | None


class _Environment(_Told):
    libraries: dict[str, str | None] = {}
    memory_bytes: Number | None = None
    cores: Number | None = None


class _Session(_Told):
    started: str = ""
    ended: str | None = None
    seconds: Number | None = None
    environment: _Environment = _Environment()


class _Claims(_Told):
    told: str = ""
    accuracies: dict[str, Number] = {}


class Info(_Told):
    """What run.json must hold where it holds it; `benchmarks.run.describe` writes most of it."""

    suite: str
    title: str = ""
    crossover: str = ""
    datasets: Annotated[list[Name], Field(min_length=1)]
    fingerprints: dict[str, str] = {}
    variants: Annotated[dict[Name, _Variant], Field(min_length=1)]
    seeds: Annotated[list[Annotated[StrictInt, Field(ge=0, lt=2**63)]], Field(min_length=1)]
    budget: str = ""
    budgets: dict[str, str] = {}
    validation_share: Number | None = None
    studies: dict[str, _Study] = {}
    test_images: Annotated[StrictInt, Field(gt=0)] | None = None
    conditions: Annotated[list[_Condition], Field(min_length=1)]
    claims: _Claims = _Claims()
    framings: dict[str, dict[str, Any]] = {}
    portfolios: dict[str, dict[str, list[dict[str, Any]]]] = {}
    code: dict[str, dict[str, str]] = {}
    notes: list[str] = []
    executor: str | None = None
    workers: int | None = None
    threads: Number | None = None
    command: str | None = None
    created: str | None = None
    sessions: list[_Session] = []


def checked(info: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The content of a run.json as it is, its texts printable.

    Raises
    ------
    UserError : something in it is not what it must be.
    """
    try:
        Info.model_validate(dict(info))
        for fields in info["conditions"]:
            if fields["study"] and (wrong := fault(f"{fields['study']}={fields['level']}")):
                raise UserError(f"{path} is damaged: a condition {wrong}.")
    except ValidationError as error:
        first = error.errors()[0]
        where = shortened(".".join(map(str, first["loc"])))
        raise UserError(f"{path} is damaged: {where}: {first['msg'].removeprefix('Value error, ')}.") from error
    if len(set(info["datasets"])) < len(info["datasets"]):
        raise UserError(f"{path} is damaged: it names a data set twice.")
    return printed(info, path)


def printed(content: Any, path: Path) -> Any:
    """The content of a JSON file with what cannot be printed escaped in all of its texts.

    Raises
    ------
    UserError : it has lists in lists without end.
    """
    try:
        return _printed(content)
    except RecursionError as error:
        raise UserError(f"{path} is damaged: it has lists in lists without end.") from error


def _printed(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isprintable() else told(value)
    if isinstance(value, Mapping):
        return {_printed(name): _printed(part) for name, part in value.items()}
    return [_printed(part) for part in value] if isinstance(value, list) else value
