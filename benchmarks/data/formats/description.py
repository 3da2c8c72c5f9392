"""A small TOML file that says how to read files of any of the formats.

A complete one, for EMNIST::

    title = "EMNIST Balanced"
    format = "idx"                    # idx, csv, npz or folder
    transpose = true                  # idx: swap rows and columns
    classes = ["0", "1", "2"]         # optional names; label 0 is the first
    homepage = "https://www.nist.gov/itl/products-and-services/emnist-dataset"
    licence = "public domain"

    [train]
    images = "emnist-balanced-train-images-idx3-ubyte.gz"
    labels = "emnist-balanced-train-labels-idx1-ubyte.gz"

    [test]                            # optional: without it, `test_share` of the rows are set aside
    images = "emnist-balanced-test-images-idx3-ubyte.gz"
    labels = "emnist-balanced-test-labels-idx1-ubyte.gz"

For csv and folder a part has ``file`` or ``folder`` instead; for npz there is only ``[train]``, with ``file``. csv may
name its ``label`` column, the ``image`` shape of a row, and an ``[unlabelled]`` file; folder the ``image`` size and the
``background`` of what is transparent. ``groups`` says what ``--groups`` would; both options have priority.
Paths are relative to the TOML file.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from benchmarks.data.formats import folder, idx, kaggle_csv, npz, recognise
from benchmarks.data.formats.arrays import TEST_SHARE, LabelledArrays, assemble
from benchmarks.data.formats.compressed import opened
from benchmarks.data.reading import PLAIN, WHITE, Reading, Told, silent
from benchmarks.data.store.recipe import Contents, Recipe
from benchmarks.errors import UserError
from benchmarks.safety.names import check_classes, safe_name, shortened

LONGEST = 50_000  # bytes of a description
LARGEST = 10_000_000  # pixels of a side
NEEDS = {"idx": ("images", "labels"), "csv": ("file",), "npz": ("file",), "folder": ("folder",)}


class Where(BaseModel):
    """The files of one part."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    images: Path | None = None
    labels: Path | None = None
    file: Path | None = None
    folder: Path | None = None

    def given(self) -> dict[str, Path]:
        return {name: value for name, value in self if value is not None}

    def paths(self, base: Path) -> list[Path]:
        return [base / path for path in self.given().values()]


class Description(BaseModel):
    """The TOML file, checked."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    format: Literal["idx", "csv", "npz", "folder"]
    train: Where
    test: Where | None = None
    unlabelled: Where | None = None
    classes: tuple[str, ...] | None = Field(default=None, min_length=2)
    image: tuple[int, ...] | None = Field(default=None, min_length=2, max_length=3)
    transpose: bool = False
    label: str = "label"
    test_share: float = Field(default=TEST_SHARE, gt=0, lt=1)
    groups: str = ""
    background: str = WHITE
    title: str = ""
    homepage: str = ""
    licence: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _fits_its_format(self) -> Description:
        needs = NEEDS[self.format]
        for part in ("train", "test", "unlabelled"):
            where = getattr(self, part)
            if where is not None and set(where.given()) != set(needs):
                raise ValueError(f"[{part}] must give {' and '.join(needs)} for the format {self.format}")
        if self.format == "npz" and self.test:
            raise ValueError("[test] is not for the format npz: the archive holds both parts")
        if self.unlabelled and self.format != "csv":
            raise ValueError("[unlabelled] is for the format csv alone")
        if self.transpose and self.format != "idx":
            raise ValueError("transpose is for the format idx alone")
        if self.image and max(self.image) > LARGEST:
            raise ValueError(f"image: a side has at most {LARGEST:,} pixels")
        if self.classes:
            try:
                check_classes(self.classes)
            except UserError as error:
                raise ValueError(str(error).removesuffix(".")) from error
        if self.image and (min(self.image) < 1 or (*self.image, 1)[2] not in (1, 3)):
            raise ValueError("image must be [height, width] or [height, width, channels], with 1 or 3 channels")
        return self


def recipe(path: Path, name: str, reading: Reading = PLAIN, told: Told = silent) -> Recipe:
    """The recipe that a TOML file describes; what `reading` leaves open, the file says."""
    about = _parsed(path)
    background = reading.background if reading.background != WHITE else about.background
    reading = replace(reading, groups=reading.groups or about.groups, background=background)
    if about.format != "folder" or about.image:
        recognise.no_framing(path, reading)
    if about.format == "idx":
        recognise.no_columns(path, reading)
    elif about.format != "folder":
        recognise.no_paths(path, reading)
    base, where = path.parent, [part for part in (about.train, about.test, about.unlabelled) if part]
    named = [file for part in where for file in part.paths(base)]
    for file in named:
        try:
            there = file.is_dir() if about.format == "folder" else file.is_file()
        except (OSError, ValueError) as error:  # It lies where nobody may look; a null character is in it.
            raise UserError(f"{path} names {shortened(str(file))}: {error}.") from error
        if not there:
            raise UserError(f"{path} names {shortened(str(file))}, which is not there, or is no such thing.")
    found = None
    if about.format == "folder":
        above = Path(os.path.commonpath([file.resolve() for file in named]))
        found = folder.find_parts(above, named[0].resolve(), named[1].resolve() if len(named) > 1 else None, reading)
    return Recipe(
        name=safe_name(name),
        read=lambda: _read(about, base, found, reading, told),
        inputs=(path, *(named if found is None else found.files)),
        options="" if found is None else "\n".join(map(str, [*found.unreadable, found.note])),
        reading=reading,
        framed=found is not None and about.image is None,
        title=about.title,
        homepage=about.homepage or str(path),
        licence=about.licence,
    )


def _parsed(path: Path) -> Description:
    with opened(path) as stream:
        text = stream.read(LONGEST + 1)
    if len(text) > LONGEST:
        raise UserError(f"{path} is not a description: it has more than {LONGEST:,} bytes.")
    try:
        return Description.model_validate(tomllib.loads(text.decode("utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        reason = first["msg"].removeprefix("Value error, ")
        raise UserError(f"{path}: {f'{shortened(key)}: ' if key else ''}{reason}.") from error
    except (ValueError, RecursionError) as error:  # Bytes that are no text, no TOML, numbers of thousands of digits.
        raise UserError(f"{path} is not TOML: {error}.") from error


def _read(about: Description, base: Path, found: folder.Found | None, reading: Reading, told: Told) -> Contents:
    train_files = about.train.paths(base)
    test_files = about.test.paths(base) if about.test else []
    test: LabelledArrays | None = None
    unlabelled, note = None, about.note
    if found is not None:
        return folder.read(found, reading, told, about.image, about.classes, about.test_share, note)
    if about.format == "npz":
        train, test = npz.read_train_and_test(train_files[0], reading.column)
    elif about.format == "csv":
        train = kaggle_csv.read_labelled(train_files[0], about.label, about.image, reading.column)
        if test_files:
            test = kaggle_csv.read_labelled(test_files[0], about.label, about.image, reading.column)
        if about.unlabelled:
            unlabelled = kaggle_csv.read_unlabelled(
                about.unlabelled.paths(base)[0], about.label, about.image, reading.column
            )
    else:
        train = idx.read_labelled(train_files[0], train_files[1], about.transpose)
        if test_files:
            test = idx.read_labelled(test_files[0], test_files[1], about.transpose)
    return assemble(train, test, about.classes, about.test_share, unlabelled, note, reading.near)
