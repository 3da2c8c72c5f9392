from __future__ import annotations

import numpy as np
import pytest

from benchmarks import scoring


def test_log_loss_is_that_of_scikit_learn_and_one_image_cannot_make_it_infinite():
    from sklearn.metrics import log_loss

    rng = np.random.default_rng(0)
    y, proba = rng.integers(0, 3, 50), rng.dirichlet([1, 1, 1], 50)
    assert scoring.log_loss(y, proba) == pytest.approx(log_loss(y, proba))
    assert scoring.log_loss(np.array([0]), np.array([[0.0, 1.0]])) == pytest.approx(-np.log(1e-7))


def test_brier_of_a_case_computed_by_hand_and_of_scikit_learn():
    from sklearn.metrics import brier_score_loss

    # (0.3² + 0.2² + 0.1²) and (1 + 1): sure of the wrong class.
    assert scoring.brier(np.array([0, 1]), np.array([[0.7, 0.2, 0.1], [1, 0, 0]])) == pytest.approx((0.14 + 2) / 2)
    rng = np.random.default_rng(0)
    y, proba = rng.integers(0, 2, 80), rng.dirichlet([1, 1], 80)
    assert scoring.brier(y, proba) == pytest.approx(2 * brier_score_loss(y, proba[:, 1]))
