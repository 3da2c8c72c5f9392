"""The sets that may be nowhere on this machine, read from small files of their official formats."""

import zipfile

import numpy as np
import pytest
from scipy.io import savemat

from benchmarks.data import datasets
from benchmarks.data.datasets.mnist_c import CORRUPTIONS, corrupted
from benchmarks.data.formats import bounds
from benchmarks.errors import Unavailable, UserError
from tests.benchmarks.data.datasets import official
from tests.benchmarks.data.formats.writing import idx_bytes

EMNIST_FORMS = [official.emnist, official.emnist_zip, official.emnist_csv]


def refused(name, data_dir, words, kind=UserError):
    with pytest.raises(kind, match=words) as error:
        datasets.load(name, data_dir)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("form", EMNIST_FORMS)
def test_emnist_stands_upright_and_its_classes_are_characters(small, form, tmp_path):
    data = small("emnist-balanced", form)
    T, t, X, y = official.emnist(tmp_path)
    test = data.test.open()
    np.testing.assert_array_equal(data.train.X[..., 0], T.transpose(0, 2, 1))
    np.testing.assert_array_equal(test.X[..., 0], X.transpose(0, 2, 1))
    assert data.train.y.tolist() == t.tolist() and test.y.tolist() == y.tolist()
    assert "".join(data.classes) == "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt"
    assert data.note == "These are 188 + 94 images; EMNIST Balanced has 112,800 + 18,800."


def test_emnist_is_found_where_others_unpack_it(put, tmp_path):
    folder, _ = put("emnist-balanced")
    found = {datasets.load("emnist-balanced", tmp_path / "data").fingerprint}
    for place in ("emnist-balanced/gzip", "EMNIST/raw", "gzip", "."):
        (tmp_path / place).mkdir(parents=True, exist_ok=True)
        for name in official.EMNIST:
            (folder / name).rename(tmp_path / place / name)
        folder = tmp_path / place
        found.add(datasets.load("emnist-balanced", tmp_path).fingerprint)
    assert len(found) == 1


@pytest.mark.parametrize("form", EMNIST_FORMS)
def test_emnist_with_a_label_that_is_no_class_is_refused(put, monkeypatch, form, tmp_path):
    fine = official.images

    def wrong(*how, **more):
        X, y = fine(*how, **more)
        return X, np.where(y == 46, 47, y).astype(np.uint8)

    monkeypatch.setattr(official, "images", wrong)
    put("emnist-balanced", form)
    refused("emnist-balanced", tmp_path / "data", "has the label 47, which is none of the classes 0, 1")


def cut(name, share=0.5):
    def change(folder):
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[: int(share * len(data))])

    return change


def replace_line(number, line):
    def change(folder):
        path = folder / "emnist-balanced-train.csv"
        lines = path.read_text().splitlines()
        lines[number - 1] = line
        path.write_text("\n".join(lines))

    return change


def without_member(folder):
    with zipfile.ZipFile(folder / "gzip.zip") as archive:
        kept = {name: archive.read(name) for name in archive.namelist() if "train-labels" not in name}
    with zipfile.ZipFile(folder / "gzip.zip", "w") as archive:
        for name, data in kept.items():
            archive.writestr(name, data)


