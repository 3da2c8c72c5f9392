"""Learn which settings of an estimator to try first, from validation scores on the data sets at hand.

    python -m benchmarks.portfolios learn --hours 10       # every estimator, data set and size; writes estimators/portfolios/
    python -m benchmarks.portfolios check                  # the orders follow from the losses in the files
    python -m benchmarks.portfolios regret runs/portfolios # what the portfolios buy, each data set with the order learned without it

Learning compares the same settings of an estimator on every task, a data set at one size, by ordinary trials in an ordinary run
folder. No test image is looked at. It goes round by round, one setting of every estimator on every task, so that whenever it
stops the tables are full up to a setting. The same command goes on from there.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

import estimators
from benchmarks.cell import Cell, cells, possible
from benchmarks.data import datasets
from benchmarks.data.images import Dataset
from benchmarks.errors import Unavailable, UserError
from benchmarks.execution.executors import Execute, executor, fitting_workers
from benchmarks.ledger import Ledger, read_table
from benchmarks.run import opened, read_info
from benchmarks.suite import Suite, make_suite
from benchmarks.variant import Search, Variant
from estimators.estimator import Estimator
from estimators.models.threads import threads
from estimators.portfolios import Portfolio, Task, file_of, read, toml, write
from tuning import candidates, greedy

if TYPE_CHECKING:
    import pandas as pd

DATASETS = ("mnist", "fashion-mnist", "cifar-10", "usps", "digits", "emnist47-subset", "handwritten62-subset")
# Data sets of the same images, or of some of them.
SAME = {"digit-recognizer": "mnist", "mnist-c": "mnist", "emnist-balanced": "emnist47-subset"}
SIZES = (1_000, 10_000)  # training rows; of a data set with fewer than the last, all of them
SETTINGS = 24  # compared of each estimator
LENGTH = 5  # of a portfolio, at most
EFFORTS: Sequence[float] = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
PROBES = (1 / 32, 1 / 8)  # at which the base setting is timed
CHANCE = 0.9  # of the log-loss of guessing: above it a trial tells nothing

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)


def learn(
    folder: Path,
    *,
    names: Sequence[str] = DATASETS,
    glob: str = "*",
    hours: float = math.inf,
    seconds: float = 20.0,
    limit: float = 60.0,
    settings: int = SETTINGS,
    sizes: Sequence[int] = SIZES,
    data_dir: Path | None = None,
    execute_by: str = "local",
    command: str = "",
) -> None:
    """Try what is missing of the settings of every estimator on every task; the ledger in `folder` keeps it.

    Parameters
    ----------
    names : data sets, by name or path; those that are not at hand are left out, loudly.
    glob : which estimators.
    hours : of trials, those of earlier sessions included, after which it stops.
    seconds : that a trial of the base setting may take; all settings are tried at the effort that this allows.
    limit : seconds at which a trial is stopped, which counts as the worst loss.
    settings : compared of each estimator.

    Raises
    ------
    UserError : no data, no such estimator, or a folder that belongs to other data sets, sizes or estimators.
    """
    try:
        chosen = estimators.select(glob)
    except ValueError as error:
        raise UserError(str(error)) from error
    proposed = {e.name: candidates(e.space, e.base, settings) for e in chosen}
    for estimator in chosen:
        try:
            toml(proposed[estimator.name])
        except ValueError as error:  # Better now than after hours.
            raise UserError(f"{estimator.name}: its portfolio cannot be written: {error}.") from error
    data, notes = at_hand(names, data_dir)
    for note in notes:
        _say(f"WARNING: {note}")
    suite = _suite(data, glob.split(","), chosen, sizes, limit)
    todo = [cell for dataset in data for cell in _tasks(suite, dataset)]
    _say(f"{len(todo)} tables of {settings} settings; trials are kept in {folder}/")
    rows = {dataset.name: len(dataset.train) for dataset in data}
    facts = {"notes": notes, "executor": execute_by, "workers": 1, "threads": threads(), "command": command}
    facts |= {"rows": rows, "settings": settings}
    with (
        opened(folder, suite, data, todo, _say, **facts) as ledger,
        executor(execute_by, fitting_workers(1)) as execute,
    ):
        trials = _Trials(ledger, execute, 3600 * hours)
        efforts = [trials.effort(cell, seconds) for cell in todo]
        for number in range(1, settings):
            trials.run(
                (cell, proposed[cell.variant.name][number], effort)
                for cell, effort in zip(todo, efforts, strict=True)
                if effort and number < len(proposed[cell.variant.name])
            )
        _say(f"{trials.spent / 3600:.2f} hours of trials in all")


class _Trials:
    """Runs trials that are not in the ledger, until the seconds are spent."""

    def __init__(self, ledger: Ledger, execute: Execute, granted: float) -> None:
        self.ledger, self.execute, self.granted = ledger, execute, granted
        rows = ledger.rows("trials")
        self.known = {row["key"]: row for row in rows}
        self.spent = sum(row["seconds"] or 0.0 for row in rows)
        self.numbers = Counter((row["dataset"], row["condition"], row["variant"]) for row in rows)

    def effort(self, cell: Cell, seconds: float) -> float:
        """The effort for all settings of a task, by what the base setting takes; 0 where there is none. See `next_effort`."""
        took: dict[float, float] = {}
        dull: set[float] = set()
        left = EFFORTS
        effort = next_effort(took, dull, left, seconds)
        while effort and effort not in took:
            self.run([(cell, cell.variant.base, effort)])
            row = self.known.get(cell.job("trial", cell.variant.base, effort=effort, folds=cell.folds).key)
            if row is None:  # All time is spent.
                return 0.0
            if row["status"] == "ok":
                took[effort] = row["seconds"]
                if row["log_loss"] > CHANCE * math.log(len(cell.dataset.classes)):
                    dull.add(effort)
            else:
                left = tuple(e for e in left if e < effort)
            effort = next_effort(took, dull, left, seconds)
        return effort

    def run(self, asked: Iterable[tuple[Cell, Mapping[str, Any], float]]) -> None:
        """Run the trials (cell, setting, effort) and write their rows."""
        running: dict[str, tuple[Cell, Mapping[str, Any]]] = {}

        def missing() -> Iterator[Any]:
            for cell, params, effort in asked:
                if self.spent >= self.granted:
                    return
                job = cell.job("trial", params, effort=effort, folds=cell.folds)
                if job.key not in self.known:
                    running[job.key] = cell, params
                    yield job

        for job, answer in self.execute(missing()):
            cell, params = running[job.key]
            place = (cell.dataset.name, str(cell.condition), cell.variant.name)
            self.numbers[place] += 1
            row = cell.where | cell.made_of | answer.row()
            row |= {
                "number": self.numbers[place],
                "key": job.key,
                "code": job.code,
                "strategy": "portfolio",
                "round": 1,
            }
            row |= {"effort": job.effort, "params": dict(params), "finished": time.time()}
            self.ledger.write("trials", row)
            self.known[job.key] = row
            self.spent += answer.seconds
            outcome = f"log-loss {_loss(row):.4f}" if answer.ok else answer.status
            _say(
                f"{cell.name}: setting {self.numbers[place]} at effort {job.effort:.2g}: {outcome}, {answer.seconds:.1f} s"
            )


def next_effort(took: Mapping[float, float], dull: Collection[float], left: Sequence[float], seconds: float) -> float:
    """The effort to try, or, where it was tried, to take: the highest at which a trial takes no more than `seconds`.

    Two cheap trials come first, and tell what a fit takes to start and how it grows: a network of few images spends more on
    the start than on the training. If all are too expensive, it is the lowest that tells something. 0 where none does.

    Parameters
    ----------
    took : seconds by effort.
    dull : efforts at which the base setting is hardly better than guessing.
    left : efforts at which no trial failed, growing.
    """
    if probes := [effort for effort in PROBES if effort in left and effort not in took]:
        return probes[0]
    telling = [effort for effort in left if effort > max(dull, default=0.0)]
    if not took or not telling:
        return 0.0
    low, high = sorted(took)[0], sorted(took)[-1]
    slope = max(0.0, took[high] - took[low]) / (high - low) if high > low else took[high] / high
    affordable = [e for e in telling if took.get(e, took[high] + slope * (e - high)) <= seconds]
    return max(affordable, default=telling[0])


def at_hand(names: Sequence[str], data_dir: Path | None) -> tuple[list[Dataset], list[str]]:
    """The data sets of these names or paths that can be had, and a note on each of the others.

    A name that is not registered is looked for as a folder in `data_dir` and ``$CROSSOVER_DATA``.

    Raises
    ------
    UserError : none can be had.
    """
    found, notes = [], []
    for name in names:
        place = datasets.located(name, data_dir)
        try:
            found.append(datasets.load(place, data_dir))
        except Unavailable as error:
            notes.append(f"{name} is left out: {error}")
        except UserError as error:
            if place != name:
                raise
            notes.append(f"{name} is left out: {error}")
    if not found:
        raise UserError(
            f"None of the data sets {', '.join(names)} is at hand. Put their files where $CROSSOVER_DATA says."
        )
    return found, notes


def _suite(
    data: Sequence[Dataset], references: Sequence[str], chosen: Sequence[Estimator], sizes: Sequence[int], limit: float
) -> Suite:
    paths = {Path(reference).stem: reference for reference in references if reference.endswith(".py")}
    content = {
        "name": "portfolios",
        "title": "Portfolios: settings compared on every data set and size",
        "datasets": [dataset.name for dataset in data],
        "estimators": [paths.get(estimator.name, estimator.name) for estimator in chosen],
        "budget": f"{SETTINGS} trials",
        "studies": {"sizes": [*sizes, "all"]},
        "limits": {"seconds": limit},
        "search": {estimator.name: {"portfolio": False} for estimator in chosen},
    }
    return make_suite(content, origin="portfolios")


def _tasks(suite: Suite, dataset: Dataset) -> list[Cell]:
    """The cells of a data set at each size, and with all its rows if they are fewer than the largest size."""
    largest = max(level for level in suite.studies["sizes"] if isinstance(level, int))
    conditions = possible(suite, dataset)[0]
    of_size = [c for c in conditions if not c.is_standard]
    wanted = of_size if len(dataset.train) > largest else conditions
    return [cell for cell in cells(suite, [dataset]) if cell.condition in wanted]


def tables(folder: Path) -> dict[str, tuple[list[dict[str, Any]], list[Task]]]:
    """By estimator the settings that were tried on every task, and the tasks with their losses; from the ledger.

    A task whose base setting failed is left out.
    """
    info, found = read_info(folder), {}
    trials = read_table(folder, "trials", losses=True)
    for reference in (about["reference"] for about in info["variants"].values()):
        estimator = estimators.get(reference)
        proposed = {_name(params): params for params in candidates(estimator.space, estimator.base, info["settings"])}
        tasks = []
        for (dataset, condition), rows in trials[trials["variant"] == estimator.name].groupby(
            ["dataset", "condition"], sort=False
        ):
            # At the others base was tried, to find out what a trial takes.
            effort = max(rows["effort"].unique(), key=lambda e: (rows["effort"].eq(e).sum(), e))
            at = {_name(row["params"]): row for row in rows[rows["effort"] == effort].to_dict("records")}
            if len(at) > 1 and at.get(_name(estimator.base), {}).get("status") == "ok":
                size = int(str(condition).partition("=")[2] or info["rows"][dataset])
                tasks.append((str(dataset), size, float(effort), at))
        tried = [name for name in proposed if tasks and all(name in at for *_, at in tasks)]
        found[estimator.name] = (
            [{axis: proposed[name][axis] for axis in estimator.space} for name in tried],
            [
                Task(
                    dataset=d,
                    rows=n,
                    effort=e,
                    losses=tuple(_loss(at[name]) for name in tried),
                    seconds=tuple(round(at[name]["seconds"], 2) for name in tried),
                )
                for d, n, e, at in tasks
            ],
        )
    return found


def _loss(row: Mapping[str, Any]) -> float:
    """Log-loss on all validation rows, of which a search picks with one half and confirms with the other; NaN for a failure."""
    if row["status"] != "ok":
        return math.nan
    halves = [row["log_loss"], *([float(np.mean(row["losses"]))] if len(row["losses"]) else [])]
    return round(float(np.mean(halves)), 5)


def _name(params: Mapping[str, Any]) -> str:
    """The same for a setting and what a ledger has of it."""
    return json.dumps(params, sort_keys=True)


def arranged(
    estimator: str,
    settings: Sequence[Mapping[str, Any]],
    tasks: Sequence[Task],
    learned: Mapping[str, Any],
    length: int = LENGTH,
) -> Portfolio:
    """The portfolio that follows from a table of losses: its settings come first, in order, then the others.

    For each data set there is an order of its own, learned without it and without those of the same images.
    """
    first = _order(tasks, length)
    places = [*first, *(place for place in range(len(settings)) if place not in first)]
    tasks = [
        task.model_copy(
            update={
                "losses": tuple(task.losses[i] for i in places),
                "seconds": tuple(task.seconds[i] for i in places),
            }
        )
        for task in tasks
    ]
    kinds = [SAME.get(task.dataset, task.dataset) for task in tasks]
    names = [*dict.fromkeys([*(task.dataset for task in tasks), *kinds, *(a for a, b in SAME.items() if b in kinds)])]
    without = {
        name: tuple(_order([t for t, kind in zip(tasks, kinds, strict=True) if kind != SAME.get(name, name)], length))
        for name in names
    }
    order = tuple(range(len(first)))
    return Portfolio(estimator, tuple(settings[i] for i in places), order, without, tuple(tasks), dict(learned))


def _order(tasks: Sequence[Task], length: int) -> list[int]:
    return greedy([task.losses for task in tasks], [task.seconds for task in tasks], length) if tasks else []


def write_portfolios(folder: Path, out: Path | None = None) -> list[Path]:
    """Write the portfolio of every estimator that a learning has told enough of; returns the paths.

    Parameters
    ----------
    folder : of the learning.
    out : folder for the files; None puts each where a search looks for it.
    """
    info, written = read_info(folder), []
    machine = info["sessions"][-1]["environment"]
    for name, (settings, tasks) in tables(folder).items():
        if len(settings) < 2 or len({SAME.get(task.dataset, task.dataset) for task in tasks}) < 2:
            _say(f"{name}: too little was tried to learn from: two settings on two data sets are the least")
            continue
        reference = info["variants"][name]["reference"]
        learned = {
            "command": info["command"],
            "date": datetime.now(UTC).date().isoformat(),
            "crossover": info["crossover"],
            "machine": f"{machine['cpu']}, {machine['cores']} cores, GPU: {machine['gpu']}",
            "python": machine["python"],
            "libraries": {library: version for library, version in machine["libraries"].items() if version},
            "seconds": round(sum(sum(task.seconds) for task in tasks), 1),
            "length": LENGTH,
        }
        path = _path(reference, out)
        portfolio = arranged(name, settings, tasks, learned)
        write(path, portfolio, {axis: estimators.get(reference).base[axis] for axis in settings[0]})
        written.append(path)
        _say(f"{path}: {len(portfolio.order)} of {len(settings)} settings, from {len(tasks)} tasks")
    return written


def check(path: Path, estimator: Estimator) -> str:
    """What is wrong with the orders in a portfolio's file, going by its losses; "" if nothing is.

    Raises
    ------
    ValueError : it cannot be read, or does not fit the estimator.
    """
    there = read(path, estimator)
    if not there.tasks:
        return "there are no losses in it to follow from"
    length = there.learned.get("length", LENGTH)
    again = arranged(there.estimator, there.settings, there.tasks, there.learned, length)
    if (again.order, again.settings) != (there.order, there.settings):
        return "the order does not follow from the losses"
    wrong = [name for name in again.without if again.without[name] != there.without.get(name)]
    return f"the order without {', '.join(wrong)} does not follow from the losses" if wrong else ""


def regret(folder: Path, portfolios: Path | None = None) -> pd.DataFrame:
    """What the portfolio of an estimator would have found in recorded trials, beside the base setting and all of them.

    Trials of a cell are compared at the highest effort at which the base setting and another one were ok. On a data set that
    the portfolio was learned on, the order learned without it is taken. The same validation rows choose and judge, here and
    there: compare the columns with each other.

    Parameters
    ----------
    folder : of a run, or of a learning.
    portfolios : folder of the files; None takes each from its place.

    Returns
    -------
    One row per cell: ``base``, ``portfolio`` and ``all`` are log-losses, of the base setting, of the best setting of the
    portfolio or base, and of the best of all trials; ``random`` is expected of as many trials drawn at random;
    ``kept`` is the share of the gain of all that the portfolio has; ``tried`` of the portfolio and ``trials`` in all are
    counts beside base; ``seconds`` and ``seconds_all`` what they took.
    """
    import pandas as pd

    info, found = read_info(folder), []
    trials = read_table(folder, "trials", losses=True)
    for (dataset, condition, variant, seed), rows in trials.groupby(
        ["dataset", "condition", "variant", "seed"], sort=False
    ):
        about = info["variants"][variant]
        compared = Variant(variant, about["reference"], about["base"], Search(**about["search"]))
        path = _path(compared.reference, portfolios)
        if not path.exists():
            continue
        base = _name(rows.iloc[0]["params"])
        rows = rows[rows["status"] == "ok"].assign(setting=lambda frame: frame["params"].map(_name))
        efforts = [e for e, at in rows.groupby("effort") if base in set(at["setting"]) and len(at) > 1]
        if not efforts:
            continue
        at = rows[rows["effort"] == max(efforts)].drop_duplicates("setting").set_index("setting")
        loss = {name: _loss(row) for name, row in at.to_dict("index").items()}
        settings = compared.restricted(read(path, compared.estimator).on(dataset))
        mine = [name for name in map(_name, settings) if name in loss]
        others = [value for name, value in loss.items() if name != base]
        best, reached = min(loss.values()), min([loss[base], *(loss[name] for name in mine)])
        found.append(
            {
                "estimator": variant,
                "dataset": dataset,
                "condition": condition,
                "seed": seed,
                "effort": max(efforts),
                "base": loss[base],
                "portfolio": reached,
                "random": _expected_best(np.minimum(others, loss[base]), len(mine)) if mine else loss[base],
                "all": best,
                "kept": (loss[base] - reached) / (loss[base] - best) if loss[base] > best else 1.0,
                "tried": len(mine),
                "trials": len(others),
                "seconds": at.loc[[base, *mine], "seconds"].sum(),
                "seconds_all": at["seconds"].sum(),
            }
        )
    return pd.DataFrame(found)


def _path(reference: str, folder: Path | None) -> Path:
    path = file_of(reference)
    return path if folder is None else folder / path.name


def _expected_best(values: Sequence[float] | np.ndarray, count: int) -> float:
    """The expected minimum of so many values, drawn without replacement."""
    ordered = np.sort(values)
    ways = [math.comb(len(ordered) - place - 1, count - 1) for place in range(len(ordered))]
    return float(np.dot(ordered, ways) / math.comb(len(ordered), count))


Glob = Annotated[str, typer.Option("--estimators", help="Names or files, separated by commas; patterns are allowed.")]
Out = Annotated[Path | None, typer.Option(help="Folder of the portfolios' files. Each has its own place if not given.")]


@app.command("learn")
def _learn(
    run: Annotated[Path, typer.Option(help="Folder for the trials.")] = Path("runs/portfolios"),
    glob: Glob = "*",
    names: Annotated[
        list[str] | None, typer.Option("--dataset", help="Names or paths; may be given several times.")
    ] = None,
    hours: Annotated[float, typer.Option(help="Of trials, over all sessions. 0 writes what is there.")] = 10.0,
    seconds: Annotated[float, typer.Option(help="That a trial of the base setting may take.")] = 20.0,
    limit: Annotated[float, typer.Option(help="Seconds at which a trial is stopped.")] = 60.0,
    settings: Annotated[int, typer.Option(help="Compared of each estimator.")] = SETTINGS,
    sizes: Annotated[str, typer.Option(help="Training rows, separated by commas.")] = ",".join(map(str, SIZES)),
    data: Annotated[Path | None, typer.Option(help="Folder of the data sets, before $CROSSOVER_DATA.")] = None,
    out: Out = None,
) -> None:
    """Compare settings on every data set and size at hand, and write the portfolios."""
    if hours > 0:
        # Folders of this machine are nobody's business.
        typed = (Path(word).name if os.sep in word else word for word in sys.argv[1:])
        learn(
            run,
            names=names or DATASETS,
            glob=glob,
            hours=hours,
            seconds=seconds,
            limit=limit,
            settings=settings,
            sizes=[_whole(part) for part in sizes.split(",")],
            data_dir=data,
            command=" ".join(["python -m benchmarks.portfolios", *typed]),
        )
    write_portfolios(run, out)


@app.command("check")
def _check(glob: Glob = "*", out: Out = None) -> None:
    """Find the orders again from the losses in the files, without fitting anything."""
    wrong = False
    for estimator in estimators.select(glob):
        path = _path(estimator.name, out)
        if path.exists():
            problem = check(path, estimator)
            wrong = wrong or bool(problem)
            print(f"{estimator.name}: {problem or 'ok'}")
        else:
            print(f"{estimator.name}: has no portfolio")
    raise typer.Exit(1 if wrong else 0)


@app.command("regret")
def _regret(folders: list[Path], out: Out = None) -> None:
    """Tell what the portfolios find in the trials of runs, beside the base setting and all trials."""
    for folder in folders:
        table = regret(folder, out)
        print(f"{folder}: " + ("no trials to compare" if table.empty else "log-loss on the validation rows"))
        if not table.empty:
            means = table.groupby("estimator", sort=False)[["kept", "tried", "trials", "seconds", "seconds_all"]].mean()
            print(table.round(4).to_string(index=False), "\n\nMeans:\n", means.round(2).to_string(), sep="")


def _whole(text: str) -> int:
    if not text.strip().isdecimal() or not int(text):
        raise UserError(f"{text!r} is no number of training rows. Give for example --sizes 1000,10000.")
    return int(text)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """The command line; a mistake of the user is one line and exit code 2."""
    try:
        app()
    except (UserError, ValueError) as error:
        _say(f"Error: {error}")
        sys.exit(2)


if __name__ == "__main__":
    main()
