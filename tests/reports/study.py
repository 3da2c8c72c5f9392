"""A study of sizes as `crossover run … --study crossover` leaves it, made without running anything."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from benchmarks.ledger import Ledger
from tests.reports.conftest import FAMILY, write_data

LAWS = {"logistic_regression": (1.0, 0.3, 0.03), "svm": (0.9, 0.35, 0.015), "cnn": (7.0, 0.65, 0.002)}
SIZES = (100, 300, 1000, 3000, 0)
TOTAL = 10_000


def probabilities(y: np.ndarray, error: float, hardness: np.ndarray) -> np.ndarray:
    """Of a model that errs on a share `error` of the images, the hardest ones."""
    guess = np.where(hardness > np.quantile(hardness, 1 - error), (y + 1) % 10, y)
    return np.where(np.arange(10) == guess[:, None], 0.91, 0.01).astype(np.float32)


def write_study(folder: Path, laws=LAWS, sizes=SIZES, seeds=(0, 1, 2), tests=2000, last=None) -> Path:
    """A run folder in which each estimator's error follows its law a · n**-b + c; `last` alone got to the last size."""
    rng = np.random.default_rng(3)
    folder.mkdir(parents=True)
    info = {
        "suite": "crossover", "title": "Crossover", "created": "2026-11-20T20:11:03+00:00", "datasets": ["things"],
        "variants": list(laws), "seeds": list(seeds), "budget": "5 s", "validation_share": 0.1, "threads": 2,
        "sizes": ["all" if n == 0 else n for n in sizes], "notes": [], "environment": {}, "sessions": [],
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(info))
    y = write_data(folder / "data" / "things", "things", [str(i) for i in range(10)], (8, 8, 1), tests, rng)
    path = folder / "data" / "things" / "passport.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"train": TOTAL}))
    hardness = rng.random(tests)
    with Ledger(folder) as ledger:
        for size in sizes:
            n = size or TOTAL
            for name in laws if size != sizes[-1] or last is None else [last]:
                for seed in seeds:
                    cell = {
                        "dataset": "things",
                        "variant": name,
                        "family": FAMILY[name],
                        "seed": seed,
                        "train_rows": size,
                    }
                    home = Path("cells/things", name, f"rows-{size}" if size else "", f"seed-{seed}")
                    (folder / home).mkdir(parents=True)
                    a, b, c = laws[name]
                    proba = probabilities(y, a * n**-b + c, hardness + 0.3 * rng.random(tests))
                    np.savez_compressed(folder / home / "predictions.npz", proba=proba)
                    seconds = n / (100 if name == "cnn" else 1000) + (3 if name == "cnn" else 0.1)
                    ledger.write("trials", cell | {
                        "number": 1, "strategy": "random", "round": 1, "effort": 1.0, "params": {}, "status": "ok",
                        "score": 0.9, "seconds": seconds, "history": {}, "found": {},
                    })  # fmt: skip
                    ledger.write("searches", cell | {"strategy": "random", "spent_seconds": seconds, "winner": 1,
                                                     "thinking_seconds": 0.0})  # fmt: skip
                    ledger.write("finals", cell | {
                        "strategy": "random", "status": "ok", "params": {}, "validation_score": 0.9, "fit_seconds": seconds,
                        "predict_seconds": 0.1, "latency_ms": 1.0, "model_bytes": 1000, "parameters": 10, "history": {},
                        "layers": [], "folder": str(home), "backend": "made up",
                    })  # fmt: skip
    return folder
