"""The `Ledger`: one SQLite file per run folder that holds every trial, its cost and its fate.

The driver alone writes it. Each row is committed before the next job starts, so a kill at any point loses at most
what was running (https://www.sqlite.org/atomiccommit.html).
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.errors import UserError

SCHEMA = """
CREATE TABLE IF NOT EXISTS trials (       -- one row per trial, whatever became of it
  dataset TEXT, estimator TEXT, family TEXT, seed INTEGER,
  train_rows INTEGER DEFAULT 0,           -- size of the subset of the training rows; 0: all of them
  number INTEGER,                         -- 1-based order within the cell; trial 1 is the base setting
  key TEXT,                               -- digest of all that determines the result
  strategy TEXT, round INTEGER, effort REAL, params JSON,
  status TEXT,                            -- ok failed timeout out_of_memory diverged killed skipped
  score REAL,                             -- validation accuracy
  log_loss REAL,                          -- validation log-loss
  found JSON,                             -- what early stopping or calibration found
  seconds REAL,                           -- all of it but the import of libraries
  fit_seconds REAL, score_seconds REAL,
  import_seconds REAL,                    -- start of the worker and import of libraries, if this trial was the first
  overhead_seconds REAL,                  -- handing it over, looking after its worker
  peak_bytes INTEGER, limit_seconds REAL, limit_bytes INTEGER,
  reason TEXT,                            -- why it is not ok: last lines of the traceback, signal, limit
  history JSON,                           -- curves by epoch or round: {"accuracy": [...], "val_accuracy": [...]}
  finished REAL,                          -- unix time
  PRIMARY KEY (dataset, estimator, seed, train_rows, number)
);
CREATE TABLE IF NOT EXISTS searches (     -- one row per finished search
  dataset TEXT, estimator TEXT, family TEXT, seed INTEGER, train_rows INTEGER DEFAULT 0, strategy TEXT,
  budget TEXT,                            -- as granted: "90 s" or "20 trials"
  granted_seconds REAL, granted_trials INTEGER, -- the one that was not granted is NULL
  spent_seconds REAL,                     -- trials and thinking together
  thinking_seconds REAL,                  -- what the proposer itself took
  trials INTEGER,                         -- trials that ran
  driver_seconds REAL,                    -- writing rows and choosing jobs, which no budget pays
  winner INTEGER,                         -- number of the winning trial; NULL if none was ok
  ended TEXT,                             -- "strategy ended", "budget spent", ...
  PRIMARY KEY (dataset, estimator, seed, train_rows)
);
CREATE TABLE IF NOT EXISTS finals (       -- one row per (data set, estimator, seed, size): refit, then the test once
  dataset TEXT, estimator TEXT, family TEXT, seed INTEGER, train_rows INTEGER DEFAULT 0, strategy TEXT, key TEXT,
  status TEXT, reason TEXT,
  params JSON,                            -- as refitted, with what the search found
  validation_score REAL,
  fit_seconds REAL, predict_seconds REAL, -- of all training rows; of all test rows
  seconds REAL, import_seconds REAL,      -- as for trials
  overhead_seconds REAL,
  driver_seconds REAL,                    -- opening the seal, and the passport
  warmup_seconds REAL,                    -- the first prediction, which compiles
  latency_ms REAL,                        -- median for one image
  model_bytes INTEGER, parameters INTEGER,
  backend TEXT,                           -- what computed it, e.g. "scikit-learn-intelex 2026.2.0"
  history JSON,                           -- curves of the refit
  layers JSON,                            -- networks: [{"layer":, "type":, "output":, "parameters":}, ...]
  folder TEXT,                            -- relative: cells/<dataset>/<estimator>[/rows-<train_rows>]/seed-<seed>
  peak_bytes INTEGER, limit_seconds REAL, limit_bytes INTEGER, finished REAL,
  PRIMARY KEY (dataset, estimator, seed, train_rows)
);
"""
KEPT = "What is finished is kept: mend this, and the same command goes on from there."
JSON_COLUMNS = ("params", "found", "history", "layers")


class Ledger:
    """Opens or creates ``ledger.sqlite`` in a run folder; use as a context manager or call `close`."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "ledger.sqlite"
        try:
            self._db = sqlite3.connect(self.path, isolation_level=None)
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.executescript(SCHEMA)
            self._add_columns()
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

    def _add_columns(self) -> None:
        """Bring a ledger of an earlier version up to the schema; its rows are of all training rows, as its run will stay."""
        with closing(sqlite3.connect(":memory:")) as new:
            new.executescript(SCHEMA)
            for table in ("trials", "searches", "finals"):
                there = {column["name"] for column in self._db.execute(f"PRAGMA table_info({table})")}
                for _, name, kind, _, default, _ in new.execute(f"PRAGMA table_info({table})"):
                    if name not in there:
                        rule = "" if default is None else f" DEFAULT {default}"
                        self._db.execute(f"ALTER TABLE {table} ADD COLUMN {name} {kind}{rule}")

    def write(self, table: str, row: Mapping[str, Any]) -> None:
        """Insert or replace one row, durably."""
        values = {k: json.dumps(v) if k in JSON_COLUMNS else v for k, v in row.items()}
        names, marks = ", ".join(values), ", ".join(f":{k}" for k in values)
        try:
            self._db.execute(f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({marks})", values)
        except sqlite3.OperationalError as error:  # The disk is full, or gone.
            raise UserError(f"{self.path} cannot be written: {error}. {KEPT}") from error

    def rows(self, table: str, **where: Any) -> list[dict[str, Any]]:
        """The rows of a table that match, in order, JSON decoded."""
        condition = " AND ".join(f"{k} = :{k}" for k in where) or "1"
        found = self._db.execute(f"SELECT * FROM {table} WHERE {condition} ORDER BY rowid", where)
        return [_decoded(dict(row)) for row in found]

    def has(self, table: str, **where: Any) -> bool:
        return bool(self.rows(table, **where))


def read_table(folder: Path, table: str) -> pd.DataFrame:
    """A ledger table as a DataFrame, JSON columns decoded, opened read-only."""
    path = (folder / "ledger.sqlite").resolve()
    uri = f"{path.as_uri()}?mode=ro"
    if not os.access(path.parent, os.W_OK) and not path.with_name("ledger.sqlite-wal").exists():
        uri += "&immutable=1"  # Nobody writes here, and SQLite need not lay its own files beside it to be sure.
    with closing(sqlite3.connect(uri, uri=True)) as db:
        frame = pd.read_sql_query(f"SELECT * FROM {table} ORDER BY rowid", db)
    if "train_rows" not in frame:  # A ledger of an earlier version: all rows.
        frame["train_rows"] = 0
    for column in set(JSON_COLUMNS) & set(frame.columns):
        frame[column] = [json.loads(v) if isinstance(v, str) else {} for v in frame[column]]
    return frame


def _decoded(row: dict[str, Any]) -> dict[str, Any]:
    return {k: json.loads(v) if k in JSON_COLUMNS and v else v for k, v in row.items()}
