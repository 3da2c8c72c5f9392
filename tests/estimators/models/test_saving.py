"""Models survive the way to disk and back, and nothing untrusted is read."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import skops.io
from PIL import Image
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_files
from sklearn.pipeline import make_pipeline

import estimators
from estimators.models.saving import load, read_facts, save

ROOT = Path(estimators.__file__).parent.parent


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
    assert facts["reader"] == "skops"
    assert facts["libraries"]["scikit-learn"]


def test_a_model_is_replaced_whole(fitted, tmp_path):
    folder = tmp_path / "model"
    save(fitted, folder)
    (folder / "left over").touch()
    save(fitted, folder, {"estimator": "second"})
    assert read_facts(folder)["estimator"] == "second"
    assert {path.name for path in folder.iterdir()} == {"README.md", "model.json", "model.skops"}
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


def without_digests(folder):
    """The model as an earlier version wrote it, or somebody who means harm."""
    facts = json.loads((folder / "model.json").read_text())
    assert facts.pop("digests").keys() == {file.name for file in folder.iterdir()} - {"model.json", "README.md"}
    (folder / "model.json").write_text(json.dumps(facts))


@pytest.mark.parametrize("function", [shutil.rmtree, load_files, save])
def test_a_file_that_names_a_function_is_not_loaded(fitted, tmp_path, function):
    folder = tmp_path / "model"
    save(fitted, folder)
    without_digests(folder)
    skops.io.dump(TransformedTargetRegressor(func=function), folder / "model.skops")
    with pytest.raises(ValueError, match=rf"{function.__name__}.*not trusted"):
        load(folder)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "model.json").unlink(), "not a saved model"),
        (lambda folder: (folder / "model.json").write_text("{"), "damaged"),
        (lambda folder: (folder / "model.json").write_text('{"kind": "pickle"}'), "does not say its format"),
        (
            lambda folder: (folder / "model.json").write_text('{"format": 99}'),
            "format 99.*use the version that wrote it",
        ),
        (lambda folder: (folder / "model.json").write_text('{"format": 2}'), "by which class"),
        (
            lambda folder: (folder / "model.json").write_text('{"format": 2, "reader": "os.path"}'),
            "to be read by os.path",
        ),
        (lambda folder: (folder / "model.skops").write_bytes(b"PK"), "not as it was saved"),
        (lambda folder: (folder / "model.skops").unlink(), "lacks model.skops"),
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
    with pytest.raises(ValueError, match="not as it was saved"):
        load(folder)
    without_digests(folder)
    with pytest.raises(ValueError, match="cannot be read"):
        load(folder)


PLAIN_KERAS = """
import sys
class Blocked:  # an editable install makes this project importable from anywhere
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"tuning", "estimators", "benchmarks", "reports", "crossover"}:
            raise ImportError(name)
sys.meta_path.insert(0, Blocked())
import keras
import numpy as np
model = keras.models.load_model(sys.argv[1])
np.save(sys.argv[3], model.predict(np.load(sys.argv[2]), verbose=0))
assert not {"estimators", "tuning"} & set(sys.modules)
"""


@pytest.mark.parametrize("name", [n for n in estimators.names() if estimators.get(n).family == "deep"])
def test_plain_keras_loads_a_saved_network(name, digits, tmp_path):
    """uint8 images in, probabilities out: scaling, BatchNorm and the averaged views are in the file."""
    X, y = digits
    cheap, _ = estimators.get(name).scaled(estimators.get(name).base | {"batch_norm": "after"}, 0.01, 300)
    network = estimators.get(name).build(0, **cheap).fit(X[:300], y[:300])
    save(network, tmp_path / "model", {"estimator": name})
    np.save(tmp_path / "images.npy", X[300:400])
    (tmp_path / "elsewhere").mkdir()
    files = [tmp_path / "model" / "network.keras", tmp_path / "images.npy", tmp_path / "proba.npy"]
    ran = subprocess.run(
        [sys.executable, "-I", "-c", PLAIN_KERAS, *map(str, files)],
        capture_output=True, text=True, cwd=tmp_path / "elsewhere", env=os.environ | {"PYTHONPATH": ""},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    np.testing.assert_allclose(np.load(files[2]), network.predict_proba(X[300:400]), atol=1e-5)


@pytest.mark.parametrize("name", estimators.names())
def test_the_command_line_labels_an_image_with_a_saved_model(name, digits, tmp_path):
    X, y = digits
    cheap, _ = estimators.get(name).scaled(estimators.get(name).base, 0.01, 300)
    model = estimators.get(name).build(0, **cheap).fit(X[:300], y[:300])
    save(
        model, tmp_path / "model", {"estimator": name, "image": [8, 8, 1], "classes": [f"class {i}" for i in range(10)]}
    )
    Image.fromarray(X[300, ..., 0]).save(tmp_path / "one.png")
    ran = subprocess.run(
        [sys.executable, "-m", "crossover", "predict", str(tmp_path / "model"), str(tmp_path / "one.png")],
        capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert f"class {model.predict(X[300:301])[0]}" in ran.stdout


def test_a_folder_of_the_first_format_is_refused_with_what_to_do(tmp_path):
    (tmp_path / "model.json").write_text('{"format": 1, "kind": "network"}')
    with pytest.raises(ValueError, match="has format 1, and this version reads format 2: run the suite again"):
        load(tmp_path)


def test_a_model_that_only_writes_itself_is_refused(tmp_path):
    class Half:
        def save_to(self, folder): ...

    with pytest.raises(ValueError, match="only one of save_to and load_from"):
        save(Half(), tmp_path / "model")
