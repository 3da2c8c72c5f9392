"""Folders of pictures as they are found: icons with alpha in several sizes, and very many small files."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

import estimators
from tests.benchmarks.data.test_near import picture

ROOT = Path(__file__).parents[2]
MANY, SIDE = 100_000, 64
READ = """
import re, sys, threading, time
from pathlib import Path
from benchmarks.data import datasets

most, ended = 0, threading.Event()
def watch():  # What is mapped from a file, the system can take back: it is none of the memory that a reading needs.
    global most
    while not ended.wait(0.02):
        most = max(most, int(re.search(r"RssAnon:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]))
watching = threading.Thread(target=watch)
watching.start()
began = time.perf_counter()
dataset = datasets.load(Path(sys.argv[1]))
seconds = time.perf_counter() - began
ended.set()
watching.join()
pixels = dataset.train.X.nbytes * (len(dataset.train) + len(dataset.test)) / len(dataset.train)
print(round(seconds, 1), round(most * 1024 / 1e6), round(pixels / 1e6))
"""

pytestmark = [pytest.mark.torture, pytest.mark.timeout(3600)]


def python(folder, *arguments):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "CROSSOVER_CACHE": str(folder / "cache")}
    done = subprocess.run(
        [sys.executable, *map(str, arguments)], capture_output=True, text=True, cwd=folder, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def accuracies(folder):
    with (folder / "leaderboard.csv").open(encoding="utf-8") as file:
        return {row["estimator"]: 100 * float(row["accuracy"]) for row in csv.DictReader(file)}


def icon(seed):
    """A drawn picture cut out by a box of its own: outside it is transparent."""
    image = picture(seed).convert("RGBA")
    rng = np.random.default_rng(seed)
    mask = Image.new("L", image.size)
    ImageDraw.Draw(mask).rounded_rectangle((*rng.integers(0, 20, 2), *rng.integers(76, 96, 2)), 12, fill=255)
    image.putalpha(mask)
    return image


def test_icons_with_alpha_in_several_sizes(tmp_path, capsys):
    """200 icons, each in three of the sizes from 16 to 64 pixels, in five classes that nothing in them tells: with sizes of an
    icon on both sides a model that remembers icons looks good."""
    rng = np.random.default_rng(0)
    for i in range(200):
        (tmp_path / "icons" / f"kind{i % 5}").mkdir(parents=True, exist_ok=True)
        for side in rng.choice([16, 24, 32, 48, 64], 3, replace=False):
            icon(i).resize((side, side), Image.Resampling.LANCZOS).save(
                tmp_path / "icons" / f"kind{i % 5}" / f"{i}-{side}.png"
            )
    everyone = ",".join(estimators.names())
    command = ("-m", "crossover", "run", "icons", "--estimators", everyone, "--budget", "20s")
    python(tmp_path, *command, "--run", "all")
    python(tmp_path, *command, "--run", "apart", "--groups", "near")
    all_, apart = (accuracies(tmp_path / "runs" / name) for name in ("all", "apart"))
    with capsys.disabled():
        for name in all_:
            print(f"\n{name}: {all_[name]:.2f} % as they are, {apart[name]:.2f} % with --groups near", end="")
    assert set(all_) == set(apart) == set(estimators.names())
    assert max(all_.values()) > 70 and max(apart.values()) < 40


def test_a_hundred_thousand_files(tmp_path, capsys):
    rng = np.random.default_rng(0)
    grounds = rng.integers(0, 160, (10, SIDE, SIDE), dtype=np.uint8)
    for i in range(MANY):
        label = i % 10
        folder = tmp_path / "many" / f"class{label}"
        if i < 10:
            folder.mkdir(parents=True)
        pixels = grounds[label] + rng.integers(0, 96, (SIDE, SIDE), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{i:06}.png", compress_level=1)
    seconds, most, pixels = map(float, python(tmp_path, "-c", READ, tmp_path / "many").split())
    python(tmp_path, "-m", "crossover", "run", "many", "--estimators", "logistic_regression,xgboost", "--budget", "30s", "--run", "r")  # fmt: skip
    with capsys.disabled():
        print(
            f"\n{MANY:,} files of {SIDE} × {SIDE}: {seconds:.0f} s, at most {most:.0f} MB for {pixels:.0f} MB of pixels"
        )
        print(accuracies(tmp_path / "runs" / "r"))
    assert most < 1.5 * pixels
