"""The study of structure: pixels change places, the same way in training and test images."""

import numpy as np
import pytest

from benchmarks import studies
from benchmarks.data import datasets
from benchmarks.ledger import read_table
from benchmarks.studies.structure import permutation, shuffled_anew, structure, within_blocks
from tests.benchmarks.study import carry_out

LEVELS = [2, "all", "anew"]


def images(n=4, h=7, w=5, c=3):
    """All pixels of an image differ, and all images of a channel are alike."""
    pixels = np.arange(h * w, dtype=np.uint8).reshape(1, h, w, 1) + np.array([0, 50, 100], np.uint8)[:c]
    return np.repeat(pixels, n, axis=0)


@pytest.mark.parametrize("side", [1, 2, 4, 7, 20])
def test_pixels_stay_in_their_block_and_none_is_lost(side):
    order = permutation(7, 5, side, np.random.default_rng(0))
    rows, columns = np.divmod(np.arange(35), 5)
    was_row, was_column = np.divmod(order, 5)
    assert sorted(order) == list(range(35))
    assert np.array_equal(rows // side, was_row // side) and np.array_equal(columns // side, was_column // side)
    assert side == 1 or (order != np.arange(35)).any()


def test_one_order_serves_all_images_and_channels_stay_together():
    X = images()
    changed = within_blocks(X, 7, np.random.default_rng(0))
    assert changed.dtype == np.uint8 and changed.shape == X.shape and not np.array_equal(changed, X)
    assert (changed == changed[:1]).all()
    assert np.array_equal(changed[..., 1], changed[..., 0] + 50)


def test_shuffled_anew_leaves_the_histogram():
    X = images()
    changed = shuffled_anew(X, np.random.default_rng(0))
    assert np.array_equal(np.sort(changed.reshape(4, -1, 3), axis=1), np.sort(X.reshape(4, -1, 3), axis=1))
    assert not np.array_equal(changed[0], changed[1]) and np.array_equal(changed[..., 2], changed[..., 0] + 100)


@pytest.mark.parametrize("level", LEVELS)
def test_training_and_test_images_are_changed_alike(level):
    dataset, condition = datasets.load("digits"), structure.condition(level)
    train = studies.training(dataset.train, condition, 3)
    test = studies.shown(np.asarray(dataset.test.images()), condition, 3)
    assert train.y is dataset.train.y and train.X.shape == dataset.train.X.shape
    same = studies.shown(np.asarray(dataset.train.X), condition, 3)
    assert np.array_equal(train.X, same), "by the same rule"
    if level == "anew":
        one = np.tile(np.arange(64, dtype=np.uint8).reshape(1, 8, 8, 1), (2, 1, 1, 1))
        assert not np.array_equal(*studies.shown(one, condition, 3))
        return
    order = permutation(8, 8, 8 if level == "all" else level, np.random.default_rng(3))
    assert np.array_equal(test.reshape(len(test), -1), dataset.test.images().reshape(len(test), -1)[:, order])


@pytest.mark.parametrize("level", [0, -2, 2.5, "some", "14"])
def test_a_block_that_makes_no_sense_is_refused(level):
    with pytest.raises(ValueError, match="side of a block"):
        structure.condition(level)


@pytest.mark.usefixtures("estimators_folder")
def test_a_model_that_never_looked_at_neighbours_cannot_tell(tmp_path):
    """The nearest mean sees the same distances under any order that serves all images, and loses all under new ones."""
    assert carry_out(tmp_path / "run", studies={"structure": [1, 2, "all", "anew"]}, budget="1 trial")
    fits, done = (read_table(tmp_path / "run", name) for name in ("fits", "evaluations"))
    names = ["", "structure=2", "structure=all", "structure=anew"]
    assert fits["condition"].tolist() == names and done["condition"].tolist() == names
    proba = {
        row.condition: np.load(tmp_path / "run" / row.folder / "predictions.npz")["proba"] for row in done.itertuples()
    }
    y = datasets.load("digits").test.open().y
    right = {name: (p.argmax(1) == y).mean() for name, p in proba.items()}
    assert abs(right["structure=all"] - right[""]) < 0.05 and abs(right["structure=2"] - right[""]) < 0.05
    assert right[""] > 0.8 and right["structure=anew"] < 0.35
