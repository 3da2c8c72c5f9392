"""Who forgets runs/ is told which run was perhaps meant."""

from pathlib import Path

import pytest

from benchmarks.meant import meant


@pytest.fixture(autouse=True)
def _two_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("odd", "digits"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "run.json").touch()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("odd", " Did you mean runs/odd?"),
        ("runs/digit", " Did you mean runs/digits?"),
        ("runs", " The runs in it: runs/digits, runs/odd."),
        ("elsewhere", ""),
    ],
)
def test_a_folder_that_is_no_run_leads_to_one(given, words):
    assert meant(Path(given)) == words
