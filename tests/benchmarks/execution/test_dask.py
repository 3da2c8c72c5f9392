"""A real scheduler with two worker processes on this machine."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import psutil
import pytest

from benchmarks.cell import Cell
from benchmarks.errors import UserError
from benchmarks.execution.executors import executor
from benchmarks.ledger import read_table
from benchmarks.run import run
from tests.benchmarks.study import Silent, add_estimator, suite, trial

distributed = pytest.importorskip("distributed")


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """Address of a scheduler; its two workers' processes, then its own; estimators sleep a little."""
    folder = tmp_path / "estimators"
    folder.mkdir()
    monkeypatch.setenv("CROSSOVER_ESTIMATORS", str(folder))
    add_estimator(folder, "sleepy", "import time; time.sleep(0.3)")
    log = (tmp_path / "log").open("w")
    options = dict(stdout=log, stderr=log, env=os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)})
    file = tmp_path / "scheduler.json"
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    more = ["--port", "0", "--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(file)]
    processes = [subprocess.Popen([*dask, *more], **options)]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", str(file), "--nthreads", "1"]
    processes += [
        subprocess.Popen([*worker, "--no-dashboard", "--no-nanny", "--local-directory", str(tmp_path)], **options)
        for _ in range(2)
    ]
    try:
        with distributed.Client(scheduler_file=str(file), timeout=60) as client:
            client.wait_for_workers(2, timeout=60)
            yield client.scheduler.address, [*processes[1:], processes[0]]
    finally:
        for process in processes:
            process.kill()
            process.wait()
        log.close()


def jobs(count, estimator="sleepy", **changes):
    return [trial(estimator, **({"params": {"shrink": i / count / 2}} | changes)) for i in range(count)]


def test_a_cluster_answers_as_this_machine_and_a_lost_worker_loses_nothing(cluster):
    address, workers = cluster
    answers = {}
    with executor(address) as execute:
        for job, answer in execute(jobs(8)):
            answers[job.key] = answer
            if len(answers) == 2:
                supervised = workers[0] and psutil.Process(workers[0].pid).children()
                time.sleep(0.1)
                workers[0].send_signal(signal.SIGKILL)
        assert len(answers) == 8 and {a.status for a in answers.values()} == {"ok"}
        assert not psutil.wait_procs(supervised, timeout=2)[1], "a worker outlived the one that started it"
        with pytest.raises(UserError, match="has other data of digits"):
            list(execute(jobs(1, fingerprint="another")))
        with pytest.raises(UserError, match="has no data of digits at /nowhere") as nowhere:
            list(execute(jobs(1, data="/nowhere")))
        assert "\n" not in str(nowhere.value)
    with executor("serial") as execute:
        assert {j.key: a.result.score for j, a in execute(jobs(8))} == {k: a.result.score for k, a in answers.items()}


def test_a_file_that_describes_no_cluster_is_refused(tmp_path):
    file = tmp_path / "cluster.toml"
    file.write_text('[cluster]\nclass = "distributed.NoSuchCluster"\n')
    with pytest.raises(UserError, match="describes no cluster"), executor(str(file)):
        pass


class Asked(distributed.LocalCluster):
    """Notes how often it was asked for workers."""

    def __init__(self):
        self.times = []
        super().__init__(n_workers=0, processes=False, dashboard_address=None)

    def scale(self, n=0, **more):
        self.times.append(n)
        return super().scale(n, **more)


def test_a_cluster_is_asked_again_for_workers_that_it_lost(tmp_path, monkeypatch):
    """Dask does not: a run on one job of SLURM that was cancelled waited for ever (`tests/torture/test_slurm.py`)."""
    made = []
    monkeypatch.setattr("benchmarks.execution.executors.dask.AGAIN_SECONDS", 0.05)
    monkeypatch.setattr(Asked, "__enter__", lambda self: made.append(self) or self)
    file = tmp_path / "cluster.toml"
    file.write_text(f'[cluster]\nclass = "{__name__}.Asked"\nworkers = 1\n')
    with executor(str(file)):
        (cluster,) = made
        end = time.monotonic() + 30
        while cluster.times.count(1) < 4:
            assert time.monotonic() < end, cluster.times
            time.sleep(0.05)
    asked = len(cluster.times)
    time.sleep(0.3)
    assert len(cluster.times) == asked, "it is asked after the run"


def scores(folder):
    trials = read_table(folder, "trials").query("status != 'skipped'")
    return {key: (status, score) for key, status, score in trials[["key", "status", "score"]].itertuples(index=False)}


def test_a_study_is_the_same_by_serial_local_and_cluster_also_if_a_worker_is_lost(cluster, tmp_path):
    address, workers = cluster

    def lose(number):
        if number == 3:
            workers[0].send_signal(signal.SIGKILL)

    study = suite(estimators=["sleepy", "logistic_regression"], budget="6 trials")
    folders = {name: tmp_path / name for name in ("serial", "local", "dask", "lost")}
    assert run(study, folders["serial"], Silent(), execute_by="serial")
    assert run(study, folders["local"], Silent(), execute_by="local", workers=2)
    assert run(study, folders["dask"], Silent(), execute_by=address)
    assert run(study, folders["lost"], Silent(lose), execute_by=address)
    expected = scores(folders["serial"])
    assert len(expected) == 12
    for name, folder in folders.items():
        assert scores(folder) == expected, name


def test_a_run_that_ends_while_others_answer_stops_no_later_one(cluster):
    """With callbacks of the client's own futures one round in some ten hung, and all later ones with it."""
    address, _ = cluster
    for _ in range(30):
        with executor(address) as execute, pytest.raises(UserError, match="has no data of digits at /nowhere"):
            list(execute(jobs(4, data="/nowhere")))


def test_a_scheduler_that_is_lost_ends_the_run_in_one_line(cluster):
    address, processes = cluster
    with pytest.raises(UserError, match="scheduler was lost"), executor(address) as execute:
        for _ in execute(jobs(8)):
            processes[-1].send_signal(signal.SIGKILL)


def test_a_cluster_without_the_data_stops_the_run_and_records_nothing(cluster, tmp_path, monkeypatch):
    address, _ = cluster
    study = suite(estimators=["sleepy"], budget="2 trials")
    with monkeypatch.context() as wrong:
        wrong.setattr(Cell, "job", lambda *a, job=Cell.job, **k: replace(job(*a, **k), data="/nowhere"))
        with pytest.raises(UserError, match="has no data of digits at /nowhere"):
            run(study, tmp_path / "run", Silent(), execute_by=address)
    assert not len(read_table(tmp_path / "run", "trials"))
    assert run(study, tmp_path / "run", Silent(), execute_by=address)


def test_a_file_that_describes_a_cluster_starts_one(tmp_path):
    file = tmp_path / "cluster.toml"
    options = 'n_workers = 0, processes = true, threads_per_worker = 1, dashboard_address = ":0"'
    file.write_text(f'[cluster]\nclass = "distributed.LocalCluster"\nworkers = 1\noptions = {{ {options} }}\n')
    with executor(str(file)) as execute:
        assert [a.status for _, a in execute(jobs(2, estimator="logistic_regression", params={}))] == ["ok"] * 2
