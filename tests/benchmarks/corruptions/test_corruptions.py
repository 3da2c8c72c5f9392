"""What every corruption must do, asked of each; then whether they are those of MNIST-C."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from sklearn.svm import SVC

from benchmarks.corruptions import CIFAR_10_C, CORRUPTIONS, MNIST_C, SEVERITIES, parse
from benchmarks.corruptions.corruption import AT_ONCE
from benchmarks.corruptions.weather import clouds
from benchmarks.errors import UserError

each = pytest.mark.parametrize("corruption", CORRUPTIONS.values(), ids=lambda corruption: corruption.name)
SIZES = [(1, 1), (1, 6), (5, 2), (9, 7), (28, 28)]
REFERENCE = Path(os.environ.get("CROSSOVER_DATA", "")) / "mnist-c-reference" / "reference.npz"
real = [
    pytest.mark.real_data,
    pytest.mark.skipif(not REFERENCE.is_file(), reason="no mnist-c-reference below $CROSSOVER_DATA"),
]
EXACT = {"brightness", "scale", "stripe", "canny_edges"}


def strokes(count, height, width, channels, seed=0):
    """Bright strokes on black, soft at their edges, as digits are."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    at, angle = rng.uniform(0.35, 0.65, (2, count, 1, 1)), rng.uniform(0, np.pi, (count, 1, 1))
    distance = np.abs((rows - at[0] * height) * np.cos(angle) + (columns - at[1] * width) * np.sin(angle))
    grey = np.clip(300 - 100 * distance * 28 / max(height, width) / 2, 0, 255)
    tint = rng.uniform(0.5, 1, (count, 1, 1, channels)) if channels == 3 else 1
    return (grey[..., None] * tint).astype(np.uint8)


@each
@pytest.mark.parametrize("channels", [1, 3])
def test_the_contract(corruption, channels):
    """Shape and dtype stay, equal seeds give equal images, severity 0 and the input are left alone, at any size."""
    for size in SIZES:
        images = strokes(3, *size, channels)
        before = images.copy()
        severities = SEVERITIES if size[0] > 5 else (1, 5)
        for severity in severities:
            one, two = (corruption(images, severity, np.random.default_rng(5)) for _ in range(2))
            assert one.dtype == np.uint8 and one.shape == images.shape and np.array_equal(one, two)
        same = corruption(images, 0, np.random.default_rng(5))
        assert np.array_equal(same, images) and not np.shares_memory(same, images)
        assert np.array_equal(images, before)
        assert corruption(images[:0], 3, np.random.default_rng(5)).shape == (0, *size, channels)


@each
@pytest.mark.parametrize("channels", [1, 3])
def test_it_changes_images_and_more_at_a_higher_severity(corruption, channels):
    images = strokes(12, 28, 28, channels)
    changes = [
        np.square(corruption(images, severity, np.random.default_rng(1)).astype(float) - images).mean()
        for severity in SEVERITIES
    ]
    if corruption.name == "saturate" and channels == 1:
        assert not any(changes)
        return
    assert all(changes) and corruption.severity(channels) in SEVERITIES
    if corruption.grows:
        assert changes == sorted(changes)


@each
def test_it_says_what_it_is(corruption):
    assert corruption.title and corruption.source and len(corruption.grey) == 5 and len(corruption.colour) in (0, 5)
    assert parse(corruption.name) == (corruption, None) and parse(f"{corruption.name}-4") == (corruption, 4)


def test_other_seeds_other_images():
    images = strokes(12, 28, 28, 1)
    fixed = {"scale", "brightness", "stripe", "canny_edges", "contrast", "pixelate", "jpeg_compression", "saturate"}
    fixed |= {"defocus_blur", "zoom_blur", "gaussian_blur"}
    same = {
        name
        for name, change in CORRUPTIONS.items()
        if np.array_equal(*(change(images, 3, np.random.default_rng(s)) for s in (0, 1)))
    }
    assert same == fixed


