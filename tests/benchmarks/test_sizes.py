"""Studies of training-set size: nested rows, the same for all, and runs without sizes as they were."""

import json
import sqlite3

import numpy as np
import pytest

from benchmarks.data import datasets
from benchmarks.errors import UserError
from benchmarks.execution.job import Job
from benchmarks.execution.work import _training
from benchmarks.ledger import Ledger, read_table
from benchmarks.plan import plan
from benchmarks.protocol import cells, training_sizes, validation_share
from benchmarks.run import run
from tests.benchmarks.study import Silent, add_estimator, carry_out, suite

SIZES = [120, 400, "all"]


@pytest.fixture(autouse=True)
def estimators_folder(tmp_path, monkeypatch):
    folder = tmp_path / "estimators"
    folder.mkdir()
    monkeypatch.setenv("CROSSOVER_ESTIMATORS", str(folder))
    for name in ("nearest_mean", "another"):
        add_estimator(folder, name)
    return folder


def test_the_rows_of_a_size_are_nested_and_the_same_for_every_estimator():
    dataset = datasets.load("digits")
    rows = {}
    for cell in cells(suite(sizes=SIZES, seeds=2, estimators=["nearest_mean", "another"]), [dataset]):
        images = _training(cell.job({}))
        rows[cell.rows, cell.seed, cell.estimator.name] = {x.tobytes() for x in images.X}
        assert len(images) == (cell.rows or len(dataset.train))
        assert np.bincount(images.y, minlength=10).min() >= 10
    for seed in (0, 1):
        for size in (120, 400, None):
            assert rows[size, seed, "nearest_mean"] == rows[size, seed, "another"]
        assert rows[120, seed, "another"] < rows[400, seed, "another"] < rows[None, seed, "another"]
    assert rows[120, 0, "another"] != rows[120, 1, "another"]


def test_a_study_is_a_cell_per_size(tmp_path):
    assert carry_out(tmp_path / "run", sizes=SIZES, seeds=2)
    finals = read_table(tmp_path / "run", "finals")
    assert sorted(zip(finals["train_rows"], finals["seed"], strict=True)) == [
        (n, s) for n in (0, 120, 400) for s in (0, 1)
    ]
    assert finals["key"].is_unique and finals["folder"].is_unique
    for folder in finals["folder"]:
        assert np.load(tmp_path / "run" / folder / "predictions.npz")["proba"].shape == (359, 10)
    trials = read_table(tmp_path / "run", "trials")
    assert set(trials[trials["status"] == "ok"].groupby(["train_rows", "seed"]).size()) == {5}
    model = json.loads((tmp_path / "run/cells/digits/nearest_mean/rows-120/seed-0/model/model.json").read_text())
    assert model["trained_on"] == "120 training rows"


def test_a_study_that_was_stopped_goes_on_in_the_middle(tmp_path):
    carry_out(tmp_path / "whole", sizes=SIZES)
    heard = []

    def stop(number):
        heard.append(number)
        if len(heard) == 8:  # the third trial of the second size
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        carry_out(tmp_path / "halted", Silent(stop), sizes=SIZES)
    observer = Silent()
    assert carry_out(tmp_path / "halted", observer, sizes=SIZES)
    assert observer.trials == 15 - 8
    columns = ["train_rows", "number", "key", "score", "status"]
    whole, halted = (read_table(tmp_path / name, "trials")[columns] for name in ("whole", "halted"))
    assert whole.equals(halted)


def test_a_run_without_sizes_is_what_it_was(tmp_path):
    """All rows are no part of the key, of the folder, or of the ledger's other columns."""
    facts = ("trial", "digits", "/a", "f", "nearest_mean", "s", 0, 0.1, {"shrink": 0.0})
    assert Job(*facts).key == "e145b1b49be6092edb960134fc79a7fe"
    assert Job(*facts, rows=100).key != Job(*facts).key != Job(*facts, rows=1000).key
    carry_out(tmp_path / "plain")
    carry_out(tmp_path / "study", sizes=[120, "all"])
    plain = read_table(tmp_path / "plain", "finals")
    study = read_table(tmp_path / "study", "finals").query("train_rows == 0")
    assert plain["key"].tolist() == study["key"].tolist() and plain["folder"].tolist() == study["folder"].tolist()
    assert plain["folder"][0] == "cells/digits/nearest_mean/seed-0"


