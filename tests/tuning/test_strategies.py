"""What every strategy promises, tested for each one in the registry."""

import json
import math
from functools import cache

import pytest

from tests.tuning.conftest import picked
from tuning import STRATEGIES, Choice, Float, Int, Outcome, Space, Trial, strategy

SMALL = {  # options that let each strategy end within the patience of a test
    "random": {"trials": 12},
    "kerastuner": {"trials": 8},
    "kerastuner:random": {"trials": 12},
    "kerastuner:bayesian": {"trials": 10},  # the ninth score starts its Gaussian process, which takes a second
    "kerastuner:hyperband": {"sweeps": 2},
}
SPACE = Space(C=Float(1e-3, 1e3, log=True), depth=Int(1, 12), features=Choice(("sqrt", 0.1, None)))
BASE = {"C": 1.0, "depth": 5, "features": "sqrt", "kernel": "rbf"}
TINY = Space(a=Choice((1, "one", None)), b=Int(1, 2))

each = pytest.mark.parametrize("name", STRATEGIES)
each_that_searches = pytest.mark.parametrize("name", [name for name in STRATEGIES if name != "none"])


def search(name, space=SPACE, base=BASE, seed=0):
    return strategy(name)(space, base, seed, **SMALL.get(name, {}))


def score(trial):
    p = trial.params
    bonus = {"sqrt": 0.0, 0.1: 0.1, None: -0.1}[p["features"]]
    return (
        (0.8 + bonus) * math.exp(-((math.log10(p["C"]) - 1) ** 2) / 8 - (p["depth"] - 8) ** 2 / 60) * trial.effort**0.1
    )


def flaky(trial):
    """Fails for two settings of five, whatever the effort; never for the base setting."""
    number = round(1000 * trial.params["C"]) + trial.params["depth"]
    return "failed" if number % 5 in (1, 3) and trial.params != BASE else score(trial)


@pytest.fixture(scope="module")
def record(play):
    """A function that plays a search and remembers it."""
    return cache(lambda name, judge, seed=0: play(search(name, seed=seed), judge))


def failing(trial):
    return "failed"


def flat(batches):
    return [outcome for batch in batches for outcome in batch]


def proposals(batches):
    return [[(dict(o.trial.params), o.trial.effort, o.trial.round) for o in batch] for batch in batches]


@each
@pytest.mark.parametrize("judge", [score, flaky, failing])
def test_it_starts_with_base_ends_and_never_repeats_itself(name, judge, record):
    outcomes = flat(record(name, judge))
    assert outcomes[0].trial.params == BASE
    tried = [(*o.trial.params.items(), o.trial.effort) for o in outcomes]
    assert len(set(tried)) == len(tried)
    for outcome in outcomes:
        SPACE.check(outcome.trial.params)
        assert list(outcome.trial.params) == list(BASE)
        assert json.loads(json.dumps(outcome.trial.params)) == outcome.trial.params
        assert outcome.trial.params["kernel"] == "rbf"
        assert outcome.trial.round >= 1


@each_that_searches
def test_its_winner_is_not_worse_than_base_even_with_failures(name, record):
    outcomes = flat(record(name, flaky))
    won = picked(outcomes)
    assert won.score >= score(Trial(BASE, won.trial.effort))
    assert won.trial.effort == 1.0
    assert won.trial.params != BASE


@each
@pytest.mark.parametrize("seed", [0, 2**63])
def test_the_same_seed_and_outcomes_bring_the_same_proposals(name, seed, record, play):
    assert proposals(record(name, flaky, seed)) == proposals(play(search(name, seed=seed), flaky))


@each_that_searches
def test_another_seed_brings_other_proposals(name, record):
    assert proposals(record(name, flaky, 0)) != proposals(record(name, flaky, 2**63))


@each
def test_a_search_is_continued_by_replaying_its_record(name, record):
    whole = record(name, flaky)
    recorded = [
        [
            Outcome(
                Trial(json.loads(json.dumps(dict(o.trial.params))), o.trial.effort, o.trial.round), o.status, o.score
            )
            for o in batch
        ]
        for batch in whole
    ]
    resumed = search(name)
    batch = next(resumed)
    for i, outcomes in enumerate(recorded[:-1]):
        assert [t.params for t in batch] == [o.trial.params for o in outcomes]
        batch = resumed.send(outcomes)
        assert [(t.params, t.effort) for t in batch] == [(o.trial.params, o.trial.effort) for o in whole[i + 1]]


@each
def test_it_can_be_closed_at_any_time(name, play):
    for most in (1, 4):
        play(search(name), score, most)


@each_that_searches
def test_a_tiny_space_of_mixed_types_is_exhausted_and_no_more(name, play):
    base = {"a": None, "b": 2}
    outcomes = flat(play(search(name, TINY, base), lambda trial: 0.5))
    settings = {tuple(o.trial.params.items()) for o in outcomes}
    assert 2 <= len(settings) <= 6
    assert picked(outcomes).trial.params == base


@each_that_searches
def test_a_space_without_axes_is_one_trial_at_full_effort(name, play):
    outcomes = flat(play(search(name, Space(), {"k": 5}), lambda trial: 0.5))
    assert [(o.trial.params, o.trial.effort) for o in outcomes] == [({"k": 5}, 1.0)]


def test_no_search_is_one_cheap_trial_of_the_base_setting(play):
    (outcome,) = flat(play(search("none"), score))
    assert outcome.trial.params == BASE and outcome.trial.effort == 1 / 8


@each
@pytest.mark.parametrize(("base", "said"), [({**BASE, "depth": 99}, "depth: 99"), ({"C": 1.0}, "depth")])
def test_a_base_setting_outside_the_space_is_refused(name, base, said):
    with pytest.raises(ValueError, match=said):
        next(search(name, base=base))


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("coarse-to-fine", "coarse_to_fine"), ("kerastuner:bayes", "kerastuner:bayesian"), ("Random", "random")],
)
def test_a_wrong_name_is_answered_with_the_nearest_right_one(wrong, right):
    with pytest.raises(ValueError, match=f"Did you mean '{right}'"):
        strategy(wrong)


def test_random_batches_hold_the_same_trials(play):
    one, four = (flat(play(strategy("random")(SPACE, BASE, 3, trials=10, batch=n), score)) for n in (1, 4))
    assert [o.trial for o in one] == [o.trial for o in four]
    assert len(one) == 10


def test_grid_tries_base_and_every_combination(play):
    (outcomes,) = play(strategy("grid")(SPACE, BASE, 0, points_per_axis=3), score)
    assert len(outcomes) == 1 + 27
