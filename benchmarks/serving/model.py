"""`Model`: a trained model with the names of its classes, as `crossover.load_model` gives it."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmarks.data.formats import pictures
from benchmarks.data.formats.bounds import must_fit
from benchmarks.data.framing import Framing, preparation_of
from benchmarks.data.reading import WHITE
from benchmarks.errors import UserError
from benchmarks.safety.names import check_classes, shortened
from benchmarks.safety.regular import LONGEST_TEXT, opened
from estimators.models.keras_file import SUFFIX, KerasFile
from estimators.models.saving import load, read_facts

BATCH = 1024  # images whose features are in memory at once


@dataclass(frozen=True)
class Model:
    """A trained model in the manners of a scikit-learn classifier, for images that are arrays.

    Parameters
    ----------
    classes_ : names of the classes, in the order of the columns of `predict_proba`, str (k,).
    image_shape : (h, w, c) of the images that it takes.
    facts : all that its ``model.json`` tells.
    fitted : the estimator's own object, which numbers the classes.
    folder : where it was read.
    """

    classes_: NDArray[np.str_]
    image_shape: tuple[int, int, int]
    facts: Mapping[str, Any] = field(repr=False)
    fitted: Any = field(repr=False)
    folder: Path = Path()

    def predict(self, images: ArrayLike) -> NDArray[np.str_]:
        """The name of the most probable class of each image, str (n,); takes what `predict_proba` takes."""
        return self.classes_[self.predict_proba(images).argmax(axis=1)]

    def predict_proba(self, images: ArrayLike) -> NDArray[np.float32]:
        """Probabilities, float32 (n, k).

        Parameters
        ----------
        images : uint8 (n, h, w, c), or (n, h, w) where they have one channel; of the shape of the training images.

        Raises
        ------
        UserError : another dtype or shape.
        """
        X = self._checked(images)
        count = len(self.classes_)
        parts = [probabilities(self.fitted, X[i : i + BATCH], count, self.folder) for i in range(0, len(X), BATCH)]
        return np.concatenate([np.empty((0, len(self.classes_)), np.float32), *parts]).astype(np.float32)

    def read(self, *paths: Path | str) -> NDArray[np.uint8]:
        """Pictures of any size as the model takes them: cropped, scaled and turned as its training images were, if they were.

        Parameters
        ----------
        paths : image files, folders of them, CSV, npz or idx files.

        Returns
        -------
        uint8 (n, h, w, c), the files in the order given, those of a folder sorted.

        Raises
        ------
        UserError : one of them cannot be read.
        """
        facts = self.facts.get("preparation")
        prepare = preparation_of(facts, self.image_shape) if facts else Framing(self.image_shape)
        files = pictures.find([Path(path) for path in paths])
        given = pictures.read(files, self.image_shape, prepare, self.facts.get("background", WHITE))
        found = []
        for one in chain.from_iterable(given):
            if isinstance(one.image, UserError):
                raise one.image
            found.append(one.image)
        return np.stack(found)

    def _checked(self, images: ArrayLike) -> NDArray[np.uint8]:
        """The images as uint8 (n, h, w, c), C-contiguous."""
        wanted = f"uint8 (n, {', '.join(map(str, self.image_shape))})"
        X = _array(images, wanted)
        given = f"{X.dtype} {X.shape}"
        if X.dtype != np.uint8:
            raise UserError(f"Images must be {wanted} with values from 0 to 255, given {given}.{_advice(X)}")
        if X.ndim == 3 and self.image_shape[2] == 1:
            X = X[..., np.newaxis]
        if X.shape[1:] != self.image_shape:
            raise UserError(
                f"Images must be {wanted}, given {given}. One image alone is images[None]; pictures of any size become such with "
                "model.read(paths)."
            )
        return np.ascontiguousarray(X)


def load_model(folder: Path | str) -> Model:
    """The model in a folder that a run made, or a copy of one; or a network of any origin, a ``.keras`` file.

    Raises
    ------
    UserError : the folder or file holds no model, or a damaged one.
    """
    model, facts = open_model(Path(folder))
    height, width, channels = facts["image"]
    return Model(np.array(facts["classes"])[model.classes_], (height, width, channels), facts, model, Path(folder))


def open_model(folder: Path) -> tuple[Any, dict[str, Any]]:
    """What predicts, and what its ``model.json`` tells: names of its classes and the size of its images at least.

    Raises
    ------
    UserError : the folder holds no model, a damaged one, or one that is not what its ``model.json`` says.
    """
    try:
        check_files(folder)
        model, facts = read_model(folder)
    except ValueError as error:
        raise UserError(f"{folder} holds no model: {error}") from error
    except (OSError, RecursionError) as error:
        raise UserError(f"{folder} holds no model that can be read: {error}.") from error
    if lacking := [name for name in ("classes", "image") if name not in facts]:
        raise UserError(f"{folder} holds no model of a run: its model.json does not tell {' and '.join(lacking)}.")
    try:
        check_classes(facts["classes"])
    except UserError as error:
        raise UserError(f"{folder / 'model.json'} is damaged: {error}") from error
    known = np.asarray(model.classes_)
    if known.ndim != 1 or known.dtype.kind not in "iu" or known.tolist() != list(range(len(facts["classes"]))):
        raise UserError(
            f"{folder} is damaged: its model.json has {len(facts['classes'])} classes, and the model knows "
            f"{shortened(', '.join(map(str, known.ravel()[:20].tolist())))}."
        )
    return model, facts


def probabilities(model: Any, X: NDArray[np.uint8], classes: int, folder: Path) -> NDArray:
    """What a model makes of images uint8 (n, h, w, c): probabilities (n, `classes`).

    Raises
    ------
    UserError : it takes no such images, or answers something else: it is not what its ``model.json`` says.
    """
    try:
        proba = np.asarray(model.predict_proba(X))
    except (MemoryError, KeyboardInterrupt):
        raise
    except Exception as error:  # Every library has its own.
        reason = shortened(" ".join(f"{type(error).__name__}: {error}".split()), 200)
        size = " × ".join(map(str, X.shape[1:]))
        raise UserError(
            f"The model in {folder} cannot label images of {size}, as its model.json says ({reason})."
        ) from error
    if proba.shape != (len(X), classes) or proba.dtype.kind != "f" or not np.isfinite(proba).all():
        raise UserError(
            f"The model in {folder} is damaged: it answers {len(X)} images with {proba.dtype} of shape {proba.shape}, and has "
            f"{classes} classes."
        )
    return proba


def check_files(folder: Path) -> None:
    """Regular files alone are opened by the libraries that read them, and archives that fit into memory.

    Raises
    ------
    UserError : there is something else.
    """
    alone = folder.suffix.lower() == SUFFIX and not folder.is_dir()
    if not alone and not (folder / "model.json").is_file():
        return  # Whoever reads it says so.
    for path in [folder] if alone else sorted(folder.iterdir()):
        if path.is_dir():
            check_files(path)  # That of a member of an ensemble.
            continue
        with opened(path) as file:
            size = path.stat().st_size
            if zipfile.is_zipfile(file):
                with suppress(zipfile.BadZipFile, NotImplementedError), zipfile.ZipFile(file) as packed:
                    size = sum(member.file_size for member in packed.infolist())
        if path.suffix == ".json" and size > LONGEST_TEXT:
            raise UserError(f"{path} has more than {LONGEST_TEXT:,} bytes, which is more than such a file needs.")
        must_fit(size, path)


def read_model(path: Path | str) -> tuple[Any, dict[str, Any]]:
    """What predicts, and its facts; the classes of a ``.keras`` file, which does not tell them, are called 0, 1, 2 and so on.

    Raises
    ------
    ValueError : there is no model, or a damaged one.
    """
    if Path(path).suffix.lower() == SUFFIX and Path(path).is_file():
        network = KerasFile(Path(path))
        return network, {"classes": [str(name) for name in network.classes_], "image": list(network.image_shape)}
    return load(path), read_facts(path)


def _array(images: ArrayLike, wanted: str) -> NDArray:
    try:
        return np.asarray(images)
    except (TypeError, ValueError) as error:  # A list of images of several sizes is no array.
        raise UserError(f"Images must be {wanted}, and what was given is no array: {error}.") from error


def _advice(X: NDArray) -> str:
    """What to do about images of another dtype."""
    if not X.size or X.dtype.kind not in "biuf":
        return ""
    least, most = float(X.min()), float(X.max())
    if X.dtype.kind in "bf" and 0 <= least <= most <= 1:
        return " Those between 0 and 1 become so by np.rint(255 * images).astype(np.uint8)."
    return " They become so by images.astype(np.uint8)." if 0 <= least <= most <= 255 else ""
