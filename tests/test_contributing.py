"""The recipes of CONTRIBUTING.md work as they stand."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.data import datasets
from benchmarks.ledger import read_table

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text()
RECIPES = dict(re.findall(r"<!-- recipe: (\S+) -->\n```\w+\n(.*?)```", TEXT, flags=re.DOTALL))
COMMANDS = re.search(r"<!-- commands: estimator -->\n```sh\n(.*?)```", TEXT, flags=re.DOTALL)[1].splitlines()
NOTEBOOK = re.search(r"<!-- notebook: study -->\n```python\n(.*?)```", TEXT, flags=re.DOTALL)[1]
FILES = [name for name in RECIPES if "/" in name]
# What a recipe asks for beside its file: the file and the line before which the new one goes.
LINES = {
    "reports/exhibits/__init__.py": ("EXHIBITS", "trials"),
    "tuning/strategy.py": ("STRATEGIES", '"extremes": extremes'),
    "benchmarks/corruptions/__init__.py": ("LISTED", "vignette"),
    "benchmarks/execution/executors/__init__.py": ("EXECUTORS", '"pooled": pooled'),
}
IMPORTS = {
    "reports/exhibits/__init__.py": "from reports.exhibits.trials import trials",
    "tuning/strategy.py": "from tuning.extremes import extremes",
    "benchmarks/corruptions/__init__.py": "from benchmarks.corruptions.vignette import vignette",
    "benchmarks/execution/executors/__init__.py": "from benchmarks.execution.executors.pooled import pooled",
}
SUITE = """
title = "All recipes at once"
datasets = ["digits"]
estimators = ["nearest_mean"]
budget = "4 trials"
studies = { imbalance = [1.0, 0.4], brightness = [-60], corruption = ["vignette-5"] }

