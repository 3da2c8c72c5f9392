"""Where what lies in a run folder; no other module knows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

FORMAT = 4  # of run folders; those of format 1 had no conditions and no variants
PREDICTIONS = "predictions.npz"  # of one fit, under all conditions
NEIGHBOURS = "neighbours.npz"  # of mistakes of one fit, beside its predictions
PROBABILITIES = "proba"  # its array of the condition of the fit; others are named as their condition


def cell_folder(dataset: str, condition: str, variant: str, seed: int) -> str:
    """Of the predictions and of the model of a fit under a condition, relative to the run folder."""
    return f"cells/{dataset}/{variant}/{condition or 'standard'}/seed-{seed}"


def model_folder(dataset: str, condition: str, variant: str, seed: int) -> str:
    """Of the fitted model, relative to the run folder."""
    return f"{cell_folder(dataset, condition, variant, seed)}/model"


def has_model(run: Path, fit: Mapping[str, Any]) -> bool:
    """Whether the model is there of which the ledger has this row; somebody may have cleaned up."""
    return (run / str(fit["folder"]) / "model.json").is_file()


def has_predictions(run: Path, evaluation: Mapping[str, Any]) -> bool:
    """Whether the predictions are there of which the ledger has this row."""
    return (run / str(evaluation["folder"]) / PREDICTIONS).is_file()


def data_folder(run: Path, dataset: str) -> Path:
    """Of what the report needs of a data set: passport.json, test.npz, samples.npz."""
    return run / "data" / dataset


def submission_folder(dataset: str, variant: str, seed: int) -> str:
    """Of a fit on every labelled row and its predictions, relative to the run folder."""
    return f"submissions/{dataset}/{variant}/seed-{seed}"
