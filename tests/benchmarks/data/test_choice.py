"""Size and framing of the pictures of a folder: chosen on training images alone, only if better by more than chance."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

import benchmarks.data.choice as module
import crossover
from benchmarks.data import datasets
from benchmarks.data.choice import MOST_IMAGES, MOST_PIXELS, Choice, choice_of, choose, sample
from benchmarks.data.formats import folder, image_file
from benchmarks.data.framing import BOX, Framing, Preparation
from benchmarks.data.reading import Reading
from benchmarks.errors import UserError
from benchmarks.plan import plan
from benchmarks.suite import make_suite

ROOT = Path(module.__file__).parents[2]
SHAPES = {
    "cross": [[(0, 0), (30, 30)], [(30, 0), (0, 30)]],
    "el": [[(0, 0), (30, 0), (30, 22)]],
    "vee": [[(0, 0), (30, 14), (0, 28)]],
}


def write_drawings(target, each, seed=0, size=(180, 240)):
    """Small drawings anywhere on large paper, as PNG; returns the folder."""
    rng = np.random.default_rng(seed)
    for name, lines in SHAPES.items():
        (target / name).mkdir(parents=True)
        for i in range(each):
            image = Image.new("L", size[::-1], 255)
            top, left, scale = rng.integers(2, size[0] - 60), rng.integers(2, size[1] - 60), rng.uniform(0.7, 1.4)
            for line in lines:
                points = [(left + scale * x + rng.normal(0, 1), top + scale * y + rng.normal(0, 1)) for y, x in line]
                ImageDraw.Draw(image).line(points, fill=0, width=int(rng.integers(2, 5)))
            image.save(target / name / f"{i:03}.png")
    return target


def write_textures(target, each, size=(24, 36)):
    """Colour pictures without a background, whose pattern tells the class."""
    rng = np.random.default_rng(0)
    for k, name in enumerate(("fine", "coarse", "flat")):
        (target / name).mkdir(parents=True)
        for i in range(each):
            few = rng.integers(0, 256, (size[0] // (2 + 4 * k), size[1] // (2 + 4 * k), 3), np.uint8)
            Image.fromarray(few).resize(size[::-1], Image.Resampling.NEAREST).save(target / name / f"{i}.png")
    return target


def test_drawings_are_cropped_and_the_note_tells_the_margin(tmp_path):
    data = datasets.load(write_drawings(tmp_path / "marks", 30))
    choice = data.choice
    assert choice.framing.frame in ("content", "mass") and choice.framing.shape[2] == 1
    assert choice.plain == Framing((48, 64, 1)) and data.train.X.shape[1:] == choice.framing.shape
    assert choice.accuracy > choice.plain_accuracy + 0.1 and choice.p < 0.05
    assert str(choice) in data.note and "resized" not in data.note
    assert data.preparation == Preparation(choice.framing)
    again = datasets.load(tmp_path / "marks")
    assert again.choice == choice and again.fingerprint == data.fingerprint
    # Every image is what the framing makes of its file, in the test part too.
    for images, names in zip((data.train.X, data.test.images()), data.files(), strict=True):
        file = tmp_path / "marks" / names[0]
        picture = image_file.load_picture(file, 1)
        np.testing.assert_array_equal(images[0], choice.framing(picture))


def test_pictures_without_a_background_stay_whole_at_their_size(tmp_path):
    data = datasets.load(write_textures(tmp_path / "textures", 20))
    assert data.train.X.shape[1:] == (24, 36, 3) and data.choice.framing == Framing((24, 36, 3))
    assert data.choice.p is None and data.preparation is None
    assert "Pictures" not in data.note


def test_pictures_that_are_both_ways_round_are_turned_light_on_dark():
    """A light edge above means another class than one below: only where all are one way round can they be told."""
    y = np.repeat([0, 1], 40)
    turned = np.random.default_rng(0).random(80) < 0.5

    def read(rows, framings):
        images = {}
        for framing in framings:
            bright = np.linspace(0, 255, framing.shape[0]).astype(np.uint8)[:, None, None]
            upside = (y[rows] == 1) ^ (turned[rows] & (framing.polarity == "as it is"))
            images[framing] = np.stack([np.broadcast_to(255 - bright if u else bright, framing.shape) for u in upside])
        return images

    choice = choose(y, Framing((16, 16, 1)), read)
    assert choice.framing == Framing((16, 16, 1), "whole", "light on dark")
    assert choice.accuracy == 1 and choice.p < 0.05


def test_no_test_image_is_looked_at_for_the_choice(tmp_path, monkeypatch):
    """Neither of a test part of its own, nor of one that is drawn."""
    looked, load = [], image_file.load_framed

    def spy(paths, framings, background="white"):
        if len(framings) > 1:
            looked.extend(paths)
        return load(paths, framings, background)

    monkeypatch.setattr(folder, "load_framed", spy)
    data = datasets.load(write_drawings(tmp_path / "marks", 30))
    held = {tmp_path / "marks" / name for name in data.files()[1]}
    assert len(held) == 18 and len(looked) == 72 and not held & set(looked)

    write_drawings(tmp_path / "own" / "train", 20)
    write_textures(tmp_path / "own" / "test", 4, size=(30, 30))
    for old, new in zip(("fine", "coarse", "flat"), SHAPES, strict=True):
        (tmp_path / "own" / "test" / old).rename(tmp_path / "own" / "test" / new)
    strange = datasets.load(tmp_path / "own")
    for file in (tmp_path / "own" / "test").rglob("*.png"):
        Image.new("L", (30, 30), 200).save(file)
    changed = datasets.load(tmp_path / "own")
    assert changed.fingerprint != strange.fingerprint
    assert changed.choice == strange.choice and changed.train_fingerprint == strange.train_fingerprint


@pytest.mark.parametrize(
    ("asked", "shape", "frame"),
    [
        ({"size": "24x32"}, (24, 32, 1), None),
        ({"size": "20"}, None, None),
        ({"frame": "whole"}, None, "whole"),
        ({"frame": "mass"}, None, "mass"),
        ({"frame": "mass", "size": "20"}, (20, 20, 1), "mass"),
        ({"frame": "whole", "size": "20"}, (15, 20, 1), "whole"),
        ({"frame": "content", "size": "18x30"}, (18, 30, 1), "content"),
        ({"frame": "whole", "size": "200"}, (150, 200, 1), "whole"),
    ],
)
def test_what_is_asked_for_is_done(tmp_path, asked, shape, frame):
    data = datasets.load(write_drawings(tmp_path / "marks", 12), reading=Reading(**asked))
    framing = data.choice.framing
    assert data.train.X.shape[1:] == framing.shape
    assert shape in (None, framing.shape) and frame in (None, framing.frame)
    assert max(framing.shape) == 20 or asked.get("size") != "20"
    if len(asked) == 2:
        assert data.choice.images == 0 and "as asked" in str(data.choice)


@pytest.mark.parametrize(
    "wrong", [{"size": "big"}, {"size": "3"}, {"size": "32x"}, {"size": "9999"}, {"frame": "hole"}]
)
def test_a_size_or_frame_that_is_none_is_refused(wrong):
    with pytest.raises(UserError, match=r"is no size|a side has 4 to 512|no frame 'hole'. Did you mean 'whole'"):
        Reading(**wrong)


def test_what_is_no_folder_of_pictures_has_its_size_already(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros((20, 8, 8), np.uint8), y=np.repeat([0, 1], 10))
    for what in ("digits", tmp_path / "a.npz"):
        with pytest.raises(UserError, match="--size 32 is for the pictures of a folder"):
            datasets.load(what, reading=Reading(size="32"))


def test_nothing_is_chosen_by_chance():
    """Images that are noise in every framing: in 60 such sets, 5 % of choices are false alarms, or fewer."""
    y, alarms = np.repeat(np.arange(3), 20), 0
    for seed in range(60):
        rng = np.random.default_rng(seed)

        def noise(rows, framings, rng=rng):
            return {f: rng.integers(0, 256, (len(rows), *f.shape), np.uint8) for f in framings}

        alarms += choose(y, Framing((16, 16, 1)), noise).p is not None
    assert alarms <= 6


def test_the_probe_leaves_out_a_group_and_counts_it_once():
    """Four copies of each picture, which nothing but the copies tells the class of: the probe must not know them again."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(40), 4)
    y = np.repeat(rng.permutation(40) % 2, 4)
    X = np.repeat(rng.integers(0, 256, (40, 16, 16, 1), dtype=np.uint8), 4, axis=0)
    plain, cropped = Framing((16, 16, 1)), Framing((16, 16, 1), "content", fill=0.875)
    other = rng.integers(0, 256, X.shape, dtype=np.uint8)
    images = {plain: other, cropped: X}
    alone = module._Probe(images, y, np.arange(len(y)))
    together = module._Probe(images, y, groups)
    assert alone.accuracy(cropped) == 1 and alone.p(cropped, plain) < 1e-6  # Copies are known again.
    assert together.accuracy(cropped) < 0.75 and together.p(cropped, plain) > 0.01

    def read(rows, framings):
        return {f: X[rows] if f.frame == "content" else other[rows] for f in framings}

    assert choose(y, plain, read).framing.frame == "content"
    assert choose(y, plain, read, groups=groups).framing.frame == "whole"


