"""What does it bring to remove or to relabel the images that are suspected of wrong labels? The test part stays as it is.

A level is what is done with the suspects that confident learning finds in the training labels (`benchmarks.labels.errors`),
"removed" or "relabelled", perhaps after wrong labels were planted: "symmetric-2" plants 2 % and leaves them, "symmetric-2-removed"
removes what is then suspected. Kinds of noise are those of the study label_noise.

Suspects are looked for in all training rows before they are divided, so that rows which score a trial are cleaned too. The models
that find them are the same for all that is compared, and no budget pays for them.
"""

from __future__ import annotations

from typing import Any

from benchmarks.data.images import Images
from benchmarks.labels.errors import relabelled, suspects, without
from benchmarks.labels.out_of_fold import out_of_fold
from benchmarks.studies import label_noise
from benchmarks.studies.study import Study
from estimators import logistic_regression  # noqa: F401  # It finds the suspects, so its code is part of this study.

ACTIONS = ("removed", "relabelled")


def parse(level: Any) -> tuple[str, str]:
    """The level of planted noise, and what is done with suspects; "" where nothing is.

    Raises
    ------
    ValueError : no such action, or no such noise.
    """
    noise, _, action = str(level).rpartition("-")
    if str(level) in ACTIONS:
        return "", str(level)
    if action not in ACTIONS:
        noise, action = str(level), ""
    try:
        label_noise.parse(noise)
    except ValueError:
        noise = ""
    if not noise or label_noise.clean(noise):
        raise ValueError(
            f"a level of cleaning is 0, {' or '.join(ACTIONS)}, a level of label noise such as symmetric-2, or both, as in "
            f"symmetric-2-removed, given {level!r}"
        )
    return noise, action


def value(level: Any) -> float | None:
    """The percentage of labels that are planted."""
    noise, _ = parse(level)
    return label_noise.value(noise) if noise else None


def change(images: Images, level: str, seed: int) -> Images:
    """The training images, with wrong labels planted and suspects treated as the level says."""
    noise, action = parse(level)
    if noise:
        images = label_noise.change(images, noise, seed)
    if not action:
        return images
    found = suspects(out_of_fold(images, seed=seed), images.y)
    if action == "removed":
        return images.rows(without(images.y, found))
    return Images(images.X, relabelled(images.y, found), images.groups)


cleaning = Study(
    name="cleaning",
    title="What does it bring to clean the labels up?",
    stage="train",
    axis="labels planted, suspects treated",
    levels=(0, "removed", "relabelled", "symmetric-5", "symmetric-5-removed", "symmetric-5-relabelled"),
    change=change,
    value=value,
    standard=0,
)
