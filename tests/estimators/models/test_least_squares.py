"""`LeastSquares`: its solution is scikit-learn's, batches change nothing, and validation rows choose the penalty."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge as Plain

from estimators import contract
from estimators.models import least_squares
from estimators.models.least_squares import LeastSquares
from estimators.models.saving import load, save

K = 4


@pytest.fixture(scope="module")
def data():
    return contract.images(K, 80, (10, 10, 1))


def test_the_solution_is_that_of_scikit_learn(data):
    X, y = data
    model = LeastSquares(filters=6, penalty=0.05).fit(X, y)
    rows = model.rows_.transform(X).astype(np.float64)
    spread = rows.std(axis=0)
    told = spread > least_squares.LEAST
    standard = (rows[:, told] - rows[:, told].mean(axis=0)) / spread[told]
    plain = Plain(alpha=0.05 * len(X)).fit(standard, np.eye(K)[y])
    np.testing.assert_allclose(model._scores(X), plain.predict(standard), atol=1e-4)
    assert not model.coef_[~told].any()


def test_fewer_rows_than_features_have_a_solution_whatever_the_penalty(data):
    """The sums are then singular but for the penalty, and rounding may leave it below zero."""
    X, y = data
    few = np.flatnonzero(np.arange(len(X)) % 8 == 0)
    model = LeastSquares(filters=60, penalty=0.0).fit(X[few], y[few])
    proba = model.predict_proba(X)
    assert np.isfinite(proba).all() and (model.predict(X[few]) == y[few]).all()
    indefinite = least_squares._Sums(
        np.array([[1.0, 1.0], [1.0, 1.0 - 1e-4]]), np.eye(2), np.zeros(2), np.ones(2), np.ones(2), 10
    )
    assert np.isfinite(indefinite.solved(0.0)[0]).all()


def test_batches_change_nothing(data, monkeypatch):
    X, y = data
    whole = LeastSquares(filters=6).fit(X, y)
    monkeypatch.setattr(least_squares, "BATCH", 7)
    np.testing.assert_allclose(LeastSquares(filters=6).fit(X, y).predict_proba(X), whole.predict_proba(X), atol=1e-4)


def test_validation_rows_choose_penalty_and_temperature(data, monkeypatch):
    X, y = data
    rng = np.random.default_rng(0)
    wrong = np.where(rng.random(len(y)) < 0.4, rng.integers(0, K, len(y)), y)
    chosen = LeastSquares(filters=12).fit(X[::2], wrong[::2], (X[1::2], y[1::2])).found_
    losses = {}
    for penalty in least_squares.PENALTIES:
        monkeypatch.setattr(least_squares, "PENALTIES", (penalty,))
        model = LeastSquares(filters=12).fit(X[::2], wrong[::2], (X[1::2], y[1::2]))
        losses[penalty] = -np.log(model.predict_proba(X[1::2])[np.arange(len(y) // 2), y[1::2]]).mean()
    assert chosen["penalty"] == min(losses, key=losses.get) and max(losses.values()) > min(losses.values()) + 0.01
    refit = LeastSquares(filters=12, **chosen).fit(X[::2], wrong[::2])
    assert refit.found_ == {} and refit.temperature_ == chosen["temperature"]


def test_it_is_saved_whole(data, tmp_path):
    X, y = data
    model = LeastSquares(filters=6).fit(X, y)
    save(model, tmp_path / "model", {"classes": list("abcd"), "image": [10, 10, 1]})
    np.testing.assert_array_equal(load(tmp_path / "model").predict_proba(X), model.predict_proba(X))
    assert model.embed(X).shape == (len(X), 2 * 6 * 9)
