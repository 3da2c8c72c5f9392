"""What was learned: statistics, exhibits, the HTML page and the Kaggle CSV, all rebuilt from a run folder.

The nouns:

`Run`
    A run folder, opened for reading: ``info``, the ledger's tables as DataFrames, the passports, and, read when
    asked for, predictions and test images. `load` opens one.
leaderboard
    One row per (data set, estimator), failed ones included: `reports.leaderboard.frame`.
exhibit
    ``frame(run, dataset) -> DataFrame``, then ``draw(frame) -> Figure``; the CSV on the page is the frame drawn.
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


def report(folder: Path | str) -> Path:
    """Write ``report.html``, ``leaderboard.csv`` and ``leaderboard.md`` into a run folder.

    The same folder gives the same bytes, whenever and wherever the report is built.

    Parameters
    ----------
    folder : a run folder, finished or not.

    Returns
    -------
    The path of ``report.html``.

    Raises
    ------
    UserError : the folder is missing, is not a run folder, or a file in it is damaged.
    """
    from reports import leaderboard, page

    run = load(folder)
    table = leaderboard.frame(run)
    write(run.folder / "leaderboard.csv", leaderboard.csv(table))
    write(run.folder / "leaderboard.md", leaderboard.markdown(table))
    return write(run.folder / "report.html", page.render(run))


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
