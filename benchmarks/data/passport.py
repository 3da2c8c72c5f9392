"""`passport`: what a data set holds, and what is wrong with it; written beside every result."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.images import Dataset, Images


def passport(dataset: Dataset, test: Images | None = None) -> dict[str, Any]:
    """Counts, shape and exact duplicates of a data set, as plain JSON.

    Parameters
    ----------
    dataset : its training part is read.
    test : its test part; only the final evaluation has it, because this reads labels. Without it, the size is told
        and whatever needs more is None.

    Returns
    -------
    dict with ``name``, ``title``, ``classes``, ``image`` [h, w, c], ``train`` and ``test`` (numbers of images),
    ``fingerprint``, ``counts`` (images per class in either part), ``homepage``, ``licence``, ``note``, and
    ``duplicates``: two images are duplicates if all their pixels are equal.

    - ``within_train``, ``within_test``: images that equal an earlier one of the same part; three equal ones count 2.
    - ``across``: test images that equal some training image.
    - ``conflicting_labels``: different images that occur under more than one label, in both parts taken together;
      without `test` in the training part.
    """
    train = dataset.train
    seen = _digests(train.X)
    held = None if test is None else _digests(test.X)
    images = seen if held is None else np.concatenate([seen, held])
    labels = train.y if test is None else np.concatenate([train.y, test.y])
    return {
        "name": dataset.name,
        "title": dataset.title or dataset.name,
        "classes": list(dataset.classes),
        "image": list(train.X.shape[1:]),
        "train": len(train),
        "test": len(dataset.test),
        "fingerprint": dataset.fingerprint,
        "counts": {
            "train": _counts(train, len(dataset.classes)),
            "test": None if test is None else _counts(test, len(dataset.classes)),
        },
        "duplicates": {
            "within_train": len(seen) - len(np.unique(seen)),
            "within_test": None if held is None else len(held) - len(np.unique(held)),
            "across": None if held is None else int(np.isin(held, seen).sum()),
            "conflicting_labels": _conflicts(images, labels),
        },
        "framing": "" if dataset.choice is None else str(dataset.choice),
        "homepage": dataset.homepage,
        "licence": dataset.licence,
        "note": dataset.note,
    }


def _digests(X: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """64 bits of BLAKE2b per image: among a million images two differing ones collide with a chance of 3e-8."""
    rows = np.ascontiguousarray(X).reshape(len(X), -1)
    return np.frombuffer(b"".join(hashlib.blake2b(row.data, digest_size=8).digest() for row in rows), np.uint64)


def _counts(images: Images, classes: int) -> list[int]:
    return np.bincount(images.y, minlength=classes).tolist()


def _conflicts(images: NDArray[np.uint64], labels: NDArray[np.int64]) -> int:
    order = np.lexsort((labels, images))
    image, label = images[order], labels[order]
    changes = (image[1:] == image[:-1]) & (label[1:] != label[:-1])
    return len(np.unique(image[1:][changes]))
