import json
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuning import Choice, Float, Int, Space

MIXED = ("sqrt", 0.1, None, True, 7)


@st.composite
def floats(draw):
    log = draw(st.booleans())
    least = 1e-6 if log else -1e6
    ends = sorted(draw(st.lists(st.floats(least, 1e6), min_size=4, max_size=4)))
    limits = draw(st.sampled_from([None, (ends[0], ends[3])]))
    return Float(ends[1], ends[2], log, limits)


@st.composite
def ints(draw):
    log = draw(st.booleans())
    ends = sorted(draw(st.lists(st.integers(1 if log else -500, 5000), min_size=4, max_size=4)))
    limits = draw(st.sampled_from([None, (ends[0], ends[3])]))
    return Int(ends[1], ends[2], log, limits)


numeric = st.one_of(floats(), ints())
axes = st.one_of(numeric, st.just(Choice(MIXED)))


def inside(axis, value):
    least, most = axis.bounds
    return least <= value <= most


@given(numeric, st.integers(2, 12))
def test_a_grid_is_ascending_within_and_has_both_ends(axis, n):
    grid = axis.grid(n)
    assert len(grid) <= n
    assert (grid[0], grid[-1]) == (axis.low, axis.high)
    assert all(a < b for a, b in pairwise(grid))


@given(numeric)
def test_a_grid_of_one_point_lies_between_the_ends(axis):
    (middle,) = axis.grid(1)
    assert axis.low <= middle <= axis.high


@given(axes, st.integers(1, 9), st.integers(0, 9))
def test_every_value_survives_json_and_is_valid(axis, n, seed):
    values = [*axis.grid(n), axis.draw(np.random.default_rng(seed))]
    again = json.loads(json.dumps(values))
    assert again == values and list(map(type, again)) == list(map(type, values))
    for value in values:
        axis.check(value)


@given(numeric, st.integers(0, 99), st.floats(0.01, 1))
def test_a_zoom_holds_its_centre_is_narrower_and_stays_within_bounds(axis, seed, factor):
    centre = axis.draw(np.random.default_rng(seed))
    zoomed = axis.zoom(centre, factor)
    assert zoomed.low <= centre <= zoomed.high
    assert inside(axis, zoomed.low) and inside(axis, zoomed.high)
    assert zoomed.bounds == axis.bounds
    rounding = 1 if isinstance(axis, Int) else 1e-4 * (axis.high - axis.low)
    if not axis.log:
        assert zoomed.high - zoomed.low <= factor * (axis.high - axis.low) + rounding


def test_a_zoom_on_a_log_axis_is_centred_in_ratio():
    zoomed = Float(1e-4, 1e4, log=True).zoom(1.0, 0.5)
    assert (zoomed.low, zoomed.high) == pytest.approx((1e-2, 1e2))


@given(numeric, st.booleans())
def test_widening_at_an_edge_centres_on_it_and_stays_within_bounds(axis, upper):
    edge = axis.high if upper else axis.low
    widened = axis.widen(edge)
    assert inside(axis, widened.low) and inside(axis, widened.high)
    assert widened.low <= edge <= widened.high
    if not axis.at_edge(edge):
        assert widened == axis


def test_widening_moves_beyond_the_end_as_far_as_the_limits_allow():
    axis = Float(1e-3, 1e3, log=True, limits=(1e-4, 1e8))
    up, down = axis.widen(1e3), axis.widen(1e-3)
    assert (up.low, up.high) == pytest.approx((1.0, 1e6))
    assert (down.low, down.high) == pytest.approx((1e-4, 1.0))
    assert axis.widen(1.0) == axis


@pytest.mark.parametrize(
    ("axis", "value", "expected"),
    [
        (Float(0, 1), 1.0, False),
        (Float(0, 1, limits=(0, 2)), 1.0, True),
        (Float(0, 1, limits=(0, 2)), 0.0, False),
        (Float(0, 1, limits=(0, 2)), 0.99, False),
        (Int(1, 5, limits=(1, 9)), 5, True),
        (Int(1, 5, limits=(1, 9)), 4, False),
        (Choice(("a", "b")), "b", False),
    ],
)
def test_an_edge_is_one_only_if_there_is_room_beyond(axis, value, expected):
    assert axis.at_edge(value) is expected


