"""The leaderboard: one row per (data set, variant), best first, failures included."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from benchmarks.safety.sheets import csv_text
from reports.analysis import metrics
from reports.analysis.comparison import compared, letters
from reports.analysis.effort import efforts
from reports.analysis.intervals import accuracy_interval
from reports.drawing import formats
from reports.drawing.formats import COUNT, MILLISECONDS, PERCENT, SECONDS, TEXT, YES_NO, Format
from reports.run import Run, members_of

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WHO = {
    "dataset": TEXT,
    "variant": TEXT,
    "estimator": TEXT,
    "family": TEXT,
    "strategy": TEXT,
    "setting": TEXT,
    "seeds": COUNT,
}
OF_ACCURACY = {"accuracy_low": PERCENT, "accuracy_high": PERCENT, "accuracy_spread": PERCENT, "letters": TEXT}
COSTS = {
    "search_seconds": SECONDS,
    "fit_seconds": SECONDS,
    "predict_seconds": SECONDS,
    "latency_ms": MILLISECONDS,
    "latency_p95_ms": MILLISECONDS,
    "model_bytes": formats.BYTES,
    "parameters": COUNT,
    "trials": COUNT,
    "failed_trials": COUNT,
}
REST = {
    "params": TEXT,
    "fit_effort": PERCENT,
    "flattened": YES_NO,
    "validation_score": PERCENT,
    "backend": TEXT,
    "status": TEXT,
    "reason": TEXT,
}
MEANS = [
    "fit_seconds",
    "predict_seconds",
    "latency_ms",
    "latency_p95_ms",
    "model_bytes",
    "parameters",
    "validation_score",
]


def columns() -> dict[str, Format]:
    """The columns of `frame` with their formats, in order. Those of accuracy come right behind it."""
    scores: dict[str, Format] = {}
    for metric in metrics.METRICS:
        scores |= {metric.name: metric.format} | (OF_ACCURACY if metric.name == "accuracy" else {})
    return WHO | scores | COSTS | REST


Room = Literal["narrow", "page", "wide"]


@dataclass(frozen=True)
class Column:
    """A column of the leaderboard as readers see it.

    Parameters
    ----------
    sorts_by : the column of `frame` that it sorts by.
    heading : with the unit.
    write : the text for a row of `frame`.
    explanation : one line.
    room : the least room in which it is shown: a "narrow" terminal, the "page", or a "wide" terminal. The files have all
        columns, and the page has the wide ones in a table of their own.
    timed : whether it holds times, which may not be comparable between runs.
    kind : "number", or "phrase" for words.
    """

    sorts_by: str
    heading: str
    write: Callable[[Any], str]
    explanation: str
    room: Room = "wide"
    timed: bool = False
    kind: Literal["number", "phrase"] = "number"


INTERVAL = Column(
    "accuracy_low",
    "95 % interval",
    lambda row: formats.interval(row.accuracy_low, row.accuracy_high),
    "where the accuracy on more such images would lie, and for several seeds with other seeds too; Wilson, of as many "
    "images as the uncertainty amounts to",
    room="narrow",
)
LETTERS = Column(
    "accuracy",
    "tied",
    lambda row: row.letters or formats.GAP,
    "models that share a letter are tied: paired test on the same images, Holm-corrected, 5 %",
    room="narrow",
)
SETTING = Column(
    "setting",
    "setting",
    lambda row: row.setting or formats.GAP,
    "how far it was searched for: tuned, lightly searched, or the default",
    room="page",
    kind="phrase",
)


def _cost(name: str, heading: str, write: Callable[[Any], str], explanation: str, room: Room = "wide") -> Column:
    timed = COSTS[name] in (SECONDS, MILLISECONDS)
    return Column(name, heading, lambda row: write(getattr(row, name)), explanation, room, timed)


def _tenths(seconds: Any) -> str:
    return formats.number(seconds, 1)


SHOWN_COSTS = (
    _cost("search_seconds", "search s", _tenths, "the search of a seed", "narrow"),
    _cost("fit_seconds", "fit s", _tenths, "the final fit", "narrow"),
    _cost("predict_seconds", "predict s", formats.number, "all test images at once"),
    _cost("latency_ms", "one image ms", formats.number, "median time to label one image", "narrow"),
    _cost("model_bytes", "size MB", formats.megabytes, "the saved model, in 10⁶ bytes", "narrow"),
    _cost("parameters", "parameters", formats.count, "numbers learned"),
    _cost("trials", "trials", formats.count, "trials that ran, of a seed as all costs are", "page"),
    _cost("failed_trials", "failed", formats.count, "trials that ran and came to nothing, in all seeds", "narrow"),
)


def shown_columns() -> tuple[Column, ...]:
    """The columns that readers see behind estimator and family, in order: the metrics, then the costs."""
    shown: list[Column] = []
    for metric in metrics.METRICS:
        if metric.name == "accuracy":
            shown += [_scored(metric, "narrow"), INTERVAL, LETTERS, SETTING]
        else:
            shown.append(_scored(metric, "page" if metric.name == "log_loss" else "wide"))
    return (*shown, *SHOWN_COSTS)


def _scored(metric: metrics.Metric, room: Room) -> Column:
    heading = metric.format.called(metric.heading).heading(metric.name, mark=" ")
    better = "higher" if metric.higher_is_better else "lower"
    explanation = f"{metric.explanation}; {better} is better"
    return Column(metric.name, heading, lambda row: metric.format.write(getattr(row, metric.name)), explanation, room)


def frame(run: Run) -> pd.DataFrame:
    """The leaderboard of a run.

    Returns
    -------
    One row per (data set, variant), per data set the best first; columns as in `columns`. Scores, costs and sizes are
    means over the seeds that succeeded. ``accuracy_spread`` is the standard deviation of the accuracy over seeds.
    Variants of a data set that share one of the ``letters`` are tied (`reports.analysis.comparison.letters`).
    ``params`` is the JSON text of the setting fitted, of the seed with the best validation score. ``status`` is "ok",
    "partial" (some seeds failed), "unfinished" (nothing recorded yet), or what went wrong; then the scores are missing
    and ``reason`` says why. ``setting``, ``fit_effort`` and ``flattened`` are those of `reports.analysis.effort.Effort`.
    """
    return run.once(("leaderboard", metrics.METRICS), lambda: _frame(run)).copy()


def scores(run: Run, dataset: str) -> pd.DataFrame:
    """The rows of the leaderboard of one data set that have a score, best first."""
    board = frame(run)
    return board[(board["dataset"] == dataset) & board["accuracy"].notna()].reset_index(drop=True)


def _frame(run: Run) -> pd.DataFrame:
    rows = [_row(run, dataset, name) for dataset in run.datasets for name in run.planned(dataset)]
    table = pd.DataFrame(rows, columns=list(columns()))
    place = table["dataset"].map({name: i for i, name in enumerate(run.datasets)})
    order = np.lexsort([table["log_loss"].fillna(np.inf), -table["accuracy"].fillna(-1), place])
    table = table.iloc[order].reset_index(drop=True)
    for dataset, rows in table.dropna(subset="accuracy").groupby("dataset"):
        shared = _letters(run, str(dataset), list(rows["variant"]))
        table.loc[rows.index, "letters"] = [shared[name] for name in rows["variant"]]
    for name, kind in columns().items():
        if kind.decimals == 0:
            table[name] = pd.to_numeric(table[name]).round().astype("Int64")
        elif kind.decimals is not None:
            table[name] = table[name].astype(float).round(kind.decimals)
    return table


def _letters(run: Run, dataset: str, ranked: list[str]) -> dict[str, str]:
    pairs = compared(run, dataset, ranked)
    told_apart = pairs[~pairs["tie"]]
    return letters(ranked, zip(told_apart["a"], told_apart["b"], strict=True))


def _row(run: Run, dataset: str, variant: str) -> dict[str, Any]:
    def of(table: pd.DataFrame) -> pd.DataFrame:
        return table[(table["dataset"] == dataset) & (table["variant"] == variant)]

    cells, searches, trials = of(run.cells), of(run.searches), of(run.trials)
    seeds = run.evaluated(dataset, variant)
    done = cells[cells["status"] == "ok"]
    status, reason = _fate(run.seeds(variant), cells, seeds)
    strategies = [s for t in (cells, searches, trials) for s in t["strategy"] if s]
    row: dict[str, Any] = {
        "dataset": dataset, "variant": variant, "estimator": run.estimators[variant], "family": run.families[variant],
        "strategy": strategies[0] if strategies else "", "seeds": len(seeds), "status": status, "reason": reason,
        "search_seconds": (searches["spent_seconds"] if len(searches) else cells["search_seconds"]).mean(),
        "trials": (trials["status"] != "skipped").sum() / max(1, trials["seed"].nunique()),
        "failed_trials": int((~trials["status"].isin(["ok", "skipped"])).sum()),
        "params": "", "backend": "", "letters": "", "setting": "",
    }  # fmt: skip
    if own := efforts(run, dataset).get(variant):
        row |= {"setting": own.setting, "fit_effort": own.fit_effort, "flattened": own.flattened}
    if not seeds:
        return row
    y, correct = run.test(dataset).y, run.correct(dataset, variant)
    low, high = accuracy_interval(correct)
    probas = [run.predictions(dataset, variant, seed) for seed in seeds]
    best = done.loc[done["validation_score"].fillna(-1).idxmax()]
    return row | done[MEANS].mean().to_dict() | {
        metric.name: np.mean([metric.score(y, proba) for proba in probas]) for metric in metrics.METRICS
    } | {
        "accuracy_low": low, "accuracy_high": high,
        "accuracy_spread": correct.mean(1).std(ddof=1) if len(seeds) > 1 else np.nan,
        "params": json.dumps(members_of(best["found"]) or best["params"], ensure_ascii=False), "backend": best["backend"],
    }  # fmt: skip


def _fate(planned: list[int], cells: pd.DataFrame, seeds: list[int]) -> tuple[str, str]:
    failed = cells[~cells["status"].isin(["ok", "unfinished"])]
    told = {r.seed: f"{r.status}: {r.reason}".rstrip(": ") for r in failed.itertuples()}
    told |= {seed: "not evaluated yet" for seed in planned if seed not in {*told, *seeds}}
    if not told:
        return "ok", ""
    reasons = [reason if len(planned) == 1 else f"seed {seed}: {reason}" for seed, reason in told.items()]
    status = "partial" if seeds else (str(failed["status"].iloc[0]) if len(failed) else "unfinished")
    return status, "; ".join(reasons)


def subject(table: pd.DataFrame) -> str:
    """What the rows are, in a word: "estimator" where each is an estimator as it comes, else "variant"."""
    return "estimator" if (table["variant"] == table["estimator"]).all() else "variant"


def name(row: Any) -> str:
    """The variant as the leaderboard shows it, with its `marks`."""
    return f"{row.variant} ({', '.join(marks(row))})" if marks(row) else row.variant


def family(row: Any) -> str:
    """The family in a word; what is made of models has none."""
    return row.family or "mixed"


def marks(row: Any) -> list[str]:
    """What qualifies a row: that not everything went well, that a network's validation curve had not flattened."""
    rising = not formats.absent(row.flattened) and not row.flattened
    return [*([row.status] if row.status != "ok" else []), *(["may still improve"] if rising else [])]


