"""What is read off a validation curve, on curves whose answer is known."""

import numpy as np
import pytest

from estimators.models.looks import best_look, flattened

RISING = [0.1, 0.5, 0.7, 0.8, 0.85, 0.88, 0.9, 0.93, 0.95, 0.96]
FLAT = [0.5, 0.8, 0.9, 0.94, 0.95, 0.951, 0.95, 0.952, 0.949, 0.951]


def test_the_end_is_best_unless_an_earlier_look_is_clearly_better():
    assert best_look(RISING, 4000) == 9
    assert best_look([0.9, 0.951, 0.95], 4000) == 2, "0.1 points of 4,000 images are chance"
    assert best_look([0.9, 0.97, 0.95], 4000) == 1, "2 points are not"
    assert best_look([0.9, 0.97, 0.95], 100) == 2, "of 100 images they are"
    assert best_look([1.0], 10) == 0


def test_a_curve_that_went_astray_is_cut_where_it_was_last_as_good_as_its_best():
    assert best_look([0.5, 0.95, 0.949, 0.9, 0.85], 4000) == 2


def test_flattened():
    assert not flattened(RISING, 4000)
    assert flattened(FLAT, 4000)
    assert flattened([0.5, 0.95, 0.9, 0.9], 4000), "worse at the end is no gain"
    assert not flattened([0.9, 0.9], 4000), "two looks tell nothing"


@pytest.mark.parametrize("accuracy", [0.6, 0.95, 0.995])
def test_a_network_that_learns_nothing_more_is_rarely_said_to_be_improving(accuracy):
    """Ten looks of equal worth at the same 4,000 images, on which a tenth of the errors change between looks."""
    rng = np.random.default_rng(0)
    rows, said = 4000, 0
    for _ in range(300):
        curve, wrong = [], rng.random(rows) > accuracy
        for _ in range(10):
            anew = rng.random(rows) < 0.1
            wrong = np.where(anew, rng.random(rows) > accuracy, wrong)
            curve.append(1 - wrong.mean())
        said += not flattened(curve, rows)
    assert said <= 0.05 * 300
