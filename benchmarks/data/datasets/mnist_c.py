"""MNIST-C: MNIST's test part under 15 corruptions, one strength each, 28 × 28, grey, ten classes (Mu and Gilmer, 2019).

As a data set: the training part is MNIST's, uncorrupted, and in the test part each of MNIST's 10,000 test digits is shown
once, under one of the 15 corruptions in turn. So accuracy estimates the mean over all corruptions, and the images are
independent of each other, as intervals and tests take them to be; all 150,000 would be each digit 15 times.

For a study of each corruption under one fit, `corrupted` reads all 10,000 images of one, in the order of MNIST's test part.

Read is the official folder ``mnist_c/<corruption>/{train,test}_{images,labels}.npy``; of the training parts that of
``identity`` alone. The checksum is that of the zip file; none is known of the files in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.data.formats import npy
from benchmarks.data.formats.arrays import LabelledArrays, assemble
from benchmarks.data.images import Images
from benchmarks.data.store.recipe import Contents, File, Source
from benchmarks.errors import Unavailable, UserError, unknown

CORRUPTIONS = (
    "shot_noise", "impulse_noise", "glass_blur", "motion_blur", "shear", "scale", "rotate", "brightness", "translate",
    "stripe", "fog", "spatter", "dotted_line", "zigzag", "canny_edges",
)  # fmt: skip
SIZES = (60_000, 10_000)


def corrupted(corruption: str, data_dir: Path | None = None) -> Images:
    """The official test part under one corruption, all images in the order of MNIST's test part, memory-mapped.

    Parameters
    ----------
    corruption : one of `CORRUPTIONS`.
    data_dir : as for `benchmarks.data.datasets.load`; nothing is downloaded.

    Raises
    ------
    Unavailable
        If the official folder is not on this machine.
    UserError
        If there is no such corruption, or its files are damaged.
    """
    from benchmarks.data import datasets

    if corruption not in CORRUPTIONS:
        raise unknown("corruption", corruption, CORRUPTIONS)
    paths = datasets.find("mnist-c", data_dir)
    if not paths:
        raise Unavailable("The official folder mnist_c is not on this machine: name its place with CROSSOVER_DATA.")
    part = _part(paths, corruption, "test")
    return Images(part.X, part.labels)


def _part(paths: Mapping[str, Path], corruption: str, part: str) -> LabelledArrays:
    return npy.read_labelled(paths[f"{corruption}/{part}_images.npy"], paths[f"{corruption}/{part}_labels.npy"])


def _read(paths: Mapping[str, Path]) -> Contents:
    train = _part(paths, "identity", "train")
    parts = [_part(paths, corruption, "test") for corruption in CORRUPTIONS]
    first = parts[0]
    for part in parts:
        if part.X.shape != first.X.shape or not np.array_equal(part.labels, first.labels):
            raise UserError(f"{part.path} and {first.path} differ: under every corruption the digits must be the same.")
    X, turn = first.X.copy(), np.arange(len(first.X)) % len(CORRUPTIONS)
    for number, part in enumerate(parts):
        X[turn == number] = part.X[turn == number]
    note = "Each test digit is shown once, under one of 15 corruptions in turn: accuracy estimates the mean over them."
    if (len(train.X), len(X)) != SIZES:
        note += f" These are {len(train.X):,} + {len(X):,} images; MNIST has 60,000 + 10,000."
    return assemble(train, LabelledArrays(X, first.labels, first.path), tuple("0123456789"), note=note)


mnist_c = Source(
    title="MNIST-C",
    homepage="https://github.com/google-research/mnist-c",
    licence="CC BY 4.0",
    read=_read,
    files=tuple(
        File(f"{corruption}/{part}_{what}.npy")
        for corruption, part in [("identity", "train"), *((corruption, "test") for corruption in CORRUPTIONS)]
        for what in ("images", "labels")
    ),
    folders=("mnist_c", "mnist-c/mnist_c"),
    mirrors=("https://zenodo.org/record/3239543/files/",),
    archive=File("mnist_c.zip", "af9ee8c6a815870c7fdde5af84c7bf8db0bcfa1f41056db83871037fba70e493"),
)
