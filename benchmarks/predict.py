"""Running a trained model on image files."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from benchmarks.errors import UserError
from estimators.saving import load

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"}


def predict(model_folder: Path, paths: Iterable[Path], *, invert: bool = False) -> pd.DataFrame:
    """A row per image: ``file``, ``label`` (a class name) and ``probability``.

    Images are brought to the size and the colours that the model was trained on.

    Raises
    ------
    UserError : no model there, no image there, or a file that is no image.
    """
    try:
        model = load(model_folder)
        facts = json.loads((model_folder / "model.json").read_text())
    except (OSError, ValueError) as error:
        raise UserError(f"{model_folder} holds no model: {error}") from error
    files = _files(paths)
    X = np.stack([_read(path, facts["image"], invert) for path in files])
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


def _read(path: Path, shape: tuple[int, int, int], invert: bool) -> NDArray[np.uint8]:
    height, width, channels = shape
    try:
        with Image.open(path) as image:
            pixels = image.convert("L" if channels == 1 else "RGB").resize((width, height), Image.Resampling.LANCZOS)
    except (OSError, UnidentifiedImageError) as error:
        raise UserError(f"{path} cannot be read as an image: {error}.") from error
    array = np.asarray(pixels, dtype=np.uint8).reshape(height, width, channels)
    return 255 - array if invert else array
