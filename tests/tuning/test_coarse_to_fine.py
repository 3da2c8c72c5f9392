import itertools
import math

import numpy as np
import pytest

from tests.tuning.conftest import picked
from tuning import Choice, Float, Int, Outcome, Space
from tuning.coarse_to_fine import coarse_to_fine

DENSE = 9  # points per axis of the dense grid; 33 where there is one axis
LOG = Float(1e-3, 1e3, log=True)


def flat(batches):
    return [outcome for batch in batches for outcome in batch]


def position(axis, value):
    """Where a value lies on its axis: 0 at the low end, 1 at the high end."""
    scale = math.log if axis.log else float
    return (scale(value) - scale(axis.low)) / (scale(axis.high) - scale(axis.low))


class Surface:
    """Accuracy over a space: a hill with its top at `top`, positions on the numeric axes, on a floor of 0.1."""

    def __init__(self, name, space, top, width=0.45, ridge=0.0, favourite=None, options=None):
        self.name, self.space, self.top, self.width, self.ridge = name, space, top, width, ridge
        self.favourite, self.options = favourite, options or {}
        self.numeric = [axis for axis in space if not isinstance(space[axis], Choice)]
        self.base = {
            axis: space[axis].values[0] if isinstance(space[axis], Choice) else space[axis].grid(1)[0] for axis in space
        }

    def accuracy(self, params, effort=1.0):
        away = [
            (position(self.space[n], params[n]) - t) / self.width for n, t in zip(self.numeric, self.top, strict=True)
        ]
        tilted = sum(a * a for a in away) + 2 * self.ridge * sum(a * b for a, b in itertools.combinations(away, 2))
        height = 0.85 if self.favourite in (None, *params.values()) else 0.7
        return (0.1 + height * math.exp(-tilted / 2)) * (0.85 + 0.15 * effort)

    def dense(self):
        """Best accuracy and number of fits of a dense grid."""
        grid = self.space.grid(33 if len(self.space) == 1 else DENSE)
        return max(map(self.accuracy, grid)), len(grid)


def one(axis=LOG):
    return Space(C=axis)


def two(axis=LOG):
    return Space(C=axis, gamma=Float(1e-5, 1e1, log=True))


MIXED = Space(C=LOG, gamma=Float(1e-5, 1e1, log=True), kernel=Choice(("rbf", "poly", 3)))
WHOLE = Space(depth=Int(1, 16), rounds=Int(10, 1000, log=True))
THREE = Space(C=LOG, depth=Int(1, 17), rate=Float(0.0, 1.0))
MORE = {"points": 18}  # for three numeric axes
ROOM = Float(1e-3, 1e3, log=True, limits=(1e-6, 1e6))

SURFACES = [
    Surface("one axis", one(), [0.3]),
    Surface("one axis, top at the low end", one(), [0.0]),
    Surface("one axis, top outside with room", one(ROOM), [1.2]),
    Surface("one axis, narrow", one(), [0.68], width=0.15),
    Surface("two axes", two(), [0.35, 0.7]),
    Surface("two axes, off the grid", two(), [0.22, 0.81]),
    Surface("two axes, narrow", two(), [0.6, 0.4], width=0.3),
    Surface("two axes, top at an edge", two(), [1.0, 0.4]),
    Surface("two axes, top in a corner", two(), [0.0, 1.0]),
    Surface("two axes, top outside without room", two(), [1.3, 0.5]),
    Surface("two axes, top outside with room", two(ROOM), [1.25, 0.4]),
    Surface("two axes, top outside below with room", two(ROOM), [-0.2, 0.6]),
    Surface("two axes, ridge", two(), [0.4, 0.55], ridge=0.6),
    Surface("two axes, opposite ridge", two(), [0.6, 0.6], ridge=-0.6),
    Surface("whole numbers", WHOLE, [0.4, 0.9]),
    Surface("whole numbers, edge", WHOLE, [1.0, 0.3]),
    Surface("a choice, best first", MIXED, [0.4, 0.6], favourite="rbf"),
    Surface("a choice, best last", MIXED, [0.65, 0.3], favourite=3),
    Surface("three axes", THREE, [0.35, 0.6, 0.7], options=MORE),
    Surface("three axes, edge", THREE, [0.3, 1.0, 0.45], options=MORE),
]
each = pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)


def judged(surface):
    return lambda trial: surface.accuracy(trial.params, trial.effort)


@each
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_it_finds_what_a_dense_grid_finds_at_a_quarter_of_the_cost(surface, seed, play):
    outcomes = flat(play(coarse_to_fine(surface.space, surface.base, seed, **surface.options), judged(surface)))
    best, fits = surface.dense()
    assert surface.accuracy(picked(outcomes).trial.params) >= 0.95 * best
    assert sum(outcome.trial.effort for outcome in outcomes) <= 0.25 * fits


@each
def test_failures_neither_stop_it_nor_become_its_centre(surface, play):
    rng = np.random.default_rng(0)

    def judge(trial):
        broken = trial.params != surface.base and rng.random() < 0.25
        return "out_of_memory" if broken else surface.accuracy(trial.params, trial.effort)

    batches = play(coarse_to_fine(surface.space, surface.base, 0, **surface.options), judge)
    for before, batch in itertools.pairwise(batches):
        best = max((o for o in before if o.ok), key=lambda o: o.score)
        if best.trial.effort < batch[0].trial.effort:
            assert batch[0].trial.params == best.trial.params
    assert surface.accuracy(picked(flat(batches)).trial.params) >= surface.accuracy(surface.base)


