import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from benchmarks.data import datasets
from benchmarks.data.formats import description, idx
from benchmarks.errors import UserError
from tests.benchmarks.data.formats.writing import write_csv, write_idx_set, write_images

one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def describe(where, text):
    (where / "mine.toml").write_text(text, encoding="utf-8")
    return where / "mine.toml"


def test_a_description_of_idx_files(tmp_path):
    write_idx_set(tmp_path)
    path = describe(
        tmp_path,
        """
        title = "Mine"
        format = "idx"
        transpose = true
        classes = ["no", "yes"]
        licence = "CC0"
        train = {images = "train-images-idx3-ubyte", labels = "train-labels-idx1-ubyte"}
        test = {images = "t10k-images-idx3-ubyte", labels = "t10k-labels-idx1-ubyte"}
        """,
    )
    data = datasets.load(path)
    assert (data.name, data.title, data.licence, data.classes) == ("mine", "Mine", "CC0", ("no", "yes"))
    upright = idx.read(tmp_path / "train-images-idx3-ubyte").transpose(0, 2, 1)
    np.testing.assert_array_equal(data.train.X[..., 0], upright)


def test_a_description_of_csv_files_with_images_to_label(tmp_path):
    X = np.arange(60, dtype=np.uint8).reshape(10, 6)
    write_csv(tmp_path / "a.csv", X, ["x", "y"] * 5)
    write_csv(tmp_path / "b.csv", X[:3])
    path = describe(
        tmp_path,
        """
        format = "csv"
        image = [2, 3]
        test_share = 0.4
        train = {file = "a.csv"}
        unlabelled = {file = "b.csv"}
        """,
    )
    data = datasets.load(path)
    assert (data.train.X.shape, len(data.test), data.classes) == ((6, 2, 3, 1), 4, ("x", "y"))
    np.testing.assert_array_equal(data.unlabelled().reshape(3, 6), X[:3])


def test_a_description_of_a_folder_and_of_an_archive(tmp_path):
    write_images(tmp_path / "set", ["a", "b"])
    data = datasets.load(describe(tmp_path, 'format = "folder"\nimage = [4, 4, 3]\ntrain = {folder = "set"}'))
    assert data.train.X.shape == (8, 4, 4, 3)
    np.savez(tmp_path / "a.npz", x=np.zeros((10, 2, 2), np.uint8), y=np.arange(10) % 2)
    data = datasets.load(describe(tmp_path, 'format = "npz"\ntrain = {file = "a.npz"}'))
    assert len(data.train) == 8


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("format = ", "is not TOML: .*at end of document"),
        ('format = "jpeg"', "format: Input should be 'idx', 'csv', 'npz' or 'folder'"),
        ('format = "csv"', "train: Field required"),
        ('format = "csv"\nlable = "x"\ntrain = {file = "a"}', "lable: Extra inputs are not permitted"),
        ('format = "csv"\ntrain = {folder = "a"}', r"\[train\] must give file for the format csv"),
        ('format = "idx"\ntrain = {images = "a"}', r"\[train\] must give images and labels"),
        ('format = "csv"\ntrain = {file = "nowhere.csv"}', r"names .*nowher\S*, which is not there"),
        ('format = "csv"\ntest_share = 1.5\ntrain = {file = "a"}', "test_share: Input should be less than 1"),
        ('format = "csv"\nimage = [2, 2, 4]\ntrain = {file = "a"}', "with 1 or 3 channels"),
        ('format = "csv"\ntranspose = true\ntrain = {file = "a"}', "transpose is for the format idx alone"),
    ],
)
def test_a_description_tells_what_is_wrong(tmp_path, text, words):
    with pytest.raises(UserError, match=words) as error:
        description.recipe(describe(tmp_path, text), "mine")
    assert "\n" not in str(error.value)


def test_labels_must_be_among_the_classes_that_are_named(tmp_path):
    write_csv(tmp_path / "a.csv", np.zeros((4, 4), np.uint8), [0, 1, 2, 1])
    text = 'format = "csv"\nclasses = ["no", "yes"]\ntrain = {file = "a.csv"}'
    with pytest.raises(UserError, match="has the label 2, which is none of the classes 0, 1"):
        datasets.load(describe(tmp_path, text))
    write_csv(tmp_path / "a.csv", np.zeros((4, 4), np.uint8), [0, 0, 0, 0])
    with pytest.raises(UserError, match=r"mine: No training image of class 'yes'"):
        datasets.load(describe(tmp_path, text))
