"""Models as ONNX files: onnxruntime alone predicts what they predict."""

import copy
import math
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import benchmarks.serving.onnx as module
import crossover
import estimators
from benchmarks.errors import UserError
from benchmarks.serving.model import load_model
from estimators import contract
from estimators.models import kernel_machine
from estimators.models.saving import save
from tests.benchmarks.saved_model import save_model

ROOT = Path(crossover.__file__).parent
lacking = [name for name in ("onnx", "onnxruntime", "tf2onnx") if find_spec(name) is None]
needs_extra = pytest.mark.skipif(bool(lacking), reason=f"the extra onnx is not installed: no {', '.join(lacking)}")

RUNTIME_ALONE = """
import json, sys
import numpy as np
import onnxruntime
for name in sys.argv[1:]:
    session = onnxruntime.InferenceSession(f"{name}.onnx", providers=["CPUExecutionProvider"])
    (proba,) = session.run(["probabilities"], {"images": np.load(f"{name}-images.npy")})
    np.save(f"{name}-found.npy", proba)
    assert session.get_outputs()[0].shape == ["n", proba.shape[1]], session.get_outputs()[0].shape
    assert json.loads(session.get_modelmeta().custom_metadata_map["classes"]) == json.load(open(f"{name}/model.json"))["classes"]
    (one,) = session.run(["probabilities"], {"images": np.load(f"{name}-images.npy")[:1]})
    assert np.allclose(one, proba[:1], atol=1e-5)
foreign = {"crossover", "estimators", "benchmarks", "tensorflow", "keras", "sklearn", "tf2onnx"} & set(sys.modules)
assert not foreign, foreign
"""
# What each is there for: its estimator, setting, number of classes and shape of images.
MODELS = {
    "turned": ("cnn", {"tta_views": 3}, 4, (8, 8, 1)),
    "colour": ("cnn", {"tta_views": 3, "width": 8, "pooling": "average", "batch_norm": "after"}, 3, (25, 26, 3)),
    "mirrored": ("cnn", {"tta_views": 2, "flip": True}, 3, (8, 9, 3)),
    "mlp": ("mlp", {"dropout": 0.1}, 2, (8, 8, 1)),
    "linear": ("logistic_regression", {"temperature": 0.7}, 4, (8, 8, 3)),
    "linear-two": ("logistic_regression", {}, 2, (8, 8, 1)),
    "svm": ("svm", {}, 5, (8, 8, 1)),
    "svm-two": ("svm", {}, 2, (7, 8, 1)),
}