def test_lengths_grow_with_the_image():
    """Twice the size, and translate moves twice as far."""
    small = np.zeros((1, 28, 28, 1), np.uint8)
    small[0, 14, 14] = 255
    large = np.zeros((1, 56, 56, 1), np.uint8)
    large[0, 28, 28] = 255
    moves = [
        np.abs(np.argwhere(CORRUPTIONS["translate"](x, 3, np.random.default_rng(0))[0, ..., 0])[0] - x.shape[1] // 2)
        for x in (small, large)
    ]
    assert moves[0].tolist() == [3, 3] and moves[1].tolist() == [6, 6]


def test_many_images_are_changed_in_parts(monkeypatch):
    """What is not random does not depend on how many images are changed at once."""
    images = strokes(7, 28, 28, 1)
    whole = CORRUPTIONS["scale"](images, 3, np.random.default_rng(0))
    assert images.size < AT_ONCE
    monkeypatch.setattr("benchmarks.corruptions.corruption.AT_ONCE", 3 * 784)
    assert np.array_equal(whole, CORRUPTIONS["scale"](images, 3, np.random.default_rng(0)))


@pytest.mark.parametrize(
    ("images", "severity", "message"),
    [
        (np.zeros((2, 8, 8), np.uint8), 1, "uint8"),
        (np.zeros((2, 8, 8, 1)), 1, "float64"),
        (np.zeros((2, 8, 8, 2), np.uint8), 1, "1 or 3"),
        (np.zeros((2, 8, 8, 1), np.uint8), 6, "from 0 to 5, given 6"),
    ],
)
def test_what_makes_no_sense_is_refused(images, severity, message):
    with pytest.raises(ValueError, match=message):
        CORRUPTIONS["fog"](images, severity, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("level", "message"), [("fogg", "Did you mean 'fog'"), ("fog-6", "as in fog-3"), ("fog-", "as in fog-3")]
)
def test_a_wrong_level_is_refused_with_the_nearest_right_one(level, message):
    with pytest.raises(UserError, match=message):
        parse(level)


def test_the_published_sets_are_there():
    assert len(MNIST_C) == 15 and len(CIFAR_10_C) == 18
    assert {c.name for c in MNIST_C if c.resembles} == {"translate", "rotate", "scale", "shear"}
    assert all(c.colour or c.name == "saturate" for c in CIFAR_10_C)


def test_clouds_are_smooth_and_fill_the_range():
    maps = clouds(20, 64, 2.0, np.random.default_rng(0))
    assert maps.shape == (20, 64, 64) and maps.min() == 0 and maps.max() == 1
    steps = np.abs(np.diff(maps, axis=1)).mean()
    assert steps < 0.1 < maps.std(), "neighbours are alike, and places are not"


@pytest.fixture(scope="module")
def reference():
    with np.load(REFERENCE) as stored:
        return {name: stored[name].astype(float) for name in stored}


@pytest.fixture(scope="module")
def model():
    """A fixed model, fitted on 2,000 training images of MNIST, and the labels of the reference images."""

    def read(name, start):
        path = REFERENCE.parents[1] / "mnist" / name
        if not path.is_file():
            pytest.skip(f"no {path.name} below $CROSSOVER_DATA")
        return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=start)

    X = read("train-images-idx3-ubyte.gz", 16).reshape(-1, 784)[:2000]
    y, labels = read("train-labels-idx1-ubyte.gz", 8)[:2000], read("t10k-labels-idx1-ubyte.gz", 8)[:500]
    return SVC(C=10, gamma=0.02).fit(X / 255, y), labels


@pytest.mark.parametrize("name", [pytest.param(c.name, marks=real) for c in MNIST_C])
def test_it_is_that_of_mnist_c(name, reference, model):
    """What is not random equals the reference images; the rest has their mean, spread and roughness, and a model errs as often."""
    clean = reference["identity"].astype(np.uint8)[..., None]
    corruption = CORRUPTIONS[name]
    ours = corruption(clean, corruption.severity(1), np.random.default_rng(1))[..., 0].astype(float)
    theirs = reference[name]
    if name in EXACT:
        assert np.abs(ours - theirs).max() <= 1 and (ours == theirs).mean() > 0.999
        return
    facts = {
        "brightness of images": lambda x: x.mean((1, 2)),
        "contrast of images": lambda x: x.std((1, 2)),
        "roughness down": lambda x: np.abs(np.diff(x, axis=1)).mean((1, 2)),
        "roughness across": lambda x: np.abs(np.diff(x, axis=2)).mean((1, 2)),
        "left less right": lambda x: x[:, :, :14].mean((1, 2)) - x[:, :, 14:].mean((1, 2)),
        "top less bottom": lambda x: x[:, :14].mean((1, 2)) - x[:, 14:].mean((1, 2)),
    }
    for what, fact in facts.items():
        a, b = fact(ours), fact(theirs)
        # Five standard errors of a difference, as of images that were drawn apart.
        assert abs(a.mean() - b.mean()) < 5 * np.hypot(a.std(), b.std()) / np.sqrt(len(a)) + 0.05, what
        assert abs(np.log(a.std() / b.std())) < 0.2, what
    fixed, y = model
    right = [(fixed.predict(x.reshape(-1, 784) / 255) == y).mean() for x in (ours, theirs)]
    assert abs(right[0] - right[1]) < 0.08, right
