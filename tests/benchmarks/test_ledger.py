"""The ledger opens what a run made, and refuses what somebody put into it."""

import os
import sqlite3
import struct
from contextlib import closing

import pytest

from benchmarks.errors import UserError
from benchmarks.ledger import JOURNAL, TABLES, Ledger, Recorded, read_table
from benchmarks.lock import locked

ENDLESS = "SELECT count(*) FROM (WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n)"
BIG = "hex(zeroblob(400000000))"
ROW = {"dataset": "d", "condition": "", "variant": "v", "seed": 0, "number": 1, "losses": [0.5], "params": {"C": 1}}


@pytest.fixture
def folder(tmp_path):
    with Ledger(tmp_path) as ledger:
        ledger.write("trials", ROW)
    return tmp_path


def opening(folder):
    """Every way to open a ledger."""
    return (lambda: Ledger(folder).close(), lambda: Recorded(folder), lambda: read_table(folder, "trials"))


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (f"CREATE TRIGGER t BEFORE INSERT ON trials BEGIN {ENDLESS}; END", "has a trigger, 't'"),
        ("CREATE TRIGGER t AFTER INSERT ON fits BEGIN DELETE FROM trials; END", "has a trigger"),
        (f"CREATE VIEW mine AS {ENDLESS}", "has a view"),
        ("CREATE VIRTUAL TABLE mine USING fts5(x)", "has a virtual table"),
        (f"ALTER TABLE trials ADD COLUMN more TEXT AS ({BIG})", "a column that is computed"),
        (f"ALTER TABLE fits ADD COLUMN more TEXT AS ({BIG})", "a column that is computed"),
    ],
)
def test_what_no_run_made_is_refused_before_a_row_is_read_or_written(folder, statement, words):
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as db, db:
        db.execute(statement)
    for way in opening(folder):
        with pytest.raises(UserError, match=words):
            way()


def test_a_journal_that_names_another_file_deletes_nothing(folder, tmp_path):
    """SQLite deletes the "super-journal" that a hot journal names: it could be any file of ours."""
    precious, path = tmp_path / "thesis.txt", folder / "ledger.sqlite"
    precious.write_text("precious")
    page = int.from_bytes(path.read_bytes()[16:18])
    name = bytes(precious)
    head = (JOURNAL + struct.pack(">5I", 0, 0, path.stat().st_size // page, 512, page)).ljust(512, b"\0")
    end = struct.pack(">I", 0x40000000 // page + 1) + name + struct.pack(">II", len(name), sum(name)) + JOURNAL
    journal = path.with_name("ledger.sqlite-journal")
    for way in opening(folder):
        journal.write_bytes(head + end)
        with pytest.raises(UserError, match="is no file that Crossover made: remove it"):
            way()
        assert precious.read_text() == "precious"
    with closing(sqlite3.connect(path)) as db:  # Without the check it would be gone.
        db.execute("PRAGMA journal_mode").fetchall()
        db.execute("SELECT count(*) FROM trials").fetchall()
    assert not precious.exists()


def test_hard_links_are_not_written_through(folder, tmp_path):
    other = tmp_path / "mine"
    other.write_text("mine")
    os.link(other, folder / "lock.json")
    with pytest.raises(UserError, match="is a hard link"), locked(folder):
        pass
    os.link(folder / "ledger.sqlite", tmp_path / "copy.sqlite")
    with pytest.raises(UserError, match="is a hard link"):
        Ledger(folder)
    assert other.read_text() == "mine"


def test_a_column_of_another_version_is_not_read(folder):
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as db, db:
        db.execute("ALTER TABLE trials ADD COLUMN more TEXT DEFAULT 'x'")
    with Ledger(folder) as ledger:
        (row,) = ledger.rows("trials")
    assert "more" not in row and row["losses"] == [0.5] and row["params"] == {"C": 1}


def test_a_report_reads_no_losses_of_single_rows(folder):
    assert "losses" not in read_table(folder, "trials")
    assert all(len(read_table(folder, table)) == (table == "trials") for table in TABLES)