def test_a_zoomed_axis_knows_the_room_it_left():
    zoomed = Float(0, 1).zoom(0.5, 0.5)
    assert zoomed.at_edge(zoomed.high)
    assert (zoomed.widen(zoomed.high).low, zoomed.widen(zoomed.high).high) == (0.5, 1.0)


def test_log_grids_have_equal_ratios_and_readable_values():
    assert Float(1e-3, 10, log=True).grid(5) == (0.001, 0.01, 0.1, 1.0, 10.0)
    assert Int(1, 64, log=True).grid(4) == (1, 4, 16, 64)
    assert Int(1, 3).grid(9) == (1, 2, 3)


def test_draws_are_uniform_on_the_scale_of_the_axis():
    rng = np.random.default_rng(0)
    draws = [Float(1e-4, 1e4, log=True).draw(rng) for _ in range(2000)]
    assert 0.46 < np.mean(np.array(draws) < 1) < 0.54


def test_a_choice_of_mixed_types_keeps_them():
    choice = Choice(MIXED)
    assert choice.grid(2) == MIXED
    assert choice.zoom(None, 0.5) == Choice((None,))
    assert choice.widen(7) == choice
    assert Choice(tuple(np.array([1, 2]))).values == (1, 2)
    assert type(Choice(tuple(np.array([1, 2]))).values[0]) is int


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Float(3, 1), "low=3"),
        (lambda: Float(0, 1, log=True), "above 0"),
        (lambda: Float(0, math.inf), "inf"),
        (lambda: Float(0, 1, limits=(0.5, 2)), "0.5"),
        (lambda: Float("0", 1), "'0'"),
        (lambda: Int(1, 2.5), "2.5"),
        (lambda: Int(False, 3), "False"),
        (lambda: Choice(()), r"\(\)"),
        (lambda: Choice(("a", "a")), "'a', 'a'"),
        (lambda: Choice((1, True)), "distinct"),
        (lambda: Space(C=(1, 2)), r"axis C .* \(1, 2\)"),
        (lambda: Float(0, 1).grid(0), "0"),
        (lambda: Float(0, 1).zoom(0.5, 0), "factor"),
        (lambda: Float(0, 1).zoom(2.0, 0.5), "2.0"),
        (lambda: Float(0, 1).check("a"), "'a'"),
        (lambda: Int(0, 1).check(0.5), "0.5"),
        (lambda: Choice(MIXED).check("log2"), "'log2' is none of"),
        (lambda: Space(C=Float(0, 1)).check({}), "C"),
        (lambda: Space(C=Float(0, 1)).check({"C": 2}), r"C: 2 is outside \[0.0, 1.0\]"),
    ],
)
def test_nonsense_is_refused_with_its_value(make, said):
    with pytest.raises(ValueError, match=said):
        make()


def test_a_space_is_a_mapping_with_a_product_grid():
    space = Space(C=Float(1, 100, log=True), kind=Choice(("a", "b")))
    assert list(space) == ["C", "kind"] and len(space) == 2
    grid = space.grid(3)
    assert len(grid) == 6 and {"C": 10.0, "kind": "b"} in grid
    assert space.zoom({"C": 10.0, "kind": "a"}, 0.5) == Space(
        C=Float(10**0.5, 10**1.5, log=True, limits=(1, 100)).zoom(10.0, 1.0), kind=Choice(("a",))
    )
    space.check({"C": 10.0, "kind": "a", "fixed": 3})
    assert set(space.draw(np.random.default_rng(0))) == {"C", "kind"}
    with pytest.raises(TypeError):
        space["C"] = Int(1, 2)
    assert len({space, Space(**space)}) == 1


def test_distance_is_a_share_of_the_axis():
    assert Float(1e-3, 1e3, log=True).distance(0.1, 10.0) == pytest.approx(1 / 3)
    assert Choice(MIXED).distance("sqrt", None) == 1.0
    assert Int(1, 1, limits=(1, 9)).distance(1, 2) == 1.0
