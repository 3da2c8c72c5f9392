"""`Patches`: the dictionary is learned from images alone, and responses are what the definition says."""

import numpy as np
import pytest
from sklearn.base import clone

from estimators.features import patches
from estimators.features.patches import Patches

SIZES = [(8, 8, 1), (28, 28, 1), (12, 12, 3), (9, 40, 1), (1, 1, 1), (2, 5, 1), (6, 6, 1)]


def images(shape, n=40, seed=0):
    """Smooth blotches, so that patches differ in more than noise."""
    from scipy.ndimage import gaussian_filter

    noise = gaussian_filter(np.random.default_rng(seed).normal(size=(n, *shape)), (0, 1, 1, 0))
    return np.clip(128 + 400 * noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("shape", SIZES)
def test_images_of_any_size_have_finite_rows(shape):
    transformer = Patches(filters=5).fit(images(shape))
    rows = transformer.transform(images(shape, seed=1))
    assert rows.dtype == np.float32 and rows.flags.c_contiguous and np.isfinite(rows).all() and rows.min() >= 0
    side = min(6, *shape[:2])
    places = [min(3, length - side + 1) for length in shape[:2]]
    assert rows.shape == (40, 2 * transformer.dictionary_.shape[1] * places[0] * places[1])


def test_the_same_images_make_the_same_dictionary_whatever_their_labels():
    X = images((12, 12, 1))
    one, other = Patches(7).fit(X), clone(Patches(7)).fit(X, np.arange(40))
    np.testing.assert_array_equal(one.transform(X), other.transform(X))
    assert (Patches(7, seed=1).fit(X).dictionary_ != one.dictionary_).any()


def test_responses_are_those_of_the_definition():
    X = images((11, 9, 3), n=30)
    transformer = Patches(filters=4, side=4, cells=2, threshold=0.1).fit(X)
    np.testing.assert_allclose(transformer.transform(X[:3]), [slow(transformer, image) for image in X[:3]], atol=2e-4)


def slow(transformer, image):
    """The features of one image, written with loops."""
    height, width = image.shape[0] - 3, image.shape[1] - 3
    like = np.empty((height, width, 4))
    for r in range(height):
        for c in range(width):
            patch = image[r : r + 4, c : c + 4].astype(float).transpose(2, 0, 1).ravel()
            patch = (patch - patch.mean()) / np.sqrt(patch.var() + 10)
            like[r, c] = (patch - transformer.mean_) @ transformer.dictionary_
    out = []
    for sign in (1, -1):
        over = np.maximum(sign * like - 0.1, 0)
        rows, columns = (np.arange(n) * 2 // n for n in (height, width))
        out += [over[rows == i][:, columns == j].mean(axis=(0, 1)) for i in range(2) for j in range(2)]
    return np.concatenate(out)


def test_brightness_and_contrast_hardly_matter():
    X = images((16, 16, 1)) // 2 + 60
    transformer = Patches(20).fit(X)
    plain, changed = (
        transformer.transform(X),
        transformer.transform((1.2 * (X.astype(float) - 60) + 40).astype(np.uint8)),
    )
    assert np.abs(plain - changed).mean() < 0.1 * np.abs(plain - plain[::-1]).mean()


def test_blank_images_are_like_nothing():
    X = np.full((20, 8, 8, 1), 7, np.uint8)
    assert not Patches(5).fit(X).transform(X).any()


def test_large_images_are_looked_at_in_no_more_places():
    places = patches._places(200, 6)
    assert len(places) == patches.PLACES and places[0] == 0 and places[-1] == 194
    assert patches._places(28, 6).tolist() == list(range(23))


def test_trees_have_few_columns():
    X = images((12, 12, 1))
    assert Patches(20).for_trees().fit(X).transform(X).shape[1] == 2 * 5 * 9
