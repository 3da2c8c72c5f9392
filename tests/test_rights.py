"""What may not be written or read: two users with one cache, a cache and a run folder that are closed.

Root may do everything. Where the tests run as root, commands are run without the capabilities that make it so, so that
permissions hold for them, and "another user" is nobody.
"""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
CAPABILITIES = ",".join(f"-{name}" for name in ("dac_override", "dac_read_search", "fowner", "chown"))
BOUND = ["setpriv", f"--bounding-set={CAPABILITIES}", "--inh-caps=-all"] if ROOT else []
NOBODY = 65534
SMALL = ["--estimators", "logistic_regression", "--budget", "1 trials"]

pytestmark = pytest.mark.skipif(
    ROOT and shutil.which("setpriv") is None, reason="root without setpriv may do everything"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a run of digits, and the cache that it filled."""
    folder = tmp_path_factory.mktemp("rights")
    assert typed(folder, "run", "digits", *SMALL, "--run", "first", bound=[]).returncode == 0
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(folder / "picture.png")
    return folder


@pytest.fixture
def folder(made, tmp_path):
    """A copy of it; at the end it may be deleted again."""
    shutil.copytree(made, tmp_path / "x")
    yield tmp_path / "x"
    for path in (tmp_path / "x").rglob("*"):
        if path.is_dir():
            path.chmod(0o755)


def typed(folder, *arguments, bound=BOUND):
    paths = os.pathsep.join(path for path in sys.path if path)
    own = os.environ | {"CROSSOVER_CACHE": str(folder / "cache"), "PYTHONPATH": paths}
    own.pop("CROSSOVER_DATA", None)
    command = [*bound, sys.executable, "-m", "crossover", *arguments]
    return subprocess.run(command, cwd=folder, env=own, capture_output=True, text=True, check=False)


def close(folder, mode, owner=None):
    """Give a folder and all in it a mode, files without the right to execute, and perhaps another owner."""
    for path in reversed([folder, *folder.rglob("*")]):
        if owner is not None:
            os.chown(path, owner, owner)
        path.chmod(mode if path.is_dir() else mode & ~0o111)


def refused(answer, words):
    """One line, exit code 2, no traceback."""
    said = answer.stdout + answer.stderr
    lines = [line for line in answer.stderr.splitlines() if line.startswith("crossover: ")]
    assert answer.returncode == 2 and len(lines) == 1 and words in lines[0] and "raceback" not in said, said
    return True


def another_set(folder):
    rows = "\n".join(f"{i % 2},{i},1,2,3" for i in range(20))
    (folder / "t.csv").write_text("label,pixel0,pixel1,pixel2,pixel3\n" + rows)
    return "t.csv"


@pytest.mark.skipif(not ROOT, reason="another user is needed")
def test_two_users_share_a_cache(folder):
    """What one has read the other uses; what is not there yet needs the right to write."""
    close(folder / "cache", 0o755, owner=NOBODY)
    answer = typed(folder, "run", "digits", *SMALL, "--run", "second")
    assert answer.returncode == 0 and "1 of 1 cell is done" in answer.stdout + answer.stderr
    assert refused(typed(folder, "run", another_set(folder), *SMALL), "ask its owner for the right to write there")


@pytest.mark.skipif(not ROOT, reason="another user is needed")
def test_a_cache_that_its_owner_keeps_closed_is_one_line(folder):
    close(folder / "cache", 0o700, owner=NOBODY)
    assert refused(typed(folder, "run", "digits", *SMALL, "--run", "second"), "let its owner open it")


def test_a_cache_that_is_read_only_serves_what_it_has(folder):
    close(folder / "cache", 0o555)
    assert typed(folder, "run", "digits", *SMALL, "--run", "second", "--dry-run").returncode == 0
    assert refused(typed(folder, "run", another_set(folder), *SMALL), "ask its owner for the right to write there")


def test_a_run_folder_that_is_read_only_is_read(folder):
    """Its page can be had elsewhere, its models label and are exported; what would be kept in it is one line."""
    run = folder / "runs" / "first"
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*")}
    close(run, 0o555)
    assert refused(typed(folder, "report", "runs/first"), "--out")
    answer = typed(folder, "report", "runs/first", "--out", "page.html")
    assert answer.returncode == 0 and "stay as they are" in answer.stderr + answer.stdout
    assert "</html>" in (folder / "page.html").read_text()
    assert typed(folder, "predict", "runs/first", "picture.png", "--out", "labels.csv").returncode == 0
    assert refused(typed(folder, "run", "digits", *SMALL, "--run", "first"), "cannot be written")
    assert typed(folder, "run", "digits", *SMALL, "--run", "first", "--dry-run").returncode == 0
    assert refused(typed(folder, "explain", "runs/first"), "copy it")
    assert {path: path.stat().st_mtime_ns for path in run.rglob("*")} == before


def test_a_file_and_a_folder_that_nobody_may_read_are_one_line(folder):
    name = another_set(folder)
    (folder / name).chmod(0)
    assert refused(typed(folder, "run", name, *SMALL), "check that it is a readable file")
    (folder / "images" / "a").mkdir(parents=True)
    (folder / "images").chmod(0)
    assert refused(typed(folder, "run", "images", *SMALL), "images")
    (folder / "images").chmod(0o755)
