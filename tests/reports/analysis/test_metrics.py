"""A metric is one line of `METRICS`: it appears wherever scores are listed, and moves nothing else."""

from __future__ import annotations

import io
import re

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

import reports
from reports import leaderboard, page
from reports.analysis import metrics
from reports.analysis.metrics import METRICS, Metric
from reports.drawing.formats import PERCENT
from reports.export import mlflow


def top_2(y, proba):
    return float((proba.argsort(axis=1)[:, -2:] == y[:, None]).any(axis=1).mean())


TOP_2 = Metric("top_2", "top-2 accuracy", top_2, PERCENT, True, "the true class is among the two most probable")
HEADING = "top-2 accuracy %"


@pytest.fixture(scope="module")
def folder(make_run):
    return make_run(classes={"digits": list("abc")}, tests=60, trials=2, failures=False, variants=["svm", "cnn"])


def lists(folder):
    """Everything that lists scores, each as headings and rows of cells."""
    run = reports.load(folder)
    board = leaderboard.frame(run)
    screen = io.StringIO()
    leaderboard.print_leaderboard(board, [], Console(file=screen, width=400, force_terminal=True, color_system=None))
    html = re.search(r"More scores and costs</summary>.*?<table.*?>(.*?)</table>", page.render(run), flags=re.DOTALL)[1]
    return {
        "csv": [line.split(",") for line in leaderboard.csv(board.drop(columns="params")).splitlines()],
        "markdown": [line.split("|") for line in leaderboard.markdown(board, []).splitlines() if "|" in line],
        "text": [re.split(r"  +", line) for line in leaderboard.text(board, []).splitlines()[1:]],
        "terminal": [re.split(r"[┃│]", line) for line in screen.getvalue().splitlines() if re.search(r"[┃│]", line)],
        "page": [re.findall(r"<t[hd]\b.*?</t[hd]>", row, re.DOTALL) for row in html.split("<tr")[1:]],
        "mlflow": [list(row) for row in zip(*mlflow.values(run, run.cells.to_dict("records")[0]).items(), strict=True)],
    }


def plain(cell):
    return re.sub(r"<[^>]*>|\s+", " ", str(cell)).strip()


@pytest.mark.parametrize("place", [0, 1, len(METRICS)])
def test_a_metric_appears_wherever_scores_are_listed_and_moves_nothing(folder, monkeypatch, place):
    before = lists(folder)
    monkeypatch.setattr(metrics, "METRICS", (*METRICS[:place], TOP_2, *METRICS[place:]))
    run = reports.load(folder)
    score = leaderboard.frame(run).set_index("variant")["top_2"]
    assert score["svm"] == pytest.approx(top_2(run.test("digits").y, run.predictions("digits", "svm", 0)), abs=1e-6)
    assert "top_2" in pd.read_csv(io.StringIO(leaderboard.csv(leaderboard.frame(run))))
    for where, rows in lists(folder).items():
        headings = [plain(cell) for cell in rows[0]]
        column = headings.index("top_2" if where in ("csv", "mlflow") else HEADING)
        others = [[plain(cell) for i, cell in enumerate(row) if i != column or len(row) == 1] for row in rows]
        assert others == [[plain(cell) for cell in row] for row in before[where]], where
        cells = [plain(row[column]) for row in rows[1:] if len(row) > 1]
        written = {cell for cell in cells if set(cell) - set("-:")}  # without the line below the headings in Markdown
        if where in ("csv", "mlflow"):
            assert {round(float(cell), 6) for cell in written} <= set(score)
        else:
            assert written == {f"{100 * value:.2f}" for value in score}, where


def test_every_metric_has_a_column_of_its_own():
    names = [metric.name for metric in METRICS]
    others = {**leaderboard.WHO, **leaderboard.OF_ACCURACY, **leaderboard.COSTS, **leaderboard.REST}
    assert len(set(names)) == len(names) and not set(names) & set(others)


def test_a_name_that_is_no_identifier_is_refused():
    with pytest.raises(ValueError, match="'top-2' is no name of a metric"):
        Metric("top-2", "top-2", top_2, PERCENT, True, "")


def test_readers_are_told_which_way_is_better():
    told = {column.sorts_by: column.explanation for column in leaderboard.shown_columns()}
    assert told["macro_f1"].endswith("higher is better") and told["log_loss"].endswith("lower is better")


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_better_model_has_a_better_score(metric):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 300)
    good = np.where(np.arange(3) == y[:, None], 0.98, 0.01)
    bad = np.where(np.arange(3) == np.where(rng.random(300) < 0.5, y, (y + 1) % 3)[:, None], 0.98, 0.01)
    assert (metric.score(y, good) > metric.score(y, bad)) == metric.higher_is_better
