from __future__ import annotations

import io
import json
import re

import pandas as pd
import pytest
from rich.console import Console

import reports
from reports import leaderboard
from reports.analysis import intervals
from reports.analysis.comparison import compared


@pytest.fixture
def board(run_folder):
    return leaderboard.frame(reports.load(run_folder))


def test_every_cell_has_a_row_and_the_best_comes_first(board):
    assert list(board.columns) == list(leaderboard.columns())
    assert len(board) == 10
    for _, rows in board.groupby("dataset"):
        scored = rows["accuracy"].dropna()
        assert scored.is_monotonic_decreasing
        assert rows["accuracy"].isna().sum() == len(rows) - len(scored)
        assert list(rows["accuracy"].isna()) == sorted(rows["accuracy"].isna())


def test_failures_are_rows_with_a_reason(board):
    lost = board.query("dataset == 'things'").set_index("variant")
    assert lost.loc["svm", "status"] == "out_of_memory"
    assert "needed 5.1 GB" in lost.loc["svm", "reason"]
    assert lost.loc["logistic_regression", "status"] == "unfinished"
    assert "not evaluated yet" in lost.loc["logistic_regression", "reason"]
    assert (lost["failed_trials"] == 2 * max(1, board["seeds"].max())).all()
    assert (lost["trials"] == 13).all()  # of each seed


def test_a_seed_that_was_lost_makes_the_row_partial(three_seeds):
    row = leaderboard.frame(reports.load(three_seeds)).query("dataset == 'things' and variant == 'mlp'").iloc[0]
    assert (row["status"], row["seeds"]) == ("partial", 2)
    assert row["reason"] == "seed 2: killed: signal 9"
    assert row["accuracy_low"] < row["accuracy"] < row["accuracy_high"]


def test_one_seed_has_the_wilson_interval(one_seed):
    run = reports.load(one_seed)
    row = leaderboard.frame(run).query("dataset == 'digits' and variant == 'svm'").iloc[0]
    right = int(run.correct("digits", "svm").sum())
    assert (row["accuracy_low"], row["accuracy_high"]) == pytest.approx(intervals.wilson(right, 400), abs=1e-6)
    assert json.loads(row["params"]).keys() == {"C", "gamma"}


def test_models_share_a_letter_if_and_only_if_the_differences_call_it_a_tie(run_folder):
    from reports.exhibits.differences import differences

    run = reports.load(run_folder)
    for dataset in run.datasets:
        shown = leaderboard.frame(run).query("dataset == @dataset").set_index("variant")["letters"]
        for row in differences.table(run, dataset).itertuples():
            assert bool(set(shown[row.variant]) & set(shown[row.than])) == row.tie
    lost = leaderboard.frame(run).query("accuracy.isna()")
    assert (lost["letters"] == "").all()


def test_pairs_are_those_that_were_asked_for(one_seed):
    run = reports.load(one_seed)
    assert len(compared(run, "digits", ["svm", "cnn"])) == 1
    assert set(compared(run, "digits", ["cnn", "mlp", "xgboost"])["b"]) == {"mlp", "xgboost"}


def test_the_spread_of_seeds_is_shown_apart(three_seeds):
    run = reports.load(three_seeds)
    row = leaderboard.frame(run).query("dataset == 'digits' and variant == 'cnn'").iloc[0]
    assert row["accuracy_spread"] == pytest.approx(run.correct("digits", "cnn").mean(1).std(ddof=1), abs=1e-6)


def test_the_csv_reads_back(board):
    back = pd.read_csv(io.StringIO(leaderboard.csv(board)))
    assert back["accuracy"].tolist() == pytest.approx(board["accuracy"].tolist(), nan_ok=True)
    assert back["model_bytes"].dropna().astype(int).tolist() == board["model_bytes"].dropna().tolist()


def test_all_writings_round_alike(board):
    row = board.iloc[0]
    written = f"{100 * row.accuracy:.2f}"
    assert f"| {written} |" in leaderboard.markdown(board, [])
    assert written in leaderboard.text(board, [])


def test_markdown_tables_are_whole(board):
    lines = [line for line in leaderboard.markdown(board, []).splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1
    assert "<b>" not in leaderboard.markdown(board, [])


def test_pipes_get_plain_lines_and_terminals_a_table(board):
    pipe, screen = io.StringIO(), io.StringIO()
    leaderboard.print_leaderboard(board, [], Console(file=pipe, width=80))
    assert pipe.getvalue() == leaderboard.text(board, [])
    leaderboard.print_leaderboard(board, [], Console(file=screen, width=80, force_terminal=True, color_system=None))
    assert "━" in screen.getvalue()
    assert max(map(len, screen.getvalue().splitlines())) <= 80
    assert "out_of_memory" in screen.getvalue()


def test_people_read_estimator_where_each_is_one_as_it_comes_and_variant_else(make_run, tmp_path):
    folder = make_run(classes={"digits": ["0", "1"]}, tests=60, trials=2, failures=False, variants=["svm", "cnn"])
    plain = leaderboard.frame(reports.load(folder))
    assert "| estimator | family |" in leaderboard.markdown(plain, [])
    changed = plain.assign(variant=["wide cnn", "svm"])
    assert "| variant | family |" in leaderboard.markdown(changed, []) and "variant" in leaderboard.text(changed, [])


def test_latency_has_its_95th_percentile_beside_it(board):
    done = board.dropna(subset="accuracy")
    assert done["latency_p95_ms"].to_numpy() == pytest.approx(1.3 * done["latency_ms"].to_numpy(), abs=1e-3)


def test_the_notes_of_a_run_go_with_its_table(board):
    """A reader of the table alone must see that, say, another data set stands in for the one asked for."""
    notes, screen = ["mnist could not be had, so digits stands in for it"], io.StringIO()
    assert leaderboard.markdown(board, notes).startswith("> **Note.** mnist could not be had")
    assert "NOTE: mnist could not be had" in leaderboard.text(board, notes)
    leaderboard.print_leaderboard(board, notes, Console(file=screen, force_terminal=True, width=100))
    assert "mnist could not be had" in screen.getvalue()


def test_hostile_names_are_text_in_markdown_and_no_formula_in_csv(board):
    """No renderer of Markdown makes a link, a picture, code or markup of a name, and no spreadsheet a formula."""
    names = ["![x](http://example.org/x.png)", "`a`|b", "<img src=x>", "=cmd|' /C calc'!A0", "@x", "*b*", "\\|"]
    changed = board.assign(variant=[names[i % len(names)] for i in range(len(board))])
    told = leaderboard.markdown(changed, ["[a](b)"])
    for sign in "[]`*<":
        assert all(told[i - 1] == "\\" for i, c in enumerate(told) if c == sign) or sign in "*<"
    assert "<img" not in told and "![" not in told and "\n| " in told
    lines = leaderboard.csv(changed).splitlines()
    assert any("'=cmd" in line for line in lines) and any(",'@x" in line for line in lines)
    assert not any(cell.startswith(("=", "@")) for line in lines for cell in line.split(","))
