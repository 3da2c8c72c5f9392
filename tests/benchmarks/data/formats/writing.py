"""Writes small files of each format."""

import csv
import gzip
import io
import struct

import numpy as np
from PIL import Image

CODES = {"uint8": 0x08, "int8": 0x09, "int16": 0x0B, "int32": 0x0C, "float32": 0x0D, "float64": 0x0E}


def idx_bytes(array):
    head = struct.pack(f">HBB{array.ndim}I", 0, CODES[array.dtype.name], array.ndim, *array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def write_idx_set(where, prefix="", test="t10k", gz=""):
    rng = np.random.default_rng(0)
    for part, n in (("train", 20), (test, 10)):
        for name, array in (
            ("images-idx3-ubyte", rng.integers(0, 256, (n, 4, 5), np.uint8)),
            ("labels-idx1-ubyte", np.arange(n, dtype=np.uint8) % 2),
        ):
            data = idx_bytes(array)
            (where / f"{prefix}{part}-{name}{gz}").write_bytes(gzip.compress(data) if gz else data)


def write_csv(path, X, labels=None, names=None):
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow([*(["label"] if labels is not None else []), *(names or [f"pixel{i}" for i in range(X.shape[1])])])
    for i, row in enumerate(X.tolist()):
        rows.writerow([*([labels[i]] if labels is not None else []), *row])
    data = out.getvalue().encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def write_images(where, classes, sizes=((8, 6),), mode="L", n=5):
    rng = np.random.default_rng(0)
    for name in classes:
        (where / name).mkdir(parents=True)
        for i in range(n):
            height, width = sizes[i % len(sizes)]
            pixels = rng.integers(0, 256, (height, width) if mode == "L" else (height, width, 3), np.uint8)
            Image.fromarray(pixels).save(where / name / f"{i}.png")
