"""The leaderboard: one row per (data set, variant), best first, failures included."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from reports.analysis import statistics
from reports.drawing import formats
from reports.run import Run

if TYPE_CHECKING:
    from rich.console import Console

ROUNDING = {
    **dict.fromkeys(["accuracy", "accuracy_low", "accuracy_high", "accuracy_spread"], 6),
    **dict.fromkeys(["macro_f1", "log_loss", "brier", "calibration_error", "validation_score"], 6),
    **dict.fromkeys(["search_seconds", "fit_seconds", "predict_seconds", "latency_ms", "latency_p95_ms"], 4),
}
WHOLE = ["seeds", "model_bytes", "parameters", "trials", "failed_trials"]
COSTS = [
    "fit_seconds",
    "predict_seconds",
    "latency_ms",
    "latency_p95_ms",
    "model_bytes",
    "parameters",
    "validation_score",
]
ORDER = [
    "dataset",
    "variant",
    "estimator",
    "family",
    "strategy",
    "seeds",
    "accuracy",
    "accuracy_low",
    "accuracy_high",
    "accuracy_spread",
    "letters",
    "macro_f1",
    "log_loss",
    "brier",
    "calibration_error",
    "search_seconds",
    "fit_seconds",
    "predict_seconds",
    "latency_ms",
    "latency_p95_ms",
    "model_bytes",
    "parameters",
    "trials",
    "failed_trials",
    "params",
    "validation_score",
    "backend",
    "status",
    "reason",
]


@dataclass(frozen=True)
class Column:
    """A column as readers see it: heading with its unit, the words for a row, and the frame's column it sorts by."""

    heading: str
    write: Callable[[Any], str]
    key: str
    explain: str


COLUMNS = (
    Column("accuracy %", lambda r: formats.percent(r.accuracy), "accuracy", "share of the test images labelled rightly"),
    Column(
        "95 % interval", lambda r: formats.interval(r.accuracy_low, r.accuracy_high), "accuracy_low",
        "where the accuracy on more such images would lie, and for several seeds with other seeds too; Wilson, of as many "
        "images as the uncertainty amounts to",
    ),
    Column(
        "tied", lambda r: r.letters or formats.GAP, "accuracy",
        "models that share a letter are tied: paired test on the same images, Holm-corrected, 5 %",
    ),
    Column("macro F1 %", lambda r: formats.percent(r.macro_f1), "macro_f1", "F1, every class with the same weight"),
    Column("log-loss", lambda r: formats.number(r.log_loss, 4), "log_loss", "lower is better; punishes confident errors"),
    Column("search s", lambda r: formats.number(r.search_seconds, 1), "search_seconds", "all trials of the search"),
    Column("fit s", lambda r: formats.number(r.fit_seconds, 1), "fit_seconds", "the final fit on all training images"),
    Column("predict s", lambda r: formats.number(r.predict_seconds, 2), "predict_seconds", "all test images at once"),
    Column("one image ms", lambda r: formats.number(r.latency_ms, 2), "latency_ms", "median time to label one image"),
    Column("size MB", lambda r: formats.megabytes(r.model_bytes), "model_bytes", "the saved model, in 10⁶ bytes"),
    Column("parameters", lambda r: formats.count(r.parameters), "parameters", "numbers learned"),
    Column("trials", lambda r: formats.count(r.trials), "trials", "trials that ran"),
    Column("failed", lambda r: formats.count(r.failed_trials), "failed_trials", "trials that ran and came to nothing"),
)  # fmt: skip


def frame(run: Run) -> pd.DataFrame:
    """The leaderboard of a run.

    Returns
    -------
    One row per (data set, variant), per data set the best first; columns as in `ORDER`. Costs and sizes are
    means over the seeds that succeeded. ``accuracy_spread`` is the standard deviation of the accuracy over seeds.
    Variants of a data set that share one of the ``letters`` are tied (`statistics.letters`). ``params`` is the JSON text of the setting refitted, of the seed with the
    best validation score. ``status`` is "ok", "partial" (some seeds failed), "unfinished" (nothing recorded yet),
    or what went wrong; then the scores are missing and ``reason`` says why.
    """
    table = run.once("leaderboard", lambda: _frame(run)).copy()
    table.attrs["notes"] = run.notes
    return table


def _frame(run: Run) -> pd.DataFrame:
    rows = [_row(run, dataset, name) for dataset in run.datasets for name in run.planned(dataset)]
    table = pd.DataFrame(rows, columns=ORDER)
    place = table["dataset"].map({name: i for i, name in enumerate(run.datasets)})
    order = np.lexsort([table["log_loss"].fillna(np.inf), -table["accuracy"].fillna(-1), place])
    table = table.iloc[order].reset_index(drop=True)
    for dataset, rows in table.dropna(subset="accuracy").groupby("dataset"):
        shared = _letters(run, str(dataset), list(rows["variant"]))
        table.loc[rows.index, "letters"] = [shared[name] for name in rows["variant"]]
    for column in WHOLE:
        table[column] = pd.to_numeric(table[column]).round().astype("Int64")
    return table.astype(dict.fromkeys(ROUNDING, float)).round(ROUNDING)


def _letters(run: Run, dataset: str, ranked: list[str]) -> dict[str, str]:
    pairs = compared(run, dataset, ranked)
    told_apart = pairs[~pairs["tie"]]
    return statistics.letters(ranked, zip(told_apart["a"], told_apart["b"], strict=True))


