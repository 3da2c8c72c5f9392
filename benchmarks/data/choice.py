"""`choose`: at which size and in which framing the pictures of a folder are read.

A fast probe tries some on a few hundred training images. It is the same whatever is compared, so that all families have the same
images; test images it never sees, since the parts are divided before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.framing import BOX, FRAMES, POLARITIES, Frame, Framing
from benchmarks.data.split import ROWS_PER_CLASS, subset

SIDES = (16, 24, 32, 48, 64)  # pixels
USUAL = 32  # side of a frame around content, where no other is better
FILLS: dict[Frame, float] = {"whole": 1.0, "content": 28 / 32, "mass": BOX}
MOST_IMAGES = 600  # that are tried, and
MOST_PIXELS = 500_000_000  # that these have in all: large ones take longer to read
RIDGE = 0.3  # of the mean square of an image's features
LEVEL, STEPS = 0.05, 3  # what may happen by chance in all; frames, sizes and polarities are compared

Read = Callable[[NDArray[np.int64], Sequence[Framing]], Mapping[Framing, NDArray[np.uint8]]]
WORDS: dict[Frame, str] = {
    "whole": "read whole",
    "content": "cropped to their content, the aspect kept,",
    "mass": "cropped to their content, the aspect kept, and centred by mass",
}


@dataclass(frozen=True)
class Choice:
    """A framing, and why it was chosen.

    Parameters
    ----------
    framing : how all images of the data set are made of pictures.
    plain : how they would have been made without a choice.
    images : training images that the probe tried; 0 if there was nothing to choose.
    accuracy, plain_accuracy : share of these that it is right on with either; None if there was nothing to choose. The better
        one was picked on the same images, which flatters it a little.
    p : of a margin as large by chance alone, where `framing` is another than `plain`: paired sign test, one-sided, corrected
        for the number of framings that were compared.
    """

    framing: Framing
    plain: Framing
    images: int = 0
    accuracy: float | None = None
    plain_accuracy: float | None = None
    p: float | None = None

    def __str__(self) -> str:
        """What is done, and the margin, in a sentence."""
        height, width, _ = self.framing.shape
        done = f"Pictures are {WORDS[self.framing.frame]} at {height} × {width} pixels"
        if self.framing.polarity == "light on dark":
            done += ", light on dark"
        if self.accuracy is None or self.plain_accuracy is None:
            return f"{done}, as asked."
        probe = f"a probe on {self.images:,} training images"
        if self.p is None:
            return f"{done}: in {probe}, right on {self.accuracy:.1%}, nothing else was better by more than chance."
        height, width, _ = self.plain.shape
        chance = "p < 0.001" if self.p < 0.001 else f"p = {self.p:.3f}"
        return (
            f"{done}: {probe} is right on {self.accuracy:.1%}, and on {self.plain_accuracy:.1%} where they are "
            f"{WORDS[self.plain.frame]} at {height} × {width} ({chance})."
        )

    def facts(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def choice_of(facts: Mapping[str, Any]) -> Choice:
    """The choice that `Choice.facts` tells of."""
    framing, plain = (Framing(**{**facts[name], "shape": tuple(facts[name]["shape"])}) for name in ("framing", "plain"))
    return Choice(framing, plain, *(facts[name] for name in ("images", "accuracy", "plain_accuracy", "p")))


def choose(
    y: NDArray[np.int64],
    plain: Framing,
    read: Read,
    frame: Frame | None = None,
    sides: tuple[int, ...] = (),
    pixels: int = 0,
    groups: NDArray[np.int64] | None = None,
) -> Choice:
    """The framing of a data set, by a probe on some of its training images.

    First the frames are compared, then, in the one that won, sizes, then polarities. Each time what is there stays, unless
    another is better by more than chance (5 % in all).

    Parameters
    ----------
    y : int64 (n,), classes of all training images.
    plain : how they are read if nothing else is better. No larger frame is tried.
    read : makes of the training images at some rows arrays uint8 (m, h, w, c), one for each framing.
    frame : the only one, if it was asked for.
    sides : the longest side, or height and width, if they were asked for; `plain` has them.
    pixels : of a picture, as it is in its file.
    groups : int64 (n,), of images that stay together: the probe leaves out a group, where there are none an image.
    """
    frames = (frame,) if frame else FRAMES
    start = _in(frames[0], plain, sides)
    if frame and sides:
        return Choice(start, start)
    rows = sample(y, pixels)
    sizes = {_in(one, plain, sides): _sizes(one, plain, sides) for one in frames}
    probe = _Probe(
        read(rows, [f for some in sizes.values() for size in some for f in _turned(size)]),
        y[rows],
        rows if groups is None else groups[rows],
    )
    framing = probe.better(start, [one for one in sizes if one != start])
    framing = probe.better(framing, [size for size in sizes[framing] if size != framing])
    framing = probe.better(framing, _turned(framing)[1:])
    p = None if framing == start else min(1.0, len(probe.right) * probe.p(framing, start))
    return Choice(framing, start, len(rows), probe.accuracy(framing), probe.accuracy(start), p)


def sample(y: NDArray[np.int64], pixels: int) -> NDArray[np.int64]:
    """Rows of up to `MOST_IMAGES` images of `pixels` each and `MOST_PIXELS` in all, sorted; alike many of each class.

    Of more classes than that gives ten images each, some are drawn.
    """
    count = min(len(y), MOST_IMAGES, max(2 * ROWS_PER_CLASS, MOST_PIXELS // max(1, pixels)))
    classes = np.random.default_rng(0).permutation(np.unique(y))[: max(2, count // ROWS_PER_CLASS)]
    rows = np.flatnonzero(np.isin(y, classes))
    return rows[subset(y[rows], min(count, len(rows)), 0)]


class _Probe:
    """Ridge regression on oriented gradients (HOG): on which images it is right, each left out of its own fit with its group.

    Leaving some out takes no more than one fit: R. Rifkin, R. Lippert, *Notes on Regularized Least Squares*,
    MIT-CSAIL-TR-2007-025.
    """

    def __init__(
        self, images: Mapping[Framing, NDArray[np.uint8]], y: NDArray[np.int64], groups: NDArray[np.int64]
    ) -> None:
        self.images, self.y = images, y
        self.groups = np.unique(groups, return_inverse=True)[1]
        self.right: dict[Framing, NDArray[np.bool_]] = {}

    def of(self, framing: Framing) -> NDArray[np.bool_]:
        """Whether it is right on each image, in this framing."""
        if framing not in self.right:
            self.right[framing] = _right(self.images[framing], self.y, self.groups)
        return self.right[framing]

    def accuracy(self, framing: Framing) -> float:
        return float(self.of(framing).mean())

    def p(self, framing: Framing, other: Framing) -> float:
        """Of such a lead by chance: the sign test, one-sided, on groups of which the probe is right on more in one of the two."""
        from scipy.stats import binomtest

        leads = np.bincount(self.groups, self.of(framing).astype(float) - self.of(other))
        won, lost = int((leads > 0).sum()), int((leads < 0).sum())
        return float(binomtest(won, won + lost, alternative="greater").pvalue) if won + lost else 1.0

    def better(self, framing: Framing, others: Sequence[Framing]) -> Framing:
        """The best of the others if it is better by more than chance (Bonferroni), else the framing itself."""
        leads = [other for other in others if STEPS * len(others) * self.p(other, framing) < LEVEL]
        return max(leads, key=self.accuracy) if leads else framing


def _right(X: NDArray[np.uint8], y: NDArray[np.int64], groups: NDArray[np.int64]) -> NDArray[np.bool_]:
    from estimators.features.hog import HOG

    rows = HOG().fit(X).transform(X)
    rows -= rows.mean(axis=0)
    products = (rows @ rows.T).astype(np.float64)
    products /= max(float(np.trace(products)) / len(y), 1e-9)
    inverse = np.linalg.inv(products + 1.0 + RIDGE * np.eye(len(y)))  # 1: a constant feature.
    classes, numbers = np.unique(y, return_inverse=True)
    targets = np.where(np.arange(len(classes)) == numbers[:, None], 1.0, -1.0)
    residuals, left_out = inverse @ targets, np.empty_like(targets)
    order = np.argsort(groups, kind="stable")
    for own in np.split(order, np.flatnonzero(np.diff(groups[order])) + 1):
        left_out[own] = targets[own] - np.linalg.solve(inverse[np.ix_(own, own)], residuals[own])
    return left_out.argmax(axis=1) == numbers


def content_of(plain: Framing) -> Framing:
    """Cropped to the content, at the size that is tried first."""
    return _in("content", plain, ())


def _in(frame: Frame, plain: Framing, sides: tuple[int, ...]) -> Framing:
    """The size of a frame to begin with: what was asked for, or of all of a picture that of `plain`, of its content `USUAL`."""
    if frame == "whole" or len(sides) == 2:
        return replace(plain, frame=frame, fill=FILLS[frame])
    return _at(frame, plain, sides[0] if sides else min(USUAL, max(plain.shape[:2])))


def _at(frame: Frame, plain: Framing, side: int) -> Framing:
    height, width, channels = plain.shape
    if frame != "whole":
        return Framing((side, side, channels), frame, fill=FILLS[frame])
    scale = side / max(height, width)
    return Framing((max(1, round(scale * height)), max(1, round(scale * width)), channels))


def _sizes(frame: Frame, plain: Framing, sides: tuple[int, ...]) -> list[Framing]:
    """The sizes to try of a frame, the one to begin with first."""
    longest = max(plain.shape[:2])
    others = [] if sides else [_at(frame, plain, side) for side in (*SIDES, longest) if side <= longest]
    return list(dict.fromkeys([_in(frame, plain, sides), *others]))


def _turned(framing: Framing) -> list[Framing]:
    """A framing in each polarity."""
    return [replace(framing, polarity=polarity) for polarity in POLARITIES]
