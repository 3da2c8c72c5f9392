from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from reports.analysis import intervals


def test_wilson_agrees_with_the_textbook_and_with_scipy():
    # 8 of 10: centre (8 + 1.92) / 13.84 = 0.7168, half width 0.2269.
    assert intervals.wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    for k, n in [(0, 5), (5, 5), (9961, 10_000)]:
        scipy = binomtest(k, n).proportion_ci(method="wilson")
        assert intervals.wilson(k, n) == pytest.approx((scipy.low, scipy.high), abs=1e-12)


@pytest.mark.parametrize(("successes", "n"), [(1, 0), (-1, 5), (6, 5)])
def test_wilson_refuses_what_is_no_share(successes, n):
    with pytest.raises(ValueError, match="a share needs"):
        intervals.wilson(successes, n)


def test_the_interval_of_one_seed_is_that_of_agresti_and_min():
    # Their formula by hand: b = 30, c = 18, n = 500, half an image added to each of four cells.
    difference = np.repeat([1, -1, 0], [30, 18, 452])[None]
    se = np.sqrt(49 - 12**2 / 502) / 502
    assert intervals.difference_interval(difference) == pytest.approx(
        (12 / 502 - 1.96 * se, 12 / 502 + 1.96 * se), abs=1e-5
    )
    # Four discordant images, all in favour of one: the exact test has p = 0.125, so the interval must hold zero.
    low, high = intervals.difference_interval(np.repeat([1, 0], [4, 1996])[None])
    assert low < 0 < high


def test_a_cautious_margin_is_the_wider_and_both_are_students_where_only_seeds_differ():
    rng = np.random.default_rng(5)
    seeds = rng.standard_normal((4, 1)) + np.zeros((4, 50))
    expected = 3.182446 * seeds[:, 0].std(ddof=1) / 2
    assert intervals.margin(seeds) == pytest.approx(expected, rel=1e-6)
    assert intervals.cautious_margin(seeds, 0.05) == pytest.approx(expected, rel=1e-6)
    for _ in range(50):
        values = rng.standard_normal((3, 40)) + rng.normal(0, 0.1, (3, 1))
        for level in (0.05, 0.005):
            assert intervals.cautious_margin(values, level) >= intervals.standard_error(values)
        assert intervals.cautious_margin(values, 0.05) < intervals.cautious_margin(values, 0.005)


def test_spread_is_the_analysis_of_variance_of_statsmodels():
    import pandas as pd
    from statsmodels.formula.api import ols
    from statsmodels.stats.anova import anova_lm

    values = (np.random.default_rng(1).random((3, 40)) < np.array([[0.7], [0.8], [0.9]])).astype(float)
    long = pd.DataFrame(values).rename_axis("seed").reset_index().melt("seed", var_name="image", value_name="right")
    squares = anova_lm(ols("right ~ C(seed) + C(image)", long).fit())
    mean_squares = squares["sum_sq"] / squares["df"] / values.size
    expected = mean_squares[["C(image)", "C(seed)", "Residual"]]
    assert intervals.spread(values) == pytest.approx(tuple(expected))


def test_the_interval_of_several_seeds_holds_the_accuracy_and_never_claims_certainty():
    rng = np.random.default_rng(2)
    correct = rng.random((3, 500)) < 0.9
    low, high = intervals.accuracy_interval(correct)
    assert low < correct.mean() < high
    assert 0.02 < high - low < 0.1
    perfect = np.ones((3, 300), bool)
    assert intervals.accuracy_interval(perfect) == intervals.wilson(300, 300)


@given(st.lists(st.lists(st.booleans(), min_size=7, max_size=7), min_size=1, max_size=4))
def test_intervals_stay_within_bounds_and_repeat(rows):
    correct = np.array(rows)
    low, high = intervals.accuracy_interval(correct)
    assert 0 <= low <= high <= 1
    assert intervals.accuracy_interval(correct) == (low, high)
