from __future__ import annotations

import io

import pandas as pd

import reports
from reports.export import results
from tests.reports.study import write_study


def test_every_trial_is_a_row_whatever_became_of_it(run_folder):
    run = reports.load(run_folder)
    table = results.frame(run)
    assert len(table) == len(run.trials)
    assert table["status"].value_counts().to_dict() == run.trials["status"].value_counts().to_dict()
    assert table["won"].sum() == len(run.searches)


def test_parameters_are_columns_of_their_own_type(one_seed):
    table = results.frame(reports.load(one_seed))
    svm, trees = table[table["variant"] == "svm"], table[table["variant"] == "xgboost"]
    assert svm["param.gamma"].notna().all()
    assert svm["param.max_depth"].isna().all()
    assert (trees["param.rounds"] == 200).all()
    assert table["param.max_depth"].dtype == "Int64"
    assert "history" not in table


def test_the_file_reads_back(one_seed):
    page = reports.report(one_seed)
    back = pd.read_csv(page.with_name("results.csv"))
    table = results.frame(reports.load(one_seed))
    assert back["param.C"].dropna().tolist() == table["param.C"].dropna().tolist()
    assert (
        io.StringIO(page.with_name("results.csv").read_text())
        .readline()
        .startswith("dataset,condition,variant,estimator,family,seed,number")
    )


def test_a_run_without_trials_has_no_rows(make_run):
    import sqlite3

    folder = make_run(classes={"digits": ["a", "b"]}, tests=50, trials=1, failures=False)
    with sqlite3.connect(folder / "ledger.sqlite") as db:
        for name in ("trials", "searches", "fits", "evaluations"):
            db.execute(f"DELETE FROM {name}")
    assert results.frame(reports.load(folder)).empty


def test_a_study_has_the_trials_of_every_condition(tmp_path):
    table = results.frame(reports.load(write_study(tmp_path / "run", sizes=(100, "all"), seeds=(0,), tests=50)))
    assert table.groupby("condition").size().to_dict() == {"": 3, "sizes=100": 3}
    assert table["won"].all()
