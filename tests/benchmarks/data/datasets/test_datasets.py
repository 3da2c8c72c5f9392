import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks.data import datasets
from benchmarks.data.datasets.emnist_balanced import CLASSES
from benchmarks.data.images import fingerprint
from benchmarks.data.store.recipe import Source
from benchmarks.errors import Unavailable, UserError
from tests.benchmarks.data.datasets.official import WRITERS

DATA = os.environ.get("CROSSOVER_DATA")
real = [pytest.mark.real_data, pytest.mark.skipif(not DATA, reason="CROSSOVER_DATA is not set")]
everyone = [pytest.param(name, marks=[] if name == "digits" else real) for name in datasets.names()]


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    return tmp_path_factory.mktemp("shared-cache")


@pytest.fixture
def load(shared, monkeypatch):
    """`datasets.load` with one cache for the tests of this file; what this machine lacks is skipped."""
    monkeypatch.setenv("CROSSOVER_CACHE", str(shared))

    def load(name):
        source = datasets.source(name)
        folders = [Path(DATA or "") / folder for folder in (name, *source.folders)]
        if source.files and not any(folder.is_dir() for folder in folders):
            pytest.skip(f"{name} is not under CROSSOVER_DATA")
        return datasets.load(name)

    return load


def test_names_are_those_of_the_files():
    assert set(WRITERS) == set(datasets.names()), "a new set has small official files among the tests, too"


def test_listing_is_quick_and_imports_no_data_set():
    code = (
        "import sys; from benchmarks.data import datasets; datasets.names(); print(*[m for m in sys.modules if m in "
        "('sklearn', 'pandas', 'PIL', 'pooch', 'tensorflow') or m.startswith('benchmarks.data.datasets.mnist')])"
    )
    root = Path(__file__).parents[4]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("name", datasets.names())
def test_every_source_says_what_it_is(name):
    source = datasets.source(name)
    assert isinstance(source, Source)
    assert source.title and source.homepage and source.licence
    assert source.mirrors or source.obtain or not source.files
    assert all(file.sha256 or source.archive or source.obtain for file in source.files)
    assert all(url.endswith("/") for url in source.mirrors)


@pytest.mark.parametrize("name", everyone)
def test_every_data_set_keeps_the_contract(load, name):
    keeps_the_contract(load(name), name)


@pytest.mark.parametrize("name", datasets.names())
def test_every_data_set_keeps_the_contract_on_small_files_of_its_format(small, name):
    keeps_the_contract(small(name), name)


def keeps_the_contract(data, name):
    test = data.test.open()
    classes = len(data.classes)
    assert data.name == name and data.title and data.licence and data.homepage
    assert len(test) == len(data.test) and test.X.shape[1:] == data.train.X.shape[1:]
    for part in (data.train, test):
        assert part.X.dtype == np.uint8 and part.y.dtype == np.int64
        assert set(np.unique(part.y)) == set(range(classes))
        assert part.X.min() == 0 and part.X.max() == 255
    assert data.fingerprint == fingerprint(data.train.X, data.train.y, test.X, test.y)
    if data.unlabelled is not None:
        assert data.unlabelled().dtype == np.uint8 and data.unlabelled().shape[1:] == data.train.X.shape[1:]
    again = datasets.reopen(data.folder)
    assert again.fingerprint == data.fingerprint and len(again.test) == len(test)


def test_digits_are_scaled_to_the_full_range(load):
    data = load("digits")
    assert (data.train.X.shape, len(data.test)) == ((1438, 8, 8, 1), 359)
    assert set(np.unique(data.train.X)) == set(np.rint(np.arange(17) * 255 / 16))


@pytest.mark.parametrize("name", [pytest.param("mnist", marks=real)])
def test_mnist_is_as_published_and_quick_to_load_again(load, name):
    data = load(name)
    assert np.bincount(data.train.y).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(data.test.open().y).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        load(name)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.05


@pytest.mark.parametrize("name", [pytest.param("digit-recognizer", marks=real)])
def test_all_of_the_competitions_training_images_are_in_both_parts(load, name):
    data = load(name)
    labels = np.concatenate([data.train.y, data.test.open().y])
    assert np.bincount(labels).tolist() == [4132, 4684, 4177, 4351, 4072, 3795, 4137, 4401, 4063, 4188]
    assert (len(data.train), len(data.test), len(data.unlabelled())) == (37_800, 4_200, 28_000)


