"""`alike`: the training images of one data set in the shape of another's, as a data set of its own.

Its test part is empty, so that whoever learns from it cannot have seen that of the source.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from benchmarks.data.framing import Framing
from benchmarks.data.images import Dataset, Images
from benchmarks.data.progress import counted
from benchmarks.data.reading import PLAIN, Told, silent
from benchmarks.data.store.cache import cached
from benchmarks.data.store.recipe import Contents, Recipe
from benchmarks.errors import UserError, unknown


def box_of(target: Dataset) -> Framing | None:
    """The framing that makes pictures look as the target's images do; None where nobody can tell, as of photographs."""
    if target.preparation is None or target.preparation.framing.is_plain:
        return None
    return target.preparation.framing


def alike(
    source: Dataset,
    target: Dataset,
    *,
    framed: bool,
    shared: bool = False,
    names: Mapping[str, str] | None = None,
    told: Told = silent,
) -> Dataset:
    """The training images of a source as the target's are: in its box, or in its size alone.

    Parameters
    ----------
    framed : bring them into the target's box, where it has one.
    shared : only those of classes that the target has.
    names : what classes of the source are called instead.
    told : is told how far it is.

    Raises
    ------
    UserError : the classes that are left are fewer than two; a name is of no class, or of two.
    """
    for name in names or ():
        if name not in source.classes:
            raise unknown(f"class of {source.name}", name, source.classes)
    called = [(names or {}).get(name, name) for name in source.classes]
    if len(set(called)) < len(called):
        raise UserError(f"Two classes of {source.name} would have one name: give each a name of its own.")
    height, width, channels = target.train.X.shape[1:]
    framing = (box_of(target) if framed else None) or Framing((height, width, channels))
    kept = [name for name in called if not shared or name in target.classes]

    def read() -> Contents:
        if len(kept) < 2:
            raise UserError(
                f"{source.name} and {target.name} have {len(kept)} classes in common, and learning takes 2."
            )
        labels = np.array([kept.index(name) if name in kept else -1 for name in called])
        rows = np.flatnonzero(labels[source.train.y] >= 0)
        pictures = counted(source.train.X[rows], len(rows), f"Framing {source.name} for {target.name}", told, "images")
        X = np.stack([framing(picture) for picture in pictures])
        groups = None if source.train.groups is None else source.train.groups[rows]
        nothing = Images(np.empty((0, *X.shape[1:]), np.uint8), np.empty(0, np.int64))
        train = Images(X, labels[source.train.y[rows]].astype(np.int64), groups)
        return Contents(train, nothing, tuple(kept), sealed_off=True)

    facts = [source.train_fingerprint, framing.shape, framing.frame, framing.polarity, framing.fill, kept]
    options = hashlib.sha256(json.dumps(facts).encode()).hexdigest()
    return cached(
        Recipe(
            f"{source.name}-like-{target.name}",
            read,
            options=options,
            reading=replace(PLAIN, groups=source.groups),
            title=source.title,
            homepage=source.homepage,
            licence=source.licence,
        )
    )


def labels_of(classes: Sequence[str], target: Sequence[str]) -> tuple[int, ...]:
    """The target's label of each class of a source, by their names; -1 where the target has no such class."""
    places = {name: label for label, name in enumerate(target)}
    return tuple(places.get(name, -1) for name in classes)
