"""What a data set is before it is loaded: `Source` (an official set), `Recipe` (files, how to read them), `Contents`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.choice import Choice
from benchmarks.data.images import Images
from benchmarks.data.reading import PLAIN, Reading
from benchmarks.errors import UserError
from benchmarks.safety.names import check_classes


@dataclass(frozen=True)
class Contents:
    """What a reader found: both parts, the class names, and images to label for a competition if there are any.

    The training part may have groups. The test part may be empty where ``sealed_off`` says that it is left where it was.
    ``choice`` says how images were made of pictures, where a probe told. ``files`` are the names of the files of either part,
    none where there are none.
    """

    train: Images
    test: Images
    classes: tuple[str, ...]
    unlabelled: NDArray[np.uint8] | None = None
    note: str = ""
    files: tuple[Sequence[str], Sequence[str]] = ((), ())
    choice: Choice | None = None
    sealed_off: bool = False

    def __post_init__(self) -> None:
        if len(self.classes) < 2:
            raise UserError(f"Only one class, {self.classes[0]!r}: a comparison needs at least 2.")
        check_classes(self.classes)
        shape, unlabelled = self.train.X.shape[1:], self.unlabelled
        for part, X in (("test", self.test.X), ("unlabelled", unlabelled)):
            if X is not None and X.shape[1:] != shape:
                raise UserError(
                    f"The {part} images have shape {X.shape[1:]} (height, width, channels) and the training "
                    f"images {shape}: they must agree."
                )
        for part, images in (("training", self.train), ("test", self.test)):
            if not len(images) and part == "test" and self.sealed_off:
                continue
            if not len(images):
                raise UserError(f"There are no {part} images.")
            if images.y.min() < 0 or images.y.max() >= len(self.classes):
                raise UserError(
                    f"The {part} labels run from {images.y.min()} to {images.y.max()}, but there are "
                    f"{len(self.classes)} classes, so they must lie within 0 and {len(self.classes) - 1}."
                )
        absent = set(range(len(self.classes))) - set(np.unique(self.train.y).tolist())
        if absent:
            names = ", ".join(repr(self.classes[i]) for i in sorted(absent))
            raise UserError(f"No training image of class {names}: add some, or leave the class out.")


@dataclass(frozen=True)
class Recipe:
    """How arrays are made of files; they are cached under the name, the options, the reading and the state of the inputs.

    `framed`: they are pictures of a folder, and a probe may choose how images are made of them.
    """

    name: str
    read: Callable[[], Contents]
    inputs: tuple[Path, ...] = ()
    options: str = ""
    reading: Reading = PLAIN
    framed: bool = False
    title: str = ""
    homepage: str = ""
    licence: str = ""


@dataclass(frozen=True)
class File:
    """An official file.

    Parameters
    ----------
    name : as the official download has it; with and without ``.gz`` are the same to a search.
    sha256 : hex digest of the file as downloaded; "" where none is known.
    content : hex digest of what a ``.gz`` file holds, so that an unpacked copy can be verified too.
    """

    name: str
    sha256: str = ""
    content: str = ""


@dataclass(frozen=True)
class Source:
    """A registered data set; its module in `benchmarks.data.datasets` and this object in it carry the same name.

    Parameters
    ----------
    title, homepage, licence : for people; the homepage is a URL, perhaps with a word on the split.
    read : from official file name to the path it was found at, makes the `Contents`.
    files : what `read` needs.
    alternatives : other sets of files that hold the same, where the set is handed out in several forms; `read` is given one
        form, whichever a folder has whole.
    folders : other names of the set's folder within a data folder; its public name always counts.
    mirrors : base URLs, tried in order; none if it cannot be downloaded without an account.
    archive : a tar or zip file at the mirrors that holds the files; without it each file is there itself.
    obtain : where to get it, for a set that is not downloaded.
    """

    title: str
    homepage: str
    licence: str
    read: Callable[[Mapping[str, Path]], Contents]
    files: tuple[File, ...] = ()
    alternatives: tuple[tuple[File, ...], ...] = ()
    folders: tuple[str, ...] = ()
    mirrors: tuple[str, ...] = ()
    archive: File | None = None
    obtain: str = ""

    @property
    def forms(self) -> tuple[tuple[File, ...], ...]:
        """Every set of files that `read` can do with, the usual one first."""
        return (self.files, *self.alternatives)
