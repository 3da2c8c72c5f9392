"""Planted label noise: exactly as many wrong labels as asked for, and of the kind that was asked for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.data import datasets
from benchmarks.execution.work import perform
from benchmarks.labels.noise import NOISES, hard_first, jumbled, pair, prototypes, similar, symmetric, taken_for
from benchmarks.studies import get, training
from tests.benchmarks.study import trial

KINDS = {
    "any confusion": lambda y, share, k, rng: similar(y, share, np.random.default_rng(1).integers(0, 3, (k, k)), rng),
    "any score": lambda y, share, k, rng: hard_first(y, share, np.random.default_rng(1).random((len(y), k)), rng),
}
KINDS |= {
    name: lambda y, share, k, rng, change=noise.change: change(pictures(len(y)), y, share, k, rng)
    for name, noise in NOISES.items()
}


def pictures(n):
    return np.random.default_rng(2).integers(0, 255, (n, 4, 4, 1), dtype=np.uint8)


def labels(n, k, seed=0):
    return np.random.default_rng(seed).integers(0, k, n)


@given(
    kind=st.sampled_from(sorted(KINDS)),
    n=st.integers(0, 60),
    k=st.integers(2, 7),
    share=st.floats(0, 1),
    seed=st.integers(0, 2**32 - 1),
)
def test_exactly_as_many_as_asked_for(kind, n, k, share, seed):
    y = labels(n, k, seed)
    before = y.copy()
    one, two = (KINDS[kind](y, share, k, np.random.default_rng(seed)) for _ in range(2))
    assert (one != y).sum() == round(share * n)
    assert one.dtype == np.int64 and one.shape == y.shape and np.array_equal(one, two)
    assert not n or (one.min() >= 0 and one.max() < k)
    assert np.array_equal(y, before)


def test_symmetric_noise_takes_every_other_class_alike():
    y = labels(40_000, 5)
    noisy = symmetric(y, 0.5, 5, np.random.default_rng(0))
    moved = np.bincount((noisy - y)[noisy != y] % 5, minlength=5)
    assert moved[0] == 0 and np.abs(moved[1:] / 20_000 - 0.25).max() < 0.02
    wrong = [(noisy != y)[y == c].mean() for c in range(5)]
    assert max(wrong) - min(wrong) < 0.04


def test_pair_noise_goes_to_the_next_class():
    y = labels(1000, 4)
    noisy = pair(y, 0.45, 4, np.random.default_rng(0))
    assert set((noisy - y)[noisy != y] % 4) == {1}


def test_noise_towards_similar_classes_follows_the_confusion():
    y = np.repeat(np.arange(3), 10_000)
    confusion = np.array([[900, 30, 10], [0, 50, 0], [7, 0, 0]])
    noisy = similar(y, 0.6, confusion, np.random.default_rng(0))
    to = [np.bincount(noisy[(y == c) & (noisy != y)], minlength=3) for c in range(3)]
    assert to[0][1] / to[0].sum() == pytest.approx(0.75, abs=0.02), "3 of 4, as they are confused"
    assert to[1][0] / to[1].sum() == pytest.approx(0.5, abs=0.02), "a class that is never taken for another goes to any"
    assert to[2].tolist()[1] == 0, "what never happened does not happen"


def test_hard_images_come_first_and_go_where_they_belong_next():
    y = np.array([0, 0, 1, 1])
    proba = np.array([[0.9, 0.1, 0.0], [0.4, 0.1, 0.5], [0.3, 0.7, 0.0], [0.2, 0.5, 0.3]])
    rng = np.random.default_rng(0)
    assert hard_first(y, 0.25, proba, rng).tolist() == [0, 2, 1, 1]
    assert hard_first(y, 0.5, proba, rng).tolist() == [0, 2, 1, 2]


def test_jumbled_labels_are_right_by_chance_or_never():
    y = labels(20_000, 10)
    assert (jumbled(y, 10, np.random.default_rng(1)) == y).mean() == pytest.approx(0.1, abs=0.01)
    assert not (jumbled(y, 10, np.random.default_rng(0), "others") == y).any()


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_that_makes_no_sense_is_refused(share):
    with pytest.raises(ValueError, match="between 0 and 1"):
        symmetric(labels(10, 3), share, 3, np.random.default_rng(0))


def test_one_class_cannot_be_wrong():
    with pytest.raises(ValueError, match="second class"):
        pair(np.zeros(10, np.int64), 0.5, 1, np.random.default_rng(0))


@pytest.mark.parametrize("confusion", [np.ones((2, 3)), -np.eye(3), np.full((3, 3), np.nan)])
def test_a_confusion_that_makes_no_sense_is_refused(confusion):
    with pytest.raises(ValueError, match="confusion matrix"):
        similar(labels(10, 2), 0.5, confusion, np.random.default_rng(0))


def test_prototypes_know_who_looks_like_whom():
    """Classes 0 and 1 are bright on the left, more and less; class 2 is bright on the right."""
    y = np.repeat(np.arange(3), 20)
    X = np.zeros((60, 4, 4, 1), np.uint8)
    X[y == 0, :, :2], X[y == 1, :, :2], X[y == 2, :, 2:] = 200, 150, 200
    near = prototypes(X, y, 3, part=7)
    assert near.shape == (60, 3) and near.argmax(1).tolist() == y.tolist()
    assert taken_for(near, y)[0].tolist() == [0, 20, 0] and taken_for(near, y)[1].tolist() == [20, 0, 0]


@pytest.mark.parametrize(
    "level",
    [
        "symmetric",
        "symmetric-",
        "symmetric-0",
        "symmetric-101",
        "pair-4.5",
        "jumbled-20",
        "noisy-20",
        "clean",
        "-clean",
        20,
    ],
)
def test_a_level_that_makes_no_sense_is_refused(level):
    with pytest.raises(ValueError, match="as in symmetric-20"):
        get("label_noise").condition(level)


WITNESS = '''
"""The nearest class mean, which tells how often the labels of its validation rows are what it predicts."""

import numpy as np

from crossover_plugins.nearest_mean import NearestMean
from estimators import Estimator
from tuning import Space


class Witness(NearestMean):
    def fit(self, X, y, validation=None):
        super().fit(X, y)
        if validation is not None:
            rows, labels = validation
            self.history_ = {"agrees": [float((self.predict_proba(rows).argmax(1) == labels).mean())]}
        return self


witness = Estimator("witness", "classical", lambda seed: Witness(seed=seed), Space())
'''


def test_rows_that_judge_are_as_wrong_as_the_others_unless_their_right_labels_are_asked_for(
    estimators_folder, tmp_path
):
    """Of a trial and of a fit alike; what is learned from is wrong at both levels, and the same rows are."""
    (estimators_folder / "witness.py").write_text(WITNESS)
    study, train = get("label_noise"), datasets.load("digits").train
    conditions = [study.condition(level) for level in ("symmetric-50", "symmetric-50-clean")]
    assert np.array_equal(*(training(train, condition, 0).y for condition in conditions))
    noisy, clean = (perform(trial("witness", {}, condition=c)).result for c in conditions)
    assert noisy.score < 0.6 < 0.75 < clean.score
    fits = [
        perform(trial("witness", {}, kind="fit", effort=0.5, model=str(tmp_path / str(c)), condition=c)).result
        for c in conditions
    ]
    agrees = [fit.history["agrees"][0] for fit in fits]
    assert fits[0].held_out > 500 and agrees[0] < 0.6 < 0.75 < agrees[1]


@pytest.mark.parametrize("level", ["symmetric-20", "pair-45", "similar-20", "hard-20", "jumbled", "jumbled-others"])
def test_the_study_changes_labels_alone_and_other_seeds_other_labels(level):
    train, study = datasets.load("digits").train, get("label_noise")
    noisy = study.change(train, level, 0)
    assert noisy.X is train.X
    if level[-2:].isdigit():
        assert (noisy.y != train.y).sum() == round(int(level[-2:]) / 100 * len(train))
    if level != "hard-20":
        assert not np.array_equal(noisy.y, study.change(train, level, 1).y)