def fitted(folder, name, params, classes, shape):
    """A small model of this setting in `folder`, and images to predict."""
    X, y = contract.images(classes, 60, shape)
    estimator = estimators.get(name)
    scaled, _ = estimator.scaled(estimator.base | params, contract.EFFORT, len(X))
    model = estimator.build(0, **scaled).fit(X, y)
    save(model, folder, {"estimator": name, "classes": [f"class {i}" for i in range(classes)], "image": list(shape)})
    return X


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The models of `MODELS`, each with its images and its own probabilities."""
    folder = tmp_path_factory.mktemp("models")
    for label, (name, params, classes, shape) in MODELS.items():
        X = fitted(folder / label, name, params, classes, shape)
        np.save(folder / f"{label}-images.npy", X)
        np.save(folder / f"{label}-expected.npy", load_model(folder / label).predict_proba(X))
    return folder


@needs_extra
def test_onnxruntime_alone_predicts_the_same(folder):
    """One file is made by the command line in a process of its own, the others by the library call."""
    ran = subprocess.run(
        [sys.executable, "-m", "crossover", "export", "onnx", "turned", "turned.onnx"],
        cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert (
        "turned.onnx: 'images' uint8 (n, 8, 8, 1) to 'probabilities' float32 (n, 4). On 130 random images" in ran.stdout
    )
    assert "Traceback" not in ran.stderr and "not supported" not in ran.stderr
    for label in [*MODELS][1:]:
        made = crossover.export_onnx(folder / label, folder / f"{label}.onnx")
        assert made.difference < 1e-5 and made.real == 0, (label, made)
    ran = subprocess.run(
        [sys.executable, "-c", RUNTIME_ALONE, *MODELS], cwd=folder, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    for label in MODELS:
        found, expected = np.load(folder / f"{label}-found.npy"), np.load(folder / f"{label}-expected.npy")
        np.testing.assert_allclose(found, expected, atol=1e-5, err_msg=label)
        assert np.ptp(expected) > 0.2, f"{label} tells no images apart"


@needs_extra
def test_a_file_that_would_predict_otherwise_is_not_written(folder, tmp_path, monkeypatch):
    """With the temperature forgotten, the most probable classes are still the same."""
    rightly = module._linear

    def forgetful(model):
        changed = copy.copy(model)
        changed.temperature_ = 1.0
        return rightly(changed)

    monkeypatch.setattr(module, "_linear", forgetful)
    with pytest.raises(UserError, match=r"would differ by up to \d.*\(allowed: 0\.0001\)"):
        crossover.export_onnx(folder / "linear", tmp_path / "linear.onnx")
    assert not [*tmp_path.iterdir()]


@needs_extra
def test_images_of_the_run_are_compared_too(folder, tmp_path):
    run = tmp_path / "run"
    (run / "data" / "patterns").mkdir(parents=True)
    (run / "run.json").write_text("{}")
    np.savez(run / "data" / "patterns" / "samples.npz", X=np.load(folder / "mlp-images.npy"))
    model = load_model(folder / "mlp").fitted
    facts = {"classes": ["a", "b"], "image": [8, 8, 1], "dataset": "patterns"}
    save(model, run / "cells" / "mlp" / "model", facts)
    made = crossover.export_onnx(run / "cells" / "mlp" / "model", tmp_path / "mlp.onnx")
    assert (made.random, made.real) == (130, 60) and "130 random and 60 real images" in str(made)


@needs_extra
@pytest.mark.parametrize(
    ("name", "params", "reason"),
    [
        ("svm", {"features": "hog"}, "its features are HOG, code of Crossover that no converter knows"),
        ("logistic_regression", {"features": "hog"}, "its features are HOG"),
        ("xgboost", {}, "tf2onnx carries no boosted trees"),
    ],
)
def test_what_no_converter_carries_is_refused_in_one_line(tmp_path, name, params, reason):
    fitted(tmp_path / "model", name, params, 3, (8, 8, 1))
    with pytest.raises(UserError, match=reason) as error:
        crossover.export_onnx(tmp_path / "model", tmp_path / "model.onnx")
    text = str(error.value)
    assert (
        text.startswith(str(tmp_path / "model")) and "\n" not in text and "'crossover predict' take any model" in text
    )
    assert not (tmp_path / "model.onnx").exists()


@needs_extra
def test_an_operation_that_onnx_lacks_is_refused_in_one_line(folder, tmp_path, monkeypatch, capfd):
    import keras

    monkeypatch.setattr(module, "_turned", keras.ops.image.affine_transform)
    with pytest.raises(UserError, match=r"the converter does not carry it .*ImageProjectiveTransformV3") as error:
        crossover.export_onnx(folder / "turned", tmp_path / "model.onnx")
    assert "\n" not in str(error.value) and "ImageProjective" not in "".join(capfd.readouterr())
    assert not [*tmp_path.iterdir()]


@needs_extra
def test_a_model_of_other_code_is_refused(tmp_path):
    with pytest.raises(UserError, match="it is a Pipeline, whose code is not known here"):
        crossover.export_onnx(save_model(tmp_path / "model", (8, 8, 1)), tmp_path / "model.onnx")


def test_without_the_extra_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    with pytest.raises(UserError, match=r"pip install '\.\[onnx\]'"):
        crossover.export_onnx(save_model(tmp_path / "model", (8, 8, 1)), tmp_path / "model.onnx")


@pytest.mark.parametrize("target", ["model", "model.keras", "nowhere/model.onnx"])
def test_where_no_file_can_be_written_is_one_line(tmp_path, target):
    with pytest.raises(UserError, match=r"Cannot write .*: give the path of an \.onnx file"):
        crossover.export_onnx(save_model(tmp_path / "model", (8, 8, 1)), tmp_path / target)


@pytest.mark.parametrize("shape", [(28, 28, 1), (5, 9, 3), (1, 1, 1)])
@pytest.mark.parametrize("angle", [-0.1, 0.1, 1.0])
def test_views_are_turned_to_the_last_grey_level(shape, angle):
    """Every pixel is that of TensorFlow's own operation; a uniform image would show a sum of shares that is not quite 1."""
    import keras

    from estimators.models.pipeline import affine_coefficients

    turn = np.array([float(c) for c in affine_coefficients(*shape[:2], rotation=angle)], np.float32)
    images = np.concatenate(
        [module._random_images(shape), np.arange(256, dtype=np.uint8).repeat(math.prod(shape)).reshape(-1, *shape)]
    )
    expected = keras.ops.image.affine_transform(
        images, turn, interpolation="bilinear", fill_mode="constant", fill_value=0, data_format="channels_last"
    )
    assert (np.asarray(module._turned(keras.ops.convert_to_tensor(images), turn)) == np.asarray(expected)).all()


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_votes_are_counted_alike(classes):
    """Random margins: mostly no class wins against every other, which trained machines seldom show."""
    rng = np.random.default_rng(classes)
    margins = rng.normal(size=(500, classes * (classes - 1) // 2)).astype(np.float32).round(1)
    found = module._least_margins(margins, classes)
    np.testing.assert_array_equal(np.asarray(found), kernel_machine._least_margins(margins, classes))
