"""Shifted and turned copies of training images."""

import numpy as np
import pytest

from estimators.models.copies import ROTATION, SHIFT, with_copies


def test_no_copies_are_the_images_themselves(digits):
    X, y = digits
    same, labels = with_copies(X, y, 0, seed=1)
    assert same is X and labels is y


def test_the_images_come_first_and_copies_keep_their_labels(digits):
    X, y = digits[0][:700], digits[1][:700]
    more, labels = with_copies(X, y, 2, seed=1)
    assert more.shape == (2100, 8, 8, 1) and more.dtype == np.uint8
    assert np.array_equal(more[:700], X) and np.array_equal(labels, np.tile(y, 3))
    assert np.array_equal(more, with_copies(X, y, 2, seed=1)[0])
    assert not np.array_equal(more, with_copies(X, y, 2, seed=2)[0])
    assert not np.array_equal(more[700:1400], more[1400:])


def test_copies_are_moved_and_turned_within_the_bounds():
    """A bar of 3×13 pixels, in two channels: its centre and its direction."""
    X = np.zeros((300, 40, 30, 2), np.uint8)
    X[:, 18:21, 8:21, 0] = 200
    X[..., 1] = X[..., 0] // 2
    copies = with_copies(X, np.zeros(300, np.int64), 1, seed=0)[0][300:].astype(float)
    assert np.abs(copies[..., 0] / 2 - copies[..., 1]).max() <= 1, "channels move together"
    mass, (row, column) = copies[..., 0], np.mgrid[:40, :30]
    down, right = ((mass * at).sum((1, 2)) / mass.sum((1, 2)) for at in (row, column))
    assert np.abs(down - 19).max() <= SHIFT * 40 + 0.3 and np.abs(down - 19).max() > 0.8 * SHIFT * 40
    assert np.abs(right - 14).max() <= SHIFT * 30 + 0.3 and np.abs(right - 14).max() > 0.8 * SHIFT * 30
    rise, run = row - down[:, None, None], column - right[:, None, None]
    angle = 0.5 * np.arctan2(2 * (mass * rise * run).sum((1, 2)), (mass * (run**2 - rise**2)).sum((1, 2)))
    assert 0.8 * ROTATION < np.abs(angle).max() < 1.1 * ROTATION
    assert mass.sum((1, 2)).mean() == pytest.approx(200 * 39, rel=0.03), "nothing but the edge is lost"


def test_fewer_than_none_is_refused(digits):
    with pytest.raises(ValueError, match="copies must be 0 or more, given -1"):
        with_copies(*digits, -1, seed=0)
