"""NumPy's file of one array."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from benchmarks.data.formats import npy
from benchmarks.errors import UserError

one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
arrays = hnp.arrays(st.sampled_from([np.uint8, np.int64, np.float32]), hnp.array_shapes(max_dims=4))


@one_folder
@given(arrays, st.data())
def test_npy_reads_back_what_was_written_and_refuses_what_was_cut_off(tmp_path, array, data):
    np.save(tmp_path / "a.npy", array)
    found = npy.read(tmp_path / "a.npy")
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)
    whole = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "b.npy").write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(UserError, match=r"b\.npy is not a readable \.npy file"):
        npy.read(tmp_path / "b.npy")


@one_folder
@given(st.binary(max_size=300))
def test_npy_of_any_bytes_is_an_array_or_a_user_error(tmp_path, data):
    (tmp_path / "a.npy").write_bytes(data)
    try:
        assert isinstance(npy.read(tmp_path / "a.npy"), np.ndarray)
    except UserError as error:
        assert "\n" not in str(error)


def test_npy_is_never_unpickled(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(UserError, match="Python objects"):
        npy.read(tmp_path / "a.npy")
