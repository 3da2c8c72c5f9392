"""The study of training-set size: nested rows, the same for all."""

import json

import numpy as np
import pytest

from benchmarks.cell import cells, possible
from benchmarks.data import datasets
from benchmarks.errors import UserError
from benchmarks.ledger import read_table
from benchmarks.plan import plan
from benchmarks.run import run
from benchmarks.studies import training
from tests.benchmarks.study import Silent, add_estimator, carry_out, suite

SIZES = [120, 400, "all"]


@pytest.fixture(autouse=True)
def estimators_folder(estimators_folder):
    add_estimator(estimators_folder, "another")
    return estimators_folder


def test_the_rows_of_a_size_are_nested_and_the_same_for_every_estimator():
    dataset = datasets.load("digits")
    rows = {}
    for cell in cells(suite(studies={"sizes": SIZES}, seeds=2, estimators=["nearest_mean", "another"]), [dataset]):
        images = training(dataset.train, cell.condition, cell.seed)
        rows[cell.condition.value, cell.seed, cell.variant.name] = {x.tobytes() for x in images.X}
        assert len(images) == (cell.condition.value or len(dataset.train))
        assert np.bincount(images.y, minlength=10).min() >= 10
    for seed in (0, 1):
        for size in (120, 400, None):
            assert rows[size, seed, "nearest_mean"] == rows[size, seed, "another"]
        assert rows[120, seed, "another"] < rows[400, seed, "another"] < rows[None, seed, "another"]
    assert rows[120, 0, "another"] != rows[120, 1, "another"]


def test_a_study_is_a_cell_per_size(tmp_path):
    assert carry_out(tmp_path / "run", studies={"sizes": SIZES}, seeds=2)
    done = read_table(tmp_path / "run", "evaluations")
    assert sorted(zip(done["condition"], done["seed"], strict=True)) == [
        (c, s) for c in ("", "sizes=120", "sizes=400") for s in (0, 1)
    ]
    assert done["key"].is_unique and done["folder"].is_unique
    for folder in done["folder"]:
        assert np.load(tmp_path / "run" / folder / "predictions.npz")["proba"].shape == (359, 10)
    trials = read_table(tmp_path / "run", "trials")
    assert set(trials[trials["status"] == "ok"].groupby(["condition", "seed"]).size()) == {5}
    model = json.loads((tmp_path / "run/cells/digits/nearest_mean/sizes=120/seed-0/model/model.json").read_text())
    assert model["trained_on"] == "120 training rows"


def test_a_study_that_was_stopped_goes_on_in_the_middle(tmp_path):
    carry_out(tmp_path / "whole", studies={"sizes": SIZES})
    heard = []

    def stop(number):
        heard.append(number)
        if len(heard) == 8:  # the third trial of the second size
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        carry_out(tmp_path / "halted", Silent(stop), studies={"sizes": SIZES})
    observer = Silent()
    assert carry_out(tmp_path / "halted", observer, studies={"sizes": SIZES})
    assert observer.trials == 15 - 8
    columns = ["condition", "number", "key", "score", "status"]
    whole, halted = (read_table(tmp_path / name, "trials")[columns] for name in ("whole", "halted"))
    assert whole.equals(halted)


def test_all_rows_are_the_standard_condition(tmp_path):
    """The same results, keys and folders as a run without the study."""
    carry_out(tmp_path / "plain")
    carry_out(tmp_path / "study", studies={"sizes": [120, "all"]})
    plain = read_table(tmp_path / "plain", "fits")
    study = read_table(tmp_path / "study", "fits").query("condition == ''")
    assert plain["key"].tolist() == study["key"].tolist() and plain["folder"].tolist() == study["folder"].tolist()
    assert plain["folder"][0] == "cells/digits/nearest_mean/standard/seed-0/model"


def test_a_study_does_not_go_into_the_folder_of_an_ordinary_run(tmp_path):
    carry_out(tmp_path / "run")
    with pytest.raises(UserError, match="its studies are none, not sizes"):
        carry_out(tmp_path / "run", studies={"sizes": SIZES})


def test_sizes_that_a_data_set_has_no_rows_for_are_left_out_with_a_note(tmp_path):
    observer = Silent()
    assert carry_out(tmp_path / "run", observer, studies={"sizes": [30, 150, 5000, "all"]}, budget="1 trial")
    assert set(read_table(tmp_path / "run", "fits")["condition"]) == {"sizes=150", ""}
    assert len(observer.notes) == 2
    assert "left out is sizes=30" in observer.notes[0] and "at least 100 rows" in observer.notes[0]
    with pytest.raises(UserError, match="Give other levels"):
        possible(suite(studies={"sizes": [5]}), datasets.load("digits"))


def test_small_subsets_have_enough_validation_rows():
    shares = {
        cell.condition.value: cell.validation_share
        for cell in cells(suite(studies={"sizes": [150, 400, 1000, "all"]}), [datasets.load("digits")])
    }
    assert shares == {150: 1 / 3, 400: 1 / 3, 1000: 0.2, None: 0.1}


@pytest.mark.parametrize("sizes", [[100, 100], [0], [-5], [1.5], ["most"], "all", [True], []])
def test_sizes_that_make_no_sense_are_refused_in_one_line(sizes):
    with pytest.raises(UserError, match="sizes") as error:
        suite(studies={"sizes": sizes})
    assert "\n" not in str(error.value)


def test_a_dry_run_tells_the_sizes(tmp_path):
    text = plan(suite(studies={"sizes": SIZES}), tmp_path / "none")
    assert "digits · nearest_mean · sizes=120 · seed 0: to do" in text and "standard · seed 0: to do" in text
    carry_out(tmp_path / "run", studies={"sizes": SIZES})
    assert plan(suite(studies={"sizes": SIZES}), tmp_path / "run").count(": done") == 3


def test_the_subset_does_not_depend_on_the_executor(tmp_path):
    run(suite(studies={"sizes": [120]}), tmp_path / "local", Silent(), execute_by="local")
    carry_out(tmp_path / "serial", studies={"sizes": [120]})
    local, serial = (read_table(tmp_path / name, "trials")[["key", "score"]] for name in ("local", "serial"))
    assert local.equals(serial)
