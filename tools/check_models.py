"""Whether every model of finished runs predicts elsewhere what its run recorded.

    .venv/bin/python tools/check_models.py runs/quick [runs/…] [--images 1000]

Each model folder is copied alone to another place. There, in processes of their own, `crossover.load_model`, `crossover predict` and,
for a network, Keras where Crossover cannot be imported are shown the run's test images. The largest difference of a probability
is printed for each; `predict` writes four digits, so that half of the last is added to what is allowed there.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import studies
from estimators.models.card import NETWORK
from reports.run import load
from tests.estimators.models.test_saving import PLAIN_KERAS

ROOT = Path(__file__).parents[1]
ALLOWED = 1e-5
ROUNDED = 0.5e-4  # by as much a probability in the table of `predict` may be off

LOADED = """
import numpy as np
import crossover
np.save("proba.npy", crossover.load_model("model").predict_proba(np.load("images.npy")))
"""


def cells(run):
    """Of every evaluated fit: what it is, its model folder, its test images and their recorded probabilities."""
    for condition in run.fitted:
        at = run.at(condition)
        if condition.study and studies.get(condition.study).stage == "both":
            continue  # Its test images were changed, and the run keeps them unchanged.
        for dataset in run.datasets:
            for variant in at.scored(dataset):
                for seed in at.evaluated(dataset, variant):
                    told = " · ".join(filter(None, (dataset, variant, str(condition), f"seed {seed}")))
                    yield (
                        told,
                        at.model(dataset, variant, seed),
                        at.test(dataset).X,
                        at.predictions(dataset, variant, seed),
                    )


def started(folder, *command):
    """Run Python in a folder of its own; what it says if it fails."""
    environment = os.environ | {"PYTHONPATH": "" if "-I" in command else str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{folder}: {' '.join(command)[:60]} ended with {done.returncode}:\n{done.stderr[-2000:]}")


def differences(model, images, recorded):
    """Way of loading -> the largest difference of a probability from what was recorded."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(model, folder / "model")
        np.save(folder / "images.npy", images)
        np.savez(folder / "images.npz", x=images)
        started(folder, "-c", LOADED)
        found = {"load_model": float(np.abs(np.load(folder / "proba.npy") - recorded).max())}
        started(folder, "-m", "crossover", "predict", "model", "images.npz", "--prepare", "none", "--out", "labels.csv")
        classes = json.loads((folder / "model" / "model.json").read_text())["classes"]
        table = pd.read_csv(folder / "labels.csv", dtype={"label": str}, keep_default_na=False)
        columns = np.array([classes.index(label) for label in table["label"]])
        told = table["probability"].astype(float).to_numpy()
        off = np.maximum(np.abs(told - recorded[np.arange(len(told)), columns]), recorded.max(axis=1) - told)
        found["predict"] = max(0.0, float(off.max()) - ROUNDED)
        if (folder / "model" / NETWORK).exists():
            started(folder, "-I", "-c", PLAIN_KERAS, f"model/{NETWORK}", "images.npy", "keras.npy")
            found["plain Keras"] = float(np.abs(np.load(folder / "keras.npy") - recorded).max())
        return found


def main(runs, count):
    """Print a line per model; returns whether all are within what is allowed."""
    worst: dict[str, float] = {}
    checked = 0
    for folder in runs:
        for told, model, X, proba in cells(load(folder)):
            found = differences(model, X[:count], proba[:count])
            checked += 1
            worst = {way: max(worst.get(way, 0.0), found.get(way, 0.0)) for way in worst | found}
            print(folder.name, "·", told, *(f"{way} {value:.1e}" for way, value in found.items()), sep="  ", flush=True)
    print(
        f"{checked} models; the largest differences:", ", ".join(f"{way} {value:.1e}" for way, value in worst.items())
    )
    return all(value <= ALLOWED for value in worst.values())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    parser.add_argument("--images", type=int, default=1000, help="of each test part")
    given = parser.parse_args()
    sys.exit(not main(given.runs, given.images))
