"""Running a trained model on pictures: image files, folders, tables and arrays."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.data.formats import pictures
from benchmarks.data.formats.bounds import check_pictures
from benchmarks.data.formats.pictures import Given
from benchmarks.data.framing import Framing, Preparation, preparation_of, scan
from benchmarks.data.reading import WHITE, colour
from benchmarks.errors import UserError, printable, unknown
from benchmarks.repair.repairer import Repairer, repairer_of
from benchmarks.safety.sheets import csv_text
from benchmarks.safety.written import must_be_empty
from benchmarks.serving.model import open_model, probabilities

PREPARE = ("auto", "none", "scan")
FORMATS = ("csv", "json")


@dataclass(frozen=True)
class Spent:
    """What labelling took so far: pictures, and of the seconds those that went into reading and preparing them."""

    pictures: int = 0
    seconds: float = 0.0
    reading_seconds: float = 0.0


def predict(
    model_folder: Path,
    paths: Sequence[Path],
    *,
    prepare: str = "auto",
    invert: bool = False,
    top: int = 1,
    upper: bool = False,
    reject: float | None = None,
    show_input: Path | None = None,
    repair: str = "none",
    told: Callable[[Spent, int | None], None] = lambda spent, total: None,
) -> pd.DataFrame:
    """A row per picture: ``file``, ``label`` (a class name), ``probability`` and ``error``.

    Where a table is among the paths, ``row`` counts its pictures from 1; for an image file it is missing. What cannot be read
    has its ``error``, an empty label and no probability; ``error`` is "" for all others.

    Parameters
    ----------
    paths : image files, CSV, npz and idx files, and folders whose images are taken at any depth.
    prepare : "auto": pictures are prepared as the model's ``model.json`` says. "none": they are only given the size and
        colours of the training images. "scan": like characters of MNIST, or of what the model was trained on if that is
        known.
    invert : swap light and dark first.
    top : how many classes are named: the most probable one, and ``label_2``, ``probability_2`` and so on.
    upper : small letters count as their capitals, whose probabilities are the sums.
    reject : below this probability a picture is left to a person: ``unsure`` says so of it, and of one that cannot be
        read.
    repair : "auto": pictures are repaired before, as was learned for this model; ``detected`` says what went wrong,
        ``strength`` how badly (0 to 5), ``repair`` what was done. A folder: what was learned is there. "none".
    show_input : a new or empty folder, for PNG files of what the model was shown, numbered as the rows.
    told : is told after every batch what it took so far, and how many pictures there are if that is known.

    Raises
    ------
    UserError : no model there, nothing to label there, not one picture that can be read, or a wrong option.
    """
    model, facts = open_model(model_folder)
    height, width, channels = shape = tuple(facts["image"])
    ground = facts.get("background", WHITE)
    try:
        prepared = preparation(prepare, facts, (height, width, channels))
        colour(ground if isinstance(ground, str) else repr(ground))
    except (ValueError, AttributeError, UserError) as error:
        if isinstance(error, UserError) and prepare not in PREPARE:
            raise
        raise UserError(f"{model_folder} holds no model: {error}") from error
    repairer = repairer_of(repair, model_folder, facts)
    classes, merged = _classes(facts["classes"] if repairer is None else repairer.facts["classes"], upper)
    if not 1 <= top <= len(classes):
        raise UserError(f"--top {top}: the model has {len(classes)} classes, so give 1 to {len(classes)}.")
    if reject is not None and not 0 <= reject <= 1:
        raise UserError(f"--reject {reject:g}: a probability lies between 0 and 1.")
    files = pictures.find(paths)
    if show_input is not None:
        _make_empty(show_input)
    total = None if any(pictures.is_table(file) for file in files) else len(files)
    source = pictures.read(files, shape, _inverted(prepared) if invert else prepared, ground)
    rows: list[dict[str, Any]] = []
    started, reading = time.perf_counter(), 0.0
    while True:
        began = time.perf_counter()
        batch = next(source, None)
        reading += time.perf_counter() - began
        if batch is None:
            break
        done: list[dict[str, Any]] = [{}] * len(batch)
        if repairer is not None:
            batch, done = repaired(model, batch, repairer)
        if show_input is not None:
            _show(batch, len(rows), show_input)
        for row, what in zip(_labelled(model, batch, classes, merged, top, model_folder), done, strict=True):
            unreadable = row.pop("error")  # It stays the last column.
            rows.append(row | what | {"error": unreadable})
        check_pictures(len(rows), batch[-1].file)
        told(Spent(len(rows), time.perf_counter() - started, reading), total)
    frame = pd.DataFrame(rows)
    if not frame["row"].isna().all():
        frame["row"] = frame["row"].astype("Int64")
    elif not any(pictures.is_table(file) for file in files):
        frame = frame.drop(columns="row")
    if frame["error"].all():
        others = f" None of the other {len(frame) - 1} files can be read either." if len(frame) > 1 else ""
        raise UserError(f"{frame['error'][0]}{others}")
    if reject is not None:
        frame.insert(len(frame.columns) - 1, "unsure", ~(frame["probability"] >= reject))
    return frame


def as_text(frame: pd.DataFrame, kind: str) -> str:
    """The table in one of the `FORMATS`; JSON is a list with an object per row."""
    if kind == "json":
        return frame.to_json(orient="records", force_ascii=False, indent=1) + "\n"
    return csv_text(frame)


def summary(frame: pd.DataFrame, out: Path) -> str:
    """What was written, in one line."""
    broken = int((frame["error"] != "").sum())
    unsure = int(frame["unsure"].sum()) - broken if "unsure" in frame else 0
    parts = [f"{len(frame) - broken:,} of {len(frame):,} labelled"]
    parts += [f"{unsure:,} of them unsure"] * ("unsure" in frame) + [f"{broken:,} could not be read"] * (broken > 0)
    return f"{out}: {', '.join(parts)}"


def preparation(prepare: str, facts: dict[str, Any], shape: tuple[int, int, int]) -> Framing | Preparation:
    """What is done to a picture.

    Raises
    ------
    ValueError : the facts of the model are damaged.
    UserError : there is no such preparation.
    """
    if prepare not in PREPARE:
        raise unknown("preparation", prepare, PREPARE)
    known = preparation_of(facts["preparation"], shape) if facts.get("preparation") else None
    match prepare:
        case "auto" if known:
            return known
        case "scan":
            return known.framing if known and known.framing.polarity == "light on dark" else scan(shape)
    return Framing(shape)


def _inverted(prepared: Framing | Preparation) -> Callable[[NDArray[np.uint8]], NDArray[np.uint8]]:
    return lambda picture: prepared(255 - picture)


def _classes(names: Sequence[str], upper: bool) -> tuple[list[str], NDArray[np.intp]]:
    """The names of the answers, and which of them each class of the model counts for.

    Raises
    ------
    UserError : `upper`, and no class is a small letter.
    """
    answers = [name.upper() if upper and len(name) == 1 and len(name.upper()) == 1 else name for name in names]
    if upper and answers == list(names):
        some = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
        raise UserError(f"--upper: none of the classes {some} is a small letter.")
    distinct = list(dict.fromkeys(answers))
    return distinct, np.array([distinct.index(answer) for answer in answers])


def repaired(model: Any, batch: Sequence[Given], repairer: Repairer) -> tuple[list[Given], list[dict[str, Any]]]:
    """The pictures of a batch repaired for a model, and of each ``detected``, ``strength``, ``certainty`` and ``repair``."""
    readable = {i: given.image for i, given in enumerate(batch) if not isinstance(given.image, UserError)}
    after = list(batch)
    done: list[dict[str, Any]] = [dict(detected="", strength=np.nan, certainty=np.nan, repair="") for _ in batch]
    if readable:
        found = repairer(np.stack(list(readable.values())), model.predict_proba)
        for place, i in enumerate(readable):
            after[i] = replace(batch[i], image=found.images[place])
            done[i] = {
                "detected": str(found.kinds[place]),
                "strength": round(float(found.strength[place]), 1),
                "certainty": round(float(found.certainty[place]), 3),
                "repair": str(found.ways[place]),
            }
    return after, done


def _labelled(
    model: Any, batch: Sequence[Given], classes: Sequence[str], merged: NDArray[np.intp], top: int, folder: Path
) -> list[dict[str, Any]]:
    """A row per picture of a batch."""
    readable = [given.image for given in batch if not isinstance(given.image, UserError)]
    proba = iter(_probabilities(model, np.stack(readable), len(classes), merged, folder) if readable else ())
    rows = []
    for given in batch:
        row: dict[str, Any] = {"file": _name(given.file), "row": given.row}
        best = None if isinstance(given.image, UserError) else next(proba)
        for place, i in enumerate(range(top) if best is None else np.argsort(-best, kind="stable")[:top], start=1):
            end = "" if place == 1 else f"_{place}"
            row[f"label{end}"] = "" if best is None else classes[i]
            row[f"probability{end}"] = np.nan if best is None else round(float(best[i]), 4)
        rows.append(row | {"error": str(given.image) if isinstance(given.image, UserError) else ""})
    return rows


def _probabilities(
    model: Any, X: NDArray[np.uint8], classes: int, merged: NDArray[np.intp], folder: Path
) -> NDArray[np.floating]:
    """Those of the model's classes, added up where several count for one answer: (n, classes)."""
    proba = probabilities(model, X, len(merged), folder)
    return proba if len(merged) == classes else proba @ np.eye(classes, dtype=proba.dtype)[merged]


def _make_empty(folder: Path) -> None:
    must_be_empty(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"Cannot write in {folder}: {error.strerror or error}.") from error


def _show(batch: Sequence[Given], before: int, folder: Path) -> None:
    """Write what the model is shown of a batch, numbered as the rows of the table."""
    from PIL import Image

    for number, given in enumerate(batch, start=before + 1):
        if isinstance(given.image, UserError):
            continue
        name = "".join(c if c.isalnum() or c in "-_" else "-" for c in given.file.stem)[:60]
        image = given.image[..., 0] if given.image.shape[2] == 1 else given.image
        try:
            Image.fromarray(image).save(folder / f"{number:06d}-{name}.png")
        except OSError as error:
            raise UserError(f"Cannot write in {folder}: {error.strerror or error}.") from error


def _name(path: Path) -> str:
    """The path as text that can be printed and written, also where its bytes are not UTF-8."""
    return printable(os.fsencode(path).decode("utf-8", "backslashreplace"))
