"""What every classical estimator must do, and what each promises of its own."""

import pickle
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.svm import SVC

import estimators
from estimators.models import accelerated, support_vectors
from estimators.models.boosted_trees import BoostedTrees
from estimators.models.calibration import fit_temperature
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
def test_base_setting_lies_in_the_space(name):
    estimator = estimators.get(name)
    estimator.space.check(estimator.base)


@pytest.mark.parametrize("name", CLASSICAL)
def test_build_gives_an_unfitted_clonable_object_without_touching_its_params(name):
    model = build(name)
    assert str(clone(model).get_params()) == str(model.get_params())
    assert not hasattr(model, "found_")


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
def test_same_seed_same_answer(name, models, split):
    X, y, V, _ = split
    again = clone(build(name)).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(V), models[name].predict_proba(V))


@pytest.mark.parametrize("name", CLASSICAL)
def test_saved_and_loaded_it_predicts_the_same(name, models, split, tmp_path):
    save(models[name], tmp_path / "model", {"estimator": name})
    loaded = load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict_proba(split[2]), models[name].predict_proba(split[2]))
    assert describe(loaded) == describe(models[name])


@pytest.mark.parametrize("name", CLASSICAL)
def test_it_crosses_processes(name, models, split):
    copy = pickle.loads(pickle.dumps(models[name]))
    np.testing.assert_array_equal(copy.predict_proba(split[2]), models[name].predict_proba(split[2]))


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
def test_images_of_another_size_are_refused(name, models):
    with pytest.raises(ValueError, match=r"\(8, 8, 1\)"):
        models[name].predict_proba(np.zeros((1, 9, 9, 1), np.uint8))


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
    if name in ("svm", "xgboost"):
        model.fit(X, y, validation=(V, w))
        assert set(model.found_) <= set(estimators.get(name).base)
        assert model.found_
        rebuilt = build(name, **model.found_).fit(X, y)
        assert rebuilt.found_ == {}
        np.testing.assert_allclose(rebuilt.predict_proba(V), model.predict_proba(V), atol=1e-6)


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


def test_temperature_lowers_the_loss_and_changes_no_prediction(split):
    X, y, V, w = split
    plain = KernelMachine(temperature=3.0).fit(X, y)
    tuned = KernelMachine(temperature=3.0).fit(X, y, validation=(V, w))

    def loss(model):
        return -np.log(model.predict_proba(V)[np.arange(len(w)), w]).mean()

    assert loss(tuned) < loss(plain)
    np.testing.assert_array_equal(tuned.predict(V), plain.predict(V))
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


def test_blank_images_are_no_obstacle():
    y = np.array([0, 1] * 100)
    model = BoostedTrees(rounds=1).fit(np.zeros((200, 3, 3, 1), np.uint8), y)
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


# The registry


def test_listing_is_fast_and_light():
    code = (
        "import sys, estimators; names = estimators.names(); [estimators.get(name) for name in names];"
        "print(*names); heavy = {'sklearn', 'tensorflow', 'keras', 'xgboost', 'scipy'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    started = time.perf_counter()
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert time.perf_counter() - started < 5
    assert set(answer.stdout.split()) >= NAMED | {"mlp", "cnn"}
    assert not {"estimator", "features", "network", "saving"} & set(answer.stdout.split())


def test_a_wrong_name_is_answered_with_the_right_one():
    with pytest.raises(ValueError, match=r"no estimator 'xgbost'. Did you mean 'xgboost'\? There are: cnn, "):
        estimators.get("xgbost")
    with pytest.raises(ValueError, match="no estimator 'features'"):
        estimators.get("features")
    with pytest.raises(ValueError, match="zz"):
        estimators.select("zz*")


def test_select_by_pattern():
    assert [e.name for e in estimators.select("logistic*, svm")] == ["logistic_regression", "svm"]
    assert [e.name for e in estimators.select()] == estimators.names()
    assert [e.name for e in estimators.select("svm,s*")] == ["svm"]


NEAREST = """
from estimators import Estimator
from tuning import Int, Space
from sklearn.base import BaseEstimator

class Marked(BaseEstimator):
    def fit(self, X, y=None):
        self.fitted_ = True
        return self
    def transform(self, X):
        return X

def build(seed, n_neighbors=3):
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from estimators.features import features
    return make_pipeline(features("pixels"), Marked(), KNeighborsClassifier(n_neighbors))

nearest = Estimator("nearest", "classical", build, Space(n_neighbors=Int(1, 9)))
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("CROSSOVER_ESTIMATORS", str(tmp_path))
    yield tmp_path
    sys.modules.pop("crossover_plugins.nearest", None)


def test_a_file_of_ones_own_is_an_estimator(folder, split):
    X, y, V, w = split
    (folder / "nearest.py").write_text(NEAREST)
    (folder / "helper.py").write_text("nothing = 1")
    assert "nearest" in estimators.names()
    assert "helper" not in estimators.names()
    model = estimators.get("nearest").build(0).fit(X, y)
    assert (model.predict(V) == w).mean() > 0.9
    save(model, folder / "model", {"estimator": "nearest"})
    del sys.modules["crossover_plugins.nearest"]
    np.testing.assert_array_equal(load(folder / "model").predict(V), model.predict(V))


def test_a_file_can_be_named_by_its_path(folder, monkeypatch):
    monkeypatch.delenv("CROSSOVER_ESTIMATORS")
    (folder / "nearest.py").write_text(NEAREST)
    assert estimators.get(str(folder / "nearest.py")).name == "nearest"
    assert [e.name for e in estimators.select(f"svm,{folder / 'nearest.py'}")] == ["svm", "nearest"]
    with pytest.raises(ValueError, match="no file"):
        estimators.get(str(folder / "absent.py"))


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("nearest.py", "def (", r"nearest\.py cannot be imported: SyntaxError"),
        ("nearest.py", NEAREST.replace("from tuning", "from tunning"), "cannot be imported: ModuleNotFoundError"),
        ("nearest.py", NEAREST.replace('("nearest"', '("another"'), "must define nearest = Estimator"),
        ("svm.py", NEAREST.replace("nearest =", "svm ="), "name of a built-in estimator"),
    ],
)
def test_a_broken_file_is_answered_with_one_line(folder, file, text, message):
    (folder / file).write_text(text)
    with pytest.raises(ValueError, match=message) as error:
        estimators.get("nearest")
    assert "\n" not in str(error.value)


def test_a_folder_of_estimators_must_exist(folder, monkeypatch):
    monkeypatch.setenv("CROSSOVER_ESTIMATORS", str(folder / "absent"))
    with pytest.raises(ValueError, match="no folder"):
        estimators.names()
