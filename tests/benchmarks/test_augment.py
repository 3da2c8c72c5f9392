"""Changed copies of image files."""

import numpy as np
import pytest
from PIL import Image

from benchmarks.augment import augment
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
    assert augment(photos, tmp_path / "out", CHANGES, 2, 0) == 6
    images = read(tmp_path / "out")
    assert set(images) == {f"{name}-{i}.png" for name in ("cat/1", "cat/2", "dog/1") for i in (0, 1)}
    assert images["cat/1-0.png"].shape == (20, 24) and images["cat/2-0.png"].shape == (20, 24, 3)
    assert (images["cat/1-0.png"] != images["cat/1-1.png"]).any()


def test_the_seed_alone_decides(photos, tmp_path):
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        augment(photos, tmp_path / name, CHANGES, 1, seed)
    one, same, other = (read(tmp_path / name) for name in ("one", "same", "other"))
    assert all((one[k] == same[k]).all() for k in one) and any((one[k] != other[k]).any() for k in one)


def test_no_change_gives_the_same_image(photos, tmp_path):
    augment(photos, tmp_path / "out", Augmentation(), 1, 0)
    assert (read(tmp_path / "out")["dog/1-0.png"] == np.asarray(Image.open(photos / "dog/1.png"))).all()


def test_nothing_is_overwritten(photos, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "note").write_text("mine")
    with pytest.raises(UserError, match="not an empty folder"):
        augment(photos, tmp_path / "full", CHANGES, 1, 0)
    for inside in (photos, photos / "more"):  # They would be a class of their own.
        with pytest.raises(UserError, match="lies inside"):
            augment(photos, inside, CHANGES, 1, 0)
    Image.new("L", (4, 4)).save(photos / "cat" / "1.bmp")
    with pytest.raises(UserError, match="under the same names"):
        augment(photos, tmp_path / "out", CHANGES, 1, 0)


def test_a_folder_without_images_is_refused(tmp_path):
    with pytest.raises(UserError, match="There is no image in"):
        augment(tmp_path, tmp_path / "out", CHANGES, 1, 0)
