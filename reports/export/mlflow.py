"""A run logged to MLflow: a parent run for the page, a nested one for each cell and each evaluation of it."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from benchmarks.errors import UserError
from benchmarks.studies import Condition
from reports.analysis import metrics
from reports.drawing.formats import absent
from reports.run import Run

KEY = "crossover.key"  # the tag by which a run that is logged already is found
STATE = "crossover.state"  # what became of the cell and when: if that has changed, it is logged anew
TAGS = ["estimator", "family", "strategy", "status", "reason", "backend"]
COSTS = ["fit_seconds", "predict_seconds", "latency_ms", "latency_p95_ms", "model_bytes", "parameters", "peak_bytes",
         "validation_score"]  # fmt: skip


def log(run: Run, to: str) -> str:
    """Log a run to a tracking server or folder; what is logged already is left as it is, the report excepted.

    The experiment has the name of the suite. Its parent run holds the report's files; below it, each (data set, condition,
    variant, seed) has a run of its own: the setting that was fitted, every metric, seconds and sizes. One that failed is
    logged as failed, and anew once the run has made up for it.

    Parameters
    ----------
    to : what MLflow takes as a tracking URI (``http://…``, ``sqlite:///…``), or a folder: then it holds a database
        ``mlflow.db`` and the artifacts, and ``mlflow server --backend-store-uri sqlite:///FOLDER/mlflow.db`` shows it.

    Returns
    -------
    The tracking URI used.

    Raises
    ------
    UserError : mlflow is not installed, or the server or folder cannot be used.
    """
    try:
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
    except ImportError as error:
        raise UserError("Logging needs mlflow: pip install mlflow.") from error
    try:
        uri, artifacts = _place(to)
        client = MlflowClient(tracking_uri=uri)
        _log(run, client, artifacts)
    except (MlflowException, OSError) as error:
        raise UserError(f"Cannot log to {to}: {str(error).splitlines()[0]}") from error
    return uri


def _place(to: str) -> tuple[str, str | None]:
    """The tracking URI, and where artifacts belong if the server does not say."""
    if "://" in to:
        return to, None
    folder = Path(to).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{folder / 'mlflow.db'}", (folder / "artifacts").as_uri()


def _log(run: Run, client: Any, artifacts: str | None) -> None:
    suite = str(run.info["suite"])
    known = client.get_experiment_by_name(suite)
    experiment = known.experiment_id if known else client.create_experiment(suite, artifact_location=artifacts)
    key = _digest(suite, run.folder.resolve().name, run.info.get("created"))
    parent = _find(client, experiment, key)
    if parent is None:
        parent = client.create_run(experiment, tags={KEY: key}, run_name=run.folder.resolve().name)
        client.log_param(parent.info.run_id, "budget", run.info.get("budget"))
        client.set_terminated(parent.info.run_id)
    for name in ("report.html", "leaderboard.csv", "results.csv"):
        if (run.folder / name).is_file():
            client.log_artifact(parent.info.run_id, str(run.folder / name))
    for condition in run.conditions:
        at = run.at(condition)
        for cell in at.cells[at.cells["status"] != "unfinished"].to_dict("records"):
            _log_cell(at, condition, client, experiment, parent.info.run_id, key, cell)


def _log_cell(
    run: Run, condition: Condition, client: Any, experiment: str, parent: str, key: str, cell: dict[str, Any]
) -> None:
    dataset, variant, seed = cell["dataset"], cell["variant"], int(cell["seed"])
    own = _digest(key, dataset, str(condition), variant, seed)
    logged = _find(client, experiment, own)
    ok, state = cell["status"] == "ok", f"{cell['status']} {cell['finished']}"
    if logged is not None:
        if logged.data.tags.get(STATE) == state and logged.info.status in ("FINISHED", "FAILED"):
            return
        client.delete_run(logged.info.run_id)
    tags = {KEY: own, STATE: state, "mlflow.parentRunId": parent, "dataset": dataset, "variant": variant}
    tags |= {"condition": str(condition) or "standard"}
    tags |= {name: str(cell[name]) for name in TAGS if cell[name]}
    name = " ".join([dataset, *filter(None, [str(condition)]), variant, str(seed)])
    child = client.create_run(experiment, tags=tags, run_name=name).info.run_id
    for name, value in {"seed": seed, **(cell["params"] or {})}.items():
        client.log_param(child, name, value)
    for name, value in values(run, cell).items():
        client.log_metric(child, name, value)
    client.set_terminated(child, "FINISHED" if ok else "FAILED")


def values(run: Run, cell: dict[str, Any]) -> dict[str, float]:
    """The numbers that are logged of a final evaluation, a row of the ledger: its costs, and every metric if it is ok."""
    found = {name: float(cell[name]) for name in COSTS if not absent(cell.get(name))}
    if cell["status"] != "ok":
        return found
    dataset, variant, seed = cell["dataset"], cell["variant"], int(cell["seed"])
    y, proba = run.test(dataset).y, run.predictions(dataset, variant, seed)
    found |= {metric.name: metric.score(y, proba) for metric in metrics.METRICS}
    searches = run.searches.query("dataset == @dataset and variant == @variant and seed == @seed")
    return found | {"search_seconds": float(searches["spent_seconds"].sum())}


def _digest(*parts: Any) -> str:
    return sha256(json.dumps(parts).encode()).hexdigest()  # names may hold any character; a filter may not


def _find(client: Any, experiment: str, key: str) -> Any:
    found = client.search_runs([experiment], f"tags.`{KEY}` = '{key}'")
    return found[0] if found else None
