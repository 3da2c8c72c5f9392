import numpy as np
import pytest

from benchmarks.data import datasets
from benchmarks.data.classes import alike_told, classes_told
from tests.benchmarks.data.formats.writing import write_images


@pytest.mark.parametrize(
    ("names", "images"),
    [
        (("square", "sqaure"), (40, 3)),
        (("circle", "circles"), (40, 3)),
        (("dgo", "dog"), (2, 40)),
        (("Cat", "cat"), (20, 20)),
        (("cat", "cat "), (20, 20)),
        (("T-shirt 2", "t_shirt2"), (20, 20)),
    ],
)
def test_classes_that_may_be_one_are_told(names, images):
    said = alike_told(("other", *names), (40, *images))
    assert f"{names[0]!r} ({images[0]} images) and {names[1]!r} ({images[1]})." in said


@pytest.mark.parametrize(
    ("names", "images"),
    [
        (("square", "sqaure"), (40, 30)),
        (("Sample001", "Sample002"), (40, 3)),
        (("grade a", "grade b"), (40, 3)),
        (("male", "female"), (40, 3)),
        (("cat", "car"), (40, 3)),
        (("a", "A"), (40, 3)),
        (("10", "100"), (40, 3)),
    ],
)
def test_classes_that_are_two_are_not(names, images):
    assert alike_told(names, images) == ""


def test_many_pairs_are_counted():
    said = alike_told(("one", "One", "ONE", "o ne", "oNe"), [5] * 5)
    assert said.count(" images)") == 3 and "and 7 more pairs" in said


def test_a_data_set_has_the_note_and_says_what_its_classes_are(tmp_path):
    write_images(tmp_path / "set", ["circle", "square"], n=40)
    write_images(tmp_path / "set", ["sqaure"], n=5)
    data = datasets.load(tmp_path / "set")
    assert "nearly the same name: 'sqaure' (5 images) and 'square' (40)" in data.note
    assert classes_told(data) == "68 training images of 3 classes: circle (32), sqaure (4), square (32)"
    X, y = np.zeros((22, 4, 4), np.uint8), np.repeat(range(11), 2)
    np.savez(tmp_path / "many.npz", x_train=X, y_train=y, x_test=X, y_test=y)
    assert classes_told(datasets.load(tmp_path / "many.npz")) == "22 training images of 11 classes"
