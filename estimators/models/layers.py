"""The blocks that networks are made of: convolution or dense layer, BatchNorm in its place, Dropout.

`BatchNorm` and `Dropout` are Keras' layers with faster training steps. They are for training alone: `plain` puts Keras' own in
their place before a network is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tuning.quiet import quiet

with quiet():  # This module is the first that imports TensorFlow, which says much on the way.
    import keras
    import tensorflow as tf
    from keras import layers, regularizers

BATCH_NORM = ("before", "after", "none")


class BatchNorm(layers.BatchNormalization):
    """Keras' layer over channels-last images, with TensorFlow's fused operation while training.

    Keras computes the moments with a dozen operations, a noticeable part of a training step on a CPU.
    """

    def __init__(self, **settings: Any) -> None:
        # The moments are float32 whatever the precision of the images, as TensorFlow's operation wants them.
        super().__init__(autocast=False, **settings)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalise (n, h, w, c) with the moments of the batch while training, with the moving ones otherwise."""
        if not training or not self.trainable or len(inputs.shape) != 4:
            return super().call(inputs, training=training, mask=mask)
        outputs, mean, variance, *_ = tf.compat.v1.nn.fused_batch_norm(
            inputs, self.gamma, self.beta, epsilon=self.epsilon, is_training=True
        )
        for moving, now in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + now * (1 - self.momentum))
        return outputs


class Dropout(layers.Dropout):
    """Keras' layer with a quarter of the random numbers: each decides on four values, in steps of 1/256 of the rate.

    Keras draws a float32 per value, which took a tenth of a training step of the base cnn on a CPU, where this takes a fortieth.
    """

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Zero a share of the values while training, and scale the others up; shape and dtype are kept."""
        dropped = min(255, round(256 * self.rate))
        if not training or not dropped:
            return inputs
        seed = tf.cast(self.seed_generator.next(), tf.int32)
        words = tf.random.stateless_uniform([(tf.size(inputs) + 3) // 4], seed, None, None, tf.int32)
        random = tf.reshape(tf.bitcast(words, tf.uint8), [-1])[: tf.size(inputs)]
        kept = tf.reshape(random, tf.shape(inputs)) >= tf.constant(dropped, tf.uint8)
        return inputs * (tf.cast(kept, inputs.dtype) * tf.constant(256 / (256 - dropped), inputs.dtype))


class SmallLoss(keras.Model):
    """A functional model that learns from the images of each batch with the smallest losses: those of wrong labels are large.

    Early on, networks learn what most labels say (Arpit et al. 2017, arXiv:1706.05394). So a rising share is left out, over the
    first `over` steps from none to `left_out`: the schedule of Han et al. (2018), *Co-teaching*, arXiv:1804.06872. There two
    networks choose for each other. Here one chooses for itself, as the self-paced MentorNet does that the paper compares with,
    so that what it once took for right it goes on to believe; and, as there, the share of wrong labels has to be told.
    """

    left_out: float = 0.0
    over: int = 1

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The mean loss of the images that are kept; of all where it is not for training."""
        if training:
            losses = keras.losses.categorical_crossentropy(y, y_pred, from_logits=True)
            count = tf.cast(tf.size(losses), tf.float32)
            ramp = tf.minimum(1.0, tf.cast(self.optimizer.iterations, tf.float32) / self.over)
            kept = tf.maximum(1, tf.cast(tf.round((1 - self.left_out * ramp) * count), tf.int32))
            chosen = tf.cast(losses <= tf.sort(losses)[kept - 1], tf.float32)
            # Keras divides the sum by the number of all images.
            sample_weight = chosen * count / tf.reduce_sum(chosen)
        return super().compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=training)


def measure_batch_norm(model: Any, batches: Iterable[Any]) -> None:
    """Set the moments of all BatchNormalization layers to their mean over some batches of images, for the weights as they are.

    While training they follow the weights with a lag, and after a short training they are far behind: networks that labelled
    all training images rightly were at chance on new ones. Wu & Johnson (2021), *Rethinking "Batch" in BatchNorm*,
    arXiv:2105.07576, call it PreciseBN.
    """
    found = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    if not found:
        return
    moments = [moving for layer in found for moving in (layer.moving_mean, layer.moving_variance)]
    before = [layer.momentum for layer in found]
    for layer in found:
        layer.momentum = 0.0  # The moving moments are those of the batch.

    @tf.function(reduce_retracing=True)
    def pass_through(images: Any) -> None:
        model(images, training=True)

    sums: list[Any] = [0.0] * len(moments)
    count = 0
    for images in batches:
        pass_through(images)
        sums = [total + moving.numpy() for total, moving in zip(sums, moments, strict=True)]
        count += 1
    for moving, total in zip(moments, sums, strict=True):
        moving.assign(total / count)
    for layer, momentum in zip(found, before, strict=True):
        layer.momentum = momentum