def test_near_duplicates_are_one_picture_wherever_it_lies_on_its_paper(tmp_path):
    """The same drawings, moved: cropped to their content they are equal, so that they must stay on one side."""
    rng = np.random.default_rng(1)
    for k, name in enumerate(SHAPES):
        (tmp_path / "moved" / name).mkdir(parents=True)
        for i in range(12):
            drawing = Image.new("L", (26, 26), 255)
            for _ in range(5):
                ImageDraw.Draw(drawing).line(rng.integers(0, 26, 4).tolist(), fill=0, width=2 + k)
            for j in range(4):
                paper = Image.new("L", (64, 64), 255)
                paper.paste(drawing, tuple(rng.integers(2, 36, 2).tolist()))
                paper.save(tmp_path / "moved" / name / f"{i:02}-{j}.png")
    for frame in ("content", ""):
        data = datasets.load(tmp_path / "moved", reading=Reading(groups="near", frame=frame))
        parts = [{name[:-6] for name in names} for names in data.files()]
        assert parts[0] and parts[1] and not parts[0] & parts[1]


def test_the_sample_is_bounded_and_of_all_classes_alike():
    many = np.repeat(np.arange(10), 10_000)
    rows = sample(many, 28 * 28)
    assert len(rows) == MOST_IMAGES and set(np.bincount(many[rows])) == {60}
    assert (np.diff(rows) > 0).all() and np.array_equal(rows, sample(many, 28 * 28))
    photographs = sample(many, 12_000_000)
    assert len(photographs) * 12_000_000 <= MOST_PIXELS
    thousand = sample(np.repeat(np.arange(1000), 20), 1)
    assert len(thousand) == MOST_IMAGES
    assert sample(np.array([0, 0, 1, 1]), 1).tolist() == [0, 1, 2, 3]


