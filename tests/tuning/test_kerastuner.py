import math

import pytest

from tests.tuning.conftest import picked
from tuning import Choice, Float, Int, Space, strategy
from tuning.kerastuner import kerastuner

SPACE = Space(C=Float(1e-3, 1e3, log=True), depth=Int(1, 64, log=True))
BASE = {"C": 1.0, "depth": 8}


def score(trial):
    away = (math.log10(trial.params["C"]) - 1) ** 2 / 4 + (math.log2(trial.params["depth"]) - 4) ** 2 / 9
    return math.exp(-away)


def flat(batches):
    return [outcome for batch in batches for outcome in batch]


def by_effort(outcomes):
    found = {}
    for outcome in outcomes:
        found.setdefault(outcome.trial.effort, []).append(outcome)
    return found


def test_hyperband_promotes_the_best_and_tries_base_at_every_effort(play):
    outcomes = flat(play(kerastuner(SPACE, BASE, 0, method="hyperband", sweeps=1), score))
    efforts = by_effort(outcomes)
    assert sorted(efforts) == pytest.approx([1 / 9, 1 / 3, 1.0])
    for effort in efforts.values():
        assert effort[0].trial.params == BASE
    first = sorted((o for o in outcomes if o.trial.effort < 0.2 and o.trial.params != BASE), key=lambda o: -o.score)
    promoted = [o.trial.params for o in outcomes if o.trial.round == 2 and 0.2 < o.trial.effort < 0.5]
    assert sorted(p["C"] for p in promoted if p != BASE) == sorted(o.trial.params["C"] for o in first[:3])


def test_hyperband_promotes_whatever_fails(play):
    """Told as FAILED, two trials of five end all promotions of KerasTuner's oracle."""
    broken = iter(range(10_000))

    def judge(trial):
        return "failed" if trial.params != BASE and next(broken) % 5 in (0, 2) else score(trial)

    outcomes = flat(play(kerastuner(SPACE, BASE, 0, method="hyperband", sweeps=1), judge))
    assert max(o.trial.round for o in outcomes) == 3
    failed = {(o.trial.params["C"], o.trial.effort) for o in outcomes if not o.ok}
    later = {(o.trial.params["C"], o.trial.effort) for o in outcomes}
    assert not any(c == d and e < f for c, e in failed for d, f in later)


def test_hyperband_runs_a_rung_at_a_time(play):
    batches = play(kerastuner(SPACE, BASE, 0, method="hyperband", sweeps=1), score)
    assert len(batches[0]) == 1 + 9
    assert all(len({(o.trial.effort, o.trial.round) for o in batch}) == 1 for batch in batches)
    assert [batch[0].trial.round for batch in batches] == [1, 2, 3, 1, 2, 1]


def test_hyperband_reaches_full_effort_in_a_space_smaller_than_its_first_rung(play):
    space = Space(kernel=Choice(("rbf", "poly")), depth=Int(1, 2))
    judge = lambda trial: 0.5 + 0.1 * trial.params["depth"]  # noqa: E731
    outcomes = flat(play(kerastuner(space, {"kernel": "rbf", "depth": 1}, 0, method="hyperband", sweeps=1), judge))
    assert picked(outcomes).trial.effort == 1.0
    assert picked(outcomes).trial.params["depth"] == 2


def test_bayesian_closes_in_on_the_best(play):
    outcomes = flat(play(kerastuner(SPACE, BASE, 1, trials=13), score))
    assert picked(outcomes).score > 0.9


def test_bayesian_learns_from_base(play):
    """The proposals that the Gaussian process makes depend on what base scored."""

    def judge(trial, base):
        return base if trial.params == BASE else score(trial)

    one, other = (
        [o.trial.params for o in flat(play(kerastuner(SPACE, BASE, 0, trials=9), lambda t, b=b: judge(t, b)))]
        for b in (0.01, 0.99)
    )
    assert one[:6] == other[:6]
    assert one != other


def test_seeds_do_not_share_their_settings(play):
    settings = [
        {o.trial.params["C"] for o in flat(play(kerastuner(SPACE, BASE, s, method="random", trials=20), score))}
        for s in (0, 1, 2)
    ]
    assert all(len(a & b) == 1 for a in settings for b in settings if a is not b)  # base alone


def test_kerastuner_keeps_no_oracle_and_writes_no_file(play, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    from keras_tuner.src.engine import oracle

    before = len(oracle.LOCKS), len(oracle.THREADS)
    play(kerastuner(SPACE, BASE, 0, method="hyperband", sweeps=1), score)
    play(kerastuner(SPACE, BASE, 0, method="random"), score, most=5)
    assert (len(oracle.LOCKS), len(oracle.THREADS)) == before
    assert not list(tmp_path.iterdir())


def test_it_is_silent(play, capfd):
    play(kerastuner(SPACE, BASE, 0, trials=9), lambda trial: "failed" if trial.params["depth"] > 8 else score(trial))
    assert capfd.readouterr() == ("", "")


def test_the_effort_of_one_by_one_search_is_an_option(play):
    outcomes = flat(play(strategy("kerastuner:random")(SPACE, BASE, 0, trials=3, effort=0.5), score))
    assert [o.trial.effort for o in outcomes] == [0.5] * 3


def test_a_wrong_method_is_refused():
    with pytest.raises(ValueError, match="'genetic'"):
        next(kerastuner(SPACE, BASE, 0, method="genetic"))
