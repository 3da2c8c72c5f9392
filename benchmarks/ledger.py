"""The `Ledger`: one SQLite file per run folder that holds every trial, its cost and its fate.

The driver alone writes it. Each row is committed before the next job starts, so a kill at any point loses at most
what was running (https://www.sqlite.org/atomiccommit.html).
"""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from collections.abc import Mapping
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.errors import UserError
from benchmarks.safety.regular import opened

SCHEMA = """
CREATE TABLE IF NOT EXISTS trials (       -- one row per trial, whatever became of it
  dataset TEXT,
  condition TEXT,                         -- such as "sizes=1000"; "" is the standard condition
  variant TEXT,                           -- label: the identity of what is compared
  estimator TEXT, family TEXT,            -- what the variant is made of
  seed INTEGER,
  number INTEGER,                         -- 1-based order within the cell; trial 1 is the base setting
  key TEXT,                               -- digest of all that determines the result
  code TEXT,                              -- digest of sources and library versions, part of the key
  session INTEGER,                        -- index into the sessions of run.json, which tell the machine
  strategy TEXT, round INTEGER, effort REAL,
  replicate INTEGER,                      -- 0; 1 where a finalist is confirmed with another random seed
  params JSON,
  status TEXT,                            -- ok failed timeout out_of_memory diverged killed skipped
  reason TEXT,                            -- why it is not ok: last lines of the traceback, signal, limit
  score REAL,                             -- accuracy on the validation rows that pick
  log_loss REAL,                          -- log-loss on the same rows, after a cross-fitted temperature
  losses JSON,                            -- log-loss of each validation row that confirms
  fits INTEGER,                           -- models that were fitted: one per fold
  found JSON,                             -- what early stopping or calibration found
  history JSON,                           -- curves by epoch or round: {"accuracy": [...], "val_accuracy": [...]}
  seconds REAL,                           -- all of it but the import of libraries
  fit_seconds REAL, score_seconds REAL,
  start_seconds REAL,                     -- of fit_seconds, those that do not depend on the effort, where a model tells
  import_seconds REAL,                    -- start of the worker and import of libraries, if this trial was the first
  overhead_seconds REAL,                  -- handing it over, looking after its worker
  cpu_seconds REAL,                       -- of all cores together
  peak_bytes INTEGER, limit_seconds REAL, limit_bytes INTEGER,
  finished REAL,                          -- unix time
  PRIMARY KEY (dataset, condition, variant, seed, number)
);
CREATE TABLE IF NOT EXISTS searches (     -- one row per finished search
  dataset TEXT, condition TEXT, variant TEXT, estimator TEXT, family TEXT, seed INTEGER, code TEXT, session INTEGER,
  strategy TEXT,
  budget TEXT,                            -- as granted: "90 s" or "20 trials"
  granted_seconds REAL, granted_trials INTEGER, -- the one that was not granted is NULL
  spent_seconds REAL,                     -- trials and proposer together
  proposer_seconds REAL,                  -- what the strategy itself took
  trials INTEGER,                         -- trials that ran
  driver_seconds REAL,                    -- writing rows and choosing jobs, which no budget pays
  winner INTEGER,                         -- number of the trial whose setting is fitted; NULL if none was ok
  finalist INTEGER,                       -- number of the candidate that was tested against the base setting
  p_value REAL,                           -- of that test, on rows that did not pick; below 0.05 the finalist wins
  tuned TEXT,                             -- "tuned", "lightly searched", "default": see benchmarks/search.py
  top_effort REAL,                        -- the most effort that the budget has room for, of a trial and of the fit
  least_effort REAL,                      -- the least of a trial of the strategy: base is clearly above chance there, and
                                          -- no more would leave time for as many settings as "tuned" takes
  ended TEXT,                             -- "the strategy ended", "budget of 60 s spent: ...", ...
  PRIMARY KEY (dataset, condition, variant, seed)
);
CREATE TABLE IF NOT EXISTS fits (         -- one row per cell: the winner, fitted on all training rows
  dataset TEXT, condition TEXT, variant TEXT, estimator TEXT, family TEXT, seed INTEGER, key TEXT, code TEXT,
  session INTEGER, strategy TEXT,
  status TEXT, reason TEXT,
  params JSON,                            -- as fitted, with what the search or the held-out rows found
  found JSON,                             -- what the rows told that were held out, in place of that
  held_out INTEGER,                       -- training rows that calibrated the fit
  validation_score REAL,                  -- of the winning trial
  effort REAL,                            -- share of a full fit that the budget has room for
  planned_seconds REAL,                   -- what the fit was expected to take
  trained_on TEXT,                        -- "training rows"; "every labelled row" for the fit of a submission
  folder TEXT,                            -- of the model, relative to the run folder
  fit_seconds REAL,
  model_bytes INTEGER, parameters INTEGER,
  backend TEXT,                           -- what computed it, e.g. "scikit-learn-intelex 2026.2.0"
  layers JSON,                            -- networks: [{"layer":, "type":, "output":, "parameters":}, ...]
  history JSON,
  seconds REAL, import_seconds REAL, overhead_seconds REAL,
  cpu_seconds REAL,                       -- of all cores together
  peak_bytes INTEGER, limit_seconds REAL, limit_bytes INTEGER,
  finished REAL,
  PRIMARY KEY (dataset, condition, variant, seed, trained_on)
);
CREATE TABLE IF NOT EXISTS evaluations (  -- one row per fit and set of test images it was shown
  dataset TEXT,
  condition TEXT,                         -- of the fit, or, of an evaluate study, of the test images
  variant TEXT, estimator TEXT, family TEXT, seed INTEGER, key TEXT, code TEXT, session INTEGER,
  fit_key TEXT,                           -- of the fit that was evaluated
  status TEXT, reason TEXT,
  folder TEXT,                            -- of predictions.npz, relative to the run folder
  load_seconds REAL,                      -- reading the model
  warmup_seconds REAL,                    -- the first prediction, which compiles
  predict_seconds REAL,                   -- all images
  latency_ms REAL, latency_p95_ms REAL,   -- median and 95th percentile for one image, in a process of its own
  latency_calls INTEGER,
  driver_seconds REAL,                    -- opening the seal, and the passport
  seconds REAL, import_seconds REAL, overhead_seconds REAL,
  cpu_seconds REAL,                       -- of all cores together
  peak_bytes INTEGER, limit_seconds REAL, limit_bytes INTEGER,
  finished REAL,
  PRIMARY KEY (dataset, condition, variant, seed)
);
"""
KEPT = "What is finished is kept: mend this, and the same command goes on from there."
JOURNAL = bytes.fromhex("d9d505f920a163d7")  # the magic number of SQLite's journals
TABLES = ("trials", "searches", "fits", "evaluations")
JSON_COLUMNS = ("params", "found", "history", "layers", "losses")


