"""What every detector must do, and what the statistics are sensitive to."""

import numpy as np
import pytest

from benchmarks.corruptions import CORRUPTIONS
from estimators.detectors import detector, names, title
from estimators.detectors.statistics import Statistics
from estimators.models.saving import load, save
from estimators.repairs import repair


@pytest.fixture(scope="module")
def digits():
    from scipy.ndimage import zoom
    from sklearn.datasets import load_digits

    X = np.zeros((360, 28, 28, 1), np.uint8)
    X[:, 4:24, 4:24, 0] = np.clip(zoom(load_digits().images[:360] / 16 * 255, (1, 2.5, 2.5), order=1), 0, 255)
    return repair("centre").fit(X).transform(X)


def test_all_detectors_are_there_and_a_wrong_name_gets_the_nearest():
    assert names() == ("network", "statistics")
    with pytest.raises(ValueError, match="Did you mean 'network'"):
        detector("netwrk")
    assert all(20 < len(title(name)) < 130 for name in names())


def test_statistics_tell_distortions_of_new_images_and_are_kept_without_pickle(digits, tmp_path):
    kinds = ["fog", "stripe", "shot_noise", "translate"]
    rng = np.random.default_rng(0)

    def shown(X):
        return np.concatenate([X, *(CORRUPTIONS[name](X, 5, rng) for name in kinds)])

    def told(X):
        return np.repeat(np.arange(5), len(X))

    train, new = digits[:240], digits[240:]
    own = detector("statistics").fit(shown(train), told(train))
    distorted = shown(new)
    proba = own.predict_proba(distorted)
    assert (own.classes_[proba.argmax(1)] == told(new)).mean() > 0.95
    save(own, tmp_path / "detector")
    np.testing.assert_allclose(load(tmp_path / "detector").predict_proba(distorted), proba, atol=1e-9)


@pytest.mark.parametrize("shape", [(1, 1, 1), (5, 9, 3), (28, 28, 1), (32, 32, 3)])
def test_statistics_are_numbers_of_each_image_for_itself(shape):
    X = np.random.default_rng(0).integers(0, 256, (6, *shape), dtype=np.uint8)
    X[0], X[1] = 0, 255
    found = Statistics().fit(X).transform(X)
    assert found.dtype == np.float32 and np.isfinite(found).all()
    np.testing.assert_allclose(Statistics().fit(X).transform(X[4:]), found[4:], atol=1e-5)
    assert Statistics().fit(X).transform(X[:0]).shape == (0, found.shape[1])