def csv(table: pd.DataFrame) -> str:
    """The leaderboard as CSV text, missing numbers empty."""
    return csv_text(table)


def markdown(table: pd.DataFrame, notes: Sequence[str]) -> str:
    """The leaderboard as Markdown tables, one per data set, failures explained below each; the run's `notes` first."""
    parts, shown = [f"> **Note.** {_plain(note)}" for note in notes], shown_columns()
    for dataset, rows in table.groupby("dataset", sort=False):
        head = ["", subject(table), "family", *(column.heading for column in shown)]
        lines = [f"### {_plain(dataset)}", "", _line(head), _line(["--:", "---", "---"] + ["--:"] * len(shown))]
        for place, row in enumerate(rows.itertuples(), 1):
            lines.append(_line([str(place), name(row), family(row), *(column.write(row) for column in shown)]))
        reasons = [f"- {_plain(row.variant)}: {_plain(row.reason)}" for row in rows.itertuples() if row.reason]
        parts.append("\n".join([*lines, *([""] if reasons else []), *reasons]))
    return "\n\n".join(parts) + "\n"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(map(_plain, cells))} |"


def _plain(text: Any) -> str:
    """Text that Markdown shows as it is: no cell ends in it, and it is no link, picture, code or markup."""
    return re.sub(r"([\\|\[\]`*])", r"\\\1", " ".join(str(text).split())).replace("<", "&lt;")


