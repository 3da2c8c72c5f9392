"""Inputs that a person, a download or a colleague may hand in: generators, one for each kind. All are the same every time."""

from __future__ import annotations

import functools
import gzip
import io
import json
import os
import shutil
import socket
import sqlite3
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.data import datasets
from tests.benchmarks.data.formats.writing import write_idx_set, write_images
from tests.hostile.door import STARTED

Make = Callable[[Path, Mapping[str, Path]], list[str]]


@dataclass(frozen=True)
class Case:
    """An input.

    Parameters
    ----------
    make : writes what it takes into a folder, and returns the arguments of the command; it may use ready-made things by name.
    codes : with which it may end.
    words : what it says, a regular expression.
    first : whether it is among those that are tried at every `make test`.
    environment : variables.
    """

    kind: str
    name: str
    make: Make
    codes: tuple[int, ...] = (2,)
    words: str = ""
    first: bool = False
    environment: tuple[tuple[str, str], ...] = ()

    @property
    def id(self) -> str:
        return f"{self.kind}: {self.name}"

    @property
    def quick(self) -> bool:
        """Some of all, always the same, and those that were found first."""
        return self.first or zlib.crc32(self.id.encode()) % (16 if self.kind == "run folder" else 8) == 0


RUN = ["--estimators", "logistic_regression", "--budget", "1 trials"]
NAMES = {
    "up": "../up", "far up": "../../UP", "absolute": "/abs", "dot": ".", "dots": "..", "empty": "", "space": " ",
    "a null": "a\0b", "a line break": "a\nb", "colours": "\x1b[31mred\x1b[0m", "a title": "\x1b]0;owned\x07", "turned round": "abc\u202egnp.exe",
    "half a character": "\ud800", "of 250 characters": "x" * 250, "of 5,000 characters": "x" * 5000, "zero width": "a\u200bb",
    "a device": "NUL", "backslashes": "..\\up", "script": "<script>alert(1)</script>", "a formula": "=1+1", "a pipe": "|ls",
    "a bell": "\a", "a tab": "a\tb", "an option": "--help", "a format": "%s%n{0}", "markup": "[red]x[/]", "a return": "a\rb",
}  # fmt: skip


# --- Images ---------------------------------------------------------------------------------------------------------


@functools.cache
def picture(kind: str) -> bytes:
    """A good picture of a format, as Pillow names it."""
    out = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (12, 10, 3), np.uint8)
    image = Image.fromarray(pixels)
    (image.convert("P") if kind == "GIF" else image).save(out, format=kind)
    return out.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(
    width: int, height: int, depth: int = 8, colours: int = 0, data: bytes = b"\0" * 1_000_000, extra: bytes = b""
) -> bytes:
    """A PNG whose header says what it likes."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + extra + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def tiff(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, format="TIFF")
    return out.getvalue()


def pictures() -> Iterator[tuple[str, bytes]]:
    """Broken pictures by name."""
    for kind in ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM"):
        whole, rng = picture(kind), np.random.default_rng(len(kind))
        for length in (1, 8, 20, len(whole) // 3, len(whole) - 3):
            yield f"{kind} cut off after {length} bytes", whole[:length]
        for number in range(9):
            broken = bytearray(whole)
            for place in rng.integers(0, min(len(whole), 60 if number < 5 else len(whole)), 1 + number % 4):
                broken[place] = int(rng.integers(0, 256))
            yield f"{kind} with other bytes, {number}", bytes(broken)
        yield f"{kind} twice", whole + whole
        yield f"{kind} with a megabyte behind it", whole + bytes(1 << 20)
    for width, height in ((60_000, 60_000), (2**31 - 1, 1), (1, 2**31 - 1), (0, 5), (5, 0), (9_500, 9_500)):
        yield f"PNG of {width} x {height}", png(width, height)
    yield "PNG of 1 x 62000000", png(1, 62_000_000, data=bytes(124_000_000))
    yield "PNG of an unknown depth", png(4, 4, depth=7)
    yield "PNG of unknown colours", png(4, 4, colours=5)
    yield "PNG with a huge text", png(4, 4, extra=chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(80_000_000))))
    yield "PNG with a huge profile", png(4, 4, extra=chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(30_000_000))))
    yield "PNG palette that is missing", png(4, 4, colours=3)
    yield "TIFF of numbers that are none", tiff(np.full((5, 5), np.nan, np.float32))
    yield "TIFF of infinite numbers", tiff(np.full((5, 5), np.inf, np.float32))
    yield "PPM of a negative size", b"P6\n-5 5\n255\n" + bytes(75)
    yield "PPM of a huge size", b"P6\n99999999 99999999\n255\n"
    yield "PPM of a long number", b"P6\n" + b"9" * 5000 + b" 1\n255\n"
    yield "a PostScript program", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) run\n"
    yield "a zip archive", b"PK\x03\x04" + bytes(100)
    yield "an SVG", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    yield "nothing", b""
    yield "zeros", bytes(1000)
    yield "text", b"this is no picture\n" * 50


def special(path: Path, kind: str) -> None:
    """What is called like a file, and is none."""
    match kind:
        case "a pipe":
            os.mkfifo(path)
        case "a socket":
            with socket.socket(socket.AF_UNIX) as server, _inside(path.parent):
                server.bind(path.name)
        case "a folder":
            path.mkdir()
        case "a link to nothing":
            path.symlink_to("gone")
        case "a link to itself":
            path.symlink_to(path.name)
        case "a link to a device":
            path.symlink_to("/dev/zero")


class _inside:  # noqa: N801
    """The working folder for a moment: addresses of sockets are short."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> None:
        self.before = Path.cwd()
        os.chdir(self.folder)

    def __exit__(self, *_: object) -> None:
        os.chdir(self.before)


SPECIAL = ("a pipe", "a socket", "a folder", "a link to nothing", "a link to itself", "a link to a device")


def image_cases() -> Iterator[Case]:
    def labelled(data: bytes) -> Make:
        def make(folder: Path, ready: Mapping[str, Path]) -> list[str]:
            (folder / "x.png").write_bytes(data)
            return ["predict", str(ready["model"]), "x.png"]

        return make

    for name, data in pictures():
        yield Case("image", name, labelled(data), (0, 2), "x.png", name.startswith("TIFF of numbers"))

    def among(kind: str, given: str) -> Make:
        def make(folder: Path, ready: Mapping[str, Path]) -> list[str]:
            write_images(folder / "set", ["a", "b"], n=12)
            special(folder / "set" / "a" / "x.png", kind)
            return ["run", "set", *RUN, "--size", "8", "--frame", "whole"] if given == "run" else [
                "predict", str(ready["model"]), "set" if given == "predict" else f"set/a/x{Path(given).suffix}"
            ]  # fmt: skip

        return make

    for kind in SPECIAL:
        yield Case("image", f"{kind} in a folder", among(kind, "run"), words=STARTED, first=kind == "a pipe")
        yield Case("image", f"{kind} in a folder to label", among(kind, "predict"), (0,))
        yield Case(
            "image",
            f"{kind} to label",
            among(kind, "x.png"),
            (0, 2) if kind == "a folder" else (2,),
            first=kind == "a pipe",
        )

    def listed(data: bytes | str) -> Make:
        def make(folder: Path, ready: Mapping[str, Path]) -> list[str]:
            write_images(folder / "set", ["a", "b"], n=12)
            if isinstance(data, bytes):
                (folder / "set" / "split.csv").write_bytes(data)
            else:
                special(folder / "set" / "split.csv", data)
            return ["run", "set", *RUN, "--size", "8", "--frame", "whole"]

        return make

    for name, data in {
        "packed": gzip.compress(b"file,label,"), "a packed bomb": gzip.compress(b"file,label," + b"a" * 300_000_000, 1), "nothing": b"", "a null": b"file,label\na\0b.png,x\n",
        "a path of the system": b"file,label\n/etc/passwd,x\n", "a path that leads out": b"file,label\n../x.png,x\n", "no column of files": b"label\nx\n", "a long field": b"file,label\n" + b"a" * 200_000 + b",x\n",
        "an open quote": b'file,label\n"a,x\n', "bytes that are no text": b"file,label\n\xff.png,x\n", "an escape": b"file,label\na/\x1b[31m.png,x\n", "files that are not there": b"file,label\na/no.png,x\nb/no.png,y\n",
        "folders": b"file,label\na,x\nb,y\n", "a short line": b"file,label,split\na/0.png\n",
    }.items():  # fmt: skip
        yield Case(
            "image", f"a split.csv with {name}", listed(data), words=r"split\.csv", first=name == "a packed bomb"
        )
    for kind in SPECIAL:
        yield Case(
            "image", f"a split.csv that is {kind}", listed(kind), words=r"split\.csv", first=kind == "a link to nothing"
        )

    def named(name: str, data: bytes | None = None) -> Make:
        def make(folder: Path, ready: Mapping[str, Path]) -> list[str]:
            write_images(folder / "set", ["a", "b"], n=12)
            (folder / "set" / "a" / f"{name}.png").write_bytes(picture("PNG") if data is None else data)
            return ["predict", str(ready["model"]), "set"]

        return make

    def class_named(name: str) -> Make:
        def make(folder: Path, ready: Mapping[str, Path]) -> list[str]:
            write_images(folder / "set", ["a", name], n=12)
            return ["run", "set", *RUN, "--size", "8", "--frame", "whole"]

        return make

    possible = {
        what: name
        for what, name in NAMES.items()
        if name.strip(". ") and not set(name) & {"/", "\0"} and len(name) < 251
    }
    possible["not UTF-8"] = os.fsdecode(b"x\xff")
    possible["half a character"] = os.fsdecode(b"\xed\xa0\x80")
    for what, name in possible.items():
        yield Case("image", f"a good file called {what}", named(name), (0,), first=what == "colours")
        yield Case("image", f"a broken file called {what}", named(name, b"x"), (0,))
        yield Case(
            "image",
            f"a class called {what}",
            class_named(name),
            words="A class is called|Only one class|" + STARTED,
            first=what == "not UTF-8",
        )


