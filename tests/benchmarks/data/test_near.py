"""Near duplicates: the same picture in another size, format or brightness, and nothing else."""

import io
import itertools
import os

import numpy as np
import pytest
from PIL import Image, ImageDraw

from benchmarks.data import datasets, near
from benchmarks.data.near import near_duplicates, near_groups
from benchmarks.data.reading import Reading

SIDE = 32


def picture(seed, side=96):
    """A few coloured shapes on a coloured ground."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (side, side), tuple(rng.integers(60, 256, 3).tolist()))
    draw = ImageDraw.Draw(image)
    for kind in ("ellipse", "rectangle", "ellipse", "polygon"):
        colour = tuple(rng.integers(0, 256, 3).tolist())
        corners = np.sort(rng.integers(0, side, (2, 2)), axis=0)
        where = corners.ravel().tolist() if kind != "polygon" else rng.integers(0, side, 6).tolist()
        getattr(draw, kind)(where, fill=colour)
    return image


def resized(image, side):
    return image.resize((side, side), Image.Resampling.BOX if image.width > side else Image.Resampling.BICUBIC)


def as_jpeg(image, quality=50):
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return Image.open(out).convert("RGB")


CHANGES = {
    "small": lambda image: resized(image, 20),
    "larger": lambda image: resized(image, 256),
    "a JPEG": as_jpeg,
    "a GIF": lambda image: image.quantize(64).convert("RGB"),
    "darker": lambda image: Image.eval(image, lambda level: int(0.6 * level)),
    "lighter": lambda image: Image.eval(image, lambda level: min(255, level + 30)),
    "grey": lambda image: image.convert("L").convert("RGB"),
}


def array(images):
    return np.stack([np.asarray(resized(image, SIDE)) for image in images])


@pytest.fixture(scope="module")
def pictures():
    return [picture(seed) for seed in range(150)]


def test_different_pictures_are_no_near_duplicates(pictures):
    assert len(near_duplicates(array(pictures))) == 0


@pytest.mark.parametrize("change", [name for name in CHANGES if name != "grey"])
def test_a_changed_copy_is_found_whatever_was_done_to_it(pictures, change):
    one, other = array(pictures), array([CHANGES[change](image) for image in pictures])
    found = {tuple(pair) for pair in near_duplicates(one, other).tolist()}
    copies = {(i, i + len(one)) for i in range(len(one)) if (one[i] != other[i]).any()}
    assert len(found & copies) >= 0.97 * len(copies)
    assert len(found - copies) == 0


def test_a_picture_in_other_colours_is_another_picture():
    red, green = Image.new("RGB", (SIDE, SIDE), "white"), Image.new("RGB", (SIDE, SIDE), "white")
    for image, colour in ((red, "#ff0000"), (green, "#008200")):  # of one grey level
        ImageDraw.Draw(image).ellipse((8, 8, 24, 24), fill=colour)
    assert len(near_duplicates(array([red, green]))) == 0


def test_equal_images_are_no_near_duplicates_but_one_group(pictures):
    X = array([*pictures, pictures[3], as_jpeg(pictures[3])])
    assert near_duplicates(X).tolist() == [[3, 151]]
    groups = near_groups(X)
    assert len(groups) == 152 and len(np.unique(groups)) == 150
    assert groups[3] == groups[150] == groups[151]


def test_all_pairs_are_found_that_looking_at_each_finds(pictures):
    copies = [change(image) for image, change in zip(pictures * 2, itertools.cycle(CHANGES.values()), strict=False)]
    vectors, _ = near._vectors([array([*pictures, *copies])], np.arange(450))
    some, every = ({tuple(p) for p in f(vectors).tolist()} for f in (near._pairs, near._pairs_of_all))
    assert some <= every and len(some) >= 0.97 * len(every) > 250


def test_where_likeness_is_gradual_nothing_is_said():
    angles = np.linspace(0, np.pi, 4000)
    x, y = np.meshgrid(np.linspace(-1, 1, 28), np.linspace(-1, 1, 28))
    rng = np.random.default_rng(0)
    bars = [
        np.abs(x * np.sin(a) - y * np.cos(a) - b) < 0.2
        for a, b in zip(angles, rng.uniform(-0.3, 0.3, 4000), strict=True)
    ]
    assert near_duplicates((255 * np.stack(bars)).astype(np.uint8)[..., None]) is None


def test_of_too_few_pixels_nothing_is_said():
    assert near_duplicates(np.random.default_rng(0).integers(0, 256, (9, 11, 40, 1), np.uint8)) is None


def test_images_of_one_colour_are_like_no_other():
    assert near_duplicates(np.repeat(np.arange(20, dtype=np.uint8), 256).reshape(20, 16, 16, 1)).tolist() == []


def test_near_duplicates_stay_together_when_a_folder_is_divided(tmp_path, pictures):
    for i, image in enumerate(pictures[:40]):
        folder = tmp_path / "icons" / "ab"[i % 2]
        folder.mkdir(parents=True, exist_ok=True)
        for size in (24, 32, 48):
            resized(image, size).save(folder / f"{i}-{size}.png")
    data = datasets.load(tmp_path / "icons", reading=Reading(groups="near"))
    train, test = ({name.split("/")[1].split("-")[0] for name in names} for names in data.files())
    assert not train & test and len(train | test) == 40
    apart = datasets.load(tmp_path / "icons")
    train, test = ({name.split("/")[1].split("-")[0] for name in names} for names in apart.files())
    assert train & test


@pytest.mark.real_data
@pytest.mark.skipif(not os.environ.get("CROSSOVER_DATA"), reason="needs CIFAR-10 and MNIST under $CROSSOVER_DATA")
def test_photographs_have_near_duplicates_and_of_digits_nothing_is_said():
    data = datasets.load("cifar-10")
    pairs = near_duplicates(data.train.X, data.test.images())
    y = np.concatenate([data.train.y, data.test.open().y])
    assert 150 < len(pairs) < 400  # Barz and Denzler (2020) count 286 test images with a duplicate by eye
    assert (y[pairs[:, 0]] != y[pairs[:, 1]]).sum() <= 2
    data = datasets.load("mnist")
    assert near_duplicates(data.train.X, data.test.images()) is None
