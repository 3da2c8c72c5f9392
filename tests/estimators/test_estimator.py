"""The `Estimator`: its base setting, and what effort does to a setting."""

import functools

import pytest

import estimators
from estimators import Estimator
from tuning import Float, Space


def build(seed, width=3, depth=1, epochs=6):
    return (seed, width, depth, epochs)


@pytest.mark.parametrize("rows", [70, 1000, 48_000])
@pytest.mark.parametrize("effort", [1.0, 0.5, 1 / 3, 1 / 9, 0.01])
@pytest.mark.parametrize("name", estimators.names())
def test_a_cheap_trial_has_a_share_of_the_rows_or_of_the_images_shown(name, effort, rows):
    """Never of anything else: with fewer boosting rounds, say, high learning rates look better than they are."""
    estimator = estimators.get(name)
    base = dict(estimator.base)
    params, shown = estimator.scaled(base, effort, rows)
    assert base == estimator.base
    if estimator.family == "deep":
        full = min(base["images"], max(30_000, 60 * rows))  # of few rows a network is shown fewer images
        assert (params, shown) == (base | {"images": round(effort * full)}, rows)
    else:
        assert (params, shown) == (base, max(1, round(effort * rows)))


EPOCHS = Estimator("epochs", "deep", build, Space(width=Float(1.0, 9.0)), effort="epochs")


@pytest.mark.parametrize(
    ("effort", "epochs", "expected"),
    [(1.0, 6, (6, 9000)), (1 / 3, 6, (2, 9000)), (1 / 9, 6, (1, 6000)), (0.5, 1, (1, 4500))],
)
def test_below_one_epoch_the_rest_is_saved_on_rows(effort, epochs, expected):
    params, rows = EPOCHS.scaled({"epochs": epochs}, effort, 9000)
    assert (params["epochs"], rows) == expected
    assert params["epochs"] * rows == pytest.approx(effort * epochs * 9000)


@pytest.mark.parametrize(
    ("name", "found", "params", "scaled", "expected"),
    [
        ("cnn", {"images": 10_000}, {"images": 90_000}, {"images": 10_000}, {"images": 90_000}),
        ("cnn", {"images": 8_000}, {"images": 90_000}, {"images": 10_000}, {"images": 72_000}),
        ("xgboost", {"rounds": 80}, {"rounds": 90}, {"rounds": 90}, {"rounds": 80}),
        ("svm", {"temperature": 0.4, "other": 1}, {}, {}, {"temperature": 0.4}),
    ],
)
def test_what_was_found_is_told_in_units_of_a_full_fit(name, found, params, scaled, expected):
    assert estimators.get(name).at_full_effort(found, params, scaled) == expected


def test_build_may_be_a_partial():
    estimator = Estimator("wide", "deep", functools.partial(build, width=8), Space(width=Float(1.0, 9.0)))
    assert estimator.base == {"width": 8, "depth": 1, "epochs": 6}
    assert estimator.build(0, **estimator.base) == (0, 8, 1, 6)
