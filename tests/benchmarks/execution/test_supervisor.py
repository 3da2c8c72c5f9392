"""Trials that misbehave for real: each becomes one row, in time, and the next trial runs."""

import ctypes.util
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import psutil
import pytest

from benchmarks.execution import supervisor
from benchmarks.execution.executors import executor
from benchmarks.execution.supervisor import Supervisor
from benchmarks.ledger import read_table
from benchmarks.run import run
from tests.benchmarks.study import Silent, add_estimator, suite, trial

LIBC = f"import ctypes, signal; libc = ctypes.PyDLL({ctypes.util.find_library('c')!r}); "
FAULTS = {  # line of fit → status, words of the reason
    "raise RuntimeError('on purpose')": ("failed", "on purpose"),
    "raise FloatingPointError('the loss became nan')": ("diverged", "nan"),
    "import ctypes; ctypes.string_at(0)": ("killed", "SIGSEGV"),
    "import os; os._exit(7)": ("killed", "exit code 7"),
    "import os; os.kill(os.getpid(), 9)": ("killed", "SIGKILL"),
    "import time; time.sleep(1000)": ("timeout", "the limit is 2 s"),
    # PyDLL keeps the interpreter's lock: no thread of the worker, no signal handler runs any more.
    LIBC + "signal.signal(signal.SIGTERM, signal.SIG_IGN); libc.usleep.restype = None; "
    "[libc.usleep(900_000) for _ in range(1000)]": ("timeout", "the limit is 2 s"),
    "[bytearray(b'x' * 10**7) for _ in iter(int, 1)]": ("out_of_memory", "the limit is 0.50 GB"),
}
LIMITS = {"seconds": 2, "memory": "500 MB"}


pytestmark = pytest.mark.usefixtures("estimators_folder")


@pytest.fixture
def job(estimators_folder):
    """Makes a job from a line of an estimator's ``fit``."""

    def make(fault="", name="subject", **more):
        add_estimator(estimators_folder, name, fault)
        return trial(name, **more)

    return make


@pytest.fixture
def worker():
    supervised = Supervisor(threads=1)
    yield supervised
    supervised.close()


def test_every_fault_is_a_row_and_the_study_goes_on(tmp_path, estimators_folder):
    for i, fault in enumerate(FAULTS):
        add_estimator(estimators_folder, f"faulty_{i}", f"if self.shrink > 0: {fault}")
    names = [f"faulty_{i}" for i in range(len(FAULTS))]
    assert run(suite(estimators=names, limits=LIMITS, budget="2 trials"), tmp_path / "run", Silent())
    trials = read_table(tmp_path / "run", "trials").query("status != 'skipped'").set_index(["variant", "number"])
    assert len(trials) == 2 * len(FAULTS)
    for name, (status, reason) in zip(names, FAULTS.values(), strict=True):
        assert trials.loc[(name, 1), "status"] == "ok"
        row = trials.loc[(name, 2)]
        assert row["status"] == status and reason in row["reason"], row["reason"]
        assert (row["limit_seconds"], row["limit_bytes"]) == (2, 5 * 10**8)
        assert 0 <= row["seconds"] < 30 and 0 <= row["peak_bytes"] < 2e9
    assert set(read_table(tmp_path / "run", "fits")["status"]) == {"ok"}


@pytest.mark.parametrize("fault", [f for f, (status, _) in FAULTS.items() if status == "timeout"])
def test_a_limit_of_time_is_kept(job, worker, fault):
    """Soon: how soon is measured by `make torture`, since a busy machine is no failure."""
    late = overrun(job, worker, fault)
    assert 0 <= late < 10


def overrun(job, worker, fault: str) -> float:
    """Seconds from the limit of time to the answer that it was exceeded."""
    worker.perform(job())
    started = time.perf_counter()
    answer = worker.perform(job(fault, "slow", limit_seconds=1.0))
    assert answer.status == "timeout"
    return time.perf_counter() - started - 1.0


def test_a_breach_of_memory_is_noticed(job, worker, tmp_path):
    assert breach(job, worker, tmp_path / "stamp") < 10


def breach(job, worker, stamp) -> float:
    """Seconds from when a trial has passed the limit of memory to the answer; 0 if it was stopped before it could tell."""
    fault = (
        "import pathlib, time; hoard = bytearray(b'x' * 600_000_000); "
        f"pathlib.Path({str(stamp)!r}).write_text(str(time.time())); time.sleep(60)"
    )
    answer = worker.perform(job(fault, limit_bytes=500_000_000))
    assert answer.status == "out_of_memory" and answer.peak_bytes > 500_000_000
    return time.time() - float(stamp.read_text()) if stamp.exists() else 0.0


