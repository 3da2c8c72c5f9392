"""Ready-made things that hostile ones are made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.data.formats.writing import write_images
from tests.benchmarks.saved_model import save_model
from tests.hostile.cases import picture
from tests.reports.conftest import write_run

FEW = ("passport", "balance", "confusion", "samples", "trials", "costs")  # exhibits that a quick report has


@pytest.fixture(scope="session")
def ready(tmp_path_factory) -> dict[str, Path]:
    """A model, a run folder, a folder of images and a picture."""
    root = tmp_path_factory.mktemp("ready")
    save_model(root / "model", (8, 8, 1))
    write_run(
        root / "run", classes={"digits": ["a", "b", "c"]}, tests=40, trials=4, variants=("svm", "cnn"), failures=False
    )
    write_images(root / "images", ["a", "b"])
    (root / "picture.png").write_bytes(picture("PNG"))
    return {"model": root / "model", "run": root / "run", "images": root / "images", "picture": root / "picture.png"}


@pytest.fixture
def few_exhibits(monkeypatch):
    """Reports of some exhibits alone: most of the time of a report goes into drawing."""
    from reports import page

    monkeypatch.setattr(page, "EXHIBITS", tuple(exhibit for exhibit in page.EXHIBITS if exhibit.name in FEW))


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """Arrays are kept where they disturb nobody."""
    monkeypatch.setenv("CROSSOVER_CACHE", str(tmp_path_factory.getbasetemp() / "hostile-cache"))
