"""What does the input pipeline cost a network? tf.data with and without prefetch, AUTOTUNE, augmentation by image or by batch.

The advice that is put to the test: https://www.tensorflow.org/guide/data_performance
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.data import datasets
from estimators.models.pipeline import Augmentation, training_batches

TITLE = "does the pipeline make training wait?"
LIBRARIES = ("tensorflow", "keras", "numpy")
ROUNDS = 5
IMAGES = 12_800  # shown by each pipeline in a round
SHUFFLED = 10_000  # images among which the next one is drawn, where images are shuffled one by one
NOTE = f"""The base `cnn` on MNIST is shown {IMAGES:,} images by each pipeline, in {ROUNDS} rounds. "Step alone" trains on one batch again and again, so \
it waits for nothing; "waiting" is the share of the time beyond that. Ratios are to the first pipeline with the same images: those of the same round, \
as median and range. Where tf.data tunes itself (all but Crossover's), an iterator that ends waits for that thread now and then, for 1.5 s here: hence the wide ranges."""

Pipeline = Callable[[NDArray[np.uint8], NDArray[np.float32], int, Augmentation | None], Any]


def by_image(parallel: bool, ahead: bool) -> Pipeline:
    """Images are shuffled and augmented one by one, then batched; `ahead`: while the network trains."""

    def batches(
        X: NDArray[np.uint8], targets: NDArray[np.float32], size: int, augmentation: Augmentation | None
    ) -> Any:
        import tensorflow as tf

        data = tf.data.Dataset.from_tensor_slices((X, targets)).shuffle(SHUFFLED, seed=0).repeat()
        if augmentation is not None:

            def changed(number: Any, row: tuple[Any, Any]) -> tuple[Any, Any]:
                return augmentation(row[0][None], tf.stack([np.int64(0), number]))[0], row[1]

            data = data.enumerate().map(changed, num_parallel_calls=tf.data.AUTOTUNE if parallel else None)
        return _ahead(data.batch(size), ahead)

    return batches


def by_batch(ahead: bool) -> Pipeline:
    """Images are shuffled one by one, batched, and augmented together."""

    def batches(
        X: NDArray[np.uint8], targets: NDArray[np.float32], size: int, augmentation: Augmentation | None
    ) -> Any:
        import tensorflow as tf

        data = tf.data.Dataset.from_tensor_slices((X, targets)).shuffle(SHUFFLED, seed=0).repeat().batch(size)
        if augmentation is not None:

            def changed(number: Any, rows: tuple[Any, Any]) -> tuple[Any, Any]:
                return augmentation(rows[0], tf.stack([np.int64(0), number])), rows[1]

            data = data.enumerate().map(changed)
        return _ahead(data, ahead)

    return batches


def ours(X: NDArray[np.uint8], targets: NDArray[np.float32], size: int, augmentation: Augmentation | None) -> Any:
    """The pipeline of every network here."""
    return training_batches(X, targets, IMAGES, size, 0, augmentation)


def step_alone(X: NDArray[np.uint8], targets: NDArray[np.float32], size: int, augmentation: Augmentation | None) -> Any:
    """One batch, again and again."""
    import tensorflow as tf

    return tf.data.Dataset.from_tensors((X[:size], targets[:size])).cache().repeat()


def _ahead(data: Any, ahead: bool) -> Any:
    import tensorflow as tf

    return data.prefetch(tf.data.AUTOTUNE) if ahead else data


PIPELINES: dict[str, tuple[bool, Pipeline]] = {
    "plain: shuffle, batch": (False, by_batch(ahead=False)),
    "plain, prefetch(AUTOTUNE)": (False, by_batch(ahead=True)),
    "plain, Crossover's": (False, ours),
    "augmented image by image": (True, by_image(parallel=False, ahead=False)),
    "image by image, prefetch(AUTOTUNE)": (True, by_image(parallel=False, ahead=True)),
    "image by image, map and prefetch with AUTOTUNE": (True, by_image(parallel=True, ahead=True)),
    "augmented by batch": (True, by_batch(ahead=False)),
    "by batch, prefetch(AUTOTUNE)": (True, by_batch(ahead=True)),
    "augmented, Crossover's": (True, ours),
    "step alone": (False, step_alone),
}


def measure(rounds: int = ROUNDS, images: int = IMAGES) -> pd.DataFrame:
    """One row per pipeline, with images per second and ratios; about three minutes.

    Raises
    ------
    UserError : MNIST cannot be had.
    """
    train = datasets.load("mnist").train
    seconds = pd.DataFrame(_rounds(train.X, train.y, rounds, images))
    alone, rows = seconds["step alone"], []
    for name, (augmented, _) in PIPELINES.items():
        first = next(n for n, (same, _) in PIPELINES.items() if same == augmented)
        faster, waiting = seconds[first] / seconds[name], 1 - alone / seconds[name]
        rows.append(
            {
                "pipeline": name,
                "images/s": f"{images / seconds[name].median():,.0f}",
                "ratio": ""
                if name == "step alone"
                else f"{faster.median():.2f} ({faster.min():.2f}–{faster.max():.2f})",
                "waiting": "" if name == "step alone" else f"{100 * max(0.0, float(waiting.median())):.0f} %",
            }
        )
    return pd.DataFrame(rows)


def _rounds(X: NDArray[np.uint8], y: NDArray[np.int64], rounds: int, images: int) -> list[dict[str, float]]:
    """Seconds of training by pipeline, for each round; each has the next place in the order in each round."""
    import keras

    import estimators
    from estimators.models.network import precision, training_precision

    network = estimators.get("cnn").build(seed=0)
    targets = np.eye(int(y.max()) + 1, dtype=np.float32)[y]
    inputs = keras.Input(X.shape[1:], dtype="uint8")
    scaled = keras.layers.Rescaling(1 / 255, dtype="float32")(inputs)
    with precision(training_precision()):
        model = keras.Model(inputs, network.layers(scaled, targets.shape[1], **network.settings))
    model.compile(keras.optimizers.AdamW(1e-3), keras.losses.CategoricalCrossentropy(from_logits=True))
    steps = math.ceil(images / network.batch_size)

    def trained(name: str, count: int) -> float:
        augmented, pipeline = PIPELINES[name]
        data = pipeline(X, targets, network.batch_size, network.augmentation if augmented else None).take(count)
        began = time.perf_counter()
        model.fit(data.apply(_of_length(count)), shuffle=False, verbose=0)
        return time.perf_counter() - began

    order = list(PIPELINES)
    for name in order:
        trained(name, min(5, steps))
    found = []
    for number in range(rounds):
        turned = order[number % len(order) :] + order[: number % len(order)]
        seconds = {name: trained(name, steps) for name in turned}
        found.append({name: seconds[name] for name in order})
    return found


def _of_length(count: int) -> Any:
    import tensorflow as tf

    return tf.data.experimental.assert_cardinality(count)