def cut_member(folder):
    with zipfile.ZipFile(folder / "gzip.zip") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(folder / "gzip.zip", "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data[:-90] if "test-images" in name else data)


def flip_a_byte(folder):
    data = bytearray((folder / "gzip.zip").read_bytes())
    data[data.index(b"train-images-idx3-ubyte.gz") + 200] ^= 255
    (folder / "gzip.zip").write_bytes(data)


@pytest.mark.parametrize(
    ("form", "change", "words"),
    [
        (official.emnist, cut(official.EMNIST[0]), r"train-images-idx3-ubyte\.gz is damaged or was cut off"),
        (official.emnist, lambda f: (f / official.EMNIST[3]).unlink(), r"test-labels-idx1-ubyte\.gz was not found in"),
        (official.emnist_zip, cut("gzip.zip"), r"gzip\.zip is damaged or was cut off"),
        (official.emnist_zip, without_member, r"no file .*gzip\.zip/gzip/emnist-balanced-train-labels-idx1-ubyte\.gz"),
        (official.emnist_zip, cut_member, r"gzip\.zip/gzip/emnist-balanced-test-images\S+ is damaged or was cut off"),
        (official.emnist_zip, flip_a_byte, r"gzip\.zip/gzip/emnist-balanced-train-images\S+ is damaged or was cut off"),
        (official.emnist_csv, lambda f: (f / "emnist-balanced-test.csv").unlink(), r"balanced-test\.csv was not found"),
        (official.emnist_csv, replace_line(1, "label" + ",pixel" * 784), "line 1, column 'pixel0': 'pixel' is not a number"),
        (official.emnist_csv, replace_line(3, "2" + ",256" * 784), "line 3, column 'pixel0': 256 is not a whole number"),
        (official.emnist_csv, replace_line(188, "2,5,6"), "line 188: 3 values, but line 1 has 785"),
        (official.emnist_csv, replace_line(7, "A" + ",0" * 784), "line 7, column 'label': 'A' is not a whole number"),
    ],
)  # fmt: skip
def test_damaged_files_of_emnist_are_told_in_one_line(put, tmp_path, form, change, words):
    folder, _ = put("emnist-balanced", form)
    change(folder)
    refused("emnist-balanced", tmp_path / "data", words)


def test_svhn_calls_label_10_the_digit_0_and_keeps_the_colours(small, tmp_path):
    data = small("svhn")
    T, t, X, y = official.svhn(tmp_path)
    test = data.test.open()
    np.testing.assert_array_equal(data.train.X, T)
    np.testing.assert_array_equal(test.X, X)
    assert data.train.y.tolist() == t.tolist() and test.y.tolist() == y.tolist() and 0 in y


def broken_mat(**changed):
    def write(path):
        X, y = official.images(40, shape=(32, 32, 3))
        savemat(path, {"X": X.transpose(1, 2, 3, 0), "y": y[:, np.newaxis] + 1} | changed)

    return write


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (broken_mat(y=np.arange(40, dtype=np.uint8) % 10), "has labels from 0 to 9; expected 1 … 10"),
        (broken_mat(y=np.full(40, 11, np.uint8)), "has labels from 11 to 11"),
        (broken_mat(y=np.ones(39, np.uint8)), r"X has shape \(32, 32, 3, 40\) and y 39 labels"),
        (broken_mat(X=np.zeros((40, 32, 32, 3), np.uint8)), r"X has shape \(40, 32, 32, 3\)"),
        (broken_mat(X=np.zeros((32, 32, 3, 40))), "X is double, expected uint8"),
        (broken_mat(y=np.array(["a"], object)), "y is cell, expected uint8"),
        (lambda path: savemat(path, {"z": 1}), "holds z; expected X and y"),
        (lambda path: path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM\x89HDF"), "no MATLAB file of version 5"),
        (lambda path: path.write_bytes(b"\x89PNG"), "damaged or no MATLAB file"),
        (lambda path: path.write_bytes(b""), "damaged or no MATLAB file"),
    ],
)  # fmt: skip
def test_damaged_files_of_svhn_are_told_in_one_line(put, tmp_path, write, words):
    folder, _ = put("svhn")
    write(folder / "train_32x32.mat")
    refused("svhn", tmp_path / "data", words)


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.95, 0.9999])
def test_a_file_of_svhn_that_was_cut_off_is_told_in_one_line(put, tmp_path, share):
    folder, _ = put("svhn")
    cut("test_32x32.mat", share)(folder)
    refused(
        "svhn",
        tmp_path / "data",
        r"test_32x32\.mat (is damaged or no MATLAB file|holds X; expected X and y: get it again)",
    )


def test_a_file_of_svhn_that_does_not_fit_is_refused_before_it_is_read(put, tmp_path, monkeypatch):
    put("svhn")
    monkeypatch.setattr(bounds, "most_bytes", lambda: 100_000)
    monkeypatch.setattr("scipy.io.loadmat", lambda *_, **__: pytest.fail("it was read"))
    refused("svhn", tmp_path / "data", r"train_32x32\.mat needs .* GB of memory")


def test_files_of_another_set_are_not_taken_for_kmnist(tmp_path):
    (tmp_path / "kmnist").mkdir()
    official.mnist(tmp_path / "kmnist")
    refused("kmnist", tmp_path, r"kmnist/train-images-idx3-ubyte\.gz is not the official file of kmnist")


