"""What is told while a run goes on: a live board on a terminal, plain lines elsewhere; Ctrl-C there and in serial."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.progress import Lines
from benchmarks.requested import Changes, requested
from tests.benchmarks.study import add_estimator
from tests.benchmarks.test_crash import rows, until

ROOT = Path(__file__).parents[2]
MAIN = "import sys, crossover; sys.argv[0] = 'crossover'; crossover.main()"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    folder = tmp_path / "estimators"
    folder.mkdir()
    monkeypatch.setenv("CROSSOVER_ESTIMATORS", str(folder))
    monkeypatch.delenv("NO_COLOR", raising=False)
    add_estimator(folder, "quick")
    add_estimator(folder, "partly", "if self.shrink > 0: raise RuntimeError('on purpose')")
    return folder


def on_a_terminal(tmp_path, *arguments, term="xterm", act=lambda process: None, after=1):
    """Exit code of ``crossover run``, and all that came to its terminal."""
    driver, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, "run", "digits", "--run", "r", *arguments],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "TERM": term, "COLUMNS": "100", "LINES": "30"},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    said, acted = b"", False
    while True:
        if select.select([driver], [], [], 0.1)[0]:
            try:
                block = os.read(driver, 65536)
            except OSError:  # Linux: nobody has the terminal open any more.
                break
            if not block:
                break
            said += block
        elif process.poll() is not None:
            break
        if not acted and rows(tmp_path / "runs" / "r") >= after:
            acted = True
            act(process)
    os.close(driver)
    return process.wait(timeout=20), said.decode()


def test_a_terminal_gets_a_board_and_a_summary_that_stays(tmp_path, folder):
    code, said = on_a_terminal(tmp_path, "--estimators", "quick,partly", "--budget", "4 trials", "--workers", "64")
    assert code == 0, said
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", said)
    assert "of 2 cells · " in plain and "of 4 trials left" in plain and "validation so far" in plain, "no board"
    assert "\x1b[?25l" in said and said.rindex("\x1b[?25h") > said.rindex("\x1b[?25l"), "the cursor is not given back"
    assert "WARNING: 64 workers" in plain
    end = plain[plain.rindex("of 2 cells are done") :]
    assert "tried 8 trials, 3 of which failed" in end and "Report: runs/r/report.html" in end
    assert plain.count("on purpose") == 3 and "on the test images" in plain


def test_one_is_said_in_the_singular(capsys):
    chosen = requested("digits", Changes(estimators="logistic_regression", budget="1 trials"))
    lines = Lines(chosen, Path("runs/r"))
    lines.ended = 1
    lines.trials["ok"] = 1
    lines.summarize()
    first, last = capsys.readouterr().err.splitlines()
    assert "on digits: 1 cell, 1 trial each" in first
    assert "1 of 1 cell is done; this session tried 1 trial, 0 of which failed" in last


@pytest.mark.parametrize("changes", [{"term": "dumb"}, {"no_color": True}])
def test_a_poor_terminal_gets_plain_lines(tmp_path, folder, changes, monkeypatch):
    if changes.pop("no_color", False):
        monkeypatch.setenv("NO_COLOR", "1")
    code, said = on_a_terminal(tmp_path, "--estimators", "quick", "--budget", "2 trials", **changes)
    assert code == 0 and "trial 2: " in said and "Report: " in said
    assert "\x1b[?25l" not in said and "\x1b[2K" not in said


def test_the_second_ctrl_c_ends_at_once_and_gives_the_cursor_back(tmp_path, folder):
    lines = [
        "import pathlib, time",
        "try: time.sleep(60 if self.shrink > 0 else 0)",
        "except KeyboardInterrupt: pathlib.Path('heard').touch(); time.sleep(60)",
    ]
    add_estimator(folder, "deaf", "\n        ".join(lines))  # The first one does not get through to the driver.
    ended = []

    def act(process):
        time.sleep(0.5)  # Now the second trial is in its fit.
        process.send_signal(signal.SIGINT)
        until((tmp_path / "heard").exists)
        process.send_signal(signal.SIGINT)
        ended.append(time.monotonic())

    code, said = on_a_terminal(tmp_path, "--estimators", "deaf", "--executor", "serial", act=act)
    assert code == 130 and time.monotonic() - ended[0] < 5
    assert said.rindex("\x1b[?25h") > said.rindex("\x1b[?25l")


def test_ctrl_c_in_serial_ends_cleanly(tmp_path, folder):
    add_estimator(folder, "slow", "import time; time.sleep(0.2)")
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, "run", "digits", "--run", "r", "--estimators", "slow", "--executor", "serial"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=-1,
        stderr=-1,
        text=True,
    )
    until(lambda: rows(tmp_path / "runs" / "r") > 1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130 and "to go on: crossover run" in said and "Traceback" not in said


def test_a_dry_run_names_what_a_run_would_record_and_writes_nothing(tmp_path, folder, monkeypatch):
    import numpy as np
    from sklearn.datasets import load_digits

    import crossover
    from benchmarks.plan import plan

    digits = load_digits()
    X, y = digits.images.astype("uint8"), digits.target
    np.savez(tmp_path / "mine.npz", x_train=X[:1400], y_train=y[:1400], x_test=X[1400:], y_test=y[1400:])
    monkeypatch.chdir(tmp_path)
    suite = requested("mine.npz", Changes(estimators="quick", budget="3 trials"))
    before = sorted(tmp_path.rglob("*"))
    assert "  mine · quick · seed 0: to do" in plan(suite, Path("runs/mine")).splitlines()
    assert sorted(tmp_path.rglob("*")) == before
    assert crossover.run("mine.npz", estimators="quick", budget="3 trials", executor="serial")
    said = plan(suite, Path("runs/mine"))
    assert "  mine · quick · seed 0: done" in said.splitlines() and "Nothing is left" in said


def test_a_run_on_ones_own_pictures_and_a_dry_run_say_first_what_classes_there_are(tmp_path, folder, monkeypatch):
    from benchmarks.plan import plan
    from tests.benchmarks.data.formats.writing import write_images

    write_images(tmp_path / "pets", ["cat", "dog"])
    monkeypatch.chdir(tmp_path)
    told = "pets: 8 training images of 2 classes: cat (4), dog (4)"
    suite = requested("./pets", Changes(estimators="quick", budget="1 trial"))
    assert plan(suite, Path("runs/pets")).splitlines()[1] == f"  {told}"
    command = [sys.executable, "-c", MAIN, "run", "./pets", "--estimators", "quick", "--budget", "1 trial"]
    done = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert told in done.stderr.splitlines()[1]
