from __future__ import annotations

import io

import pandas as pd

import reports
from reports.export import results


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
        .startswith("dataset,estimator,family,seed,train_rows,number")
    )


def test_a_run_without_trials_has_no_rows(make_run):
    import sqlite3

    folder = make_run(classes={"digits": ["a", "b"]}, tests=50, trials=1, failures=False)
    with sqlite3.connect(folder / "ledger.sqlite") as db:
        for name in ("trials", "searches", "finals"):
            db.execute(f"DELETE FROM {name}")
    assert results.frame(reports.load(folder)).empty
