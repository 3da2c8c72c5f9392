"""The one tf.data pipeline that feeds every network.

uint8 images in memory → shuffle → batch → augment the whole batch at once → prefetch(AUTOTUNE). Augmenting by batch is
one operation for 128 images, where the usual per-image map is the bottleneck on a CPU
(https://www.tensorflow.org/guide/data_performance).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Augmentation:
    """Random affine changes, drawn anew for each image and epoch, uniform in ± each bound.

    Parameters
    ----------
    shift : share of the image's side, both directions.
    rotation : radians.
    zoom : share by which the scale differs from 1.
    shear : tangent of the shear angle, horizontal.
    flip : also mirror half of the images left to right (wrong for digits and letters).
    """

    shift: float = 0.0
    rotation: float = 0.0
    zoom: float = 0.0
    shear: float = 0.0
    flip: bool = False

    def __call__(self, images: Any, seed: Any) -> Any:
        """Augment a batch: uint8 (n, h, w, c) → the same; equal seeds, equal results."""
        import tensorflow as tf

        u = tf.random.stateless_uniform([6, tf.shape(images)[0]], seed, -1.0, 1.0)
        return affine(
            images,
            rotation=self.rotation * u[0],
            scale=1.0 / (1.0 + self.zoom * u[1]),
            shear=self.shear * u[2],
            across=self.shift * u[3],
            down=self.shift * u[4],
            mirror=tf.where(u[5] < 0, -1.0, 1.0) if self.flip else 1.0,
        )


def affine(
    images: Any,
    *,
    rotation: Any = 0.0,
    scale: Any = 1.0,
    shear: Any = 0.0,
    across: Any = 0.0,
    down: Any = 0.0,
    mirror: Any = 1.0,
) -> Any:
    """Turn, scale, shear, shift and mirror images about their centre, bilinear, black beyond the edge.

    Parameters
    ----------
    images : (n, h, w, c), any numeric dtype, which is kept.
    rotation, scale, shear, across, down, mirror : one number for all images or (n,) of them: radians; size of what is
        looked at, so that 0.5 enlarges to double; tangent; shares of width and height; -1 mirrors left to right.
    """
    import tensorflow as tf

    n, height, width = tf.shape(images)[0], images.shape[1], images.shape[2]
    cos, sin = tf.cos(rotation) * scale, tf.sin(rotation) * scale
    a0, a1 = cos * mirror, shear * cos - sin
    b0, b1 = sin * mirror, cos + shear * sin
    # The transform maps output to input coordinates; the centre must stay where it is.
    cx, cy = (width - 1) / 2, (height - 1) / 2
    a2 = cx - a0 * cx - a1 * cy + width * across
    b2 = cy - b0 * cx - b1 * cy + height * down
    entries = [tf.broadcast_to(tf.cast(v, tf.float32), [n]) for v in (a0, a1, a2, b0, b1, b2, 0.0, 0.0)]
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack(entries, axis=1),
        output_shape=[height, width],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )


def training_batches(
    X: NDArray[np.uint8],
    targets: NDArray[np.float32],
    batch_size: int,
    seed: int,
    augmentation: Augmentation | None = None,
    across: bool = False,
) -> Any:
    """Endless shuffled batches of (images uint8 (b, h, w, c), targets float32 (b, k)).

    A pass over the rows is ⌈n / b⌉ of them, the last one smaller; with `across` every batch is full, if need be with rows
    of the next pass, so that a training set smaller than a batch has the same statistics of the batch as a large one.
    """
    import tensorflow as tf

    rows = tf.data.Dataset.from_tensor_slices((X, targets)).shuffle(len(X), seed=seed, reshuffle_each_iteration=True)
    batches = rows.repeat().batch(batch_size) if across else rows.batch(batch_size).repeat()
    if augmentation is not None:
        # The batch's number seeds its augmentation, so that the order of threads does not matter.
        batches = batches.enumerate().map(
            lambda number, batch: (augmentation(batch[0], tf.stack([np.int64(seed), number])), batch[1]),
            num_parallel_calls=1,
        )
    return batches.prefetch(tf.data.AUTOTUNE)


def batches(X: NDArray[np.uint8], *more: NDArray, batch_size: int = 500) -> Any:
    """Batches in order, for scoring: of X alone, or of (X, …)."""
    import tensorflow as tf

    whole = (X, *more) if more else X
    return tf.data.Dataset.from_tensor_slices(whole).batch(batch_size).prefetch(tf.data.AUTOTUNE)
