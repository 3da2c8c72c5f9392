"""Image features: right values, any size, and nothing kept in memory that need not be."""

import numpy as np
import pytest
from sklearn.base import clone

from estimators.features import ImageFeatures, features, hog, names
from estimators.features.hog import HOG
from estimators.features.pixels import Pixels

SIZES = [(8, 8, 1), (16, 16, 1), (28, 28, 1), (32, 32, 3), (20, 36, 3), (1, 1, 1), (2, 5, 1)]


def images(shape, n=5, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)


@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("transformer", [Pixels(), HOG()], ids=["pixels", "hog"])
def test_features_are_finite_float32_rows_for_any_size(transformer, shape):
    rows = clone(transformer).fit_transform(images(shape))
    assert rows.dtype == np.float32
    assert rows.ndim == 2
    assert rows.flags.c_contiguous
    assert np.isfinite(rows).all()
    assert 0 <= rows.min() <= rows.max() <= 1


def test_pixels_are_scaled_and_in_order():
    X = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3)
    np.testing.assert_allclose(Pixels().fit_transform(X)[0] * 255, np.arange(12), rtol=1e-6)


def test_hog_has_as_many_features_for_any_size_that_has_room():
    lengths = {HOG().fit_transform(images(shape)).shape[1] for shape in [(28, 28, 1), (32, 32, 3), (20, 36, 3)]}
    assert lengths == {6 * 6 * 4 * 9 + 3 * 3 * 4 * 9}
    assert HOG().fit_transform(images((8, 8, 1))).shape[1] == 3 * 3 * 4 * 9  # one scale: 4 cells of 2 pixels


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_hog_tells_the_direction_of_an_edge(turns):
    """A step from dark to light votes for the direction it rises in; signed, so its mirror image votes otherwise."""
    X = np.zeros((1, 16, 16, 1), np.uint8)
    X[:, :, 8:] = 255  # rises to the right: angle 0
    X = np.ascontiguousarray(np.rot90(X, turns, axes=(1, 2)))
    votes = HOG(cells=(1,), bins=4).fit_transform(X)[0]  # bins: right, down, left, up
    assert votes.argmax() == [0, 3, 2, 1][turns]
    assert np.count_nonzero(votes) == 1


def test_hog_agrees_with_the_definition_pixel_by_pixel():
    X = images((9, 11, 1), n=2)
    hog = HOG(cells=(3,), bins=9)
    np.testing.assert_allclose(hog.fit_transform(X), [slow_hog(image[..., 0], 3, 9) for image in X], atol=2e-5)


def slow_hog(image, cells, bins):
    """One scale of `HOG` of one grey image, written with loops."""
    grey = image / 255
    height, width = grey.shape
    tall, wide = height / cells, width / cells
    histograms = np.zeros((cells, cells, bins))
    for r in range(height):
        for c in range(width):
            down = grey[r + 1, c] - grey[r - 1, c] if 0 < r < height - 1 else 0.0
            right = grey[r, c + 1] - grey[r, c - 1] if 0 < c < width - 1 else 0.0
            turn = np.arctan2(down, right) / (2 * np.pi) * bins % bins
            for i in range(cells):
                for j in range(cells):
                    near = max(0, 1 - abs(r + 0.5 - (i + 0.5) * tall) / tall)
                    near *= max(0, 1 - abs(c + 0.5 - (j + 0.5) * wide) / wide)
                    low = int(turn)
                    histograms[i, j, low % bins] += near * np.hypot(down, right) * (1 - (turn - low))
                    histograms[i, j, (low + 1) % bins] += near * np.hypot(down, right) * (turn - low)
    blocks = []
    for i in range(cells - 1):
        for j in range(cells - 1):
            block = histograms[i : i + 2, j : j + 2].ravel()
            block = np.minimum(block / np.sqrt(block @ block + 1e-10), 0.2)
            blocks.append(block / np.sqrt(block @ block + 1e-10))
    return np.concatenate(blocks)


def test_hog_of_a_grey_image_in_colour_is_that_of_the_grey_one():
    grey = images((12, 12, 1))
    np.testing.assert_array_equal(HOG().fit_transform(grey), HOG().fit_transform(np.repeat(grey, 3, axis=3)))


def test_hog_does_not_depend_on_batches_or_threads(monkeypatch):
    X = images((12, 12, 1), n=23)
    whole = HOG().fit_transform(X)
    monkeypatch.setattr(hog, "BATCH", 5)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    np.testing.assert_array_equal(HOG().fit_transform(X), whole)


@pytest.mark.parametrize("transformer", [Pixels(), HOG()], ids=["pixels", "hog"])
def test_images_of_another_kind_are_refused(transformer):
    fitted = clone(transformer).fit(images((8, 8, 1)))
    with pytest.raises(ValueError, match=r"fitted on images of shape \(8, 8, 1\), given \(9, 8, 1\)"):
        fitted.transform(images((9, 8, 1)))
    with pytest.raises(ValueError, match="uint8"):
        fitted.transform(images((8, 8, 1)).astype(np.float32))


def test_unknown_features_are_named():
    with pytest.raises(ValueError, match=r"'hug'\. Did you mean 'hog'\? There are: hog, patches, pixels"):
        features("hug")


def test_every_module_is_a_kind_of_features():
    assert set(names()) >= {"hog", "pixels"}
    assert {type(features(name)).__module__ for name in names()} == {f"estimators.features.{name}" for name in names()}


def test_a_new_kind_is_one_file(tmp_path, monkeypatch):
    """Boosted trees and a pipeline take it by its name."""
    from estimators import features as package
    from estimators.models.boosted_trees import BoostedTrees

    (tmp_path / "row_means.py").write_text(
        "from estimators.features import ImageFeatures\n"
        "class RowMeans(ImageFeatures):\n"
        "    def _transform(self, X):\n"
        "        return X.mean(axis=(2, 3), dtype='float32')\n"
    )
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    X = images((6, 5, 1), n=40)
    assert isinstance(features("row_means"), ImageFeatures)
    model = BoostedTrees(rounds=2, features="row_means").fit(X, np.arange(40) % 2)
    assert model.predict_proba(X).shape == (40, 2) and len(model.columns_) == 6


def test_pixels_for_trees_are_the_bytes_themselves():
    X = images((3, 4, 1))
    rows = Pixels().for_trees().fit_transform(X)
    assert rows.dtype == np.uint8 and np.array_equal(rows, X.reshape(5, 12))