def test_unpacked_files_without_a_known_checksum_are_read_and_the_note_says_so(tmp_path):
    folder = tmp_path / "kmnist"
    folder.mkdir()
    names = [f"{p}-{w}-ubyte" for p in ("train", "t10k") for w in ("images-idx3", "labels-idx1")]
    official.idx(folder, names)
    note = datasets.load("kmnist", tmp_path).note
    assert "Not verified" in note and all(name in note for name in names)
    official.mnist(folder)  # Where both are there, it is the packed ones that are read and verified.
    refused("kmnist", tmp_path, r"\.gz is not the official file of kmnist")


def test_mnist_c_shows_each_test_digit_once_under_the_corruptions_in_turn(small, tmp_path):
    data = small("mnist-c")
    (tmp_path / "again").mkdir()
    T, t, X, y = official.mnist_c(tmp_path / "again")
    test = data.test.open()
    np.testing.assert_array_equal(data.train.X[..., 0], T)
    assert test.X[:, 1, 1, 0].tolist() == [i % 15 for i in range(60)]
    X[:, 1, 1] = test.X[:, 1, 1, 0]
    np.testing.assert_array_equal(test.X[..., 0], X)
    assert test.y.tolist() == y.tolist() and data.train.y.tolist() == t.tolist()
    assert "once, under one of 15 corruptions" in data.note and "120 + 60 images" in data.note


def test_one_corruption_of_mnist_c_is_read_whole_and_in_order(put, tmp_path):
    put("mnist-c")
    for name in ("fog", "canny_edges"):
        part = corrupted(name, tmp_path / "data")
        assert set(part.X[:, 1, 1, 0]) == {CORRUPTIONS.index(name)} and part.X.shape == (60, 28, 28, 1)
        assert part.y.tolist() == [i % 10 for i in range(60)]
        assert not part.X.flags.owndata, "it stays on disk"
    with pytest.raises(UserError, match=r"no corruption 'frog'\. Did you mean 'fog'"):
        corrupted("frog", tmp_path / "data")


def test_one_corruption_is_never_downloaded(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.data.store.files._fetch", lambda *_: pytest.fail("a download"))
    monkeypatch.delenv("CROSSOVER_DATA", raising=False)
    with pytest.raises(Unavailable, match="mnist_c is not on this machine"):
        corrupted("fog", tmp_path)


def save(name, array):
    return lambda folder: np.save(folder / name, array, allow_pickle=True)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (cut("fog/test_images.npy"), r"fog/test_images\.npy is not a readable \.npy file"),
        (cut("identity/train_images.npy", 0.001), r"train_images\.npy is not a readable \.npy file"),
        (save("stripe/test_labels.npy", np.zeros(60, np.int64)), r"stripe/test_labels.npy and .* differ"),
        (save("stripe/test_labels.npy", np.zeros(59, np.int64)), r"has 60 images, but .*has 59 labels"),
        (save("shear/test_images.npy", np.zeros((60, 27, 27, 1), np.uint8)), r"shear/test_labels.npy and .* differ"),
        (save("zigzag/test_images.npy", np.zeros((60, 28), np.uint8)), r"zigzag/test_images.npy has 2 dimensions"),
        (save("zigzag/test_images.npy", np.full((60, 28, 28), -1, np.int16)), "holds pixels from -1 to -1"),
        (save("identity/train_labels.npy", np.arange(120)), "has the label 10, which is none of the classes 0, 1"),
        (save("identity/train_labels.npy", np.array([{}] * 120, object)), r"not a readable \.npy file \(.*[oO]bjects"),
        (
            lambda folder: (folder / "spatter" / "test_images.npy").unlink(),
            r"spatter/test_images\.npy was not found in",
        ),
    ],
)
def test_damaged_files_of_mnist_c_are_told_in_one_line(put, tmp_path, change, words):
    folder, _ = put("mnist-c")
    change(folder)
    refused("mnist-c", tmp_path / "data", words)


def test_idx_files_of_the_size_of_a_header_are_no_labels(put, tmp_path):
    folder, _ = put("emnist-balanced", official.emnist)
    (folder / official.EMNIST[1]).write_bytes(idx_bytes(np.zeros((188, 1), np.uint8)))
    refused(
        "emnist-balanced", tmp_path / "data", "holds uint8 of 2 dimensions; labels are whole numbers of one dimension"
    )
