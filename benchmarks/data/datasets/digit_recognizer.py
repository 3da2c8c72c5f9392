"""Kaggle's "Digit Recognizer": 42,000 labelled and 28,000 unlabelled handwritten digits, 28 × 28, grey, white on black.

The competition keeps the labels of ``test.csv``, so a stratified, seeded 10 % of ``train.csv`` (4,200 images) is
the sealed test and the other 37,800 are the training part. `Dataset.unlabelled` reads the 28,000 images of
``test.csv`` in the order of their ``ImageId``, which counts from 1.

For a submission the model is fitted once more on all 42,000 images, after the final evaluation: concatenate
``dataset.train`` with ``dataset.test.open()``. Nothing else may be added: the images are those of MNIST in another
order, so MNIST contains the competition's answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from benchmarks.data.formats import kaggle_csv
from benchmarks.data.images import Images
from benchmarks.data.split import split
from benchmarks.data.store.recipe import Contents, File, Source


def _read(paths: Mapping[str, Path]) -> Contents:
    part = kaggle_csv.read_labelled(paths["train.csv"])
    unlabelled = kaggle_csv.read_unlabelled(paths["test.csv"])
    X, y = part.X, part.labels
    fit, test = split(y, 0.1, seed=0)
    return Contents(Images(X[fit], y[fit]), Images(X[test], y[test]), tuple("0123456789"), unlabelled)


digit_recognizer = Source(
    title="Digit Recognizer (Kaggle)",
    homepage="https://www.kaggle.com/competitions/digit-recognizer/data; a stratified 10 % of train.csv is the test",
    licence="CC BY-SA 3.0",
    read=_read,
    files=(File("train.csv"), File("test.csv")),
    obtain="get train.csv and test.csv from https://www.kaggle.com/competitions/digit-recognizer/data (it needs an "
    "account; `kaggle competitions download -c digit-recognizer`), unpack them into a folder digit-recognizer",
)
