"""Running a trained model on image files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.data.formats.folder import SUFFIXES, load_image
from benchmarks.errors import UserError
from estimators.models.saving import load, read_facts


def predict(model_folder: Path, paths: Iterable[Path], *, invert: bool = False) -> pd.DataFrame:
    """A row per image: ``file``, ``label`` (a class name) and ``probability``.

    Images are read as those of a folder data set are, at the size and in the colours that the model was trained on.

    Raises
    ------
    UserError : no model there, no image there, or a file that is no image.
    """
    try:
        model = load(model_folder)
        facts = read_facts(model_folder)
    except ValueError as error:
        raise UserError(f"{model_folder} holds no model: {error}") from error
    files = _files(paths)
    X = np.stack([load_image(path, tuple(facts["image"])) for path in files])
    if invert:
        X = 255 - X
    proba = model.predict_proba(X)
    best = proba.argmax(axis=1)
    return pd.DataFrame(
        {
            "file": [str(path) for path in files],
            "label": [facts["classes"][i] for i in best],
            "probability": proba.max(axis=1).round(4),
        }
    )


def _files(paths: Iterable[Path]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES)
        elif path.is_file():
            files.append(path)
        else:
            raise UserError(f"There is no file or folder {path}.")
    if not files:
        raise UserError(f"There is no image in {', '.join(map(str, paths))}; looked for {', '.join(sorted(SUFFIXES))}.")
    return files
