"""KMNIST: 60,000 + 10,000 handwritten Japanese characters, 28 × 28, grey, ten classes (https://arxiv.org/abs/1812.01718).

A class is a syllable, named by its Latin letters; it may be written in quite different ways. The files are named as those of
MNIST, so keep them in a folder of their own. Checksums are those of the ``.gz`` files (as in TensorFlow Datasets);
none is known of what is in them.
"""

from __future__ import annotations

from functools import partial

from benchmarks.data.formats.idx import read_official
from benchmarks.data.store.recipe import File, Source

DIGESTS = {
    "train-images-idx3-ubyte.gz": "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
    "train-labels-idx1-ubyte.gz": "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
    "t10k-images-idx3-ubyte.gz": "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
    "t10k-labels-idx1-ubyte.gz": "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
}

kmnist = Source(
    title="KMNIST",
    homepage="http://codh.rois.ac.jp/kmnist/",
    licence="CC BY-SA 4.0",
    read=partial(read_official, classes=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")),
    files=tuple(File(name, digest) for name, digest in DIGESTS.items()),
    folders=("KMNIST/raw",),
    mirrors=("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
)
