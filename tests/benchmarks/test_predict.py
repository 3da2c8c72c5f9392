"""Labels for image files by a model on disk."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import benchmarks.predict as module
from benchmarks.errors import UserError
from benchmarks.predict import predict
from tests.benchmarks.saved_model import save_model

ROOT = Path(module.__file__).parents[1]


@pytest.fixture
def model(tmp_path):
    return save_model(tmp_path / "model", (8, 8, 1))


@pytest.fixture
def photos(tmp_path):
    """Six images, dark and light by turns."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for i in range(6):
        Image.fromarray(np.full((10, 12), (20, 230)[i % 2], np.uint8)).save(folder / f"{i}.png")
    return folder


def test_every_image_below_a_folder_has_a_row(model, photos):
    (photos / "deep").mkdir()
    (photos / "0.png").rename(photos / "deep" / "0.png")
    (photos / ".hidden.png").write_bytes(b"")
    (photos / "called.png").mkdir()
    found = predict(model, [photos])
    assert found.columns.tolist() == ["file", "label", "probability", "error"]
    assert found["file"].tolist() == [str(photos / f"{i}.png") for i in range(1, 6)] + [str(photos / "deep/0.png")]
    assert found["label"].tolist() == ["light", "dark", "light", "dark", "light", "dark"]
    assert found["probability"].between(0.5, 1).all() and not found["error"].any()
    assert predict(model, [photos], invert=True)["label"].tolist()[:2] == ["dark", "light"]


@pytest.mark.parametrize("batch", [1, 2, 4, 1024])
def test_a_broken_file_is_a_row_with_its_error_and_the_others_are_labelled(model, photos, monkeypatch, batch):
    monkeypatch.setattr(module, "BATCH", batch)
    whole = predict(model, [photos])
    for name in ("2.png", "3.png"):
        (photos / name).write_bytes((photos / name).read_bytes()[:40])
    found = predict(model, [photos])
    pd.testing.assert_frame_equal(found.drop([2, 3]), whole.drop([2, 3]))
    for i in (2, 3):
        assert found.loc[i, "label"] == "" and np.isnan(found.loc[i, "probability"])
        assert f"{i}.png is not a readable image" in found.loc[i, "error"]


def test_where_no_file_can_be_read_the_first_is_named(model, photos):
    for file in photos.iterdir():
        file.write_bytes(b"broken")
    with pytest.raises(UserError, match=r"0\.png is not a readable image .* None of the other 5 files"):
        predict(model, [photos])
    with pytest.raises(UserError, match=r"1\.png is not a readable image .*remove it\.$"):
        predict(model, [photos / "1.png"])


def test_no_more_than_a_batch_is_in_memory(model, photos, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 2)
    sizes, labelled = [], module._labelled
    monkeypatch.setattr(
        module, "_labelled", lambda model, X, classes: sizes.append(len(X)) or labelled(model, X, classes)
    )
    assert len(predict(model, [photos])) == 6 and sizes == [2, 2, 2]


def test_what_is_not_there_is_named(model, photos, tmp_path):
    with pytest.raises(UserError, match="There is no file or folder"):
        predict(model, [tmp_path / "absent"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="There is no image in"):
        predict(model, [tmp_path / "empty"])
    with pytest.raises(UserError, match="holds no model"):
        predict(photos, [photos])


def test_the_command_ends_well_if_one_file_was_labelled(model, photos, tmp_path):
    def command(*paths):
        return subprocess.run(
            [sys.executable, "-m", "crossover", "predict", model, *paths, "--out", tmp_path / "p.csv"],
            capture_output=True, text=True, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False,
        )  # fmt: skip

    strange = photos / os.fsdecode(b"7\xff\n.png")  # not UTF-8, and a line break
    strange.write_bytes(b"broken")
    done = command(photos)
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(tmp_path / "p.csv", keep_default_na=False)
    assert table["label"].tolist() == ["dark", "light"] * 3 + [""]
    assert "not a readable image" in table["error"].iloc[-1]
    done = command(strange)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert r"7\udcff\n.png is not a readable image" in done.stderr
