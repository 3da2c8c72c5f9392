"""The parts of a run folder, made without running anything: run.json, rows of the ledger, images and predictions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.layout import FORMAT, PREDICTIONS, PROBABILITIES, cell_folder, data_folder, model_folder
from benchmarks.ledger import Ledger
from benchmarks.studies import STANDARD, Condition

FAMILY = {
    "logistic_regression": "classical", "svm": "classical", "xgboost": "classical", "mlp": "deep", "cnn": "deep",
}  # fmt: skip
MORE = {"boosted_trees": "classical", "kernel_machine": "classical", "forest": "classical", "knn": "classical",
        "vit": "deep"}  # fmt: skip
MACHINE = {
    "cpu": "A processor @ 2.4 GHz", "cores": 2, "memory_bytes": 8_200_000_000, "gpu": "none", "platform": "Linux x86_64",
    "python": "3.11.7", "threads": 2,
    "libraries": {"scikit-learn": "1.9.1", "scikit-learn-intelex": None, "tensorflow": "2.21.0"},
}  # fmt: skip
STRATEGY = "coarse_to_fine"


def fingerprint(dataset: str) -> str:
    """A made-up fingerprint, of its own for each data set."""
    return dataset.encode().hex().ljust(64, "0")[:64]


def session(**environment: Any) -> dict[str, Any]:
    """A session as run.json has it, on the usual machine but for what is given."""
    times = {"started": "2026-11-20T20:11:03+00:00", "ended": "2026-11-20T20:22:43+00:00", "seconds": 700.1}
    return times | {"environment": MACHINE | environment}


def variant(estimator: str, **base: Any) -> dict[str, Any]:
    """A variant as run.json has it."""
    family = (FAMILY | MORE)[estimator]
    return {
        "estimator": estimator,
        "family": family,
        "base": base,
        "prior_knowledge": f"What {estimator} knows <before>.",
    }


def write_info(
    folder: Path,
    datasets: Sequence[str],
    variants: Sequence[str] | Mapping[str, dict[str, Any]],
    seeds: Sequence[int] = (0,),
    conditions: Sequence[Condition] = (STANDARD,),
    **more: Any,
) -> None:
    """Write run.json; names of estimators stand for the plain variants."""
    folder.mkdir(parents=True, exist_ok=True)
    info = {
        "format": FORMAT, "suite": "quick", "title": "Quick <suite>", "crossover": "0.2.0", "datasets": list(datasets),
        "fingerprints": {name: fingerprint(name) for name in datasets},
        "variants": dict(variants) if isinstance(variants, Mapping) else {name: variant(name) for name in variants},
        "seeds": list(seeds), "budget": "90 s", "validation_share": 0.1, "studies": {},
        "conditions": [{"study": c.study, "level": c.level, "value": c.value} for c in conditions], "search": {},
        "executor": "local", "workers": 1, "threads": 2, "command": "crossover run quick", "notes": [],
        "created": "2026-11-20T20:11:03+00:00", "sessions": [session()],
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(info | more), encoding="utf-8")


def write_data(
    run: Path, name: str, classes: Sequence[str], shape: tuple[int, ...], tests: int, rng: np.random.Generator,
    train: int | None = None,
) -> np.ndarray:  # fmt: skip
    """The data set's part of a run folder; returns the test labels."""
    folder = data_folder(run, name)
    folder.mkdir(parents=True)
    k = len(classes)
    templates = rng.integers(0, 200, (k, *shape))

    def pictures(labels: np.ndarray) -> np.ndarray:
        return np.clip(templates[labels] + rng.normal(0, 25, (len(labels), *shape)), 0, 255).astype(np.uint8)

    y = rng.integers(0, k, tests).astype(np.int64)
    some = np.repeat(np.arange(k), 4).astype(np.int64)
    np.savez_compressed(folder / "test.npz", X=pictures(y), y=y)
    np.savez_compressed(folder / "samples.npz", X=pictures(some), y=some)
    passport = {
        "name": name, "title": name.title(), "classes": list(classes), "image": list(shape), "train": train or 100 * k,
        "test": tests, "fingerprint": fingerprint(name), "homepage": "made up", "licence": "CC0", "note": "",
        "counts": {"train": (90 + rng.integers(0, 20, k)).tolist(), "test": np.bincount(y, minlength=k).tolist()},
        "duplicates": {"within_train": 3, "within_test": 0, "across": 1, "conflicting_labels": 0},
    }  # fmt: skip
    (folder / "passport.json").write_text(json.dumps(passport), encoding="utf-8")
    return y


def cell(
    dataset: str, name: str, seed: int = 0, condition: Condition = STANDARD, estimator: str = ""
) -> dict[str, Any]:
    """What all rows of a cell have in common; a variant is a plain estimator if none is named."""
    estimator = estimator or name
    return {
        "dataset": dataset, "condition": str(condition), "variant": name, "estimator": estimator,
        "family": (FAMILY | MORE)[estimator], "seed": seed, "code": "c0de", "session": 0,
    }  # fmt: skip


