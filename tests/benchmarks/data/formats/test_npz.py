import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.data import datasets
from benchmarks.errors import UserError

one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def test_an_npz_with_the_names_of_keras_is_a_data_set(tmp_path):
    X = np.random.default_rng(0).random((6, 3, 3)).astype(np.float32)
    y = np.array([[0], [1], [2]] * 2)
    np.savez(tmp_path / "mine.npz", x_train=X, y_train=y, x_test=X[:3] / 2, y_test=y[:3])
    data = datasets.load(tmp_path / "mine.npz")
    np.testing.assert_array_equal(data.train.X[..., 0], np.rint(X * 255))
    assert (data.classes, len(data.test), data.note) == (("0", "1", "2"), 3, "")


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"a": np.zeros(3)}, "holds a; expected x_train, y_train, x_test, y_test; or .*; or X, y; or images, labels"),
        ({"X": np.zeros((3, 2, 2)), "y": np.arange(3.0)}, r"Save y\.astype\(int\)\."),
        ({"X": np.zeros((3, 2, 2)), "y": np.array([0, 1, np.nan])}, r"np\.isfinite\(y\) tells which have one"),
        ({"X": np.zeros((3, 2, 2)), "y": np.eye(3)}, r"save y\.argmax\(axis=1\)"),
        ({"X": np.zeros((4, 3, 8, 8)), "y": np.arange(4)}, r"Channels come last: save X\.transpose\(0, 2, 3, 1\)"),
        ({"X": np.full((4, 2, 2), 65535, np.uint16), "y": np.arange(4)}, r"save \(X // 257\)\.astype\('uint8'\)"),
        ({"X": np.full((4, 2, 2), -0.5), "y": np.arange(4)}, r"save \(X \+ 1\) / 2"),
        ({"x": np.zeros((3, 2, 2)), "y": np.zeros(4, int)}, "x has shape .* but y has 4 labels"),
        ({"x": np.zeros((3, 2, 2)), "y": np.eye(3)}, "labels are whole numbers or names"),
        ({"x": np.full((4, 2, 2), 300), "y": np.arange(4) % 2}, "pixels from 300 to 300"),
        ({"x": np.full((4, 2, 2), np.nan), "y": np.arange(4) % 2}, "pixels from nan"),
        ({"x": np.zeros((4, 3, 8, 8), np.uint8), "y": np.arange(4) % 2}, "allowed are"),
        ({"x": np.zeros((4, 2, 2), np.uint8), "y": np.zeros(4, int)}, "Only one class"),
        ({"x": np.zeros((4, 2, 2), np.uint8), "y": np.array([0, 1, 1, 1])}, "Class 0 has 1 image"),
        ({"x": np.array([object()]), "y": np.zeros(1, int)}, "not a readable NumPy archive"),
    ],
)  # fmt: skip
def test_npz_tells_what_is_wrong(tmp_path, arrays, words):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(UserError, match=words):
        datasets.load(tmp_path / "a.npz")


def test_parts_that_do_not_agree_are_refused(tmp_path):
    X, y = np.zeros((4, 2, 2), np.uint8), np.array([0, 1, 0, 1])
    np.savez(tmp_path / "a.npz", x_train=X, y_train=y, x_test=X, y_test=y + 1)
    with pytest.raises(UserError, match="has the label 2, which is none of the classes 0, 1"):
        datasets.load(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", x_train=X, y_train=y, x_test=X[:, :1], y_test=y)
    with pytest.raises(UserError, match=r"test images have shape .1, 2, 1."):
        datasets.load(tmp_path / "b.npz")


@one_folder
@given(st.binary(max_size=100))
def test_npz_of_any_bytes_is_a_user_error(tmp_path, data):
    (tmp_path / "a.npz").write_bytes(data)
    with pytest.raises(UserError):
        datasets.load(tmp_path / "a.npz")
