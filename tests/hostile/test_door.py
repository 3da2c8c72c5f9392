"""The guard at the door: what nobody foresaw is a line and a log; what somebody foresaw stays as it is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import crossover
from benchmarks.safety import faults
from reports.export import kaggle
from tests.hostile.door import furnished, typed


@pytest.fixture
def room(tmp_path):
    return furnished(tmp_path)


def failing(error):
    def check(*_, **__):
        raise error

    return check


def test_a_fault_is_one_line_and_exit_code_1_and_its_traceback_is_in_the_log_that_the_line_names(room, monkeypatch):
    monkeypatch.setattr(kaggle, "check_submission", failing(RuntimeError("boom\nand \x1b[31mmore")))
    answer = typed(room, ["check-submission", "my file.csv"])
    (line,) = answer.err.splitlines()
    assert answer.code == 1 and line.startswith("crossover: crossover check-submission 'my file.csv' ended in a fault")
    assert "RuntimeError: boom and" in line and line.isprintable() and not answer.out
    log = Path(re.search(r"is in (\S+\.log)", line)[1])
    assert log.is_relative_to(room.root / "cache") and "Traceback" in log.read_text() and "boom" in log.read_text()


def test_where_no_log_can_be_written_the_line_says_so(room, monkeypatch):
    monkeypatch.setattr(kaggle, "check_submission", failing(RuntimeError("boom")))
    monkeypatch.setattr(tempfile, "mkstemp", failing(OSError(30, "Read-only file system")))
    answer = typed(room, ["check-submission", "x.csv"])
    assert answer.code == 1 and "No log could be written" in answer.err and len(answer.err.splitlines()) == 1


def test_logs_do_not_pile_up(room, monkeypatch):
    monkeypatch.setenv("CROSSOVER_CACHE", str(room.root / "cache"))
    monkeypatch.setattr(faults, "KEPT", 3)
    for number in range(6):
        assert faults.logged(ValueError(str(number)), "test")
    assert len(list(faults.folder().iterdir())) == 3


def test_a_stop_is_no_fault_and_says_how_to_go_on_as_a_shell_takes_it(room, monkeypatch):
    monkeypatch.setattr(kaggle, "check_submission", failing(KeyboardInterrupt()))
    answer = typed(room, ["check-submission", "20 trials.csv"])
    assert answer.code == 130 and "to go on: crossover check-submission '20 trials.csv'" in answer.err
    assert not (room.root / "cache" / "faults").exists()


def test_a_terminal_that_has_ascii_alone_gets_substitutes(room):
    (room.work / "é±.csv").write_text("ImageId,Label\n")
    answer = typed(room, ["check-submission", "é±.csv"], encoding="ascii")
    assert answer.code == 2 and "\\xe9+/-.csv, line 1" in answer.err


def test_what_another_process_shows_has_no_traceback_either(tmp_path):
    """Exit code and standard error of a process of its own, in a terminal that cannot print everything."""
    done = subprocess.run(
        [sys.executable, "-m", "crossover", "check-submission", "\x1b[31m±.csv"],
        capture_output=True, cwd=tmp_path, check=False,
        env={"PATH": "", "PYTHONPATH": ":".join(sys.path), "PYTHONIOENCODING": "ascii:strict"},
    )  # fmt: skip
    assert done.returncode == 2 and done.stderr.decode("ascii").splitlines() == [
        "crossover: There is no file \\x1b[31m+/-.csv."
    ]


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&-"])
def test_a_stream_that_is_closed_is_no_fault(tmp_path, ready, closed):
    """Without standard error the progress of `predict` asked nothing whether it is a terminal."""
    command = f'"{sys.executable}" -m crossover predict "{ready["model"]}" gone.csv {closed}'
    own = os.environ | {
        "PYTHONPATH": ":".join(path for path in sys.path if path),
        "CROSSOVER_CACHE": str(tmp_path / "cache"),
    }
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, env=own, check=False)
    assert done.returncode == 2 and b"fault" not in done.stderr and not (tmp_path / "cache").exists()


def test_a_folder_that_is_gone_is_said(tmp_path):
    (tmp_path / "gone").mkdir()
    command = f'rmdir ../gone; "{sys.executable}" -m crossover run digits --budget "1 trials"'
    own = os.environ | {
        "PYTHONPATH": str(Path(crossover.__file__).parent),
        "CROSSOVER_CACHE": str(tmp_path / "cache"),
    }
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path / "gone", capture_output=True, env=own, check=False)
    assert done.returncode == 2, done.stderr
    assert done.stderr.splitlines() == [
        b"crossover: The folder that this command was started in is gone: go to another one."
    ]


def test_what_the_system_refuses_names_the_file_and_is_no_fault_of_ours(room, monkeypatch):
    monkeypatch.setattr(kaggle, "check_submission", failing(OSError(28, "No space left on device", "/somewhere/x")))
    answer = typed(room, ["check-submission", "x.csv"])
    assert answer.code == 2 and answer.err.startswith(
        "crossover: /somewhere/x: No space left on device. The traceback is in "
    )
    assert len(answer.err.splitlines()) == 1


def test_too_little_memory_is_said(room, monkeypatch):
    monkeypatch.setattr(kaggle, "check_submission", failing(MemoryError()))
    answer = typed(room, ["check-submission", "x.csv"])
    assert answer.code == 1 and "needs more memory than there is" in answer.err and len(answer.err.splitlines()) == 1