[search.nearest_mean]
strategy = "extremes"
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project in which every recipe was followed, and how to run its command line."""
    copy = tmp_path_factory.mktemp("project")
    for room in ("tuning", "estimators", "benchmarks", "reports"):
        shutil.copytree(ROOT / room, copy / room, ignore=shutil.ignore_patterns("published", "__pycache__"))
    shutil.copy(ROOT / "crossover.py", copy)
    for name in FILES:
        assert not (ROOT / name).exists(), f"{name} comes with the project, so it is no recipe"
        (copy / name).write_text(RECIPES[name])
    for name, (collection, line) in LINES.items():
        _add_line(copy / name, collection, line, IMPORTS[name])
    metrics = copy / "reports/analysis/metrics.py"
    text = metrics.read_text()
    at = text.index('    Metric("macro_f1"')
    metrics.write_text(f"{text[:at]}    {RECIPES['metric'].strip()},\n{text[at:]}")
    environment = os.environ | {"PYTHONPATH": str(copy), "CROSSOVER_CACHE": str(copy / "cache"), "COLUMNS": "200"}

    def run(*arguments, code=0):
        command = arguments if arguments[0] == "-c" else ("-m", "crossover", *arguments)
        ran = subprocess.run(
            [sys.executable, *command], cwd=copy, env=environment, capture_output=True, text=True, check=False
        )
        assert ran.returncode == code, ran.stdout + ran.stderr
        return ran.stdout

    run.folder = copy
    return run


def _add_line(path: Path, collection: str, line: str, imported: str) -> None:
    """Put a line into a collection of a module, as its first entry, and the import that it needs."""
    text = path.read_text()
    (node,) = [
        n
        for n in ast.parse(text).body
        if isinstance(n, ast.Assign | ast.AnnAssign)
        and ast.unparse(getattr(n, "target", None) or n.targets[0]) == collection
    ]
    value = node.value.args[0] if isinstance(node.value, ast.Call) else node.value
    lines = text.splitlines(keepends=True)
    start = sum(map(len, lines[: value.lineno - 1])) + value.col_offset + 1
    text = text[:start] + f"{line}, " + text[start:]
    last = max(n.end_lineno for n in ast.parse(text).body if isinstance(n, ast.ImportFrom))
    lines = text.splitlines(keepends=True)
    path.write_text("".join([*lines[:last], f"{imported}\n", *lines[last:]]))


@pytest.fixture(scope="module")
def everything(project):
    """A run that uses every recipe, on the executor that is one."""
    (project.folder / "everything.toml").write_text(SUITE)
    project("run", "everything.toml", "--executor", "pooled")
    return project.folder / "runs" / "everything"


def test_every_recipe_is_tried():
    assert {*FILES, *RECIPES} == {*FILES, "ablation.toml", "letters.toml", "metric"}
    assert len(FILES) == 7 and len(RECIPES["estimators/nearest_mean.py"].strip().splitlines()) <= 25
    assert len(RECIPES["metric"].strip().splitlines()) == 1
    assert len(RECIPES["ablation.toml"].partition("[[variants]]")[2].strip().splitlines()) == 3


def test_the_estimator(project):
    assert "FAILED" not in project(*COMMANDS[0].split()[1:])
    project("run", "digits", "--estimators", "nearest_mean,svm", "--budget", "5 trials")
    trials = read_table(project.folder / "runs" / "digits", "trials").query("variant == 'nearest_mean'")
    assert set(trials["status"]) <= {"ok", "skipped"} and trials["score"].max() > 0.8
    assert COMMANDS[1] == 'crossover run digits --estimators nearest_mean,svm --budget "5 trials"'


def test_the_variant(project):
    (project.folder / "ablation.toml").write_text(RECIPES["ablation.toml"])
    assert "on pixels" in project("run", "ablation.toml")
    fits = read_table(project.folder / "runs" / "ablation", "fits").set_index("variant")
    assert fits.loc["on pixels", "params"]["features"] == "pixels"


def test_the_studies(project, everything):
    """A train study has fits of its own, an evaluate study evaluations under the fit that is there."""
    fits, evaluations = (set(read_table(everything, name)["condition"]) for name in ("fits", "evaluations"))
    assert fits == {"", "imbalance=0.4"} and evaluations == {*fits, "brightness=-60", "corruption=vignette-5"}
    assert "vignette" in project("list", "corruptions")
    assert {"imbalance", "brightness"} <= set(re.findall(r"^(\w+)", project("list", "studies"), flags=re.MULTILINE))
    project("run", "digits", "--study", "brightness", "--estimators", "nearest_mean", "--budget", "2 trials")
    said = project("-c", NOTEBOOK).splitlines()
    assert [line.rpartition(" ")[0] for line in said] == ["standard", "brightness=-60", "brightness=60"]
    assert all(0 < float(line.rpartition(" ")[2]) < 1 for line in said)


def test_the_strategy_and_the_executor(everything):
    trials = read_table(everything, "trials").query("status == 'ok' and condition == ''")
    assert set(trials["strategy"]) == {"extremes"}
    assert {p["shrinkage"] for p in trials["params"]} == {0.1, 0.01, 10.0}
    assert json.loads((everything / "run.json").read_text())["executor"] == "pooled"


def test_the_exhibit_and_the_metric(everything):
    page = (everything / "report.html").read_text()
    assert "What if the light is dimmer or brighter?" in page or "grey levels added" in page
    assert "How many trials each search ran, and how many ended well." in page
    board = pd.read_csv(everything / "leaderboard.csv")
    assert list(board).index("sure") == list(board).index("macro_f1") - 1 and 0 < board.loc[0, "sure"] <= 1
    assert "confidence" in page and "confidence %" in (everything / "leaderboard.md").read_text()


def test_the_description_of_a_data_set(tmp_path, monkeypatch):
    monkeypatch.setenv("CROSSOVER_CACHE", str(tmp_path / "cache"))

    def idx(name, array):
        header = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
        (tmp_path / name).write_bytes(header + array.tobytes())

    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (40, 6, 6), dtype=np.uint8)
    for part in ("train", "test"):
        idx(f"{part}-images", images)
        idx(f"{part}-labels", (np.arange(40) % 4).astype(np.uint8))
    (tmp_path / "letters.toml").write_text(RECIPES["letters.toml"])
    dataset = datasets.load(str(tmp_path / "letters.toml"))
    assert dataset.title == "Letters" and len(dataset.classes) == 4
    assert np.array_equal(dataset.train.X[..., 0], images.transpose(0, 2, 1))
