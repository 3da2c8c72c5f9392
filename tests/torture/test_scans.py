"""The 200 scanned digits of the folder of 62 characters, by a model of MNIST: what the preparation of scans is worth."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("CROSSOVER_DATA") or "/nowhere")
SCANS = DATA / "handwritten62-subset"

pytestmark = [
    pytest.mark.torture,
    pytest.mark.real_data,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(not (DATA / "mnist").is_dir(), reason="mnist is not under CROSSOVER_DATA"),
]


def command(folder, *arguments):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "crossover", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def mnist(tmp_path_factory):
    """A run on MNIST with 20 s for a kernel machine."""
    folder = tmp_path_factory.mktemp("scans")
    command(folder, "run", "mnist", "--estimators", "svm", "--budget", "20s", "--run", "mnist")
    return folder


@pytest.mark.skipif(not SCANS.is_dir(), reason="handwritten62-subset is not under CROSSOVER_DATA")
def test_scans_are_read_by_a_model_of_mnist(mnist, capsys):
    """Class k of 0 … 9 is in the folder Sample00k+1, 20 drawings of 1200 × 900 pixels, black on white."""
    digits = [SCANS / f"Sample{k + 1:03}" for k in range(10)]
    right = {}
    for options in (
        ["--prepare", "auto"],
        ["--prepare", "scan"],
        ["--prepare", "none"],
        ["--prepare", "none", "--invert"],
    ):
        command(mnist, "predict", "runs/mnist", *digits, *options, "--out", "p.csv")
        table = pd.read_csv(mnist / "p.csv")
        truth = table["file"].map(lambda file: int(Path(file).parent.name[-3:]) - 1)
        assert len(table) == 200
        right[" ".join(options)] = (table["label"] == truth).mean()
    with capsys.disabled():
        for options, share in right.items():
            print(f"\n200 scanned digits, {options}: {share:.1%}", end="")
    assert right["--prepare auto"] == right["--prepare scan"] >= 0.97
    assert right["--prepare none"] < 0.5


def test_ten_thousand_files(mnist, capsys):
    """The test part of MNIST as PNG files: how many a second, and what share of the time is reading."""
    with np.load(mnist / "runs" / "mnist" / "data" / "mnist" / "test.npz") as stored:
        X, y = stored["X"], stored["y"]
    (mnist / "files").mkdir()
    for i, image in enumerate(X):
        Image.fromarray(image[..., 0]).save(mnist / "files" / f"{i:05}.png")
    done = command(mnist, "predict", "runs/mnist", "files", "--out", "p.csv")
    table = pd.read_csv(mnist / "p.csv")
    with capsys.disabled():
        print(f"\n{done.stderr.strip().splitlines()[-1]}")
    np.savez(mnist / "all.npz", x=X)
    command(mnist, "predict", "runs/mnist", "all.npz", "--out", "q.csv")
    assert pd.read_csv(mnist / "q.csv")["label"].equals(table["label"])
    assert (table["label"] == y).mean() > 0.98