def test_a_choice_is_found_again_in_its_facts():
    for choice in (
        Choice(Framing((9, 9, 1)), Framing((9, 9, 1))),
        Choice(Framing((9, 9, 3), "mass", "light on dark", BOX), Framing((9, 9, 3)), 40, 0.5, 0.25, 0.01),
    ):
        assert choice_of(json.loads(json.dumps(choice.facts()))) == choice
    assert "right on 50.0%, and on 25.0%" in str(choice) and "light on dark" in str(choice)


def test_a_model_frames_pictures_as_its_training_images_were(tmp_path):
    """From the command line, in processes of their own: plan, run, then predict on the files of the test part."""

    def command(*arguments):
        done = subprocess.run(
            [sys.executable, "-m", "crossover", *map(str, arguments)],
            capture_output=True, text=True, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    marks = write_drawings(tmp_path / "marks", 40)
    run = ["run", marks, "--estimators", "logistic_regression", "--budget", "1 trials", "--run", "m"]
    command(*run)
    data = datasets.load(marks)
    assert data.choice.p < 0.05 and str(data.choice) in command(*run, "--dry-run")
    suite = make_suite(
        {"name": "m", "title": "", "datasets": [str(marks)], "estimators": ["svm"], "budget": "1 s"}, "m"
    )
    assert str(data.choice) in plan(suite, tmp_path / "runs" / "other")
    passport = json.loads((tmp_path / "runs/m/data/marks/passport.json").read_text())
    assert passport["framing"] == str(data.choice)
    info = json.loads((tmp_path / "runs/m/run.json").read_text())
    assert choice_of(info["framings"]["marks"]) == data.choice and any(str(data.choice) in n for n in info["notes"])

    files = [marks / name for name in data.files()[1]]
    command("predict", "runs/m", *files, "--show-input", "seen", "--out", "p.json")
    seen = [np.asarray(Image.open(file)) for file in sorted((tmp_path / "seen").iterdir())]
    np.testing.assert_array_equal(np.stack(seen), data.test.images()[..., 0])
    model = crossover.load_model(tmp_path / "runs/m")
    np.testing.assert_array_equal(model.read(*files), data.test.images())
    assert "Pictures become such images so: the box around what differs" in (model.folder / "README.md").read_text()
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match="broken"):
        model.read(files[0], tmp_path / "broken.png")
    crossover.predict(tmp_path / "runs/m", files[0], prepare="none", show_input=tmp_path / "plain")
    (plain,) = (np.asarray(Image.open(file)) for file in (tmp_path / "plain").iterdir())
    assert (plain != seen[0]).any()
