"""What every classical estimator must do, and what each promises of its own."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.svm import SVC

import estimators
from estimators.models import accelerated, boosted_trees, support_vectors
from estimators.models.boosted_trees import BoostedTrees
from estimators.models.calibration import fit_temperature
from estimators.models.copies import with_copies
from estimators.models.describe import describe
from estimators.models.kernel_machine import KernelMachine
from estimators.models.saving import load, save

CHEAP = {"rounds": 8}  # where an estimator has the parameter
CLASSICAL = [name for name in estimators.names() if estimators.get(name).family == "classical"]
NAMED = {"logistic_regression", "svm", "xgboost"}


def build(name, seed=0, **params):
    base = estimators.get(name).base
    return estimators.get(name).build(seed, **({k: v for k, v in CHEAP.items() if k in base} | params))


@pytest.fixture(scope="module")
def split(digits):
    X, y = digits
    return X[:700], y[:700], X[700:1100], y[700:1100]


@pytest.fixture(scope="module")
def models(split):
    X, y, _, _ = split
    return {name: build(name).fit(X, y) for name in CLASSICAL}


def test_the_named_ones_are_there():
    assert set(CLASSICAL) >= NAMED


@pytest.mark.parametrize("name", CLASSICAL)
def test_probabilities_are_right(name, models, split):
    _, _, V, w = split
    proba = models[name].predict_proba(V)
    assert proba.shape == (400, 10)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)
    assert proba.min() >= 0
    np.testing.assert_array_equal(models[name].classes_, np.arange(10))
    np.testing.assert_array_equal(models[name].predict(V), proba.argmax(axis=1))
    assert (proba.argmax(axis=1) == w).mean() > 0.8


@pytest.mark.parametrize("name", CLASSICAL)
@pytest.mark.parametrize("labels", [[0, 1], [0, 1, 2], [2, 5, 7]], ids=str)
def test_colour_and_any_set_of_labels(name, labels, split, tmp_path):
    X, y, _, _ = split
    rows = np.isin(y, labels)
    X, y = np.repeat(X[rows], 3, axis=3), y[rows]
    model = build(name).fit(X, y)
    assert model.classes_.tolist() == labels
    assert model.predict_proba(X).shape == (len(X), len(labels))
    assert (model.predict(X) == y).mean() > 0.95
    save(model, tmp_path / "model", {"estimator": name})
    np.testing.assert_array_equal(load(tmp_path / "model").predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize("name", CLASSICAL)
def test_every_choice_of_the_space_fits(name, split):
    X, y, V, w = split
    space = estimators.get(name).space
    for axis, value in [(a, v) for a in space for v in getattr(space[a], "values", ())]:
        assert (build(name, **{axis: value}).fit(X[:300], y[:300]).predict(V) == w).mean() > 0.7


@pytest.mark.parametrize("name", CLASSICAL)
def test_what_validation_finds_is_a_parameter_of_build(name, split):
    X, y, V, w = split
    model = build(name)
    model.fit(X, y, validation=(V, w))
    assert "temperature" in model.found_ and set(model.found_) <= set(estimators.get(name).base)
    rebuilt = build(name, **model.found_).fit(X, y)
    assert rebuilt.found_ == {}
    np.testing.assert_allclose(rebuilt.predict_proba(V), model.predict_proba(V), atol=1e-6)


@pytest.mark.parametrize("name", CLASSICAL)
def test_copies_are_trained_on(name, split):
    """What a model learns of copies is what it learns where the copies are among the training images."""
    X, y, V, _ = split
    asked = build(name, copies=1).fit(X[:200], y[:200])
    given = build(name).fit(*with_copies(X[:200], y[:200], 1, seed=0))
    np.testing.assert_array_equal(asked.predict_proba(V), given.predict_proba(V))
    assert not np.array_equal(asked.predict_proba(V), build(name).fit(X[:200], y[:200]).predict_proba(V))


def test_descriptions(models):
    assert describe(models["logistic_regression"]).parameters == 64 * 10 + 10
    machine = models["svm"].machine_
    assert describe(models["svm"]).parameters == machine.vectors.size + 9 * len(machine.vectors) + 45
    trees = describe(models["xgboost"])
    assert trees.parameters == len(models["xgboost"].booster_.trees_to_dataframe())
    assert trees.backend.startswith("xgboost 3.") and trees.layers == ()


# The kernel machine


def plain_svc(model, X, y):
    """Scikit-learn's own machine on the components that a `KernelMachine` sees."""
    data = model.rows_.transform(X)
    gamma = model.gamma / data.var(axis=0, dtype=np.float64).sum()
    return SVC(C=model.C, gamma=gamma, decision_function_shape="ovo").fit(data, y)


