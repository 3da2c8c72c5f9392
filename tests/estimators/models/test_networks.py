"""Networks: their size, what training keeps, and the pipeline that feeds them; `test_contract` has what all promise."""

import numpy as np
import pytest

import estimators
from estimators.models.copies import with_copies

keras = pytest.importorskip("keras")

FAST = {"images": 1_500, "learning_rate": 0.01}


def small(name, **changes):
    narrow = {"width": 16} | ({"depth": 1} if name == "cnn" else {})
    return estimators.get(name).build(1, **(FAST | narrow | changes))


def size(name, shape=(28, 28, 1), classes=10, **changes):
    network = estimators.get(name).build(0, **changes)
    images = keras.Input(shape)
    return keras.Model(images, network.layers(images, classes, **network.settings)).count_params()


def test_the_base_settings_have_the_size_they_claim():
    assert size("mlp") == 270_858
    assert 280_000 < size("cnn") < 300_000


def test_operations_are_those_of_the_layers(digits):
    X, y = digits
    model = small("cnn").fit(X[:200], y[:200])
    told = {layer["layer"]: layer for layer in model.describe().layers}
    for layer in model.trained.layers:
        positions = np.prod(layer.output.shape[1:-1])
        weights = layer.kernel.shape if hasattr(layer, "kernel") else (0,)
        assert told[layer.name]["operations"] == 2 * np.prod(weights) * positions
    assert sum(layer["operations"] for layer in told.values()) > 100_000


@pytest.mark.parametrize(
    "changes",
    [
        {"batch_norm": "after"},
        {"batch_norm": "none"},
        {"pooling": "average"},
        {"optimizer": "sgd"},
        {"optimizer": "adam", "schedule": "cosine"},
        {"schedule": "constant", "l1": 1e-5, "l2": 1e-4},
        {"augment": False, "dropout": 0.2, "depth": 2},
        {"flip": True, "tta_views": 1},
        {"label_smoothing": 0.1, "mix_up": 0.4, "small_loss": 0.2, "keep_last": True},
    ],
    ids=str,
)
def test_every_axis_of_the_cnn_trains(digits, changes):
    X, y = digits
    network = small("cnn", **changes).fit(X[:300], y[:300])
    assert np.isfinite(network.predict_proba(X[:5])).all()


def test_levers_against_wrong_labels_are_off_and_no_part_of_the_base_setting():
    """So that the settings, the keys and the random seeds of all that do without them are what they were."""
    for name in ("cnn", "mlp"):
        estimator = estimators.get(name)
        assert estimator.off == ("mix_up", "small_loss", "keep_last") and not set(estimator.off) & set(estimator.base)


def test_mix_up_puts_two_images_and_their_labels_into_one():
    import tensorflow as tf

    from estimators.models.pipeline import mixed

    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (40, 3, 3, 1), dtype=np.uint8)
    targets = np.eye(40, dtype=np.float32)
    for alpha in (0.01, 1.0, 200.0):
        images, labels = (v.numpy() for v in mixed(tf.constant(X), tf.constant(targets), alpha, tf.constant([3, -1])))
        again, _ = mixed(tf.constant(X), tf.constant(targets), alpha, tf.constant([3, -1]))
        assert images.dtype == np.uint8 and np.array_equal(images, again.numpy())
        share = labels[np.arange(40), np.arange(40)]
        np.testing.assert_allclose(labels.sum(axis=1), 1, atol=1e-6)
        np.testing.assert_allclose(labels[np.arange(40), 39 - np.arange(40)], 1 - share, atol=1e-6)
        wide = share[:, None, None, None]
        np.testing.assert_allclose(images, wide * X + (1 - wide) * X[::-1], atol=0.51)
        spread = np.abs(share - 0.5).mean()
        assert spread < 0.05 if alpha > 1 else spread > (0.45 if alpha < 1 else 0.15)


