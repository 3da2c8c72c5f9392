"""`repair`: a folder of pictures, repaired for a model, and a table of what was detected and done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.data.formats import pictures
from benchmarks.data.reading import WHITE
from benchmarks.errors import UserError
from benchmarks.repair.repairer import repairer_of
from benchmarks.safety.sheets import csv_text
from benchmarks.safety.written import files_by_stem, written_whole
from benchmarks.serving.model import open_model, probabilities
from benchmarks.serving.predict import preparation, repaired

TABLE = "repairs.csv"


def repair(
    source: Path, target: Path, model: Path, *, learned: str | Path = "auto", prepare: str = "auto"
) -> pd.DataFrame:
    """Write every image below a folder, repaired, as PNG into another, and ``repairs.csv`` beside them.

    ``a/cat/1.jpg`` becomes ``b/cat/1.png``. Images have the size and colours that the model takes, and are prepared for it
    before, as `benchmarks.serving.predict.predict` does. The target appears whole or not at all.

    Parameters
    ----------
    model : a model folder, or a ``.keras`` file.
    learned : "auto": what was learned for this model lies with it; or the folder where it is.

    Returns
    -------
    A row per picture: ``file``, ``written`` (the path in the target), ``detected`` ("none" or a corruption), ``strength`` (its
    severity, 0 to 5), ``certainty`` (of the detector), ``repair``, ``label`` and ``probability`` of the model then, and
    ``error``, "" unless it could not be read.

    Raises
    ------
    UserError : no folder, no image that can be read, two that would have one name, no model, nothing learned, or a target
        that has files.
    """
    written = {file: stem.with_name(f"{stem.name}.png") for stem, file in files_by_stem(source, target).items()}
    classifier, facts = open_model(model)
    height, width, channels = shape = tuple(facts["image"])
    try:
        prepared = preparation(prepare, facts, (height, width, channels))
    except (ValueError, AttributeError) as error:
        raise UserError(f"{model} holds no model: {error}") from error
    repairer = repairer_of(learned, model, facts)
    if repairer is None:
        raise UserError("--repair none repairs nothing: give auto, or the folder of what was learned.")
    rows: list[dict[str, Any]] = []
    with written_whole(target) as folder:
        for given in pictures.read(list(written), shape, prepared, facts.get("background", WHITE)):
            batch, done = repaired(classifier, given, repairer)
            readable = [one.image for one in batch if not isinstance(one.image, UserError)]
            proba = iter(
                probabilities(classifier, np.stack(readable), len(facts["classes"]), model) if readable else ()
            )
            for one, what in zip(batch, done, strict=True):
                row = {"file": str(one.file), "written": "", **what, "label": "", "probability": np.nan, "error": ""}
                if isinstance(one.image, UserError):
                    row["error"] = str(one.image)
                else:
                    answer = next(proba)
                    _write(one.image, folder / written[one.file])
                    row["written"] = str(written[one.file])
                    row["label"] = repairer.facts["classes"][int(answer.argmax())]
                    row["probability"] = round(float(answer.max()), 4)
                rows.append(row)
        frame = pd.DataFrame(rows)
        if frame["error"].ne("").all():
            raise UserError(frame["error"].iloc[0])
        (folder / TABLE).write_text(csv_text(frame), encoding="utf-8")
    return frame


def summary(frame: pd.DataFrame, target: Path) -> str:
    """What was done, in a line."""
    read = frame[frame["error"] == ""]
    done = ", ".join(f"{count:,} {way}" for way, count in read["repair"].value_counts().items())
    broken = f"; {len(frame) - len(read):,} could not be read" if len(read) < len(frame) else ""
    return f"{target}: {len(read):,} images ({done}){broken}; {TABLE} says what was detected and done"


def _write(image: NDArray[np.uint8], path: Path) -> None:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(path)