# --- Tables ---------------------------------------------------------------------------------------------------------

HEAD = "label," + ",".join(f"pixel{i}" for i in range(4))
LINES = "\n".join(f"{i % 2},{i},1,2,3" for i in range(20))
GOOD = f"{HEAD}\n{LINES}\n"


def table_texts() -> Iterator[tuple[str, bytes]]:
    """Contents of CSV files by name."""
    yield "nothing", b""
    yield "a line break", b"\n"
    yield "null characters", b"\0" * 1000
    yield "random bytes", np.random.default_rng(0).bytes(5000)
    yield "a header alone", f"{HEAD}\n".encode()
    yield "UTF-16", GOOD.encode("utf-16")
    yield "Latin-1", GOOD.replace("label", "läbel").encode("latin-1")
    yield "a byte order mark", GOOD.encode("utf-8-sig")
    yield "semicolons", GOOD.replace(",", ";").encode()
    yield "tabs", GOOD.replace(",", "\t").encode()
    yield "returns alone", GOOD.replace("\n", "\r").encode()
    yield "no label", GOOD.replace("label", "lable").encode()
    yield "two labels", GOOD.replace("pixel0", "label").encode()
    yield "a pixel twice", GOOD.replace("pixel1", "pixel0").encode()
    yield "a gap in the pixels", GOOD.replace("pixel2", "pixel7").encode()
    yield "a huge number of a pixel", GOOD.replace("pixel2", "pixel" + "9" * 5000).encode()
    yield "an open quote", GOOD.replace("0,0,1", '"0,0,1', 1).encode()
    yield "a quote within", GOOD.replace("0,2,1", '0,"2"3,1', 1).encode()
    yield "a short line", (GOOD + "1,2\n").encode()
    yield "a long line", (GOOD + "1,2,3,4,5,6,7\n").encode()
    yield "a line of five million values", (GOOD + "1" + ",2" * 5_000_000 + "\n").encode()
    yield (
        "a million columns",
        ("label," + ",".join(f"pixel{i}" for i in range(1_000_000)) + "\n" + "0" + ",1" * 1_000_000).encode(),
    )
    yield "a header of eight million commas", b"," * 8_000_000 + b"\n" + GOOD.encode()
    yield "a line without end", (GOOD + "1" * 20_000_000).encode()
    for what, value in {
        "no number": "x", "nothing": "", "a fraction": "1.5", "a negative": "-1", "256": "256", "nan": "nan", "infinity": "inf",
        "5,000 digits": "9" * 5000, "an exponent": "1e400", "a hexadecimal": "0x10", "an underscore": "1_0", "Arabic digits": "٣",
        "a formula": "=1+1", "an escape": "\x1b[31m", "a null": "\0", "spaces": "  7  ", "a zero-width space": "\u200b1",
    }.items():  # fmt: skip
        yield f"a pixel that is {what}", (GOOD + f"1,{value},1,2,3\n").encode()
    for what, value in {
        "nothing": "", "5,000 digits": "9" * 5000, "a fraction": "1.5", "nan": "nan", "negative": "-3", "a word": "x", "20 digits": "9" * 20,
        "a long word": "x" * 300_000, "a line break": '"a\nb"', "a formula": "=cmd()", "an escape": "\x1b[2J", "alone": "77",
    }.items():  # fmt: skip
        yield f"a label that is {what}", (GOOD + f"{value},1,1,2,3\n").encode()
    for what, value in {
        "an escape": "\x1b[2J",
        "turned round": "\u202ea",
        "long": "y" * 2000,
        "a formula": "=1",
        "script": "<script>",
    }.items():
        yield (
            f"a class that is {what}",
            (HEAD + "\n" + "\n".join(f"{('x', value)[i % 2]},{i},1,2,3" for i in range(20))).encode(),
        )
    yield "each row a class", (HEAD + "\n" + "\n".join(f"{i},1,1,2,3" for i in range(500))).encode()
    yield "20,000 classes", (HEAD + "\n" + "\n".join(f"{i // 2},1,1,2,3" for i in range(40_000))).encode()
    yield "one class", (HEAD + "\n" + "\n".join("1,1,1,2,3" for _ in range(20))).encode()
    yield "pixels of no square", GOOD.replace(",pixel3", "").replace(",2,3", ",2").encode()


def table_cases() -> Iterator[Case]:
    def trained(name: str, data: bytes) -> Make:
        def make(folder: Path, ready: Mapping[str, Path]) -> list[str]:
            (folder / name).write_bytes(data)
            return ["run", name, *RUN]

        return make

    def labelled(name: str, data: bytes) -> Make:
        def make(folder: Path, ready: Mapping[str, Path]) -> list[str]:
            (folder / name).write_bytes(data)
            return ["predict", str(ready["model"]), name]

        return make

    firsts = ("a million columns", "a class that is an escape", "a label that is 5,000 digits")
    for name, data in table_texts():
        yield Case("table", name, trained("t.csv", data), first=name in firsts)
        if len(data) < 1_000_000:
            yield Case("table", f"{name}, to label", labelled("t.csv", data), (0, 2))
    packed = gzip.compress(GOOD.encode())
    bomb = b"".join(gzip.compress(b"0,1,1,2,3\n" * 1_000_000, 1) for _ in range(1))
    for name, data in {
        "cut off": packed[:-9], "a wrong checksum": packed[:-5] + b"\0" * 5, "no end": packed[: len(packed) // 2], "twice": packed + packed,
        "a bomb": gzip.compress(f"{HEAD}\n".encode()) + bomb * 8, "a line that is a bomb": gzip.compress(b"label," + b"1" * 40_000_000),
        "garbage behind": packed + b"x" * 100, "not packed": GOOD.encode(),
    }.items():  # fmt: skip
        yield Case("table", f"packed: {name}", trained("t.csv.gz", data), first=name == "a bomb")

    def called(name: str) -> Make:
        def make(folder: Path, ready: Mapping[str, Path]) -> list[str]:
            (folder / name).write_text(GOOD)
            return ["run", f"./{name}", *RUN]

        return make

    for name in (
        "...csv",
        "....csv",
        " .csv",
        "..csv",
        "x" * 250 + ".csv",
        "a\nb.csv",
        "\x1b[31m.csv",
        "\u202ea.csv",
        "=1.csv",
        "nul.csv",
        "a b.csv",
        "é.csv",
    ):
        yield Case("table", f"called {name[:20]!r}", called(name), first=name == "...csv")

    def strange(kind: str, suffix: str) -> Make:
        def make(folder: Path, ready: Mapping[str, Path]) -> list[str]:
            special(folder / f"x{suffix}", kind)
            return ["run", f"x{suffix}", *RUN]

        return make

    def strange_to_label(kind: str, suffix: str) -> Make:
        def make(folder: Path, ready: Mapping[str, Path]) -> list[str]:
            special(folder / f"x{suffix}", kind)
            return ["predict", str(ready["model"]), f"x{suffix}"]

        return make

    for suffix in (".csv", ".csv.gz", ".npz", ".toml", "-train-images-idx3-ubyte"):
        for kind in SPECIAL:
            yield Case(
                "table",
                f"{kind} called {suffix}",
                strange(kind, suffix),
                first=(suffix, kind) in ((".csv", "a pipe"), (".toml", "a pipe")),
            )
    for suffix in (".csv", ".npz", "ubyte"):
        for kind in SPECIAL:
            yield Case(
                "table",
                f"{kind} called {suffix}, to label",
                strange_to_label(kind, suffix),
                first=(suffix, kind) == (".npz", "a pipe"),
            )


# --- Archives of arrays and idx ---------------------------------------------------------------------------------------


def npy(array: Any, pickled: bool = False) -> bytes:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=pickled)
    return out.getvalue()


