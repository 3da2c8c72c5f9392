"""`Network`: a Keras network with the interface of a scikit-learn classifier, trained the same way whatever its layers.

Keras' own scikit-learn wrapper loses its fit arguments when cloned, has no `predict_proba` and refuses images; hence
this one. What it saves is one ``network.keras`` of Keras' own layers, from uint8 images to probabilities:
``keras.models.load_model`` reads it where this project is not installed.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from estimators.models.calibration import LEAST, fit_temperature, known, log
from estimators.models.copies import with_copies
from estimators.models.describe import Description
from estimators.models.gpu import turned_off
from estimators.models.keras_archive import read_network
from estimators.models.layers import SmallLoss, continued, measure_batch_norm, plain, without_head
from estimators.models.looks import best_look, flattened
from estimators.models.pipeline import Augmentation, affine_coefficients, batches, training_batches
from estimators.models.source import Source
from estimators.models.threads import threads
from tuning.quiet import quiet

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
with quiet():
    import keras
    import tensorflow as tf

# Every fit makes a function of its own, which TensorFlow takes for retracing and warns of.
tf.get_logger().setLevel("ERROR")
with contextlib.suppress(RuntimeError):  # Raised where TensorFlow already runs: these are fixed at its first operation.
    tf.config.threading.set_intra_op_parallelism_threads(threads())
    tf.config.threading.set_inter_op_parallelism_threads(threads())
    if turned_off():
        tf.config.set_visible_devices([], "GPU")
    for gpu in tf.config.get_visible_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)

TTA_ANGLE = 0.1  # radians
MEASURED = 16  # batches from which BatchNorm's moments are taken in the end
GENTLE = 0.25  # of the learning rate, where all layers go on from weights that know something
LOOKS = 6  # times that the curves are recorded
RAMP = 1 / 5  # of the steps, over which a growing share of the images is left out for their losses
# Validation rows, as shares of the images of a training, so that they cost a small part of a short one too,
WATCHED_SHARE, CALIBRATING_SHARE = 1 / 40, 1 / 20  # that are looked at, and that the temperature is fitted on,
FEWEST, WATCHED, CALIBRATING = 500, 2_000, 3_000  # no less of either than this, and no more of each
BFLOAT16 = {"avx512_bf16", "amx_bf16"}  # instructions that multiply such numbers
GPU_BFLOAT16 = (8, 0)  # compute capability from which NVIDIA's tensor cores do

Watched = tuple[NDArray[np.uint8], NDArray[np.float32]]


class Network(ClassifierMixin, BaseEstimator):
    """A network for images, uint8 (n, h, w, c), and labels, int (n,).

    Parameters
    ----------
    layers : module-level function ``(images, classes, **settings) -> logits`` over Keras tensors; `images` are
        float32 in [0, 1].
    settings : its keyword arguments.
    optimizer : "adam", "adamw" (Loshchilov & Hutter 2019) or "sgd" (Nesterov momentum 0.9).
    learning_rate : the peak of the schedule.
    schedule : "one_cycle": linear up over the first fifth of the steps, then linear to zero (Smith & Topin 2018);
        "cosine" (Loshchilov & Hutter 2017); or "constant".
    weight_decay : decoupled; for "adamw" alone.
    label_smoothing : share of the target that is spread over all classes (Szegedy et al. 2016, arXiv:1512.00567).
    mix_up : images and labels are mixed in pairs, by shares from Beta(mix_up, mix_up), see `estimators.models.pipeline.mixed`;
        None does not.
    small_loss : share of each batch that is left out for its large losses, in [0, 1), see `estimators.models.layers.SmallLoss`;
        None learns from all.
    keep_last : keep the weights of the end also where validation rows say that the training went astray; None keeps the best,
        which is early stopping.
    augmentation : random changes of the training images, drawn anew each time they are shown, or None.
    copies : shifted and turned copies of each training image, made once, see `estimators.models.copies`; as many images are
        shown as without them.
    images : length of the training: images shown in all, counted with repetitions. The schedule ends with it.
    temperature : divides the logits, see `estimators.models.calibration`; fitted where there are validation rows.
    tta_views : test-time augmentation (Krizhevsky et al. 2012): over so many views of an image probabilities are averaged,
        at so many times the cost of a prediction. 1: none; 2: the image and its mirror image, for classes that have no left and
        right; 3: the image and the image turned by ± 0.1 radians.

    Attributes
    ----------
    keras_model_ : the fitted ``keras.Model``, from uint8 images to probabilities, made of Keras' own layers alone. Its
        layer "network" is the trained part, from uint8 images to logits.
    history_ : curves at every sixth of the training, ``{"images": [...], "loss": [...], "accuracy": [...]}``; "images" are
        those shown so far. With validation rows also "val_loss", "val_accuracy", and whether the latter had "flattened" by
        then (see `estimators.models.looks.flattened`), so that ``history_["flattened"][-1]`` tells it of the whole.
    precision_ : the Keras dtype policy of the training, see `training_precision`.
    start_seconds_ : seconds of the fit that do not depend on its length: building and tracing the graph, the temperature.
    found_ : with validation rows ``{"images": n, "temperature": t}``: the length of training that was best (see
        `estimators.models.looks.best_look`), and the temperature.
    """

    _forward: Callable[[Any], Any]  # from images to probabilities, traced once

    def __init__(
        self,
        layers: Callable[..., Any],
        settings: Mapping[str, Any],
        *,
        seed: int = 0,
        images: int = 300_000,
        batch_size: int = 128,
        optimizer: str = "adamw",
        learning_rate: float = 0.004,
        schedule: str = "one_cycle",
        weight_decay: float = 0.01,
        label_smoothing: float = 0.0,
        mix_up: float | None = None,
        small_loss: float | None = None,
        keep_last: bool | None = None,
        augmentation: Augmentation | None = None,
        copies: int = 0,
        tta_views: int = 1,
        temperature: float = 1.0,
    ) -> None:
        self.layers = layers
        self.settings = settings
        self.seed = seed
        self.images = images
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.weight_decay = weight_decay
        self.label_smoothing = label_smoothing
        self.mix_up = mix_up
        self.small_loss = small_loss
        self.keep_last = keep_last
        self.augmentation = augmentation
        self.copies = copies
        self.tta_views = tta_views
        self.temperature = temperature

    def fit(
        self,
        X: NDArray[np.uint8],
        y: NDArray[np.integer],
        validation: tuple[NDArray[np.uint8], NDArray[np.integer]] | None = None,
        source: Source | None = None,
    ) -> Self:
        """Train from scratch, or from a source's weights; with validation rows keep the best weights and fit the temperature.

        With a source the layers are those of its network, whatever `layers` are, and "all layers" or the "head" alone are trained.

        Raises
        ------
        FloatingPointError : the loss is no longer a number.
        """
        self._check()
        began = time.perf_counter()
        keras.backend.clear_session(free_memory=True)
        keras.utils.set_random_seed(self.seed % 2**32)
        X, y = with_copies(np.ascontiguousarray(X), np.asarray(y, np.int64), self.copies, self.seed)
        self.classes_ = np.unique(y)
        images = keras.Input(X.shape[1:], dtype="uint8")
        scaled = keras.layers.Rescaling(1 / 255, dtype="float32")(images)
        self.precision_ = training_precision()
        with precision(self.precision_):
            if source is None:
                inputs, logits = images, self.layers(scaled, len(self.classes_), **self.settings)
            else:
                inputs, logits = self._going_on(source, X.shape[1:])
            model = self._model(inputs, logits)

        gentle = GENTLE if source is not None and source.way == "all layers" else 1.0
        optimizer = self._optimizer(self._steps, gentle * self.learning_rate)
        # Variables that are made while the first step is traced make TensorFlow trace it twice: a second of every fit.
        optimizer.build(model.trainable_variables)
        model.compile(
            optimizer=optimizer,
            loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=self.label_smoothing),
            metrics=[keras.metrics.CategoricalAccuracy("accuracy")],
            # XLA makes convolutions about eight times slower on a CPU (tensorflow#62808).
            jit_compile=on_gpu(),
        )
        watched = None
        if validation is not None:
            V, columns = known(validation, self.classes_)
            every = math.ceil(len(columns) / self._share(WATCHED_SHARE, WATCHED))
            watched = np.ascontiguousarray(V[::every]), self._targets(columns[::every])
        looks = Looks(self.images, self.batch_size, watched, keep_best=not self.keep_last)
        targets = self._targets(np.searchsorted(self.classes_, y))
        model.fit(
            training_batches(
                X,
                targets,
                self.images,
                self.batch_size,
                self.seed % 2**31,
                self.augmentation,
                self.mix_up,
            ),
            callbacks=[looks],
            shuffle=False,  # The pipeline shuffles.
            verbose=0,
        )
        self.history_ = looks.curves
        again = training_batches(
            X, targets, MEASURED * self.batch_size, self.batch_size, self.seed % 2**31, self.augmentation, self.mix_up
        )
        trained = plain(model)
        measure_batch_norm(trained, (images for images, _ in again))
        self.found_: dict[str, Any] = {}
        if validation is None:
            self._serve(probabilities(trained, self.tta_views, self.temperature))
        else:
            self._serve(probabilities(trained, self.tta_views))
            rows = self._share(CALIBRATING_SHARE, CALIBRATING)
            temperature = fit_temperature(log(self.predict_proba(V[:rows])), columns[:rows])
            self.found_ = {"images": looks.best_images, "temperature": temperature}
            # What is traced already is tempered as it is: to trace the new model would take half a second of every fit.
            self.keras_model_ = probabilities(trained, self.tta_views, temperature)
            self._forward = tempered(self._forward, temperature)
        self.start_seconds_ = time.perf_counter() - began - looks.seconds
        return self

    def _going_on(self, source: Source, shape: tuple[int, ...]) -> tuple[Any, Any]:
        """Images and logits of layers with the source's weights, those of its last layer too for the classes that both have."""
        source.needs("all layers", "head")
        if not hasattr(source.model, "trained"):
            raise ValueError(f"a network goes on from a network, and the source is a {type(source.model).__name__}")
        network = source.model.trained
        if network.input_shape[1:] != shape:
            raise ValueError(f"the source takes images of shape {network.input_shape[1:]}, given {shape}")
        model = continued(network, len(self.classes_))
        logits, columns = model.layers[-1], source.columns(self.classes_)
        if (columns >= 0).any():
            weights = logits.get_weights()
            last = next(layer for layer in reversed(network.layers) if layer.weights)
            for own, other in zip(weights, last.get_weights(), strict=True):
                own[..., columns >= 0] = other[..., columns[columns >= 0]]
            logits.set_weights(weights)
        for layer in model.layers[:-1]:
            layer.trainable = source.way == "all layers"
        return model.input, model.output

    @property
    def trained(self) -> Any:
        """The trained part, a Keras model from uint8 images to logits; all of a model of somebody else's."""
        own = [layer for layer in self.keras_model_.layers if layer.name == "network"]
        return own[0] if own else self.keras_model_

    def embedding(self) -> Any:
        """What it computes before its last layer: an `estimators.models.embedding.Embedding`, unfitted."""
        from estimators.models.embedding import Embedding

        body = without_head(self.trained)
        return Embedding(body.to_json(), body.get_weights())

    def predict_proba(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Class probabilities, float32 (n, k)."""
        shape = self.keras_model_.input_shape[1:]
        if X.shape[1:] != shape:
            raise ValueError(f"the model was fitted on images of shape {shape}, given {X.shape[1:]}")
        parts = [self._forward(np.ascontiguousarray(X[i : i + 500])).numpy() for i in range(0, len(X), 500)]
        return np.concatenate(parts)

    def predict(self, X: NDArray[np.uint8]) -> NDArray:
        """The most probable class of each image."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def embed(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Outputs of the last but one layer, float32 (n, d), of the images as they are; a view turned for a test is none of them."""
        body = without_head(self.trained)
        parts = [np.asarray(body(part, training=False)) for part in batches(X)]
        return np.concatenate(parts).reshape(len(X), -1)

    def describe(self) -> Description:
        """Its size is the number of weights; the layers are those of the trained part."""
        trained = self.trained
        layers = tuple(
            {
                "layer": layer.name,
                "type": type(layer).__name__,
                "output": [int(side) for side in tuple(layer.output.shape)[1:]],
                "parameters": int(layer.count_params()),
                "operations": operations(layer),
            }
            for layer in trained.layers
        )
        name = keras.backend.backend()
        device = f"{'GPU' if on_gpu() else 'CPU'}{', bfloat16' if 'bfloat16' in self.precision_ else ''}"
        return Description(
            int(trained.count_params()), f"{name} {version(name)} / keras {version('keras')} {device}", layers
        )

    def save_to(self, folder: Path) -> None:
        """Write ``network.keras`` and ``network.json`` into an existing folder."""
        self.keras_model_.save(folder / "network.keras")
        facts = {"classes": self.classes_.tolist(), "history": self.history_, "precision": self.precision_}
        (folder / "network.json").write_text(json.dumps(facts))

    @classmethod
    def load_from(cls, folder: Path) -> Self:
        """A network that predicts as the saved one did; it cannot be fitted again."""
        facts = json.loads((folder / "network.json").read_text())
        network = cls(layers=_already_built, settings={})
        network.classes_ = np.asarray(facts["classes"])
        network.history_ = facts["history"]
        network.precision_ = facts.get("precision", "float32")
        network._serve(read_network(folder / "network.keras"))
        return network

    @classmethod
    def around(cls, path: Path) -> Self:
        """A network whose trained part is in a file of Keras, as it is: to start from, not to predict with."""
        network = cls(layers=_already_built, settings={})
        network.keras_model_ = read_network(path)
        network.classes_, network.history_, network.precision_ = np.arange(0), {}, "float32"
        return network

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        state.pop("_forward", None)  # A compiled function cannot be pickled.
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "keras_model_" in state:
            self._serve(self.keras_model_)

    def _serve(self, model: Any) -> None:
        self.keras_model_ = model

        @tf.function(input_signature=[tf.TensorSpec((None, *model.input_shape[1:]), tf.uint8)])
        def forward(images: Any) -> Any:
            return model(images, training=False)

        self._forward = forward

    def _share(self, share: float, most: int) -> int:
        """So many validation rows as are a share of the images shown, within bounds."""
        return int(np.clip(share * self.images, FEWEST, most))

    @property
    def _steps(self) -> int:
        return math.ceil(self.images / self.batch_size)

    def _check(self) -> None:
        """Refuse what no training can be made of."""
        if self.images < 1:
            raise ValueError(f"images must be 1 or more, given {self.images!r}")
        if self.tta_views not in (1, 2, 3):
            raise ValueError(f"tta_views must be 1, 2 or 3, given {self.tta_views!r}")
        if self.mix_up is not None and not (_is_number(self.mix_up) and self.mix_up > 0):
            raise ValueError(f"mix_up must be a number above 0, or not be given, given {self.mix_up!r}")
        if self.small_loss is not None and not (_is_number(self.small_loss) and 0 <= self.small_loss < 1):
            raise ValueError(f"small_loss is a share of the images, from 0 to below 1, given {self.small_loss!r}")

    def _model(self, images: Any, logits: Any) -> Any:
        """What is trained, from images to logits."""
        if self.small_loss is None:
            return keras.Model(images, logits)
        model = SmallLoss(images, logits)
        model.left_out, model.over = float(self.small_loss), max(1, round(RAMP * self._steps))
        return model

    def _targets(self, columns: NDArray[np.integer]) -> NDArray[np.float32]:
        return np.eye(len(self.classes_), dtype=np.float32)[columns]

    def _optimizer(self, steps: int, peak: float) -> Any:
        rate = learning_rate_schedule(self.schedule, peak, steps)
        match self.optimizer:
            case "adam":
                return keras.optimizers.Adam(rate)
            case "adamw":
                return keras.optimizers.AdamW(rate, weight_decay=self.weight_decay)
            case "sgd":
                return keras.optimizers.SGD(rate, momentum=0.9, nesterov=True)
        raise ValueError(f"There is no optimizer {self.optimizer!r}. There are: adam, adamw, sgd.")


def operations(layer: Any) -> int:
    """Multiplications and additions of a dense or convolutional layer for one image, forward; of others 0, which have few."""
    kernel = getattr(layer, "kernel", None)
    if kernel is None:
        return 0
    return 2 * math.prod(kernel.shape) * math.prod(layer.output.shape[1:-1])


def probabilities(network: Any, tta_views: int, temperature: float = 1.0) -> Any:
    """A Keras model from images to probabilities, around one from images to logits.

    Probabilities are averaged over `tta_views` views, then tempered, see `estimators.models.calibration`.
    """
    images = keras.Input(network.input_shape[1:], dtype=network.inputs[0].dtype)
    height, width = images.shape[1:3]
    changes: list[Any] = []
    if tta_views == 2:
        changes = [(-1, 0, width - 1, 0, 1, 0, 0, 0)]  # the mirror image, to the last digit
    elif tta_views == 3:
        changes = [affine_coefficients(height, width, rotation=angle) for angle in (-TTA_ANGLE, TTA_ANGLE)]
    views = [images]
    for change in changes:
        coefficients = np.array([float(c) for c in change], np.float32)
        changed = keras.ops.image.affine_transform(
            images,
            coefficients,
            interpolation="bilinear",
            fill_mode="constant",
            fill_value=0,
            data_format="channels_last",
        )
        views.append(changed)
    shares = [keras.layers.Softmax()(network(view)) for view in views]
    mean = keras.layers.Average()(shares) if len(shares) > 1 else shares[0]
    logits = keras.ops.log(keras.ops.maximum(mean, LEAST))
    return keras.Model(images, keras.layers.Softmax()(keras.layers.Rescaling(1 / temperature)(logits)))


def tempered(forward: Callable[[Any], Any], temperature: float) -> Callable[[Any], Any]:
    """A function from images to probabilities, with these tempered as in the model that `probabilities` makes."""
    return lambda images: tf.nn.softmax(tf.math.log(tf.maximum(forward(images), LEAST)) / temperature)


def training_precision() -> str:
    """The Keras policy to train with: products in bfloat16 where the CPU or every GPU has instructions for them, else float32.

    Weights, sums, BatchNorm and the loss are float32
    (Kalamkar et al. 2019, *A Study of BFLOAT16 for Deep Learning Training*, arXiv:1905.12322), and so is the kept network.
    ``CROSSOVER_FLOAT32=1`` in the environment turns it off.
    """
    if os.environ.get("CROSSOVER_FLOAT32", "0") not in ("", "0"):
        return "float32"
    gpus = gpu_generations()
    able = min(gpus) >= GPU_BFLOAT16 if gpus else bool(BFLOAT16 & cpu_flags())
    return "mixed_bfloat16" if able else "float32"


@contextlib.contextmanager
def precision(policy: str) -> Iterator[None]:
    """Within it, layers are made with a Keras dtype policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


@lru_cache
def cpu_flags() -> frozenset[str]:
    """Instruction sets of the CPU by Linux' names for them; none where Linux does not tell."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("flags"):
                return frozenset(line.split(":", 1)[1].split())
    return frozenset()


def on_gpu() -> bool:
    """Whether TensorFlow uses a GPU."""
    return bool(tf.config.get_visible_devices("GPU"))


def gpu_generations() -> list[tuple[int, int]]:
    """The compute capability of each GPU that TensorFlow uses; (0, 0) where it does not tell."""
    details = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.get_visible_devices("GPU")]
    return [tuple(known.get("compute_capability", (0, 0))) for known in details]


