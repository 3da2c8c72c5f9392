from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from reports.analysis import statistics


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


def test_brier_of_a_case_computed_by_hand_and_of_scikit_learn():
    from sklearn.metrics import brier_score_loss

    # (0.3² + 0.2² + 0.1²) and (1 + 1): sure of the wrong class.
    assert statistics.brier(np.array([0, 1]), np.array([[0.7, 0.2, 0.1], [1, 0, 0]])) == pytest.approx((0.14 + 2) / 2)
    rng = np.random.default_rng(0)
    y, proba = rng.integers(0, 2, 80), rng.dirichlet([1, 1], 80)
    assert statistics.brier(y, proba) == pytest.approx(2 * brier_score_loss(y, proba[:, 1]))


def test_calibration_error_of_a_case_computed_by_hand():
    sure = np.array([0.5, 0.5, 0.5, 0.5, 0.9, 0.9, 0.9, 0.9])
    bins = statistics.reliability(sure, np.array([1, 0, 0, 0, 1, 1, 1, 1], bool), bins=2)
    assert bins["images"].tolist() == [4, 4]
    assert bins["accuracy"].tolist() == [0.25, 1]
    assert statistics.calibration_error(bins) == pytest.approx((0.25 + 0.1) / 2)


def test_a_calibrated_model_stays_below_what_chance_explains_and_a_boaster_does_not():
    rng = np.random.default_rng(6)
    sure = rng.beta(8, 1, (400, 500))
    right = rng.random(sure.shape) < sure
    bins = [statistics.reliability(s, r) for s, r in zip(sure, right, strict=True)]
    below = [statistics.calibration_error(b) <= statistics.calibration_error_by_chance(b) for b in bins]
    assert 0.9 <= np.mean(below) <= 0.99
    boaster = statistics.reliability(np.full(500, 0.99), right[0])
    assert statistics.calibration_error(boaster) > statistics.calibration_error_by_chance(boaster)


@given(st.lists(st.tuples(st.floats(0.1, 1), st.booleans()), min_size=1, max_size=60))
def test_bins_lose_no_image(answers):
    sure, right = (np.array(values) for values in zip(*answers, strict=True))
    bins = statistics.reliability(sure, right)
    assert bins["images"].sum() == len(sure)
    assert np.average(bins["accuracy"], weights=bins["images"]) == pytest.approx(right.mean())
    assert bins["confidence"].is_monotonic_increasing
    assert 0 <= statistics.calibration_error(bins) <= 1


def test_the_grouped_bootstrap_is_that_of_scipy():
    from scipy.stats import bootstrap

    difference = np.repeat([1, -1, 0], [30, 18, 452])
    plain = bootstrap((difference,), np.mean, n_resamples=9999, method="percentile", rng=0).confidence_interval
    assert statistics.bootstrap_interval(difference) == pytest.approx((plain.low, plain.high), abs=0.0021)


def test_spread_is_the_analysis_of_variance_of_statsmodels():
    import pandas as pd
    from statsmodels.formula.api import ols
    from statsmodels.stats.anova import anova_lm

    values = (np.random.default_rng(1).random((3, 40)) < np.array([[0.7], [0.8], [0.9]])).astype(float)
    long = pd.DataFrame(values).rename_axis("seed").reset_index().melt("seed", var_name="image", value_name="right")
    squares = anova_lm(ols("right ~ C(seed) + C(image)", long).fit())
    mean_squares = squares["sum_sq"] / squares["df"] / values.size
    expected = mean_squares[["C(image)", "C(seed)", "Residual"]]
    assert statistics.spread(values) == pytest.approx(tuple(expected))


def test_seeds_that_agree_are_one_seed():
    one = np.random.default_rng(2).random((1, 300)) < 0.9
    other = np.random.default_rng(3).random((1, 300)) < 0.85
    thrice = statistics.compare({"a": np.repeat(one, 3, 0), "b": np.repeat(other, 3, 0)}).iloc[0]
    once = statistics.compare({"a": one, "b": other}).iloc[0]
    assert thrice["p"] == pytest.approx(once["p"])
    assert (thrice["low"], thrice["high"]) == pytest.approx((once["low"], once["high"]), abs=0.004)
    interval = statistics.accuracy_interval(np.repeat(one, 3, 0))
    assert interval == pytest.approx(statistics.wilson(one.sum(), 300), abs=0.002)


def test_seeds_that_differ_widen_the_interval_and_hold_back_the_test():
    rng = np.random.default_rng(4)
    steady = rng.random((3, 4000)) < 0.95
    fickle = rng.random((3, 4000)) < np.array([[0.91], [0.93], [0.95]])
    width = [high - low for low, high in map(statistics.accuracy_interval, (steady, fickle))]
    assert width[1] > 4 * width[0]
    assert statistics.compare({"a": steady, "b": fickle})["tie"].all()
    assert not statistics.compare({"a": steady, "b": rng.random((3, 4000)) < 0.93})["tie"].any()


def test_the_interval_of_several_seeds_holds_the_accuracy_and_never_claims_certainty():
    rng = np.random.default_rng(2)
    correct = rng.random((3, 500)) < 0.9
    low, high = statistics.accuracy_interval(correct)
    assert low < correct.mean() < high
    assert 0.02 < high - low < 0.1
    perfect = np.ones((3, 300), bool)
    assert statistics.accuracy_interval(perfect) == statistics.wilson(300, 300)


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


