"""Digits of 28×28 pixels, and a classifier of them, for the tests of repair."""

from functools import cache

import numpy as np
from scipy.ndimage import zoom
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from benchmarks.data.images import Dataset, Images, Sealed
from benchmarks.repair.repairer import Sizes
from estimators.features import features
from estimators.models.saving import save
from estimators.repairs import repair

CLASSES = tuple(str(i) for i in range(10))
SMALL = Sizes(repairs=300, clean=300, each=8, table_clean=60, table_each=4)


def sealed():
    raise AssertionError("the test part was opened")


@cache
def digits():
    """1,000 digits with the mass in the middle, as MNIST has them; the last 300 are in no training part."""
    small = load_digits()
    X = np.zeros((1000, 28, 28, 1), np.uint8)
    X[:, 4:24, 4:24, 0] = np.clip(zoom(small.images[:1000] / 16 * 255, (1, 2.5, 2.5), order=1), 0, 255)
    centred = repair("centre").fit(X).transform(X)
    centred.setflags(write=False)  # All tests share it.
    return Images(centred, small.target[:1000].astype(np.int64))


def dataset():
    """700 training images; who opens the test part fails."""
    return Dataset("made-up", digits().rows(np.arange(700)), Sealed(300, sealed, sealed), CLASSES, "f", "t")


@cache
def model():
    """Logistic regression of pixels."""
    train = dataset().train
    return make_pipeline(features("pixels"), LogisticRegression(max_iter=200)).fit(train.X, train.y)


def save_model(folder):
    """The model as a run keeps one; returns the folder."""
    save(model(), folder, {"estimator": "logistic_regression", "classes": list(CLASSES), "image": [28, 28, 1]})
    return folder
