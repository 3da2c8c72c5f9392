"""`HOG`: histograms of oriented gradients."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from estimators.features import ImageFeatures
from estimators.models.threads import threads

BATCH = 512  # images: the working set of a batch is about 50 kB for an image of 28x28 pixels
TREE_CELLS = (4,)  # one scale: fewer columns than an image of 28x28 has pixels


class HOG(ImageFeatures):
    """Histograms of oriented gradients at several scales.

    Gradients by central differences (of a colour image, at each pixel the channel with the steepest one),
    magnitude-weighted votes shared between the two nearest directions and the nearest cells, blocks of 2x2
    cells normalised by clipped L2 norm (L2-hys, at 0.2). Differences from the original: directions are signed
    (a stroke has a dark and a light side), and cells are scaled to the image, so that the number of
    features hardly depends on its size: 7 and 4 cells on a side are cells of 4 and 7 pixels in an image of 28.

    Written for whole arrays: pooling votes into cells is two small matrix products per batch of images.

    Parameters
    ----------
    cells : numbers of cells along each side of the image, one per scale; a cell has at least 2 pixels.
    bins : number of directions over the full circle.

    References
    ----------
    N. Dalal, B. Triggs: Histograms of oriented gradients for human detection. CVPR 2005.
    """

    def __init__(self, cells: tuple[int, ...] = (7, 4), bins: int = 9) -> None:
        self.cells = cells
        self.bins = bins

    def for_trees(self) -> HOG:
        """One scale alone: trees find in few columns what a linear model needs many for."""
        return HOG(TREE_CELLS, self.bins)

    def grids(self, height: int, width: int) -> list[tuple[int, int]]:
        """Cells along (height, width) of each scale that an image of this size has room for."""
        sizes = [(min(n, max(1, height // 2)), min(n, max(1, width // 2))) for n in self.cells]
        return list(dict.fromkeys(sizes))

    def _transform(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:
        height, width = X.shape[1:3]
        pools = [(_pool(rows, height), _pool(cols, width)) for rows, cols in self.grids(height, width)]
        length = sum(
            max(1, rows - 1) * max(1, cols - 1) * min(2, rows) * min(2, cols) * self.bins
            for rows, cols in self.grids(height, width)
        )
        out = np.empty((len(X), length), np.float32)
        starts = range(0, len(X), BATCH)

        def fill(start: int) -> None:
            batch = slice(start, start + BATCH)
            votes = _votes(_steepest(X[batch]), self.bins)
            blocks = [_blocks(_cells(votes, *pool)) for pool in pools]
            np.concatenate(blocks, axis=1, out=out[batch])

        if len(starts) == 1:  # To start a thread takes longer than to describe an image.
            fill(0)
            return out
        with ThreadPoolExecutor(threads()) as pool:  # NumPy releases the interpreter's lock
            list(pool.map(fill, starts))
        return out


def _pool(cells: int, pixels: int) -> NDArray[np.float32]:
    """Weights (cells, pixels) with which pixels vote for cells: linear in the distance of their centres."""
    width = pixels / cells
    centres = (np.arange(cells) + 0.5) * width
    distance = np.abs(np.arange(pixels) + 0.5 - centres[:, None]) / width
    return np.maximum(0, 1 - distance).astype(np.float32)


def _steepest(X: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Gradients (down, right), each (n, h, w), of the channel in which they are steepest."""
    grey = X.astype(np.float32)
    grey /= 255
    down, right = np.zeros_like(grey), np.zeros_like(grey)
    down[:, 1:-1] = grey[:, 2:] - grey[:, :-2]
    right[:, :, 1:-1] = grey[:, :, 2:] - grey[:, :, :-2]
    if X.shape[3] == 1:
        return down[..., 0], right[..., 0]
    channel = np.argmax(down**2 + right**2, axis=3)[..., None]
    return np.take_along_axis(down, channel, 3)[..., 0], np.take_along_axis(right, channel, 3)[..., 0]


def _votes(gradients: tuple[NDArray[np.float32], NDArray[np.float32]], bins: int) -> NDArray[np.float32]:
    """Votes (n, bins, h, w): each pixel's magnitude, shared between the two directions nearest to its own."""
    down, right = gradients
    n, height, width = down.shape
    votes = np.zeros((n, bins, height, width), np.float32)
    image, row, col = np.nonzero(down.astype(bool) | right.astype(bool))  # flat background has no vote
    down, right = down[image, row, col], right[image, row, col]
    size = np.hypot(down, right)
    turn = np.arctan2(down, right) * np.float32(bins / (2 * np.pi)) % bins
    low = np.minimum(turn.astype(np.intp), bins - 1)
    share = turn - low
    votes[image, low, row, col] = size * (1 - share)
    votes[image, (low + 1) % bins, row, col] = size * share
    return votes


def _cells(votes: NDArray, rows: NDArray, cols: NDArray) -> NDArray[np.float32]:
    """Histograms of the cells, (n, cell rows, cell cols, bins)."""
    return np.moveaxis(rows @ (votes @ cols.T), 1, 3)


def _blocks(cells: NDArray[np.float32]) -> NDArray[np.float32]:
    """Overlapping 2x2 blocks of cells, each of clipped unit length: (n, features)."""
    down, right = min(2, cells.shape[1]), min(2, cells.shape[2])
    rows, cols = cells.shape[1] - down + 1, cells.shape[2] - right + 1
    parts = [cells[:, i : i + rows, j : j + cols] for i in range(down) for j in range(right)]
    blocks = np.concatenate(parts, axis=3)  # (n, rows, cols, down * right * bins)
    for limit in (0.2, None):
        length = np.sqrt(np.einsum("nrcf,nrcf->nrc", blocks, blocks)[..., None] + np.float32(1e-10))
        blocks = blocks / length
        if limit:
            blocks = np.minimum(blocks, np.float32(limit))
    return blocks.reshape(len(blocks), -1)
