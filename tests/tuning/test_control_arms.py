"""Coarse to fine against simple searches of the same cost, on made-up surfaces with noise.

The controls are those that a paper on search would have to beat: random settings at full effort (Bergstra & Bengio 2012), successive
halving of random settings (Jamieson & Talwalkar 2016), and a cheap look at all followed by full fits of the best few ("one epoch,
then top k", Egele et al. 2023, arXiv:2307.15422). All start from the base setting, and all spend the same number of full fits.
"""

import numpy as np
import pytest

from tests.tuning.test_coarse_to_fine import SURFACES, flat, judged
from tuning import Trial
from tuning.coarse_to_fine import coarse_to_fine

NOISE = 0.003  # of an accuracy on validation rows
SEEDS = range(6)


def halving(surface, rng, score, fits):
    """Random settings at 1/9, the better third at 1/3, the best third of those at full effort: each rung costs the same."""
    settings = drawn(surface, rng, int(3 * fits))
    for effort in (1 / 9, 1 / 3, 1.0):
        ranked = sorted(settings, key=lambda params: score(Trial(params, effort)), reverse=True)
        settings = ranked[: max(1, len(ranked) // 3)]
    return settings[0]


def at_random(surface, rng, score, fits):
    return max(drawn(surface, rng, int(fits)), key=lambda params: score(Trial(params)))


def cheap_then_top(surface, rng, score, fits):
    """Half of the cost for looks at 1/9, half for full fits of the best."""
    ranked = sorted(
        drawn(surface, rng, int(9 * fits / 2)), key=lambda params: score(Trial(params, 1 / 9)), reverse=True
    )
    return max(ranked[: max(1, int(fits / 2))], key=lambda params: score(Trial(params)))


def drawn(surface, rng, count):
    """The base setting and random ones."""
    return [surface.base, *({n: axis.draw(rng) for n, axis in surface.space.items()} for _ in range(max(0, count - 1)))]


CONTROLS = (halving, at_random, cheap_then_top)


def regrets(search):
    """By surface and seed, what the setting found lacks of the best of a dense grid, in shares of that."""
    return np.array([[search(surface, seed) for seed in SEEDS] for surface in SURFACES])


@pytest.fixture(scope="module")
def ours(play):
    def found(surface, seed):
        score = noisy(surface, seed)
        outcomes = flat(play(coarse_to_fine(surface.space, surface.base, seed, **surface.options), score))
        full = [o for o in outcomes if o.trial.effort == 1]
        best = max(full, key=lambda o: o.score).trial.params
        return 1 - surface.accuracy(best) / surface.dense()[0], sum(o.trial.effort for o in outcomes)

    results = regrets(found)
    return results[..., 0], results[..., 1]


def noisy(surface, seed):
    rng, accuracy = np.random.default_rng([seed, 1]), judged(surface)
    return lambda trial: accuracy(trial) + NOISE * rng.normal()


@pytest.mark.parametrize("control", CONTROLS)
def test_coarse_to_fine_is_no_worse_than_a_simple_search_of_the_same_cost(control, ours):
    regret, cost = ours
    costs = dict(zip((surface.name for surface in SURFACES), cost, strict=True))

    def found(surface, seed):
        rng = np.random.default_rng([seed, 2])
        params = control(surface, rng, noisy(surface, seed), costs[surface.name][seed])
        return 1 - surface.accuracy(params) / surface.dense()[0]

    other = regrets(found)
    gain = (other - regret).mean(axis=1)  # by surface
    assert gain.mean() > -0.002, f"{control.__name__}: {other.mean():.4f}, coarse to fine {regret.mean():.4f}"
    assert np.quantile(regret, 0.9) <= np.quantile(other, 0.9) + 0.005