def rounds(batches):
    return [[outcome.trial for outcome in batch] for batch in batches]


def test_rounds_grow_in_effort_and_shrink_in_size(play):
    surface = SURFACES[4]
    batches = play(coarse_to_fine(surface.space, surface.base, 0), judged(surface))
    assert 3 <= len(batches) <= 4
    for number, (batch, effort) in enumerate(zip(rounds(batches), (1 / 9, 1 / 3, 1.0, 1.0), strict=False), start=1):
        assert {(trial.round, trial.effort) for trial in batch} == {(number, effort)}
    assert [len(batch) for batch in batches][:1] == [9]  # base is one of the nine cells
    assert len(batches[1]) <= 2 + 4 and len(batches[2]) <= 2 + 2


def test_a_round_tries_the_incumbent_then_base_then_new_settings(play):
    surface = SURFACES[5]
    first, second, *_ = play(coarse_to_fine(surface.space, surface.base, 0), judged(surface))
    best = max(first, key=lambda outcome: outcome.score).trial.params
    assert best != surface.base
    assert [o.trial.params for o in second[:2]] == [best, surface.base]
    known = [o.trial.params for o in first]
    assert len(second) == 2 + 4 and not any(o.trial.params in known for o in second[2:])


def test_later_settings_are_closer_to_the_best(play):
    surface = SURFACES[6]
    batches = play(coarse_to_fine(surface.space, {"C": 1.0, "gamma": 0.01}, 0), lambda trial: 0.5)
    reach = [
        max(abs(position(surface.space[n], o.trial.params[n]) - 0.5) for o in batch for n in surface.space)
        for batch in batches
    ]
    assert reach == pytest.approx([0.5, 0.25, 0.125], abs=1e-5)


def test_a_best_value_at_an_edge_widens_the_axis_up_to_its_limits(play):
    space = Space(C=Float(1e-3, 1e3, log=True, limits=(1e-3, 1e5)))
    outcomes = flat(play(coarse_to_fine(space, {"C": 1.0}, 0), lambda trial: math.log10(trial.params["C"]) / 10 + 0.4))
    assert picked(outcomes).trial.params["C"] == 1e5


def test_a_fourth_round_comes_only_if_the_best_sits_on_an_edge(play):
    space = Space(C=Float(1e-3, 1e3, log=True, limits=(1e-15, 1e15)))
    away = play(coarse_to_fine(space, {"C": 1.0}, 0), lambda trial: 0.5 + math.log10(trial.params["C"]) / 20)
    assert [batch[0].trial.round for batch in away] == [1, 2, 3, 4]
    assert away[3][0].trial.effort == 1.0
    inside = play(coarse_to_fine(space, {"C": 1.0}, 0), lambda trial: 0.5 - abs(math.log10(trial.params["C"])) / 20)
    assert [batch[0].trial.round for batch in inside] == [1, 2, 3]


def test_choices_narrow_to_two_and_then_to_one(play):
    space = Space(kernel=Choice(("a", "b", "c", "d")), C=LOG)
    worth = {"a": 0.1, "b": 0.4, "c": 0.3, "d": 0.2}
    batches = play(coarse_to_fine(space, {"kernel": "a", "C": 1.0}, 0, points=12), lambda t: worth[t.params["kernel"]])
    kernels = [
        {o.trial.params["kernel"] for o in batch if o.trial.params != batches[0][0].trial.params} for batch in batches
    ]
    assert kernels[0] == set(worth)
    assert kernels[1] == {"b", "c"}
    assert kernels[2] == {"b"}


def test_too_large_a_grid_is_sampled_evenly(play):
    space = Space(**{f"x{i}": Float(0, 1) for i in range(4)}, kind=Choice((1, 2, 3)))
    (first, *_) = play(coarse_to_fine(space, dict.fromkeys(space, 0.5) | {"kind": 1}, 0), lambda trial: 0.5)
    assert len(first) == 1 + 9
    for name in space:
        values = [o.trial.params[name] for o in first]
        assert {values.count(value) for value in set(values)} == {3, 4}


def test_a_huge_space_is_no_burden(play):
    space = Space(**{f"x{i}": Float(0, 1) for i in range(20)})
    outcomes = flat(play(coarse_to_fine(space, dict.fromkeys(space, 0.5), 0), lambda t: sum(t.params.values()) / 20))
    assert len(outcomes) <= 25


@pytest.mark.parametrize("status", ["failed", "skipped", "timeout"])
def test_a_round_without_a_score_is_the_last(status, play):
    surface = SURFACES[4]
    assert len(play(coarse_to_fine(surface.space, surface.base, 0), lambda trial: status)) == 1
    late = play(
        coarse_to_fine(surface.space, surface.base, 0),
        lambda t: status if t.effort > 0.2 else surface.accuracy(t.params),
    )
    assert len(late) == 2


def test_a_failed_incumbent_hands_over_to_the_next_best(play):
    surface = SURFACES[5]
    search = coarse_to_fine(surface.space, surface.base, 0)
    first = next(search)
    second = search.send([Outcome(t, "ok", surface.accuracy(t.params)) for t in first])
    third = search.send(
        [
            Outcome(t, "timeout") if i == 0 else Outcome(t, "ok", surface.accuracy(t.params))
            for i, t in enumerate(second)
        ]
    )
    assert third[0].params == max(second[1:], key=lambda t: surface.accuracy(t.params)).params


def test_efforts_must_grow():
    with pytest.raises(ValueError, match="efforts"):
        next(coarse_to_fine(one(), {"C": 1.0}, 0, efforts=(1.0, 0.5)))