@pytest.mark.parametrize("name", [pytest.param("cifar-10", marks=real)])
def test_cifar_10_pixels_are_in_rgb_order(load, name):
    digest = hashlib.sha256(np.ascontiguousarray(load(name).train.X)).hexdigest()
    assert digest == "47af8b02cfcfb6cdf3dbbd1969ad7f1b70f4413f6f80f437b020ee4e5bc8304a"


@pytest.mark.parametrize("name", [pytest.param("emnist47-subset", marks=real)])
def test_a_subset_of_emnist_is_usable_as_it_lies_there_and_stands_upright_by_a_description(load, name, tmp_path):
    folder = at_hand(name)
    lying = datasets.load(folder)
    assert (len(lying.train), len(lying.test), len(lying.classes)) == (35_250, 7_050, 47)
    parts = "\n".join(
        f'{part} = {{ images = "{folder}/emnist47-{part}-images-idx3-ubyte.gz", '
        f'labels = "{folder}/emnist47-{part}-labels-idx1-ubyte.gz" }}'
        for part in ("train", "test")
    )
    (tmp_path / "emnist47.toml").write_text(
        f'format = "idx"\ntranspose = true\nclasses = {json.dumps(CLASSES)}\n{parts}\n'
    )
    data = datasets.load(tmp_path / "emnist47.toml")
    assert data.classes == CLASSES and (data.train.y == lying.train.y).all()
    mnist = load("mnist").train
    for digit in (1, 2, 3, 4, 5):  # They look like MNIST's, and those that lie on their side do not.
        likeness = [
            np.corrcoef(part.X[part.y == digit].mean(0).ravel(), mnist.X[mnist.y == digit].mean(0).ravel())[0, 1]
            for part in (data.train, lying.train)
        ]
        assert likeness[0] > 0.8 > likeness[1] + 0.1, digit


@pytest.mark.parametrize("name", [pytest.param("handwritten62-subset", marks=real)])
def test_a_folder_of_62_classes_is_usable_as_it_lies_there(load, name):
    data = datasets.load(at_hand(name))
    assert (len(data.train), len(data.test), len(data.classes)) == (992, 248, 62)


def at_hand(name):
    folder = Path(DATA or "") / name
    return folder if folder.is_dir() else pytest.skip(f"{name} is not under CROSSOVER_DATA")


def test_a_wrong_name_is_answered_with_the_nearest():
    with pytest.raises(UserError, match=r"no data set 'fashion_mnist'. Did you mean 'fashion-mnist'"):
        datasets.load("fashion_mnist")
    with pytest.raises(UserError, match="Did you mean 'digits'"):
        datasets.source("digit")


@pytest.mark.parametrize("path", ["./absent", "absent.csv", "absent.npz", "dir/absent", "~/absent-from-here"])
def test_what_looks_like_a_path_is_answered_as_one(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="There is no file or folder"):
        datasets.load(path)


def test_a_file_of_no_known_kind_is_refused(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"")
    with pytest.raises(UserError, match=r"of no known kind: data is a folder, or a file that ends in \.csv"):
        datasets.load(tmp_path / "a.jpg")


def test_a_registered_name_comes_before_a_folder_of_that_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").mkdir()
    assert len(datasets.load("digits").train) == 1438


def test_the_competition_cannot_be_downloaded_so_the_error_says_where_it_is(tmp_path, monkeypatch):
    monkeypatch.delenv("CROSSOVER_DATA", raising=False)
    with pytest.raises(Unavailable, match=r"train\.csv was not found in .*kaggle\.com.*--data DIR or CROSSOVER_DATA"):
        datasets.load("digit-recognizer", tmp_path)


def test_a_broken_file_of_the_competition_is_answered_with_its_line(tmp_path):
    folder = tmp_path / "digit-recognizer"
    folder.mkdir()
    (folder / "train.csv").write_text("label,pixel0\n1,2\n0,3\n1,x\n")
    (folder / "test.csv").write_text("pixel0\n1\n")
    with pytest.raises(UserError, match=r"train\.csv, line 4, column 'pixel0': 'x' is not a number"):
        datasets.load("digit-recognizer", tmp_path)
