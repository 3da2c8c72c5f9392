"""Files made to harm: each ends in one line that names it, soon, and without the memory it asks for."""

import gzip
import io
import os
import re
import shutil
import struct
import time
import zipfile

import numpy as np
import pytest

from benchmarks.data import datasets
from benchmarks.data.formats import bounds, folder
from benchmarks.data.reading import Reading
from benchmarks.errors import UserError
from tests.benchmarks.data.formats.writing import write_images

LABELS = np.arange(10) % 2


def npy(array):
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def header(shape, kind="|u1"):
    """An .npy file that announces `shape` and holds nothing."""
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"shape": shape, "fortran_order": False, "descr": kind})
    return out.getvalue()


def npz(path, x, y=npy(LABELS)):  # noqa: B008
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", x)
        archive.writestr("y.npy", y)


def idx(path, dimensions, data=b""):
    head = bytes([0, 0, 8, len(dimensions)]) + b"".join(struct.pack(">I", n) for n in dimensions)
    path.write_bytes(head + data)
    for name in ("train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
        path.with_name(name).write_bytes(b"\0\0\x08\x01\0\0\0\x02\0\1")


TRAIN = "train-images-idx3-ubyte"
PIXELS = npy(np.zeros((10, 2, 2), np.uint8))
MILLIONS = 30_000_000
HOSTILE = {
    "a shape beyond all memory": ("a.npz", lambda f: npz(f, header((10**12, 28, 28))), "has fewer values than its shape"),
    "a shape that overflows": ("a.npz", lambda f: npz(f, header((10, 10**18, 10**18))), "has fewer values"),
    "a negative shape": ("a.npz", lambda f: npz(f, header((-1, 28, 28))), "not a readable NumPy archive"),
    "pickled objects": ("a.npz", lambda f: npz(f, header((10,), "|O") + b"cos\nsystem\n(S'id'\ntR."), "allow_pickle"),
    "an archive that unpacks to more than fits": ("a.npz", lambda f: npz(f, npy(np.zeros(MILLIONS, np.uint8))), "GB of"),
    "one pixel that is no number": ("a.npz", lambda f: npz(f, npy(np.r_[np.zeros(39), np.nan].reshape(10, 2, 2))), "nan"),
    "labels beyond int64": ("a.npz", lambda f: npz(f, PIXELS, npy(np.uint64(2**63) + LABELS.astype(np.uint64))), "at most"),
    "a label with a line break": ("a.npz", lambda f: npz(f, PIXELS, npy(np.array(["a\nb", "c"] * 5))), r"'a\\nb'"),
    "a header beyond all memory": (TRAIN, lambda f: idx(f, (2**32 - 1,) * 3), "GB of memory"),
    "a header beyond the file": (TRAIN, lambda f: idx(f, (10, 28, 28), b"x"), "has only 1 bytes of them"),
    "more dimensions than an array has": (TRAIN, lambda f: idx(f, (1,) * 255, b"x"), "not an idx file"),
    "more behind a header than fits": (TRAIN, lambda f: idx(f, (2, 2, 2), bytes(MILLIONS)), "goes on after them"),
    "a line without end": ("a.csv.gz", lambda f: f.write_bytes(gzip.compress(b"label,pixel0\n" + b"1" * MILLIONS)), "line 2"),
    "lines without end": ("a.csv.gz", lambda f: f.write_bytes(gzip.compress(b"label,pixel0\n" * 5_000_000)), "GB of memory"),
    "a huge label": ("a.csv", lambda f: f.write_text("label,pixel0\n" + "1" * 300_000 + ",2\n1,2\n"), "line 2: field larger"),
    "a quote that is never closed": ("a.csv", lambda f: f.write_text('label,pixel0\n"' + "1,2\n" * 99_999), "field larger"),
    "a deep TOML file": ("a.toml", lambda f: f.write_text("a = " + "[" * 40_000), "is not TOML"),
    "a long TOML file": ("a.toml", lambda f: f.write_text("#" * 100_000), "not a description"),
    "a description that names a device": (
        "a.toml", lambda f: f.write_text('format = "csv"\ntrain = {file = "/dev/zero"}'), "is not there",
    ),
    "a pipe": ("a.csv", os.mkfifo, "neither a file nor a folder"),
    "a name too long for a file": ("a" * 300 + ".csv", lambda f: None, "File name too long"),
    "a name with a line break": ("a\nb.csv", lambda f: f.write_text("label,pixel0\n0,1\n1,2\n"), r"a\\nb\.csv has characters"),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_file_ends_in_one_line_that_names_it(tmp_path, monkeypatch, what):
    name, write, words = HOSTILE[what]
    monkeypatch.setattr(bounds, "most_bytes", lambda: 20_000_000)
    write(tmp_path / name)
    began = time.perf_counter()
    with pytest.raises(UserError, match=words) as error:
        datasets.load(tmp_path / name)
    assert time.perf_counter() - began < 5
    assert "\n" not in str(error.value)
    assert "A class" in str(error.value) or str(tmp_path) in str(error.value)


def link_to_itself(path):
    (path / "a" / "x.png").symlink_to("x.png")


def pipe(path):
    os.mkfifo(path / "a" / "x.png")


def file_with_a_line_break(path):
    (path / "a" / "x\ny.png").write_bytes(b"x")


def class_that_is_not_utf8(path):
    (path / "a").rename(path / os.fsdecode(b"\xff"))


def link_that_leads_nowhere(path):
    (path / "a" / "x.png").symlink_to("gone.png")


def file_that_is_not_utf8(path):
    (path / "a" / os.fsdecode(b"x\xff.png")).write_bytes(b"x")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (link_to_itself, r"left out: a/x\.png\. .*/a/x\.png is a link that leads nowhere"),
        (link_that_leads_nowhere, r"left out: a/x\.png\. .*/a/x\.png is a link that leads nowhere"),
        (pipe, r"left out: a/x\.png\. .*/a/x\.png is no file"),
        (file_with_a_line_break, r"a/x\\ny\.png is not a readable image"),
        (file_that_is_not_utf8, r"left out: a/x\\udcff\.png\. "),
    ],
)
def test_a_hostile_file_in_a_folder_is_left_out_and_named_in_one_line(tmp_path, change, words):
    write_images(tmp_path / "set", ["a", "b"])
    change(tmp_path / "set")
    data = datasets.load(tmp_path / "set")
    assert re.search(words, data.note) and data.note.isprintable()
    assert len(data.train) + len(data.test) == 10


