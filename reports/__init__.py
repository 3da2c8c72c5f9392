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

from pathlib import Path

from reports.run import Run, load

__all__ = ["Run", "load", "report"]


def report(*folders: Path | str, out: Path | str | None = None) -> Path:
    """Write ``report.html``, ``leaderboard.csv``, ``leaderboard.md`` and ``results.csv`` into a run folder; of several
    runs, one page.

    The same folders give the same bytes, whenever and wherever the report is built.

    Parameters
    ----------
    folders : run folders, finished or not. Several are merged (`reports.merged.merge`).
    out : where to write the page; ``report.html`` in the run folder if not given, or, of several runs,
        ``RUN1-and-RUN2.html`` beside the first.

    Returns
    -------
    The path of the page.

    Raises
    ------
    UserError : a folder is missing, given twice, or no run folder, or a file in it is damaged.
    """
    from reports import leaderboard, page
    from reports.export import results
    from reports.merged import merge

    run = merge([load(folder) for folder in folders])
    if len(folders) > 1:
        names = "-and-".join(Path(folder).resolve().name for folder in folders)
        return write(Path(out or run.folder / f"{names}.html"), page.render(run))
    table = leaderboard.frame(run)
    write(run.folder / "leaderboard.csv", leaderboard.csv(table))
    write(run.folder / "leaderboard.md", leaderboard.markdown(table, run.notes))
    write(run.folder / "results.csv", leaderboard.csv(results.frame(run)))
    return write(Path(out or run.folder / "report.html"), page.render(run))


def write(path: Path, text: str) -> Path:
    """Write a UTF-8 text file in one step: readers see the old file or the new one, never a half."""
    from benchmarks.errors import UserError

    part = path.with_name(path.name + ".part")
    try:
        part.write_text(text, encoding="utf-8", newline="\n")
        part.replace(path)
    except OSError as error:
        raise UserError(f"Cannot write {path}: {error.strerror or error}.") from error
    return path
