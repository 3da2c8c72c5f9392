"""A GPU is used where there is one. There was none to test with: what is claimed here is not found."""

import os
import subprocess
import sys
import warnings

import numpy as np
import pytest

import estimators
from estimators.models import boosted_trees
from estimators.models import gpu as graphics


@pytest.fixture
def claimed(tmp_path, monkeypatch):
    """A driver that tells of two GPUs."""
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'NVIDIA A\nNVIDIA B'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    graphics._found.cache_clear()
    yield
    graphics._found.cache_clear()


def test_what_the_driver_tells_is_known_and_can_be_turned_off(claimed, monkeypatch):
    assert graphics.gpu() == "NVIDIA A, NVIDIA B" and boosted_trees.device() == "cuda"
    monkeypatch.setenv("CROSSOVER_NO_GPU", "1")
    assert graphics.gpu() == "none" and boosted_trees.device() == "cpu"


def test_trees_do_without_a_gpu_that_is_claimed_and_say_so(claimed, digits, monkeypatch):
    X, y = (part[:200] for part in digits)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # XGBoost's, that there is none
        model = estimators.get("xgboost").build(0, rounds=5).fit(X, y)
    monkeypatch.setenv("CROSSOVER_NO_GPU", "1")
    plain = estimators.get("xgboost").build(0, rounds=5).fit(X, y)
    assert model.device_ == "cpu" and "GPU" not in model.describe().backend
    assert np.array_equal(model.predict_proba(X), plain.predict_proba(X))


def test_tensorflow_is_kept_from_gpus_that_are_turned_off():
    program = """
import tensorflow as tf
asked = []
tf.config.set_visible_devices = lambda *given: asked.append(given)
from estimators.models import network
print(asked)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"CROSSOVER_NO_GPU": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[([], 'GPU')]"
