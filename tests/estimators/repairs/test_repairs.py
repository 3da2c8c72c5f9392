"""What every repair must do, asked of each; then what each is for."""

import inspect
from functools import cache

import numpy as np
import pytest
from scipy.ndimage import zoom
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from benchmarks.corruptions import CORRUPTIONS
from estimators import repairs
from estimators.models.saving import load, save
from estimators.repairs import names, title

each = pytest.mark.parametrize("name", names())
SIZES = [(1, 1), (1, 6), (5, 2), (9, 7), (28, 28)]


@pytest.fixture(scope="module")
def digits():
    """600 digits of 28×28 pixels, 20 of them wide, as MNIST has them, with the mass in the middle."""
    small = load_digits().images[:600] / 16 * 255
    X = np.zeros((600, 28, 28, 1), np.uint8)
    X[:, 4:24, 4:24, 0] = np.clip(zoom(small, (1, 2.5, 2.5), order=1), 0, 255)
    return repair("centre").fit(X).transform(X)


def repair(name):
    """As it comes, but for a training, which is short."""
    own = repairs.repair(name)
    return own.set_params(images=256, width=4) if "images" in own.get_params() else own


def sizes(name):
    """A training takes seconds, whatever the size."""
    return [(9, 7)] if name == "autoencoder" else SIZES


@pytest.fixture(scope="module")
def fitted(digits):
    """Each repair fitted on the digits, once."""
    return cache(lambda name: repair(name).fit(digits))


def noise(count, height, width, channels):
    return np.random.default_rng(0).integers(0, 256, (count, height, width, channels), dtype=np.uint8)


@each
@pytest.mark.parametrize("channels", [1, 3])
def test_the_contract(name, channels):
    """Shape and dtype stay, the same images give the same repair, the input is left alone, at any size and without content."""
    for size in sizes(name):
        train, X = noise(20, *size, channels), noise(7, *size, channels)[::-1]
        X[0], X[1] = 0, 255
        before = X.copy()
        own = repair(name).fit(train)
        one, two = (fitted.transform(X) for fitted in (own, repair(name).fit(train)))
        assert one.dtype == np.uint8 and one.shape == X.shape and np.array_equal(one, two)
        assert np.array_equal(X, before) and not np.shares_memory(one, X)
        assert own.transform(X[:0]).shape == (0, *size, channels)


@each
def test_it_is_fitted_on_images_alone(name, digits):
    y = np.arange(len(digits)) % 2
    repaired = [repair(name).fit(digits, labels).transform(digits[:50]) for labels in (y, y[::-1])]
    assert np.array_equal(*repaired)
    assert "y" in inspect.signature(repair(name).fit).parameters


@each
def test_an_image_is_repaired_for_itself(name, digits, fitted):
    """What else is in the batch makes no difference."""
    X = CORRUPTIONS["fog"](digits[:6], 3, np.random.default_rng(0))
    assert np.array_equal(fitted(name).transform(X)[4:], fitted(name).transform(X[4:]))


@each
def test_it_is_scikit_learns(name, digits):
    own = repair(name)
    assert type(clone(own)) is type(own) and clone(own).get_params() == own.get_params()
    with pytest.raises(NotFittedError):
        own.transform(digits)
    both = make_pipeline(own, repair("standardise")).fit(digits)
    assert both.transform(digits[:3]).shape == (3, 28, 28, 1)


@each
def test_it_is_kept_without_pickle(name, digits, fitted, tmp_path):
    save(fitted(name), tmp_path / "repair")
    assert np.array_equal(load(tmp_path / "repair").transform(digits[:20]), fitted(name).transform(digits[:20]))


@each
def test_wrong_images_are_refused(name, digits, fitted):
    for wrong in (digits[:, :20], digits / 255, digits[..., 0]):
        with pytest.raises(ValueError, match=r"images"):
            fitted(name).transform(wrong)
    with pytest.raises(ValueError, match="two images"):
        repair(name).fit(digits[:1])


