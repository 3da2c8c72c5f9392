import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from PIL import Image

from benchmarks.data import datasets
from benchmarks.data.formats import folder
from benchmarks.errors import UserError
from tests.benchmarks.data.formats.writing import write_csv, write_images

one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def test_a_folder_per_class_is_a_data_set(tmp_path):
    write_images(tmp_path / "pets", ["dog", "cat"])
    (tmp_path / "pets" / "cat" / ".DS_Store").write_text("")
    (tmp_path / "pets" / "cat" / "notes.txt").write_text("")
    data = datasets.load(tmp_path / "pets")
    assert (data.name, data.classes, data.train.X.shape, len(data.test)) == (
        "pets", ("cat", "dog"), (8, 8, 6, 1), 2,
    )  # fmt: skip
    with Image.open(tmp_path / "pets" / "cat" / "0.png") as image:
        assert np.asarray(image).tolist() in [*data.train.X[..., 0].tolist(), *data.test.open().X[..., 0].tolist()]


def test_images_of_other_sizes_become_as_most_are_and_the_note_tells(tmp_path):
    write_images(tmp_path, ["a", "b"], sizes=[(8, 6), (8, 6), (10, 10)], mode="RGB")
    data = datasets.load(tmp_path)
    assert data.train.X.shape[1:] == (8, 6, 3)
    assert "2 of 10 images were resized to 8 × 6 pixels, stretched." in data.note


def test_photographs_are_made_smaller(tmp_path):
    write_images(tmp_path, ["a", "b"], sizes=[(300, 600)], n=2)
    assert datasets.load(tmp_path).train.X.shape[1:] == (folder.LONGEST_SIDE // 2, folder.LONGEST_SIDE, 1)


def test_a_folder_may_hold_train_and_test(tmp_path):
    write_images(tmp_path / "train", ["a", "b"], n=4)
    write_images(tmp_path / "test", ["a", "b"], n=2)
    write_images(tmp_path / "val", ["a", "b"], n=2)
    data = datasets.load(tmp_path)
    assert (len(data.train), len(data.test), data.note) == (8, 4, "Not used: the folders val beside train and test.")


def test_a_folder_tells_what_is_wrong(tmp_path):
    with pytest.raises(UserError, match="holds no folders"):
        datasets.load(tmp_path)
    write_csv(tmp_path / "train.csv", np.zeros((2, 4), np.uint8), [0, 1])
    with pytest.raises(UserError, match=r"name a file in it, such as train\.csv"):
        datasets.load(tmp_path)
    write_images(tmp_path / "set", ["a", "b"])
    (tmp_path / "set" / "c").mkdir()
    with pytest.raises(UserError, match="set/c holds no images"):
        datasets.load(tmp_path / "set")
    (tmp_path / "set" / "c").rmdir()
    whole = (tmp_path / "set" / "a" / "1.png").read_bytes()
    for broken in (b"not an image", whole[: len(whole) // 2], b""):
        (tmp_path / "set" / "a" / "1.png").write_bytes(broken)
        data = datasets.load(tmp_path / "set")
        assert "1 of 10 image files cannot be read and is left out: a/1.png. " in data.note
        assert len(data.train) + len(data.test) == 9
    (tmp_path / "set" / "b" / "1.png").write_bytes(b"")
    with pytest.raises(
        UserError, match=r"2 of 10 image files cannot be read, more than 10%: a/1\.png, b/1\.png\. The first: "
    ):
        datasets.load(tmp_path / "set")


def test_a_class_of_which_nothing_can_be_read_is_not_lost_in_silence(tmp_path):
    write_images(tmp_path, ["a", "b"], n=9)
    (tmp_path / "c").mkdir()
    for broken in (b"", b"\x89PNG\r\n\x1a\n"):
        (tmp_path / "c" / "0.png").write_bytes(broken)
        with pytest.raises(UserError, match=r"No image of class 'c' can be read\. The first: .*c/0\.png"):
            datasets.load(tmp_path)
