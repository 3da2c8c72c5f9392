"""`make torture`: a real SLURM on this machine, one controller and one node, runs a suite; its jobs are cancelled and preempted.

Debian's packages slurm-wlm and munge are enough; no service manager is needed, but the rights of root are.
"""

import getpass
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.ledger import read_table

DAEMONS = ("munged", "slurmctld", "slurmd", "scancel", "scontrol", "squeue")
MISSING = [name for name in DAEMONS if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") is None]

pytestmark = [
    pytest.mark.torture,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(bool(MISSING), reason=f"no {', '.join(MISSING)}: apt install slurm-wlm munge"),
    pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="SLURM's daemons are started as root"),
]
pytest.importorskip("dask_jobqueue", reason="the extra distributed is not installed")

CONFIGURATION = """
ClusterName=loopback
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/munge
AuthInfo=socket={root}/munge.socket
CryptoType=crypto/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
ReturnToService=2
KillWait=5
SlurmctldPidFile={root}/slurmctld.pid
SlurmdPidFile={root}/slurmd.pid
StateSaveLocation={root}/state
SlurmdSpoolDir={root}/spool
SlurmctldLogFile={root}/slurmctld.log
SlurmdLogFile={root}/slurmd.log
MailProg=/bin/true
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory=8000 State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""
CLUSTER = """
[cluster]
class = "dask_jobqueue.SLURMCluster"
workers = {workers}

[cluster.options]
cores = 1
processes = 1
memory = "3 GB"
walltime = "00:30:00"
interface = "lo"
python = "{python}"
log_directory = "{root}"
local_directory = "{root}/spool"
"""
SUITE = ["run", "digits", "--estimators", "logistic_regression,svm", "--budget", "6 trials"]


def _free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@pytest.fixture(scope="module")
def slurm():
    """A folder with a SLURM that runs; ``SLURM_CONF`` names its configuration."""
    root = Path(tempfile.mkdtemp(prefix="slurm"))  # Sockets have short names.
    root.chmod(0o755)
    for name in ("state", "spool"):
        (root / name).mkdir()
    key, host = root / "munge.key", socket.gethostname()
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    (root / "slurm.conf").write_text(
        CONFIGURATION.format(root=root, host=host, ports=_free_ports(2), cores=os.cpu_count())
    )
    environment = {"SLURM_CONF": str(root / "slurm.conf"), "PATH": f"{os.environ['PATH']}:/usr/sbin"}
    files = {"socket": "munge.socket", "log-file": "munged.log", "pid-file": "munged.pid", "seed-file": "munge.seed"}
    munged = ["munged", "--force", "--foreground", f"--key-file={key}"]
    commands = [
        [*munged, *(f"--{option}={root / name}" for option, name in files.items())],
        ["slurmctld", "-D", "-c"],
        ["slurmd", "-D"],
    ]
    daemons = []
    try:
        with pytest.MonkeyPatch.context() as patch, (root / "daemons.log").open("w") as log:
            for name, value in environment.items():
                patch.setenv(name, value)
            for command in commands:
                daemons.append(subprocess.Popen(command, stdout=log, stderr=log))
                time.sleep(2)
            _until(lambda: "idle" in _said("sinfo", "-h", "-o", "%t"), 60)
            try:
                yield root
            finally:  # What a job started would go on without SLURM.
                _said("scancel", "--state=PENDING", f"--user={getpass.getuser()}")
                _said("scancel", f"--user={getpass.getuser()}")
                _until(lambda: not _said("squeue", "-h"), 60)
    finally:
        for daemon in reversed(daemons):
            daemon.terminate()
            daemon.wait(30)
        shutil.rmtree(root, ignore_errors=True)


def _said(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _until(holds, seconds):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.2)


def _started(folder, name, *more):
    """The command line in a process of its own."""
    own = os.environ | {
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        "CROSSOVER_CACHE": str(folder / "cache"),
    }
    command = [sys.executable, "-m", "crossover", *SUITE, "--run", name, *more]
    log = (folder / f"{name}.log").open("w")
    return subprocess.Popen(command, cwd=folder, env=own, stdout=log, stderr=subprocess.STDOUT)


def _by_slurm(folder, name, root, workers):
    (folder / f"{name}.toml").write_text(CLUSTER.format(root=root, workers=workers, python=sys.executable))
    return _started(folder, name, "--executor", f"{name}.toml")


def _scores(folder, name):
    trials = read_table(folder / "runs" / name, "trials").query("status != 'skipped'")
    return {key: (status, round(score, 9)) for key, status, score in trials[["key", "status", "score"]].values}


def _leaderboard(folder, name):
    table = pd.read_csv(folder / "runs" / name / "leaderboard.csv")
    return table[["variant", "accuracy", "log_loss"]].round(6).sort_values("variant").values.tolist()


@pytest.fixture(scope="module")
def here(slurm, tmp_path_factory):
    """The folder of a run on this machine alone."""
    folder = tmp_path_factory.mktemp("here")
    assert _started(folder, "local").wait() == 0, (folder / "local.log").read_text()
    return folder


def test_slurm_has_the_leaderboard_of_this_machine(slurm, here):
    assert _by_slurm(here, "two", slurm, 2).wait() == 0, (here / "two.log").read_text()
    assert _scores(here, "two") == _scores(here, "local")
    assert _leaderboard(here, "two") == _leaderboard(here, "local")


@pytest.mark.parametrize("command", [["scancel"], ["scontrol", "requeue"]], ids=["cancelled", "preempted"])
def test_a_job_that_slurm_ends_costs_its_running_trial_alone(slurm, here, command, capsys):
    """It is the only one, so that nobody else could take over."""
    name = command[-1]
    run = _by_slurm(here, name, slurm, 1)
    _until(lambda: (here / f"{name}.log").read_text().count(": trial ") >= 3, 300)
    job = _said("squeue", "-h", "-o", "%i").split()
    done = _scores(here, name)
    began = time.monotonic()
    assert len(job) == 1 and len(done) >= 3
    subprocess.run([*command, *job], check=True)
    _until(lambda: len(_scores(here, name)) > len(done), 300)
    with capsys.disabled():
        print(f"\n{name}: {len(done)} trials were kept, the next answered after {time.monotonic() - began:.0f} s")
    assert run.wait() == 0, (here / f"{name}.log").read_text()
    assert _scores(here, name) == _scores(here, "local")
    assert _leaderboard(here, name) == _leaderboard(here, "local")
    _until(lambda: not _said("squeue", "-h"), 60)  # No job is left behind.
