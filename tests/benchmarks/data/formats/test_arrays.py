import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from benchmarks.data.formats.arrays import images_of

one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, np.float64])
def test_whole_numbers_up_to_255_are_pixels_of_any_type(tmp_path, dtype):
    X = np.arange(256, dtype=dtype).reshape(1, 16, 16)
    np.testing.assert_array_equal(images_of(X, tmp_path).ravel(), np.arange(256))


def test_flat_rows_are_squares_grey_or_rgb(tmp_path):
    assert images_of(np.zeros((2, 784), np.uint8), tmp_path).shape == (2, 28, 28, 1)
    assert images_of(np.zeros((2, 3072), np.uint8), tmp_path).shape == (2, 32, 32, 3)
    assert images_of(np.zeros((2, 6), np.uint8), tmp_path, (2, 3)).shape == (2, 2, 3, 1)