def older(folder):
    """Turn a run folder into one that was written before there were sizes."""
    info = json.loads((folder / "run.json").read_text())
    del info["sizes"]
    (folder / "run.json").write_text(json.dumps(info))
    db = sqlite3.connect(folder / "ledger.sqlite")
    for table, key in {"trials": ", number", "searches": "", "finals": ""}.items():
        columns = [c[1] for c in db.execute(f"PRAGMA table_info({table})") if c[1] != "train_rows"]
        db.execute(f"ALTER TABLE {table} RENAME TO newer")
        db.execute(f"CREATE TABLE {table} ({', '.join(columns)}, PRIMARY KEY (dataset, estimator, seed{key}))")
        db.execute(f"INSERT INTO {table} SELECT {', '.join(columns)} FROM newer")
        db.execute("DROP TABLE newer")
    db.commit()
    db.close()


def test_a_run_of_an_earlier_version_is_readable_and_goes_on(tmp_path):
    carry_out(tmp_path / "run", seeds=2)
    older(tmp_path / "run")
    assert set(read_table(tmp_path / "run", "finals")["train_rows"]) == {0}
    with Ledger(tmp_path / "run") as ledger:
        ledger._db.execute("DELETE FROM finals WHERE seed = 1")
        ledger._db.execute("DELETE FROM searches WHERE seed = 1")
        ledger._db.execute("DELETE FROM trials WHERE seed = 1 AND number > 2")
    observer = Silent()
    assert carry_out(tmp_path / "run", observer, seeds=2)
    assert observer.trials == 3 and len(read_table(tmp_path / "run", "finals")) == 2


def test_a_study_does_not_go_into_the_folder_of_an_ordinary_run(tmp_path):
    carry_out(tmp_path / "run")
    with pytest.raises(UserError, match="its sizes is"):
        carry_out(tmp_path / "run", sizes=SIZES)


def test_sizes_that_a_data_set_has_no_rows_for_are_left_out_with_a_note(tmp_path):
    observer = Silent()
    assert carry_out(tmp_path / "run", observer, sizes=[30, 150, 5000, "all"], budget="1 trial")
    assert set(read_table(tmp_path / "run", "finals")["train_rows"]) == {150, 0}
    assert len(observer.notes) == 1
    assert "no study at 30, 5,000 rows" in observer.notes[0] and "at least 100 rows" in observer.notes[0]
    with pytest.raises(UserError, match="Give other sizes"):
        training_sizes(suite(sizes=[5]), datasets.load("digits"))


def test_small_subsets_have_enough_validation_rows():
    study = suite(sizes=SIZES)
    assert validation_share(study, None) == 0.1
    assert [round(n * validation_share(study, n)) for n in (100, 300, 1000, 3000, 10_000)] == [33, 100, 200, 300, 1000]


@pytest.mark.parametrize("sizes", [[300, 100], [100, 100], ["all", 100], [0], [-5], [1.5], ["most"], "all", [True]])
def test_sizes_that_make_no_sense_are_refused_in_one_line(sizes):
    with pytest.raises(UserError, match="sizes") as error:
        suite(sizes=sizes)
    assert "\n" not in str(error.value)


def test_a_dry_run_tells_the_sizes(tmp_path):
    text = plan(suite(sizes=SIZES), tmp_path)
    assert "digits · nearest_mean · 120 rows · seed 0: to do" in text and "all rows · seed 0: to do" in text
    carry_out(tmp_path / "run", sizes=SIZES)
    assert plan(suite(sizes=SIZES), tmp_path / "run").count(": done") == 3


def test_the_subset_does_not_depend_on_the_executor(tmp_path):
    run(suite(sizes=[120]), tmp_path / "local", Silent(), execute_by="local")
    carry_out(tmp_path / "serial", sizes=[120])
    local, serial = (read_table(tmp_path / name, "trials")[["key", "score"]] for name in ("local", "serial"))
    assert local.equals(serial)
