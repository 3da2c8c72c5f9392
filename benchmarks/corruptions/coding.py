"""What is lost where images are kept small."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from benchmarks.corruptions.corruption import Corruption

Array = NDArray[np.float64]


def _pixelate(x: Array, share: float, rng: np.random.Generator) -> Array:
    from PIL import Image

    height, width = x.shape[1:3]
    small = max(1, int(width * share)), max(1, int(height * share))
    box = Image.Resampling.BOX
    return _each(x, lambda picture: picture.resize(small, box).resize((width, height), box))


def _jpeg(x: Array, quality: int, rng: np.random.Generator) -> Array:
    from PIL import Image

    def coded(picture: Image.Image) -> Image.Image:
        file = BytesIO()
        picture.save(file, "JPEG", quality=quality)
        return Image.open(file, formats=["JPEG"])

    return _each(x, coded)


def _each(x: Array, change) -> Array:
    """Every image as a picture, changed."""
    from PIL import Image

    plain = np.rint(255 * x).astype(np.uint8)
    pictures = [change(Image.fromarray(image[..., 0] if x.shape[3] == 1 else image)) for image in plain]
    return np.array([np.asarray(picture) for picture in pictures]).reshape(x.shape) / 255


pixelate = Corruption(
    name="pixelate",
    title="in coarse pixels",
    change=_pixelate,
    grey=(0.6, 0.5, 0.4, 0.3, 0.25),
    colour=(0.95, 0.9, 0.85, 0.75, 0.65),
    own=3,
    source="MNIST-C (unused), CIFAR-10-C",
    grows=False,
)
jpeg_compression = Corruption(
    name="jpeg_compression",
    title="compressed by JPEG",
    change=_jpeg,
    grey=(25, 18, 15, 10, 7),
    colour=(80, 65, 58, 50, 40),
    own=5,
    source="MNIST-C (unused), CIFAR-10-C",
)