@given(st.integers(0, 200), st.integers(0, 200))
def test_mcnemar_is_that_of_statsmodels(wins, losses):
    from statsmodels.stats.contingency_tables import mcnemar

    expected = mcnemar([[0, wins], [losses, 0]], exact=True).pvalue if wins + losses else 1
    assert statistics.mcnemar(wins, losses) == pytest.approx(expected, abs=1e-12)


def test_holm_of_the_textbook():
    # 0.01 * 4, then 0.02 * 3, 0.03 * 2 which may not be smaller, 0.05 likewise.
    assert statistics.holm(np.array([0.02, 0.01, 0.05, 0.03])) == pytest.approx([0.06, 0.04, 0.06, 0.06])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_is_that_of_statsmodels(p):
    from statsmodels.stats.multitest import multipletests

    assert statistics.holm(np.array(p)) == pytest.approx(multipletests(p, method="holm")[1])


def test_the_detectable_difference_solves_connors_formula():
    lead = statistics.detectable(1000, 0.1)
    needed = (1.959964 * np.sqrt(0.1) + 0.841621 * np.sqrt(0.1 - lead**2)) ** 2 / lead**2
    assert needed == pytest.approx(1000, rel=1e-5)
    assert statistics.detectable(3, 0.1) == 1
    # Two models that agree on every image now: the smallest lead is then one in which all disagreement favours one.
    assert statistics.detectable(1000, 0.0) == pytest.approx(0.0078, abs=1e-4)


@given(st.integers(10, 100_000), st.floats(0, 1), st.floats(1e-4, 0.05))
def test_more_images_show_smaller_differences_and_a_stricter_level_larger_ones(n, discordant, level):
    lead = statistics.detectable(n, discordant)
    assert 0 < statistics.detectable(2 * n, discordant) <= lead <= 1
    assert statistics.detectable(n, discordant, level) >= lead - 1e-9


@st.composite
def comparisons(draw):
    names = [f"m{i}" for i in range(draw(st.integers(1, 9)))]
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    return names, [pair for pair in pairs if draw(st.booleans())]


@given(comparisons())
def test_two_models_share_a_letter_if_and_only_if_they_are_tied(comparison):
    names, different = comparison
    shown = statistics.letters(names, different)
    for i, a in enumerate(names):
        assert shown[a]
        for b in names[i + 1 :]:
            assert bool(set(shown[a]) & set(shown[b])) == ((a, b) not in different)
    assert "a" in shown[names[0]]
    assert set("".join(shown.values())) == set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ"[: len(set("".join(shown.values())))]
    )


def test_letters_of_a_case_computed_by_hand():
    chain = [("a", "c"), ("a", "d"), ("b", "d")]
    assert statistics.letters("abcd", chain) == {"a": "a", "b": "ab", "c": "bc", "d": "c"}
    assert statistics.letters("abc", []) == {"a": "a", "b": "a", "c": "a"}


def test_friedman_and_wilcoxon_of_demsar():
    """Demšar (2006), table 6: C4.5 with and without tuning of m and cf on 14 data sets; average ranks, and his F_F > 3.24."""
    import pandas as pd

    scores = pd.DataFrame({
        "C4.5": [.763, .599, .954, .628, .882, .936, .661, .583, .775, 1.000, .940, .619, .972, .957],
        "m": [.768, .591, .971, .661, .888, .931, .668, .583, .838, 1.000, .962, .666, .981, .978],
        "cf": [.771, .590, .968, .654, .886, .916, .609, .563, .866, 1.000, .965, .614, .9751, .946],
        "m+cf": [.798, .569, .967, .657, .898, .931, .685, .625, .875, 1.000, .962, .669, .975, .970],
    })  # fmt: skip
    ranks = statistics.mean_ranks(scores)
    assert ranks.round(3).tolist() == [3.143, 2.000, 2.893, 1.964]
    assert 12 * 14 / 20 * ((ranks**2).sum() - 4 * 25 / 4) == pytest.approx(9.28, abs=0.02)
    assert statistics.friedman(scores) < 0.0257  # his 9.28 knows no correction for ties, which makes it larger
    # Table 2: C4.5 against C4.5+m, a difference that the test calls significant at 5 %.
    assert statistics.wilcoxon(scores["C4.5"] - scores["m"]) < 0.05


def test_wilcoxon_is_exact_where_data_sets_are_few():
    assert statistics.wilcoxon([1, 2, 3, 4, 5, 6]) == pytest.approx(2 / 2**6)
    assert statistics.wilcoxon([0, 0, 0]) == 1
    assert statistics.wilcoxon([1, -1]) == 1


@pytest.mark.parametrize("models", [2, 3, 5, 8])
def test_the_fewest_data_sets_on_which_a_winner_can_be_told(models):
    needed, pairs = statistics.conclusive(models), models * (models - 1) // 2
    win_everywhere = [2 / 2**n * pairs for n in (needed - 1, needed)]
    assert win_everywhere[1] < 0.05 <= win_everywhere[0]


def test_models_that_are_the_same_are_tied():
    same = np.random.default_rng(4).random((3, 100)) < 0.9
    row = statistics.compare({"a": same, "b": same.copy()}).iloc[0]
    assert (row["difference"], row["low"], row["high"]) == (0, 0, 0)
    assert row["p_holm"] == 1


def test_one_model_alone_has_no_pairs():
    assert statistics.compare({"a": np.ones((1, 5), bool)}).empty


@given(st.lists(st.lists(st.booleans(), min_size=7, max_size=7), min_size=1, max_size=4))
def test_intervals_stay_within_bounds_and_repeat(rows):
    correct = np.array(rows)
    low, high = statistics.accuracy_interval(correct)
    assert 0 <= low <= high <= 1
    assert statistics.accuracy_interval(correct) == (low, high)
