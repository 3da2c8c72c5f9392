import json

from hypothesis import given
from hypothesis import strategies as st

from tuning import Outcome, Trial, winner

BASE = {"C": 1.0, "layers": (8, 4)}


def outcome(number, effort, score):
    params = BASE if number == 0 else {**BASE, "C": 1.0 + number}
    return Outcome(Trial(params, effort), "failed" if score is None else "ok", score)


outcomes = st.lists(
    st.builds(outcome, st.integers(0, 4), st.sampled_from([1 / 9, 1 / 3, 1.0]), st.none() | st.floats(0, 1)),
    max_size=20,
).map(lambda rest: [outcome(0, 1 / 9, 0.5), *rest])


@given(outcomes)
def test_tuning_never_ends_below_the_base_setting(history):
    won = winner(history)
    base = [o.score for o in history if o.ok and o.trial.params == BASE and o.trial.effort == won.trial.effort]
    assert base and won.score >= base[0]


@given(outcomes)
def test_the_winner_survives_the_record(history):
    recorded = [
        Outcome(Trial(json.loads(json.dumps(o.trial.params)), o.trial.effort), o.status, o.score) for o in history
    ]
    won, again = winner(history), winner([history[0], *recorded[1:]])
    assert (won.trial.effort, won.score) == (again.trial.effort, again.score)


def test_the_highest_effort_with_a_comparison_decides():
    history = [outcome(0, 1 / 9, 0.6), outcome(1, 1 / 9, 0.9), outcome(0, 1.0, 0.7), outcome(2, 1.0, 0.8)]
    assert winner(history) is history[3]


def test_a_setting_that_base_was_not_compared_with_does_not_win():
    history = [outcome(0, 1 / 3, 0.6), outcome(1, 1 / 3, 0.7), outcome(2, 1.0, 0.9)]
    assert winner(history) is history[1]


def test_base_wins_where_it_is_the_best_or_alone():
    assert winner([outcome(0, 1.0, 0.9), outcome(1, 1.0, 0.8)]).trial.params == BASE
    alone = [outcome(0, 1 / 9, 0.5), outcome(0, 1 / 3, 0.4), outcome(1, 1.0, 0.9)]
    assert winner(alone) is alone[1]


def test_the_earlier_of_equal_scores_and_the_first_of_repeated_trials_count():
    tie = [outcome(0, 1.0, 0.5), outcome(1, 1.0, 0.9), outcome(2, 1.0, 0.9)]
    assert winner(tie) is tie[1]
    repeated = [outcome(0, 1.0, 0.5), outcome(1, 1.0, 0.4), outcome(1, 1.0, 0.9)]
    assert winner(repeated) is repeated[0]


def test_without_base_the_best_at_the_highest_effort_wins():
    history = [outcome(0, 1 / 9, None), outcome(1, 1 / 9, 0.9), outcome(2, 1 / 3, 0.6), outcome(3, 1 / 3, 0.7)]
    assert winner(history) is history[3]


def test_nothing_ok_has_no_winner():
    assert winner([]) is None
    assert winner([outcome(0, 1.0, None)]) is None