def test_memory_of_child_processes_counts_and_they_end_too(job, worker):
    child = "import time; hoard = bytearray(b'x' * 600_000_000); time.sleep(60)"
    fault = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    worker.perform(job())
    before = psutil.Process(worker._process.pid)
    answer = worker.perform(job(fault, "parent", limit_bytes=500_000_000))
    assert answer.status == "out_of_memory"
    assert not before.is_running()
    # Only what is gone, not what is being torn down, has given its memory back: `close` waits for that a second.
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline and any(
        child in (p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline"])
    ):
        time.sleep(0.05)
    assert not [p for p in psutil.process_iter(["cmdline"]) if child in (p.info["cmdline"] or [])]


def test_the_peak_is_that_of_the_job_alone(job, worker):
    large = worker.perform(job("hoard = bytearray(b'x' * 400_000_000); del hoard", "large"))
    small = worker.perform(job())
    assert large.peak_bytes - small.peak_bytes > 300_000_000


@pytest.mark.parametrize(("name", "value"), [("RECYCLE_JOBS", 2), ("RECYCLE_BYTES", 100_000_000)])
def test_a_worker_is_recycled(job, worker, monkeypatch, name, value):
    monkeypatch.setattr(supervisor, name, value)
    leak = "import builtins, os; vars(builtins).setdefault('leak', []).append(b'x' * 60_000_000)"
    task = job(leak + "; os.environ['SEEN'] = str(os.getpid())")
    pids = []
    for _ in range(4):
        assert worker.perform(task).status == "ok"
        pids.append(worker._process.pid if worker._process else None)
    assert None in pids, "it was never recycled"


def test_a_killed_driver_leaves_no_worker(job, tmp_path):
    """Even if the worker is in a loop in C that holds the interpreter's lock."""
    task = job(LIBC + "[libc.usleep(900_000) for _ in range(30)]")
    code = f"from benchmarks.execution.supervisor import Supervisor; from benchmarks.execution.job import Job; from benchmarks.studies import Condition; Supervisor(1).perform({task})"
    driver = subprocess.Popen([sys.executable, "-c", code])
    children = []
    while not children or psutil.Process(children[0].pid).cpu_times().user < 0.3:
        assert driver.poll() is None
        time.sleep(0.05)
        children = psutil.Process(driver.pid).children()
    time.sleep(1)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    gone, alive = psutil.wait_procs(children, timeout=3)
    assert gone and not alive


def test_workers_share_cores_and_fits_have_them_all(job, monkeypatch, tmp_path):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    cores = len(os.sched_getaffinity(0))
    if cores < 2:
        pytest.skip("needs two cores")
    show = (
        "import os; self.history_ = {'got': [int(os.environ['TF_NUM_INTEROP_THREADS']), len(os.sched_getaffinity(0))]}"
    )
    task = job(show)
    fit = replace(task, kind="fit", model=str(tmp_path / "model"))
    with executor("local", 2) as execute:
        answers = [(j.kind, a.result.history["got"]) for j, a in execute([task, job(show), fit])]
    assert answers == [("trial", [cores // 2] * 2)] * 2 + [("fit", [cores] * 2)]


def test_a_worker_has_its_share_of_every_pool(job, worker):
    """BLAS, OpenMP, XGBoost and both pools of TensorFlow, asked in the worker after each has worked.

    oneDAL is told its threads with every call (`estimators.models.accelerated`).
    """
    lines = [
        "import collections, pathlib, threadpoolctl, json, xgboost, tensorflow as tf",
        "import estimators.models.network",
        "tf.function(lambda a: a @ a)(tf.ones((300, 300))).numpy()",
        "booster = xgboost.train({'nthread': __import__('importlib').import_module('estimators.models.threads').threads()}, xgboost.DMatrix(X.reshape(len(X), -1), y), 1)",
        "got = [p['num_threads'] for p in threadpoolctl.threadpool_info()]",
        "got.append(int(json.loads(booster.save_config())['learner']['generic_param']['nthread']))",
        "names = [p.read_text().strip() for p in pathlib.Path('/proc/self/task').glob('*/comm')]",
        "got += [names.count('tf_Compute'), tf.config.threading.get_inter_op_parallelism_threads() or 1]",
        "self.history_ = {'threads': got}",
    ]
    answer = worker.perform(job("\n        ".join(lines)))
    assert answer.status == "ok", answer.reason
    assert set(answer.result.history["threads"]) <= {0, 1} and len(answer.result.history["threads"]) >= 5


@pytest.mark.parametrize(("given", "there"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_threads_that_wait_leave_the_cores_to_others(job, monkeypatch, given, there):
    """Beside a busy process, threads that spin made XGBoost take three to ten times as long. Who sets it has it."""
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    if given:
        monkeypatch.setenv("OMP_WAIT_POLICY", given)
    supervised = Supervisor(threads=1)
    try:
        answer = supervised.perform(job("raise RuntimeError(__import__('os').environ['OMP_WAIT_POLICY'])"))
    finally:
        supervised.close()
    assert there in answer.reason