class Ledger:
    """Opens or creates ``ledger.sqlite`` in a run folder; use as a context manager or call `close`.

    Parameters
    ----------
    session : index into the sessions of run.json, noted in every row that is written.
    """

    def __init__(self, folder: Path, session: int = 0) -> None:
        self.path, self.session = folder / "ledger.sqlite", session
        if self.path.exists():
            _check_length(self.path)
        try:
            self._db = sqlite3.connect(self.path, isolation_level=None)
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA trusted_schema=OFF")  # Somebody else may have written it.
            _check_made_by_us(self._db, self.path)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.executescript(SCHEMA)
            _check_tables(self._db, self.path)
        except sqlite3.Error as error:
            raise UserError(f"{self.path} cannot be opened: {error}.") from error

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        # Back to a single file, which can be copied and read where nothing may be written; unless somebody reads it now.
        with suppress(sqlite3.OperationalError):
            self._db.execute("PRAGMA journal_mode=DELETE")
        self._db.close()

    def write(self, table: str, row: Mapping[str, Any]) -> None:
        """Insert or replace one row, durably.

        Raises
        ------
        ValueError : the table has no such column, or the row lacks a part of its primary key.
        """
        row = {"session": self.session} | dict(row)
        if wrong := set(row) - columns(table).keys():
            raise ValueError(f"the table {table} has no column {', '.join(sorted(wrong))}")
        if lacking := [name for name in primary_key(table) if row.get(name) is None]:
            raise ValueError(f"a row of {table} needs {', '.join(lacking)}")
        values = {k: json.dumps(v) if k in JSON_COLUMNS else v for k, v in row.items()}
        names, marks = ", ".join(values), ", ".join(f":{k}" for k in values)
        try:
            self._db.execute(f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({marks})", values)
        except sqlite3.OperationalError as error:  # The disk is full, or gone.
            raise UserError(f"{self.path} cannot be written: {error}. {KEPT}") from error

    def rows(self, table: str, **where: Any) -> list[dict[str, Any]]:
        """The rows of a table that match, in order, JSON decoded."""
        return _rows(self._db, table, where)

    def delete(self, table: str, row: Mapping[str, Any]) -> None:
        """Take out the row with the primary key of this one."""
        key = {name: row[name] for name in primary_key(table)}
        self._db.execute(f"DELETE FROM {table} WHERE {_matching(key)}", key)

    def keep_copy(self) -> Path:
        """Copy the ledger to a file of its own beside it; returns the path."""
        path = self.path.with_name(f"ledger-before-session-{self.session}.sqlite")
        with closing(sqlite3.connect(path)) as copy:
            self._db.backup(copy)
        return path


class Recorded:
    """The ledger of a run that is over, for reading alone; use as a context manager.

    Raises
    ------
    UserError : it is missing, damaged, or of another version.
    """

    def __init__(self, folder: Path) -> None:
        try:
            self._db = _opened_for_reading(folder)
            _check_tables(self._db, folder / "ledger.sqlite")
        except (sqlite3.Error, UserError) as error:
            raise UserError(f"The ledger of {folder} cannot be read: {str(error).removesuffix('.')}.") from error
        self._db.row_factory = sqlite3.Row

    def __enter__(self) -> Recorded:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def rows(self, table: str, **where: Any) -> list[dict[str, Any]]:
        """The rows of a table that match, in order, JSON decoded."""
        return _rows(self._db, table, where)


def _check_length(path: Path) -> None:
    """Refuse a ledger whose last page was cut off: SQLite would take zeros for what is lost, and wait for a pipe beside it.

    Raises
    ------
    UserError : it was, or it, or a file that SQLite lays beside it, is no regular file.
    """
    beside = [
        other for end in ("-wal", "-journal", "-shm") if os.path.lexists(other := path.with_name(path.name + end))
    ]
    for other in beside:
        with suppress(FileNotFoundError):  # Whoever wrote has ended.
            if not stat.S_ISREG((state := other.lstat()).st_mode) or state.st_nlink > 1 or _names_another(other):
                raise UserError(f"{other} is no file that Crossover made: remove it.")
    with opened(path) as file:
        head, state = file.read(100), os.fstat(file.fileno())
    there = state.st_size
    if state.st_nlink > 1:
        raise UserError(
            f"{path} is a hard link, and what is written to it would change another file: put a copy in its place."
        )
    if len(head) < 100 or beside:
        return  # SQLite says what is wrong with the first, and goes by the other file if somebody is writing.
    size = 65536 if head[16:18] == b"\0\1" else int.from_bytes(head[16:18])  # https://www.sqlite.org/fileformat.html
    if head[24:28] == head[92:96] and there < size * int.from_bytes(head[28:32]):
        raise UserError(f"{path} is damaged: its end is missing.")


def _names_another(journal: Path) -> bool:
    """Whether a journal names a file that SQLite would delete when it has rolled back; a ledger is no part of such a transaction.

    https://www.sqlite.org/fileformat.html and `readSuperJournal` in pager.c: the journal then ends with its magic number.
    """
    if not journal.name.endswith("-journal"):
        return False
    with opened(journal) as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - len(JOURNAL)))
        return file.read() == JOURNAL


