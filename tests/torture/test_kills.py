"""`make torture`: the long proofs, each printing its figure."""

import sqlite3
import time
from contextlib import closing

import pytest

from benchmarks.execution.executors import executor
from benchmarks.execution.work import perform
from benchmarks.ledger import read_table
from tests.benchmarks.study import Silent, add_estimator, suite, trial
from tests.benchmarks.test_crash import rows, study, torture, until  # noqa: F401 (a fixture)

BUSY = "while time.process_time() < end: pass"

pytestmark = [pytest.mark.torture, pytest.mark.timeout(7200)]


def test_a_hundred_kills(study, tmp_path):  # noqa: F811
    """Sixty trials, classical and KerasTuner; thirty each."""
    torture(study, tmp_path / "runs", kills=100, trials=30, seed=1)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    folder = tmp_path / "estimators"
    folder.mkdir()
    monkeypatch.setenv("CROSSOVER_ESTIMATORS", str(folder))
    monkeypatch.setenv("CROSSOVER_CACHE", str(tmp_path / "cache"))
    return folder


def test_a_thousand_trials_that_do_nothing(tmp_path, folder, capsys):
    from benchmarks.run import run

    add_estimator(folder, "idle")
    jobs = _jobs("idle", 100)
    started = time.perf_counter()
    for job in jobs:
        perform(job)
    bare = (time.perf_counter() - started) / len(jobs)
    started = time.perf_counter()
    assert run(suite(estimators=["idle"], budget="1000 trials"), tmp_path / "run", Silent())
    seconds = time.perf_counter() - started
    assert (read_table(tmp_path / "run", "trials")["status"] == "ok").sum() == 1000
    with capsys.disabled():
        print(f"\n1,000 trials in {seconds:.1f} s: {seconds:.1f} ms each; a bare loop takes {bare * 1000:.1f} ms each")
    assert seconds < 10


def test_two_workers_against_one(folder, capsys):
    add_estimator(folder, "busy", "import time; end = time.process_time() + 0.5\n        " + BUSY)
    took = {}
    for workers in (1, 2):
        with executor("local", workers) as execute:
            list(execute(_jobs("busy", workers)))  # Warm.
            started = time.perf_counter()
            assert all(answer.status == "ok" for _, answer in execute(_jobs("busy", 40)))
            took[workers] = time.perf_counter() - started
    with capsys.disabled():
        print(f"\n40 trials: one worker {took[1]:.1f} s, two {took[2]:.1f} s, {took[1] / took[2]:.2f} times as fast")
    assert took[1] / took[2] >= 1.7


def test_the_memory_of_a_worker_over_200_networks(folder, capsys):
    import estimators

    base = dict(estimators.get("mlp").base) | {"images": 6_000}
    jobs = [trial("mlp", base | {"learning_rate": 0.001 + i * 1e-6}) for i in range(200)]
    with executor("local") as execute:
        peaks = [answer.peak_bytes for _, answer in execute(jobs)]
    with capsys.disabled():
        print(f"\n200 networks: peak {peaks[0] / 1e9:.2f} GB at first, {max(peaks) / 1e9:.2f} GB at most")
    assert max(peaks) < peaks[0] + 2e9


def _jobs(name, count):
    return [trial(name, {"shrink": i / count / 2}) for i in range(count)]


SUM = """SELECT (SELECT sum(seconds + import_seconds + coalesce(overhead_seconds, 0)) FROM trials WHERE status != 'skipped')
 + (SELECT sum(proposer_seconds + driver_seconds) FROM searches)
 + (SELECT sum(seconds + import_seconds + coalesce(overhead_seconds, 0)) FROM fits)
 + (SELECT sum(seconds + import_seconds + coalesce(overhead_seconds, 0) + driver_seconds) FROM evaluations)"""


def test_the_ledger_adds_up_to_the_session(tmp_path, capsys):
    from benchmarks.run import read_info, run

    three = suite(estimators=["logistic_regression", "svm", "mlp"], budget="10 s")
    assert run(three, tmp_path / "run", Silent(), workers=1)
    with closing(sqlite3.connect(tmp_path / "run" / "ledger.sqlite")) as db:
        [(accounted,)] = db.execute(SUM)
    session = read_info(tmp_path / "run")["sessions"][0]["seconds"]
    with capsys.disabled():
        print(f"\nledger {accounted:.2f} s of a session of {session:.2f} s: {accounted / session - 1:+.2%}")
    assert abs(accounted / session - 1) < 0.02


def test_from_restart_to_the_first_new_trial(study, tmp_path, capsys):  # noqa: F811
    runs = tmp_path / "runs"
    process = study("again", 40, '"logistic_regression"')
    until(lambda: rows(runs / "again") > 1)
    process.kill()
    process.communicate()
    before, started = rows(runs / "again"), time.time()
    process = study("again", 40, '"logistic_regression"')
    until(lambda: rows(runs / "again") > before)
    process.kill()
    process.communicate()
    trial = read_table(runs / "again", "trials").iloc[before]
    seconds = trial["finished"] - trial["seconds"] - started
    with capsys.disabled():
        print(f"\nfrom restart to the first new trial {seconds:.2f} s, worker and imports included")
    assert seconds < 3