def test_the_largest_losses_are_left_out_of_training_more_and_more_and_of_nothing_else():
    import tensorflow as tf

    from estimators.models.layers import SmallLoss

    inputs = keras.Input((4,))
    model = SmallLoss(inputs, keras.layers.Dense(4)(inputs))
    model.left_out, model.over = 0.5, 10
    model.compile(optimizer="sgd", loss=keras.losses.CategoricalCrossentropy(from_logits=True))
    rng = np.random.default_rng(0)
    y, logits = np.eye(4, dtype=np.float32)[rng.integers(0, 4, 8)], rng.normal(size=(8, 4)).astype(np.float32)
    losses = np.sort(keras.losses.categorical_crossentropy(y, logits, from_logits=True).numpy())
    for step, kept in ((0, 8), (5, 6), (10, 4), (500, 4)):
        model.optimizer.iterations.assign(step)
        training, testing = (
            float(model.compute_loss(None, tf.constant(y), tf.constant(logits), training=t)) for t in (True, False)
        )
        assert training == pytest.approx(losses[:kept].mean(), rel=1e-5)
        assert testing == pytest.approx(losses.mean(), rel=1e-5)


def test_the_last_weights_are_kept_where_that_is_asked_for(digits, monkeypatch):
    """Here every look after the first is taken for one that went astray."""
    monkeypatch.setattr("estimators.models.network.best_look", lambda accuracies, rows: 0)
    X, y = digits
    rows, held = (X[:300], y[:300]), (X[300:400], y[300:400])
    early, last, blind = small("mlp"), small("mlp", keep_last=True), small("mlp")
    early.fit(*rows, validation=held), last.fit(*rows, validation=held), blind.fit(*rows)
    assert early.found_["images"] == 256 and last.found_["images"] == FAST["images"]
    assert np.array_equal(last.predict(X), blind.predict(X)) and not np.array_equal(early.predict(X), last.predict(X))


@pytest.mark.parametrize(
    ("lever", "value"), [("mix_up", 0.0), ("mix_up", "much"), ("small_loss", 1.0), ("small_loss", -0.1)]
)
def test_a_lever_that_makes_no_sense_is_refused(digits, lever, value):
    with pytest.raises(ValueError, match=lever):
        small("mlp", **{lever: value}).fit(digits[0][:20], digits[1][:20])


def test_it_embeds_images_in_what_its_last_layer_sees(digits):
    X, y = digits
    network = small("cnn", tta_views=1, temperature=1.0).fit(X[:300], y[:300])
    rows, last = network.embed(X[300:900]), network.keras_model_.get_layer("network").layers[-1]
    weights, bias = (w.numpy() for w in last.weights)
    logits = rows @ weights + bias
    proba = np.exp(logits - logits.max(1, keepdims=True))
    np.testing.assert_allclose(proba / proba.sum(1, keepdims=True), network.predict_proba(X[300:900]), atol=1e-4)


def test_copies_are_trained_on_beside_the_images(digits):
    """As many images are shown as without them, and validation rows have no copies."""
    X, y = digits
    X, y, V, w = X[:200], y[:200], X[200:300], y[200:300]
    asked = small("mlp", copies=1, augment=False).fit(X, y, validation=(V, w))
    given = small("mlp", augment=False).fit(*with_copies(X, y, 1, seed=1), validation=(V, w))
    np.testing.assert_array_equal(asked.predict_proba(V), given.predict_proba(V))
    assert asked.found_ == given.found_ and asked.history_["images"][-1] == FAST["images"]
    assert not np.array_equal(asked.predict_proba(V), small("mlp", augment=False).fit(X, y).predict_proba(V))


@pytest.mark.parametrize(("side", "expected"), [(32, 4), (28, 3), (24, 3), (16, 4), (8, 2), (3, 1), (1, 1)])
def test_the_sides_of_the_last_stage_of_the_cnn(side, expected):
    """Only from 24 pixels on does the stem pool as well; without that, small images lose too much."""
    network = estimators.get("cnn").build(0)
    images = keras.Input((side, side, 1))
    model = keras.Model(images, network.layers(images, 10, **network.settings))
    last = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)][-1]
    assert last.output.shape[1:] == (expected, expected, 128)


