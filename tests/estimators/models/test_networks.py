"""Networks: their size, what training keeps, and the pipeline that feeds them; `test_contract` has what all promise."""

import numpy as np
import pytest

import estimators

keras = pytest.importorskip("keras")

FAST = {"epochs": 3, "learning_rate": 0.01}


def small(name, **changes):
    narrow = {"width": 16} | ({"depth": 1} if name == "cnn" else {})
    return estimators.get(name).build(1, **(FAST | narrow | changes))


def size(name, shape=(28, 28, 1), classes=10, **changes):
    network = estimators.get(name).build(0, **changes)
    images = keras.Input(shape)
    return keras.Model(images, network.layers(images, classes, **network.settings)).count_params()


def test_the_base_settings_have_the_size_they_claim():
    assert size("mlp") == 101_770
    assert 420_000 < size("cnn") < 450_000


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
    ],
    ids=str,
)
def test_every_axis_of_the_cnn_trains(digits, changes):
    X, y = digits
    network = small("cnn", **changes).fit(X[:300], y[:300])
    assert np.isfinite(network.predict_proba(X[:5])).all()


def test_an_epoch_shows_a_small_training_set_more_than_once(digits):
    """100 rows in one step per epoch teach nothing; a training set of the epoch's size is passed once, as ever."""
    X, y = digits
    once, often = (small("mlp", epoch_images=n).fit(X[:100], y[:100]) for n in (0, 3_000))
    assert (often.predict(X[500:]) == y[500:]).mean() > (once.predict(X[500:]) == y[500:]).mean() + 0.2
    enough, plain = (small("mlp", epoch_images=n).fit(X[:600], y[:600]) for n in (600, 0))
    assert np.array_equal(enough.predict_proba(X[500:]), plain.predict_proba(X[500:]))


def test_wrong_tta_views_are_refused(digits):
    with pytest.raises(ValueError, match="tta_views must be 1 or 3, given 2"):
        small("cnn", tta_views=2).fit(digits[0][:20], digits[1][:20])


def test_the_views_turn_the_image_both_ways(digits):
    """Three views are the average of the network's answers to the image and to the image turned by ± 0.1 radians."""
    from estimators.models.pipeline import affine

    X, y = digits
    three = small("cnn", tta_views=3, epochs=1, epoch_images=0).fit(X[:100], y[:100])
    trained = three.keras_model_.get_layer("network")
    views = [X[:20], *(affine(X[:20], rotation=angle) for angle in (-0.1, 0.1))]
    mean = sum(keras.ops.softmax(trained(view, training=False)) for view in views) / 3
    assert np.allclose(three.predict_proba(X[:20]), mean, atol=1e-6)


def test_batches_across_passes_are_full_and_show_every_row_equally():
    from estimators.models.pipeline import training_batches

    X, targets = np.arange(10, dtype=np.uint8).reshape(10, 1, 1, 1), np.eye(10, dtype=np.float32)
    batches = [b for b, _ in training_batches(X, targets, 25, 0, full_batches=True).take(4).as_numpy_iterator()]
    assert [len(b) for b in batches] == [25] * 4
    assert np.bincount(np.concatenate(batches).ravel()).tolist() == [10] * 10


def test_validation_keeps_the_best_epoch(digits):
    X, y = digits
    network = small("mlp", epochs=6, schedule="constant").fit(X[:500], y[:500], validation=(X[500:700], y[500:700]))
    curve = network.history_["val_accuracy"]
    best = network.found_["epochs"]
    assert curve[best - 1] == max(curve)
    kept = (network.predict(X[500:700]) == y[500:700]).mean()
    assert kept == pytest.approx(curve[best - 1], abs=1e-6)


def test_training_stops_when_it_no_longer_helps(digits):
    X, y = digits
    network = small("mlp", epochs=60, learning_rate=0.05, schedule="constant")
    network.patience = 2
    network.fit(X[:200], y[:200], validation=(X[500:600], y[500:600]))
    assert len(network.history_["loss"]) < 60
    assert len(network.history_["loss"]) - network.found_["epochs"] == 2


def test_a_loss_that_is_no_number_ends_the_training(digits):
    X, y = digits
    with pytest.raises(FloatingPointError, match="epoch"):
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


class TestPipeline:
    def test_an_epoch_is_every_image_once(self, digits):
        from estimators.models.pipeline import training_batches

        X, y = digits
        targets = np.eye(10, dtype=np.float32)[y]
        epoch = list(training_batches(X, targets, 100, seed=1).take(18))
        assert [len(images) for images, _ in epoch] == [100] * 17 + [97]
        seen = np.concatenate([images for images, _ in epoch])
        assert np.array_equal(np.sort(seen.reshape(len(X), -1), axis=0), np.sort(X.reshape(len(X), -1), axis=0))

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