def learning_rate_schedule(name: str, peak: float, steps: int) -> Any:
    """A Keras schedule over `steps` steps, or the peak itself for "constant"."""
    schedules = keras.optimizers.schedules
    match name:
        case "constant":
            return peak
        case "cosine":
            return schedules.CosineDecay(peak, decay_steps=max(1, steps))
        case "one_cycle":
            return OneCycle(peak, max(1, round(0.2 * steps)), max(1, steps))
    raise ValueError(f"There is no schedule {name!r}. There are: one_cycle, cosine, constant.")


class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """Linear from zero to `peak` over `warmup` steps, then linear to zero at `steps`."""

    def __init__(self, peak: float, warmup: int, steps: int) -> None:
        self.peak, self.warmup, self.steps = peak, warmup, steps

    def __call__(self, step: Any) -> Any:
        """The rate at a step, counted from 0."""
        step = keras.ops.cast(step, "float32") + 1.0
        up, down = step / self.warmup, (self.steps + 1 - step) / max(1, self.steps + 1 - self.warmup)
        return self.peak * keras.ops.minimum(up, down)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {"peak": self.peak, "warmup": self.warmup, "steps": self.steps}


class Looks(keras.callbacks.Callback):
    """Records the curves `LOOKS` times, keeps the best weights or the last, and raises an error for a loss that is no number.

    `seconds` are those of all steps, at the pace of the second half of them, waiting for batches included: for the first step
    TensorFlow traces the graph, and the next ones wait until the pipeline is filled. Keras looks at the end of an epoch alone; here all of the training is one epoch, whatever the number of rows.
    """

    def __init__(self, images: int, batch_size: int, watched: Watched | None, keep_best: bool = True) -> None:
        super().__init__()
        self.keep_best = keep_best
        self.images, self.batch_size = images, batch_size
        self.watched = watched
        steps = math.ceil(images / batch_size)
        self.steps = {math.ceil(steps * look / LOOKS) for look in range(1, LOOKS + 1)}
        self.curves: dict[str, list[float]] = {}
        self._paces: list[float] = []  # seconds of each step
        self._looked = time.perf_counter()
        self.best_images, self.best_weights = images, None

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Count the seconds of the step, and look if it is time to."""
        self._paces.append(time.perf_counter() - self._looked)
        if batch + 1 in self.steps:
            self._look(batch + 1, logs)
        self._looked = time.perf_counter()

    @property
    def seconds(self) -> float:
        steps = len(self._paces)
        settled = self._paces[steps // 2 :] if steps > 1 else [0.0]
        return min(sum(self._paces), steps * float(np.mean(settled)))

    def _look(self, step: int, logs: Any) -> None:
        shown = min(self.images, step * self.batch_size)
        if not math.isfinite(logs["loss"]):
            raise FloatingPointError(f"the loss became {logs['loss']} within {shown} images")
        self._record("images", shown)
        self._record("loss", logs["loss"])
        self._record("accuracy", logs["accuracy"])
        if self.watched is not None:
            held_out = self.model.evaluate(batches(*self.watched), verbose=0, return_dict=True)
            self._record("val_loss", held_out["loss"])
            accuracies, rows = self._record("val_accuracy", held_out["accuracy"]), len(self.watched[0])
            self._record("flattened", flattened(accuracies, rows))
            if self.keep_best and best_look(accuracies, rows) == len(accuracies) - 1:
                self.best_images, self.best_weights = shown, self.model.get_weights()
        self.model.reset_metrics()  # Each look tells of the images since the one before.

    def on_train_end(self, logs: Any = None) -> None:
        """Put the best weights back."""
        if self.best_weights is not None:
            self.model.set_weights(self.best_weights)

    def _record(self, name: str, value: float) -> list[float]:
        curve = self.curves.setdefault(name, [])
        curve.append(value)
        return curve


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _already_built(*_: Any, **__: Any) -> Any:
    raise ValueError("A loaded network predicts only; to train, build the estimator anew.")