def trial(cell: Mapping[str, Any], number: int, score: float | None, seconds: float, **more: Any) -> dict[str, Any]:
    """A row of `trials`; one that ended well if nothing else is given."""
    return dict(cell) | {
        "number": number, "key": f"{cell['variant']}-{number}", "strategy": STRATEGY, "round": 1, "effort": 1.0,
        "params": {}, "status": "ok", "reason": "", "score": score, "log_loss": None if score is None else 0.1,
        "losses": [], "fits": 1, "replicate": 0, "start_seconds": 0.0, "cpu_seconds": 1.5 * seconds,
        "found": {}, "history": {}, "seconds": seconds, "fit_seconds": 0.9 * seconds, "score_seconds": 0.1 * seconds,
        "import_seconds": 0.0, "overhead_seconds": 0.01, "peak_bytes": 412_000_000, "limit_seconds": 30.0,
        "limit_bytes": 4_000_000_000, "finished": 1.7e9 + number,
    } | more  # fmt: skip


def search(cell: Mapping[str, Any], spent: float, winner: int, **more: Any) -> dict[str, Any]:
    """A row of `searches`."""
    return dict(cell) | {
        "strategy": STRATEGY, "budget": "90 s", "granted_seconds": 90.0, "granted_trials": None, "spent_seconds": spent,
        "proposer_seconds": 0.0, "trials": winner, "driver_seconds": 0.1, "winner": winner, "finalist": winner, "p_value": 0.01,
        "tuned": "tuned", "top_effort": 1.0, "least_effort": 0.04, "ended": "the strategy ended",
    } | more  # fmt: skip


def fit(cell: Mapping[str, Any], seconds: float, **more: Any) -> dict[str, Any]:
    """A row of `fits`; one that ended well if nothing else is given."""
    place = (cell["dataset"], cell["condition"], cell["variant"], cell["seed"])
    return dict(cell) | {
        "key": "-".join(map(str, ("fit", *place))), "strategy": STRATEGY, "status": "ok", "reason": "", "params": {},
        "validation_score": 0.9, "found": {}, "held_out": 0, "effort": 1.0, "planned_seconds": seconds, "trained_on": "training rows", "folder": model_folder(*place), "fit_seconds": seconds,
        "model_bytes": 1000, "parameters": 10, "backend": "made up", "layers": [], "history": {},
        "seconds": seconds + 0.5, "import_seconds": 0.0, "overhead_seconds": 0.01, "cpu_seconds": 1.5 * seconds, "peak_bytes": 512_000_000,
        "limit_seconds": 300.0, "limit_bytes": 4_000_000_000, "finished": 1.7e9,
    } | more  # fmt: skip


def evaluation(fit: Mapping[str, Any], condition: Condition | None = None, **more: Any) -> dict[str, Any]:
    """A row of `evaluations`, of a fit, on the test images of `condition` if that is of an evaluate study."""
    condition_name = fit["condition"] if condition is None else str(condition)
    shared = {name: fit[name] for name in ("dataset", "variant", "estimator", "family", "seed", "code", "session")}
    return shared | {
        "condition": condition_name, "key": f"evaluate-{condition_name}-{fit['key']}", "fit_key": fit["key"],
        "status": "ok", "reason": "",
        "folder": cell_folder(fit["dataset"], fit["condition"], fit["variant"], fit["seed"]), "load_seconds": 0.05,
        "warmup_seconds": 0.1, "predict_seconds": 0.21, "latency_ms": 1.0, "latency_p95_ms": 1.5, "latency_calls": 200,
        "driver_seconds": 0.02, "seconds": 0.9, "import_seconds": 0.0, "overhead_seconds": 0.01, "cpu_seconds": 1.0,
        "peak_bytes": 300_000_000, "limit_seconds": 300.0, "limit_bytes": 4_000_000_000, "finished": 1.7e9 + 60,
    } | more  # fmt: skip


def write_predictions(run: Path, evaluation: Mapping[str, Any], proba: np.ndarray) -> None:
    """What an evaluation predicted, where the layout wants it."""
    path = run / evaluation["folder"] / PREDICTIONS
    path.parent.mkdir(parents=True, exist_ok=True)
    own = Path(evaluation["folder"]).parent.name == (evaluation["condition"] or "standard")
    arrays = dict(np.load(path)) if path.exists() else {}
    np.savez_compressed(path, **arrays | {PROBABILITIES if own else evaluation["condition"]: proba})


def write_rows(run: Path, **tables: Sequence[Mapping[str, Any]]) -> None:
    """Write rows into the ledger of a run folder."""
    with Ledger(run) as ledger:
        ledger._db.execute("BEGIN")  # one transaction: nobody will cut the power of a test
        for table, rows in tables.items():
            for row in rows:
                ledger.write(table, row)
        ledger._db.execute("COMMIT")
