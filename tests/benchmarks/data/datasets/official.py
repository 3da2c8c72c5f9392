"""Small files of exactly the formats in which the registered data sets are handed out."""

import gzip
import zipfile

import numpy as np
from scipy.io import savemat

from benchmarks.data.datasets.mnist_c import CORRUPTIONS
from tests.benchmarks.data.formats.writing import idx_bytes, write_csv

EMNIST = [
    f"emnist-balanced-{part}-{what}-ubyte.gz" for part in ("train", "test") for what in ("images-idx3", "labels-idx1")
]


def images(n, classes=10, shape=(28, 28), seed=0):
    """uint8 (n, *shape) with all values, no two images alike, and labels uint8 (n,) with all classes."""
    X = np.random.default_rng(seed).integers(0, 256, (n, *shape), np.uint8)
    X[:, 0, 0], X[:, 0, 1] = 0, 255
    return X, (np.arange(n) % classes).astype(np.uint8)


def idx(where, names, classes=10):
    """Four idx files; returns what is in them."""
    arrays = [*images(4 * classes, classes), *images(2 * classes, classes, seed=1)]
    for name, array in zip(names, arrays, strict=True):
        data = idx_bytes(array)
        (where / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return arrays


def mnist(where):
    return idx(where, [f"{p}-{w}-ubyte.gz" for p in ("train", "t10k") for w in ("images-idx3", "labels-idx1")])


def emnist(where):
    return idx(where, EMNIST, classes=47)


def emnist_zip(where):
    arrays = emnist(where)
    with zipfile.ZipFile(where / "gzip.zip", "w") as archive:
        archive.writestr("gzip/", "")
        for name in EMNIST:
            archive.write(where / name, f"gzip/{name}")
            (where / name).unlink()
    return arrays


def emnist_csv(where):
    arrays = emnist(where)
    for (X, y), part in zip((arrays[:2], arrays[2:]), ("train", "test"), strict=True):
        rows = np.column_stack([y, X.reshape(len(X), -1)])
        text = "\n".join(",".join(map(str, row)) for row in rows.tolist())
        (where / f"emnist-balanced-{part}.csv").write_text(text + "\n")
    for name in EMNIST:
        (where / name).unlink()
    return arrays


def svhn(where):
    arrays = []
    for part, n in (("train", 40), ("test", 20)):
        X, y = images(n, shape=(32, 32, 3), seed=n)
        mat(where / f"{part}_32x32.mat", X, y)
        arrays += [X, y]
    return arrays


def mat(path, X, digits):
    """One part of SVHN, of images (n, 32, 32, 3) and digits."""
    y = np.where(digits == 0, 10, digits).astype(np.uint8)[:, np.newaxis]
    savemat(path, {"X": X.transpose(1, 2, 3, 0), "y": y}, do_compression=True)


def mnist_c(where, n=60):
    """All 16 folders; image i of corruption k has the value k in its corner (1, 1)."""
    X, y = images(n)
    T, t = images(2 * n, seed=1)
    for number, name in enumerate([*CORRUPTIONS, "identity"]):
        (where / name).mkdir()
        changed = X.copy()
        changed[:, 1, 1] = number
        for part, pixels, labels in (("test", changed, y), ("train", T, t)):
            np.save(where / name / f"{part}_images.npy", pixels[..., np.newaxis])
            np.save(where / name / f"{part}_labels.npy", labels.astype(np.int64))
    return T, t, X, y


def cifar_10(where):
    for name in [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]:
        X, y = images(20, shape=(3, 32, 32))
        (where / name).write_bytes(np.column_stack([y, X.reshape(20, -1)]).tobytes())


def usps(where):
    (train, y), (test, t) = images(40, shape=(16, 16)), images(20, shape=(16, 16), seed=1)
    named = {"train_images": train, "train_labels": y, "test_images": test, "test_labels": t}
    np.savez(where / "usps.npz", **{k: v / np.float32(255) if v.ndim == 3 else v for k, v in named.items()})


def digit_recognizer(where):
    X, y = images(200)
    write_csv(where / "train.csv", X.reshape(200, -1), y)
    write_csv(where / "test.csv", X[:7].reshape(7, -1))


WRITERS = {
    "cifar-10": cifar_10,
    "cifar-10-animals": cifar_10,
    "cifar-10-vehicles": cifar_10,
    "digit-recognizer": digit_recognizer,
    "digits": lambda where: None,
    "emnist-balanced": emnist,
    "fashion-mnist": mnist,
    "kmnist": mnist,
    "mnist": mnist,
    "mnist-c": mnist_c,
    "svhn": svhn,
    "usps": usps,
}
