"""What a file may take of the machine, and how that is raised."""

from pathlib import Path

import pytest

from benchmarks.data.formats import bounds, kaggle_csv
from benchmarks.errors import UserError
from benchmarks.execution.memory import machine_bytes

FILE = Path("some.csv")


def test_arrays_may_fill_half_of_the_memory_and_what_is_beside_them_a_gigabyte(monkeypatch):
    monkeypatch.delenv(bounds.VARIABLE, raising=False)
    assert bounds.most_bytes() == machine_bytes() // 2 and bounds.most_beside() <= 10**9
    bounds.must_fit(bounds.most_bytes(), FILE)
    with pytest.raises(UserError, match=r"some\.csv needs .* half of what this machine has.* set CROSSOVER_MEMORY"):
        bounds.must_fit(bounds.most_bytes() + 10**9, FILE)


@pytest.mark.parametrize("text", ["2000000", "2 MB", "2mb"])
def test_the_variable_sets_both_bounds_and_errors_say_so(monkeypatch, text):
    monkeypatch.setenv(bounds.VARIABLE, text)
    assert bounds.most_bytes() == bounds.most_beside() == 2_000_000
    with pytest.raises(UserError, match=r"at most 0\.0 GB, which is what \$CROSSOVER_MEMORY says"):
        bounds.must_fit(2_000_001, FILE)
    with pytest.raises(UserError, match="has 489 columns, and at most 488 are read: set CROSSOVER_MEMORY"):
        bounds.check_columns(489, FILE)
    with pytest.raises(UserError, match="more than 10,000 rows"):
        bounds.check_rows(10_001, FILE)
    assert bounds.most_pixels() == 125_000


@pytest.mark.parametrize("text", ["much", "-1", "2 XB", "2", "9" * 400 + " GB"])
def test_a_variable_that_is_no_memory_is_one_line_or_a_bound(monkeypatch, text):
    monkeypatch.setenv(bounds.VARIABLE, text)
    try:
        assert bounds.most_bytes() > 0
    except UserError as error:
        assert str(error).startswith("CROSSOVER_MEMORY: ")


def test_a_table_is_read_once_more_is_allowed(monkeypatch, tmp_path):
    (tmp_path / "t.csv").write_text("label," + ",".join(f"pixel{i}" for i in range(900)) + "\n0" + ",1" * 900 + "\n")
    monkeypatch.setenv(bounds.VARIABLE, "1 MB")
    with pytest.raises(UserError, match="901 columns"):
        kaggle_csv.read_labelled(tmp_path / "t.csv")
    monkeypatch.setenv(bounds.VARIABLE, "1 GB")
    assert kaggle_csv.read_labelled(tmp_path / "t.csv").X.shape == (1, 30, 30, 1)
