"""`Embedding`: what a trained network computes before its last layer, as features for other models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

import estimators.models.network  # noqa: F401  It sets up TensorFlow before the first operation.
from estimators.features import ImageFeatures
from tuning.quiet import quiet

with quiet():
    import keras
    import tensorflow as tf

BATCH = 500
LEAST = 1e-6  # spread of a feature that tells something


class Embedding(ImageFeatures):
    """Standardised outputs of a network without its last layer: float32 (n, d).

    "CNN features off-the-shelf" (Razavian et al. 2014, arXiv:1403.6382). Images of another size than the network takes are
    resized, and their channels made as many.

    Parameters
    ----------
    architecture : the network as Keras' JSON, of Keras' own layers, from images with values 0 ... 255 to numbers.
    weights : its weights, in Keras' order.
    """

    def __init__(self, architecture: str = "", weights: Sequence[NDArray] = ()) -> None:
        self.architecture = architecture
        self.weights = weights

    def fit(self, X: NDArray[np.uint8], y: Any = None) -> Self:
        """Note the shape of the images, and mean and spread of each feature."""
        super().fit(X)
        rows = self._outputs(X)
        self.mean_ = rows.mean(axis=0)
        spread = rows.std(axis=0)
        self.spread_ = np.where(spread > LEAST, spread, 1).astype(np.float32)
        return self

    def _transform(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:
        return (self._outputs(X) - self.mean_) / self.spread_

    def _outputs(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:
        if self not in _READY:
            _READY[self] = _function(self.architecture, self.weights)
        parts = [_READY[self](np.ascontiguousarray(X[i : i + BATCH])).numpy() for i in range(0, len(X), BATCH)]
        return np.concatenate(parts).reshape(len(X), -1).astype(np.float32)


# Networks in memory. An attribute would be saved with the features.
_READY: WeakKeyDictionary[Embedding, Callable[[Any], Any]] = WeakKeyDictionary()


def _function(architecture: str, weights: Sequence[NDArray]) -> Callable[[Any], Any]:
    """From uint8 images (n, h, w, c) to the network's outputs."""
    network = keras.models.model_from_json(architecture)
    network.set_weights(list(weights))
    height, width, channels = network.input_shape[1:]

    @tf.function(reduce_retracing=True)
    def outputs(images: Any) -> Any:
        if images.shape[3] != channels:
            images = tf.image.grayscale_to_rgb(images) if channels == 3 else tf.image.rgb_to_grayscale(images[..., :3])
        if height and tuple(images.shape[1:3]) != (height, width):
            images = tf.image.resize(tf.cast(images, tf.float32), (height, width), antialias=True)
        return network(tf.cast(images, network.inputs[0].dtype), training=False)

    return outputs
