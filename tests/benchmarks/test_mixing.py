"""Which models to mix, on made-up predictions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.mixing import average, greedy, mixed
from benchmarks.scoring import log_loss

CLASSES = 10


def model(y, errors, seed, shared=0.0):
    """Probabilities of a model that is unsure where it errs: it errs on a share `errors` of the rows, some of them `shared`."""
    rng, common = np.random.default_rng(seed), np.random.default_rng(99)
    hardness = shared * common.random(len(y)) + (1 - shared) * rng.random(len(y))
    wrong = hardness > np.quantile(hardness, 1 - errors)
    guess = np.where(wrong, (y + 1 + rng.integers(0, CLASSES - 1, len(y))) % CLASSES, y)
    sure = np.where(wrong, 0.6, 0.95)[:, None]
    return np.where(np.arange(CLASSES) == guess[:, None], sure, (1 - sure) / (CLASSES - 1)).astype(np.float32)


@pytest.fixture
def y():
    return np.random.default_rng(0).integers(0, CLASSES, 2000)


def test_models_that_err_apart_are_mixed_and_the_mix_is_better_on_other_rows(y):
    own, other = slice(0, 1000), slice(1000, None)
    proba = {"a": model(y, 0.02, 1), "b": model(y, 0.025, 2), "c": model(y, 0.03, 3)}
    mix = mixed({name: p[own] for name, p in proba.items()}, y[own])
    assert set(mix.weights) == {"a", "b", "c"} and mix.best == "a" and mix.rows == 1000
    assert mix.log_loss < mix.best_log_loss
    mean = average({name: p[other] for name, p in proba.items()}, mix.weights)
    assert log_loss(y[other], mean) < log_loss(y[other], proba["a"][other])
    assert (mean.argmax(1) == y[other]).mean() > (proba["a"][other].argmax(1) == y[other]).mean()


def test_a_bad_model_stays_out(y):
    mix = mixed({"good": model(y, 0.01, 1), "bad": model(y, 0.6, 2), "chance": np.full((len(y), CLASSES), 0.1)}, y)
    assert dict(mix.weights) == {"good": 1} and mix.best == "good" and mix.log_loss == mix.best_log_loss


def test_a_copy_of_the_best_adds_nothing(y):
    """Equal models are one: the mix is as good as the best alone, and the best alone it is."""
    best = model(y, 0.02, 1)
    mix = mixed({"best": best, "copy": best.copy()}, y)
    assert dict(mix.weights) == {"best": 1}


def test_where_few_rows_tell_nothing_the_choice_costs_nothing():
    """Models that guess, chosen on 20 rows: on other rows the mix is no worse than what is best alone on those 20."""
    rng, gains = np.random.default_rng(5), []
    for _ in range(10):
        y = rng.integers(0, 2, 220)
        proba = {str(i): rng.dirichlet([1, 1], len(y)) for i in range(4)}
        mix = mixed({name: p[:20] for name, p in proba.items()}, y[:20])
        gains.append(log_loss(y[20:], proba[mix.best][20:]) - log_loss(y[20:], average(proba, mix.weights)[20:]))
    assert np.mean(gains) >= 0


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(2, 60))
def test_a_mix_is_never_worse_on_the_rows_that_chose_it(seed, models, rows):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, rows)
    proba = {str(i): rng.dirichlet([1, 1, 1], rows) for i in range(models)}
    mix = mixed(proba, y)
    assert mix.log_loss <= mix.best_log_loss + 1e-9
    assert set(mix.weights) <= set(proba) and all(weight > 0 for weight in mix.weights.values())
    assert log_loss(y, average(proba, greedy(proba, y))) <= min(log_loss(y, p) for p in proba.values()) + 1e-9
