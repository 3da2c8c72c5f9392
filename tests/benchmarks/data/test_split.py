import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.data.split import ROWS_PER_CLASS, folds, most_folds, split, subset
from benchmarks.errors import UserError

counts = st.lists(st.integers(2, 60), min_size=2, max_size=8)
seeds = st.integers(0, 2**32 - 1)


def labels(counts, seed=0):
    return np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))


@given(counts, st.floats(0.01, 0.99), seeds)
def test_a_split_takes_every_row_once_and_every_class_twice(counts, share, seed):
    y = labels(counts)
    fit, validation = split(y, share, seed)
    assert sorted([*fit, *validation]) == list(range(len(y)))
    assert (np.diff(fit) > 0).all() and (np.diff(validation) > 0).all()
    assert set(y[fit]) == set(y[validation]) == set(range(len(counts)))
    assert len(validation) == np.clip(round(share * len(y)), len(counts), len(y) - len(counts))


def test_a_split_keeps_the_proportions_of_the_classes():
    fit, validation = split(labels([5000, 1000, 500]), 0.1, seed=3)
    assert np.bincount(labels([5000, 1000, 500])[validation]).tolist() == [500, 100, 50]
    assert len(fit) == 5850


def test_a_split_is_the_same_for_one_seed_and_another_for_another():
    y = labels([40, 40])
    first, again, other = (split(y, 0.25, seed)[1].tolist() for seed in (1, 1, 2))
    assert first == again != other


def test_a_class_too_small_to_split_is_named_with_its_size():
    with pytest.raises(UserError, match=r"Class cat has 1 image.*at least 2"):
        split(np.array([0, 0, 0, 1]), 0.5, 0, classes=("dog", "cat"))


@pytest.mark.parametrize("share", [0, 1, -0.1, 2, float("nan")])
def test_a_share_outside_0_to_1_is_refused(share):
    with pytest.raises(UserError, match="between 0 and 1"):
        split(labels([5, 5]), share, 0)


@given(counts, st.floats(0.01, 1), st.floats(0.01, 1), seeds)
def test_a_smaller_subset_lies_within_a_larger_one(counts, one, two, seed):
    y = labels(counts)
    small, large = (set(subset(y, share, seed).tolist()) for share in sorted((one, two)))
    assert small <= large


@given(counts, st.floats(0.01, 1), seeds)
def test_a_subset_keeps_some_rows_of_every_class(counts, share, seed):
    y = labels(counts)
    index = subset(y, share, seed)
    floor = np.minimum(counts, ROWS_PER_CLASS)
    assert (np.bincount(y[index], minlength=len(counts)) >= floor).all()
    assert len(index) == max(round(share * len(y)), floor.sum())
    assert (np.diff(index) > 0).all()


def test_a_subset_by_number_or_by_share_is_stratified():
    y = labels([6000, 3000, 1000])
    assert np.bincount(y[subset(y, 1000, 0)]).tolist() == [600, 300, 100]
    assert subset(y, 0.1, 0).tolist() == subset(y, 1000, 0).tolist()
    assert subset(y, 1.0, 0).tolist() == list(range(10_000))


@pytest.mark.parametrize("amount", [0, -1, 11, 1.5])
def test_a_subset_of_too_many_or_no_rows_is_refused(amount):
    with pytest.raises(UserError, match="at most all 10 rows"):
        subset(labels([5, 5]), amount, 0)


@pytest.mark.parametrize("share", [0.05, 0.1, 0.2, 0.25, 1 / 3, 0.5])
def test_there_are_as_many_folds_as_is_said(share):
    y = np.repeat(np.arange(3), 200)
    found = folds(y, share, 0, 99)
    assert len(found) == most_folds(share)
    held = np.concatenate([validation for _, validation in found])
    assert len(np.unique(held)) == len(held)