def _check_made_by_us(db: sqlite3.Connection, path: Path) -> None:
    """Refuse what no ledger has, and what could compute for ever or change rows when one is read or written.

    Raises
    ------
    UserError : there is a trigger, a view, a virtual table, or a column that is computed.
    """
    for kind, name, made in db.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_master").fetchall():
        if kind in ("trigger", "view") or (kind == "table" and "VIRTUAL" in made.upper().partition("(")[0]):
            what = kind if kind != "table" else "virtual table"
            raise UserError(f"{path} has a {what}, {str(name)[:60]!r}, and no ledger has one: somebody changed it.")
    for table in TABLES:
        if any(row[6] for row in db.execute(f"PRAGMA table_xinfo({table})")):
            raise UserError(
                f"{path}: table {table} has a column that is computed, and no ledger has one: somebody changed it."
            )


def _check_tables(db: sqlite3.Connection, path: Path) -> None:
    """Refuse what is no table of this version: a view of that name could compute for ever.

    Raises
    ------
    UserError : one is missing, is something else, or lacks a column.
    """
    _check_made_by_us(db, path)
    kinds = dict(db.execute("SELECT name, type FROM sqlite_master"))
    for table in TABLES:
        if kinds.get(table) != "table":
            raise UserError(f"{path} has no table {table}: it is damaged, or another version wrote it.")
        # A column that is computed when it is read is not listed.
        if lacking := columns(table).keys() - {row[1] for row in db.execute(f"PRAGMA table_info({table})")}:
            raise UserError(f"{path}: table {table} lacks {', '.join(sorted(lacking))}; another version wrote it.")


