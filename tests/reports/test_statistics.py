from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from reports import statistics


def test_wilson_agrees_with_the_textbook_and_with_scipy():
    # 8 of 10: centre (8 + 1.92) / 13.84 = 0.7168, half width 0.2269.
    assert statistics.wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    for k, n in [(0, 5), (5, 5), (9961, 10_000)]:
        scipy = binomtest(k, n).proportion_ci(method="wilson")
        assert statistics.wilson(k, n) == pytest.approx((scipy.low, scipy.high), abs=1e-12)


@pytest.mark.parametrize(("successes", "n"), [(1, 0), (-1, 5), (6, 5)])
def test_wilson_refuses_what_is_no_share(successes, n):
    with pytest.raises(ValueError, match="a share needs"):
        statistics.wilson(successes, n)


def test_scores_of_a_case_computed_by_hand():
    y, predicted = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 2, 2])
    counts = statistics.confusion(y, predicted, 4)
    assert counts.tolist() == [[2, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    table = statistics.per_class(counts).set_index("label")
    assert table.loc[0, ["tp", "fp", "fn"]].tolist() == [2, 0, 1]
    assert table.loc[1, ["precision", "recall", "f1"]].tolist() == [0.5, 0.5, 0.5]
    assert table.loc[2, "precision"] == 0.5
    assert table.loc[2, "recall"] == 1
    assert table.loc[3, ["precision", "recall", "f1"]].isna().all()
    assert statistics.macro_f1(y, predicted) == pytest.approx((0.8 + 0.5 + 2 / 3) / 3)


def test_log_loss_is_that_of_scikit_learn_and_one_image_cannot_make_it_infinite():
    from sklearn.metrics import log_loss

    rng = np.random.default_rng(0)
    y, proba = rng.integers(0, 3, 50), rng.dirichlet([1, 1, 1], 50)
    assert statistics.log_loss(y, proba) == pytest.approx(log_loss(y, proba))
    assert statistics.log_loss(np.array([0]), np.array([[0.0, 1.0]])) == pytest.approx(-np.log(1e-7))


def test_the_grouped_bootstrap_has_the_spread_of_the_plain_one():
    rng = np.random.default_rng(1)
    values = rng.random((3, 200)) < np.array([[0.8], [0.85], [0.9]])
    plain = []
    for _ in range(3000):
        seeds, images = rng.integers(0, 3, 3), rng.integers(0, 200, 200)
        plain.append(values[seeds][:, images].mean())
    grouped = statistics.bootstrap(values, 20_000)
    assert grouped.mean() == pytest.approx(np.mean(plain), abs=0.002)
    assert grouped.std() == pytest.approx(np.std(plain), rel=0.06)


def test_the_interval_of_several_seeds_holds_the_accuracy_and_never_claims_certainty():
    rng = np.random.default_rng(2)
    correct = rng.random((3, 500)) < 0.9
    low, high = statistics.accuracy_interval(correct)
    assert low < correct.mean() < high
    assert 0.03 < high - low < 0.08
    perfect = np.ones((3, 300), bool)
    assert statistics.accuracy_interval(perfect) == statistics.wilson(300, 300)


def test_coverage_of_the_intervals_in_simulation():
    rng = np.random.default_rng(3)
    hits = [low <= 0.9 <= high for low, high in (statistics.wilson(k, 400) for k in rng.binomial(400, 0.9, 2000))]
    assert 0.935 <= np.mean(hits) <= 0.965


def test_pairs_mcnemar_and_holm_of_a_case_computed_by_hand():
    a = np.ones((1, 20), bool)
    b = a.copy()
    b[0, :6] = False  # six images only a gets right: p = 2 * 0.5^6
    c = b.copy()
    c[0, 6] = False
    table = statistics.compare({"c": c, "b": b, "a": a}).set_index(["a", "b"])
    assert list(table.index) == [("a", "b"), ("a", "c"), ("b", "c")]
    assert table.loc[("a", "b"), "p"] == pytest.approx(2 * 0.5**6)
    assert table.loc[("b", "c"), "p"] == 1
    assert table.loc[("a", "c"), "p_holm"] == pytest.approx(3 * 2 * 0.5**7)
    assert table.loc[("a", "b"), "difference"] == pytest.approx(0.3)
    assert table.loc[("a", "b"), "low"] < 0.3 < table.loc[("a", "b"), "high"]


def test_models_that_are_the_same_are_tied():
    same = np.random.default_rng(4).random((3, 100)) < 0.9
    row = statistics.compare({"a": same, "b": same.copy()}).iloc[0]
    assert (row["difference"], row["low"], row["high"]) == (0, 0, 0)
    assert row["p_holm"] == 1


def test_one_model_alone_has_no_pairs():
    assert statistics.compare({"a": np.ones((1, 5), bool)}).empty


def test_equal_models_are_rarely_told_apart():
    rng = np.random.default_rng(5)
    false = 0
    for _ in range(150):
        hard = rng.random(300) < 0.2
        correct = {name: ~(hard & (rng.random((1, 300)) < 0.5)) for name in "abcd"}
        false += (statistics.compare(correct)["p_holm"] < 0.05).any()
    assert false / 150 <= 0.08


@given(st.lists(st.lists(st.booleans(), min_size=7, max_size=7), min_size=1, max_size=4))
def test_intervals_stay_within_bounds_and_repeat(rows):
    correct = np.array(rows)
    low, high = statistics.accuracy_interval(correct)
    assert 0 <= low <= high <= 1
    assert statistics.accuracy_interval(correct) == (low, high)
