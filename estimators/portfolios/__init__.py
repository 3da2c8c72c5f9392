"""Portfolios: for each estimator an ordered list of good settings, learned on several data sets, which a search tries first.

``portfolios/svm.toml`` beside ``svm.py`` is that of `svm`; an estimator of one's own may have one in the same way. It is
written by ``python -m benchmarks.portfolios learn`` and holds the losses from which the order follows, so that the order can be
checked without fitting anything. A search on one of these data sets takes the order that was learned without it.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, NonNegativeInt, ValidationError

import estimators
from estimators.estimator import Estimator
from tuning.nearest import hint

BARE = re.compile(r"[A-Za-z0-9_-]+")  # a key that needs no quotes
HEAD = """\
# Settings of {estimator} that a search tries first, learned from validation scores.
# Written by the command below; "python -m benchmarks.portfolios check" finds the order again from the losses.
"""


class Task(BaseModel):
    """One data set at one size: the log-loss of every setting on the validation rows, NaN where it failed or was stopped.

    `rows` are the training rows, validation included; `effort` is that of the trials; `seconds` is what each of them took.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str
    rows: int
    effort: float
    losses: tuple[float, ...]
    seconds: tuple[float, ...]


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    estimator: str
    order: tuple[NonNegativeInt, ...]
    without: dict[str, tuple[NonNegativeInt, ...]] = {}
    learned: dict[str, Any] = {}
    base: dict[str, Any]
    settings: tuple[dict[str, Any], ...]
    tasks: tuple[Task, ...] = ()


@dataclass(frozen=True)
class Portfolio:
    """What was learned of an estimator.

    Parameters
    ----------
    settings : all that were compared, each with a value for every axis of the space.
    order : places in `settings`, those to try first.
    without : by data set the order that was learned without it.
    tasks : the losses, one per setting, by data set and size.
    learned : where it comes from: command, date, machine, libraries, seconds.
    """

    estimator: str
    settings: tuple[Mapping[str, Any], ...]
    order: tuple[int, ...]
    without: Mapping[str, tuple[int, ...]]
    tasks: tuple[Task, ...]
    learned: Mapping[str, Any]

    def on(self, dataset: str) -> tuple[dict[str, Any], ...]:
        """The settings to try first on a data set: without what was learned from that data set itself."""
        return tuple(dict(self.settings[place]) for place in self.without.get(dataset, self.order))


def file_of(reference: str) -> Path:
    """Where the portfolio of an estimator is, or would be.

    Raises
    ------
    ValueError : there is no such estimator.
    """
    path = estimators.file_of(reference)
    return path.parent / "portfolios" / f"{path.stem}.toml"


def portfolio(reference: str, dataset: str) -> tuple[dict[str, Any], ...]:
    """The settings that a search of an estimator tries first on a data set, complete and in order; () where there are none.

    Parameters
    ----------
    reference : name of the estimator, or the path of its file.
    dataset : name of the data set. What was learned on it is left out.

    Raises
    ------
    ValueError : no such estimator, or a portfolio that is not fit for it.
    """
    path = file_of(reference)
    if not path.exists():
        return ()
    estimator = estimators.get(reference)
    return tuple(estimator.base | setting for setting in read(path, estimator).on(dataset))


def read(path: Path, estimator: Estimator) -> Portfolio:
    """Read a portfolio and check it against the space of its estimator.

    Raises
    ------
    ValueError : it cannot be read, or does not fit; one line that says where.
    """
    try:
        file = _File(**tomllib.loads(path.read_text(encoding="utf-8")))
        return _checked(file, estimator)
    except OSError as error:
        reason = error.strerror or str(error)
    except ValidationError as error:
        first = error.errors()[0]
        reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    except ValueError as error:  # TOML that is none is one too.
        reason = str(error)
    raise ValueError(
        f"The portfolio {path} cannot be used: {reason}. Learn it again with 'python -m benchmarks.portfolios learn', or delete it."
    )


def _checked(file: _File, estimator: Estimator) -> Portfolio:
    space = estimator.space
    if file.estimator != estimator.name:
        raise ValueError(f"it is that of {file.estimator!r}, not of {estimator.name!r}")
    settings = tuple({name: plain(value) for name, value in (file.base | own).items()} for own in file.settings)
    for place, setting in enumerate(settings):
        for name in setting:
            if name not in space:
                raise ValueError(f"settings.{place}: there is no axis {name!r}.{hint(name, space)}")
        # An axis that the estimator was given since keeps the value of its base.
        space.check({name: estimator.base[name] for name in space} | setting)
    orders = {"order": file.order} | {f"without.{name}": order for name, order in file.without.items()}
    for where, order in orders.items():
        if len(set(order)) < len(order) or max(order, default=0) >= len(settings):
            raise ValueError(f"{where} must be distinct places in the {len(settings)} settings, given {list(order)}")
    for task in file.tasks:
        if not len(task.losses) == len(task.seconds) == len(settings):
            raise ValueError(
                f"{task.dataset} of {task.rows} rows has {len(task.losses)} losses and {len(task.seconds)} times for "
                f"{len(settings)} settings"
            )
    return Portfolio(file.estimator, settings, file.order, file.without, file.tasks, file.learned)


def write(path: Path, portfolio: Portfolio, base: Mapping[str, Any]) -> None:
    """Write a portfolio as TOML.

    Parameters
    ----------
    base : the setting from which the others are told by what differs.
    """
    differing = [
        {name: value for name, value in setting.items() if value != base[name]} for setting in portfolio.settings
    ]
    lines = [HEAD.format(estimator=portfolio.estimator), f"estimator = {toml(portfolio.estimator)}"]
    lines += [f"order = {toml(portfolio.order)}  # places in the settings below, from 0", "", "[without]"]
    lines += _pairs(portfolio.without)
    for title, table in (("learned", portfolio.learned), ("base", base)):
        lines += ["", f"[{title}]", *_pairs(table)]
    for place, setting in enumerate(differing):
        lines += ["", f"[[settings]]  # {place}", *_pairs(setting)]
    for task in portfolio.tasks:
        lines += ["", "[[tasks]]", *_pairs(dict(task))]
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    temporary.replace(path)


def toml(value: Any) -> str:
    """A value as TOML has it, in one line.

    Raises
    ------
    ValueError : TOML has no such value; None is one.
    """
    if isinstance(value, Mapping):
        return f"{{ {', '.join(_pairs(value))} }}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, bool | str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int | float):
        return repr(value)  # nan and inf are written alike
    raise ValueError(f"TOML has no value {value!r}")


def _pairs(table: Mapping[str, Any]) -> list[str]:
    return [f"{name if BARE.fullmatch(name) else toml(name)} = {toml(value)}" for name, value in table.items()]


def plain(value: Any) -> Any:
    """A value of an axis again: TOML and JSON have lists where an axis has tuples."""
    return tuple(map(plain, value)) if isinstance(value, list) else value
