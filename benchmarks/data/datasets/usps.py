"""USPS: 7,291 + 2,007 digits from US mail, 16 × 16, grey, white on black, ten classes (Hull, 1994).

Read from ``usps.npz``: ``train_images``, ``test_images`` (n, 16, 16) float32 within 0 … 1, ``train_labels``,
``test_labels``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from benchmarks.data.formats import npz
from benchmarks.data.formats.arrays import assemble
from benchmarks.data.store.recipe import Contents, File, Source


def _read(paths: Mapping[str, Path]) -> Contents:
    return assemble(*npz.read_train_and_test(paths["usps.npz"]), classes=tuple("0123456789"))


usps = Source(
    title="USPS",
    homepage="https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass.html#usps",
    licence="none stated",
    read=_read,
    files=(File("usps.npz"),),
    obtain="get usps.bz2 and usps.t.bz2 from https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass.html "
    "and save them as usps.npz: train_images and test_images, 16 × 16 within 0 … 1, train_labels and test_labels",
)