@pytest.mark.parametrize("rows", [7, 100, 1000])
@pytest.mark.parametrize("images", [1, 128, 300, 999])
def test_exactly_so_many_images_are_shown(digits, rows, images):
    """Few rows are passed again and again, and none is shown more often than the others but in the last pass."""
    from estimators.models.pipeline import training_batches

    X, y = digits
    marked = X[:rows].copy()
    marked[:, 0, 0, 0], marked[:, 0, 1, 0] = np.arange(rows) // 256, np.arange(rows) % 256
    targets = np.eye(10, dtype=np.float32)[y[:rows]]
    batches = list(training_batches(marked, targets, images, 128, seed=0).as_numpy_iterator())
    assert [len(x) for x, _ in batches[:-1]] == [128] * (len(batches) - 1)
    numbers = np.concatenate([x[:, 0, 0, 0].astype(int) * 256 + x[:, 0, 1, 0] for x, _ in batches])
    assert len(numbers) == images
    times = np.bincount(numbers, minlength=rows)
    assert times.max() - times.min() <= 1


@pytest.mark.parametrize("rows", [40, 700])
def test_the_curves_and_the_schedule_end_with_the_plan(digits, rows):
    X, y = digits
    network = small("mlp", images=1_000)
    optimizers = []
    made = network._optimizer
    network._optimizer = lambda *asked: optimizers.append(made(*asked)) or optimizers[-1]
    network.fit(X[:rows], y[:rows], validation=(X[700:900], y[700:900]))
    assert network.history_["images"] == [256, 384, 512, 768, 896, 1000]
    assert {len(curve) for curve in network.history_.values()} == {6}
    (optimizer,) = optimizers
    assert int(optimizer.iterations) == 8
    rates = [float(optimizer._learning_rate(step)) for step in range(9)]
    assert rates[8] == 0 < rates[7] < rates[6] < max(rates) == pytest.approx(0.01)


def test_a_small_training_set_is_shown_as_often_as_the_plan_says(digits):
    X, y = digits
    once, often = (small("mlp", images=n).fit(X[:100], y[:100]) for n in (300, 9_000))
    assert (often.predict(X[500:]) == y[500:]).mean() > (once.predict(X[500:]) == y[500:]).mean() + 0.2


def test_a_training_without_images_is_refused(digits):
    with pytest.raises(ValueError, match="images must be 1 or more, given 0"):
        small("mlp", images=0).fit(digits[0][:20], digits[1][:20])


def test_wrong_tta_views_are_refused(digits):
    with pytest.raises(ValueError, match="tta_views must be 1, 2 or 3, given 4"):
        small("cnn", tta_views=4).fit(digits[0][:20], digits[1][:20])


@pytest.mark.parametrize("count", [2, 3])
def test_the_views_are_the_mirror_image_or_turned_both_ways(digits, count):
    """Answers are averaged over the image and its mirror image, or the image and that turned by ± 0.1 radians."""
    from estimators.models.pipeline import affine

    X, y = digits
    network = small("cnn", tta_views=count, images=100).fit(X[:100], y[:100])
    trained = network.keras_model_.get_layer("network")
    changed = {2: [X[:20, :, ::-1]], 3: [affine(X[:20], rotation=angle) for angle in (-0.1, 0.1)]}[count]
    mean = sum(keras.ops.softmax(trained(view, training=False)) for view in [X[:20], *changed]) / count
    assert np.allclose(network.predict_proba(X[:20]), mean, atol=1e-6)


def test_weights_that_were_clearly_better_are_kept(digits, monkeypatch):
    """A constant rate that is far too high ends worse than it was; its best look is what is kept, and what is found."""
    X, y = digits
    network = small("mlp", images=8_000, schedule="constant", batch_norm="none")
    plain = keras.optimizers.Adam.update_step

    def astray(self, gradient, variable, learning_rate):
        return plain(
            self, gradient, variable, learning_rate * (1 + 1e5 * keras.ops.cast(self.iterations > 50, "float32"))
        )

    monkeypatch.setattr(keras.optimizers.Adam, "update_step", astray)
    network.fit(X[:500], y[:500], validation=(X[500:900], y[500:900]))
    curve, images = network.history_["val_accuracy"], network.history_["images"]
    assert curve[-1] < max(curve) - 0.1
    kept = (network.predict(X[500:900]) == y[500:900]).mean()
    assert kept == pytest.approx(curve[images.index(network.found_["images"])], abs=1e-6) and kept > max(curve) - 0.05


