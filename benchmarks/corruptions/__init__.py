"""Ways in which images go wrong: `CORRUPTIONS` has them by name. A new one is a file with a `Corruption`, and its name in `LISTED`."""

from __future__ import annotations

from benchmarks.corruptions.blur import defocus_blur, gaussian_blur, glass_blur, motion_blur, zoom_blur
from benchmarks.corruptions.coding import jpeg_compression, pixelate
from benchmarks.corruptions.corruption import SEVERITIES, Corruption
from benchmarks.corruptions.geometry import elastic_transform, rotate, scale, shear, translate
from benchmarks.corruptions.light import brightness, contrast, saturate
from benchmarks.corruptions.marks import canny_edges, dotted_line, stripe, zigzag
from benchmarks.corruptions.noise import gaussian_noise, impulse_noise, shot_noise, speckle_noise
from benchmarks.corruptions.weather import fog, snow, spatter
from benchmarks.errors import UserError, unknown

__all__ = ["CIFAR_10_C", "CORRUPTIONS", "MNIST_C", "SEVERITIES", "Corruption", "parse"]

MNIST_C: tuple[Corruption, ...] = (
    shot_noise,
    impulse_noise,
    glass_blur,
    motion_blur,
    shear,
    scale,
    rotate,
    brightness,
    translate,
    stripe,
    fog,
    spatter,
    dotted_line,
    zigzag,
    canny_edges,
)
CIFAR_10_C: tuple[Corruption, ...] = (  # without frost, which is made of photographs
    gaussian_noise,
    shot_noise,
    impulse_noise,
    defocus_blur,
    glass_blur,
    motion_blur,
    zoom_blur,
    snow,
    fog,
    brightness,
    contrast,
    elastic_transform,
    pixelate,
    jpeg_compression,
    speckle_noise,
    gaussian_blur,
    spatter,
    saturate,
)
LISTED: tuple[Corruption, ...] = (*MNIST_C, *CIFAR_10_C)
CORRUPTIONS: dict[str, Corruption] = {corruption.name: corruption for corruption in LISTED}


def parse(level: str) -> tuple[Corruption, int | None]:
    """``"fog"`` or ``"fog-3"`` as a corruption and its severity; None where none is given.

    Raises
    ------
    UserError : there is no such corruption or severity.
    """
    name, dash, severity = str(level).partition("-")
    if name not in CORRUPTIONS:
        raise unknown("corruption", name, CORRUPTIONS)
    if dash and severity not in map(str, SEVERITIES):
        raise UserError(f"A severity is a whole number from 1 to 5, as in {name}-3, given {level!r}.")
    return CORRUPTIONS[name], int(severity) if dash else None