def header(shape: tuple, kind: str = "|u1") -> bytes:
    """An .npy file that announces a shape and holds nothing."""
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"shape": shape, "fortran_order": False, "descr": kind})
    return out.getvalue()


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


X, Y = npy(np.zeros((20, 4, 4), np.uint8)), npy(np.arange(20) % 2)


def archives() -> Iterator[tuple[str, bytes]]:
    """Contents of .npz files by name."""
    good = zipped({"x.npy": X, "y.npy": Y})
    yield "nothing", b""
    yield "text", b"no archive"
    yield "cut off", good[:-30]
    yield "half", good[: len(good) // 2]
    for place in range(0, len(good), max(1, len(good) // 12)):
        broken = bytearray(good)
        broken[place] ^= 0xFF
        yield f"another byte at {place}", bytes(broken)
    yield (
        "encrypted",
        good.replace(b"PK\x03\x04\x14\0\0\0", b"PK\x03\x04\x14\0\x01\0").replace(
            b"PK\x01\x02\x14\x03\x14\0\0\0", b"PK\x01\x02\x14\x03\x14\0\x01\0"
        ),
    )
    yield "an unknown compression", good.replace(b"\x14\0\0\0\x08\0", b"\x14\0\0\0\x63\0")
    yield "bzip2", zipped({"x.npy": X, "y.npy": Y}, zipfile.ZIP_BZIP2)
    yield "no arrays", zipped({"readme.txt": b"hello"})
    yield "no members", zipped({})
    yield "members that are no arrays", zipped({"x.npy": b"x", "y.npy": b"y"})
    yield "bytes called like an array", zipped({"x": b"raw", "x.npy": X, "y.npy": Y})
    yield "members without a suffix", zipped({"x": b"x" * 99, "y": b"y" * 99})
    yield "arrays without a suffix", zipped({"x": X, "y": Y})
    yield "a member that leads out", zipped({"x.npy": X, "y.npy": Y, "../../evil.npy": X})
    yield "a member called with an escape", zipped({"\x1b[31m.npy": X})
    yield "a thousand members", zipped({f"{i}.npy": b"" for i in range(1000)})
    yield "an unused member that is huge", zipped({"x.npy": X, "y.npy": Y, "z.npy": bytes(200_000_000)})
    for what, x in {
        "a shape beyond all memory": header((10**12, 28, 28)), "a shape that overflows": header((10, 10**18, 10**18)),
        "a negative shape": header((-1, 28, 28)), "65 dimensions": header((1,) * 65), "zero times huge": header((0, 10**18, 10**18)),
        "objects": npy(np.array([{}] * 20), True), "an unknown type": header((20, 4, 4), "|X9"), "a huge item": header((20,), "|V999999999999"),
        "no shape": npy(np.float64(3)), "words": npy(np.array(["a"] * 20)), "complex numbers": npy(np.ones((20, 4, 4), complex)),
        "dates": npy(np.zeros((20, 4, 4), "M8[s]")), "records": npy(np.zeros((20, 4), [("a", "i4"), ("b", "f8")])),
        "numbers that are none": npy(np.full((20, 4, 4), np.nan)), "infinity": npy(np.full((20, 4, 4), np.inf)),
        "fractions above one": npy(np.full((20, 4, 4), 1.5)), "negative numbers": npy(np.full((20, 4, 4), -1)), "large numbers": npy(np.full((20, 4, 4), 999)),
        "no rows": npy(np.zeros((0, 4, 4), np.uint8)), "no pixels": npy(np.zeros((20, 0, 4), np.uint8)), "flat rows of nothing": npy(np.zeros((20, 0), np.uint8)),
        "two channels": npy(np.zeros((20, 4, 4, 2), np.uint8)), "five dimensions": npy(np.zeros((20, 2, 2, 2, 2), np.uint8)),
        "one dimension": npy(np.zeros(20, np.uint8)), "other rows": npy(np.zeros((19, 4, 4), np.uint8)), "no square": npy(np.zeros((20, 7), np.uint8)),
        "booleans": npy(np.zeros((20, 4, 4), bool)), "large numbers first": npy(np.zeros((20, 4, 4), ">i8")), "half numbers": npy(np.zeros((20, 4, 4), "f2")),
        "a header that is a program": b"\x93NUMPY\x01\x00\x46\x00" + b"__import__('os').system('touch evil')".ljust(69) + b"\n",
        "a deep header": b"\x93NUMPY\x02\x00" + struct.pack("<I", 60_000) + b"(" * 60_000, "version 9": b"\x93NUMPY\x09\x00" + bytes(99),
    }.items():  # fmt: skip
        yield f"images of {what}", zipped({"x.npy": x, "y.npy": Y})
    for what, y in {
        "fractions": npy(np.full(20, 0.5)), "unsigned beyond": npy(np.full(20, 2**64 - 1, np.uint64)), "negative": npy(-np.arange(20)), "no rows": npy(np.zeros(0, int)),
        "two columns": npy(np.zeros((20, 2), int)), "objects": npy(np.array([None] * 20), True), "bytes": npy(np.array([b"a", b"b"] * 10)),
        "words with escapes": npy(np.array(["\x1b[2J", "b"] * 10)), "one class": npy(np.zeros(20, int)), "empty words": npy(np.array(["", "b"] * 10)),
        "no shape": npy(np.int64(3)), "words too long": npy(np.array(["a" * 9999, "b"] * 10)), "each its own": npy(np.arange(20)),
    }.items():  # fmt: skip
        yield f"labels of {what}", zipped({"x.npy": X, "y.npy": y})


def idx(dimensions: tuple[int, ...], data: bytes = b"", code: int = 8, count: int | None = None) -> bytes:
    return (
        bytes([0, 0, code, len(dimensions) if count is None else count])
        + b"".join(struct.pack(">I", n) for n in dimensions)
        + data
    )


def idx_files() -> Iterator[tuple[str, bytes]]:
    """Contents of idx files of images by name."""
    good = idx((20, 4, 5), bytes(400))
    yield "nothing", b""
    yield "three bytes", good[:3]
    yield "half a header", good[:9]
    yield "a header alone", good[:16]
    yield "cut off", good[:-1]
    yield "a byte too many", good + b"\0"
    yield "much too many", good + bytes(30_000_000)
    yield "text", b"these are no images" * 9
    for code in (0, 0x0A, 0x09, 0x0B, 0x0C, 0x0D, 0x0E, 0xFF):
        yield f"type {code}", idx((20, 4, 5), bytes(3200), code)
    for count in (0, 1, 2, 5, 33, 65, 255):
        yield f"{count} dimensions", idx((1,) * count, bytes(1))
    for name, shape in {"zero times huge": (0, 2**32 - 1, 2**32 - 1), "huge": (2**32 - 1,) * 3, "huge times zero": (2**32 - 1, 2**32 - 1, 0), "no rows": (0, 4, 5),
                        "no height": (20, 0, 5), "beyond the file": (60_000, 28, 28), "of one pixel": (20, 1, 1)}.items():  # fmt: skip
        yield f"a shape {name}", idx(shape, bytes(20 if name == "of one pixel" else 0))
    yield "packed and cut off", gzip.compress(good)[:-9]
    yield "a packed bomb behind it", gzip.compress(good) + gzip.compress(bytes(100_000_000))
    yield "a packed bomb within", gzip.compress(idx((20, 4, 5), bytes(100_000_000)))
    yield "packed twice", gzip.compress(gzip.compress(good))
    yield "packed garbage", b"\x1f\x8b" + bytes(50)


def array_cases() -> Iterator[Case]:
    def trained(data: bytes) -> Make:
        def make(folder: Path, ready: Mapping[str, Path]) -> list[str]:
            (folder / "a.npz").write_bytes(data)
            return ["run", "a.npz", *RUN]

        return make

    def labelled(data: bytes) -> Make:
        def make(folder: Path, ready: Mapping[str, Path]) -> list[str]:
            (folder / "a.npz").write_bytes(data)
            return ["predict", str(ready["model"]), "a.npz"]

        return make

    for name, data in archives():
        yield Case("npz", name, trained(data), first=name in ("encrypted", "images of a shape beyond all memory"))
        yield Case("npz", f"{name}, to label", labelled(data), (0, 2))

    def idx_set(data: bytes, which: str) -> Make:
        def make(folder: Path, ready: Mapping[str, Path]) -> list[str]:
            (folder / "set").mkdir()
            write_idx_set(folder / "set")
            (folder / "set" / which).write_bytes(data)
            return ["run", "set", *RUN]

        return make

    def idx_labelled(data: bytes) -> Make:
        def make(folder: Path, ready: Mapping[str, Path]) -> list[str]:
            (folder / "x-ubyte").write_bytes(data)
            return ["predict", str(ready["model"]), "x-ubyte"]

        return make

    for name, data in idx_files():
        yield Case(
            "idx",
            name,
            idx_set(data, "train-images-idx3-ubyte"),
            first=name in ("65 dimensions", "a shape zero times huge"),
        )
        yield Case("idx", f"{name}, for labels", idx_set(data, "t10k-labels-idx1-ubyte"))
        yield Case("idx", f"{name}, to label", idx_labelled(data), (0, 2))


# --- TOML: descriptions and suites -------------------------------------------------------------------------------------

ABOUT = 'format = "csv"\ntrain = {file = "t.csv"}\n'
SUITE = 'title = "T"\ndatasets = ["t.csv"]\nestimators = ["logistic_regression"]\nbudget = "1 trials"\n'
TOMLS = {
    "nothing": "", "no TOML": "a = = b", "deep lists": "a = " + "[" * 40_000, "deep tables": "[" + "a." * 20_000 + "a]\n", "deep inline": "a = " + "{a=" * 20_000,
    "a long number": "a = " + "9" * 5000, "a long fraction": "a = 1e99999", "a null": "a = '\0'", "a key twice": "a = 1\na = 2", "a date": "a = 1979-05-27",
    "two million bytes": "#" * 2_000_000, "random bytes": "\ufffd\ufffe\uffff" * 100, "an open string": 'a = """' + "x" * 10_000,
}  # fmt: skip


def description_cases() -> Iterator[Case]:
    def described(text: str | bytes) -> Make:
        def make(folder: Path, ready: Mapping[str, Path]) -> list[str]:
            (folder / "t.csv").write_text(GOOD)
            (folder / "secret.txt").write_text("the password is 1234\n")
            (folder / "d.toml").write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
            return ["run", "d.toml", *RUN]

        return make

    for name, text in TOMLS.items():
        yield Case("description", name, described(text), first=name == "a long number")
        yield Case("description", f"{name}, behind a good one", described(ABOUT + text), words="toml|" + STARTED)
    yield Case("description", "bytes that are no text", described(b"format = '\xff'"))
    for name, text in {
        "a format": 'format = "zip"\ntrain = {file = "t.csv"}', "no part": 'format = "csv"', "a device": 'format = "csv"\ntrain = {file = "/dev/zero"}',
        "a folder": 'format = "csv"\ntrain = {file = "."}', "a null": 'format = "csv"\ntrain = {file = "a\\u0000b"}', "a long path": f'format = "csv"\ntrain = {{file = "{"x" * 9999}"}}',
        "nothing there": 'format = "csv"\ntrain = {file = "gone.csv"}', "itself": 'format = "csv"\ntrain = {file = "d.toml"}', "a list": "format = 'csv'\ntrain = []",
        "a number": "format = 'csv'\ntrain = {file = 7}", "images of idx": 'format = "idx"\ntrain = {images = "t.csv", labels = "t.csv"}', "an escape": 'format = "csv"\ntrain = {file = "\\u001b[31m"}',
    }.items():  # fmt: skip
        yield Case("description", f"names {name}", described(text))

    def secret(folder: Path, ready: Mapping[str, Path]) -> list[str]:
        described('format = "csv"\ntrain = {file = "secret.txt"}')(folder, ready)
        return ["run", "d.toml", *RUN]

    yield Case("description", "names a secret by mistake", secret, words=r"(?s)\A(?!.*1234)", first=True)
    for line in (
        "image = [5, 5]", "image = [0, 4]", "image = [-2, -2]", "image = [2]", "image = [2, 2, 2]", "image = [1, 1, 1, 1]", f"image = [{10**30}, 1]", 'image = "big"',
        "image = [2.5, 2]", 'classes = ["a", "a"]', 'classes = ["a"]', "classes = []", 'classes = ["a", ""]', 'classes = ["a", "\\u001b[31m"]', 'classes = "ab"', "classes = [1, 2]",
        "test_share = 0", "test_share = 1", "test_share = nan", "test_share = -1", "test_share = 1e-300", 'groups = "("', 'groups = "column:"', 'groups = "column:gone"', 'groups = "(a+)+$"',
        'background = "blue"', "background = 7", 'label = ""', 'label = "\\u001b"', "transpose = true", "colour = 1", 'title = "\\u001b[2J"', "unlabelled = {file = 'gone'}", "test = {file = 't.csv'}",
    ):  # fmt: skip
        words = (
            ""
            if line.startswith(("title", "test =", "test_share = 1e", "background = 7"))
            else rf"(?s)\A(?!.*{STARTED})"
        )
        yield Case(
            "description",
            line[:40],
            described(f"{line}\n{ABOUT}"),
            words=words,
            first=line in ("image = [5, 5]", 'classes = ["a", "a"]'),
        )


def suite_cases() -> Iterator[Case]:
    def suite(text: str | bytes, *more: str) -> Make:
        def make(folder: Path, ready: Mapping[str, Path]) -> list[str]:
            (folder / "t.csv").write_text(GOOD)
            (folder / "s.toml").write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
            return ["run", "s.toml", *more]

        return make

    for name, text in TOMLS.items():
        yield Case(
            "suite",
            f"{name} behind a good one",
            suite(SUITE + text),
            words="toml|" + STARTED,
            first=name in ("deep lists", "a long number"),
        )
    for what, name in NAMES.items():
        text = (
            json.dumps(name)
            if name.isascii()
            else f'"{name.encode("unicode_escape").decode().replace(chr(92) + "x", chr(92) + "u00")}"'
        )
        allowed = what in ("an option", "a format", "markup", "a pipe", "a formula", "a script")
        words = "" if allowed or what in ("script", "half a character", "of 250 characters") else "name"
        yield Case(
            "suite",
            f"a name {what}",
            suite(f"name = {text}\n{SUITE}"),
            words=words,
            first=what in ("far up", "absolute", "colours"),
        )
        yield Case("suite", f"a data set {what}", suite(SUITE.replace('"t.csv"', text)), words="")
        yield Case("suite", f"an estimator {what}", suite(SUITE.replace('"logistic_regression"', text)), words="")
    for line in (
        "seeds = [-5]", f"seeds = [{2**63}]", "seeds = 1000000000", "seeds = 0", "seeds = []", "seeds = true", 'seeds = "three"', "seeds = [0, 0]", "seeds = [0.5]", "seeds = nan", f"seeds = {10**30}",
        "validation_share = 0", "validation_share = nan", "validation_share = 1e-320", "test_images = 0", "test_images = -1", "test_images = 1.5", 'fallback = "gone"', 'groups = "("', 'size = "0"',
        'size = "9999999"', 'frame = "gone"', 'background = "blue"', "limits = {seconds = -1}", "limits = {seconds = inf}", "limits = {seconds = nan}", 'limits = {seconds = "1e9"}', "limits = {memory = 0}",
        f"limits = {{memory = {10**400}}}", 'limits = {memory = "9999999999999 TB"}', "limits = {time = 1}", "limits = 7", "studies = {sizes = []}", "studies = {gone = [1]}", f"studies = {{sizes = [{10**400}]}}",
        "studies = {sizes = [-1]}", "studies = {sizes = [1.5]}", "studies = {sizes = [nan]}", 'studies = {sizes = ["../x"]}', "studies = {sizes = [100, 100]}", "studies = {budgets = [1e308]}", "studies = {corruption = ['gone']}",
        "budgets = {gone = '1 s'}", "search = {svm = {}}", "search = {logistic_regression = {strategy = 'gone'}}", "search = {logistic_regression = {axes = ['gone']}}", "claims = 7", "colour = 'red'",
        "search = {logistic_regression = {options = {points = 'many'}}}", "search = {logistic_regression = {options = {points = -3}}}", "search = {logistic_regression = {options = {points = 1000000000000}}}",
        "search = {logistic_regression = {options = {efforts = 'all'}}}", "search = {logistic_regression = {options = {efforts = [nan]}}}", "search = {logistic_regression = {options = {efforts = [0]}}}",
        "search = {logistic_regression = {options = {factor = 0}}}", "search = {logistic_regression = {options = {factor = [1]}}}", "search = {logistic_regression = {options = {gone = 1}}}",
        "search = {logistic_regression = {strategy = 'grid', options = {points_per_axis = 99999}}}", "search = {logistic_regression = {strategy = 'random', options = {trials = 1.5}}}",
        "search = {logistic_regression = {strategy = 'kerastuner', options = {method = 'gone'}}}", "search = {logistic_regression = {base = {C = 'much'}}}", "search = {logistic_regression = {base = {C = nan}}}",
        "search = {logistic_regression = {base = {C = 1979-05-27}}}", "search = {logistic_regression = {base = {gone = 1}}}", f"search = {{logistic_regression = {{base = {{C = {10**300}}}}}}}",
        "[[variants]]\nname = '../up'\nestimator = 'svm'", "[[variants]]\nname = 'x'\nestimator = 'gone'", "[[variants]]\nname = 'logistic_regression'\nestimator = 'svm'", "[[variants]]\nname = 'x'\nestimator = 'svm'\nclaim = 7",
        "[[variants]]\nname = 'x'\nestimator = '/dev/zero'", "[[variants]]\nname = 'x'\nestimator = 'gone.py'", "[[variants]]\nname = 'x'\nestimator = 'svm'\nbase = {C = {a = 1}}",
    ):  # fmt: skip
        firsts = ("seeds = [-5]", "seeds = 1000000000", "limits = {seconds = inf}")
        yield Case(
            "suite",
            line[:90],
            suite(f"{SUITE}{line}\n"),
            words="" if "1e-320" in line or "fallback" in line else rf"(?s)\A(?!.*{STARTED})",
            first=line in firsts,
        )
    for budget in (
        "300h",
        "0.5 s",
        "9" * 400 + " s",
        "1e3 s",
        "-1 s",
        "0 trials",
        "1.5 trials",
        "99999999999 trials",
        "",
        "soon",
        "inf s",
        "∞ s",
        "１ s",
    ):
        fine = budget in ("300h", "0.5 s", "１ s")
        words = "" if fine else "is no budget"
        yield Case(
            "suite",
            f"a budget of {budget[:20]!r}",
            suite(SUITE.replace("1 trials", budget)),
            words=words,
            first=budget == "300h",
        )

    def twins(folder: Path, ready: Mapping[str, Path]) -> list[str]:
        for name in ("a", "b"):
            (folder / name).mkdir()
            (folder / name / "t.csv").write_text(GOOD)
        (folder / "s.toml").write_text(SUITE.replace('"t.csv"', '"a/t.csv", "b/t.csv"'))
        return ["run", "s.toml"]

    yield Case("suite", "two data sets of one name", twins, words="Two data sets are called 't'", first=True)
    yield Case(
        "suite",
        "two data sets of one name, as a plan",
        lambda f, r: [*twins(f, r), "--dry-run"],
        words="Two data sets are called 't'",
    )
    yield Case(
        "suite",
        "ten thousand data sets",
        suite(SUITE.replace('"t.csv"', ", ".join(f'"gone{i}.csv"' for i in range(10_000)))),
    )


# --- Models -------------------------------------------------------------------------------------------------------------


def model_cases() -> Iterator[Case]:
    def edited(change: Callable[[Path], None], digests: bool = False) -> Make:
        def make(folder: Path, ready: Mapping[str, Path]) -> list[str]:
            shutil.copytree(ready["model"], folder / "model")
            (folder / "x.png").write_bytes(picture("PNG"))
            if not digests:  # Who means harm leaves them out, and so did earlier versions.
                told(digests=GONE)(folder / "model")
            change(folder / "model")
            return ["predict", "model", "x.png"]

        return make

    def told(**values: Any) -> Callable[[Path], None]:
        def change(model: Path) -> None:
            path = model / "model.json"
            facts = json.loads(path.read_text()) | values
            path.write_text(json.dumps({name: value for name, value in facts.items() if value is not GONE}))

        return change

    values = {
        "missing": GONE,
        "nothing": None,
        "a number": 7,
        "a word": "x",
        "a list": [],
        "an object": {},
        "true": True,
        "a deep list": deep(50),
    }
    for key in ("classes", "image", "reader", "format", "estimator", "background", "preparation", "libraries"):
        for what, value in values.items():
            fine = key in ("estimator", "libraries") or (
                key in ("background", "preparation") and what in ("missing", "nothing", "a list", "an object")
            )
            yield Case(
                "model",
                f"{key}: {what}",
                edited(told(**{key: value})),
                (0, 2) if fine or key == "preparation" else (2,),
                first=what == "missing" and key in ("classes", "image"),
            )
    for what, more in {
        "more classes than it has": {"classes": ["a", "b", "c"]}, "a class twice": {"classes": ["a", "a"]}, "a class with an escape": {"classes": ["a", "\x1b[31m"]}, "one class": {"classes": ["a"]},
        "another size": {"image": [9, 9, 1]}, "no size": {"image": [0, 0, 1]}, "a huge size": {"image": [10**6, 10**6, 1]}, "a size of fractions": {"image": [8.5, 8, 1]}, "colours": {"image": [8, 8, 3]},
        "two channels": {"image": [8, 8, 2]}, "a reader of another place": {"reader": "os.system"}, "a reader of the library": {"reader": "subprocess.Popen"}, "a reader with dots": {"reader": "...."},
        "a reader of a network": {"reader": "estimators.models.network.Network"}, "a reader of a plugin": {"reader": "crossover_plugins.evil.Evil"}, "another format": {"format": 1}, "a later format": {"format": 99},
        "an estimator elsewhere": {"estimator": "../../evil.py"}, "a list of estimators": {"estimator": ["svm"]}, "a strange background": {"background": "#zzzzzz"},
    }.items():  # fmt: skip
        yield Case(
            "model", what, edited(told(**more)), (0, 2) if "estimator" in what else (2,), first=what == "another size"
        )
    for name in ("model.json", "model.skops"):
        for what, change in files(name).items():
            fine = what.endswith("behind it") and name == "model.skops"
            yield Case(
                "model",
                f"{name}: {what}",
                edited(change),
                (0, 2) if fine else (2,),
                first=(name, what) == ("model.json", "a pipe"),
            )

    def another_byte(model: Path) -> None:
        data = bytearray((model / "model.skops").read_bytes())
        data[len(data) // 2] ^= 1
        (model / "model.skops").write_bytes(data)

    yield Case("model", "another byte", edited(another_byte, digests=True), words="not as it was saved", first=True)
    for what, value in {
        "a list": [],
        "up": {"../x.png": "0"},
        "numbers": {"model.skops": 7},
        "of no file": {"x": "0"},
    }.items():
        yield Case("model", f"digests: {what}", edited(told(digests=value)))

    def foreign(model: Path) -> None:
        with zipfile.ZipFile(model / "model.skops", "w") as archive:
            archive.writestr(
                "schema.json",
                json.dumps(
                    {
                        "__class__": "system",
                        "__module__": "os",
                        "__loader__": "FunctionNode",
                        "protocol": 2,
                        "content": {"module_path": "os", "function": "system"},
                    }
                ),
            )

    yield Case("model", "a function in place of a model", edited(foreign), first=True)
    yield Case(
        "model",
        "an archive that is a bomb",
        edited(lambda m: (m / "model.skops").write_bytes(zipped({"schema.json": b"[" * 300_000_000}))),
    )


GONE = object()


def deep(levels: int) -> Any:
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


def files(name: str) -> dict[str, Callable[[Path], None]]:
    """What may become of a file in a folder, by name."""

    def written(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
        return lambda folder: (folder / name).write_bytes(change((folder / name).read_bytes())) and None

    def replaced(kind: str) -> Callable[[Path], None]:
        def change(folder: Path) -> None:
            (folder / name).unlink()
            special(folder / name, kind)

        return change

    return {
        "missing": lambda folder: (folder / name).unlink(),
        "empty": written(lambda _: b""),
        "half": written(lambda data: data[: len(data) // 2]),
        "without its end": written(lambda data: data[:-5]),
        "zeros": written(lambda data: bytes(len(data))),
        "text": written(lambda _: b"hello"),
        "a deep list": written(lambda _: b"[" * 100_000),
        "a list": written(lambda _: b"[]"),
        "a number": written(lambda _: b"9" * 6000),
        "bytes that are no text": written(lambda _: b'{"a": "\xff"}'),
        "something behind it": written(lambda data: data + b"x" * 1000),
        **{kind: replaced(kind) for kind in SPECIAL},
    }


# --- Run folders ----------------------------------------------------------------------------------------------------------

EITHER = (0, 2)
PREDICTED = "cells/digits/svm/standard/seed-0/predictions.npz"


def run_cases() -> Iterator[Case]:
    def edited(change: Callable[[Path], None], *verb: str) -> Make:
        def make(folder: Path, ready: Mapping[str, Path]) -> list[str]:
            run = folder / "runs" / "mine"
            shutil.copytree(ready["run"], run)
            change(run)
            return [*(verb or ("report",)), "runs/mine"]

        return make

    for name in (
        "run.json",
        "ledger.sqlite",
        "data/digits/passport.json",
        "data/digits/test.npz",
        "data/digits/samples.npz",
        PREDICTED,
    ):
        for what, change in files(name).items():
            left = "passport" not in name and name.startswith(("data", "cells"))
            codes = (0,) if left else EITHER if "behind" in what else (2,)
            yield Case(
                "run folder",
                f"{Path(name).name}: {what}",
                edited(change),
                codes,
                first=what in ("half", "a pipe") and name != "ledger.sqlite",
            )

    def told(file: str, **values: Any) -> Callable[[Path], None]:
        def change(run: Path) -> None:
            path = run / file
            facts = json.loads(path.read_text()) | values
            path.write_text(json.dumps({name: value for name, value in facts.items() if value is not GONE}))

        return change

    wrong = {
        "missing": GONE,
        "nothing": None,
        "a number": 7,
        "a word": "x\x1b[31m",
        "a list": [1, "x"],
        "an object": {"x": 1},
        "deep": deep(50),
    }
    for key in (
        "format",
        "suite",
        "title",
        "datasets",
        "fingerprints",
        "variants",
        "seeds",
        "budget",
        "studies",
        "conditions",
        "claims",
        "notes",
        "sessions",
        "threads",
        "created",
        "validation_share",
    ):
        for what, value in wrong.items():
            yield Case("run folder", f"run.json, {key}: {what}", edited(told("run.json", **{key: value})), EITHER)
    for key in (
        "name",
        "title",
        "classes",
        "image",
        "train",
        "test",
        "counts",
        "groups",
        "duplicates",
        "near_duplicates",
        "pairs",
        "note",
        "homepage",
        "framing",
    ):
        for what, value in wrong.items():
            yield Case(
                "run folder",
                f"passport, {key}: {what}",
                edited(told("data/digits/passport.json", **{key: value})),
                EITHER,
            )
    for what, value in {
        "a control character": ["\x07"] * 2 + ["c"], "an escape": ["\x1b[2J", "b", "c"], "not UTF-8": ["\udcff", "b", "c"], "script": ["</script><script>alert(1)</script>", "b", "c"],
        "a formula": ["=cmd|' /C calc'!A0", "+1+1", "@x"], "turned round": ["\u202eabc", "b", "c"], "too few": ["a"], "too many": list("abcdefgh"), "long": ["x" * 5000, "b", "c"], "markup": ["$x^2$", "[a](http://x)", "|b|"],
    }.items():  # fmt: skip
        yield Case(
            "run folder",
            f"classes: {what}",
            edited(told("data/digits/passport.json", classes=value)),
            EITHER if what in ("too few", "too many", "long") else (0,),
            first=what in ("a control character", "not UTF-8"),
        )
    for what, value in {
        "up": ["../up"],
        "absolute": ["/etc"],
        "an escape": ["\x1b[31m"],
        "twice": ["digits", "digits"],
    }.items():
        yield Case(
            "run folder",
            f"data sets: {what}",
            edited(told("run.json", datasets=value)),
            EITHER if what == "twice" else (2,),
        )

    def sql(*statements: str) -> Callable[[Path], None]:
        def change(run: Path) -> None:
            db = sqlite3.connect(run / "ledger.sqlite")
            with db:
                for statement in statements:
                    db.execute(statement)
            db.close()

        return change

    for table, columns in {
        "trials": ("params", "score", "seconds", "number", "status", "reason", "history", "losses", "effort", "condition", "dataset", "variant", "seed", "finished"),
        "searches": ("winner", "spent_seconds", "tuned", "p_value", "strategy", "seed"),
        "fits": ("params", "history", "layers", "parameters", "model_bytes", "status", "fit_seconds", "trained_on", "key", "seed", "effort"),
        "evaluations": ("status", "reason", "latency_ms", "fit_key", "folder", "predict_seconds", "seed"),
    }.items():  # fmt: skip
        yield Case("run folder", f"{table}: dropped", edited(sql(f"DROP TABLE {table}")))
        yield Case("run folder", f"{table}: emptied", edited(sql(f"DELETE FROM {table}")), EITHER)
        yield Case(
            "run folder",
            f"{table}: a column less",
            edited(
                sql(
                    f"ALTER TABLE {table} DROP COLUMN reason"
                    if table != "searches"
                    else f"ALTER TABLE {table} DROP COLUMN ended"
                )
            ),
        )
        yield Case(
            "run folder", f"{table}: a column more", edited(sql(f"ALTER TABLE {table} ADD COLUMN more TEXT")), EITHER
        )
        for column in columns:
            for what, value in {
                "nothing": "NULL",
                "a word": "'x'",
                "bytes": "x'ff00fe'",
                "text that is no UTF-8": "CAST(x'ff00fe' AS TEXT)",
                "infinity": "9e999",
                "an escape": "'\x1b[31m'",
                "deep": "'" + "[" * 5000 + "'",
            }.items():
                yield Case(
                    "run folder",
                    f"{table}.{column}: {what}",
                    edited(sql(f"UPDATE OR IGNORE {table} SET {column} = {value}")),
                    EITHER,
                )
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS dataset FROM n"
    for table in ("trials", "evaluations"):
        yield Case(
            "run folder",
            f"{table}: a view without end",
            edited(sql(f"DROP TABLE {table}", f"CREATE VIEW {table} AS {endless}")),
            first=table == "trials",
        )
    yield Case(
        "run folder",
        "trials: a column that is computed",
        edited(
            sql(
                "ALTER TABLE trials DROP COLUMN reason",
                "ALTER TABLE trials ADD COLUMN reason TEXT AS (hex(zeroblob(400000000)))",
            )
        ),
    )
    yield Case(
        "run folder",
        "trials: another column that is computed",
        edited(sql("ALTER TABLE trials ADD COLUMN more TEXT AS (hex(zeroblob(400000000)))")),
    )
    yield Case(
        "run folder",
        "a reason with an escape and a formula",
        edited(sql("UPDATE trials SET status = 'failed', reason = '=cmd()\x1b[2J\n<script>'")),
        (0,),
        first=True,
    )

    def arrays(file: str, **values: Any) -> Callable[[Path], None]:
        return lambda run: np.savez(run / file, **values)

    for what, proba in {
        "of other rows": np.full((7, 3), 1 / 3, np.float32), "that are none": np.full((40, 3), np.nan, np.float32), "of another type": np.full((40, 3), "x"), "of whole numbers": np.zeros((40, 3), int),
        "of zeros": np.zeros((40, 3), np.float32), "beyond one": np.full((40, 3), 5, np.float32), "negative": np.full((40, 3), -1, np.float32), "flat": np.zeros(120, np.float32), "huge": np.full((40, 3), 1e38, np.float32),
    }.items():  # fmt: skip
        yield Case("run folder", f"predictions {what}", edited(arrays(PREDICTED, proba=proba)), (0,))
    for what, more in {
        "labels beyond the classes": {"y": np.full(40, 9)}, "negative labels": {"y": np.full(40, -1)}, "labels of words": {"y": np.array(["a"] * 40)}, "fewer labels": {"y": np.zeros(3, int)},
        "images of fractions": {"X": np.zeros((40, 12, 12, 1))}, "no images": {"X": np.zeros((0, 12, 12, 1), np.uint8)}, "images of two channels": {"X": np.zeros((40, 12, 12, 2), np.uint8)},
    }.items():  # fmt: skip
        whole = {"X": np.zeros((40, 12, 12, 1), np.uint8), "y": np.zeros(40, int)} | more
        for file in ("test", "samples"):
            yield Case("run folder", f"{file}.npz: {what}", edited(arrays(f"data/digits/{file}.npz", **whole)), (0,))

    def bomb(run: Path) -> None:
        (run / PREDICTED).write_bytes(zipped({"proba.npy": header((10**10, 10), "<f4")}))

    yield Case("run folder", "predictions that announce too much", edited(bomb), (0,))

    def linked(run: Path) -> None:
        for name in ("report.html", "leaderboard.csv", "leaderboard.md", "results.csv", "report.html.part"):
            (run / name).symlink_to("../../../precious.csv")

    yield Case("run folder", "links in the places of the report", edited(linked), (0,), first=True)
    for verb in (
        ("run", "digits", "--run", "mine", "--dry-run", "--estimators", "svm", "--budget"),
        ("submit",),
        ("predict",),
    ):
        for what, change in {
            "a trigger": sql("CREATE TRIGGER t BEFORE INSERT ON trials BEGIN DELETE FROM trials; END"), "many lists in run.json": told("run.json", x=[[]] * 3_000_000),
            "run.json a list": lambda run: (run / "run.json").write_text("[]") and None, "run.json a pipe": files("run.json")["a pipe"], "run.json without sessions": told("run.json", sessions=GONE), "ledger half": files("ledger.sqlite")["half"],
            "ledger a pipe": files("ledger.sqlite")["a pipe"], "ledger without fits": sql("DROP TABLE fits"), "no variants": told("run.json", variants={}), "variants a list": told("run.json", variants=[1]),
            "data sets a number": told("run.json", datasets=7), "framings a word": told("run.json", framings={"digits": "x"}), "another format": told("run.json", format=1), "conditions words": told("run.json", conditions=["a"]),
        }.items():  # fmt: skip
            yield Case("run folder", f"{what}, {verb[0]}", _with_more(edited(change, *verb), verb[0]), EITHER)

    def going_on(run: Path) -> None:
        (run / "data" / "digits" / "test.npz").unlink()
        (run / "data" / "digits" / "test.npz").symlink_to("../../../../../precious.csv")

    going = edited(going_on, "run", "digits", "--run", "mine", "--dry-run", "--estimators", "svm", "--budget")
    yield Case("run folder", "a link to go on through", _with_more(going, "run"), words="is a link")

    def folder_elsewhere(run: Path) -> None:
        shutil.move(run / "cells", run.parent.parent / "elsewhere")
        (run / "cells").symlink_to("../../elsewhere")

    there = edited(folder_elsewhere, "run", "digits", "--run", "mine", "--dry-run", "--estimators", "svm", "--budget")
    yield Case("run folder", "a folder that is a link", _with_more(there, "run"), words="is a link", first=True)
    for name in ("ledger.sqlite-wal", "ledger.sqlite-journal", "report.html", "results.csv", "lock.json"):
        for kind in SPECIAL:
            yield Case(
                "run folder",
                f"{kind} called {name}",
                edited(lambda run, name=name, kind=kind: special(run / name, kind)),
                EITHER,
            )

    def not_ours(folder: Path, ready: Mapping[str, Path]) -> list[str]:
        (folder / "mine").mkdir()
        (folder / "runs").mkdir(exist_ok=True)
        (folder / "runs" / "r").symlink_to("../mine")
        (folder / "mine" / "report.html").write_text("precious")
        (folder / "t.csv").write_text(GOOD)
        return ["run", "t.csv", "--run", "r", *RUN]

    yield Case(
        "run folder",
        "somebody's report and no run.json",
        not_ours,
        words="no run.json, so it is no run folder",
        first=True,
    )


def _with_more(make: Make, verb: str) -> Make:
    def whole(folder: Path, ready: Mapping[str, Path]) -> list[str]:
        arguments = make(folder, ready)
        if verb == "run":  # The folder is named by --run.
            return [*arguments[:-1], "1 trials"]
        (folder / "x.png").write_bytes(picture("PNG"))
        return [*arguments, "x.png"] if verb == "predict" else arguments

    return whole


# --- Command lines ----------------------------------------------------------------------------------------------------------


def command_cases() -> Iterator[Case]:
    def plain(*arguments: str) -> Make:
        def make(folder: Path, ready: Mapping[str, Path]) -> list[str]:
            (folder / "t.csv").write_text(GOOD)
            return [
                ready.get(argument.removeprefix("@"), argument).__str__() if argument.startswith("@") else argument
                for argument in arguments
            ]

        return make

    sayable = {what: name for what, name in NAMES.items() if "\0" not in name and "\ud800" not in name}
    for what, name in sayable.items():
        ok = what in ("an option", "a format", "markup", "a pipe", "a formula")
        yield Case(
            "command",
            f"--run {what}",
            plain("run", "t.csv", *RUN, f"--run={name}"),
            words="" if ok or what == "script" else "--run",
            first=what in ("up", "absolute"),
        )
        yield Case("command", f"run {what}", plain("run", "--budget", "1 trials", "--", name))
        yield Case("command", f"report {what}", plain("report", "--", name))
        yield Case("command", f"predict {what}", plain("predict", "--", name, name))
        yield Case("command", f"check-submission {what}", plain("check-submission", "--", name))
        yield Case("command", f"list {what}", plain("list", "--", name))
    for option, values in {
        "--seeds": ("-5", "0", "1000000000", str(2**63), "9" * 5000, "x", "1.5"), "--budget": ("", "0", "x", "9" * 400, "inf s"), "--within": ("1s", "x", "", "20 trials"), "--workers": ("0", "-1", "x"),
        "--executor": ("gone", "gone.toml", "tcp://", "x://y", "\x1b"), "--data": ("gone", "/dev/null", "t.csv"), "--study": ("gone", "../x", "\x1b"), "--groups": ("(", "column:", "column:gone", "[", "*"),
        "--background": ("blue", "#12", "\x1b"), "--size": ("0", "1", "9999999", "x", "32x", "-4"), "--frame": ("gone", ""), "--replay": ("gone", "/dev/null"), "--estimators": ("", "gone", "*", "[", "gone.py", "/dev/zero", ","),
    }.items():  # fmt: skip
        for value in values:
            yield Case(
                "command",
                f"{option} {value[:20]!r}",
                plain("run", "t.csv", "--budget=1 trials", f"{option}={value}"),
                words="",
                first=value == "1000000000",
            )
    for value in ("1000000000000", "-1", "x", "0", "1000000", "9" * 5000):
        yield Case(
            "command",
            f"augment --copies {value[:20]}",
            plain("augment", "@images", "OUT", f"--copies={value}"),
            first=value == "1000000000000",
        )
    for value in ("300", "-1", "otso", "9" * 5000, "", "\x1b"):
        yield Case(
            "command", f"augment --threshold {value[:20]!r}", plain("augment", "@images", "OUT", f"--threshold={value}")
        )
    for where in ("gone/x/y.html", ".", "/dev/full", "x" * 300, "t.csv/x", ""):
        yield Case(
            "command",
            f"report --out {where[:20]!r}",
            plain("report", "@run copy", f"--out={where}"),
            (0, 2),
            first=where in (".", "/dev/full"),
        )
        yield Case(
            "command", f"predict --out {where[:20]!r}", plain("predict", "@model", "@picture", f"--out={where}"), (0, 2)
        )
    yield Case(
        "command",
        "report --out a device",
        plain("report", "@run copy", "--out=/dev/null"),
        (0,),
        words="/dev/null",
        first=True,
    )
    yield Case(
        "command", "data of nobody", plain("run", "~nobody-here/x", *RUN), words="a user whom this machine", first=True
    )
    yield Case(
        "command",
        "data of nobody, of a name",
        plain("run", "mnist", *RUN),
        words="a user whom",
        environment=(("CROSSOVER_DATA", "~nobody-here"),),
    )
    yield Case("command", "report a run twice", plain("report", "@run copy", "@run copy"), words="given twice")
    for option in (
        "--top=0",
        "--top=99",
        "--top=x",
        "--reject=2",
        "--reject=nan",
        "--reject=x",
        "--prepare=gone",
        "--format=xml",
        "--show-input=OUT",
        "--show-input=t.csv",
        "--upper",
    ):
        yield Case(
            "command",
            f"predict {option}",
            plain("predict", "@model", "@picture", option),
            (0, 2) if option in ("--show-input=OUT", "--reject=nan") else (2,),
        )
    for name, text in {
        "5,000 digits": "ImageId,Label\n" + "9" * 5000 + ",1\n", "no line break": "ImageId,Label" + "x" * 9_000_000, "quotes": '"ImageId","Label"\n1,2\n', "nothing": "", "Arabic digits": "ImageId,Label\n١,1\n", "an escape": "ImageId,Label\n1,\x1b[31m\n",
        "infinity": "ImageId,Label\n1,inf\n", "an exponent": "ImageId,Label\n1,1e999\n", "a long label": "ImageId,Label\n1," + "7" * 900 + "\n", "leading zeros": "ImageId,Label\n1,1\n0001,1\n", "returns": "ImageId,Label\r1,1\r",
    }.items():  # fmt: skip

        def submitted(folder: Path, ready: Mapping[str, Path], text: str = text) -> list[str]:
            (folder / "s.csv").write_bytes(text.encode())
            return ["check-submission", "s.csv"]

        yield Case("command", f"a submission of {name}", submitted, words="line|byte", first=name == "5,000 digits")

    def odd(kind: str) -> Make:
        def make(folder: Path, ready: Mapping[str, Path]) -> list[str]:
            special(folder / "s.csv", kind)
            return ["check-submission", "s.csv"]

        return make

    for kind in SPECIAL:
        yield Case("command", f"a submission that is {kind}", odd(kind), first=kind in ("a pipe", "a link to a device"))
    yield Case("command", "a submission that is a device", plain("check-submission", "/dev/zero"), first=True)
    for what, variables in {
        "CROSSOVER_ESTIMATORS that is missing": ("CROSSOVER_ESTIMATORS", "gone"), "CROSSOVER_MEMORY of a word": ("CROSSOVER_MEMORY", "much"), "CROSSOVER_DATA that is missing": ("CROSSOVER_DATA", "gone"),
        "CROSSOVER_CACHE of nobody": ("CROSSOVER_CACHE", "~nobody-here"), "CROSSOVER_DATA of nobody": ("CROSSOVER_DATA", "~nobody-here"),
        "CROSSOVER_CACHE that is a file": ("CROSSOVER_CACHE", "t.csv"), "CROSSOVER_CACHE that is a device": ("CROSSOVER_CACHE", "/dev/null"), "CROSSOVER_CACHE of a null length": ("CROSSOVER_CACHE", "x" * 300),
    }.items():  # fmt: skip
        for verb in (
            ("list", "estimators"),
            ("list", "suites"),
            ("run", "t.csv", *RUN),
            ("predict", "@model", "@picture"),
            ("report", "@run copy"),
        ):
            yield Case(
                "command",
                f"{what}, {verb[0]} {verb[1]}",
                plain(*verb),
                (0, 2),
                first=verb == ("list", "estimators"),
                environment=(variables,),
            )
    for what, text in {
        "no Python": "x = = 1",
        "an exit": "raise SystemExit(7)",
        "nulls": "\0",
        "deep": "(" * 5000,
        "no estimator": "broken = Estimator(1)",
        "an error": "1/0",
        "bytes": "\udcff",
    }.items():

        def plugin(
            folder: Path, ready: Mapping[str, Path], text: str = text, verb: tuple[str, ...] = ("list", "estimators")
        ) -> list[str]:
            (folder / "plugins").mkdir()
            (folder / "plugins" / "broken.py").write_bytes(text.encode("utf-8", "surrogateescape"))
            (folder / "t.csv").write_text(GOOD)
            return list(verb)

        own = (("CROSSOVER_ESTIMATORS", "plugins"),)
        yield Case("command", f"an estimator's file with {what}, list", plugin, (0, 2), environment=own)
        yield Case(
            "command",
            f"an estimator's file with {what}, run",
            functools.partial(plugin, verb=("run", "t.csv", "--estimators", "broken", "--budget", "1 trials")),
            environment=own,
        )
        yield Case(
            "command",
            f"an estimator's file with {what}, test-estimator",
            functools.partial(plugin, verb=("test-estimator", "plugins/broken.py")),
            (1, 2),
        )


def keras_files() -> Iterator[tuple[str, bytes]]:
    """What is called like a model of Keras, by name."""
    layer = {"class_name": "Lambda", "module": "keras.layers", "config": {"function": {"class_name": "__lambda__"}}}
    inside = {"metadata.json": b"{}", "model.weights.h5": b""}
    yield "nothing", b""
    yield "text", b"this is no model"
    yield "a zip of nothing", zipped({})
    yield "a zip of text", zipped({"config.json": b"no json", **inside})
    yield "a deep list", zipped({"config.json": b"[" * 100_000, **inside})
    yield "a list", zipped({"config.json": b"[]", **inside})
    yield "an object", zipped({"config.json": b"{}", **inside})
    yield "a program", zipped({"config.json": json.dumps(layer).encode(), **inside})
    yield "a bomb", zipped({"config.json": b" " * 300_000_000, **inside})
    dense = {"class_name": "Dense", "module": "keras.layers", "config": {"units": 12_000_000}}
    start = {
        "class_name": "InputLayer",
        "module": "keras.layers",
        "config": {"batch_shape": [None, 64], "dtype": "float32"},
    }
    whole = {"module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": [start, dense]}}
    yield (
        "wide",
        zipped({"config.json": json.dumps(whole | {"build_config": {"input_shape": [None, 64]}}).encode(), **inside}),
    )


def verb_cases() -> Iterator[Case]:
    """The verbs that came later: clean, explain, learn-repair, repair, export, and sources."""

    def given(content: bytes | str, *arguments: str) -> Make:
        def make(folder: Path, ready: Mapping[str, Path]) -> list[str]:
            (folder / "t.csv").write_text(GOOD)
            if isinstance(content, bytes):
                (folder / "m.keras").write_bytes(content)
            elif content:
                special(folder / "m.keras", content)
            return [str(ready.get(one.removeprefix("@"), one)) if one.startswith("@") else one for one in arguments]

        return make

    verbs = {
        "predict": ("predict", "m.keras", "@picture"),
        "repair": ("repair", "@images", "OUT", "--model", "m.keras"),
        "learn-repair": ("learn-repair", "m.keras", "--dataset", "t.csv"),
        "--source": ("run", "t.csv", *RUN, "--source", "m.keras"),
        "export onnx": ("export", "onnx", "m.keras", "out.onnx"),
    }
    for what, content in (*keras_files(), *((kind, kind) for kind in SPECIAL)):
        for verb, arguments in verbs.items():
            first = verb == "--source" and what in ("text", "a pipe", "a deep list")
            yield Case("verb", f"{verb}, a .keras file that is {what}", given(content, *arguments), first=first)
    for what, name in NAMES.items():
        if "\0" in name or "\ud800" in name:
            continue
        yield Case("verb", f"clean {what}", given("", "clean", "--", name))
        yield Case("verb", f"explain {what}", given("", "explain", "--", name))
        yield Case("verb", f"learn-repair {what}", given("", "learn-repair", "--", name))
        yield Case("verb", f"repair {what}", given("", "repair", "--model", name, "--", name, name))
        yield Case("verb", f"export onnx {what}", given("", "export", "onnx", "--", name, name))
        yield Case("verb", f"--source {what}", given("", "run", "t.csv", *RUN, f"--source={name}"))
    for option, values in {
        "--folds": ("0", "1", "-1", "1000000000", "x", "9" * 5000), "--plant": ("x", "symmetric-", "symmetric-200", "symmetric--1", "../x", "\x1b"),
        "--estimator": ("gone", "gone.py", "\x1b"), "--groups": ("(", "column:gone"), "--out": (".", "gone/x.csv", "x" * 300, "x.html", "t.csv/x"), "--seed": ("-1", "x", "9" * 50),
    }.items():  # fmt: skip
        for value in values:
            yield Case(
                "verb",
                f"clean {option} {value[:20]!r}",
                given("", "clean", "t.csv", f"{option}={value}"),
                first=value in ("1000000000", "symmetric-200"),
            )
    for text in (
        "[repair]\ndetectors = []", "[repair]\ndetectors = ['gone']", "[repair]\nmix = -1", "[repair]\nmix = 9999999999999999999999", "[repair]", "repair = 3",
        "[[sources]]", "[[sources]]\ndataset = 'gone'", "[[sources]]\ndataset = 7", "[[sources]]\nmodel = '/dev/zero'", "[[sources]]\ndataset = '../x'\nways = ['gone']", "sources = 3", "claimed = { gone = 0.5 }", "claimed = { x = 7 }",
    ):  # fmt: skip

        def suite(folder: Path, ready: Mapping[str, Path], text: str = text) -> list[str]:
            (folder / "t.csv").write_text(GOOD)
            (folder / "s.toml").write_text(
                f"title = 't'\ndatasets = ['t.csv']\nestimators = ['logistic_regression']\nbudget = '1 trials'\n{text}\n"
            )
            return ["run", "s.toml"]

        yield Case("verb", f"a suite with {text[:60]!r}", suite, first="mix = -1" in text)


def known_cases() -> Iterator[Case]:
    """Files that are called like those of a data set that is known by name."""

    def called(name: str, form: Sequence[str], fill: Callable[[Path], object]) -> Make:
        def make(folder: Path, ready: Mapping[str, Path]) -> list[str]:
            for file in form:
                path = folder / "data" / name / file
                path.parent.mkdir(parents=True, exist_ok=True)
                fill(path)
            return ["run", name, *RUN, "--data", "data"]

        return make

    numbers = np.zeros((20, 28, 28), np.float32)
    contents = {
        "nothing": b"", "text": b"hello", "zeros": bytes(3073), "an array of objects": npy(np.array([{}] * 20), True), "an array that is not there": header((10**12, 28, 28)),
        "an array of no numbers": npy(numbers * np.nan), "one array": npy(np.arange(20)), "an archive": zipped({"x.npy": X, "y.npy": Y}), "idx": idx((20, 4, 5), bytes(400)), "a table": GOOD.encode(),
        "a packed bomb": gzip.compress(bytes(50_000_000), 1), "a zip that is a bomb": zipped({"x.npy": bytes(50_000_000)}), "a pickle": b"cos\nsystem\n(S'touch evil'\ntR.",
        "MATLAB's": b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM" + struct.pack("<II", 15, 2**31 - 1), "HDF5": b"\x89HDF\r\n\x1a\n" + bytes(500),
    }  # fmt: skip
    for name in datasets.names():
        source = datasets.source(name)
        for number, form in enumerate(source.forms if source.files else ()):
            files = [file.name for file in form]
            for what, data in contents.items():
                fill = functools.partial(lambda path, data: path.write_bytes(data), data=data)
                # Where no checksum is known, a good table is a good data set, whatever it is called.
                words = "" if what == "a table" and not form[0].sha256 else rf"(?s)\A(?!.*{STARTED})"
                first = (name, what) == ("mnist-c", "an array of objects")
                yield Case(
                    "known", f"{name}, form {number}, of {what}", called(name, files, fill), words=words, first=first
                )
            for kind in SPECIAL if not source.mirrors else ():
                yield Case(
                    "known",
                    f"{name}, form {number}, of {kind}",
                    called(name, files, functools.partial(special, kind=kind)),
                )


@functools.cache
def cases() -> tuple[Case, ...]:
    """All of them; names are unique."""
    made = [
        *image_cases(), *table_cases(), *array_cases(), *description_cases(), *suite_cases(), *model_cases(), *run_cases(), *command_cases(), *verb_cases(), *known_cases(),
    ]  # fmt: skip
    assert len({case.id for case in made}) == len(made)
    return tuple(made)
