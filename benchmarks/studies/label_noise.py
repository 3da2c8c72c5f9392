"""What do wrong labels cost? A share of the training labels is changed; the test part stays clean.

A level is a kind of noise (`benchmarks.labels.noise.NOISES`) and the percentage of labels that are wrong, "symmetric-20". "jumbled" draws every label
anew among all classes, "jumbled-others" among the wrong ones only.

Rows that score a trial, or are held out of a fit to stop and calibrate it, are as wrong as the others, as they are in life. With
"-clean" behind a level, "symmetric-20-clean", they have their right labels, so that what clean validation rows are worth shows side
by side.
"""

from __future__ import annotations

from typing import Any, Literal
from zlib import crc32

import numpy as np

from benchmarks.data.images import Images
from benchmarks.labels.noise import NOISES, jumbled
from benchmarks.studies.study import Study

JUMBLED: dict[str, Literal["all", "others"]] = {"jumbled": "all", "jumbled-others": "others"}
CLEAN = "-clean"  # behind a level: rows that score or calibrate have their right labels


def parse(level: Any) -> tuple[str, float]:
    """The kind of noise and the share of wrong labels; of "jumbled" the share is what is drawn anew, 1.

    Raises
    ------
    ValueError : no such kind, or no such share.
    """
    noise = str(level).removesuffix(CLEAN)
    if noise in JUMBLED:
        return noise, 1.0
    kind, _, percent = noise.partition("-")
    if kind not in NOISES or not percent.isdigit() or not 0 < int(percent) <= 100:
        raise ValueError(
            f"a level of label noise is 0, {', '.join(JUMBLED)}, or one of {', '.join(NOISES)} with the percentage of wrong labels, "
            f"as in symmetric-20, and {CLEAN} behind it, given {level!r}"
        )
    return kind, int(percent) / 100


def value(level: Any) -> float:
    """The percentage of labels that are changed."""
    return 100 * parse(level)[1]


def clean(level: Any) -> bool:
    """Whether the rows that score a trial or are held out of a fit have their right labels."""
    return str(level).endswith(CLEAN)


def change(images: Images, level: str, seed: int) -> Images:
    """The same images with some labels wrong; the noise has a random stream of its own."""
    kind, share = parse(level)
    rng, k = np.random.default_rng([seed, crc32(kind.encode())]), int(images.y.max()) + 1
    if kind in NOISES:
        y = NOISES[kind].change(images.X, images.y, share, k, rng)
    else:
        y = jumbled(images.y, k, rng, JUMBLED[kind])
    return Images(images.X, y, images.groups)


label_noise = Study(
    name="label_noise",
    title="What do wrong labels cost?",
    stage="train",
    axis="% of training labels wrong",
    levels=(0, "symmetric-20", "symmetric-50"),
    change=change,
    value=value,
    standard=0,
    clean=clean,
)