def compared(run: Run, dataset: str, ranked: list[str]) -> pd.DataFrame:
    """Every pair of the `ranked` estimators of a data set, best first, as `statistics.compare` tells them apart."""
    correct = {name: run.correct(dataset, name) for name in ranked}
    return run.once(("compared", dataset), lambda: statistics.compare(correct))


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
        "search_seconds": searches["spent_seconds"].mean(),
        "trials": int((trials["status"] != "skipped").sum()),
        "failed_trials": int((~trials["status"].isin(["ok", "skipped"])).sum()),
        "params": "", "backend": "", "letters": "",
    }  # fmt: skip
    if not seeds:
        return row
    y, correct = run.test(dataset).y, run.correct(dataset, variant)
    low, high = statistics.accuracy_interval(correct)
    probas = [run.predictions(dataset, variant, seed) for seed in seeds]
    f1 = [statistics.macro_f1(y, predicted) for predicted in run.predicted(dataset, variant)]
    best = done.loc[done["validation_score"].fillna(-1).idxmax()]
    return row | done[COSTS].mean().to_dict() | {
        "accuracy": statistics.accuracy(correct), "accuracy_low": low, "accuracy_high": high,
        "accuracy_spread": correct.mean(1).std(ddof=1) if len(seeds) > 1 else np.nan, "macro_f1": np.mean(f1),
        "log_loss": np.mean([statistics.log_loss(y, proba) for proba in probas]),
        "brier": np.mean([statistics.brier(y, proba) for proba in probas]),
        "calibration_error": np.mean(
            [statistics.calibration_error(statistics.reliability(p.max(1), r)) for p, r in zip(probas, correct, strict=True)]
        ),
        "params": json.dumps(best["params"], ensure_ascii=False), "backend": best["backend"],
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
    """The variant as the leaderboard shows it: marked where not everything went well."""
    return row.variant if row.status == "ok" else f"{row.variant} ({row.status})"


def csv(table: pd.DataFrame) -> str:
    """The leaderboard as CSV text, missing numbers empty."""
    return table.to_csv(index=False, lineterminator="\n")


def markdown(table: pd.DataFrame) -> str:
    """The leaderboard as Markdown tables, one per data set, failures explained below each; the run's notes first."""
    parts = [f"> **Note.** {_plain(note)}" for note in table.attrs.get("notes", [])]
    for dataset, rows in table.groupby("dataset", sort=False):
        head = ["", subject(table), "family", *(column.heading for column in COLUMNS)]
        lines = [f"### {_plain(dataset)}", "", _line(head), _line(["--:", "---", "---"] + ["--:"] * len(COLUMNS))]
        for place, row in enumerate(rows.itertuples(), 1):
            lines.append(_line([str(place), name(row), row.family, *(column.write(row) for column in COLUMNS)]))
        notes = [f"- {_plain(row.variant)}: {_plain(row.reason)}" for row in rows.itertuples() if row.reason]
        parts.append("\n".join([*lines, *([""] if notes else []), *notes]))
    return "\n\n".join(parts) + "\n"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(map(_plain, cells))} |"


def _plain(text: Any) -> str:
    return " ".join(str(text).split()).replace("|", "\\|").replace("<", "&lt;")


def text(table: pd.DataFrame) -> str:
    """The leaderboard as plain lines, for pipes and logs."""
    parts = []
    for dataset, rows in table.groupby("dataset", sort=False):
        cells = [[subject(table), "family", *(column.heading for column in COLUMNS)]]
        cells += [[name(r), r.family, *(column.write(r) for column in COLUMNS)] for r in rows.itertuples()]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [
            "  ".join(c.ljust(w) if i < 2 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True)))
            for row in cells
        ]
        notes = [f"{row.variant}: {_last_line(row.reason)}" for row in rows.itertuples() if row.reason]
        parts.append("\n".join([str(dataset), *(line.rstrip() for line in lines), *notes]))
    parts += [f"NOTE: {note}" for note in table.attrs.get("notes", [])]
    return "\n\n".join(parts) + "\n"


def _last_line(reason: str) -> str:
    lines = [line.strip() for line in reason.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def print_leaderboard(table: pd.DataFrame, console: Console) -> None:
    """Print the leaderboard: a table on a terminal, plain lines into a pipe or a log."""
    if not console.is_terminal:
        console.print(text(table), end="", markup=False, highlight=False, soft_wrap=True)
        return
    from rich.markup import escape
    from rich.table import Table

    for dataset, rows in table.groupby("dataset", sort=False):
        view = Table(title=escape(str(dataset)), title_justify="left", title_style="bold")
        view.add_column(subject(table), no_wrap=True)
        # Narrow terminals get the columns that decide; the page and the files have all.
        shown = COLUMNS if console.width >= 150 else [COLUMNS[i] for i in (0, 1, 2, 5, 6, 8, 9, 12)]
        for column in shown:
            view.add_column(column.heading, justify="right")
        for row in rows.itertuples():
            colour = {"classical": "blue", "deep": "dark_orange3"}.get(row.family, "default")
            label = f"[{colour}]{escape(row.variant)}[/]" + ("" if row.status == "ok" else f" [red]{row.status}[/]")
            view.add_row(label, *(column.write(row) for column in shown))
        console.print(view)
        for row in rows.itertuples():
            if row.reason:
                console.print(f"[red]{escape(row.variant)}[/]: {escape(_last_line(row.reason))}", highlight=False)
    for note in table.attrs.get("notes", []):
        console.print(f"[bold red]NOTE[/]: {escape(note)}", highlight=False)
