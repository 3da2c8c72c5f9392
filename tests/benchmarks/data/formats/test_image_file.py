import ast
import io
import os
import struct
import subprocess
import sys
import time
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image

from benchmarks.augment import Copying, augment
from benchmarks.data import datasets
from benchmarks.data.formats import image_file
from benchmarks.data.reading import Reading
from benchmarks.errors import UserError
from benchmarks.serving.predict import predict
from estimators.models.pipeline import Augmentation
from tests.benchmarks.saved_model import save_model

ROOT = Path(image_file.__file__).parents[3]


def saved(kind, size=(8, 6)):
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)).save(out, kind)
    return out.getvalue()


def postscript(marker):
    """An EPS image whose program writes a file."""
    return f"""%!PS-Adobe-3.0 EPSF-3.0
%%BoundingBox: 0 0 6 8
%%EndComments
({marker}) (w) file dup (executed) writestring closefile
showpage
%%EOF
""".encode()


FOREIGN = {
    **{kind: saved(kind) for kind in ("ICNS", "ICO", "TGA", "PCX", "SGI", "DIB", "DDS", "QOI", "PDF")},
    "EPS": postscript("/tmp/never"),
    "IM": b"Image type: L image\r\nImage size (x*y): 8*6\r\n".ljust(511, b"\0") + b"\x1a" + b"\0" * 48,
    "XBM": b"#define a_width 8\n#define a_height 1\nstatic char a_bits[] = {\n0x01\n};\n",
    "XPM": b'/* XPM */\nstatic char *a[] = {\n"1 1 1 1",\n"a c #000000",\n"a"\n};\n',
    "FITS": b"".join(
        f"{card:80}".encode()
        for card in ("SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    0", "END")
    ).ljust(2880),
    "WMF": b"\xd7\xcd\xc6\x9a\0\0" + struct.pack("<hhhhH", 0, 0, 8, 6, 72) + b"\0" * 6 + b"\x01\0\x09\0" + b"\0" * 60,
    "EMF": b"\x01\0\0\0" + b"\0" * 36 + b" EMF" + b"\0" * 60,
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="6"><rect width="8" height="6"/></svg>',
    "PSD": b"8BPS\0\x01" + b"\0" * 6 + struct.pack(">HIIHH", 3, 6, 8, 8, 3) + b"\0" * 12,
}  # fmt: skip


@pytest.fixture
def no_ghostscript(monkeypatch):
    """Nothing may be handed to Ghostscript, nor Ghostscript be looked for."""
    for name in ("Ghostscript", "has_ghostscript"):
        monkeypatch.setattr(EpsImagePlugin, name, lambda *_, **__: pytest.fail("Ghostscript was called"))


def photos(where, broken):
    """Two classes of images, one of which holds `broken` as ``cat/9.png``; returns its path."""
    for name in ("cat", "dog"):
        (where / name).mkdir(parents=True)
        for i in range(4):
            Image.fromarray(np.full((8, 6), 40 * i, np.uint8)).save(where / name / f"{i}.png")
    file = where / "cat" / "9.png"
    file.write_bytes(broken)
    return file


def read_to_predict(file):
    predict(save_model(file.parents[2] / "model", (8, 6, 1)), [file])


def read_to_augment(file):
    augment(file.parents[1], file.parents[2] / "out", Copying(Augmentation(), 1))


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_file_of_another_format_is_left_out_of_a_data_set_and_named(tmp_path, no_ghostscript, kind):
    file = photos(tmp_path / "photos", FOREIGN[kind])
    data = datasets.load(tmp_path / "photos")
    assert len(data.train) + len(data.test) == 8
    assert "1 of 9 image files cannot be read and is left out: cat/9.png" in data.note
    assert f"{file} is not a readable image" in data.note and "\n" not in data.note


@pytest.mark.parametrize("read", [read_to_predict, read_to_augment])
@pytest.mark.parametrize("kind", FOREIGN)
def test_only_the_documented_formats_are_opened_whatever_a_file_is_called(tmp_path, no_ghostscript, kind, read):
    file = photos(tmp_path / "photos", FOREIGN[kind])
    with pytest.raises(UserError, match="is not a readable image") as error:
        read(file)
    assert str(file) in str(error.value) and "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("verb", ["run", "predict", "augment"])