@pytest.mark.parametrize("accelerated_fit", [False, True])
@pytest.mark.parametrize("labels", [[3, 8], [1, 2, 3], list(range(10))], ids=str)
def test_margins_are_those_of_scikit_learn(labels, accelerated_fit, split, monkeypatch):
    if not accelerated_fit:
        monkeypatch.setenv("CROSSOVER_NO_INTELEX", "1")
    X, y, V, _ = split
    rows = np.isin(y, labels)
    model = KernelMachine(components=20).fit(X[rows], y[rows])
    plain = plain_svc(model, X[rows], y[rows])
    data = model.rows_.transform(V)
    expected = plain.decision_function(data)
    if len(labels) == 2:
        expected = -expected[:, None]  # scikit-learn counts for the second class there
    atol = 0.02 if accelerated_fit else 1e-4  # the accelerator stops at another point within its tolerance
    np.testing.assert_allclose(model.machine_.margins(data), expected, atol=atol)
    assert (model.predict(V) == plain.predict(data)).mean() > (0.99 if accelerated_fit else 0.999)


def test_the_kernel_machine_agrees_with_a_plain_svc_where_no_class_wins_all(monkeypatch):
    """Many classes of noise: often each class loses against some other, and the votes still decide."""
    monkeypatch.setenv("CROSSOVER_NO_INTELEX", "1")
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (200, 4, 4, 1), dtype=np.uint8)
    y = rng.integers(0, 8, 200)
    model = KernelMachine(C=1, components=16).fit(X[:100], y[:100])
    plain = plain_svc(model, X[:100], y[:100])
    np.testing.assert_array_equal(model.predict(X), plain.predict(model.rows_.transform(X)))
    np.testing.assert_array_equal(model.classes_[model.predict_proba(X).argmax(axis=1)], model.predict(X))


@pytest.mark.parametrize("name", CLASSICAL)
def test_temperature_lowers_the_loss_and_changes_no_prediction(name, split):
    X, y, V, w = split
    tuned = build(name, temperature=3.0).fit(X, y, validation=(V, w))
    plain = build(name, **tuned.found_ | {"temperature": 3.0}).fit(X, y)

    def loss(model):
        return -np.log(model.predict_proba(V)[np.arange(len(w)), w]).mean()

    assert loss(tuned) < loss(plain)
    np.testing.assert_array_equal(tuned.predict(V), plain.predict(V))


def test_the_temperature_of_the_kernel_machine_is_that_of_its_decision_values(split):
    X, y, V, w = split
    plain, tuned = KernelMachine(temperature=3.0).fit(X, y), KernelMachine(temperature=3.0).fit(X, y, validation=(V, w))
    assert tuned.found_["temperature"] == pytest.approx(fit_temperature(plain.decision_function(V), w))


