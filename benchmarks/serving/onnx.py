"""`export`: a trained model as one ONNX file, from uint8 images to probabilities, for programs without Crossover and Python.

The model is written as TensorFlow operations, which tf2onnx translates (https://github.com/onnx/tensorflow-onnx); then onnxruntime
predicts with the file, and nothing is written unless it says what the model says. Both come with the extra ``onnx``.

Networks are TensorFlow operations already, all but one of which ONNX has: the turned views, see `_turned`. Of classical models
those on pixels are a few products of matrices, and are written out here. Oriented gradients and boosted trees no converter carries.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.formats.npz import read_named
from benchmarks.errors import UserError
from benchmarks.layout import data_folder
from benchmarks.safety.regular import check_place, write
from benchmarks.serving.model import Model, load_model
from estimators.models.calibration import LEAST
from estimators.models.threads import threads
from tuning.quiet import quiet

if TYPE_CHECKING:
    from estimators.features import ImageFeatures
    from estimators.models.kernel_machine import KernelMachine
    from estimators.models.linear import Linear

INPUT, OUTPUT = "images", "probabilities"  # their names in the file
CLOSE = 1e-4  # by so much a probability may differ
DRAWN = 64  # random images of a kind that are compared
INSTEAD = (
    "Networks, and logistic_regression and svm on pixels, can be exported; crossover.load_model and 'crossover predict' take any "
    "model."
)


class NoConverter(Exception):
    """Part of a model has no counterpart in ONNX that a converter would write."""


@dataclass(frozen=True)
class Exported:
    """What was written, and how it was checked.

    Parameters
    ----------
    path : of the file. Its input "images" is uint8 (n, h, w, c), its output "probabilities" float32 (n, k); its metadata
        "classes" is a JSON list of the k names.
    image_shape : (h, w, c).
    classes : k.
    random, real : how many images were compared: random ones, and training images kept in the run folder.
    difference : the largest difference between a probability of the model and of the file.
    """

    path: Path
    image_shape: tuple[int, int, int]
    classes: int
    random: int
    real: int
    difference: float

    def __str__(self) -> str:
        shape = ", ".join(map(str, self.image_shape))
        real = f" and {self.real} real" if self.real else ""
        return (
            f"{self.path}: '{INPUT}' uint8 (n, {shape}) to '{OUTPUT}' float32 (n, {self.classes}). On {self.random} random{real} "
            f"images onnxruntime gives what the model gives; the largest difference of a probability is {self.difference:.1e}."
        )


def export(folder: Path, path: Path) -> Exported:
    """Write the model in a folder as an ONNX file, whole or not at all.

    Raises
    ------
    UserError : the extra is not installed, there is no model, no converter carries it, the file would predict otherwise, or it
        cannot be written.
    """
    check_place(path, "an .onnx file", lambda suffix: suffix == ".onnx")
    _check_installed()
    model = load_model(folder)
    random, real = _random_images(model.image_shape), _real_images(folder, model)
    try:
        content = _converted(model)
        images = np.concatenate([random, real])
        found = _predicted(content, images)
    except NoConverter as error:
        raise _refused(folder, str(error)) from error
    except Exception as error:  # Each of the libraries has errors of its own, some of many lines.
        first = f"{type(error).__name__}: {error}".splitlines()[0][:300]
        raise _refused(folder, f"the converter does not carry it ({first})") from error
    difference = float(np.abs(found - model.predict_proba(images)).max())
    if not difference <= CLOSE:
        raise _refused(folder, f"its probabilities would differ by up to {difference:.1e} (allowed: {CLOSE:g})")
    write(path, content)
    return Exported(path, model.image_shape, len(model.classes_), len(random), len(real), difference)


def _check_installed() -> None:
    try:
        with quiet():  # It imports TensorFlow, which says much on the way.
            import onnx  # noqa: F401
            import onnxruntime  # noqa: F401
            import tf2onnx  # noqa: F401
    except ImportError as error:
        raise UserError(
            f"Exporting to ONNX needs onnx, onnxruntime and tf2onnx: pip install '.[onnx]' ({error})."
        ) from error


def _refused(folder: Path, reason: str) -> UserError:
    return UserError(f"{folder} cannot become an ONNX file: {reason}. {INSTEAD}")


def _converted(model: Model) -> bytes:
    """The model as the bytes of an ONNX file."""
    import onnx
    import tensorflow as tf
    import tf2onnx

    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)  # What it does not carry is told in one line of ours.
    forward = _forward(model)
    signature = [tf.TensorSpec((None, *model.image_shape), tf.uint8, name=INPUT)]
    graph, _ = tf2onnx.convert.from_function(
        tf.function(lambda images: {OUTPUT: forward(images)}, input_signature=signature), signature
    )
    for tensor in (graph.graph.input[0], graph.graph.output[0]):
        tensor.type.tensor_type.shape.dim[0].dim_param = "n"
    told = {"classes": model.classes_.tolist()} | {
        name: model.facts[name] for name in ("preparation", "background") if model.facts.get(name)
    }
    onnx.helper.set_model_props(graph, {name: json.dumps(value) for name, value in told.items()})
    onnx.checker.check_model(graph)
    return graph.SerializeToString()


def _predicted(content: bytes, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What onnxruntime makes of the images."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return session.run([OUTPUT], {INPUT: images})[0]


def _random_images(shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Noise, noise in blocks of 4 by 4, all black and all white; the same every time."""
    rng = np.random.default_rng(0)
    height, width, channels = shape
    fine = rng.integers(0, 256, (DRAWN, *shape), np.uint8)
    coarse = rng.integers(0, 256, (DRAWN, -(-height // 4), -(-width // 4), channels), np.uint8)
    blocks = coarse.repeat(4, axis=1).repeat(4, axis=2)[:, :height, :width]
    plain = np.stack([np.full(shape, value, np.uint8) for value in (0, 255)])
    return np.concatenate([fine, blocks, plain])


def _real_images(folder: Path, model: Model) -> NDArray[np.uint8]:
    """The training images that a run folder keeps for its report; none where the model folder lies in no run folder."""
    run = next((parent for parent in folder.resolve().parents if (parent / "run.json").is_file()), None)
    if run is not None and "dataset" in model.facts:
        samples = data_folder(run, model.facts["dataset"]) / "samples.npz"
        if samples.is_file():
            (X,) = read_named(samples, ["X"])
            if X.shape[1:] == model.image_shape:
                return X
    return np.empty((0, *model.image_shape), np.uint8)


def _forward(model: Model) -> Callable[[Any], Any]:
    """The model as TensorFlow operations: images uint8 (n, h, w, c) to probabilities (n, k)."""
    from estimators.models.average import Average
    from estimators.models.boosted_trees import BoostedTrees
    from estimators.models.kernel_machine import KernelMachine
    from estimators.models.linear import Linear
    from estimators.models.network import Network

    match model.fitted:
        case Network() as network:
            return _network(network.keras_model_)
        case Linear() as linear:
            return _linear(linear)
        case KernelMachine() as machine:
            return _kernel_machine(machine)
        case Average() as average:
            return _mean(
                [(member.weight, _forward(replace(model, fitted=member.model))) for member in average.members_]
            )
        case BoostedTrees():
            reason = "tf2onnx carries no boosted trees"
        case other:
            reason = f"it is a {type(other).__name__}, whose code is not known here"
    raise NoConverter(reason)


def _mean(parts: Sequence[tuple[int, Callable[[Any], Any]]]) -> Callable[[Any], Any]:
    """The weighted mean of what several models answer."""
    whole = sum(weight for weight, _ in parts)
    return lambda images: sum(float(weight / whole) * forward(images) for weight, forward in parts)


def _network(keras_model: Any) -> Callable[[Any], Any]:
    """The network itself, with its weights; only how a view is turned is said in other words."""
    import keras

    def called(operation: Any, *inputs: Any, **options: Any) -> Any:
        if type(operation).__name__ == "AffineTransform":
            return _turned(*inputs, **options)
        return operation(*inputs, **options)

    said_otherwise = keras.models.clone_model(keras_model, clone_function=lambda layer: layer, call_function=called)
    return lambda images: said_otherwise(images, training=False)


def _turned(images: Any, transform: Any) -> Any:
    """``keras.ops.image.affine_transform``, bilinear, black beyond the edge, by operations that ONNX has.

    TensorFlow does it by one operation of its own, ``ImageProjectiveTransformV3``. With a fixed transform, which pixels a pixel is made
    of and their shares are fixed too, so that it is a gather and a sum. The order of the sums and the cut to whole grey levels are
    TensorFlow's (tensorflow/core/kernels/image/image_ops.h), so that every pixel is the same.

    Parameters
    ----------
    images : (n, h, w, c).
    transform : (a0, a1, a2, b0, b1, b2, 0, 0): output pixel (x, y) is taken from (a0 x + a1 y + a2, b0 x + b1 y + b2).
    """
    from keras import ops

    height, width, channels = images.shape[1:]
    a0, a1, a2, b0, b1, b2 = np.asarray(transform, np.float32).ravel()[:6]
    row, column = np.mgrid[:height, :width].astype(np.float32)
    x, y = a0 * column + a1 * row + a2, b0 * column + b1 * row + b2
    left, top = np.floor(x), np.floor(y)
    pixels = ops.reshape(images, (-1, height * width, channels))

    def part(row: NDArray[np.float32], column: NDArray[np.float32], share: NDArray[np.float32]) -> Any:
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        place = np.clip(row, 0, height - 1) * width + np.clip(column, 0, width - 1)
        found = ops.take(pixels, place.astype(np.int32).ravel(), axis=1)
        return ops.cast(found, "float32") * np.where(inside, share, np.float32(0)).reshape(-1, 1)

    upper = part(top, left, left + 1 - x) + part(top, left + 1, x - left)
    lower = part(top + 1, left, left + 1 - x) + part(top + 1, left + 1, x - left)
    turned = upper * (top + 1 - y).reshape(-1, 1) + lower * (y - top).reshape(-1, 1)
    return ops.reshape(ops.cast(turned, images.dtype), (-1, height, width, channels))


def _linear(model: Linear) -> Callable[[Any], Any]:
    """Logistic regression: `Linear.predict_proba`."""
    import tensorflow as tf

    pixels = _pixels(model.rows_)
    weights, bias = model.regression_.coef_.T, model.regression_.intercept_
    if len(model.classes_) == 2:  # scikit-learn has the logits of the second class alone.
        weights, bias = weights * [0, 1], bias * [0, 1]
    weights, bias = np.float32(weights), np.float32(bias)

    def forward(images: Any) -> Any:
        proba = tf.nn.softmax(pixels(images) @ weights + bias)
        return tf.nn.softmax(tf.math.log(tf.maximum(proba, LEAST)) / model.temperature_)

    return forward


def _kernel_machine(model: KernelMachine) -> Callable[[Any], Any]:
    """The support vector machine: `SupportVectors.margins` and `KernelMachine.predict_proba`."""
    import tensorflow as tf

    features, pca = (step for _, step in model.rows_.steps)
    pixels, machine, classes = _pixels(features), model.machine_, len(model.classes_)
    axes, centre = np.float32(pca.components_.T), np.float32(pca.mean_ @ pca.components_.T)
    squares = np.einsum("sd,sd->s", machine.vectors, machine.vectors)
    ends = np.cumsum(machine.counts)
    members = [slice(end - count, end) for end, count in zip(ends, machine.counts, strict=True)]
    first, second = np.triu_indices(classes, 1)

    def forward(images: Any) -> Any:
        rows = pixels(images) @ axes - centre
        squared = tf.reduce_sum(rows * rows, axis=1, keepdims=True)
        kernel = tf.exp(machine.gamma * tf.minimum(2 * (rows @ machine.vectors.T) - squares - squared, 0))
        votes = tf.concat([kernel[:, own] @ machine.dual_coef[:, own].T for own in members], axis=1)
        of_first = tf.gather(votes, first * (classes - 1) + second - 1, axis=1)
        of_second = tf.gather(votes, second * (classes - 1) + first, axis=1)
        decision = _least_margins(of_first + of_second + machine.intercept, classes)
        return tf.nn.softmax(decision / model.temperature_)

    return forward


def _least_margins(margins: Any, classes: int) -> Any:
    """`estimators.models.kernel_machine._least_margins` in TensorFlow: (n, pairs) to (n, classes)."""
    import tensorflow as tf

    pairs = np.arange(classes * (classes - 1) // 2)
    first, second = np.triu_indices(classes, 1)
    # Per class the columns of its margins among those of the first of each pair, then those of the second.
    own = np.stack([np.concatenate([pairs[first == c], len(pairs) + pairs[second == c]]) for c in range(classes)])
    least = tf.reduce_min(tf.gather(tf.concat([margins, -margins], axis=1), own, axis=1), axis=2)
    won = tf.cast(tf.concat([margins > 0, margins <= 0], axis=1), tf.float32)
    wins = tf.reduce_sum(tf.gather(won, own, axis=1), axis=2)
    best, voted = (tf.argmax(of, axis=1)[:, None] == np.arange(classes) for of in (least, wins))
    highest = tf.reduce_max(least, axis=1, keepdims=True)
    moved = tf.reduce_sum(tf.where(voted, least, 0.0), axis=1, keepdims=True)
    return tf.where(voted, highest, tf.where(best, moved, least))


def _pixels(features: ImageFeatures) -> Callable[[Any], Any]:
    """`Pixels` in TensorFlow, (n, h, w, c) to (n, h * w * c); other features are refused."""
    import tensorflow as tf

    from estimators.features.pixels import Pixels

    if not isinstance(features, Pixels):
        raise NoConverter(f"its features are {type(features).__name__}, code of Crossover that no converter knows")
    size = int(np.prod(features.image_shape_))
    return lambda images: tf.reshape(tf.cast(images, tf.float32), (-1, size)) / 255
