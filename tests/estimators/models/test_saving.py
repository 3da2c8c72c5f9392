"""Models survive the way to disk and back, and nothing untrusted is read."""

import json
import shutil

import numpy as np
import pytest
import skops.io
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_files
from sklearn.pipeline import make_pipeline

import estimators
from estimators.models.saving import load, read_facts, save


@pytest.fixture(scope="module")
def fitted(digits):
    X, y = digits
    model = estimators.get("logistic_regression").build(0)
    return model.fit(X[:300], y[:300])


def test_facts_are_kept_beside_the_model(fitted, tmp_path):
    save(fitted, tmp_path / "model", {"estimator": "logistic_regression", "image": [8, 8, 1]})
    facts = read_facts(tmp_path / "model")
    assert facts["estimator"] == "logistic_regression"
    assert facts["image"] == [8, 8, 1]
    assert facts["kind"] == "skops"
    assert facts["libraries"]["scikit-learn"]


def test_a_model_is_replaced_whole(fitted, tmp_path):
    folder = tmp_path / "model"
    save(fitted, folder)
    (folder / "left over").touch()
    save(fitted, folder, {"estimator": "second"})
    assert read_facts(folder)["estimator"] == "second"
    assert {path.name for path in folder.iterdir()} == {"model.json", "model.skops"}
    assert list(tmp_path.iterdir()) == [folder]


def test_a_failed_save_leaves_the_old_model(fitted, tmp_path):
    folder = tmp_path / "model"
    save(fitted, folder)
    with pytest.raises(TypeError):
        save(fitted, folder, {"params": object()})
    assert list(tmp_path.iterdir()) == [folder]
    load(folder)


def test_a_model_of_foreign_types_is_not_saved(tmp_path):
    class Homemade:
        pass

    with pytest.raises(ValueError, match="Homemade"):
        save(make_pipeline(Homemade()), tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_an_accelerated_object_is_refused_rather_than_aborting_the_process(tmp_path):
    svm = pytest.importorskip("sklearnex.svm", reason="scikit-learn-intelex is not installed")
    with pytest.raises(ValueError, match="sklearnex"):
        save(svm.SVC().fit(np.eye(4, dtype=np.float32), [0, 1, 0, 1]), tmp_path / "model")


@pytest.mark.parametrize("function", [shutil.rmtree, load_files, save])
def test_a_file_that_names_a_function_is_not_loaded(fitted, tmp_path, function):
    folder = tmp_path / "model"
    save(fitted, folder)
    skops.io.dump(TransformedTargetRegressor(func=function), folder / "model.skops")
    with pytest.raises(ValueError, match=rf"{function.__name__}.*not trusted"):
        load(folder)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "model.json").unlink(), "not a saved model"),
        (lambda folder: (folder / "model.json").write_text("{"), "damaged"),
        (lambda folder: (folder / "model.json").write_text('{"kind": "pickle"}'), "kind of model"),
        (lambda folder: (folder / "model.json").write_text('{"kind": "skops", "format": 99}'), "format 99"),
        (lambda folder: (folder / "model.skops").write_bytes(b"PK"), "cannot be read"),
        (lambda folder: (folder / "model.skops").unlink(), "cannot be read"),
        (shutil.rmtree, "not a saved model"),
    ],
)
def test_a_damaged_folder_is_answered_with_one_line(fitted, tmp_path, damage, message):
    folder = tmp_path / "model"
    save(fitted, folder)
    damage(folder)
    with pytest.raises(ValueError, match=message) as error:
        load(folder)
    assert "\n" not in str(error.value)
    assert str(folder) in str(error.value)


def test_damaged_trees_are_answered_with_one_line(digits, tmp_path):
    X, y = digits
    folder = tmp_path / "model"
    save(estimators.get("xgboost").build(0, rounds=1).fit(X[:100], y[:100]), folder)
    facts = json.loads((folder / "trees.json").read_text())
    assert facts["classes"] == list(range(10))
    (folder / "trees.ubj").write_bytes((folder / "trees.ubj").read_bytes()[:500])
    with pytest.raises(ValueError, match="cannot be read"):
        load(folder)