def test_a_postscript_program_called_png_is_refused_in_one_line_and_not_run(tmp_path, verb):
    marker, called = tmp_path / "marker", tmp_path / "called"
    file = photos(tmp_path / "photos", postscript(marker))
    if verb == "run":  # A single file is left out of a data set.
        (tmp_path / "photos" / "dog" / "9.png").write_bytes(postscript(marker))
    (tmp_path / "bin").mkdir()
    ghostscript = tmp_path / "bin" / "gs"  # Pillow calls what has this name.
    ghostscript.write_text(f'#!/bin/sh\necho "$@" >> {called}\n')
    ghostscript.chmod(0o755)
    arguments = {
        "run": [file.parents[1], "--estimators", "logistic_regression", "--budget", "2 trials"],
        "predict": [save_model(tmp_path / "model", (8, 6, 1)), file],
        "augment": [file.parents[1], tmp_path / "out"],
    }
    environment = os.environ | {"PATH": f"{ghostscript.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "crossover", verb, *map(str, arguments[verb])],
        capture_output=True, text=True, cwd=tmp_path, env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    *progress, last = done.stderr.splitlines()
    assert last.startswith("crossover: ") and str(file) in last
    assert all(line.startswith("[") for line in progress)
    assert not marker.exists() and not called.exists() and not (tmp_path / "out").exists()


def test_every_call_that_opens_an_image_names_its_formats():
    calls = 0
    for path in [p for room in ("tuning", "estimators", "benchmarks", "reports") for p in (ROOT / room).rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Image.open", "PIL.Image.open"):
                calls += 1
                assert "formats" in {keyword.arg for keyword in node.keywords}, f"{path}, line {node.lineno}"
    assert calls


@pytest.mark.parametrize("kind", image_file.FORMATS)
def test_every_documented_format_is_read_and_a_cut_off_file_is_named(tmp_path, kind):
    whole = saved(kind, (40, 30))
    (tmp_path / "a.png").write_bytes(whole)
    assert image_file.image_shape(tmp_path / "a.png") == (40, 30, 3)
    assert image_file.load_image(tmp_path / "a.png", (40, 30, 3)).shape == (40, 30, 3)
    for length in (0, 3, 20, len(whole) // 2):
        (tmp_path / "a.png").write_bytes(whole[:length])
        with pytest.raises(UserError, match=r"a\.png is not a readable image"):
            image_file.load_image(tmp_path / "a.png", (40, 30, 3))


@pytest.mark.parametrize("side", [9_500, 60_000])
def test_an_image_of_too_many_pixels_is_refused_before_it_is_unpacked(tmp_path, side):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    data = zlib.compress(b"\0" * 10_000_000)
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", data) + chunk(b"IEND", b""))
    began = time.perf_counter()
    with warnings.catch_warnings(record=True) as said:
        for read in (image_file.image_shape, lambda path: image_file.load_image(path, (8, 8, 1))):
            with pytest.raises(UserError, match=r"a\.png has more than 62,500,000 pixels"):
                read(tmp_path / "a.png")
    assert not said and time.perf_counter() - began < 1


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(UserError, match=r"a\.png is not a file"):
        image_file.load_image(tmp_path / "a.png", (8, 8, 1))


def test_many_files_come_in_their_order_with_the_errors_among_them(tmp_path):
    paths = [tmp_path / f"{i}.png" for i in range(2 * image_file.AT_ONCE + 3)]
    for i, path in enumerate(paths):
        Image.new("L", (2, 2), i).save(path)
    paths[5].write_bytes(b"broken")
    found = list(image_file.load_images(paths, (2, 2, 1)))
    assert isinstance(found[5], UserError) and str(paths[5]) in str(found[5])
    assert [int(image.max()) for i, image in enumerate(found) if i != 5] == [i for i in range(len(paths)) if i != 5]


def test_a_photograph_taken_sideways_is_turned_upright(tmp_path):
    pixels = np.zeros((8, 16), np.uint8)
    pixels[:, 8:] = 255
    exif = Image.Exif()
    exif[image_file.ORIENTATION] = 6  # to be turned clockwise: left becomes top
    Image.fromarray(pixels).save(tmp_path / "a.jpg", exif=exif, quality=95)
    upright = image_file.load_image(tmp_path / "a.jpg", (16, 8, 1))[..., 0]
    assert upright[:8].max() < 50 < 200 < upright[8:].min()
    assert image_file.image_shape(tmp_path / "a.jpg") == (16, 8, 1)


def test_sixteen_bit_images_are_scaled_not_clipped(tmp_path):
    Image.fromarray(np.array([[0, 65535], [32768, 257]], np.uint16)).save(tmp_path / "a.png")
    assert image_file.load_image(tmp_path / "a.png", (2, 2, 1)).ravel().tolist() == [0, 255, 128, 1]


def levels(path, background="white", channels=1):
    """The pixels of the two by one images below: what is under a transparent half, and the other half."""
    found = image_file.load_image(path, (2, 2, channels), background)
    return found[0].squeeze().tolist()


def half_transparent(mode):
    """Two pixels side by side, a transparent one and one of grey level 100, in an image of this mode."""
    if mode in ("RGBA", "LA"):
        image = Image.new("RGBA", (2, 2), (100, 100, 100, 255))
        for y in range(2):
            image.putpixel((0, y), (7, 8, 9, 0))
        return image.convert(mode)
    image = Image.new(mode, (2, 2), 100 if mode == "L" else 1 if mode == "P" else (100, 100, 100))
    for y in range(2):
        image.putpixel((0, y), 0 if mode in ("P", "L") else (1, 2, 3))
    if mode == "P":
        image.putpalette([10, 20, 30, 100, 100, 100])
    return image


@pytest.mark.parametrize(
    ("mode", "kind", "transparency"),
    [
        ("RGBA", "PNG", None), ("LA", "PNG", None), ("P", "PNG", 0), ("P", "PNG", b"\x00\xff"), ("L", "PNG", 0),
        ("RGB", "PNG", (1, 2, 3)), ("P", "GIF", 0), ("RGBA", "WEBP", None), ("RGBA", "TIFF", None),
    ],
)  # fmt: skip
def test_what_is_transparent_shows_the_background(tmp_path, mode, kind, transparency):
    file = tmp_path / f"a.{kind.lower()}"
    options = {} if transparency is None else {"transparency": transparency}
    half_transparent(mode).save(file, kind, **options, **({"lossless": True} if kind == "WEBP" else {}))
    assert levels(file) == [255, 100]
    assert levels(file, "black") == [0, 100]
    assert levels(file, "#204060", 3) == [[0x20, 0x40, 0x60], [100, 100, 100]]
    grey = mode in ("L", "LA")
    assert image_file.image_shape(file) == (2, 2, 1 if grey else 3)
    assert image_file.image_shape(file, "#204060") == (2, 2, 3)


def test_what_is_half_transparent_mixes(tmp_path):
    Image.new("LA", (2, 2), (0, 128)).save(tmp_path / "a.png")
    assert levels(tmp_path / "a.png") == [127, 127] and levels(tmp_path / "a.png", "black") == [0, 0]


@pytest.mark.parametrize("text", ["red", "", "#12345", "#1234567", "#12345g", "rgb(1,2,3)", "White"])
def test_a_background_that_is_no_colour_is_refused(text):
    with pytest.raises(UserError, match="give white, black, or #rrggbb"):
        Reading(background=text)


@pytest.mark.parametrize(
    ("mode", "value", "expected"),
    [
        ("1", 1, 255),
        ("L", 90, 90),
        ("I;16", 32768, 128),
        ("I", 32768, 128),
        ("F", 0.5, 128),
        ("F", 90.0, 90),
        ("CMYK", (0, 0, 0, 155), 100),
    ],
)
def test_pixels_of_every_kind_become_grey_levels(tmp_path, mode, value, expected):
    kind = "TIFF" if mode in ("F", "CMYK", "I") else "PNG"
    image = Image.new(mode, (3, 2), value)
    image.putpixel((0, 0), 65535 if mode.startswith("I") else value)
    image.save(tmp_path / f"a.{kind.lower()}")
    found = image_file.load_image(tmp_path / f"a.{kind.lower()}", (2, 3, 1))
    assert abs(int(found[1, 1, 0]) - expected) <= 1
    assert image_file.image_shape(tmp_path / f"a.{kind.lower()}") == (2, 3, 3 if mode == "CMYK" else 1)


def test_a_photograph_is_decoded_no_larger_than_it_needs_to_be(tmp_path, monkeypatch):
    x = np.linspace(0, 255, 1600).astype(np.uint8)
    Image.fromarray(np.broadcast_to(x, (1200, 1600))).save(tmp_path / "a.jpg", quality=95)
    sizes = []
    whole = Image.Image.resize
    monkeypatch.setattr(Image.Image, "resize", lambda self, *a, **k: sizes.append(self.size) or whole(self, *a, **k))
    found = image_file.load_image(tmp_path / "a.jpg", (48, 64, 1))
    assert sizes == [(200, 150)]  # an eighth, at least twice what is wanted
    assert np.abs(found[24, :, 0].astype(int) - np.linspace(2, 253, 64)).max() < 4