def plain(model: Any) -> Any:
    """A copy of a functional model, called "network", of Keras' own layers in float32.

    Its weights are the same; it has no optimizer, whose slots would take twice their memory.
    """

    def exchanged(layer: Any) -> Any:
        kind = {BatchNorm: layers.BatchNormalization, Dropout: layers.Dropout}.get(type(layer), type(layer))
        return kind.from_config(layer.get_config() | {"dtype": "float32"})

    uncompiled = keras.Model(model.input, model.output, name="network")
    copy = keras.models.clone_model(uncompiled, clone_function=exchanged)
    copy.set_weights(model.get_weights())
    return copy


def without_head(network: Any) -> Any:
    """A functional or sequential model up to the input of its last dense layer; all of it where it does not end in one.

    What follows that layer has no weights: an activation, a temperature.
    """
    for layer in reversed(network.layers):
        if isinstance(layer, layers.Dense):
            return keras.Model(network.inputs, layer.input, name="body")
        if layer.weights:
            break
    return keras.Model(network.inputs, network.outputs, name="body")


def continued(network: Any, classes: int) -> Any:
    """A model for training, of the precision that is set, with another's layers and weights up to its head, which is new.

    The opposite of `plain`: the layers are those with faster training steps.
    """
    body, policy = without_head(network), keras.config.dtype_policy()

    def exchanged(layer: Any) -> Any:
        kind: Any = {layers.BatchNormalization: BatchNorm, layers.Dropout: Dropout}.get(type(layer), type(layer))
        # The images are scaled in full precision.
        full = isinstance(layer, layers.InputLayer | layers.Rescaling)
        return kind.from_config(layer.get_config() | ({} if full else {"dtype": policy}))

    copy = keras.models.clone_model(body, clone_function=exchanged)
    copy.set_weights(body.get_weights())
    return keras.Model(copy.inputs, head(copy.outputs[0], classes))


def conv_block(
    x: Any, filters: int, *, kernel: int = 3, pool: str = "", batch_norm: str = "before", l1: float, l2: float
) -> Any:
    """Convolution, optional 2×2 pooling, BatchNorm before or after the ReLU.

    Pooling comes first because it leaves what follows a quarter of the values.
    """
    x = layers.Conv2D(
        filters, kernel, padding="same", use_bias=batch_norm != "before", kernel_regularizer=_penalty(l1, l2)
    )(x)
    if pool and min(x.shape[1:3]) >= 2:
        x = {"max": layers.MaxPooling2D, "average": layers.AveragePooling2D}[pool](2)(x)
    return _norm_and_relu(x, batch_norm)


def dense_block(x: Any, units: int, *, dropout: float = 0.0, batch_norm: str = "none", l1: float, l2: float) -> Any:
    """Dense layer, BatchNorm before or after the ReLU, Dropout."""
    x = layers.Dense(units, use_bias=batch_norm != "before", kernel_regularizer=_penalty(l1, l2))(x)
    return drop(_norm_and_relu(x, batch_norm), dropout)


def drop(x: Any, rate: float) -> Any:
    """Dropout, or nothing at rate 0."""
    return Dropout(rate)(x) if rate else x


def head(x: Any, classes: int) -> Any:
    """Logits, float32 also under mixed precision."""
    return layers.Dense(classes, dtype="float32", name="logits")(x)


def _norm_and_relu(x: Any, batch_norm: str) -> Any:
    if batch_norm not in BATCH_NORM:
        raise ValueError(f"batch_norm must be one of {', '.join(BATCH_NORM)}, given {batch_norm!r}")
    # Short trainings need statistics that follow quickly: momentum 0.9 rather than Keras' 0.99.
    if batch_norm == "before":
        x = BatchNorm(momentum=0.9)(x)
    x = layers.ReLU()(x)
    return BatchNorm(momentum=0.9)(x) if batch_norm == "after" else x


def _penalty(l1: float, l2: float) -> Any:
    return regularizers.L1L2(l1, l2) if l1 or l2 else None
