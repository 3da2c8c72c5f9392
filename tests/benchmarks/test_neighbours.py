"""The nearest training images in a model's feature space: found, kept, and of every kind of model."""

import dataclasses

import numpy as np
import pytest

import estimators
from benchmarks.data.images import Images
from benchmarks.errors import UserError
from benchmarks.neighbours import Neighbours, neighbours
from estimators.contract import images as easy
from estimators.models.feature_space import feature_space
from estimators.models.saving import load, save


def some(rows=30, seed=0):
    rng = np.random.default_rng(seed)
    y = np.r_[rng.integers(0, 3, rows - 1), 3]  # of class 3 there is one
    return Images(rng.integers(0, 256, (rows, 4, 4, 1), dtype=np.uint8), y.astype(np.int64))


def flat(X):
    return X.reshape(len(X), -1) / 255


def test_they_are_the_nearest_of_the_classes_asked_for():
    train, test = some(), some(5, seed=1)
    classes = np.array([[0, 1], [1, 2], [2, 3], [3, 0]])
    found = neighbours(flat, "key", train, test.X[:4], np.arange(10, 14), classes)
    assert found.rows.tolist() == [10, 11, 12, 13] and found.images.dtype == np.uint8
    for i, side in np.ndindex(4, 2):
        distance = np.sqrt(((flat(train.X) - flat(test.X[i : i + 1])) ** 2).sum(1))
        members = np.flatnonzero(train.y == classes[i, side])
        nearest = members[np.argsort(distance[members])][:3]
        there = found.places[i, side] >= 0
        assert there.sum() == min(3, len(members)), "of class 3 there is one image"
        assert np.array_equal(found.places[i, side][there], nearest)
        np.testing.assert_allclose(found.distances[i, side][there], distance[nearest], rtol=1e-5)
        assert np.array_equal(found.images[i, side][there], train.X[nearest])
        assert np.isnan(found.distances[i, side][~there]).all() and not found.images[i, side][~there].any()


def test_what_is_written_is_read(tmp_path):
    train = some()
    found = neighbours(flat, "key", train, train.X[:2], np.array([3, 5]), np.array([[0, 1], [2, 3]]))
    found.write(tmp_path)
    read = Neighbours.read(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["neighbours.npz"]
    for field in dataclasses.fields(Neighbours):
        np.testing.assert_array_equal(getattr(read, field.name), getattr(found, field.name))
    (tmp_path / "neighbours.npz").write_bytes(b"no archive")
    with pytest.raises(UserError, match="run crossover explain again"):
        Neighbours.read(tmp_path)


@pytest.mark.parametrize("name", ["logistic_regression", "svm", "xgboost", "mlp"])
def test_a_saved_model_has_a_feature_space_in_which_classes_lie_together(name, tmp_path):
    """`test_networks` asks more of networks."""
    estimator = estimators.get(name)
    X, y = easy()
    params, _ = estimator.scaled(estimator.base, 1 / 16, len(X))
    model = estimator.build(0, **params).fit(X[:40], y[:40])
    save(model, tmp_path / "model")
    embed = feature_space(load(tmp_path / "model"))
    np.testing.assert_allclose(embed(X), feature_space(model)(X), atol=1e-5)
    found = neighbours(
        embed, "key", Images(X[:40], y[:40]), X[40:], np.arange(40, 60), np.stack([y[40:], 3 - y[40:]], 1)
    )
    assert (found.distances[:, 0, 0] < found.distances[:, 1, 0]).mean() > 0.8


def test_a_pipeline_of_scikit_learn_has_the_space_before_its_last_step():
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    from estimators.features import features

    X, y = easy()
    model = make_pipeline(features("pixels"), LogisticRegression()).fit(X, y)
    assert feature_space(model)(X).shape == (len(X), X[0].size)
    assert feature_space(LogisticRegression()) is None
