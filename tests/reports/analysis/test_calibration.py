from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import scoring
from reports.analysis import calibration


def error(bins):
    """The mean distance of confidence from accuracy."""
    return np.average((bins["confidence"] - bins["accuracy"]).abs(), weights=bins["images"])


def test_bins_of_a_case_computed_by_hand():
    confidence = np.array([0.5, 0.5, 0.5, 0.5, 0.9, 0.9, 0.9, 0.9])
    bins = calibration.reliability(confidence, np.array([1, 0, 0, 0, 1, 1, 1, 1], bool), bins=2)
    assert bins["images"].tolist() == [4, 4]
    assert bins["accuracy"].tolist() == [0.25, 1]
    assert error(bins) == pytest.approx((0.25 + 0.1) / 2)


def test_the_metric_is_the_error_of_the_bins():
    rng = np.random.default_rng(3)
    y, proba = rng.integers(0, 4, 500), rng.dirichlet([1, 1, 1, 1], 500)
    bins = calibration.reliability(proba.max(axis=1), proba.argmax(axis=1) == y)
    assert scoring.calibration_error(y, proba) == pytest.approx(error(bins))


def test_a_calibrated_model_stays_below_what_chance_explains_and_a_boaster_does_not():
    rng = np.random.default_rng(6)
    sure = rng.beta(8, 1, (400, 500))
    right = rng.random(sure.shape) < sure
    bins = [calibration.reliability(s, r) for s, r in zip(sure, right, strict=True)]
    below = [error(b) <= calibration.calibration_error_by_chance(b) for b in bins]
    assert 0.9 <= np.mean(below) <= 0.99
    boaster = calibration.reliability(np.full(500, 0.99), right[0])
    assert error(boaster) > calibration.calibration_error_by_chance(boaster)


@given(st.lists(st.tuples(st.floats(0.1, 1), st.booleans()), min_size=1, max_size=60))
def test_bins_lose_no_image(answers):
    sure, right = (np.array(values) for values in zip(*answers, strict=True))
    bins = calibration.reliability(sure, right)
    assert bins["images"].sum() == len(sure)
    assert np.average(bins["accuracy"], weights=bins["images"]) == pytest.approx(right.mean())
    assert bins["confidence"].is_monotonic_increasing
    assert 0 <= error(bins) <= 1
