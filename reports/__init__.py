"""What was learned: analysis, exhibits, the HTML page and the Kaggle CSV, all rebuilt from a run folder.

The nouns:

`Run`
    A run folder, opened for reading: ``info``, the ledger's tables as DataFrames, the passports, and, read when
    asked for, predictions and test images. `load` opens one.
results
    One row per trial of every cell: `reports.export.results.frame`.
leaderboard
    One row per (data set, estimator), failed ones included: `reports.leaderboard.frame`.
metric
    A score of the stored predictions: a line of `reports.analysis.metrics.METRICS`.
exhibit
    ``frame(run, dataset) -> DataFrame``, then ``draw(frame, looks) -> Figure``; the CSV on the page is the frame drawn.
    `reports.exhibits.EXHIBITS` lists them in the order of the page.
verdict
    A headline and sentences made by rules from the numbers: `reports.verdict.verdict`.
page
    One self-contained HTML file that holds all of it: `reports.page.render`.

Running and reporting share nothing but files, so nothing here imports TensorFlow, and a metric added tomorrow
scores the runs of yesterday.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from benchmarks.errors import UserError
from benchmarks.safety.names import safe_name
from benchmarks.safety.regular import write, write_out
from reports.run import Run, load, without_damaged

__all__ = ["Run", "load", "report"]


def report(
    *folders: Path | str, out: Path | str | None = None, told: Callable[[str], None] = lambda line: None
) -> Path:
    """Write ``report.html``, ``leaderboard.csv``, ``leaderboard.md`` and ``results.csv`` into a run folder; of several
    runs, one page.

    The same folders give the same bytes, whenever and wherever the report is built.

    Parameters
    ----------
    folders : run folders, finished or not. Several are merged (`reports.merged.merge`).
    out : where to write the page; ``report.html`` in the run folder if not given, or, of several runs,
        ``RUN1-and-RUN2.html`` beside the first.
    told : is told, in a line each, what is left out because a file is damaged or missing. The page says so too.

    Returns
    -------
    The path of the page.

    Raises
    ------
    UserError : a folder is missing, given twice, or no run folder, or a file in it is damaged without which nothing can be
        told: run.json, the ledger, a passport; or the run folder cannot be written, and no other place is named.
    """
    from reports import page
    from reports.merged import merge

    runs = []
    for folder in folders:
        whole, lost = without_damaged(load(folder))
        runs.append(whole)
        for line in lost:
            told(line)
    run = merge(runs)
    if len(folders) > 1:
        names = safe_name("-and-".join(Path(folder).resolve().name for folder in folders))
        return _placed(run.folder / f"{names}.html", out, page.render(run, told))
    if os.access(run.folder, os.W_OK):
        _write_tables(run, told)
    elif out is None:
        raise UserError(f"{run.folder} cannot be written: name a place for the page with --out, such as page.html.")
    else:
        told(f"{run.folder} cannot be written, so leaderboard.csv, leaderboard.md and results.csv stay as they are.")
    return _placed(run.folder / "report.html", out, page.render(run, told))


def _write_tables(run: Run, told: Callable[[str], None]) -> None:
    """The leaderboard and the results, into the run folder."""
    from reports import leaderboard
    from reports.export import results

    table = leaderboard.frame(run)
    write(run.folder / "leaderboard.csv", leaderboard.csv(table))
    write(run.folder / "leaderboard.md", leaderboard.markdown(table, run.notes))
    try:
        write(run.folder / "results.csv", leaderboard.csv(results.frame(run)))
    except (ValueError, TypeError, KeyError) as error:
        told(f"results.csv is left out: the ledger has been edited ({type(error).__name__}: {error}).")


def _placed(path: Path, out: Path | str | None, text: str) -> Path:
    """The page at its place in the run folder, or where it was wanted."""
    return write(path, text) if out is None else write_out(Path(out), text)
