"""The one tf.data pipeline that feeds every network.

numbers of rows → shuffle → batch → uint8 images of the batch → augment them at once → prefetch. Augmenting by batch is
one operation for 128 images, where the usual per-image map is the bottleneck on a CPU
(https://www.tensorflow.org/guide/data_performance).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

AHEAD = 4  # batches that wait for the network, so that it does not wait for them


@dataclass(frozen=True)
class Augmentation:
    """Random affine changes, drawn anew each time an image is shown, uniform in ± each bound.

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
            shift_x=self.shift * u[3],
            shift_y=self.shift * u[4],
            mirror=tf.where(u[5] < 0, -1.0, 1.0) if self.flip else 1.0,
        )


def affine(
    images: Any,
    *,
    rotation: Any = 0.0,
    scale: Any = 1.0,
    shear: Any = 0.0,
    shift_x: Any = 0.0,
    shift_y: Any = 0.0,
    mirror: Any = 1.0,
) -> Any:
    """Turn, scale, shear, shift and mirror images about their centre, bilinear, black beyond the edge.

    Parameters
    ----------
    images : (n, h, w, c), any numeric dtype, which is kept.
    rotation, scale, shear, shift_x, shift_y, mirror : see `affine_coefficients`; one number for all images, or (n,).
    """
    import tensorflow as tf

    coefficients = affine_coefficients(
        images.shape[1],
        images.shape[2],
        rotation=rotation,
        scale=scale,
        shear=shear,
        shift_x=shift_x,
        shift_y=shift_y,
        mirror=mirror,
    )
    n, height, width = tf.shape(images)[0], images.shape[1], images.shape[2]
    entries = [tf.broadcast_to(tf.cast(v, tf.float32), [n]) for v in coefficients]
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack(entries, axis=1),
        output_shape=[height, width],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )


def affine_coefficients(
    height: int,
    width: int,
    *,
    rotation: Any = 0.0,
    scale: Any = 1.0,
    shear: Any = 0.0,
    shift_x: Any = 0.0,
    shift_y: Any = 0.0,
    mirror: Any = 1.0,
) -> tuple[Any, ...]:
    """Coefficients (a0, a1, a2, b0, b1, b2, 0, 0) of the map from output to input pixels, as TensorFlow wants them.

    Parameters
    ----------
    rotation : radians.
    scale : factor on the side of the image region that fills the output: 0.5 shows the middle half, twice as large.
    shear : tangent of the angle, horizontal.
    shift_x, shift_y : shares of width and height.
    mirror : -1 mirrors left to right, 1 does not.
    """
    import tensorflow as tf

    cos, sin = tf.cos(rotation) * scale, tf.sin(rotation) * scale
    a0, a1 = cos * mirror, shear * cos - sin
    b0, b1 = sin * mirror, cos + shear * sin
    # The centre must stay where it is.
    cx, cy = (width - 1) / 2, (height - 1) / 2
    a2 = cx - a0 * cx - a1 * cy + width * shift_x
    b2 = cy - b0 * cx - b1 * cy + height * shift_y
    return a0, a1, a2, b0, b1, b2, 0.0, 0.0


def training_batches(
    X: NDArray[np.uint8],
    targets: NDArray[np.float32],
    images: int,
    batch_size: int,
    seed: int,
    augmentation: Augmentation | None = None,
) -> Any:
    """Shuffled batches of (images uint8 (b, h, w, c), targets float32 (b, k)) that show exactly `images` images in all.

    The rows are passed again and again, in a new order each time. A batch may hold rows of two passes, so that BatchNorm
    sees as many rows per batch in a small training set as in a large one; the last batch alone may be smaller.

    Numbers of rows are shuffled and cut into batches, not the rows: taking 128 rows one by one kept a core busy for a tenth
    of a training step of the base cnn.
    """
    import tensorflow as tf

    rows = len(X)
    with tf.device("CPU"):  # Else they are on a GPU, and copied from there for every batch.
        pictures, wanted = tf.constant(X), tf.constant(targets)

    def batch(number: Any, places: Any) -> tuple[Any, Any]:
        places = places[: images - number * batch_size]
        shown = tf.gather(pictures, places)
        # The batch's number seeds its augmentation, so that the order of threads does not matter.
        return shown if augmentation is None else augmentation(shown, tf.stack([seed, number])), tf.gather(
            wanted, places
        )

    orders = tf.data.Dataset.range(math.ceil(images / rows)).map(
        lambda number: tf.random.experimental.stateless_shuffle(tf.range(rows), tf.stack([seed, number]))
    )
    batches, count = orders.rebatch(batch_size).enumerate().map(batch), math.ceil(images / batch_size)
    return _untuned(batches.take(count).apply(tf.data.experimental.assert_cardinality(count)).prefetch(AHEAD))


def batches(X: NDArray[np.uint8], *more: NDArray, batch_size: int = 500) -> Any:
    """Batches in order, for scoring: of X alone, or of (X, …)."""
    import tensorflow as tf

    whole = (X, *more) if more else X
    return _untuned(tf.data.Dataset.from_tensor_slices(whole).batch(batch_size).prefetch(AHEAD))


def _untuned(data: Any) -> Any:
    """Without the thread by which tf.data tunes itself, where there is nothing to tune.

    Now and then an iterator that ends misses that thread's last wait, which doubles up to a minute: every fourth fit of 15 s
    stood still for 6 s in the end.
    """
    import tensorflow as tf

    options = tf.data.Options()
    options.autotune.enabled = False
    return data.with_options(options)
