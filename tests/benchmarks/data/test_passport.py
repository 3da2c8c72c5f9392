import json
import os
from dataclasses import replace

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


def test_equal_images_are_named_by_their_places_or_by_their_files():
    train, test = images([1, 2, 2], [0, 0, 1]), images([1, 5], [0, 1])
    found = passport(dataset(train, test), test)
    twice = ["training image 1", "a", "training image 2", "b"]
    assert found["pairs"] == {
        "equal": [twice], "across": [["training image 0", "a", "test image 0", "a"]], "conflicting": [twice],
    }  # fmt: skip
    assert found["known"] == [0]
    named = replace(dataset(train, test), files=lambda: (["x/1.png", "x/2.png", "x/3.png"], ["y/1.png", "y/2.png"]))
    assert passport(named, test)["pairs"]["across"] == [["x/1.png", "a", "y/1.png", "a"]]
    assert passport(named)["pairs"]["conflicting"] == [["x/2.png", "a", "x/3.png", "b"]]


def pictures(*changes):
    """Grey pictures of random smooth shapes, each of a seed and with a contrast."""
    x, y = np.meshgrid(*2 * [np.linspace(0, 3, 24)])
    waves = [np.random.default_rng(seed).uniform(-3, 3, (12, 3)) for seed, _ in changes]
    found = [sum(np.sin(a * x + b * y + c) for a, b, c in wave) for wave in waves]
    scaled = [
        contrast * (shape - shape.min()) / np.ptp(shape) for shape, (_, contrast) in zip(found, changes, strict=True)
    ]
    return np.stack(scaled).astype(np.uint8)[..., None]


def test_near_duplicates_are_counted_within_and_across_the_parts():
    train = Images(pictures((1, 250), (1, 150), (2, 250), (3, 250), (4, 200)), np.array([0, 0, 1, 0, 1]))
    test = Images(pictures((1, 200), (2, 250), (5, 250), (5, 120), (6, 200), (4, 100)), np.array([0, 1, 1, 1, 0, 0]))
    found = passport(dataset(train, test), test)
    assert found["near_duplicates"] == {
        "within_train": 2, "within_test": 2, "across": 2, "conflicting_labels": 1,
    }  # fmt: skip
    assert found["known"] == [0, 1, 5]
    assert found["pairs"]["near"] == [["training image 0", "a", "training image 1", "a"]]
    assert ["training image 4", "b", "test image 5", "a"] in found["pairs"]["near_across"]
    assert found["pairs"]["near_conflicting"] == [["training image 4", "b", "test image 5", "a"]]
    assert found["duplicates"]["across"] == 1
    assert passport(dataset(train, test))["near_duplicates"] == {
        "within_train": 2, "within_test": None, "across": None, "conflicting_labels": 0,
    }  # fmt: skip


def test_of_images_too_small_for_it_no_near_duplicates_are_told():
    train = images([1, 2], [0, 1])
    found = passport(dataset(train, train), train)
    assert found["near_duplicates"] is None and "near" not in found["pairs"]


def test_groups_are_counted():
    train = Images(np.zeros((4, 2, 3, 1), np.uint8), np.array([0, 1, 0, 1]), np.array([5, 5, 2, 2]))
    assert passport(replace(dataset(train, train), groups="w"))["groups"] == {"by": "w", "train": 2}


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
