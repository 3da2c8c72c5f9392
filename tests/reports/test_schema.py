"""One schema: what the tests write is what the ledger has, and the ledger takes nothing else."""

import pytest

from benchmarks.ledger import TABLES, Ledger, columns, primary_key
from tests.reports import folder

CELL = folder.cell("digits", "svm")
FIT = folder.fit(CELL, 1.0)
ROWS = {
    "trials": folder.trial(CELL, 1, 0.9, 1.0),
    "searches": folder.search(CELL, 1.0, 1),
    "fits": FIT,
    "evaluations": folder.evaluation(FIT),
}
each = pytest.mark.parametrize("table", TABLES)


@each
def test_the_rows_of_the_tests_have_every_column_of_the_schema_and_no_other(table):
    assert set(ROWS[table]) == set(columns(table))


@each
def test_a_column_that_the_schema_does_not_have_is_refused(table, tmp_path):
    with Ledger(tmp_path) as ledger, pytest.raises(ValueError, match=f"{table} has no column train_rows"):
        ledger.write(table, ROWS[table] | {"train_rows": 0})


@each
def test_a_row_without_its_primary_key_is_refused(table, tmp_path):
    with Ledger(tmp_path) as ledger:
        for name in primary_key(table):
            row = {key: value for key, value in ROWS[table].items() if key != name}
            for lacking in (row, row | {name: None}):
                with pytest.raises(ValueError, match=f"{table} needs.* {name}"):
                    ledger.write(table, lacking)
        assert not ledger.rows(table)


@each
def test_a_row_is_written_once_however_often(table, tmp_path):
    with Ledger(tmp_path) as ledger:
        ledger.write(table, ROWS[table])
        ledger.write(table, ROWS[table])
        assert len(ledger.rows(table)) == 1
