"""`Corruption`: a way in which images go wrong, at five severities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

SEVERITIES = (1, 2, 3, 4, 5)
AT_ONCE = 2**23  # values of as many images as are changed together: they are float64 on the way
MIDDLE = 3  # the severity of colour images where none is given: CIFAR-10-C has all five and prefers none


@dataclass(frozen=True)
class Corruption:
    """A pure function of images, a severity and a random generator.

    Two published sets of test images have settled how strong a corruption is: MNIST-C (Mu and Gilmer 2019, *MNIST-C: A
    Robustness Benchmark for Computer Vision*, and its `corruptions.py`) for grey images of 28×28 pixels, and CIFAR-10-C
    (Hendrycks and Dietterich 2019, *Benchmarking Neural Network Robustness to Common Corruptions and Perturbations*, and
    its `make_cifar_c.py`) for colour images of 32×32. Lengths are kept as shares of the image's side, so that other sizes
    are changed alike.

    Parameters
    ----------
    name : public name, that of the published set where it has one.
    title : what happened to the image, a few words.
    change : ``change(x, strength, rng)``: float64 (n, h, w, c) in [0, 1] to the same shape. Values beyond [0, 1] are cut.
    grey : the `strength` of each severity for grey images.
    colour : the same for colour images; () where it is that of grey ones.
    own : severity at which MNIST-C has it, or its source by default.
    source : where strengths and steps come from.
    resembles : change of the training augmentation that it resembles (a field of `estimators.models.pipeline.Augmentation`).
    grows : whether each severity changes images more than the one below; not all published strengths do.
    """

    name: str
    title: str
    change: Callable[[NDArray[np.float64], Any, np.random.Generator], NDArray]
    grey: tuple[Any, ...]
    own: int
    source: str
    colour: tuple[Any, ...] = ()
    resembles: Literal["", "shift", "rotation", "zoom", "shear"] = ""
    grows: bool = True

    def severity(self, channels: int) -> int:
        """The severity that is meant where none is given."""
        return self.own if channels == 1 or not self.colour else MIDDLE

    def __call__(self, images: NDArray[np.uint8], severity: int, rng: np.random.Generator) -> NDArray[np.uint8]:
        """The corrupted images: new, uint8 of the same shape (n, h, w, 1 or 3). Severity 0 changes nothing.

        Values are cut to whole numbers, not rounded, as those of the published sets are.

        Raises
        ------
        ValueError : no such severity, or no such images.
        """
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] not in (1, 3):
            raise ValueError(f"images must be uint8 (n, h, w, 1 or 3), given {images.dtype} {images.shape}")
        if severity not in (0, *SEVERITIES):
            raise ValueError(f"a severity is a whole number from 0 to {SEVERITIES[-1]}, given {severity!r}")
        corrupted = images.copy()
        if severity == 0:
            return corrupted
        strength = ((images.shape[3] == 3 and self.colour) or self.grey)[severity - 1]
        step = max(1, AT_ONCE // max(1, images[:1].size))
        for start in range(0, len(images), step):
            part = slice(start, start + step)
            changed = np.clip(self.change(images[part] / 255.0, strength, rng), 0, 1)
            corrupted[part] = (255 * changed).astype(np.float32).astype(np.uint8)
        return corrupted


def pixels(x: NDArray, share: float) -> float:
    """A share of the shorter side of images (n, h, w, c) in pixels; whole numbers come out whole."""
    return round(share * min(x.shape[1:3]), 6)


def of_28(*lengths: float) -> tuple[float, ...]:
    """Lengths in pixels of MNIST as shares of its side."""
    return tuple(length / 28 for length in lengths)


def of_32(*lengths: float) -> tuple[float, ...]:
    """Lengths in pixels of CIFAR-10 as shares of its side."""
    return tuple(length / 32 for length in lengths)


def together(*columns: Sequence[Any]) -> tuple[tuple[Any, ...], ...]:
    """The strengths of a corruption with several parameters, each given for all severities."""
    return tuple(zip(*columns, strict=True))
