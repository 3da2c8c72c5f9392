"""Shared by all tests: few threads, because many small fits on many threads are slower than on one; and profiles."""

import os

import pytest
from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# CI must say the same of the same commit; elsewhere every run looks at new examples. A busy machine is no failure.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("here", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.fixture
def estimators_folder(tmp_path, monkeypatch):
    """Where ``$CROSSOVER_ESTIMATORS`` looks for estimators: `nearest_mean` is there."""
    from tests.benchmarks.study import add_estimator  # Imports libraries that read the environment above.

    folder = tmp_path / "estimators"
    folder.mkdir()
    monkeypatch.setenv("CROSSOVER_ESTIMATORS", str(folder))
    add_estimator(folder, "nearest_mean")
    return folder
