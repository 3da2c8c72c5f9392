"""What was drawn over the image, or is left of it: stripes, lines, edges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.corruptions.corruption import Corruption, of_28

Array = NDArray[np.float64]
SIDE = 28  # Lines are drawn in the pixels of MNIST, whatever the image's own.
FADES = 2.3  # of these pixels above and below, a line is gone


def _stripe(x: Array, share: float, rng: np.random.Generator) -> Array:
    width = x.shape[2]
    wide = max(1, round(share * width))
    column = np.arange(width)
    inverted = (column < wide) | (column >= width - wide)
    return np.where(inverted[:, None], 1 - x, x)


def _grid(x: Array) -> tuple[Array, Array]:
    """Rows (1, h, 1) and columns (1, 1, w) of an image's pixels in those of MNIST."""
    rows, columns = (np.arange(side) * (SIDE / side) for side in x.shape[1:3])
    return rows[None, :, None], columns[None, None]


def _line(x: Array, start: Array, end: Array) -> Array:
    """A soft line in each image, (n, h, w): 1 + log(1 - d / 2.3) at d pixels above or below.

    Parameters
    ----------
    start, end : (n, 2), column and row, in pixels of MNIST.
    """
    rows, columns = _grid(x)
    (left, top), (right, bottom) = (point.T[:, :, None, None] for point in (start, end))
    slope = (bottom - top) / np.where(right == left, np.inf, right - left)
    distance = np.abs(rows - slope * (columns - left) - top)
    line = 1 + np.log(1 - np.minimum(distance, FADES - 1e-10) / FADES)
    return np.clip(line, 0, 1) * ((columns >= np.floor(left)) & (columns < np.ceil(right)))


def _dotted_line(x: Array, lines: int, rng: np.random.Generator) -> Array:
    """From the left edge to the right, each second pair of columns left out."""
    columns = _grid(x)[1]
    for _ in range(lines):
        top, bottom = rng.integers(0, SIDE - 1, (2, len(x)))
        start, end = np.stack([0 * top, top], 1), np.stack([0 * bottom + SIDE - 1, bottom], 1)
        x = np.clip(x + (_line(x, start, end) * (columns // 2 % 2 == 1))[..., None], 0, 1)
    return x


def _zigzag(x: Array, lines: int, rng: np.random.Generator) -> Array:
    """From column 2 to 25: teeth two pixels high, one each two pixels, around a line that rises by up to five pixels."""
    for _ in range(lines):
        x = _one_zigzag(x, rng)
    return x


def _one_zigzag(x: Array, rng: np.random.Generator) -> Array:
    first, last, long, high = 2.0, 25.0, 2.0, 2.0
    row = rng.integers(0, SIDE - 1, len(x)).astype(float)
    angle = np.arctan(rng.integers(-5, 5, len(x)) / (last - first))
    whole = (last - first) / np.cos(angle)
    teeth = np.arange(int((last - first - long) // (2 * long)) + 1)
    along = np.concatenate([np.zeros(1), (2 * teeth + 1) * long, np.zeros(1)]) + np.zeros((len(x), 1))
    across = np.concatenate([np.zeros(1), high * (-1.0) ** teeth, np.zeros(1)]) + np.zeros((len(x), 1))
    along[:, -1] = whole
    across[:, -1] = across[:, -2] / (2 * (whole - 2 * long * (whole // (2 * long))))
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    points = np.stack([first + cos * along - sin * across, row[:, None] + sin * along + cos * across], axis=2)
    for start, end in zip(points[:, :-1].swapaxes(0, 1), points[:, 1:].swapaxes(0, 1), strict=True):
        x = np.clip(x + _line(x, start, end)[..., None], 0, 1)
    return x


def _canny_edges(x: Array, share: float, rng: np.random.Generator) -> Array:
    from skimage.color import rgb2gray
    from skimage.feature import canny

    grey = rgb2gray(x) if x.shape[3] == 3 else x[..., 0]
    sigma = share * min(x.shape[1:3])
    edges = np.array([canny(image, sigma) for image in grey]).reshape(grey.shape)
    return np.broadcast_to(edges[..., None], x.shape)


stripe = Corruption(
    name="stripe",
    title="inverted along the left and the right edge",
    change=_stripe,
    grey=of_28(3, 5, 7, 9, 11),
    own=3,
    source="MNIST-C at severity 3; the others are of this project",
)
dotted_line = Corruption(
    name="dotted_line",
    title="crossed by a dotted line",
    change=_dotted_line,
    grey=(1, 2, 3, 4, 5),
    own=1,
    source="MNIST-C at severity 1; more lines at the others are of this project",
)
zigzag = Corruption(
    name="zigzag",
    title="crossed by a zigzag",
    change=_zigzag,
    grey=(1, 2, 3, 4, 5),
    own=1,
    source="MNIST-C at severity 1; more lines at the others are of this project",
)
canny_edges = Corruption(
    name="canny_edges",
    title="nothing but edges",
    change=_canny_edges,
    grey=of_28(0.6, 0.8, 1, 1.5, 2),
    own=3,
    source="MNIST-C at severity 3 (Canny 1986, standard deviation 1); the others are of this project",
    grows=False,
)
