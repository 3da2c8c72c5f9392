"""Repair as a tool: what one command keeps another reads, in a fresh process."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import benchmarks.repair.learning as learning
import benchmarks.repair.repairer as module
import crossover
from benchmarks.corruptions import CORRUPTIONS
from benchmarks.errors import UserError
from benchmarks.repair.files import repair, summary
from tests.benchmarks.repair.scene import SMALL, dataset, digits, save_model
from tests.benchmarks.repair.test_repairer import without_network

ROOT = Path(crossover.__file__).parent


def run(*arguments):
    ran = subprocess.run(
        [sys.executable, "-m", "crossover", *map(str, arguments)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    return ran.returncode, ran.stdout, ran.stderr


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model folder for which repair was learned."""
    folder = save_model(tmp_path_factory.mktemp("made") / "model")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "fit_repairs", without_network)
        patch.setattr(learning.datasets, "load", lambda name, data_dir: dataset())
        assert learning.learn_for(folder, "made-up", sizes=SMALL) == folder / "repair"
    return folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Twelve digits, every second one inverted at its sides, and a file that is no picture."""
    folder = tmp_path_factory.mktemp("photos")
    X = digits().X[700:712].copy()
    X[::2] = CORRUPTIONS["stripe"](X[::2], 5, np.random.default_rng(0))
    for i, image in enumerate(X):
        (folder / str(i % 2)).mkdir(exist_ok=True)
        Image.fromarray(image[..., 0]).save(folder / str(i % 2) / f"{i:02d}.png")
    (folder / "1" / "99.png").write_bytes(b"broken")
    return folder


def test_a_folder_is_repaired_in_a_fresh_process_and_predict_does_the_same(model, photos, tmp_path):
    code, out, err = run("repair", photos, tmp_path / "out", "--model", model, "--prepare", "none")
    assert code == 0, err
    assert "12 images" in out and "1 could not be read" in out and "inversion" in out
    table = pd.read_csv(tmp_path / "out" / "repairs.csv", keep_default_na=False)
    assert table.columns.tolist() == [
        "file", "written", "detected", "strength", "certainty", "repair", "label", "probability", "error",
    ]  # fmt: skip
    assert len(table) == 13 and table["error"].ne("").sum() == 1
    striped = table["file"].str.contains("/0/")
    assert (table.loc[striped, "detected"] == "stripe").all()
    assert table.loc[striped, "repair"].str.contains("inversion").mean() > 0.5
    for row in table[table["error"] == ""].itertuples():
        picture = np.asarray(Image.open(tmp_path / "out" / row.written))
        assert picture.shape == (28, 28) and Path(row.written).stem == Path(row.file).stem
    code, out, err = run(
        "predict", model, photos, "--repair", "auto", "--prepare", "none", "--out", tmp_path / "labels.csv"
    )
    assert code == 0, err
    labels = pd.read_csv(tmp_path / "labels.csv", keep_default_na=False)
    assert labels.columns.tolist() == [
        "file", "label", "probability", "detected", "strength", "certainty", "repair", "error",
    ]  # fmt: skip
    for column in ("file", "detected", "repair", "label"):
        assert labels[column].tolist() == table[column].tolist(), column


def test_the_model_is_shown_the_repaired_picture(model, photos, tmp_path):
    found = crossover.predict(
        model, photos / "0", prepare="none", repair="auto", show_input=tmp_path / "shown", reject=0.5
    )
    assert found.columns.tolist()[-2:] == ["unsure", "error"]
    place = int(np.flatnonzero(found["repair"].str.startswith("inversion"))[0])
    shown = np.asarray(Image.open(sorted((tmp_path / "shown").iterdir())[place]))
    before = np.asarray(Image.open(found["file"][place]))
    assert (before[:, 0] == 255).all() and (shown[:, 0] == 0).all()


def test_what_is_wrong_is_one_line(model, photos, tmp_path):
    bare = save_model(tmp_path / "bare")
    code, out, err = run("predict", bare, photos, "--repair", "auto")
    assert code == 2 and "learn-repair" in err and "Traceback" not in out + err
    for learned, message in (
        ("atuo", "Did you mean 'auto'"),
        ("none", "repairs nothing"),
        (str(tmp_path), "holds no repair"),
    ):
        with pytest.raises(UserError, match=message):
            repair(photos, tmp_path / "out", model, learned=learned)
    with pytest.raises(UserError, match="is not a folder of images"):
        repair(tmp_path / "nowhere", tmp_path / "out", model)
    with pytest.raises(UserError, match="lies inside"):
        repair(photos, photos / "deep", model)
    with pytest.raises(UserError, match="not an empty folder"):
        repair(photos, photos.parent, model)
    with pytest.raises(UserError, match="holds no model"):
        repair(photos, tmp_path / "out", tmp_path)
    with pytest.raises(UserError, match="does not tell its data set"):
        crossover.learn_repair(bare)
    (tmp_path / "twins").mkdir()
    for suffix in ("png", "bmp"):
        Image.fromarray(digits().X[0, ..., 0]).save(tmp_path / "twins" / f"a.{suffix}")
    with pytest.raises(UserError, match="under the same name"):
        repair(tmp_path / "twins", tmp_path / "out", model)
    assert not (tmp_path / "out").exists()


def test_one_model_has_nothing_of_anothers(model, photos, tmp_path):
    from tests.benchmarks.saved_model import save_model as save_other

    other = save_other(tmp_path / "other", (8, 8, 1))
    with pytest.raises(UserError, match=r"learned for images of shape \[28, 28, 1\]"):
        repair(photos, tmp_path / "out", other, learned=model / "repair")


def test_a_keras_file_of_any_origin_is_a_model(photos, tmp_path, monkeypatch):
    """Its repair lies beside it, and grey levels are scaled as it expects them."""
    from estimators.models.keras_file import KerasFile
    from estimators.models.network import keras

    train = dataset().train
    layers = keras.layers
    network = keras.Sequential([keras.Input((28, 28)), layers.Flatten(), layers.Dense(10)])
    network.compile(keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    network.fit(train.X[..., 0] / 255, train.y, epochs=12, verbose=0)
    network.save(tmp_path / "mine.keras")
    scaled = keras.Sequential(
        [keras.Input((28, 28, 1)), layers.Rescaling(1 / 255), layers.Reshape((28, 28)), network, layers.Softmax()]
    )
    scaled.save(tmp_path / "scaled.keras")
    one, other = (KerasFile(tmp_path / name) for name in ("mine.keras", "scaled.keras"))
    np.testing.assert_allclose(one.predict_proba(train.X[:50]), other.predict_proba(train.X[:50]), atol=1e-5)
    assert (one.predict_proba(train.X).argmax(1) == train.y).mean() > 0.9
    monkeypatch.setattr(module, "fit_repairs", without_network)
    monkeypatch.setattr(learning.datasets, "load", lambda name, data_dir: dataset())
    folder = learning.learn_for(tmp_path / "mine.keras", "made-up", sizes=SMALL)
    assert folder == tmp_path / "mine.repair"
    found = repair(photos, tmp_path / "out", tmp_path / "mine.keras")
    assert set(found["label"]) <= {str(i) for i in range(10)} | {""} and "12 images" in summary(found, tmp_path / "out")
    assert crossover.predict(tmp_path / "mine.keras", photos / "0", repair="auto")["repair"].ne("").all()
    keras.Sequential([keras.Input((784,)), layers.Dense(10)]).save(tmp_path / "flat.keras")
    with pytest.raises(UserError, match="a model of images takes"):
        crossover.predict(tmp_path / "flat.keras", photos)


def test_names_with_dots_stay_apart(model, tmp_path):
    (tmp_path / "dots").mkdir()
    for name in ("scan.1.png", "scan.2.png"):
        Image.fromarray(digits().X[0, ..., 0]).save(tmp_path / "dots" / name)
    assert repair(tmp_path / "dots", tmp_path / "out", model)["written"].tolist() == ["scan.1.png", "scan.2.png"]