def _rows(db: sqlite3.Connection, table: str, where: Mapping[str, Any]) -> list[dict[str, Any]]:
    try:
        wanted = ", ".join(columns(table))
        found = db.execute(f"SELECT {wanted} FROM {table} WHERE {_matching(where)} ORDER BY rowid", where).fetchall()
        return [_decoded(dict(row)) for row in found]
    except (sqlite3.DatabaseError, ValueError, RecursionError) as error:
        raise UserError(f"The ledger is damaged: its table {table} cannot be read ({error}).") from error


def _opened_for_reading(folder: Path) -> sqlite3.Connection:
    _check_length(folder / "ledger.sqlite")
    path = (folder / "ledger.sqlite").resolve()
    uri = f"{path.as_uri()}?mode=ro"
    if not os.access(path.parent, os.W_OK) and not path.with_name("ledger.sqlite-wal").exists():
        uri += "&immutable=1"  # Nobody writes here, and SQLite need not lay its own files beside it to be sure.
    db = sqlite3.connect(uri, uri=True)
    db.execute("PRAGMA trusted_schema=OFF")  # Somebody else may have written it.
    db.text_factory = _text
    return db


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")


def _matching(where: Mapping[str, Any]) -> str:
    return " AND ".join(f"{name} = :{name}" for name in where) or "1"


def read_table(folder: Path, table: str, losses: bool = False) -> pd.DataFrame:
    """A ledger table as a DataFrame, JSON columns decoded, opened read-only.

    Parameters
    ----------
    losses : also those of single rows, which a report does without: of many trials they take more time and memory than all the rest.

    Raises
    ------
    UserError : there is no ledger, or a damaged one.
    """
    try:
        wanted = ", ".join(name for name in columns(table) if losses or name != "losses")
        with closing(_opened_for_reading(folder)) as db:
            _check_tables(db, folder / "ledger.sqlite")
            frame = pd.read_sql_query(f"SELECT {wanted} FROM {table} ORDER BY rowid", db)
        for column in frame.columns[[not pd.api.types.is_numeric_dtype(kind) for kind in frame.dtypes]]:
            frame[column] = [_text(value) if isinstance(value, bytes) else value for value in frame[column]]
        return _with_json(frame)
    except (sqlite3.Error, pd.errors.DatabaseError, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[-1:] or [type(error).__name__]
        raise UserError(f"{folder / 'ledger.sqlite'} is damaged or not a ledger: {reason[0]}.") from error


def _with_json(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with its JSON columns decoded."""
    for column in set(JSON_COLUMNS) & set(frame.columns):
        frame[column] = [_of_its_kind(json.loads(v) if isinstance(v, str) else None, column) for v in frame[column]]
    return frame


def _of_its_kind(value: Any, column: str) -> Any:
    """What a JSON column holds: lists of losses and layers, objects elsewhere; nothing of what somebody wrote there instead."""
    kind = list if column in ("losses", "layers") else dict
    return value if isinstance(value, kind) else {}


def _decoded(row: dict[str, Any]) -> dict[str, Any]:
    return {k: json.loads(v) if k in JSON_COLUMNS and v else v for k, v in row.items()}


def columns(table: str) -> dict[str, str]:
    """The columns of a table, in order, with their declared types: "TEXT", "INTEGER", "REAL" or "JSON"."""
    return {name: declared for name, declared, _ in _described(table)}


def primary_key(table: str) -> tuple[str, ...]:
    """The columns that tell the rows of a table apart."""
    return tuple(name for name, _, place in _described(table) if place)


@cache
def _described(table: str) -> tuple[tuple[str, str, int], ...]:
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(SCHEMA)
        return tuple(db.execute("SELECT name, type, pk FROM pragma_table_info(?)", (table,)))
