"""How pictures become arrays: whatever they are, they come out framed, and what is no property of them changes nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

from benchmarks.data.framing import (
    BOX,
    FRAMES,
    POLARITIES,
    Framing,
    Preparation,
    background,
    content,
    measured,
    preparation_of,
    scan,
)

sides = st.integers(1, 24)
pictures = st.tuples(sides, sides, st.sampled_from([1, 3])).flatmap(lambda shape: arrays(np.uint8, shape))
framings = st.builds(
    Framing,
    st.tuples(sides, sides, st.sampled_from([1, 3])),
    st.sampled_from(FRAMES),
    st.sampled_from(POLARITIES),
    st.floats(0.01, 1.0),
)


def drawn(points, size=(60, 80), at=(0, 0), width=4, ink=0, paper=255):
    """A stroke through points of a square of 40 pixels, drawn with its corner at `at`; uint8 (h, w, 1)."""
    image = Image.new("L", (size[1], size[0]), paper)
    path = [(x + at[1], y + at[0]) for y, x in points]
    ImageDraw.Draw(image).line(path, fill=ink, width=width, joint="curve")
    return np.asarray(image)[..., None]


strokes = st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39)), min_size=3, max_size=6).filter(
    lambda points: max(np.ptp(points, axis=0)) >= 20
)
ZIGZAG = [(2, 3), (5, 36), (30, 8), (36, 37)]


@given(pictures, framings)
def test_every_picture_comes_out_in_shape(picture, framing):
    before = picture.copy()
    out = framing(picture)
    assert out.shape == framing.shape and out.dtype == np.uint8
    np.testing.assert_array_equal(picture, before)
    np.testing.assert_array_equal(out, framing(picture))


@given(pictures)
def test_a_whole_picture_of_the_size_stays_as_it_is(picture):
    np.testing.assert_array_equal(Framing(picture.shape)(picture), picture)


@given(framings, st.tuples(sides, sides), st.integers(0, 255))
def test_a_blank_picture_is_background(framing, size, value):
    out = framing(np.full((*size, 1), value, np.uint8))
    assert (out == (0 if framing.polarity == "light on dark" else value)).all()


@given(strokes, st.sampled_from(["content", "mass"]))
def test_a_framing_does_not_mind_where_it_is_nor_which_way_round(points, frame):
    framing = Framing((28, 28, 1), frame, "light on dark", 0.7)
    here, there = (drawn(points, (100, 120), at) for at in ((4, 4), (50, 70)))
    np.testing.assert_array_equal(framing(here), framing(there))
    np.testing.assert_array_equal(framing(here), framing(255 - here))
    as_it_is = Framing((28, 28, 1), frame, "as it is", 0.7)
    np.testing.assert_array_equal(as_it_is(here), as_it_is(there))
    assert np.abs(255 - as_it_is(here).astype(int) - framing(here)).max() <= 1


@given(st.integers(5, 40), st.integers(5, 40))
def test_the_aspect_is_kept_and_the_box_is_filled(height, width):
    picture = np.full((60, 60, 1), 255, np.uint8)
    picture[10 : 10 + height, 15 : 15 + width] = 0
    for frame, fill in (("content", 1.0), ("mass", BOX)):
        shown = Framing((28, 28, 1), frame, "light on dark", fill)(picture)[..., 0] > 127
        down, across = shown.any(axis=1).sum(), shown.any(axis=0).sum()
        assert max(down, across) == round(28 * fill)
        assert min(down, across) == pytest.approx(28 * fill * min(height, width) / max(height, width), abs=1)


@given(strokes)
def test_the_centre_of_mass_is_in_the_middle_as_in_mnist(points):
    out = scan((28, 28, 1))(drawn(points)).astype(float)[..., 0]
    for axis in (0, 1):
        mass = out.sum(axis=1 - axis)
        shown = np.flatnonzero(mass)
        centre = (np.arange(28) + 0.5) @ mass / mass.sum()
        # Unless it would leave the frame.
        assert 13.95 <= centre <= 15.05 or shown[0] <= 1 or shown[-1] >= 26


@given(strokes, st.sampled_from(["content", "mass"]), st.sampled_from([BOX, 24 / 28]))
def test_what_is_framed_stays_so(points, frame, fill):
    framing = Framing((28, 28, 1), frame, "light on dark", fill)
    once = framing(drawn(points, width=6)).astype(int)
    again = framing(once.astype(np.uint8)).astype(int)
    # Where there is a margin, so that the background can be told. A box may turn out a pixel smaller where a stroke has become faint: then all of it moves by part of a pixel.
    assert np.abs(again - once).sum() <= 0.35 * once.sum()


def test_a_photo_comes_out_as_the_drawing_does():
    """On grey paper, blurred, with noise and specks, with light from one side, and both ways round."""
    clean = drawn(ZIGZAG, (300, 400), (130, 180), 7)
    rng = np.random.default_rng(0)
    light = np.linspace(0.5, 1.2, 400)[None] * np.linspace(1.05, 0.9, 300)[:, None]
    paper = (60 + 140 * gaussian_filter(clean[..., 0] / 255, 1)) * light + rng.normal(0, 6, (300, 400))
    for y, x in rng.integers(5, 290, (40, 2)):
        paper[y, x] = 0
    photo = np.clip(paper, 0, 255).astype(np.uint8)[..., None]
    wanted = scan((28, 28, 1))(clean).astype(int)
    for picture in (photo, 255 - photo, np.repeat(photo, 3, axis=2)):
        found = scan((28, 28, 1))(picture).astype(int)
        assert np.abs(found - wanted).sum() < 0.25 * wanted.sum()


def test_the_background_is_that_of_most_of_each_side():
    picture = np.full((50, 50, 3), (10, 200, 90), np.uint8)
    picture[:, 20:40] = 255  # Touches two sides.
    assert np.abs(background(picture) - (10, 200, 90)).max() < 1


def test_dirt_is_no_content_but_the_dot_of_an_i_is():
    contrast = np.zeros((60, 60), np.uint8)
    contrast[20:50, 28:33] = 200
    contrast[8:14, 28:33] = 200
    assert content(contrast).sum() == 36 * 5
    contrast[3, 3] = 255
    assert not content(contrast)[3, 3]
    assert not content(np.full((5, 5), 10, np.uint8)).any()


def test_a_colour_picture_keeps_its_colours():
    picture = np.full((40, 60, 3), (250, 250, 250), np.uint8)
    picture[10:20, 30:40] = (200, 20, 20)
    out = Framing((16, 16, 3), "content")(picture)
    assert (out == (200, 20, 20)).all()
    turned = Framing((16, 16, 3), "content", "light on dark")(picture)
    assert turned[8, 8].tolist() == [55, 255, 255]


def test_a_picture_that_looks_as_wanted_is_taken_as_it_is():
    framing = scan((28, 28, 1))
    small = np.zeros((28, 28, 1), np.uint8)
    small[2:9, 3:7] = 130
    prepared = Preparation(framing, unless_alike=True)
    np.testing.assert_array_equal(prepared(small), small)
    assert (prepared(255 - small) != small).any(), "dark on light"
    assert (Preparation(framing)(small) != small).any(), "every training picture was framed"
    np.testing.assert_array_equal(prepared(drawn(ZIGZAG)), framing(drawn(ZIGZAG)))


@given(framings, st.booleans())
def test_a_preparation_is_found_again_in_its_facts(framing, unless_alike):
    prepared = Preparation(framing, unless_alike)
    assert preparation_of(prepared.facts(), framing.shape) == prepared


@pytest.mark.parametrize(
    "facts", [{}, [], {"frame": "half"}, {**scan((9, 9, 1)).__dict__, "fill": 3, "unless_alike": 1}]
)
def test_facts_that_tell_of_no_preparation_are_refused(facts):
    with pytest.raises(ValueError, match=r"no (framing|preparation)"):
        preparation_of(facts, (9, 9, 1))


@pytest.mark.parametrize(("frame", "fill"), [("mass", BOX), ("content", 24 / 28), ("content", 1.0)])
def test_the_framing_of_images_is_found_from_them(frame, fill):
    rng = np.random.default_rng(1)
    made = Framing((28, 28, 1), frame, "light on dark", fill)
    X = np.stack([made(drawn(rng.integers(0, 40, (4, 2)).tolist(), width=6)) for _ in range(60)])
    found = measured(X)
    assert found.frame == frame and found.polarity == "light on dark"
    assert found.fill == pytest.approx(fill, abs=0.04)


def test_nobody_can_tell_the_framing_of_noise_photographs_or_few_pixels():
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (40, 28, 28, 1), np.uint8)
    assert measured(noise) is None
    assert measured(np.repeat(noise, 3, axis=3)) is None
    assert measured(np.zeros((5, 28, 28, 1), np.uint8)) is None
    assert measured(np.zeros((5, 8, 8, 1), np.uint8)) is None
    anywhere = [drawn(rng.integers(0, 40, (4, 2)).tolist(), (96, 96), rng.integers(0, 50, 2)) for _ in range(40)]
    assert measured(np.stack([Framing((28, 28, 1))(255 - picture) for picture in anywhere])) is None
