"""Models of a run, loaded as a library call gives them."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import crossover
import estimators
from benchmarks.errors import UserError
from benchmarks.serving.model import load_model
from estimators import contract
from estimators.models.saving import save
from tests.benchmarks.saved_model import CLASSES, save_model

LOADED = """
import sys
from pathlib import Path
import numpy as np
import crossover
for folder in map(Path, sys.argv[1:]):
    model = crossover.load_model(folder)
    images = np.load(folder.parent / "images.npy")
    np.savez(folder.with_suffix(".npz"), proba=model.predict_proba(images), names=model.predict(images[..., 0]), classes=model.classes_)
"""
IMAGES = np.stack([np.full((8, 8), value, np.uint8) for value in (20, 230, 30)])


def test_every_estimators_model_predicts_the_same_from_a_copy_of_its_folder_alone(tmp_path):
    """In one fresh process for all: TensorFlow is imported once."""
    X, y = contract.images()
    names, expected = [f"class {i}" for i in range(4)], {}
    for name in estimators.names():
        estimator = estimators.get(name)
        params, _ = estimator.scaled(estimator.base, contract.EFFORT, len(X))
        model = estimator.build(0, **params).fit(X, y)
        save(model, tmp_path / "made" / name, {"estimator": name, "classes": names, "image": [8, 8, 1]})
        expected[name] = model.predict_proba(X)
    (tmp_path / "copies").mkdir()
    np.save(tmp_path / "copies" / "images.npy", X)
    copies = [shutil.copytree(tmp_path / "made" / name, tmp_path / "copies" / name) for name in expected]
    shutil.rmtree(tmp_path / "made")
    ran = subprocess.run(
        [sys.executable, "-c", LOADED, *map(str, copies)],
        capture_output=True, text=True, check=False, cwd=Path(crossover.__file__).parent,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    for name, proba in expected.items():
        loaded = np.load(tmp_path / "copies" / f"{name}.npz")
        np.testing.assert_allclose(loaded["proba"], proba, atol=1e-5, err_msg=name)
        assert loaded["classes"].tolist() == names
        assert (loaded["names"] == np.array(names)[loaded["proba"].argmax(axis=1)]).all()


def test_names_probabilities_and_classes(tmp_path):
    model = crossover.load_model(save_model(tmp_path / "model", (8, 8, 1)))
    assert model.classes_.tolist() == CLASSES and model.image_shape == (8, 8, 1)
    assert model.predict(IMAGES).tolist() == ["dark", "light", "dark"]
    assert model.predict(IMAGES[..., None]).tolist() == ["dark", "light", "dark"]
    proba = model.predict_proba(IMAGES)
    assert proba.shape == (3, 2) and proba.dtype == np.float32
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-6)
    assert model.predict(IMAGES[:0]).shape == (0,) and model.predict_proba(IMAGES[:0]).shape == (0, 2)


def test_batches_change_nothing(tmp_path, monkeypatch):
    model = load_model(save_model(tmp_path / "model", (8, 8, 1)))
    whole = model.predict_proba(IMAGES)
    monkeypatch.setattr("benchmarks.serving.model.BATCH", 2)
    np.testing.assert_allclose(model.predict_proba(IMAGES), whole, atol=1e-7)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (IMAGES / 255, r"given float64 \(3, 8, 8\)\. Those between 0 and 1 become so by"),
        (IMAGES.astype(int), r"given int64 \(3, 8, 8\)\. They become so by images\.astype\(np\.uint8\)"),
        (IMAGES.astype(int) - 300, r"given int64 \(3, 8, 8\)\.$"),
        (IMAGES > 99, "given bool .* Those between 0 and 1"),
        (IMAGES[0], r"given uint8 \(8, 8\)\. One image alone is images\[None\]"),
        (IMAGES[0][..., None], r"given uint8 \(8, 8, 1\)\. One image"),
        (IMAGES[:, :7], r"must be uint8 \(n, 8, 8, 1\), given uint8 \(3, 7, 8\)\..*model.read"),
        (np.repeat(IMAGES[..., None], 3, axis=3), r"given uint8 \(3, 8, 8, 3\)"),
        ([[1, 2], [3]], "is no array"),
        (["photo.png"], "given <U9"),
        (None, "given object"),
    ],
)
def test_images_of_another_kind_are_refused_in_one_line(tmp_path, images, message):
    model = load_model(save_model(tmp_path / "model", (8, 8, 1)))
    for call in (model.predict, model.predict_proba):
        with pytest.raises(UserError, match=message) as error:
            call(images)
        assert "\n" not in str(error.value)


def test_grey_images_without_their_axis_are_no_colour_images(tmp_path):
    model = load_model(save_model(tmp_path / "model", (8, 8, 3)))
    with pytest.raises(UserError, match=r"must be uint8 \(n, 8, 8, 3\), given uint8 \(3, 8, 8\)"):
        model.predict(IMAGES)


def test_a_folder_without_a_model_of_a_run_is_one_line(tmp_path):
    with pytest.raises(UserError, match=r"holds no model: .* has no model\.json"):
        load_model(tmp_path)
    folder = save_model(tmp_path / "model", (8, 8, 1))
    facts = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({k: v for k, v in facts.items() if k not in ("classes", "image")}))
    with pytest.raises(UserError, match="does not tell classes and image"):
        load_model(folder)
