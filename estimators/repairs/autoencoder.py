"""`Autoencoder`: against noise and clutter, by a network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from estimators.repairs import Repair, as_bytes

BATCH = 128
AT_ONCE = 500  # images that pass through the fitted network together


class Autoencoder(Repair):
    """A small convolutional network that was trained to take white noise away.

    A denoising autoencoder (Vincent et al. 2008, *Extracting and Composing Robust Features with Denoising Autoencoders*): two
    convolutions that halve the sides, two that double them, BatchNorm after each. It is shown training images with noise of a
    deviation drawn anew for each, and no other distortion, so that whatever it repairs besides is new to it.

    Parameters
    ----------
    noise : the largest deviation, as a share of the range of grey levels.
    images : length of the training: images shown in all.
    width : filters of the first convolution; the second has twice as many.
    seed : of weights, order and noise.

    Attributes
    ----------
    keras_model_ : the fitted ``keras.Model``, from float32 images in [0, 1] to the same.
    """

    def __init__(self, noise: float = 0.5, images: int = 150_000, width: int = 24, seed: int = 0) -> None:
        self.noise = noise
        self.images = images
        self.width = width
        self.seed = seed

    def save_to(self, folder: Path) -> None:
        """Write ``autoencoder.keras`` and ``autoencoder.json`` into an existing folder."""
        self.keras_model_.save(folder / "autoencoder.keras")
        facts = {"params": self.get_params(), "image": list(self.image_shape_)}
        (folder / "autoencoder.json").write_text(json.dumps(facts), encoding="utf-8")

    @classmethod
    def load_from(cls, folder: Path) -> Self:
        """A repair that does as the saved one did."""
        from estimators.models.network import keras

        facts = json.loads((folder / "autoencoder.json").read_text(encoding="utf-8"))
        repair = cls(**facts["params"])
        repair.image_shape_ = tuple(facts["image"])
        repair.keras_model_ = keras.models.load_model(folder / "autoencoder.keras", compile=False)
        return repair

    def _fit(self, X: NDArray[np.uint8]) -> None:
        from estimators.models.network import keras, learning_rate_schedule, on_gpu
        from estimators.models.pipeline import training_batches

        keras.utils.set_random_seed(self.seed)
        model = _network(X.shape[1:], self.width)
        steps = -(-self.images // BATCH)
        rate = learning_rate_schedule("one_cycle", 0.004, steps)
        # Cross-entropy of grey levels, as Vincent et al. have it; XLA makes convolutions slower on a CPU.
        model.compile(keras.optimizers.Adam(rate), loss="binary_crossentropy", jit_compile=on_gpu())
        rows = training_batches(X, np.zeros((len(X), 1), np.float32), self.images, BATCH, self.seed)
        model.fit(_noisy(rows, self.noise, self.seed), shuffle=False, verbose=0)
        self.keras_model_ = keras.Model(model.inputs, model.outputs)  # without the optimizer

    def _transform(self, X: NDArray[np.uint8]) -> NDArray[np.uint8]:
        from estimators.models.network import tf

        parts = [X[start : start + AT_ONCE] / np.float32(255) for start in range(0, len(X), AT_ONCE)]
        return as_bytes(np.concatenate([255 * self.keras_model_(tf.constant(part)).numpy() for part in parts]))


def _noisy(batches: Any, most: float, seed: int) -> Any:
    """Pairs (noisy, clean) of float32 images in [0, 1], from batches of (uint8 images, anything)."""
    from estimators.models.network import tf
    from estimators.models.pipeline import AHEAD

    def pair(number: Any, batch: Any) -> tuple[Any, Any]:
        clean = tf.cast(batch[0], tf.float32) / 255.0
        draw = tf.stack([tf.constant(seed, tf.int64), number])
        deviation = tf.random.stateless_uniform([tf.shape(clean)[0], 1, 1, 1], draw, 0.0, most)
        noise = deviation * tf.random.stateless_normal(tf.shape(clean), draw)
        return tf.clip_by_value(clean + noise, 0.0, 1.0), clean

    return batches.enumerate().map(pair).prefetch(AHEAD)  # Like the batches, nothing that a thread would have to tune.


def _network(shape: tuple[int, ...], width: int) -> Any:
    """From images of `shape` to the same; sides that four does not divide have a margin on the way."""
    from estimators.models.network import keras

    layers = keras.layers
    margins = [(-side % 4) for side in shape[:2]]
    images = keras.Input(shape, dtype="float32")
    x = layers.ZeroPadding2D(((0, margins[0]), (0, margins[1])))(images) if any(margins) else images
    for filters in (width, 2 * width):
        x = _normed(layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False)(x))
    for filters in (width, width):
        x = _normed(layers.Conv2DTranspose(filters, 3, strides=2, padding="same", use_bias=False)(x))
    x = layers.Conv2D(shape[2], 3, padding="same", activation="sigmoid")(x)
    return keras.Model(images, layers.Cropping2D(((0, margins[0]), (0, margins[1])))(x) if any(margins) else x)


def _normed(x: Any) -> Any:
    from estimators.models.network import keras

    # Short trainings need statistics that follow quickly.
    return keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.9)(x))
