"""What others need: environments of their own, below the cache folder, with the versions of ``constraints.txt``; and the command
line that they are compared with. ``NAME_arm.py`` runs in the environment of NAME.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pandas as pd

from benchmarks.data.store.cache import cache_folder
from benchmarks.errors import UserError, printable

ARMS = Path(__file__).parent
PACKAGES = {
    "flaml": ["flaml[automl]"],
    "autogluon": ["autogluon.tabular[lightgbm,xgboost,catboost]"],
    "optuna": ["optuna"],
}


def environment_of(peer: str) -> Path:
    """The Python of a peer's environment, which is made where there is none.

    Raises
    ------
    UserError : it cannot be installed.
    """
    folder = cache_folder() / "peers" / peer
    python = folder / "bin" / "python"
    if not (folder / "done").exists():
        venv.create(folder, clear=True, with_pip=True)
        install: list[str | Path] = [
            python,
            "-m",
            "pip",
            "install",
            "-q",
            "-c",
            ARMS / "constraints.txt",
            *PACKAGES[peer],
        ]
        done = subprocess.run(install, capture_output=True, text=True, check=False)
        if done.returncode:
            raise UserError(f"{peer} cannot be installed into {folder}: {printable(done.stderr[-300:])}")
        (folder / "done").touch()
    return python


def leaderboard(place: Path, *asked: str) -> pd.DataFrame:
    """What ``crossover run`` with these arguments comes to, run in a folder: its leaderboard by variant.

    Raises
    ------
    UserError : it failed.
    """
    command = [sys.executable, "-m", "crossover", "run", *asked, "--run", "own"]
    where = {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(command, cwd=place, env=os.environ | where, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"Crossover's own arm failed: {printable(done.stderr[-300:])}")
    return pd.read_csv(place / "runs" / "own" / "leaderboard.csv").set_index("variant")
