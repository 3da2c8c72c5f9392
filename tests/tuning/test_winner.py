"""One finalist against the base setting, on rows that did not pick it."""

import json
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuning import Outcome, Trial, select
from tuning.winner import LEVEL, p_value

BASE = {"C": 1.0, "layers": (8, 4)}
ROWS = 200
NOISE = np.random.default_rng(0).normal(0, 0.1, ROWS)


def outcome(number, effort, score, loss=None, gain=None):
    """Setting `number`, 0 is the base; `gain`: how much lower its losses are on the rows that confirm."""
    params = BASE if number == 0 else {**BASE, "C": 1.0 + number}
    if score is None:
        return Outcome(Trial(params, effort), "failed")
    lower = (number > 0) * 0.5 if gain is None else gain
    return Outcome(Trial(params, effort), "ok", score, log_loss=1 - score if loss is None else loss,
                   losses=1 - lower + NOISE * (1 + number))  # fmt: skip


outcomes = st.lists(
    st.builds(outcome, st.integers(0, 4), st.sampled_from([1 / 9, 1 / 3, 1.0]), st.none() | st.floats(0, 1)),
    max_size=20,
).map(lambda rest: [outcome(0, 1 / 9, 0.5), *rest])


@given(outcomes)
def test_the_base_setting_is_replaced_only_by_one_that_is_better_on_rows_that_did_not_pick_it(history):
    found = select(history)
    base = [o for o in history if o.ok and o.trial.params == BASE and o.trial.effort == found.winner.trial.effort]
    if found.confirmed:
        assert found.p_value < LEVEL and np.mean(found.winner.losses) < np.mean(base[0].losses)
        assert found.winner.trial.effort == max(o.trial.effort for o in history if o.ok and o.trial.params == BASE and
                                                any(p.ok and p.trial.params != BASE and p.trial.effort == o.trial.effort
                                                    for p in history))  # fmt: skip
    else:
        assert found.winner.trial.params == BASE


@given(outcomes)
def test_the_selection_survives_the_record(history):
    recorded = [
        Outcome(Trial(json.loads(json.dumps(o.trial.params)), o.trial.effort), o.status, o.score, log_loss=o.log_loss,
                losses=json.loads(json.dumps(list(o.losses))))
        for o in history
    ]  # fmt: skip
    found, again = select(history), select([history[0], *recorded[1:]])
    assert (found.winner.trial.effort, found.winner.score) == (again.winner.trial.effort, again.winner.score)
    assert found.p_value == again.p_value


def test_the_highest_effort_with_a_comparison_decides():
    history = [outcome(0, 1 / 9, 0.6), outcome(1, 1 / 9, 0.9), outcome(0, 1.0, 0.7), outcome(2, 1.0, 0.8)]
    assert select(history).winner is history[3]


def test_a_setting_that_base_was_not_compared_with_does_not_win():
    history = [outcome(0, 1 / 3, 0.6), outcome(1, 1 / 3, 0.7), outcome(2, 1.0, 0.9)]
    assert select(history).winner is history[1]


def test_the_finalist_has_the_least_log_loss_and_accuracy_breaks_ties():
    history = [outcome(0, 1.0, 0.5), outcome(1, 1.0, 0.9, loss=0.4), outcome(2, 1.0, 0.8, loss=0.3)]
    assert select(history).finalist is history[2]
    tie = [
        outcome(0, 1.0, 0.5),
        outcome(1, 1.0, 0.8, loss=0.3),
        outcome(2, 1.0, 0.9, loss=0.3),
        outcome(3, 1.0, 0.9, loss=0.3),
    ]
    assert select(tie).finalist is tie[2]


def test_a_finalist_that_only_looks_better_does_not_replace_the_base_setting():
    history = [outcome(0, 1.0, 0.5), outcome(1, 1.0, 0.99, gain=0.0)]
    found = select(history)
    assert found.winner is history[0] and found.finalist is history[1] and not found.confirmed
    assert found.p_value > LEVEL


def test_without_rows_that_confirm_the_base_setting_stays():
    few = [Outcome(Trial({"C": float(c)}), "ok", 0.5 + c / 10, log_loss=1 - c / 10, losses=[0.5] * 5) for c in range(3)]
    found = select(few)
    assert found.winner is few[0] and found.p_value is None


def test_base_wins_where_it_is_alone():
    alone = [outcome(0, 1 / 9, 0.5), outcome(0, 1 / 3, 0.4), outcome(1, 1.0, 0.9)]
    assert select(alone).winner is alone[1] and select(alone).finalist is None


def test_without_base_the_best_at_the_highest_effort_wins():
    history = [outcome(0, 1 / 9, None), outcome(1, 1 / 9, 0.9), outcome(2, 1 / 3, 0.6), outcome(3, 1 / 3, 0.7)]
    assert select(history).winner is history[3]


def test_nothing_ok_has_no_selection():
    assert select([]) is None
    assert select([outcome(0, 1.0, None)]) is None


def simulated(rng, challengers, gain, rows=3000, errors=0.1):
    """Whether a search of equal settings (`gain` 0), or with one that saves a share of the errors, replaces the base."""
    hardness = rng.normal(0, 1, 2 * rows)  # images are hard for all settings alike
    history = []
    for number in range(challengers + 1):
        share = errors * (1 - gain * (number == 1))
        edge = 1.118 * NormalDist().inv_cdf(1 - share)
        margin = hardness + rng.normal(0, 0.5, 2 * rows) - edge  # above 0: labelled wrongly
        losses = np.log1p(np.exp(3 * margin))
        score = float((margin[:rows] < 0).mean())
        history.append(Outcome(Trial({"n": number}), "ok", score, log_loss=losses[:rows].mean(), losses=losses[rows:]))
    return select(history).confirmed


@pytest.mark.parametrize("challengers", [4, 12])
def test_equal_settings_are_seldom_called_tuned(challengers):
    """Control arms: whoever takes the best of the rows that pick is wrong nearly always."""
    rng = np.random.default_rng(challengers)
    found = np.mean([simulated(rng, challengers, 0.0, rows=500) for _ in range(400)])
    assert found <= LEVEL + 0.03


def test_a_gain_of_a_fifth_of_the_errors_is_found():
    rng = np.random.default_rng(5)
    assert np.mean([simulated(rng, 4, 0.2) for _ in range(60)]) >= 0.8


def test_a_p_value_is_uniform_for_equal_losses():
    rng = np.random.default_rng(1)
    chances = [p_value(rng.exponential(1, 300), rng.exponential(1, 300)) for _ in range(500)]
    assert 0.4 < np.mean(chances) < 0.6 and np.mean(np.array(chances) < 0.05) < 0.09


@pytest.mark.torture
@pytest.mark.parametrize("challengers", [4, 12])
def test_the_rate_of_false_tuning(challengers, capsys):
    rng = np.random.default_rng(challengers)
    found = np.mean([simulated(rng, challengers, 0.0, rows=1000) for _ in range(4000)])
    gain = np.mean([simulated(rng, challengers, 0.2) for _ in range(400)])
    with capsys.disabled():
        print(
            f"\n{challengers} equal challengers: tuned in {found:.2%}; a gain of a fifth of the errors found in {gain:.1%}"
        )
    assert found <= 0.06 and gain >= 0.8
