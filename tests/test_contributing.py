"""The recipes of CONTRIBUTING.md work as they stand."""

import re
import runpy
from pathlib import Path

import numpy as np
import pytest

from benchmarks.data import datasets
from benchmarks.ledger import read_table
from tests.benchmarks.study import carry_out

TEXT = (Path(__file__).parent.parent / "CONTRIBUTING.md").read_text()
RECIPES = dict(re.findall(r"<!-- recipe: (\S+) -->\n```\w+\n(.*?)```", TEXT, flags=re.DOTALL))


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    """A run of the estimator recipe on digits."""
    folder = tmp_path_factory.mktemp("recipe")
    (folder / "estimators").mkdir()
    (folder / "estimators" / "nearest_mean.py").write_text(RECIPES["estimators/nearest_mean.py"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CROSSOVER_ESTIMATORS", str(folder / "estimators"))
        patch.setenv("CROSSOVER_CACHE", str(folder / "cache"))
        assert carry_out(folder / "run", estimators=["nearest_mean"], budget="4 trials")
    return folder / "run"


def test_every_recipe_is_tried():
    assert set(RECIPES) == {
        "estimators/nearest_mean.py",
        "letters.toml",
        "reports/exhibits/trials.py",
        "reports/analysis/metrics.py",
    }
    assert len(RECIPES["estimators/nearest_mean.py"].strip().splitlines()) <= 25


def test_the_estimator(run_folder):
    trials = read_table(run_folder, "trials")
    ran = trials[trials["status"] != "skipped"]
    assert set(ran["status"]) == {"ok"} and ran["score"].max() > 0.8
    assert read_table(run_folder, "finals")["status"][0] == "ok"


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


def test_the_exhibit(run_folder, tmp_path):
    from reports import load

    (tmp_path / "trials.py").write_text(RECIPES["reports/exhibits/trials.py"])
    exhibit = runpy.run_path(str(tmp_path / "trials.py"))["trials"]
    frame = exhibit.table(load(run_folder), "digits")
    assert frame.loc[0, "estimator"] == "nearest_mean" and frame.loc[0, "ok"] == 4
    assert set(frame.columns) == set(exhibit.columns)


def test_the_metric(run_folder, monkeypatch):
    from reports import leaderboard, load
    from reports.analysis import metrics

    (metric,) = eval(f"({RECIPES['reports/analysis/metrics.py']})", vars(metrics))
    monkeypatch.setattr(metrics, "METRICS", (metric, *metrics.METRICS))
    board = leaderboard.frame(load(run_folder))
    assert 1 >= board.loc[0, "top_2"] >= board.loc[0, "accuracy"] > 0.5
    assert "top-2 accuracy %" in leaderboard.markdown(board, [])
