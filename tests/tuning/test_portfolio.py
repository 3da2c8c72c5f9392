"""Portfolios: the greedy rule, the settings that are compared, and every strategy started with some of them."""

import json
import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from tests.tuning.test_strategies import BASE, SMALL, SPACE, flaky, flat, proposals, score
from tuning import STRATEGIES, Choice, Int, Outcome, Space, Trial, candidates, first, greedy, strategy

GOOD = {**BASE, "C": 10.0, "depth": 8, "features": 0.1}
SETTINGS = [{**BASE, "C": 100.0}, GOOD, {**BASE, "depth": 12}, {**BASE, "features": None}, {**BASE, "C": 1000.0}]

each = pytest.mark.parametrize("name", STRATEGIES)
# Whole numbers, so that there are ties and that a transformation cannot make different losses equal.
loss = st.one_of(st.integers(0, 30), st.just(math.nan))
losses = st.integers(1, 6).flatmap(
    lambda n: st.lists(st.lists(loss, min_size=n, max_size=n), min_size=1, max_size=6).map(np.array)
)


def ranks(table):
    worst = np.where(np.isnan(table), np.inf, table)
    return np.where(np.isnan(table), table.shape[1], np.apply_along_axis(rankdata, 1, worst))


def reached(table, chosen):
    """The mean over tasks of the best rank among the chosen."""
    return ranks(table)[:, chosen].min(axis=1).mean()


def tried(table):
    return np.flatnonzero(np.isfinite(table).any(axis=0))


@given(losses)
def test_the_first_setting_has_the_lowest_mean_rank(table):
    means = ranks(table).mean(axis=0)
    assert not len(tried(table)) or means[greedy(table)[0]] == pytest.approx(means[tried(table)].min())


@given(losses)
def test_each_setting_lowers_the_mean_rank_most_as_long_as_any_does(table):
    chosen, before = greedy(table), math.inf
    for length in range(1, len(chosen) + 1):
        after = reached(table, chosen[:length])
        others = [reached(table, [*chosen[: length - 1], int(other)]) for other in tried(table)]
        if min(others) >= before:  # Nothing is left to gain: what follows is put in order by itself.
            break
        assert after < before and after == pytest.approx(min(others))
        before = after
    assert sorted(chosen) == tried(table)[: len(chosen)].tolist() or len(chosen) == 10


@given(losses, st.data())
def test_a_setting_that_costs_more_comes_no_earlier(table, data):
    place = data.draw(st.integers(0, table.shape[1] - 1))
    costs = np.ones(table.shape)
    dear = costs.copy()
    dear[:, place] = 50
    before, after = greedy(table, costs), greedy(table, dear)
    assert before == greedy(table)
    if place in before:
        assert after.index(place) >= before.index(place)


def test_gain_is_weighed_against_the_price():
    table = [[1, 2, 9, 8], [1, 2, 9, 8], [2, 1, 9, 8]]
    assert greedy(table)[0] == 0
    assert greedy(table, np.tile([10.0, 1, 1, 1], (3, 1)))[:2] == [1, 0], "nearly as good at a tenth of the price"
    with pytest.raises(ValueError, match="shape"):
        greedy(table, [[1.0]])


@given(losses, st.lists(st.sampled_from([lambda x: 3 * x - 7, lambda x: x**3, np.exp]), min_size=6, max_size=6))
def test_only_the_order_within_a_task_counts(table, changes):
    changed = np.array([change(row.astype(float)) for change, row in zip(changes, table, strict=False)])
    assert greedy(changed) == greedy(table)


@given(losses, st.integers(1, 3))
def test_it_is_no_longer_than_asked_for(table, length):
    assert greedy(table, length=length) == greedy(table)[:length]


def test_settings_complement_each_other():
    table = [[1, 2, 9, 3], [1, 2, 9, 3], [9, 8, 1, 7]]
    assert greedy(table) == [0, 2, 1, 3], "1 has the same mean rank as 0, and nothing to add to it; the rest follows"
    assert greedy([[math.nan, 2], [1, 2], [math.nan, 2]]) == [1, 0], "what failed has the last rank"
    assert greedy([[math.nan, 2], [math.nan, 1]]) == [1], "what always failed is not tried"
    assert greedy(np.empty((0, 3))) == []
    with pytest.raises(ValueError, match="tasks by settings"):
        greedy([1.0, 2.0])


