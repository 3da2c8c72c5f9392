import json
import os

import numpy as np
import pytest

from benchmarks.data import datasets
from benchmarks.data.images import Dataset, Images, Sealed
from benchmarks.data.passport import passport


def images(values, labels):
    """Tiny images, equal where their values are."""
    X = np.zeros((len(values), 2, 3, 1), np.uint8)
    X[:, 1, 2, 0] = values
    return Images(X, np.array(labels, np.int64))


def opened():
    pytest.fail("the seal was opened")


def dataset(train, test):
    return Dataset("toy", train, Sealed(len(test), opened, opened), ("a", "b"), "f00", "f0")


def test_every_kind_of_duplicate_is_counted():
    train = images([1, 2, 2, 2, 3, 4, 5], [0, 0, 0, 1, 1, 0, 0])  # three 2s, under two labels
    test = images([6, 6, 3, 4, 4], [0, 0, 1, 1, 1])  # 4 under another label than in train
    found = passport(dataset(train, test), test)
    assert found["duplicates"] == {"within_train": 2, "within_test": 2, "across": 3, "conflicting_labels": 2}
    assert found["counts"] == {"train": [5, 2], "test": [2, 3]}
    assert (found["train"], found["test"], found["image"]) == (7, 5, [2, 3, 1])
    assert found == json.loads(json.dumps(found))


def test_before_the_final_evaluation_it_tells_of_training_images_alone():
    train = images([1, 1, 2], [0, 1, 1])
    found = passport(dataset(train, train))
    assert found["duplicates"] == {"within_train": 1, "within_test": None, "across": None, "conflicting_labels": 1}
    assert found["counts"] == {"train": [1, 2], "test": None}
    assert found["test"] == 3


def test_classes_without_images_are_counted_as_zero():
    assert passport(dataset(images([1, 2], [0, 0]), images([3], [0])))["counts"]["train"] == [2, 0]


@pytest.mark.real_data
@pytest.mark.skipif(not os.environ.get("CROSSOVER_DATA"), reason="needs Fashion-MNIST under $CROSSOVER_DATA")
def test_fashion_mnist_as_released_today_has_no_duplicates():
    # https://github.com/zalandoresearch/fashion-mnist/issues/44 lists 43 + 1 + 10 duplicates in the files of August
    # 2017. They were replaced: in the files with today's published checksums those pairs are different images.
    data = datasets.load("fashion-mnist")
    found = passport(data, data.test.open())
    assert found["duplicates"] == {"within_train": 0, "within_test": 0, "across": 0, "conflicting_labels": 0}
    assert found["counts"] == {"train": [6000] * 10, "test": [1000] * 10}
    assert data.train.X[601].tolist() != data.train.X[39865].tolist()
