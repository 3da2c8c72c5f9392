from __future__ import annotations

import sqlite3
import sys

import pytest

import crossover
import reports
from benchmarks.errors import UserError
from reports.export.mlflow import log


def test_without_mlflow_it_says_what_to_install(one_seed, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(UserError, match="pip install mlflow"):
        log(reports.load(one_seed), str(tmp_path))


@pytest.fixture
def store(tmp_path):
    """A tracking folder, and its runs."""
    mlflow = pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
    folder = tmp_path / "it's tracked"

    def runs():
        client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{folder / 'mlflow.db'}")
        (experiment,) = [e for e in client.search_experiments() if e.name == "quick"]
        return client, client.search_runs([experiment.experiment_id], max_results=1000)

    return folder, runs


def test_each_cell_is_a_run_below_one_parent(store, one_seed):
    folder, runs = store
    crossover.log(one_seed, str(folder))
    client, logged = runs()
    run = reports.load(one_seed)
    (parent,) = [r for r in logged if "mlflow.parentRunId" not in r.data.tags]
    children = [r for r in logged if r.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert len(children) == len(run.fits)
    assert {item.path for item in client.list_artifacts(parent.info.run_id)} >= {"report.html", "results.csv"}
    (svm,) = [r for r in children if (r.data.tags["dataset"], r.data.tags["variant"]) == ("digits", "svm")]
    assert svm.data.metrics["accuracy"] == pytest.approx(run.correct("digits", "svm").mean())
    assert {"C", "gamma", "seed"} <= set(svm.data.params)
    assert {"log_loss", "fit_seconds", "model_bytes", "search_seconds"} <= set(svm.data.metrics)
    (lost,) = [r for r in children if (r.data.tags["dataset"], r.data.tags["variant"]) == ("things", "svm")]
    assert (lost.info.status, lost.data.tags["status"]) == ("FAILED", "out_of_memory")
    assert "accuracy" not in lost.data.metrics


def test_logging_again_doubles_nothing_and_makes_up_for_failures(store, make_run):
    folder, runs = store
    made = make_run(tests=60, trials=3)
    crossover.log(made, str(folder))
    first = {r.info.run_id for r in runs()[1]}
    crossover.log(made, str(folder))
    assert {r.info.run_id for r in runs()[1]} == first
    with sqlite3.connect(made / "ledger.sqlite") as db:
        db.execute("UPDATE fits SET status = 'killed' WHERE dataset = 'things' AND variant = 'svm'")
    crossover.log(made, str(folder))
    again = {r.info.run_id for r in runs()[1]}
    assert len(again) == len(first)
    assert len(again - first) == 1


def test_a_server_that_is_not_there_is_one_line(store, one_seed, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(UserError, match=r"Cannot log to http://127\.0\.0\.1:9"):
        log(reports.load(one_seed), "http://127.0.0.1:9")
