"""`passport`: what a data set holds, and what is wrong with it; written beside every result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.images import Dataset, Images
from benchmarks.data.near import digests, near_duplicates

NAMED = 10  # pairs of a kind; the others are counted


def passport(dataset: Dataset, test: Images | None = None) -> dict[str, Any]:
    """Counts, shape, exact and near duplicates of a data set, as plain JSON.

    Parameters
    ----------
    dataset : its training part is read.
    test : its test part; only the final evaluation has it, because this reads labels. Without it, the size is told
        and whatever needs more is None.

    Returns
    -------
    dict with ``name``, ``title``, ``classes``, ``image`` [h, w, c], ``train`` and ``test`` (numbers of images),
    ``fingerprint``, ``counts`` (images per class in either part), ``groups`` (how they are formed, and how many the
    training part has; None without), ``homepage``, ``licence``, ``note``, ``duplicates``, ``near_duplicates`` and ``pairs``.

    ``duplicates``: two images are duplicates if all their pixels are equal.

    - ``within_train``, ``within_test``: images that equal an earlier one of the same part; three equal ones count 2.
    - ``across``: test images that equal some training image.
    - ``conflicting_labels``: different images that occur under more than one label, in both parts taken together;
      without `test` in the training part.

    ``near_duplicates``: one picture in another size, format or brightness; None where those cannot be told from images that
    are merely alike (`benchmarks.data.near`).

    - ``within_train``, ``within_test``: images that have a near duplicate in the same part; three of one picture count 3.
    - ``across``: test images that have a near duplicate in the training part.
    - ``conflicting_labels``: pairs of near duplicates with different labels.

    ``known`` : rows of the test images that equal a training image or have a near duplicate there; None without `test`.

    ``pairs``: by kind the first `NAMED` as [image, its class, other image, its class]. ``equal`` are within the training part,
    ``across`` of a training and a test image, ``conflicting`` of either under different labels; ``near``,
    ``near_across`` and ``near_conflicting`` likewise.
    """
    parts = [dataset.train] if test is None else [dataset.train, test]
    y = np.concatenate([part.y for part in parts])
    found = _Equal(np.concatenate([digests(part.X) for part in parts]), len(dataset.train), y)
    near = near_duplicates(*(part.X for part in parts))
    named = found.named(found.pairs(), "equal", "across", "conflicting")
    if near is not None:
        named |= found.named(near, "near", "near_across", "near_conflicting")
    name = _names(dataset, test)
    return {
        "name": dataset.name,
        "title": dataset.title or dataset.name,
        "classes": list(dataset.classes),
        "image": list(dataset.train.X.shape[1:]),
        "train": len(dataset.train),
        "test": len(dataset.test),
        "fingerprint": dataset.fingerprint,
        "counts": {
            "train": _counts(dataset.train, len(dataset.classes)),
            "test": None if test is None else _counts(test, len(dataset.classes)),
        },
        "groups": None
        if dataset.train.groups is None
        else {"by": dataset.groups, "train": len(np.unique(dataset.train.groups))},
        "duplicates": found.counts(test is not None),
        "near_duplicates": None if near is None else found.near_counts(near, test is not None),
        "known": None if test is None else found.known(near),
        "pairs": {
            kind: [[name(i), dataset.classes[y[i]], name(j), dataset.classes[y[j]]] for i, j in some[:NAMED].tolist()]
            for kind, some in named.items()
        },
        "framing": "" if dataset.choice is None else str(dataset.choice),
        "homepage": dataset.homepage,
        "licence": dataset.licence,
        "note": dataset.note,
    }


class _Equal:
    """Images of both parts, one after another, of which equal ones have one digest; the first `train` are for training."""

    def __init__(self, digests: NDArray[np.uint64], train: int, y: NDArray[np.int64]) -> None:
        _, first, self.place = np.unique(digests, return_index=True, return_inverse=True)
        self.first = first[self.place]  # of each image, the first that equals it
        self.train, self.y = train, y
        self.trained, self.tested = np.zeros(len(y), bool), np.zeros(len(y), bool)  # whether the first has one there
        self.trained[self.first[:train]] = True
        self.tested[self.first[train:]] = True

    def pairs(self) -> NDArray[np.int64]:
        """Each image that equals an earlier one, behind the first of these; int64 (m, 2)."""
        later = np.flatnonzero(self.first != np.arange(len(self.first)))
        return np.stack([self.first[later], later], axis=1)

    def named(self, pairs: NDArray[np.int64], *kinds: str) -> dict[str, NDArray[np.int64]]:
        """Pairs by kind: within the training part, of a training and a test image, and of either under different labels."""
        one, other = np.sort(pairs, axis=1).T
        chosen = other < self.train, (one < self.train) & (other >= self.train), self.y[one] != self.y[other]
        return {kind: np.stack([one[some], other[some]], axis=1) for kind, some in zip(kinds, chosen, strict=True)}

    def known(self, near: NDArray[np.int64] | None) -> list[int]:
        """Rows of the test images that equal a training image, or have a near duplicate there."""
        test, by_train = self.first[self.train :], self._beside_train(near)
        return np.flatnonzero(self.trained[test] | by_train[test]).tolist()

    def _beside_train(self, near: NDArray[np.int64] | None) -> NDArray[np.bool_]:
        """Whether a first image has a near duplicate in the training part."""
        found = np.zeros(len(self.y), bool)
        if near is not None:
            one, other = np.concatenate([near, near[:, ::-1]]).T
            found[one[self.trained[other]]] = True
        return found

    def counts(self, tested: bool) -> dict[str, Any]:
        train, test = self.first[: self.train], self.first[self.train :]
        pairs = self.pairs()
        differing = self.y[pairs[:, 0]] != self.y[pairs[:, 1]]
        return {
            "within_train": len(train) - len(np.unique(train)),
            "within_test": len(test) - len(np.unique(test)) if tested else None,
            "across": int(self.trained[test].sum()) if tested else None,
            "conflicting_labels": len(np.unique(pairs[differing, 0])),
        }

    def near_counts(self, near: NDArray[np.int64], tested: bool) -> dict[str, Any]:
        """`near` are pairs of first images."""
        one, other = np.concatenate([near, near[:, ::-1]]).T
        by_train, by_test = self._beside_train(near), np.zeros(len(self.y), bool)
        by_test[one[self.tested[other]]] = True
        train, test = self.first[: self.train], self.first[self.train :]
        return {
            "within_train": int(by_train[train].sum()),
            "within_test": int(by_test[test].sum()) if tested else None,
            "across": int(by_train[test].sum()) if tested else None,
            "conflicting_labels": int((self.y[near[:, 0]] != self.y[near[:, 1]]).sum()),
        }


def _names(dataset: Dataset, test: Images | None) -> Callable[[int], str]:
    """What an image of both parts, taken one after another, is called: its file, or its place."""
    train = len(dataset.train)
    if dataset.files is None:
        return lambda place: f"training image {place}" if place < train else f"test image {place - train}"
    files = dataset.files()[0] if test is None else [name for names in dataset.files() for name in names]
    return lambda place: files[place]


def _counts(images: Images, classes: int) -> list[int]:
    return np.bincount(images.y, minlength=classes).tolist()
