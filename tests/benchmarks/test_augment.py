"""Changed copies of image files."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import crossover
from benchmarks.augment import Copying, augment, augment_arrays
from benchmarks.data import datasets
from benchmarks.errors import UserError
from estimators.models.pipeline import Augmentation

CHANGES = Augmentation(shift=0.1, rotation=0.2)


@pytest.fixture
def photos(tmp_path):
    """Two classes, grey and coloured images, of two sizes."""
    rng = np.random.default_rng(0)
    for name, shape in {"cat/1.png": (20, 24), "cat/2.jpg": (20, 24, 3), "dog/1.png": (32, 30)}.items():
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8)).save(path)
    return tmp_path / "photos"


def read(folder):
    return {str(p.relative_to(folder)): np.asarray(Image.open(p)) for p in sorted(folder.rglob("*.png"))}


def test_copies_keep_class_size_and_colours_and_differ(photos, tmp_path):
    assert augment(photos, tmp_path / "out", Copying(CHANGES, 2, 0)) == 6
    images = read(tmp_path / "out")
    assert set(images) == {f"{name}-{i}.png" for name in ("cat/1", "cat/2", "dog/1") for i in (0, 1)}
    assert images["cat/1-0.png"].shape == (20, 24) and images["cat/2-0.png"].shape == (20, 24, 3)
    assert (images["cat/1-0.png"] != images["cat/1-1.png"]).any()


def test_the_seed_alone_decides(photos, tmp_path):
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        augment(photos, tmp_path / name, Copying(CHANGES, 1, seed))
    one, same, other = (read(tmp_path / name) for name in ("one", "same", "other"))
    assert all((one[k] == same[k]).all() for k in one) and any((one[k] != other[k]).any() for k in one)


def test_no_change_gives_the_same_image(photos, tmp_path):
    augment(photos, tmp_path / "out", Copying(Augmentation(), 1))
    assert (read(tmp_path / "out")["dog/1-0.png"] == np.asarray(Image.open(photos / "dog/1.png"))).all()


def test_nothing_is_overwritten(photos, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "note").write_text("mine")
    with pytest.raises(UserError, match="not an empty folder"):
        augment(photos, tmp_path / "full", Copying(CHANGES, 1, 0))
    for inside in (photos, photos / "more"):  # They would be a class of their own.
        with pytest.raises(UserError, match="lies inside"):
            augment(photos, inside, Copying(CHANGES, 1, 0))
    Image.new("L", (4, 4)).save(photos / "cat" / "1.bmp")
    with pytest.raises(UserError, match="under the same names"):
        augment(photos, tmp_path / "out", Copying(CHANGES, 1, 0))


def test_a_folder_without_images_is_refused(tmp_path):
    with pytest.raises(UserError, match="There is no image in"):
        augment(tmp_path, tmp_path / "out", Copying(CHANGES, 1, 0))


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_folder_whose_split_the_copies_would_lose_is_refused(photos, tmp_path):
    """Copies of a test image came into the training part, since nothing said any more which was which."""
    (photos / "split.csv").write_text("file,split\ncat/1.png,train\ncat/2.jpg,test\ndog/1.png,train\n")
    with pytest.raises(UserError, match=r"has a split\.csv"):
        augment(photos, tmp_path / "out", Copying(CHANGES, 2))
    assert not (tmp_path / "out").exists()


def test_originals_are_kept_beside_their_copies(photos, tmp_path):
    assert augment(photos, tmp_path / "out", Copying(CHANGES, 1, keep_originals=True)) == 6
    images = read(tmp_path / "out")
    assert set(images) == {f"{name}{end}.png" for name in ("cat/1", "cat/2", "dog/1") for end in ("", "-0")}
    assert (images["dog/1.png"] == np.asarray(Image.open(photos / "dog/1.png"))).all()
    augment(photos, tmp_path / "copies", Copying(CHANGES, 1))
    assert all((image == images[name]).all() for name, image in read(tmp_path / "copies").items())


def test_an_original_that_is_called_as_a_copy_would_be_is_refused(photos, tmp_path):
    Image.new("L", (4, 4)).save(photos / "cat" / "1-1.png")
    assert augment(photos, tmp_path / "fits", Copying(CHANGES, 1, keep_originals=True)) == 8  # The copies are 0 alone.
    assert len(read(tmp_path / "fits")) == 8
    with pytest.raises(UserError, match=r"cat/1-1\.png is called as a copy of .*cat/1\.png would be"):
        augment(photos, tmp_path / "out", Copying(CHANGES, 2, keep_originals=True))
    assert augment(photos, tmp_path / "out", Copying(CHANGES, 2)) == 8


def test_a_broken_image_half_way_leaves_nothing_so_that_it_can_be_run_again(photos, tmp_path):
    whole = (photos / "dog/1.png").read_bytes()
    (photos / "dog/1.png").write_bytes(whole[:-400])  # Its header is fine: the other images are written before it.
    for folder in (tmp_path / "new", tmp_path / "empty"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(UserError, match=r"dog/1\.png"):
            augment(photos, folder, Copying(CHANGES, 1))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["empty", "photos"] and not any((tmp_path / "empty").iterdir())
    (photos / "dog/1.png").write_bytes(whole)
    assert augment(photos, tmp_path / "empty", Copying(CHANGES, 1)) == 3
    assert sorted(p.name for p in tmp_path.iterdir()) == ["empty", "photos"]
    assert (tmp_path / "empty").stat().st_mode == photos.stat().st_mode


def test_light_and_dark_are_swapped(photos, tmp_path):
    augment(photos, tmp_path / "out", Copying(CHANGES, 0, keep_originals=True, invert=True))
    assert (read(tmp_path / "out")["dog/1.png"] == 255 - np.asarray(Image.open(photos / "dog/1.png"))).all()


def ink(background=0, n=3):
    """A bar of another grey level on an even background, a little longer in each image."""
    images = np.full((n, 12, 10, 1), background, np.uint8)
    for i in range(n):
        images[i, 3 : 6 + i, 4:6] = 180 if background < 128 else 60
    return images


@pytest.mark.parametrize("background", [0, 30, 200, 255])
def test_what_comes_in_from_beyond_the_edge_is_as_dark_or_light_as_the_edge(background):
    copies, _ = augment_arrays(ink(background), [0, 1, 2], Copying(Augmentation(shift=0.2), 8))
    levels = copies[:, [0, 0, -1, -1], [0, -1, 0, -1], 0]
    assert levels.min() == (0 if background < 128 else background)
    assert levels.max() == (background if background < 128 else 255)


@pytest.mark.parametrize("threshold", [100, "100", "otsu"])
@pytest.mark.parametrize("channels", [1, 3])
def test_with_a_threshold_all_is_black_and_white(threshold, channels):
    images = np.repeat(ink(20), channels, axis=3)
    made, _ = augment_arrays(images, [0, 1, 2], Copying(CHANGES, 2, keep_originals=True, threshold=threshold))
    assert made.shape == (9, 12, 10, channels) and set(np.unique(made)) == {0, 255}
    assert (made[:3] == np.where(images == 180, 255, 0)).all()


def test_the_level_of_otsu_is_that_of_each_image_and_an_even_image_stays_even():
    images = np.stack(
        [ink(0)[0], ink(0)[0] // 9, np.full((12, 10, 1), 200, np.uint8), np.full((12, 10, 1), 20, np.uint8)]
    )
    made, _ = augment_arrays(images, range(4), Copying(CHANGES, 0, keep_originals=True, threshold="otsu"))
    assert (made[0] == made[1]).all() and set(made[0].ravel()) == {0, 255}
    assert set(made[2].ravel()) == {255} and set(made[3].ravel()) == {0}


def test_arrays_come_with_their_labels_originals_first():
    images, labels = ink(n=5), np.array(list("abcde"))
    more, names = crossover.augment_arrays(images, labels, copies=2, seed=3, keep_originals=True)
    assert more.shape == (15, 12, 10, 1) and more.dtype == np.uint8
    assert (more[:5] == images).all() and (more[5:10] != more[10:]).any()
    assert names.tolist() == list("abcde" * 3)
    same, _ = crossover.augment_arrays(images, labels, copies=2, seed=3, keep_originals=True)
    other, _ = crossover.augment_arrays(images, labels, copies=2, seed=4, keep_originals=True)
    assert more.tobytes() == same.tobytes() != other.tobytes()
    copies, _ = crossover.augment_arrays(images, labels, copies=2, seed=3)
    assert copies.tobytes() == more[5:].tobytes()


def test_many_images_are_copied_in_parts(monkeypatch):
    images = ink(n=6)
    monkeypatch.setattr("benchmarks.augment.AT_ONCE", 2 * 2 * images[0].nbytes)
    more, y = augment_arrays(images, range(6), Copying(Augmentation(), 2))
    assert (more == np.tile(images, (2, 1, 1, 1))).all() and y.tolist() == [*range(6), *range(6)]
    changed, _ = augment_arrays(np.repeat(images[:1], 6, axis=0), range(6), Copying(CHANGES, 1))
    assert len({image.tobytes() for image in changed}) == 6, "the parts are changed differently"


@pytest.mark.parametrize(
    ("images", "labels", "options", "words"),
    [
        (ink().astype(float), [0, 1, 2], {}, r"given float64 \(3, 12, 10, 1\)"),
        (ink()[..., 0], [0, 1, 2], {}, r"given uint8 \(3, 12, 10\)"),
        (ink()[:0], [], {}, r"given uint8 \(0,"),
        (ink(), [0, 1], {}, r"There are 3 images, but the labels have shape \(2,\)"),
        (ink(), [0, 1, 2], {"copies": 0}, "must be 1 or more, or 0 where the originals are kept, given 0"),
        (ink(), [0, 1, 2], {"copies": -1, "keep_originals": True}, "must be 0 or more, given -1"),
        (ink(), [0, 1, 2], {"threshold": 255}, "no threshold 255. Give a level from 0 to 254"),
        (ink(), [0, 1, 2], {"threshold": "otso"}, r"no threshold 'otso'\. Did you mean 'otsu'"),
    ],
)
def test_arrays_and_options_that_make_no_sense_are_refused_in_one_line(images, labels, options, words):
    with pytest.raises(UserError, match=words) as error:
        crossover.augment_arrays(images, labels, **options)
    assert "\n" not in str(error.value)


def test_the_command_and_the_call_write_equal_files_in_every_process(photos, tmp_path):
    """What is written is read by a run: doubled, black and white, each class in its folder."""
    command = ["augment", str(photos), "one", "--copies", "1", "--keep-originals", "--invert", "--threshold", "otsu"]
    done = subprocess.run(
        [sys.executable, "-m", "crossover", *command], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0 and done.stdout == "6 images written to one/\n", done.stderr
    crossover.augment(photos, tmp_path / "same", copies=1, keep_originals=True, invert=True, threshold="otsu")
    assert contents(tmp_path / "one") == contents(tmp_path / "same")
    data = datasets.load(tmp_path / "one")
    assert data.classes == ("cat", "dog") and len(data.train) + len(data.test) == 6
