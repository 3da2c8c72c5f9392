"""Images out of place: shifted, turned, sheared, shrunk, pulled."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.corruptions.blur import smoothed
from benchmarks.corruptions.corruption import Corruption, of_28, pixels, together

Array = NDArray[np.float64]
ANGLES = (0.2, 0.4, 0.6, 0.8, 1.0)  # radians


def _sampled(x: Array, rows: Array, columns: Array, beyond: str) -> Array:
    """Images (n, h, w, c) at the places `rows`, `columns` (n, h, w), bilinear; `beyond` is a mode of `scipy.ndimage`."""
    from scipy.ndimage import map_coordinates

    number = np.broadcast_to(np.arange(len(x))[:, None, None], rows.shape)
    places = np.stack([number, rows, columns])
    channels = [map_coordinates(x[..., c], places, order=1, mode=beyond) for c in range(x.shape[3])]
    return np.stack(channels, axis=3)


def _centred(x: Array) -> tuple[Array, Array, float, float]:
    """Rows and columns of an image's pixels from its centre, and where the centre is."""
    row, column = ((side - 1) / 2 for side in x.shape[1:3])
    rows, columns = np.meshgrid(np.arange(x.shape[1]) - row, np.arange(x.shape[2]) - column, indexing="ij")
    return rows, columns, row, column


def _linear(x: Array, matrix: Any) -> Array:
    """Images (n, h, w, c), black beyond the edge: each pixel shows what is at `matrix` @ (column, row) from the centre.

    `matrix` holds four numbers or arrays (n, 1, 1).
    """
    rows, columns, row, column = _centred(x)
    (a, b), (c, d) = matrix
    zero = np.zeros((len(x), 1, 1))
    return _sampled(x, zero + c * columns + d * rows + row, zero + a * columns + b * rows + column, "grid-constant")


def _either_way(x: Array, rng: np.random.Generator) -> Array:
    """-1 or 1 for each image."""
    return rng.choice([-1.0, 1.0], (len(x), 1, 1))


def _translate(x: Array, share: float, rng: np.random.Generator) -> Array:
    rows, columns, row, column = _centred(x)
    far = pixels(x, share)
    down, across = far * _either_way(x, rng), far * _either_way(x, rng)
    return _sampled(x, rows + row + down, columns + column + across, "grid-constant")


def _rotate(x: Array, angle: float, rng: np.random.Generator) -> Array:
    turn = angle * _either_way(x, rng)
    return _linear(x, ((np.cos(turn), -np.sin(turn)), (np.sin(turn), np.cos(turn))))


def _shear(x: Array, angle: float, rng: np.random.Generator) -> Array:
    return _linear(x, ((1, -np.tan(angle * _either_way(x, rng))), (0, 1)))


def _scale(x: Array, size: float, rng: np.random.Generator) -> Array:
    return _linear(x, ((1 / size, 0), (0, 1 / size)))


def _elastic(x: Array, strength: tuple[float, float, float], rng: np.random.Generator) -> Array:
    """Three corners of a square in the middle move, and the image with them; then pixels move with their neighbours.

    What lies beyond the edge is black in grey images and mirrored in colour ones, as in the originals.
    """
    far, sigma, corner = (pixels(x, share) for share in strength)
    count, height, width = x.shape[:3]
    grey = x.shape[3] == 1
    centre, half = np.array([height // 2, width // 2]), min(height, width) // 3
    before = centre + half * np.array([[1, 1], [1, -1], [-1, -1]])
    after = before + rng.uniform(-corner, corner, (count, 3, 2))
    rows, columns = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    if half:
        # The affine map that takes the corners as they are afterwards to where they came from.
        known = np.concatenate([after, np.ones((count, 3, 1))], axis=2)
        back = np.linalg.solve(known, np.broadcast_to(before.astype(float), after.shape))
        grid = np.stack([rows, columns, np.ones_like(rows)], axis=2).astype(float)
        before_rows, before_columns = np.einsum("hwi,nij->jnhw", grid, back)
        x = _sampled(x, before_rows, before_columns, "constant" if grey else "mirror")
    down, across = (far * smoothed(rng.uniform(-1, 1, (count, height, width)), sigma, "reflect", 3) for _ in range(2))
    return _sampled(x, rows + down, columns + across, "constant" if grey else "reflect")


translate = Corruption(
    name="translate",
    title="shifted along both axes",
    change=_translate,
    grey=of_28(1, 2, 3, 4, 5),
    own=3,
    source="MNIST-C",
    resembles="shift",
)
rotate = Corruption(
    name="rotate",
    title="turned left or right",
    change=_rotate,
    grey=ANGLES,
    own=2,
    source="MNIST-C",
    resembles="rotation",
)
shear = Corruption(
    name="shear",
    title="slanted left or right",
    change=_shear,
    grey=ANGLES,
    own=2,
    source="MNIST-C, with the shear of today's scikit-image; that of 2019 also lowered the image by the cosine",
    resembles="shear",
)
scale = Corruption(
    name="scale",
    title="smaller than usual",
    change=_scale,
    grey=(0.9, 0.8, 0.7, 0.6, 0.5),
    own=3,
    source="MNIST-C",
    resembles="zoom",
)
elastic_transform = Corruption(
    name="elastic_transform",
    title="pulled like rubber",
    change=_elastic,
    grey=together((2, 2, 0.05, 0.07, 0.12), (0.7, 0.08, 0.01, 0.01, 0.01), (0.1, 0.2, 0.02, 0.02, 0.02)),
    colour=together((0, 0.05, 0.08, 0.1, 0.1), (0, 0.2, 0.06, 0.04, 0.03), (0.08, 0.07, 0.06, 0.05, 0.03)),
    own=1,
    source="MNIST-C (unused), CIFAR-10-C",
    grows=False,
)
