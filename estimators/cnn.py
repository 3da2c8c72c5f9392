"""A deep convolutional network: BatchNorm in and Dropout after each block, global pooling."""

from __future__ import annotations

from typing import Any

from estimators.estimator import Estimator
from tuning import Choice, Float, Int, Space


def layers(
    images: Any,
    classes: int,
    *,
    width: int,
    depth: int,
    dropout: float,
    pooling: str,
    batch_norm: str,
    l1: float,
    l2: float,
) -> Any:
    """A 5×5 stem, then three stages of `depth` convolutions, each stage at half the resolution of the one before.

    Every pooling halves the sides; images too small for another pooling keep theirs. Most of the parameters are where
    the resolution, and so the cost of each, is lowest.
    """
    from keras.layers import GlobalAveragePooling2D, GlobalMaxPooling2D

    from estimators.models.layers import conv_block, drop, head

    rules: dict[str, Any] = dict(batch_norm=batch_norm, l1=l1, l2=l2)
    x = drop(conv_block(images, width, kernel=5, pool=pooling, **rules), dropout)
    for stage, filters in enumerate((width, 3 * width, round(4.5 * width)), start=1):
        for i in range(depth):
            last = i == depth - 1 and stage < 3
            x = conv_block(x, filters, pool=pooling if last else "", **rules)
        if stage < 3:
            x = drop(x, stage * dropout)
    globally = {"max": GlobalMaxPooling2D, "average": GlobalAveragePooling2D}
    return head(drop(globally[pooling]()(x), 3 * dropout), classes)


def build(
    seed: int,
    width: int = 32,
    depth: int = 2,
    dropout: float = 0.05,
    pooling: str = "max",
    batch_norm: str = "before",
    l1: float = 0.0,
    l2: float = 0.0,
    optimizer: str = "adamw",
    learning_rate: float = 0.003,
    schedule: str = "one_cycle",
    weight_decay: float = 0.01,
    label_smoothing: float = 0.0,
    batch_size: int = 128,
    augment: bool = True,
    flip: bool = False,
    tta_views: int = 3,
    epochs: int = 5,
    epoch_images: int = 6_000,
) -> Any:
    """About 444,000 parameters on 28×28 pixels and 10 classes in its base setting."""
    from estimators.models.network import Network
    from estimators.models.pipeline import Augmentation

    return Network(
        layers,
        dict(width=width, depth=depth, dropout=dropout, pooling=pooling, batch_norm=batch_norm, l1=l1, l2=l2),
        seed=seed,
        epochs=epochs,
        batch_size=batch_size,
        optimizer=optimizer,
        learning_rate=learning_rate,
        schedule=schedule,
        weight_decay=weight_decay,
        label_smoothing=label_smoothing,
        epoch_images=epoch_images,
        tta_views=tta_views,
        augmentation=Augmentation(shift=0.06, rotation=0.17, zoom=0.09, shear=0.13, flip=flip) if augment else None,
    )


cnn = Estimator(
    "cnn",
    "deep",
    build,
    Space(
        width=Int(16, 64, log=True),
        depth=Int(1, 3),
        dropout=Float(0.0, 0.2),
        pooling=Choice(("max", "average")),
        batch_norm=Choice(("before", "after", "none")),
        l2=Float(0.0, 1e-3),
        optimizer=Choice(("adamw", "adam", "sgd")),
        learning_rate=Float(1e-3, 1e-2, log=True),
        schedule=Choice(("one_cycle", "cosine", "constant")),
        augment=Choice((True, False)),
        flip=Choice((False, True)),
        tta_views=Choice((3, 1)),
    ),
    strategy="kerastuner:hyperband",
    effort="epochs",
)
