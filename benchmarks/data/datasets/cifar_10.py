"""CIFAR-10: 50,000 + 10,000 photographs, 32 × 32, RGB, ten classes (Krizhevsky, 2009); the official binary version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.data.formats.compressed import opened
from benchmarks.data.images import Images
from benchmarks.data.store.recipe import Contents, File, Source
from benchmarks.errors import UserError

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
DIGESTS = {
    "data_batch_1.bin": "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
    "data_batch_2.bin": "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
    "data_batch_3.bin": "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
    "data_batch_4.bin": "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
    "data_batch_5.bin": "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
    "test_batch.bin": "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
}


def _images(paths: Sequence[Path]) -> Images:
    """A record is the label and 32 × 32 bytes of red, of green and of blue."""
    batches = []
    for path in paths:
        with opened(path) as stream:
            data = np.frombuffer(stream.read(), np.uint8)
        if not len(data) or len(data) % 3073:
            raise UserError(
                f"{path} has {len(data)} bytes, which is no multiple of 3073: it was cut off, get it again."
            )
        batches.append(data.reshape(-1, 3073))
    rows = np.concatenate(batches)
    X = rows[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return Images(np.ascontiguousarray(X), rows[:, 0].astype(np.int64))


def _read(paths: Mapping[str, Path]) -> Contents:
    *train, test = (paths[name] for name in DIGESTS)
    return Contents(_images(train), _images([test]), CLASSES)


def of_classes(classes: Sequence[str]) -> Source:
    """The part of CIFAR-10 that shows some of its classes, as a data set; they are numbered anew."""
    labels = np.array([classes.index(name) if name in classes else -1 for name in CLASSES])

    def part(images: Images) -> Images:
        rows = np.flatnonzero(labels[images.y] >= 0)
        return Images(np.ascontiguousarray(images.X[rows]), labels[images.y[rows]].astype(np.int64))

    def read(paths: Mapping[str, Path]) -> Contents:
        whole = _read(paths)
        return Contents(part(whole.train), part(whole.test), tuple(classes))

    folders = ("cifar-10", *cifar_10.folders)
    return replace(cifar_10, title=f"CIFAR-10, {len(classes)} classes", read=read, folders=folders)


cifar_10 = Source(
    title="CIFAR-10",
    homepage="https://www.cs.toronto.edu/~kriz/cifar.html",
    licence="none stated",
    read=_read,
    files=tuple(File(name, digest) for name, digest in DIGESTS.items()),
    folders=("cifar-10-batches-bin", "cifar-10/cifar-10-batches-bin"),
    mirrors=("https://www.cs.toronto.edu/~kriz/",),
    archive=File("cifar-10-binary.tar.gz", "md5:c32a1d4ab5d03f1284b67883e8d87530"),
)
