import gzip

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from benchmarks.data import datasets
from benchmarks.data.formats import idx
from benchmarks.errors import UserError
from tests.benchmarks.data.formats.writing import CODES, idx_bytes, write_idx_set

one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@one_folder
@given(hnp.arrays(st.sampled_from([np.dtype(c) for c in CODES]), hnp.array_shapes(max_dims=4)), st.booleans())
def test_idx_reads_back_what_was_written(tmp_path, array, packed):
    data = idx_bytes(array)
    (tmp_path / "a").write_bytes(gzip.compress(data) if packed else data)
    found = idx.read(tmp_path / "a")
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


@one_folder
@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=3, max_dims=3)), st.data())
def test_idx_of_any_other_length_is_refused_by_name(tmp_path, array, data):
    whole = idx_bytes(array)
    cut = data.draw(st.integers(0, len(whole) - 1))
    for wrong in (whole[:cut], whole + b"x"):
        (tmp_path / "a").write_bytes(wrong)
        with pytest.raises(UserError, match=str(tmp_path / "a")):
            idx.read(tmp_path / "a")


@one_folder
@given(st.binary(max_size=200))
def test_idx_of_any_bytes_is_an_array_or_a_user_error(tmp_path, data):
    (tmp_path / "a").write_bytes(data)
    try:
        assert isinstance(idx.read(tmp_path / "a"), np.ndarray)
    except UserError as error:
        assert "\n" not in str(error)


def test_idx_tells_what_is_wrong(tmp_path):
    file = tmp_path / "train"
    images = idx_bytes(np.zeros((3, 4, 4), np.uint8))
    for data, words in [
        (b"\x89PNG0000", "not an idx file: it starts with 89 50 4e 47"),
        (images[:-5], "announces 3 × 4 × 4 values, so 48 bytes, but it has only 43 bytes of them: it was cut off"),
        (images[:9], "ends within its header, after 9 of 16 bytes"),
        (gzip.compress(images)[:-12], "damaged or was cut off"),
        (b"", "starts with nothing"),
    ]:
        file.write_bytes(data)
        with pytest.raises(UserError, match=words):
            idx.read(file)


def test_idx_labels_must_be_as_many_as_images(tmp_path):
    (tmp_path / "images").write_bytes(idx_bytes(np.zeros((3, 4, 4), np.uint8)))
    (tmp_path / "labels").write_bytes(idx_bytes(np.zeros(2, np.uint8)))
    with pytest.raises(UserError, match=r"has 3 images, but .* has 2 labels"):
        idx.read_labelled(tmp_path / "images", tmp_path / "labels")


def test_a_folder_of_idx_files_is_a_data_set(tmp_path):
    write_idx_set(tmp_path, "emnist-", "test", ".gz")
    data = datasets.load(tmp_path)
    assert (data.name, data.train.X.shape, len(data.test), data.classes) == (
        tmp_path.name, (20, 4, 5, 1), 10, ("0", "1"),
    )  # fmt: skip
    by_file = datasets.load(tmp_path / "emnist-train-images-idx3-ubyte.gz")
    assert (by_file.name, by_file.fingerprint) == ("emnist", data.fingerprint)


def test_idx_files_that_miss_a_part_or_hold_several_sets_are_refused(tmp_path):
    write_idx_set(tmp_path)
    write_idx_set(tmp_path, "other-")
    with pytest.raises(UserError, match="holds several sets: name one of other-train-images"):
        datasets.load(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(UserError, match="there is no t10k-labels-idx1-ubyte"):
        datasets.load(tmp_path / "train-images-idx3-ubyte")


def test_names_with_dots_as_kaggle_has_them_are_those_with_dashes(tmp_path):
    (tmp_path / "a").mkdir()
    write_idx_set(tmp_path / "a")
    wanted = datasets.load(tmp_path / "a")
    for file in sorted((tmp_path / "a").iterdir()):
        file.rename(file.with_name(file.name.replace("-idx", ".idx")))
    assert datasets.load(tmp_path / "a").fingerprint == wanted.fingerprint
    (tmp_path / "a" / "train-images-idx3-ubyte").mkdir()  # It holds the same once more.
    by_file = datasets.load(tmp_path / "a" / "train-images.idx3-ubyte")
    assert datasets.load(tmp_path / "a").fingerprint == by_file.fingerprint == wanted.fingerprint
    write_idx_set(tmp_path / "a", gz=".gz")
    assert datasets.load(tmp_path / "a").fingerprint == wanted.fingerprint
