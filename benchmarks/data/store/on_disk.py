"""Images that are written to a file as they are read, and mapped: in memory is what is looked at.

The files are in the folder of the cache and have no name, so that nothing is left of them when nobody uses them any more.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.store.cache import cache_folder, unkept


def on_disk(images: Iterable[NDArray[np.uint8]], shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Images uint8 (h, w, c) of one `shape` as an array (n, h, w, c), mapped and read-only.

    Raises
    ------
    UserError
        If there is no room for them.
    """
    count, folder = 0, cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            for image in images:
                file.write(np.ascontiguousarray(image).data)
                count += 1
            file.flush()
            if not count:
                return np.empty((0, *shape), np.uint8)
            return np.memmap(file, np.uint8, "r", shape=(count, *shape))  # It outlives the handle.
    except OSError as error:
        raise unkept("images", folder, error) from error


def rows_of(X: NDArray[np.uint8], rows: NDArray[np.integer]) -> NDArray[np.uint8]:
    """``X[rows]``, on disk if `X` is."""
    if not isinstance(X, np.memmap):
        return X[rows]
    images = np.asarray(X)
    return on_disk((images[row] for row in rows), X.shape[1:])  # type: ignore[arg-type]