def test_a_class_whose_name_is_not_utf8_is_refused(tmp_path):
    write_images(tmp_path / "set", ["a", "b"])
    class_that_is_not_utf8(tmp_path / "set")
    with pytest.raises(UserError, match=r"A class is called '\\udcff'"):
        datasets.load(tmp_path / "set")


def test_a_folder_that_cannot_be_looked_into_ends_in_one_line(tmp_path, monkeypatch):
    write_images(tmp_path / "set", ["a", "b"])
    scan = os.scandir

    def refused(path="."):  # The superuser may look into every folder.
        if str(path).endswith("/b"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(UserError, match=r"Cannot look into .*set/b \(Permission denied\)"):
        datasets.load(tmp_path / "set")


def test_a_link_that_is_mended_is_read(tmp_path):
    write_images(tmp_path / "set", ["a", "b"])
    link_that_leads_nowhere(tmp_path / "set")
    assert len(datasets.load(tmp_path / "set").train) == 8
    shutil.copy(tmp_path / "set" / "a" / "0.png", tmp_path / "set" / "a" / "gone.png")
    data = datasets.load(tmp_path / "set")
    assert len(data.train) + len(data.test) == 12 and not data.note.startswith("1 of")


def test_images_that_are_made_larger_must_fit_into_memory(tmp_path):
    write_images(tmp_path / "set", ["a", "b"])
    text = 'format = "folder"\nimage = [9999999, 9999999]\ntrain = {folder = "set"}'
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(UserError, match="GB of memory"):
        datasets.load(tmp_path / "a.toml")


def test_a_file_cannot_name_a_data_set_that_leads_out_of_its_folder(tmp_path):
    (tmp_path / "...csv").write_text("label,pixel0\n" + "0,1\n1,2\n" * 5)
    assert datasets.load(tmp_path / "...csv").name == "...csv"


def test_the_pixels_of_a_row_must_make_the_image_that_is_described(tmp_path):
    (tmp_path / "a.csv").write_text("label,pixel0,pixel1,pixel2,pixel3\n" + "0,1,2,3,4\n1,2,3,4,5\n" * 5)
    (tmp_path / "a.toml").write_text('format = "csv"\nimage = [3, 3]\ntrain = {file = "a.csv"}')
    with pytest.raises(UserError, match="has 4 pixels in a row, but an image of 3 × 3 has 9"):
        datasets.load(tmp_path / "a.toml")


def test_a_regular_expression_that_would_take_for_ever_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "PATIENCE", 0.2)
    write_images(tmp_path / "set", ["a" * 40, "b"])
    with pytest.raises(UserError, match=r"takes more than 0\.2 s"):
        datasets.load(tmp_path / "set", reading=Reading("(a+)+$"))
