"""Repairs: scikit-learn transformers from images to images, uint8 (n, h, w, c) to the same, for images that went wrong.

They stand before a classifier that was trained on images as they are. They are fitted on training images alone, labels are not
looked at. One repair is one module here, with one subclass of `Repair`; `repair` gives it by the name of the module.
"""

from __future__ import annotations

import importlib
import pkgutil
from abc import abstractmethod
from functools import cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from tuning.nearest import hint


class Repair(TransformerMixin, BaseEstimator):
    """The base of all repairs: `fit` notes the size of the images, and other sizes are refused."""

    def fit(self, X: NDArray[np.uint8], y: Any = None) -> Self:
        """Learn what images look like that need no repair; `y` is ignored."""
        if len(_checked(X)) < 2:
            raise ValueError(f"a repair is fitted on two images at least, given {len(X)}")
        self.image_shape_ = tuple(int(side) for side in X.shape[1:])
        self._fit(X)
        return self

    def transform(self, X: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The repaired images: new, uint8 (n, h, w, c)."""
        check_is_fitted(self)
        if _checked(X).shape[1:] != tuple(self.image_shape_):
            raise ValueError(
                f"the repair was fitted on images of shape {tuple(self.image_shape_)}, given {X.shape[1:]}"
            )
        return self._transform(X) if len(X) else X.copy()

    def _fit(self, X: NDArray[np.uint8]) -> None:
        """Learn more than the size, if there is more to learn."""

    @abstractmethod
    def _transform(self, X: NDArray[np.uint8]) -> NDArray[np.uint8]: ...


@cache
def names() -> tuple[str, ...]:
    """The names of all repairs."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def repair(name: str) -> Repair:
    """The repair called `name`, unfitted.

    Raises
    ------
    ValueError : there is none; the message has the nearest right name and all names.
    """
    if name not in names():
        raise ValueError(f"There is no repair {name!r}.{hint(name, names())} There are: {', '.join(names())}.")
    module = importlib.import_module(f"{__name__}.{name}")
    kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and kind.__module__ == module.__name__]
    (kind,) = [kind for kind in kinds if issubclass(kind, Repair)]
    return kind()


def title(name: str) -> str:
    """What a repair does, in a few words: the first sentence of its class."""
    return str(type(repair(name)).__doc__).strip().splitlines()[0].rstrip(".")


def as_bytes(x: NDArray) -> NDArray[np.uint8]:
    """Numbers as uint8: rounded, and cut at 0 and 255."""
    return np.clip(np.rint(x), 0, 255).astype(np.uint8)


def border(X: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What lies along the edge of each image: the median of its outermost pixels, float32 (n, 1, 1, c)."""
    edges = [X[:, 0], X[:, -1], X[:, :, 0], X[:, :, -1]]
    return np.median(np.concatenate(edges, axis=1), axis=1)[:, None, None].astype(np.float32)


def _checked(X: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if X.dtype != np.uint8 or X.ndim != 4:
        raise ValueError(f"images must be uint8 (n, h, w, c), given {X.dtype} {X.shape}")
    return X
