"""Running a trained model on image files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.data.formats.image_file import SUFFIXES, find_images, load_images
from benchmarks.data.reading import WHITE
from benchmarks.errors import UserError
from estimators.models.saving import load, read_facts

BATCH = 1024  # files that are in memory at once


def predict(model_folder: Path, paths: Sequence[Path], *, invert: bool = False) -> pd.DataFrame:
    """A row per image: ``file``, ``label`` (a class name), ``probability`` and ``error``.

    Images are read as those of a folder data set are, at the size and in the colours that the model was trained on.
    A file that cannot be read has its ``error``, an empty label and no probability; ``error`` is "" for all others.

    Parameters
    ----------
    paths : image files, and folders whose images are taken at any depth.
    invert : swap light and dark first.

    Raises
    ------
    UserError : no model there, no image there, or not one file that can be read.
    """
    try:
        model = load(model_folder)
        facts = read_facts(model_folder)
    except ValueError as error:
        raise UserError(f"{model_folder} holds no model: {error}") from error
    files, rows = _files(paths), []
    for start in range(0, len(files), BATCH):
        batch = files[start : start + BATCH]
        found = list(load_images(batch, tuple(facts["image"]), facts.get("background", WHITE)))
        X = np.array([image for image in found if not isinstance(image, UserError)], np.uint8)
        labelled = iter(_labelled(model, 255 - X if invert else X, facts["classes"]))
        for path, image in zip(batch, found, strict=True):
            answer = ("", np.nan, str(image)) if isinstance(image, UserError) else (*next(labelled), "")
            rows.append((_name(path), *answer))
    frame = pd.DataFrame(rows, columns=["file", "label", "probability", "error"])
    if frame["error"].all():
        others = f" None of the other {len(frame) - 1} files can be read either." if len(frame) > 1 else ""
        raise UserError(f"{frame['error'][0]}{others}")
    return frame


def _files(paths: Sequence[Path]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += find_images(path)
        elif path.exists():
            files.append(path)
        else:
            raise UserError(f"There is no file or folder {path}.")
    if not files:
        raise UserError(f"There is no image in {', '.join(map(str, paths))}; looked for {', '.join(sorted(SUFFIXES))}.")
    return files


def _labelled(model: Any, X: NDArray[np.uint8], classes: Sequence[str]) -> list[tuple[str, float]]:
    """The most probable class of each image, and its probability."""
    if not len(X):
        return []
    proba = model.predict_proba(X)
    return [(classes[i], round(float(row[i]), 4)) for row, i in zip(proba, proba.argmax(axis=1), strict=True)]


def _name(path: Path) -> str:
    """The path as text that can be printed and written, also where its bytes are not UTF-8."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
