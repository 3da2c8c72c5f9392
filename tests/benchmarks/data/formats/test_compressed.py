import os

import pytest
from hypothesis import HealthCheck, settings

from benchmarks.data.formats import idx
from benchmarks.errors import UserError

one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def test_files_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(UserError, match="There is no file"):
        idx.read(tmp_path / "absent")
    with pytest.raises(UserError, match=r"Cannot read .* readable file"):
        idx.read(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_named(tmp_path):
    (tmp_path / "a").write_bytes(b"")
    (tmp_path / "a").chmod(0)
    with pytest.raises(UserError, match="Permission denied"):
        idx.read(tmp_path / "a")
