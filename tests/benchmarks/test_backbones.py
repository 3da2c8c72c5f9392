"""Networks of `keras.applications` as sources. Their weights could not be fetched here: the network is untrained."""

import os
import subprocess
import sys

import pytest

from benchmarks import backbones
from benchmarks.errors import UserError

SUITE = """
title = "A network of Keras"
datasets = ["digits"]
estimators = ["svm"]
budget = "60 s"
studies.transfer = [0, 10]

[[sources]]
data = "keras:MobileNetV3Small"
"""


def _crossover(place, *asked, **environment):
    return subprocess.run(
        [sys.executable, "-m", "crossover", *asked],
        cwd=place,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_network_of_keras_is_a_source_by_name(tmp_path):
    folder = tmp_path / "cache" / "networks"
    folder.mkdir(parents=True)
    backbones.fetch("MobileNetV3Small", folder / "MobileNetV3Small.keras", weights=None)
    (tmp_path / "suite.toml").write_text(SUITE)
    done = _crossover(tmp_path, "run", "suite.toml", "--run", "own", CROSSOVER_CACHE=str(tmp_path / "cache"))
    assert done.returncode == 0, done.stderr[-2000:]
    assert "svm embedding from MobileNetV3Small" in (tmp_path / "runs" / "own" / "leaderboard.csv").read_text()


def test_without_a_network_it_is_told_in_one_line(tmp_path):
    nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
    place = {"CROSSOVER_CACHE": str(tmp_path / "cache"), "KERAS_HOME": str(tmp_path / "keras")}
    done = _crossover(tmp_path, "run", "digits", "--source", "keras:MobileNetV3Small", **nowhere, **place)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "keras:MobileNetV3Small cannot be fetched: " in done.stderr and "--source network.keras" in done.stderr
    assert not list((tmp_path / "cache").rglob("*.keras"))


def test_a_wrong_name_has_the_nearest_right_one():
    with pytest.raises(UserError, match="Did you mean 'MobileNetV3Small'"):
        backbones.file_of("keras:MobilNetV3Small")
