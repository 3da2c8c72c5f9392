from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.analysis import comparison, intervals


def test_seeds_that_agree_are_one_seed():
    one = np.random.default_rng(2).random((1, 300)) < 0.9
    other = np.random.default_rng(3).random((1, 300)) < 0.85
    thrice = comparison.compare({"a": np.repeat(one, 3, 0), "b": np.repeat(other, 3, 0)}).iloc[0]
    once = comparison.compare({"a": one, "b": other}).iloc[0]
    assert thrice["p"] == pytest.approx(once["p"])
    assert (thrice["low"], thrice["high"]) == pytest.approx((once["low"], once["high"]), abs=0.004)
    interval = intervals.accuracy_interval(np.repeat(one, 3, 0))
    assert interval == pytest.approx(intervals.wilson(one.sum(), 300), abs=0.002)


def test_seeds_that_differ_widen_the_interval_and_hold_back_the_test():
    rng = np.random.default_rng(4)
    steady = rng.random((3, 4000)) < 0.95
    fickle = rng.random((3, 4000)) < np.array([[0.91], [0.93], [0.95]])
    width = [high - low for low, high in map(intervals.accuracy_interval, (steady, fickle))]
    assert width[1] > 4 * width[0]
    assert comparison.compare({"a": steady, "b": fickle})["tie"].all()
    assert not comparison.compare({"a": steady, "b": rng.random((3, 4000)) < 0.93})["tie"].any()


def test_pairs_mcnemar_and_holm_of_a_case_computed_by_hand():
    a = np.ones((1, 20), bool)
    b = a.copy()
    b[0, :6] = False  # six images only a gets right: p = 2 * 0.5^6
    c = b.copy()
    c[0, 6] = False
    table = comparison.compare({"c": c, "b": b, "a": a}).set_index(["a", "b"])
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
    assert comparison.mcnemar(wins, losses) == pytest.approx(expected, abs=1e-12)


def test_holm_of_the_textbook():
    # 0.01 * 4, then 0.02 * 3, 0.03 * 2 which may not be smaller, 0.05 likewise.
    assert comparison.holm(np.array([0.02, 0.01, 0.05, 0.03])) == pytest.approx([0.06, 0.04, 0.06, 0.06])


@settings(max_examples=20)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_is_that_of_statsmodels(p):
    from statsmodels.stats.multitest import multipletests

    with mock.patch("gc.collect"):  # which theirs does, and which takes a second beside all other tests
        theirs = multipletests(p, method="holm")[1]
    assert comparison.holm(np.array(p)) == pytest.approx(theirs)


def test_the_detectable_difference_solves_connors_formula():
    lead = comparison.detectable(1000, 0.1)
    needed = (1.959964 * np.sqrt(0.1) + 0.841621 * np.sqrt(0.1 - lead**2)) ** 2 / lead**2
    assert needed == pytest.approx(1000, rel=1e-5)
    assert comparison.detectable(3, 0.1) == 1
    # Two models that agree on every image now: the smallest lead is then one in which all disagreement favours one.
    assert comparison.detectable(1000, 0.0) == pytest.approx(0.0078, abs=1e-4)


@given(st.integers(10, 100_000), st.floats(0, 1), st.floats(1e-4, 0.05))
def test_more_images_show_smaller_differences_and_a_stricter_level_larger_ones(n, discordant, level):
    lead = comparison.detectable(n, discordant)
    assert 0 < comparison.detectable(2 * n, discordant) <= lead <= 1
    assert comparison.detectable(n, discordant, level) >= lead - 1e-9


@st.composite
def comparisons(draw):
    names = [f"m{i}" for i in range(draw(st.integers(1, 9)))]
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    return names, [pair for pair in pairs if draw(st.booleans())]


@given(comparisons())
def test_two_models_share_a_letter_if_and_only_if_they_are_tied(case):
    names, different = case
    shown = comparison.letters(names, different)
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
    assert comparison.letters("abcd", chain) == {"a": "a", "b": "ab", "c": "bc", "d": "c"}
    assert comparison.letters("abc", []) == {"a": "a", "b": "a", "c": "a"}


def test_models_that_are_the_same_are_tied():
    same = np.random.default_rng(4).random((3, 100)) < 0.9
    row = comparison.compare({"a": same, "b": same.copy()}).iloc[0]
    assert (row["difference"], row["low"], row["high"]) == (0, 0, 0)
    assert row["p_holm"] == 1


def test_one_model_alone_has_no_pairs():
    assert comparison.compare({"a": np.ones((1, 5), bool)}).empty