def test_the_temperature_is_in_the_saved_graph_and_lowers_the_loss(digits):
    X, y = digits
    V, w = X[900:], y[900:]
    found, plain = (small("mlp", images=30_000).fit(X[:300], y[:300], **more) for more in ({"validation": (V, w)}, {}))
    again = small("mlp", images=30_000, temperature=found.found_["temperature"]).fit(X[:300], y[:300])
    assert np.allclose(again.predict_proba(V), found.predict_proba(V), atol=1e-6)

    def loss(network):
        return -np.log(keras.ops.convert_to_numpy(network.keras_model_(V)))[np.arange(len(w)), w].mean()

    assert loss(found) < loss(plain)
    assert np.array_equal(found.predict(V), plain.predict(V))


def test_labels_that_were_not_trained_are_not_watched(digits):
    X, y = digits
    few = y[:400] < 8
    network = small("mlp").fit(X[:400][few], y[:400][few], validation=(X[400:600], y[400:600]))
    assert network.predict_proba(X[:5]).shape == (5, 8) and network.found_


def test_a_loss_that_is_no_number_ends_the_training(digits):
    X, y = digits
    with pytest.raises(FloatingPointError, match=r"the loss became (nan|inf) within"):
        small("mlp", learning_rate=1e30, optimizer="sgd", schedule="constant").fit(X[:300], y[:300])


@pytest.mark.parametrize(("name", "value"), [("optimizer", "adm"), ("schedule", "sine")])
def test_a_wrong_name_is_answered_with_the_right_ones(digits, name, value):
    X, y = digits
    with pytest.raises(ValueError, match=f"no {name} '{value}'. There are"):
        small("mlp", **{name: value}).fit(X[:100], y[:100])


def test_the_fused_batch_norm_is_keras_own(digits):
    from estimators.models.layers import BatchNorm

    images = np.random.default_rng(0).normal(3, 2, (64, 5, 6, 7)).astype(np.float32)
    ours, theirs = BatchNorm(momentum=0.9), keras.layers.BatchNormalization(momentum=0.9)
    assert np.allclose(ours(images, training=True), theirs(images, training=True), atol=1e-4)
    for mine, other in zip(ours.weights, theirs.weights, strict=True):
        assert np.allclose(mine, other, rtol=1e-3)  # The fused variance divides by n - 1.
    assert np.allclose(ours(images, training=False), theirs(images, training=False), atol=2e-2)


@pytest.mark.parametrize("rate", [0.05, 0.5, 0.999])
@pytest.mark.parametrize("shape", [(2, 3), (129, 7, 5, 3)])
def test_dropout_drops_the_rate_and_keeps_the_mean(rate, shape):
    import keras
    import tensorflow as tf

    from estimators.models.layers import Dropout

    layer, ones = Dropout(rate, seed=1), np.ones(shape, np.float32)
    assert (layer(ones, training=False).numpy() == 1).all()
    one, other = (layer(ones, training=True).numpy() for _ in range(2))
    kept = 1 / one[one > 0]
    assert one.shape == shape and one.dtype == np.float32 and np.ptp(kept) < 1e-6 if len(kept) else True
    if one.size > 1000:
        assert abs((one == 0).mean() - rate) < 4 * np.sqrt(rate * (1 - rate) / one.size) + 1 / 256
        assert abs(one.mean() - 1) < 4 * np.sqrt(256 / one.size) and (one != other).any()
    keras.utils.set_random_seed(3)
    images = tf.Variable(np.ones(shape, np.float32))
    with tf.GradientTape() as tape:
        dropped = layer(images, training=True)
    gradient = tape.gradient(dropped, images)
    assert np.array_equal(gradient, dropped), "what is dropped has no gradient, what is kept is scaled"


def test_a_network_that_was_trained_in_bfloat16_is_kept_in_float32_and_as_good(digits, monkeypatch):
    import keras

    from estimators.models import network

    X, y = digits
    found = {}
    for policy in ("float32", "mixed_bfloat16"):
        monkeypatch.setattr(network, "training_precision", lambda policy=policy: policy)
        model = small("cnn", images=20_000).fit(X[:1000], y[:1000], validation=(X[1000:1200], y[1000:1200]))
        kept = model.keras_model_.get_layer("network")
        assert {layer.compute_dtype for layer in kept.layers} <= {"float32", "uint8"}
        assert {type(layer).__module__.split(".")[0] for layer in kept.layers} == {"keras"}
        found[policy] = (model.predict(X[1200:]) == y[1200:]).mean()
    assert keras.config.dtype_policy().name == "float32", "what the process does next is not touched"
    assert min(found.values()) > 0.9 and abs(found["float32"] - found["mixed_bfloat16"]) < 0.04


