"""The measurements run and are written; how fast anything is is not tested."""

import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from benchmarks import performance
from benchmarks.data import datasets
from benchmarks.performance import __main__ as command
from benchmarks.performance import all_in, dense_grid, driver, input_pipeline, rivals, scaling


def test_every_pipeline_trains(monkeypatch):
    monkeypatch.setattr(input_pipeline.datasets, "load", lambda name, load=datasets.load: load("digits"))
    monkeypatch.setattr(input_pipeline, "IMAGES", 128)
    frame = input_pipeline.measure(rounds=2, images=128)
    assert list(frame["pipeline"]) == list(input_pipeline.PIPELINES)
    assert (frame["images/s"].str.replace(",", "").astype(float) > 0).all()


@pytest.mark.parametrize("name", performance.names())
def test_every_measurement_says_what_it_asks(name):
    question = performance.get(name)
    assert question.TITLE.endswith("?") and question.NOTE and question.LIBRARIES and callable(question.measure)


def test_a_table_that_is_measured_again_takes_the_place_of_the_old_one_alone(tmp_path, monkeypatch):
    class Toy:
        TITLE, NOTE, LIBRARIES, value = "how fast?", "A note.", ("numpy",), 1

        @classmethod
        def measure(cls):
            return pd.DataFrame({"row": ["a"], "value": [cls.value]})

    monkeypatch.setattr(command, "RESULTS", tmp_path / "RESULTS.md")
    monkeypatch.setattr(performance, "names", lambda: ("one", "two"))
    monkeypatch.setattr(performance, "get", lambda name: Toy)
    assert command.main([]) == 0
    Toy.value = 2
    assert command.main(["two"]) == 0
    text = (tmp_path / "RESULTS.md").read_text()
    assert text.index("## one: how fast?") < text.index("| a | 1 |") < text.index("## two") < text.index("| a | 2 |")
    assert text.count("## ") == 2 and "numpy" in text


def test_an_unknown_measurement_is_one_line():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.performance", "input_pipelin"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and "Did you mean 'input_pipeline'?" in done.stderr and done.stderr.count("\n") == 1


def test_the_driver_is_measured(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame = driver.measure(rounds=2, trials=20, many=50)
    assert list(frame["driver"]) == [
        "1 worker",
        "100 workers",
        "1,000 workers",
        "commits alone",
        "50 trials, 1,000 workers",
    ]
    assert (frame["trials/s"].str.replace(",", "").astype(float) > 0).all() and not list(tmp_path.iterdir())


def test_coarse_to_fine_is_held_against_the_whole_grid(monkeypatch):
    monkeypatch.setattr(dense_grid, "AXES", {"logistic_regression": ("C", "features")})
    (row,) = dense_grid.measure(("digits",), rows=200, points=3, seeds=2).to_dict("records")
    assert row["cells"] == "6" and 5 <= float(row["settings tried"]) <= 20
    middle, low, high = map(float, re.findall(r"-?\d+\.\d+", row["points lost on rows that scored"]))
    assert low <= middle <= high, "the grid has no setting that scores better than its winner, coarse-to-fine may have"


def test_a_lead_has_the_interval_of_its_mean():
    gaps = [0.01, 0.02, 0.00, 0.03, 0.04]  # mean 0.02, standard deviation 0.0158; t(4) at 97.5 % is 2.776
    assert rivals._lead(gaps) == "+2.00 (0.04 to 3.96)" and rivals._lead(gaps[:1]) == "+1.00"


def test_kerastuner_searches_and_stops_when_its_time_is_over():
    """A Hyperband of twenty epochs would go on for minutes."""
    digits = datasets.load("digits")
    right, took = rivals.kerastuner("mlp", digits.train.rows(range(300)), digits.test.open(), 0, 3)
    assert right > 0.3 and took > 3


def test_what_grows_with_the_square_has_the_exponent_two(monkeypatch):
    assert scaling.slope([1, 10, 100], [3, 300, 30_000]) == pytest.approx(2)
    digits, load = datasets.load("digits"), datasets.load
    monkeypatch.setattr(scaling.datasets, "load", lambda name: digits if name == "mnist" else load(name))
    for asked in ({"rows": 300}, {"classes": 3}, {"side": 16}):
        seconds, added = scaling.fitted("logistic_regression", **{"rows": 500, "classes": 10, "side": 8} | asked)
        assert seconds > 0 and added >= 0
    X, y = scaling._images(500, 3, 16)
    assert X.shape[1:] == (16, 16, 1) and X.dtype == np.uint8 and set(y) == {0, 1, 2} and len(X) == len(y)


def test_seeds_of_an_entry_are_told_one_by_one():
    entry = all_in.Entry("digits", "logistic_regression", 4, seeds=2, searched=False, base={"features": "pixels"})
    (row,) = all_in.measure((entry,)).to_dict("records")
    assert row["estimator"] == "logistic_regression (features pixels), not searched" and row["seeds"] == "2"
    middle, low, high = map(float, re.findall(r"\d+\.\d+", row["accuracy %"]))
    assert 90 < low <= middle <= high < 100 and 0 < float(row["seconds"]) < 8
