from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import reports
from benchmarks.errors import UserError
from benchmarks.layout import FORMAT
from benchmarks.studies import STANDARD, Condition
from reports import leaderboard
from reports.run import without_damaged
from tests.reports.folder import evaluation, session, variant, write_predictions, write_rows


def change(folder, **values):
    path = folder / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.fixture
def damaged(one_seed, tmp_path):
    """A copy of a run folder, to be damaged."""
    return shutil.copytree(one_seed, tmp_path / "run")


def test_a_run_is_opened_with_its_tables_and_arrays(three_seeds):
    run = reports.load(three_seeds)
    assert run.datasets == ["digits", "things"]
    assert run.families["cnn"] == "deep"
    assert run.predictions("digits", "svm", 1).shape == (400, 10)
    assert run.test("things").X.shape == (400, 16, 14, 3)
    assert run.evaluated("things", "mlp") == [0, 1]
    assert run.correct("digits", "cnn").shape == (3, 400)
    assert len(run.trials) == 2 * 5 * 3 * 14


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda f: shutil.rmtree(f), "There is no run folder"),
        (lambda f: (f / "run.json").unlink(), "is not a run folder"),
        (lambda f: (f / "run.json").write_text("{"), "run.json is damaged"),
        (lambda f: (f / "run.json").write_text("[]"), "must hold a JSON object"),
        (lambda f: (f / "run.json").write_text(json.dumps({"suite": "x", "format": FORMAT})), "lacks 'datasets'"),
        (lambda f: change(f, variants={"svm": {}}), "run.json is damaged"),
        (lambda f: change(f, conditions=["sizes=100"]), "run.json is damaged"),
        (lambda f: change(f, variants={"svm": variant("svm")}), "which run.json does not name"),
        (
            lambda f: change(f, format=1, crossover="0.1.0"),
            "of format 1 (Crossover 0.1.0); this version reads format 4",
        ),
        (lambda f: (f / "ledger.sqlite").unlink(), "no ledger.sqlite"),
        (lambda f: (f / "ledger.sqlite").write_bytes(b"not a database" * 99), "damaged or not a ledger"),
        (lambda f: (f / "data/digits/passport.json").unlink(), "passport.json is missing"),
        (lambda f: (f / "data/digits/passport.json").write_text("{}"), "does not list the classes"),
    ],
)
def test_a_folder_that_is_no_run_is_one_clear_line(damaged, damage, reason):
    for leftover in damaged.glob("ledger.sqlite-*"):
        leftover.unlink()
    damage(damaged)
    with pytest.raises(UserError) as error:
        reports.report(damaged)
    assert reason in str(error.value)


PREDICTED = "cells/digits/svm/standard/seed-0/predictions.npz"


@pytest.mark.parametrize(
    ("damage", "lost", "reason"),
    [
        (lambda f: (f / "data/digits/test.npz").write_bytes(b"PK"), 5, "test.npz cannot be read"),
        (lambda f: (f / "data/digits/test.npz").unlink(), 5, "test.npz is missing"),
        (lambda f: (f / PREDICTED).write_bytes(b""), 1, "predictions.npz cannot be read"),
        (
            lambda f: np.savez(f / PREDICTED, proba=np.zeros((7, 10), np.float32)),
            1,
            "predictions.npz holds probabilities",
        ),
        (lambda f: np.savez(f / PREDICTED, proba=np.full((400, 10), np.nan, np.float32)), 1, "that are not finite"),
    ],
)
def test_what_cannot_be_read_is_left_out_and_the_rest_is_shown(damaged, damage, lost, reason):
    damage(damaged)
    run, lines = without_damaged(reports.load(damaged))
    assert len(lines) == 1 and reason in lines[0]
    board = leaderboard.frame(run)
    damaged_rows = board[board["status"] == "damaged"]
    assert len(damaged_rows) == lost and set(damaged_rows["dataset"]) == {"digits"}
    assert damaged_rows["reason"].str.contains(reason, regex=False).all() and damaged_rows["accuracy"].isna().all()
    assert board.loc[board["dataset"] == "things", "accuracy"].notna().sum() == 3