def text(table: pd.DataFrame, notes: Sequence[str]) -> str:
    """The leaderboard as plain lines, for pipes and logs; the run's `notes` last."""
    parts, shown = [], shown_columns()
    for dataset, rows in table.groupby("dataset", sort=False):
        cells = [[subject(table), "family", *(column.heading for column in shown)]]
        cells += [[name(r), family(r), *(column.write(r) for column in shown)] for r in rows.itertuples()]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [
            "  ".join(c.ljust(w) if i < 2 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True)))
            for row in cells
        ]
        reasons = [f"{row.variant}: {_last_line(row.reason)}" for row in rows.itertuples() if row.reason]
        parts.append("\n".join([str(dataset), *(line.rstrip() for line in lines), *reasons]))
    parts += [f"NOTE: {note}" for note in notes]
    return "\n\n".join(parts) + "\n"


def _last_line(reason: str) -> str:
    lines = [line.strip() for line in reason.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def print_leaderboard(table: pd.DataFrame, notes: Sequence[str], console: Console) -> None:
    """Print the leaderboard and the run's `notes`: a table on a terminal, plain lines into a pipe or a log.

    A terminal too narrow for all columns gets those that decide.
    """
    if not console.is_terminal:
        console.print(text(table, notes), end="", markup=False, highlight=False, soft_wrap=True)
        return
    from rich.markup import escape

    for dataset, rows in table.groupby("dataset", sort=False):
        view = _view(str(dataset), rows, shown_columns())
        if console.measure(view, options=console.options.update_width(10_000)).maximum > console.width:
            view = _view(str(dataset), rows, tuple(column for column in shown_columns() if column.room == "narrow"))
        console.print(view)
        for row in rows.itertuples():
            if row.reason:
                console.print(f"[red]{escape(row.variant)}[/]: {escape(_last_line(row.reason))}", highlight=False)
    for note in notes:
        console.print(f"[bold red]NOTE[/]: {escape(note)}", highlight=False)


def _view(title: str, rows: pd.DataFrame, shown: Sequence[Column]) -> Table:
    from rich.markup import escape
    from rich.table import Table

    view = Table(title=escape(title), title_justify="left", title_style="bold")
    view.add_column("variant", no_wrap=True)
    for column in shown:
        view.add_column(column.heading, justify="right")
    for row in rows.itertuples():
        colour = {"classical": "blue", "deep": "dark_orange3"}.get(row.family, "default")
        label = f"[{colour}]{escape(row.variant)}[/]" + "".join(f" [red]{mark}[/]" for mark in marks(row))
        view.add_row(label, *(column.write(row) for column in shown))
    return view
