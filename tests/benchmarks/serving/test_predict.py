"""Labels for pictures by a model on disk."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import benchmarks.serving.predict as module
import crossover
from benchmarks.data.formats import pictures
from benchmarks.data.framing import Preparation, scan
from benchmarks.errors import UserError
from benchmarks.serving.predict import predict
from estimators.models.saving import read_facts
from tests.benchmarks.saved_model import save_model

ROOT = Path(module.__file__).parents[2]


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
    monkeypatch.setattr(pictures, "AT_ONCE", batch)
    whole = predict(model, [photos])
    for name in ("2.png", "3.png"):
        (photos / name).write_bytes((photos / name).read_bytes()[:40])
    found = predict(model, [photos])
    pd.testing.assert_frame_equal(found.drop([2, 3]), whole.drop([2, 3]))
    for i in (2, 3):
        assert found.loc[i, "label"] == "" and np.isnan(found.loc[i, "probability"])
        assert f"{i}.png is not a readable image" in found.loc[i, "error"]


def test_a_picture_of_a_kind_that_is_not_read_has_a_row_and_other_files_are_told(model, photos):
    (photos / "5.png").rename(photos / "5.HEIC")
    for name in ("img1", "img2", "notes.txt", ".hidden", "Thumbs.db"):
        (photos / name).write_text("")
    found = predict(model, [photos])
    assert found["error"].str.contains("of a kind that is not read").tolist() == [False] * 5 + [True]
    assert pictures.not_read([photos]) == "3 other files are not read, such as img1 and notes.txt."
    done = subprocess.run(
        [sys.executable, ROOT / "crossover.py", "predict", model, photos], capture_output=True, text=True, check=True
    )
    assert "WARNING: 3 other files are not read, such as img1 and notes.txt." in done.stderr


def test_a_folder_that_nobody_may_look_into_is_not_passed_over(model, photos, monkeypatch):
    (photos / "shut").mkdir()
    scan_folder = os.scandir

    def scandir(path="."):
        if str(path).endswith("shut"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan_folder(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(UserError, match=r"Cannot look into .*/shut \(Permission denied\)"):
        predict(model, [photos])


def test_where_no_file_can_be_read_the_first_is_named(model, photos):
    for file in photos.iterdir():
        file.write_bytes(b"broken")
    with pytest.raises(UserError, match=r"0\.png is not a readable image .* None of the other 5 files"):
        predict(model, [photos])
    with pytest.raises(UserError, match=r"1\.png is not a readable image .*remove it\.$"):
        predict(model, [photos / "1.png"])


def test_no_more_than_a_batch_is_in_memory(model, photos, monkeypatch):
    monkeypatch.setattr(pictures, "AT_ONCE", 2)
    sizes, probabilities = [], module._probabilities
    monkeypatch.setattr(
        module, "_probabilities", lambda model, X, *more: sizes.append(len(X)) or probabilities(model, X, *more)
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


def test_rows_of_tables_are_pictures_too(model, photos, tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "AT_ONCE", 4)
    X = np.repeat(np.array([20, 230, 25, 235, 240], np.uint8), 64).reshape(5, 8, 8)
    wanted = ["dark", "light", "dark", "light", "light"]
    numbers = [[i, *pixels] for i, pixels in enumerate(X.reshape(5, 64).tolist())]
    header = ",".join(["label", *(f"pixel{i}" for i in range(64))])
    lines = [",".join(map(str, row)) for row in numbers]
    (tmp_path / "labelled.csv").write_text("\n".join([header, *lines]))
    (tmp_path / "bare.csv").write_text(
        "\n".join([header.removeprefix("label,"), *(x.partition(",")[2] for x in lines)])
    )
    (tmp_path / "no-header.csv").write_text("\n".join(lines))
    (tmp_path / "no-header-no-label.csv").write_text("\n".join(line.partition(",")[2] for line in lines))
    np.savez(tmp_path / "a.npz", x_train=X[:1], y_train=[0], x_test=X, y_test=[0, 1, 0, 1, 1])
    np.savez(tmp_path / "b.npz", anything=X.reshape(5, 64))
    (tmp_path / "c-ubyte").write_bytes(b"\0\0\x08\x03" + b"".join(n.to_bytes(4, "big") for n in X.shape) + X.tobytes())
    for name in ("labelled.csv", "bare.csv", "no-header.csv", "no-header-no-label.csv", "a.npz", "b.npz", "c-ubyte"):
        found = predict(model, [tmp_path / name])
        assert found["label"].tolist() == wanted and found["row"].tolist() == [1, 2, 3, 4, 5], name
        assert set(found["file"]) == {str(tmp_path / name)}
    both = predict(model, [photos / "1.png", tmp_path / "a.npz"])
    assert both["label"].tolist() == ["light", *wanted]
    assert both["row"].isna().tolist() == [True] + [False] * 5 and both.columns[1] == "row"


def test_a_table_of_another_size_is_made_to_fit_and_a_broken_one_is_a_row(model, tmp_path):
    np.savez(tmp_path / "large.npz", X=np.full((3, 20, 30, 3), 240, np.uint8))
    assert predict(model, [tmp_path / "large.npz"])["label"].tolist() == ["light"] * 3
    (tmp_path / "broken.npz").write_bytes(b"no")
    header = ",".join(f"pixel{i}" for i in range(64))
    (tmp_path / "cut.csv").write_text("\n".join([header, ",".join(["9"] * 64), ",".join(["9"] * 63 + ["x"])]))
    (tmp_path / "odd.csv").write_text("a,b,c,d,e\n1,2,3,4,5\n")
    np.savez(tmp_path / "unclear.npz", one=np.zeros(3), two=np.zeros(3))
    names = ["large.npz", "broken.npz", "cut.csv", "odd.csv", "unclear.npz"]
    found = predict(model, [tmp_path / name for name in names])
    assert found["error"].tolist()[:3] == [""] * 3
    broken, cut, odd, unclear = found["error"].tolist()[3:]
    assert "not a readable NumPy archive" in broken
    assert "line 3, column 'pixel63': 'x' is not a number" in cut
    assert "no square image" in odd and "the images to label are called" in unclear


def test_runners_up_capitals_and_what_is_left_to_a_person(tmp_path):
    X = np.repeat(np.array([10, 90, 170, 250], np.uint8), 64).reshape(4, 8, 8, 1)
    model = Fixed(["a", "A", "b", "B", "word"], [[0.3, 0.3, 0.35, 0.0, 0.05]] * 3 + [[0.0, 0.0, 0.1, 0.85, 0.05]])
    folder = save_model(tmp_path / "model", (8, 8, 1), classes=model.classes)
    np.savez(tmp_path / "x.npz", x=X)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "open_model", lambda folder: (model, read_facts(folder)))
        plain = predict(folder, [tmp_path / "x.npz"], top=3)
        assert plain.columns.tolist() == [
            "file", "row", "label", "probability", "label_2", "probability_2", "label_3", "probability_3", "error",
        ]  # fmt: skip
        assert plain.iloc[0, 2:8].tolist() == ["b", 0.35, "a", 0.3, "A", 0.3]
        upper = predict(folder, [tmp_path / "x.npz"], top=2, upper=True, reject=0.9)
        assert upper.iloc[0, 2:6].tolist() == ["A", 0.6, "B", 0.35]
        assert upper["probability"].tolist() == [0.6, 0.6, 0.6, 0.95]
        assert upper["unsure"].tolist() == [True, True, True, False]
        with pytest.raises(UserError, match="--top 6: the model has 5 classes"):
            predict(folder, [tmp_path / "x.npz"], top=6)
        with pytest.raises(UserError, match="--top 4: the model has 3 classes"):
            predict(folder, [tmp_path / "x.npz"], top=4, upper=True)
        with pytest.raises(UserError, match="lies between 0 and 1"):
            predict(folder, [tmp_path / "x.npz"], reject=90)


class Fixed:
    """A model whose probabilities are given, one row per picture."""

    def __init__(self, classes, proba):
        self.classes, self.proba = classes, np.array(proba)

    def predict_proba(self, X):
        return self.proba[: len(X)]


def test_without_small_letters_there_are_no_capitals_to_make(model, photos):
    with pytest.raises(UserError, match="none of the classes dark, light is a small letter"):
        predict(model, [photos], upper=True)


def test_what_cannot_be_read_is_left_to_a_person(model, photos):
    (photos / "2.png").write_bytes(b"broken")
    assert predict(model, [photos], reject=0)["unsure"].tolist() == [False, False, True, False, False, False]


@pytest.fixture
def scans(tmp_path):
    """A dark bar on light paper, and the same as the model takes it."""
    folder = tmp_path / "scans"
    folder.mkdir()
    paper = np.full((300, 400), 200, np.uint8)
    paper[60:200, 250:290] = 30
    Image.fromarray(paper).save(folder / "bar.png")
    framed = scan((28, 28, 1))(paper[..., None])
    Image.fromarray(framed[..., 0]).save(folder / "framed.png")
    return folder, framed


def shown(folder):
    return [np.asarray(Image.open(file)) for file in sorted(folder.iterdir())]


def test_pictures_are_prepared_as_the_model_says_or_as_asked(scans, tmp_path):
    folder, framed = scans
    measured = Preparation(scan((28, 28, 1)), unless_alike=True)
    known = save_model(tmp_path / "known", (28, 28, 1), preparation=measured.facts())
    unknown = save_model(tmp_path / "unknown", (28, 28, 1))
    seen = {}
    for name, model in (("known", known), ("unknown", unknown)):
        for prepare in ("auto", "none", "scan"):
            out = tmp_path / f"{name}-{prepare}"
            assert len(predict(model, [folder], prepare=prepare, show_input=out)) == 2
            assert sorted(file.name for file in out.iterdir()) == ["000001-bar.png", "000002-framed.png"]
            seen[name, prepare] = shown(out)
    for case in (("known", "auto"), ("known", "scan"), ("unknown", "scan")):
        np.testing.assert_array_equal(seen[case][0], framed[..., 0])
    for case in (("known", "auto"), ("known", "none"), ("unknown", "auto"), ("unknown", "none")):
        np.testing.assert_array_equal(seen[case][1], framed[..., 0])
    for case in (("known", "none"), ("unknown", "auto"), ("unknown", "none")):
        assert seen[case][0][0, 0] == 200, "nothing was done but giving it the size"
    with pytest.raises(UserError, match=r"no preparation 'scam'\. Did you mean 'scan'"):
        predict(known, [folder], prepare="scam")


def test_what_the_model_was_shown_overwrites_nothing(model, photos):
    with pytest.raises(UserError, match="not an empty folder"):
        predict(model, [photos], show_input=photos)


def test_a_model_with_a_damaged_preparation_is_refused(photos, tmp_path):
    model = save_model(tmp_path / "model", (8, 8, 1), preparation={"frame": "upside down"})
    with pytest.raises(UserError, match="holds no model: no preparation"):
        predict(model, [photos])


def test_what_it_took_is_told_after_every_batch(model, photos, monkeypatch):
    monkeypatch.setattr(pictures, "AT_ONCE", 4)
    told = []
    predict(model, [photos], told=lambda spent, total: told.append((spent.pictures, total)))
    assert told == [(4, 6), (6, 6)]


def test_a_table_of_another_kind_is_refused_before_anything_is_read(model, photos, tmp_path):
    with pytest.raises(UserError, match=r"'xml'.*csv, json"):
        crossover.predict(model, photos, tmp_path / "p.xml")
    assert not (tmp_path / "p.xml").exists()
    crossover.predict(model, photos, tmp_path / "p.xml", written_as="csv")
    assert (tmp_path / "p.xml").read_text().startswith("file,")


def test_the_call_does_what_the_command_does(model, photos, tmp_path):
    found = crossover.predict(model, photos, tmp_path / "p.json", top=2, reject=0.9)
    stored = json.loads((tmp_path / "p.json").read_text())
    assert [row["label"] for row in stored] == found["label"].tolist() and stored[0]["unsure"] is False
    done = subprocess.run(
        [sys.executable, "-m", "crossover", "predict", model, photos, "--top", "2", "--reject", "0.9", "--format", "json"],
        capture_output=True, text=True, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == stored
    assert "6 pictures labelled in" in done.stderr and "went into reading" in done.stderr
    with pytest.raises(UserError, match="no format 'xml'"):
        crossover.predict(model, photos, written_as="xml")


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