def test_a_wrong_data_set_is_answered_with_the_nearest(one_seed):
    with pytest.raises(UserError, match="Did you mean 'digits'"):
        reports.load(one_seed).test("digts")


@pytest.mark.parametrize("name", ["crossover", "quick"])
def test_a_published_folder_says_in_one_line_why_its_page_cannot_be_built_again(name):
    with pytest.raises(UserError, match="was published without its data") as error:
        reports.report(Path(reports.__file__).parent / "published" / name)
    assert "\n" not in str(error.value)


def test_the_fits_of_submissions_are_not_compared(damaged):
    run = reports.load(damaged)
    submitted = run.fits.iloc[0].to_dict() | {"trained_on": "every labelled row", "fit_seconds": 1e6, "key": "other"}
    write_rows(damaged, fits=[submitted])
    again = reports.load(damaged)
    pd.testing.assert_frame_equal(again.fits, run.fits)
    pd.testing.assert_frame_equal(leaderboard.frame(again), leaderboard.frame(run))


def test_an_evaluation_of_an_earlier_fit_does_not_count(damaged):
    """A kill between a new fit and its evaluation leaves the predictions of the old one."""
    run = reports.load(damaged)
    fits = run.fits.query("dataset == 'digits' and variant == 'svm'")
    write_rows(damaged, fits=[fits.iloc[0].to_dict() | {"key": "made again"}])
    again = reports.load(damaged)
    assert again.evaluated("digits", "svm") == [] and again.evaluated("digits", "cnn") == [0]
    assert (
        "not evaluated yet"
        in leaderboard.frame(again).query("dataset == 'digits' and variant == 'svm'")["reason"].iloc[0]
    )


@pytest.fixture
def darker(damaged):
    """A run with an evaluate study: of two levels of brightness, the second was not evaluated everywhere."""
    levels = [Condition("brightness", level, float(level)) for level in (40, 80)]
    change(
        damaged,
        conditions=[vars(c) for c in (STANDARD, *levels)],
        studies={"brightness": {"stage": "evaluate", "title": "", "axis": "", "standard": 0, "levels": [0, 40, 80]}},
    )
    run = reports.load(damaged)
    for level, share in zip(levels, (0.5, 1.0), strict=True):
        for fit in run.cells.query("dataset == 'digits' and status == 'ok'").to_dict("records"):
            if level.level == 40 or fit["variant"] == "cnn":
                row = evaluation(fit | {"condition": ""}, level, latency_ms=77.0)
                label = run.test("digits").y.copy()
                label[: int(400 * share)] = (label[: int(400 * share)] + 1) % 10
                write_rows(damaged, evaluations=[row])
                write_predictions(damaged, row, np.eye(10, dtype=np.float32)[label])
    return reports.load(damaged)


def test_an_evaluate_condition_has_its_evaluations_over_the_fits_of_the_standard_one(darker):
    assert darker.at(STANDARD).correct("digits", "cnn").mean() > 0.9
    dark = darker.at(Condition("brightness", 40, 40.0))
    assert dark.correct("digits", "cnn").mean() == 0.5
    pd.testing.assert_frame_equal(dark.fits, darker.fits)
    pd.testing.assert_frame_equal(dark.trials, darker.trials)
    assert set(dark.evaluations["condition"]) == {"brightness=40"}
    board = leaderboard.frame(dark).query("dataset == 'digits'").set_index("variant")
    assert (board["accuracy"] == 0.5).all() and (board["latency_ms"] == 77).all()
    assert (
        board["fit_seconds"].to_dict()
        == leaderboard.frame(darker).query("dataset == 'digits'").set_index("variant")["fit_seconds"].to_dict()
    )
    assert dark.model("digits", "cnn", 0) == darker.model("digits", "cnn", 0)
    assert not darker.info["notes"][1:]


