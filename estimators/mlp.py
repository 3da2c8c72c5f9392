"""A multilayer perceptron on pixels; its base setting has two hidden layers of 256 with BatchNorm."""

from __future__ import annotations

from typing import Any

from estimators.estimator import Estimator
from tuning import Choice, Float, Int, Space


def layers(
    images: Any, classes: int, *, width: int, depth: int, dropout: float, batch_norm: str, l1: float, l2: float
) -> Any:
    """Flattened pixels → `depth` blocks of `width` units → logits."""
    import keras

    from estimators.models.layers import dense_block, head

    x = keras.layers.Flatten()(images)
    for _ in range(depth):
        x = dense_block(x, width, dropout=dropout, batch_norm=batch_norm, l1=l1, l2=l2)
    return head(x, classes)


def build(
    seed: int,
    width: int = 256,
    depth: int = 2,
    dropout: float = 0.0,
    batch_norm: str = "before",
    l1: float = 0.0,
    l2: float = 0.0,
    optimizer: str = "adam",
    learning_rate: float = 0.002,
    schedule: str = "one_cycle",
    weight_decay: float = 0.01,
    label_smoothing: float = 0.0,
    batch_size: int = 128,
    augment: bool = True,
    copies: int = 0,
    images: int = 600_000,
    temperature: float = 1.0,
    mix_up: float | None = None,
    small_loss: float | None = None,
    keep_last: bool | None = None,
) -> Any:
    """A perceptron of 270,858 parameters on 28×28 pixels and 10 classes in its base setting."""
    from estimators.models.network import Network
    from estimators.models.pipeline import Augmentation

    return Network(
        layers,
        dict(width=width, depth=depth, dropout=dropout, batch_norm=batch_norm, l1=l1, l2=l2),
        seed=seed,
        images=images,
        batch_size=batch_size,
        optimizer=optimizer,
        learning_rate=learning_rate,
        schedule=schedule,
        weight_decay=weight_decay,
        label_smoothing=label_smoothing,
        mix_up=mix_up,
        small_loss=small_loss,
        keep_last=keep_last,
        temperature=temperature,
        copies=copies,
        augmentation=Augmentation(shift=0.05, rotation=0.1, zoom=0.1) if augment else None,
    )


mlp = Estimator(
    "mlp",
    "deep",
    build,
    Space(
        width=Int(64, 512, log=True),
        depth=Int(1, 2),
        dropout=Float(0.0, 0.4),
        batch_norm=Choice(("none", "before", "after")),
        l2=Float(0.0, 1e-3),
        optimizer=Choice(("adam", "adamw", "sgd")),
        learning_rate=Float(3e-4, 1e-2, log=True),
        schedule=Choice(("one_cycle", "cosine", "constant")),
        augment=Choice((False, True)),
    ),
    strategy="kerastuner:hyperband",
    effort="images",
    # Seconds on 28×28 pixels were 6.5, 3 more with augmentation, and 33 per million weights.
    relative_cost=lambda params, pixels: (
        (200 + 90 * params["augment"]) * pixels / 784
        + params["width"] * (pixels + params["width"] * (params["depth"] - 1)) / 1000
    ),
    prior_knowledge="Nothing is put in about which pixels are neighbours. Shifts, turns and zooms that suit characters are on in the "
    "base setting; it was chosen on validation rows of handwritten digits and letters, printed letters, clothes and photographs.",
    transfer=("all layers", "head"),
)