def test_candidates_are_base_first_and_a_mixture_of_near_and_far():
    found = candidates(SPACE, BASE, 24)
    points = [SPACE.point(params) for params in found]
    changed = [sum(params[name] != BASE[name] for name in SPACE) for params in found]
    assert found[0] == BASE and len(set(points)) == 24
    assert changed[0] == 0 and {1, 2, 3} <= set(changed[1:13]), "any first part is a mixture"
    for params in found:
        SPACE.check(params)
        assert params["kernel"] == "rbf"
    assert {params["features"] for params, moves in zip(found, changed, strict=True) if moves == 1} == {
        0.1,
        None,
        "sqrt",
    }
    assert candidates(SPACE, BASE, 10) == found[:10] and candidates(SPACE, BASE, 24, seed=1) != found


def test_a_small_space_has_few_candidates():
    space = Space(a=Choice((1, "one", None)), b=Int(1, 2))
    assert 4 <= len(candidates(space, {"a": 1, "b": 1}, 24)) <= 6
    assert candidates(Space(), {"k": 5}) == [{"k": 5}]


def search(name, settings=SETTINGS, **options):
    return first(partial(strategy(name), **SMALL.get(name, {})), settings, SPACE, BASE, 0, **options)


@each
def test_the_portfolio_comes_first(name, play):
    batches = play(search(name), score)
    assert [(o.trial.params, o.trial.effort) for o in batches[0]] == [(params, 1 / 4) for params in (BASE, *SETTINGS)]
    assert len(batches) > 1


@each
def test_the_search_goes_on_from_the_best(name, play):
    """What the strategy would do with the best setting for its base, less what is known."""
    batches = play(search(name), score)
    alone = play(strategy(name)(SPACE, GOOD, 0, **SMALL.get(name, {})), score)
    known = {(*map(str, o.trial.params.values()), o.trial.effort) for o in batches[0]}
    expected = [(p, e) for p, e, _ in flat(proposals(alone)) if (*map(str, p.values()), e) not in known]
    assert [(p, e) for p, e, _ in flat(proposals(batches[1:]))] == expected
    assert batches[1][0].trial.round > batches[0][-1].trial.round


@each
def test_nothing_is_tried_twice(name, play):
    outcomes = flat(play(search(name), flaky))
    tried = [(*o.trial.params.items(), o.trial.effort) for o in outcomes]
    assert len(set(tried)) == len(tried)


@each
def test_it_is_continued_by_replaying_its_record(name, play):
    whole = play(search(name), flaky)
    resumed = search(name)
    batch = next(resumed)
    for i, outcomes in enumerate(whole[:-1]):
        assert [t.params for t in batch] == [o.trial.params for o in outcomes]
        # As a file has them.
        batch = resumed.send([
            Outcome(Trial(json.loads(json.dumps(o.trial.params)), o.trial.effort), o.status, o.score) for o in outcomes
        ])  # fmt: skip
        assert [(t.params, t.effort) for t in batch] == [(o.trial.params, o.trial.effort) for o in whole[i + 1]]


@each
def test_without_settings_it_is_the_strategy(name, play):
    alone = play(strategy(name)(SPACE, BASE, 0, **SMALL.get(name, {})), score)
    assert proposals(play(search(name, settings=()), score)) == proposals(alone)


def test_all_may_be_tried_at_full_effort(play):
    batches = play(search("random", effort=1.0), score)
    assert [(o.trial.params, o.trial.effort) for o in batches[0]] == [(params, 1.0) for params in (BASE, *SETTINGS)]
    assert batches[1][0].trial.params not in [BASE, *SETTINGS]


def test_where_all_fail_the_strategy_starts_from_base(play):
    batches = play(search("random"), lambda trial: "failed")
    assert len(batches[0]) == 1 + len(SETTINGS) and batches[1][0].trial == Trial(BASE, 1.0, 2)


def test_the_log_loss_decides_before_the_accuracy():
    running = search("random", settings=SETTINGS[:2])
    batch = next(running)
    batch = running.send(
        [Outcome(t, "ok", s, log_loss=x) for t, s, x in zip(batch, (0.9, 0.7, 0.8), (3, 1, 2), strict=True)]
    )
    assert batch[0].params == SETTINGS[0], "the strategy starts from the one with the lowest loss"


@pytest.mark.parametrize("effort", [0, -1, 1.5])
def test_an_effort_that_is_none_is_refused(effort):
    with pytest.raises(ValueError, match="effort must be in"):
        search("random", effort=effort)