def test_nothing_remembered_of_one_condition_is_told_of_another(darker):
    """Asked in either order, a condition says the same; what is read from files is read once."""
    dark = Condition("brightness", 40, 40.0)
    fresh = reports.load(darker.folder)
    first = [leaderboard.frame(run) for run in (darker, darker.at(dark), darker.at(dark).at(STANDARD))]
    other = [leaderboard.frame(run) for run in (fresh.at(dark).at(STANDARD), fresh.at(dark), fresh)]
    for a, b in zip(first, other, strict=True):
        pd.testing.assert_frame_equal(a, b)
    assert not first[0].equals(first[1])
    assert darker.at(dark).test("digits") is darker.test("digits")


def test_a_condition_with_few_results_has_rows_that_say_so(darker):
    board = (
        leaderboard.frame(darker.at(Condition("brightness", 80, 80.0)))
        .query("dataset == 'digits'")
        .set_index("variant")
    )
    assert board.loc["cnn", "accuracy"] == 0 and board.loc["svm", "status"] == "unfinished"


def test_every_exhibit_takes_a_run_at_a_condition(darker):
    from reports.exhibits import ACROSS, EXHIBITS

    for condition in darker.conditions:
        for exhibit in EXHIBITS:
            exhibit.table(darker.at(condition), "digits")
        ACROSS[0].table(darker.at(condition))


def test_the_levels_of_a_study_have_values_and_the_standard_condition_one_of_its_own(darker):
    assert [(str(c), value) for c, value in darker.levels("digits", "brightness")] == [
        ("", 0.0), ("brightness=40", 40.0), ("brightness=80", 80.0),
    ]  # fmt: skip
    curve = darker.curve("digits", "brightness")
    assert curve.groupby("value", sort=False).size().to_dict() == {0.0: 5, 40.0: 5, 80.0: 1}
    assert curve["condition"].unique().tolist() == ["", "brightness=40", "brightness=80"]
    assert curve["search_seconds"].notna().all()


def test_a_condition_that_the_run_does_not_have_is_refused(darker):
    with pytest.raises(UserError, match=r"no condition 'brightness=41'\. Did you mean 'brightness=40'"):
        darker.at(Condition("brightness", 41, 41.0))


def test_times_of_other_sessions_are_marked_with_what_was_measured_where(damaged):
    """Three sessions, the last on another machine: it made the cnn's fits and evaluations."""
    run = reports.load(damaged)
    assert not run.not_comparable
    change(damaged, sessions=[session(), session(), session(cpu="Another", libraries={"tensorflow": "3"})])
    moved = {
        name: [
            row | {"session": 2 if row["variant"] == "cnn" else i % 2} for i, row in enumerate(table.to_dict("records"))
        ]
        for name, table in (("fits", run.fits), ("evaluations", run.evaluations))
    }
    write_rows(damaged, **moved)
    run = reports.load(damaged)
    told = run.not_comparable
    assert "processor A processor @ 2.4 GHz in session 1, Another in session 3" in told and "session 2" not in told
    assert "tensorflow 2.21.0 in session 1, 3 in session 3" in told
    assert told.endswith("(session 1: logistic_regression, svm, xgboost, mlp, cnn; session 3: cnn)")
    page = reports.report(damaged).read_text()
    assert page.count("since they were not measured alike") == 1 and "not all comparable" in page
    assert (
        f"Not all times can be compared, since they were not measured alike: {told}."
        in (damaged / "leaderboard.md").read_text()
    )
    change(damaged, sessions=[session()] * 3)
    assert not reports.load(damaged).not_comparable


def test_a_session_that_is_not_in_run_json_yet_is_no_error(damaged):
    change(damaged, sessions=[])
    assert "not comparable" not in reports.report(damaged).read_text()


def test_the_best_model_is_that_of_the_leader_by_its_validation_score(three_seeds):
    from reports.best import best_model

    run = reports.load(three_seeds)
    rows = run.fits.query("dataset == 'digits' and variant == 'cnn'")
    seed = int(rows.loc[rows["validation_score"].idxmax(), "seed"])
    assert best_model(run) == three_seeds / f"cells/digits/cnn/standard/seed-{seed}/model"
