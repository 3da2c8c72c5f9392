"""How often the statistics of the leaderboard and of the crossover are right, on simulated test sets.

`python -m pytest -m torture -s tests/reports/analysis/test_simulation.py` simulates 2,000 of each kind and prints what it finds; the
same with fewer is part of every test run.

A model is right on an image where skill + luck of the seed + ease of the image + taste + chance is above zero, all normal.
Ease is shared by all models, so that their errors are correlated, as those of real models are; taste is what an image is
worth to one model, with all its seeds.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtri

from reports.analysis import comparison, crossover, intervals

SHARED, TASTE = 0.7, 0.1  # of the variance: what an image is worth to everybody, and to one model
MODELS = "abcde"
# Seeds, and the standard deviation of their luck: none, like a real network's, large.
KINDS = [(1, 0.0), (2, 0.0), (2, 0.05), (3, 0.0), (3, 0.03), (3, 0.1), (5, 0.05)]
MANY = [
    pytest.param(60, id="some"),
    pytest.param(2000, marks=[pytest.mark.torture, pytest.mark.timeout(3600)], id="many"),
]


def answers(rng, models, seeds, n, skill, luck):
    """Correctness (s, n) of models of the same skill; `skill` is the accuracy over all images and seeds."""
    ease = rng.standard_normal(n) * np.sqrt(SHARED)

    def one():
        own = rng.standard_normal(n) * np.sqrt(TASTE)
        chance = rng.standard_normal((seeds, n)) * np.sqrt(1 - SHARED - TASTE)
        return ndtri(skill) * np.sqrt(1 + luck**2) + luck * rng.standard_normal((seeds, 1)) + ease + own + chance > 0

    return {name: one() for name in models}


def bounds(share, repetitions):
    """What a share that is at most 5 % (± 1) may come out at, by chance."""
    return share + 3 * np.sqrt(share * (1 - share) / repetitions)


@pytest.mark.parametrize("repetitions", MANY)
@pytest.mark.parametrize(("seeds", "luck"), KINDS)
def test_equal_models_have_no_winner(repetitions, seeds, luck):
    rng = np.random.default_rng(11)
    winners = wrong = 0
    for _ in range(repetitions):
        n, skill = int(rng.integers(1000, 10_001)), rng.uniform(0.9, 0.995)
        pairs = comparison.compare(answers(rng, MODELS, seeds, n, skill, luck))
        winners += not comparison.tied(pairs, pairs["a"].iloc[0])  # as the verdict finds its winner
        wrong += not pairs["tie"].all()
    print(
        f"\n{seeds} seeds, luck {luck}: {winners / repetitions:.2%} false winners, {wrong / repetitions:.2%} any false lead"
    )
    assert winners / repetitions <= bounds(0.05, repetitions)
    assert wrong / repetitions <= bounds(0.06, repetitions)


def two_level_bootstrap(correct, rng):
    """The percentile interval that is usual for seeds and images, for comparison: see `intervals.spread`."""
    seeds, n = correct.shape
    patterns, counts = np.unique(2 ** np.arange(seeds) @ correct, return_counts=True)
    right = patterns[:, None] >> np.arange(seeds) & 1
    by_seed = rng.multinomial(n, counts / n, size=1000) @ right / n
    weights = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=1000) / seeds
    return np.quantile((by_seed * weights).sum(1), [0.025, 0.975])


@pytest.mark.parametrize("repetitions", MANY)
@pytest.mark.parametrize("seeds", [1, 2, 3, 5])
def test_intervals_hold_the_truth_in_95_of_100_cases(repetitions, seeds):
    rng = np.random.default_rng(12)
    repetitions *= 3
    luck = [luck for s, luck in KINDS if s == seeds]
    one, two, usual = [], [], []
    for _ in range(repetitions):
        n, skill = int(rng.integers(1000, 10_001)), rng.uniform(0.9, 0.995)
        a, b = answers(rng, "ab", seeds, n, skill, luck[int(rng.integers(len(luck)))]).values()
        one.append(holds(intervals.accuracy_interval(a), skill))
        two.append(holds(intervals.difference_interval(a.astype(int) - b), 0))
        usual.append(holds(two_level_bootstrap(a, rng), skill))
    found = [float(np.mean(hits)) for hits in (one, two, usual)]
    print("\n{} seeds: {:.1%} of accuracies, {:.1%} of differences; two-level bootstrap {:.1%}".format(seeds, *found))
    margin = 3 * np.sqrt(0.05 * 0.95 / repetitions)
    assert all(0.94 - margin <= share <= 0.96 + margin for share in found[:2])


def holds(interval, truth):
    return interval[0] <= truth <= interval[1]


@pytest.mark.parametrize("repetitions", MANY)
def test_the_detectable_difference_is_found_in_four_of_five_cases(repetitions):
    rng = np.random.default_rng(13)
    n, discordant = 5000, 0.02
    lead = comparison.detectable(n, discordant)
    share = [(discordant + lead) / 2, (discordant - lead) / 2, 1 - discordant]
    p = [comparison.mcnemar(wins, losses) for wins, losses, _ in rng.multinomial(n, share, size=10 * repetitions)]
    power = np.mean(np.array(p) < 0.05)
    print(f"\npower at the detectable difference: {power:.1%}")
    assert power == pytest.approx(0.8, abs=0.03 + 3 * np.sqrt(0.16 / len(p)))


NETWORKS, CLASSICAL, SIZES = 2, 3, (300, 1000, 3000, 10_000, 30_000, 60_000)


def differences(rng, seeds, lead=0.0, spread=0.003, images=1000):
    """The best network less the best classical model at six sizes, each chosen by validation; (s, n) of each size.

    There are at least `images` test images, and at most 4,000 more.

    All models are right on the same share of the images, but the networks on `lead` more. A seed's luck is a normal share
    with the standard deviation `spread`; half of its variance is the same at all sizes, since subsets are nested. It shows
    in the validation score too, so that the choice is of the lucky. Ease and taste are those of the same test images.
    """
    n, skill, models = int(rng.integers(images, images + 4001)), rng.uniform(0.9, 0.985), NETWORKS + CLASSICAL
    accuracy = np.full((models, 1), skill) + lead * (np.arange(models) < NETWORKS)[:, None]
    image = rng.standard_normal(n) * np.sqrt(SHARED) + rng.standard_normal((models, n)) * np.sqrt(TASTE)
    own, found = rng.standard_normal((models, seeds)), []
    for _ in SIZES:
        luck = spread * np.sqrt(0.5) * (own + rng.standard_normal((models, seeds)))
        chance = rng.standard_normal((models, seeds)) * np.sqrt(accuracy * (1 - accuracy) / 500)  # validation images
        score = (accuracy + luck + chance).mean(1)
        place = ndtri(np.clip(accuracy + luck, 0.001, 0.9999))
        best = [
            crossover.best_by_validation({model: score[model] for model in family})
            for family in (range(NETWORKS), range(NETWORKS, models))
        ]
        deep, classical = (
            place[m][:, None] + image[m] + rng.standard_normal((seeds, n)) * np.sqrt(1 - SHARED - TASTE) > 0
            for m in best
        )
        found.append(deep.astype(np.int8) - classical)
    return found


def share(rng, repetitions, declared, seeds, **truth):
    """The share of simulated studies in which a lead is declared at any size, with the sign that is asked for."""
    studies = (crossover.crossover(SIZES, differences(rng, seeds, **truth)) for _ in range(repetitions))
    return float(np.mean([any(lead.sign in declared for lead in study.leads) for study in studies]))


@pytest.mark.parametrize("repetitions", MANY)
@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_the_crossover_of_equal_families_is_not_seen_and_a_true_lead_is(repetitions, seeds):
    rng = np.random.default_rng(14)
    spreads = (0.0, 0.003, 0.01)
    false = [share(rng, repetitions, (-1, 1), seeds, spread=spread) for spread in spreads]
    power = share(rng, repetitions, (1,), seeds, lead=0.01, images=6000)
    told = ", ".join(f"{rate:.1%} at a spread of {spread:.1%}" for spread, rate in zip(spreads, false, strict=True))
    print(f"\n{seeds} seeds: a lead declared between equal families: {told}; a lead of 1 point found: {power:.1%}")
    assert max(false) <= bounds(0.06, repetitions)
    known = crossover.simulated(seeds)
    assert known.seeds == seeds
    noise = 3 * np.sqrt(0.25 / repetitions)
    assert max(false) == pytest.approx(known.false_alarm, abs=bounds(0.02, repetitions))
    assert power == pytest.approx(known.found, abs=noise)
    if seeds >= 5:
        assert power >= 0.8 - noise
