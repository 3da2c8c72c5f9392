"""Confident learning: what it counts, what it suspects, and what cleaning up may not do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import studies
from benchmarks.data import datasets
from benchmarks.errors import UserError
from benchmarks.labels.errors import FEWEST, joint, precision_and_recall, relabelled, suspects, without
from benchmarks.labels.noise import symmetric
from benchmarks.labels.out_of_fold import out_of_fold


def probabilities(y, k, rng, sure=0.9):
    """Of a model that is right about `y`, more or less sure."""
    chance = np.clip(rng.normal(sure, 0.05, len(y)), 0.55, 0.99)
    proba = np.repeat(((1 - chance) / (k - 1))[:, None], k, axis=1)
    proba[np.arange(len(y)), y] = chance
    return proba


def test_a_model_that_knows_the_classes_finds_every_planted_error():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 5, 2_000)
    noisy = symmetric(y, 0.1, 5, rng)
    found = suspects(probabilities(y, 5, rng), noisy)
    assert precision_and_recall(found, noisy != y) == (1.0, pytest.approx(1.0, abs=0.06))
    assert np.array_equal(found.suggested, y[found.rows]) and np.array_equal(found.given, noisy[found.rows])
    margins = found.probability_of_given - found.probability_of_suggested
    assert (np.diff(margins) >= 0).all(), "the most suspicious first"


def test_a_model_that_is_unsure_everywhere_is_measured_by_its_own_confidence():
    """Class 1 never gets more than 0.4; an image of it with 0.4 is as confidently of it as one of class 0 with 0.9."""
    y = np.array([0] * 50 + [1] * 50)
    proba = np.array([[0.9, 0.05, 0.05]] * 50 + [[0.35, 0.4, 0.25]] * 50)
    assert len(suspects(proba, y)) == 0
    y[0], y[99] = 1, 0
    assert sorted(suspects(proba, y).rows) == [0, 99]


def test_a_model_that_is_sure_of_everything_is_believed():
    """The one wrong label is of class 1 with 0.998, and the mean of that class is higher."""
    y = np.array([0] * 50 + [1] * 50)
    proba = np.array([[1.0, 0.0]] * 50 + [[0.001, 0.999]] * 50)
    proba[7] = 0.002, 0.998
    assert suspects(proba, y).rows.tolist() == [7]


def test_the_joint_counts_the_labels():
    rng = np.random.default_rng(1)
    y = rng.integers(0, 3, 900)
    noisy = symmetric(y, 0.2, 3, rng)
    counted = joint(probabilities(y, 3, rng), noisy)
    assert counted.sum(axis=1) == pytest.approx(np.bincount(noisy))
    truth = np.bincount(noisy * 3 + y, minlength=9).reshape(3, 3)
    assert np.abs(counted - truth).max() < 25


@given(n=st.integers(1, 60), k=st.integers(2, 6), seed=st.integers(0, 2**32 - 1))
def test_whatever_the_probabilities_no_class_is_lost(n, k, seed):
    rng = np.random.default_rng(seed)
    y, proba = rng.integers(0, k, n), rng.dirichlet(np.full(k, 0.3), n)
    found = suspects(proba, y)
    assert len(np.unique(found.rows)) == len(found) and (found.suggested != found.given).all()
    assert np.array_equal(found.given, y[found.rows])
    before = np.bincount(y, minlength=k)
    kept, changed = without(y, found), relabelled(y, found)
    assert (np.bincount(y[kept], minlength=k) >= np.minimum(before, FEWEST)).all()
    assert (np.bincount(changed, minlength=k) >= np.minimum(before, FEWEST)).all()
    assert set(np.flatnonzero(changed != y)) == set(range(n)) - set(kept)


@pytest.mark.parametrize(
    ("proba", "y"), [(np.ones((3, 2)), [0, 1]), (np.full((2, 2), np.nan), [0, 1]), (np.ones((2, 2)), [0, 2])]
)
def test_what_is_no_probability_is_refused(proba, y):
    with pytest.raises(ValueError, match="probabilities"):
        suspects(proba, np.array(y))


SPY = '''
"""Gives each image the share of pixels that it saw in training, and minds groups that it knows."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from estimators import Estimator
from tuning import Space


