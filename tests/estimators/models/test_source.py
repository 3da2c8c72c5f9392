"""What is taken of a source is what it says: the head alone, a pull to the coefficients, sums that go on."""

import numpy as np
import pytest

import estimators
from estimators.contract import images
from estimators.models.source import Source, embedding_of

X, Y = images(rows=80)
FEW, LABELS = images(rows=16, seed=1)
KNOWN = (0, 1, 2, 3)


def fitted(name, rows=X, labels=Y, source=None, **settings):
    estimator = estimators.get(name)
    more = {} if source is None else {"source": source}
    return estimator.build(0, **{**estimator.base, **settings}).fit(rows, labels, **more)


def test_the_head_alone_is_trained_and_all_layers_are():
    small = {"images": 200, "augment": False}
    taught = fitted("mlp", **small)
    features = taught.embedding().fit(X).transform(X)
    head = fitted("mlp", FEW, LABELS, Source(taught, KNOWN, "head"), **small)
    assert np.allclose(head.embedding().fit(X).transform(X), features, atol=1e-4)
    whole = fitted("mlp", FEW, LABELS, Source(taught, KNOWN, "all layers"), **small)
    assert not np.allclose(whole.embedding().fit(X).transform(X), features, atol=1e-2)
    assert not np.allclose(head.predict_proba(X), taught.predict_proba(X), atol=1e-3)


def test_the_stronger_the_penalty_the_nearer_to_the_coefficients_of_the_source():
    taught = fitted("logistic_regression", C=1.0)
    moved = [
        np.abs(own.regression_.coef_ - taught.regression_.coef_).max()
        for C in (1e-9, 1e-3, 1.0)
        for own in [fitted("logistic_regression", FEW, LABELS, Source(taught, KNOWN, "coefficients"), C=C)]
    ]
    assert moved[0] < 1e-5 and sorted(moved) == moved
    # Of two classes, too, and those of the target in another order.
    two = Y < 2
    pair = fitted("logistic_regression", X[two], Y[two], C=1.0)
    few = LABELS < 2
    turned = fitted("logistic_regression", FEW[few], 1 - LABELS[few], Source(pair, (1, 0), "coefficients"), C=1e-9)
    assert np.allclose(turned.regression_.coef_, -pair.regression_.coef_, atol=1e-5)


def test_trees_go_on_from_what_the_source_says():
    taught = fitted("logistic_regression", C=1.0)
    little = fitted("xgboost", FEW, LABELS, Source(taught, KNOWN, "boosting"), rounds=1, learning_rate=1e-6)
    assert np.allclose(little.predict_proba(X), taught.predict_proba(X), atol=1e-3)


def test_what_a_source_says_of_classes_that_it_does_not_know_is_undecided():
    class Model:
        def predict_proba(self, X):
            return np.tile(np.array([[0.7, 0.2, 0.1]], np.float32), (len(X), 1))

    source = Source(Model(), (2, -1, 0), "boosting")
    classes = np.array([0, 1, 2])
    assert source.columns(classes).tolist() == [2, -1, 0]
    assert np.exp(source.logits(X[:1], classes)[0]) == pytest.approx([0.1, 1 / 3, 0.7], abs=1e-4)
    with pytest.raises(ValueError, match="the source is a Model"):
        embedding_of(source.model)