@pytest.mark.parametrize(
    ("flags", "asked", "expected"),
    [("fpu avx512_bf16", "0", "mixed_bfloat16"), ("fpu avx512_bf16", "1", "float32"), ("fpu avx2", "0", "float32")],
)
def test_bfloat16_is_for_a_cpu_that_has_it(monkeypatch, flags, asked, expected):
    from estimators.models import network

    monkeypatch.setattr(network, "cpu_flags", lambda: frozenset(flags.split()))
    monkeypatch.setenv("CROSSOVER_FLOAT32", asked)
    assert network.training_precision() == expected


@pytest.mark.parametrize(
    ("generations", "expected"),
    [([(8, 6)], "mixed_bfloat16"), ([(8, 6), (7, 5)], "float32"), ([(0, 0)], "float32")],
)
def test_bfloat16_is_for_a_gpu_that_has_it_whatever_the_cpu(monkeypatch, generations, expected):
    from estimators.models import network

    monkeypatch.setattr(network, "cpu_flags", lambda: frozenset({"avx512_bf16"}))
    monkeypatch.setattr(network, "gpu_generations", lambda: generations)
    assert network.training_precision() == expected


class TestPipeline:
    def test_augmentation_moves_images_a_little_and_is_repeatable(self):
        import tensorflow as tf

        from estimators.models.pipeline import Augmentation

        images = np.zeros((64, 28, 28, 1), np.uint8)
        images[:, 12:16, 12:16] = 255
        augment = Augmentation(shift=0.07, rotation=0.2, zoom=0.1, shear=0.15)
        seed = tf.constant([1, 2], tf.int64)
        moved = augment(images, seed).numpy()
        assert moved.dtype == np.uint8 and moved.shape == images.shape
        assert np.array_equal(moved, augment(images, seed).numpy())
        assert not np.array_equal(moved, augment(images, tf.constant([1, 3], tf.int64)).numpy())
        weights = moved[..., 0].astype(float)
        grid = np.arange(28)
        across = (weights.sum(axis=1) * grid).sum(axis=1) / weights.sum(axis=(1, 2))
        down = (weights.sum(axis=2) * grid).sum(axis=1) / weights.sum(axis=(1, 2))
        for centre in (across, down):
            assert abs(centre.mean() - 13.5) < 0.5, "the centre must stay where it is on average"
            assert centre.std() > 0.3 and abs(centre - 13.5).max() < 0.07 * 28 + 0.3

    def test_no_augmentation_is_the_identity(self):
        import tensorflow as tf

        from estimators.models.pipeline import Augmentation

        images = np.random.default_rng(0).integers(0, 255, (8, 9, 11, 3), dtype=np.uint8)
        same = Augmentation()(images, tf.constant([0, 0], tf.int64)).numpy()
        assert np.abs(same.astype(int) - images.astype(int)).max() <= 1

    def test_flip_mirrors_about_half(self):
        import tensorflow as tf

        from estimators.models.pipeline import Augmentation

        images = np.zeros((200, 8, 8, 1), np.uint8)
        images[:, :, :4] = 200
        moved = Augmentation(flip=True)(images, tf.constant([0, 0], tf.int64)).numpy()
        mirrored = moved[:, 4, 6, 0] > 100
        assert 60 < mirrored.sum() < 140
        assert np.array_equal(moved[mirrored][0], images[0][:, ::-1])


def test_the_pace_of_a_training_is_that_of_its_second_half():
    """The first steps wait for the graph and for a pipeline that fills: fifteen steps of a short trial had seemed ten times slower."""
    from estimators.models.network import Looks

    looks = Looks(640, 64, None)
    looks._paces = [2.0, 0.5, 0.3, 0.1, 0.1, 0.1, 0.01, 0.01, 0.02, 0.02, 0.01, 0.02]
    assert looks.seconds == pytest.approx(12 * 0.015)
    looks._paces = [0.01] * 4 + [0.02] * 4
    assert looks.seconds == pytest.approx(0.12)  # No more than was spent.
