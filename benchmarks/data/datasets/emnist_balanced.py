"""EMNIST Balanced: 112,800 + 18,800 handwritten digits and letters, 28 × 28, grey, 47 classes (Cohen et al., 2017).

The letters c i j k l m o p s u v w x y z look alike large and small, so both are one class, named by the capital. The images
are stored lying on their side; here they stand upright. Read are the idx files, packed or not, the official ``gzip.zip``
with all of EMNIST as it is, or Kaggle's two CSV files, which have no header. Checksums are those of the zip file (as in
TensorFlow Datasets) and of the ``.gz`` files in it; of unpacked files and of the CSV files none is known.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.data.formats import idx, kaggle_csv
from benchmarks.data.formats.arrays import LabelledArrays, assemble
from benchmarks.data.store.recipe import Contents, File, Source
from benchmarks.errors import UserError

# The characters of emnist-balanced-mapping.txt, by label.
CLASSES = tuple("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt")
SIZES = (112_800, 18_800)
DIGESTS = {
    "emnist-balanced-train-images-idx3-ubyte.gz": "74295e75e4e9fa2c102147460ee7eb763653d5132d883a84fb88932bfb8d2db4",
    "emnist-balanced-train-labels-idx1-ubyte.gz": "b46d41e5156a0a8aaaa4d18979fdd1588850fa8571018acffd5d93b325a7d6ed",
    "emnist-balanced-test-images-idx3-ubyte.gz": "117fc12b015e37ea98bfb2cbba3f77c3782c056cdbd219b87abfc8661d7135db",
    "emnist-balanced-test-labels-idx1-ubyte.gz": "a67cac948379b67270b9a4d0a01c8ec661598accf2f2b1964340b7c83cb175cd",
}
ZIP = File("gzip.zip", "fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e")
CSV = (File("emnist-balanced-train.csv"), File("emnist-balanced-test.csv"))


def _read(paths: Mapping[str, Path]) -> Contents:
    if ZIP.name in paths:
        try:
            with zipfile.ZipFile(paths[ZIP.name]) as archive:
                train, test = _idx_parts({name: zipfile.Path(archive, f"gzip/{name}") for name in DIGESTS})
        except (zipfile.BadZipFile, OSError) as error:
            raise UserError(f"{paths[ZIP.name]} is damaged or was cut off ({error}): get it again.") from error
    elif CSV[0].name in paths:
        train, test = (_upright(kaggle_csv.read_labelled(paths[file.name], named=False)) for file in CSV)
    else:
        train, test = _idx_parts(paths)
    sizes = len(train.X), len(test.X)
    note = (
        "" if sizes == SIZES else f"These are {sizes[0]:,} + {sizes[1]:,} images; EMNIST Balanced has 112,800 + 18,800."
    )
    return assemble(train, test, CLASSES, note=note)


def _idx_parts(files: Mapping[str, Path] | Mapping[str, zipfile.Path]) -> tuple[LabelledArrays, LabelledArrays]:
    train_images, train_labels, test_images, test_labels = (files[name] for name in DIGESTS)
    return (
        idx.read_labelled(train_images, train_labels, transpose=True),
        idx.read_labelled(test_images, test_labels, transpose=True),
    )


def _upright(part: LabelledArrays) -> LabelledArrays:
    return replace(part, X=np.ascontiguousarray(part.X.transpose(0, 2, 1, 3)))


emnist_balanced = Source(
    title="EMNIST Balanced",
    homepage="https://www.nist.gov/itl/products-and-services/emnist-dataset",
    licence="public domain (derived from NIST Special Database 19)",
    read=_read,
    files=tuple(File(name, digest) for name, digest in DIGESTS.items()),
    alternatives=((ZIP,), CSV),
    folders=("emnist-balanced/gzip", "emnist", "emnist/gzip", "EMNIST/raw", "gzip"),
    mirrors=("https://biometrics.nist.gov/cs_links/EMNIST/", "https://www.itl.nist.gov/iaui/vip/cs_links/EMNIST/"),
    archive=ZIP,
)
