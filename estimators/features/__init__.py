"""Image features: scikit-learn transformers from uint8 images (n, h, w, c) to rows of numbers (n, d).

One kind of features is one module here, with one subclass of `ImageFeatures`. `features` gives it by the name of the
module, which is what lets a search choose between kinds.
"""

from __future__ import annotations

import importlib
import pkgutil
from abc import abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from tuning.nearest import hint


class ImageFeatures(TransformerMixin, BaseEstimator):
    """The base of all image features: `fit` notes the size of the images, and other sizes are refused."""

    def fit(self, X: NDArray[np.uint8], y: Any = None) -> Self:
        """Note the shape (h, w, c) of the images."""
        self.image_shape_ = tuple(int(side) for side in _checked(X).shape[1:])
        return self

    def transform(self, X: NDArray[np.uint8]) -> NDArray:
        """Features of the images: float32 (n, d) unless a class says otherwise, C-contiguous."""
        if _checked(X).shape[1:] != tuple(self.image_shape_):
            raise ValueError(f"the model was fitted on images of shape {tuple(self.image_shape_)}, given {X.shape[1:]}")
        return self._transform(X)

    def for_trees(self) -> ImageFeatures:
        """The same kind of features in the form that suits decision trees: few columns, any scale."""
        return self

    @abstractmethod
    def _transform(self, X: NDArray[np.uint8]) -> NDArray: ...


def names() -> list[str]:
    """The names of all kinds of features."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def features(name: str) -> ImageFeatures:
    """The transformer called `name`, unfitted.

    Raises
    ------
    ValueError : there is none; the message has the nearest right name and all names.
    """
    if name not in names():
        raise ValueError(f"There are no features {name!r}.{hint(name, names())} There are: {', '.join(names())}.")
    module = importlib.import_module(f"{__name__}.{name}")
    kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and kind.__module__ == module.__name__]
    (kind,) = [kind for kind in kinds if issubclass(kind, ImageFeatures)]
    return kind()


def _checked(X: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if X.dtype != np.uint8 or X.ndim != 4:
        raise ValueError(f"images must be uint8 (n, h, w, c), given {X.dtype} {X.shape}")
    return X
