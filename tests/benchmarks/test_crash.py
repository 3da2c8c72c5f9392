"""Runs that are killed, stopped, doubled or out of disk: nothing that is finished is lost or done twice."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from benchmarks.errors import UserError
from benchmarks.ledger import read_table
from benchmarks.lock import locked
from tests.benchmarks.study import add_estimator
from tests.benchmarks.test_protocol import without_clock

ROOT = Path(__file__).parents[2]
SUITE = """
title = "A study to be killed"
datasets = ["digits"]
estimators = [{estimators}]
budget = "{trials} trials"
"""


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Starts `crossover run` on a small study in a process of its own."""
    folder = tmp_path / "estimators"
    folder.mkdir()
    monkeypatch.setenv("CROSSOVER_ESTIMATORS", str(folder))
    add_estimator(folder, "zoomed", "import time; time.sleep(0.05)", "coarse_to_fine")
    add_estimator(folder, "guided", "import time; time.sleep(0.05)", "kerastuner:bayesian")
    path = tmp_path / "study.toml"

    def start(name, trials=6, estimators='"zoomed", "guided"', **options):
        path.write_text(SUITE.format(trials=trials, estimators=estimators))
        code = "import sys, crossover; sys.argv[0] = 'crossover'; crossover.main()"
        command = [sys.executable, "-c", code, "run", str(path), "--run", name]
        return subprocess.Popen(
            command,
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=-1,
            stderr=-1,
            text=True,
            **options,
        )

    return start


def until(condition, seconds=60):
    """Wait for something that will be so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def rows(folder: Path) -> int:
    try:
        return len(read_table(folder, "trials"))
    except Exception:  # Not there yet.
        return 0


def torture(study, runs: Path, kills: int, trials: int, seed: int) -> None:
    """Kill a study at random moments, over and over; whenever it has ended before, compare it with an undisturbed one."""
    whole = study("whole", trials)
    _, said = whole.communicate()
    assert whole.returncode == 0, said
    rng, done, ended = random.Random(seed), 0, 0
    kept = None
    while done < kills or kept is not None:  # The last one is let end.
        folder = runs / f"killed-{ended}"
        before = rows(folder)
        process = study(folder.name, trials)
        if done < kills:
            if rng.random() < 0.7:  # Most kills go where the work is, the others where it starts.
                until(lambda p=process, f=folder, b=before: p.poll() is not None or rows(f) > b)
            with suppress(subprocess.TimeoutExpired):
                process.wait(rng.uniform(0, 1))
        if done < kills and process.poll() is None:
            workers = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            done += 1
            left = psutil.wait_procs(workers, timeout=5)[1]
            assert not left, f"a worker outlived its driver: {left}, {[p.cmdline() for p in left]}"
            now = finished(folder)
            assert (kept or {}).items() <= now.items(), "a finished trial was lost or run again"
            kept = now
        else:
            _, said = process.communicate()
            assert process.returncode == 0, said
            compare(runs / "whole", folder)
            kept, ended = None, ended + 1


def finished(folder: Path) -> dict[tuple[str, int], float]:
    """When each trial in the ledger ended, by variant and number."""
    if not rows(folder):
        return {}
    table = read_table(folder, "trials").query("status != 'skipped'")
    return dict(zip(zip(table["variant"], table["number"], strict=True), table["finished"], strict=True))


def compare(one: Path, two: Path) -> None:
    """Both runs have the same trials, searches, fits and evaluations, but for clocks."""
    for table in ("trials", "searches", "fits", "evaluations"):
        keys = ["variant", "number"] if table == "trials" else ["variant"]
        first, second = (
            without_clock(read_table(f, table)).sort_values(keys).reset_index(drop=True) for f in (one, two)
        )
        assert first.equals(second), table
    assert read_table(two, "trials")["key"].is_unique


def test_a_driver_killed_at_random_loses_nothing(study, tmp_path):
    torture(study, tmp_path / "runs", kills=3, trials=4, seed=0)


def test_ctrl_c_ends_cleanly_and_says_how_to_go_on(study, tmp_path):
    process = study("stopped", 200, '"zoomed"')
    until(lambda: rows(tmp_path / "runs" / "stopped") > 1)
    workers = psutil.Process(process.pid).children()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "to go on: crossover run" in said.splitlines()[-1] and "Traceback" not in said
    assert not psutil.wait_procs(workers, timeout=2)[1]
    assert json.loads((tmp_path / "runs" / "stopped" / "run.json").read_text())["sessions"]


def test_a_second_run_is_refused_and_a_stale_lock_is_not_minded(tmp_path):
    hold = f"from pathlib import Path; from benchmarks.lock import locked; lock = locked(Path({str(tmp_path)!r}))"
    holder = subprocess.Popen([sys.executable, "-c", f"{hold}; lock.__enter__(); input()"], cwd=ROOT, stdin=-1)
    until(lambda: (tmp_path / "lock.json").exists() and str(holder.pid) in (tmp_path / "lock.json").read_text())
    with pytest.raises(UserError, match=f"process {holder.pid} on"), locked(tmp_path):
        pass
    holder.kill()
    holder.communicate()
    assert str(holder.pid) in (tmp_path / "lock.json").read_text(), "it should have left a stale lock"
    with locked(tmp_path):
        assert json.loads((tmp_path / "lock.json").read_text())["process"] == os.getpid()


FILL = """
import resource
from pathlib import Path
from benchmarks.ledger import Ledger
resource.setrlimit(resource.RLIMIT_FSIZE, (120_000, 120_000))
with Ledger(Path({folder!r})) as ledger:
    for number in range(500):
        ledger.write("trials", dict(dataset="d", condition="", variant="v", seed=0, number=number, reason="x" * 300))
        print(number, flush=True)
"""


def test_a_full_disk_is_one_clear_line_and_loses_nothing(tmp_path):
    """The limit of a file's size stands for the end of the disk."""
    code = FILL.format(folder=str(tmp_path))
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert "UserError" in ran.stderr and "cannot be written" in ran.stderr.splitlines()[-1]
    written = [int(line) for line in ran.stdout.split()]
    assert written and list(read_table(tmp_path, "trials")["number"]) == written