class Spy(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.classes_, self.seen_ = np.unique(y), {image.tobytes() for image in X}
        return self

    def predict_proba(self, X):
        assert not self.seen_ & {image.tobytes() for image in X}, "fitted on what it judges"
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))


spy = Estimator("spy", "classical", lambda seed: Spy(), Space())
'''


def test_no_image_is_judged_by_a_model_that_saw_it_or_its_group(estimators_folder):
    """Images of a group are the same here, so a model that saw one saw all."""
    from benchmarks.data.images import Images

    (estimators_folder / "spy.py").write_text(SPY)
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(30), 4)
    X = rng.integers(0, 255, (30, 5, 5, 1), dtype=np.uint8)[groups]
    images = Images(X, (groups % 3).astype(np.int64), groups.astype(np.int64))
    done = []
    proba = out_of_fold(images, "spy", folds=5, told=done.append)
    assert done == [1, 2, 3, 4, 5] and np.allclose(proba, 1 / 3)
    with pytest.raises(AssertionError, match="fitted on what it judges"):
        out_of_fold(Images(X, images.y), "spy", folds=5)


def test_what_was_computed_once_is_kept(estimators_folder):
    train = datasets.load("digits").train.rows(np.arange(200))
    done = []
    first = out_of_fold(train, "nearest_mean", told=done.append)
    again = out_of_fold(train, "nearest_mean", told=done.append)
    assert done == [1, 2, 3, 4, 5] and np.array_equal(first, again)
    other = out_of_fold(train, "nearest_mean", seed=1)
    assert not np.array_equal(first, other), "other folds"


def test_a_class_of_one_image_is_told():
    train = datasets.load("digits").train.rows(np.arange(60))
    train.y[:] = 0
    train.y[0] = 1
    with pytest.raises(UserError, match="Class 1 has 1 image"):
        out_of_fold(train)


def test_cleaning_up_mends_what_was_planted():
    """Digits with 10 % of the labels wrong: most of the wrong ones go, or become right; images and groups stay."""
    cleaning, train = studies.get("cleaning"), datasets.load("digits").train
    noisy = cleaning.change(train, "symmetric-10", 0)
    removed = cleaning.change(train, "symmetric-10-removed", 0)
    mended = cleaning.change(train, "symmetric-10-relabelled", 0)
    assert (noisy.y != train.y).mean() == pytest.approx(0.1, abs=0.001)
    assert (mended.y != train.y).mean() < 0.03 and mended.X is train.X
    assert len(train) * 0.85 < len(removed) < len(train) * 0.93
    rows = {image.tobytes(): label for image, label in zip(train.X, train.y, strict=True)}
    assert np.mean([rows[x.tobytes()] != y for x, y in zip(removed.X, removed.y, strict=True)]) < 0.03


@pytest.mark.parametrize(
    ("level", "meant"),
    [
        ("removed", ("", "removed")),
        ("symmetric-2", ("symmetric-2", "")),
        ("pair-45-relabelled", ("pair-45", "relabelled")),
        ("jumbled-others", ("jumbled-others", "")),
        ("jumbled-others-removed", ("jumbled-others", "removed")),
    ],
)
def test_levels_of_cleaning(level, meant):
    from benchmarks.studies.cleaning import parse

    assert parse(level) == meant and studies.get("cleaning").condition(level).level == level


@pytest.mark.parametrize("level", ["cleaned", "symmetric-removed", "symmetric-2-clean", "removed-relabelled", 20])
def test_a_level_of_cleaning_that_makes_no_sense_is_refused(level):
    with pytest.raises(ValueError, match="symmetric-2-removed"):
        studies.get("cleaning").condition(level)