def test_gamma_means_the_same_at_any_contrast(split):
    X, y, V, _ = split
    full = KernelMachine().fit(X & 0xFE, y)
    faint = KernelMachine().fit(X // 2, y)
    assert (full.predict(V & 0xFE) == faint.predict(V // 2)).mean() > 0.99


# Boosted trees


def test_early_stopping_keeps_the_best_round_and_the_curves(split):
    X, y, V, w = split
    model = BoostedTrees(rounds=200, learning_rate=1.0, patience=3).fit(X, y, validation=(V, w))
    best = model.found_["rounds"]
    assert best < 190
    assert model.booster_.num_boosted_rounds() == best
    assert set(model.history_) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert np.argmin(model.history_["val_loss"]) == best - 1
    assert len(model.history_["loss"]) == best + 3
    assert (model.predict(V) == w).mean() == pytest.approx(model.history_["val_accuracy"][best - 1])


def test_no_class_is_lost_in_a_small_training_set(digits):
    """70 images of ten digits, 60 seeds: every class is recognised in most of its own training images."""
    X, y = digits
    lost = []
    for seed in range(60):
        rows = np.random.default_rng(seed).permutation(len(X))[:70]
        predicted = BoostedTrees(rounds=60, seed=seed).fit(X[rows], y[rows]).predict(X[rows])
        lost += [(seed, k) for k in np.unique(y[rows]) if (predicted[y[rows] == k] == k).mean() < 0.5]
    assert lost == []


def test_both_halves_of_a_large_training_set_have_every_class(monkeypatch):
    monkeypatch.setattr(boosted_trees, "ROWS_A_ROUND", 20)
    labels = np.repeat([0, 1, 2, 3], [40, 7, 2, 1])
    first, second = boosted_trees._parts(labels, seed=3)
    assert set(labels[first]) == set(labels[second]) == {0, 1, 2, 3}
    assert set(first) | set(second) == set(range(50)) and set(first) & set(second) == {49}
    assert abs(len(first) - len(second)) <= 1
    monkeypatch.setattr(boosted_trees, "ROWS_A_ROUND", 40)
    first, second = boosted_trees._parts(labels, seed=3)
    assert len(first) == len(set(first)) <= 41 and len(second) == len(set(second)) <= 41
    assert set(labels[first]) == set(labels[second]) == {0, 1, 2, 3} and set(first) | set(second) == set(range(50))
    monkeypatch.setattr(boosted_trees, "ROWS_A_ROUND", 50)
    (whole,) = boosted_trees._parts(labels, seed=3)
    assert sorted(whole) == list(range(50))


@pytest.mark.parametrize("rows", [20, 10**6])
def test_without_a_tree_the_classes_have_their_shares(digits, monkeypatch, rows):
    """The intercepts come from all labels, whichever half the first round looks at."""
    monkeypatch.setattr(boosted_trees, "ROWS_A_ROUND", rows)
    X, y = digits[0][:61], np.repeat([0, 1, 2], [31, 20, 10])
    model = BoostedTrees(rounds=1, learning_rate=1e-6).fit(X, y)
    np.testing.assert_allclose(model.predict_proba(X[:1])[0], np.array([31, 20, 10]) / 61, atol=1e-4)


@pytest.mark.parametrize("name", CLASSICAL)
def test_blank_images_are_no_obstacle(name):
    y = np.array([0, 1] * 100)
    model = build(name).fit(np.zeros((200, 3, 3, 1), np.uint8), y)
    np.testing.assert_allclose(model.predict_proba(np.zeros((1, 3, 3, 1), np.uint8)), 0.5, atol=0.1)


# The accelerator


needs_accelerator = pytest.mark.skipif(
    accelerated.accelerator() is None, reason="scikit-learn-intelex is not installed"
)


@needs_accelerator
@pytest.mark.parametrize("name", ["logistic_regression", "svm"])
@pytest.mark.parametrize("k", [2, 10])
def test_accelerated_and_plain_agree(name, k, split, monkeypatch):
    X, y, V, w = split
    X, y, V = X[y < k], y[y < k], V[w < k]
    fast = build(name).fit(X, y)
    assert describe(fast).backend == accelerated.accelerator()
    monkeypatch.setenv("CROSSOVER_NO_INTELEX", "1")
    plain = build(name).fit(X, y)
    assert describe(plain).backend.startswith("scikit-learn 1.")
    assert (fast.predict(V) == plain.predict(V)).mean() > 0.99
    np.testing.assert_allclose(fast.predict_proba(V), plain.predict_proba(V), atol=0.05)


@needs_accelerator
def test_a_silent_fallback_is_told(split):
    X, y, _, _ = split
    rows = X[:200].reshape(200, -1) / np.float32(255)
    assert accelerated.LogisticRegression().fit(rows, y[:200]).accelerated_
    assert accelerated.LogisticRegression(solver="newton-cholesky").fit(rows, y[:200]).accelerated_ is None


@needs_accelerator
def test_twins_that_disagree_are_not_trusted(split, monkeypatch):
    X, y, _, _ = split
    rows = X[:200].reshape(200, -1) / np.float32(255)
    taken_over = support_vectors._taken_over

    def shifted(machine, labels, gamma, by):
        fitted = taken_over(machine, labels, gamma, by)
        return replace(fitted, intercept=fitted.intercept + np.float32(0.3 if by else 0.0))

    monkeypatch.setattr(support_vectors, "_taken_over", shifted)
    with pytest.warns(RuntimeWarning, match="off by 0.3"):
        machine = support_vectors.fit_support_vectors(rows, y[:200], C=1.0, gamma=0.05)
    assert machine.accelerated is None
    assert machine.margin_error(1.0) < 0.01
