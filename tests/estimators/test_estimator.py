"""The `Estimator`: its base setting, and what effort does to a setting."""

import functools

import pytest

import estimators
from estimators import Estimator
from tuning import Float, Space


def old_scaling(estimator, params, effort, rows):
    """What a worker did before `Estimator.scaled`: the same numbers are promised."""
    params, share = dict(params), effort
    if estimator.effort != "rows":
        full = params[estimator.effort]
        params[estimator.effort] = max(1, round(effort * full))
        share = min(1.0, effort * full / params[estimator.effort])
    if "epoch_images" in params:
        params["epoch_images"] = round(share * params["epoch_images"])
        share = max(share, min(1.0, params["epoch_images"] / rows))
    return params, rows if share >= 1 else round(share * rows)


@pytest.mark.parametrize("rows", [70, 1000, 5999, 6001, 48_000])
@pytest.mark.parametrize("effort", [1.0, 0.5, 1 / 3, 1 / 9, 0.01])
@pytest.mark.parametrize("name", estimators.names())
def test_a_cheap_trial_costs_what_its_effort_says(name, effort, rows):
    estimator = estimators.get(name)
    base = dict(estimator.base)
    assert estimator.scaled(base, effort, rows) == old_scaling(estimator, base, effort, rows)
    assert base == estimator.base


@pytest.mark.parametrize(
    ("effort", "epochs", "expected"),
    [(1.0, 6, (6, 9000)), (1 / 3, 6, (2, 9000)), (1 / 9, 6, (1, 6000)), (0.5, 1, (1, 4500))],
)
def test_below_one_epoch_the_rest_is_saved_on_rows(effort, epochs, expected):
    params, rows = estimators.get("mlp").scaled({"epochs": epochs}, effort, 9000)
    assert (params["epochs"], rows) == expected
    assert params["epochs"] * rows == pytest.approx(effort * epochs * 9000)


@pytest.mark.parametrize(
    ("name", "found", "params", "scaled", "expected"),
    [
        ("cnn", {"epochs": 2}, {"epochs": 6}, {"epochs": 2}, {"epochs": 6}),
        ("cnn", {"epochs": 1}, {"epochs": 5}, {"epochs": 2}, {"epochs": 2}),
        ("xgboost", {"rounds": 1}, {"rounds": 9}, {"rounds": 90}, {"rounds": 1}),
        ("svm", {"temperature": 0.4, "other": 1}, {}, {}, {"temperature": 0.4}),
    ],
)
def test_what_was_found_is_told_in_units_of_a_full_fit(name, found, params, scaled, expected):
    assert estimators.get(name).at_full_effort(found, params, scaled) == expected


def build(seed, width=3, depth=1):
    return (seed, width, depth)


def test_build_may_be_a_partial():
    estimator = Estimator("wide", "deep", functools.partial(build, width=8), Space(width=Float(1.0, 9.0)))
    assert estimator.base == {"width": 8, "depth": 1}
    assert estimator.build(0, **estimator.base) == (0, 8, 1)
