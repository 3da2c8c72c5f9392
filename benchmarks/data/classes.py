"""What is said of the classes of a data set: how many images each has, and which names look like one, misspelt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from benchmarks.data.images import Dataset
from benchmarks.safety.names import shortened

LISTED = 10  # classes that are named with their counts; of more the number is told
LONGEST = 40  # characters of a name in a note
TOLD = 3  # pairs of names in a note
RARE = 4  # times as many images has the class that a misspelt one may belong to
LETTERS, LETTERS_OF_EDITED = 3, 4  # that names need, and where one differs: cat and car are two words
PART = re.compile(r"[^\W\d_]+|\d+")  # a word, or a number
MOST = 1_000  # classes among which misspelt names are looked for: every two are compared


def classes_told(dataset: Dataset) -> str:
    """How many training images and classes there are, and, of a few classes, their names with the images of each."""
    count = len(dataset.classes)
    told = f"{len(dataset.train):,} training images of {count:,} classes"
    if count > LISTED:
        return told
    images = np.bincount(dataset.train.y, minlength=count)
    return f"{told}: " + ", ".join(
        f"{shortened(name, LONGEST)} ({number:,})" for name, number in zip(dataset.classes, images, strict=True)
    )


def alike_told(names: Sequence[str], images: Sequence[int]) -> str:
    """A note on classes whose names are equal but for case and spaces, or nearly so where one is rare; "" if there are none.

    Numbers and single letters tell classes apart: Sample001 and Sample002 are two, and so are grade a and grade b.
    """
    pairs: list[tuple[int, int]] = []
    if len(names) <= MOST:
        parts = [PART.findall(name.casefold()) for name in names]
        whole = ["".join(words) for words in parts]
        for a, b in combinations(range(len(names)), 2):
            rare = RARE * min(images[a], images[b]) < max(images[a], images[b])
            same = whole[a] == whole[b] and sum(map(str.isalpha, whole[a])) >= LETTERS
            if same or (rare and _are_nearly_same(parts[a], parts[b])):
                pairs.append((a, b))
    if not pairs:
        return ""
    told = [
        f"{shortened(names[a], LONGEST)!r} ({images[a]:,} images) and {shortened(names[b], LONGEST)!r} ({images[b]:,})"
        for a, b in pairs[:TOLD]
    ]
    more = f", and {len(pairs) - TOLD:,} more pairs" if len(pairs) > TOLD else ""
    return f"Classes have nearly the same name: {'; '.join(told)}{more}. If they are one class, give it one name."


def _are_nearly_same(a: Sequence[str], b: Sequence[str]) -> bool:
    """Whether one word of two names differs, by one letter or by two that changed places."""
    if len(a) != len(b):
        return False
    differing = [words for words in zip(a, b, strict=True) if words[0] != words[1]]
    return len(differing) == 1 and _is_slip(*differing[0])


def _is_slip(a: str, b: str) -> bool:
    """Whether one word is the other with one letter more, less or changed, or two that changed places."""
    if not (a + b).isalpha() or abs(len(a) - len(b)) > 1 or max(len(a), len(b)) < LETTERS:
        return False
    start = _shared(a, b)
    a, b, longest = a[start:], b[start:], max(len(a), len(b))
    end = _shared(a[::-1], b[::-1])
    a, b = a[: len(a) - end], b[: len(b) - end]
    if len(a) == len(b) == 2:
        return a == b[::-1]
    return max(len(a), len(b)) == 1 and longest >= LETTERS_OF_EDITED


def _shared(a: str, b: str) -> int:
    """How many letters two words have in common from the beginning."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