@each
def test_it_says_what_it_does(name):
    assert 20 < len(title(name)) < 130 and "\n" not in title(name)


def test_a_wrong_name_gets_the_nearest_right_one():
    with pytest.raises(ValueError, match="Did you mean 'median'"):
        repairs.repair("medien")


def test_all_repairs_are_there():
    assert set(names()) == {
        "autoencoder", "centre", "inversion", "low_rank", "median", "moments", "non_local_means", "standardise",
    }  # fmt: skip


def distance(one, other):
    return float(np.square(one.astype(float) - other).mean())


@pytest.mark.parametrize(
    ("name", "corruption", "share"),
    [
        ("median", "impulse_noise", 0.5),
        ("non_local_means", "gaussian_noise", 0.8),
        ("standardise", "brightness", 0.2),
        ("standardise", "fog", 0.5),
        ("standardise", "contrast", 0.5),
        ("centre", "translate", 0.01),
        ("moments", "shear", 0.7),
        ("moments", "scale", 0.5),
        ("inversion", "stripe", 0.01),
        ("low_rank", "gaussian_noise", 0.3),
        ("low_rank", "shot_noise", 0.9),
    ],
)
def test_what_it_is_for(name, corruption, share, digits):
    """New images, corrupted: the repaired ones are nearer to the clean ones."""
    train, clean = digits[:400], digits[400:]
    bad = CORRUPTIONS[corruption](clean, CORRUPTIONS[corruption].own, np.random.default_rng(0))
    repaired = repair(name).fit(train).transform(bad)
    assert distance(repaired, clean) < share * distance(bad, clean)


@pytest.mark.parametrize("name", ["centre", "inversion", "moments", "non_local_means", "standardise"])
def test_it_leaves_most_of_a_clean_image_alone(name, digits):
    train, clean = digits[:400], digits[400:]
    assert distance(repair(name).fit(train).transform(clean), clean) < 0.15 * clean.astype(float).var()


def test_whole_images_are_inverted_back_and_garments_that_reach_the_edge_are_not(digits):
    train, clean = digits[:400], digits[400:]
    assert np.array_equal(repair("inversion").fit(train).transform(255 - clean), clean)
    wide = np.zeros((60, 28, 28, 1), np.uint8)
    wide[::2, :, 8:20] = 230  # half of them reach from the upper edge to the lower
    assert np.array_equal(repair("inversion").fit(wide).transform(wide), wide)


def test_the_autoencoder_takes_away_noise_and_leaves_what_is_clean(digits):
    train, clean = digits[:400], digits[400:]
    own = repairs.repair("autoencoder").set_params(images=6_000).fit(train)
    bad = CORRUPTIONS["gaussian_noise"](clean, CORRUPTIONS["gaussian_noise"].own, np.random.default_rng(0))
    assert distance(own.transform(bad), clean) < 0.5 * distance(bad, clean)
    assert distance(own.transform(clean), clean) < 0.1 * clean.astype(float).var()


def test_low_rank_is_the_ridge_regression_it_says(digits):
    """On images with drawn noise, least squares of full rank finds about the same."""
    train = digits[:400] / 255.0
    rng = np.random.default_rng(0)
    clean = np.concatenate([train] * 30).reshape(-1, 784)
    noisy = clean + rng.normal(0, 0.5, clean.shape)
    mean = clean.mean(0)
    weights = np.linalg.solve((noisy - mean).T @ (noisy - mean), (noisy - mean).T @ (clean - mean))
    bad = np.clip(255 * (digits[400:420] / 255.0 + rng.normal(0, 0.2, (20, 28, 28, 1))), 0, 255).astype(np.uint8)
    theirs = ((bad / 255.0).reshape(20, -1) - mean) @ weights + mean
    from estimators.repairs.low_rank import LowRank

    ours = LowRank(rank=784, noise=0.5).fit(digits[:400]).transform(bad).reshape(20, -1) / 255
    assert np.sqrt(np.square(np.clip(theirs, 0, 1) - ours).mean()) < 0.05
