"""`Framing`: how a picture of any size becomes the array that a model takes.

Pure functions on uint8 arrays (h, w, c), c being 1 or 3. `scan` is the framing that makes a photo or scan of a character
look as those of MNIST do; `measured` finds the framing that others must have to look as given images do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

Frame = Literal["whole", "content", "mass"]
Polarity = Literal["as it is", "light on dark"]
FRAMES: tuple[Frame, ...] = get_args(Frame)
POLARITIES: tuple[Polarity, ...] = get_args(Polarity)

BOX = 20 / 28  # share of the frame that MNIST's digits fill: 20 of 28 pixels
ENOUGH = 512  # pixels of the longest side of a picture in which content is looked for
BORDER = 1 / 50  # of a side: the pixels that tell what the background is
LEAST_CONTRAST = 24  # grey levels by which something differs from the background, or the picture is taken for blank
LEAST_SPECK = 0.01  # of the largest thing in a picture, in pixels; what is smaller is dirt
FULL = 90  # percentile of the content that is drawn at full contrast
BLACK = 16  # grey levels that a black background has at most
LEAST_SIDE = 12  # pixels: on fewer nobody can tell how far a box is from the edge
LOOKED_AT = 100  # images from which a framing is measured
LITTLE = 0.3  # of an image's light: what a framing changes at most in images that were made by it


@dataclass(frozen=True)
class Framing:
    """How a picture becomes the array that a model takes.

    Parameters
    ----------
    shape : (h, w, c) of that array; 1 channel is grey, 3 are RGB.
    frame : which part of the picture is where in it.

        - "whole": all of the picture fills it, so that another aspect is changed.
        - "content": the box around what differs from the background is scaled to the share `fill` of the frame, and put
          into the middle. Its aspect is kept; the rest is background.
        - "mass": the same with the centre of mass in the middle, as was done for MNIST, with 20 of 28 pixels
          (http://yann.lecun.com/exdb/mnist/).

    polarity : "as it is", or "light on dark": the background becomes black, and what differs from it is as light as
        it differs, at full contrast. A picture that is dark on light is turned over.
    fill : in (0, 1].
    """

    shape: tuple[int, int, int]
    frame: Frame = "whole"
    polarity: Polarity = "as it is"
    fill: float = 1.0

    def __post_init__(self) -> None:
        if self.frame not in FRAMES or self.polarity not in POLARITIES or not 0 < self.fill <= 1:
            raise ValueError(f"no framing: {self}")

    @property
    def is_plain(self) -> bool:
        """Whether it does no more than give a picture another size."""
        return self.frame == "whole" and self.polarity == "as it is"

    def __call__(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Frame a picture uint8 (h, w, 1 or 3): uint8 of this shape."""
        (framed,) = frame_all(picture, [self])
        return framed

    def _of(self, seen: _Seen) -> NDArray[np.uint8]:
        if self.is_plain:
            return resized(seen.picture, self.shape[:2])
        if self.polarity == "light on dark":
            picture, colour = seen.light_on_dark, np.zeros_like(seen.colour)
        else:
            picture, colour = seen.reduced, seen.colour
        if self.frame == "whole" or seen.box is None:
            return resized(picture, self.shape[:2])
        return self._placed(picture[seen.box], seen.contrast[seen.box], colour)

    def _placed(
        self, part: NDArray[np.uint8], contrast: NDArray[np.uint8], colour: NDArray[np.uint8]
    ) -> NDArray[np.uint8]:
        """The part scaled into its box, and the box put into the frame, which has the colour elsewhere."""
        frame = self.shape[:2]
        scale = min(self.fill * side / length for side, length in zip(frame, part.shape, strict=False))
        height, width = (
            min(max(1, round(scale * length)), side) for side, length in zip(frame, part.shape, strict=False)
        )
        top, left = (frame[0] - height) // 2, (frame[1] - width) // 2
        if self.frame == "mass":
            # MNIST counts from the corner: the centre of mass lies in pixel 14 of 0 … 27.
            down, right = _centre_of_mass(resized(contrast, (height, width)))
            top = min(max(round(frame[0] // 2 + 0.5 - down), 0), frame[0] - height)
            left = min(max(round(frame[1] // 2 + 0.5 - right), 0), frame[1] - width)
        out = np.broadcast_to(colour, self.shape).copy()
        out[top : top + height, left : left + width] = resized(part, (height, width))
        return out


def frame_all(picture: NDArray[np.uint8], framings: Sequence[Framing]) -> list[NDArray[np.uint8]]:
    """A picture in several framings, all of as many channels; its content is looked for once."""
    seen = _Seen(in_channels(picture, framings[0].shape[2]))
    return [framing._of(seen) for framing in framings]


class _Seen:
    """What framings need to know of a picture, each found when it is first asked for."""

    def __init__(self, picture: NDArray[np.uint8]) -> None:
        self.picture = picture

    @cached_property
    def reduced(self) -> NDArray[np.uint8]:
        return _reduced(self.picture)

    @cached_property
    def ground(self) -> NDArray[np.float32]:
        return background(self.reduced)

    @cached_property
    def colour(self) -> NDArray[np.uint8]:
        return np.rint(self.ground.mean(axis=(0, 1))).astype(np.uint8)

    @cached_property
    def contrast(self) -> NDArray[np.uint8]:
        return _contrast(self.reduced, self.ground)

    @cached_property
    def shown(self) -> NDArray[np.bool_]:
        return content(self.contrast.max(axis=2))

    @cached_property
    def box(self) -> tuple[slice, slice] | None:
        return _box(self.shown) if self.shown.any() else None

    @cached_property
    def light_on_dark(self) -> NDArray[np.uint8]:
        """Black where nothing is shown, at full contrast where something is."""
        if self.box is None:
            return np.zeros_like(self.reduced)
        full = np.percentile(self.contrast.max(axis=2)[self.shown], FULL)
        return np.minimum(np.rint(self.contrast * (255 / full)), 255).astype(np.uint8)


def scan(shape: tuple[int, int, int]) -> Framing:
    """The framing of a photo or scan of a character for a model that was trained on such as MNIST's, at its shape."""
    return Framing(shape, "mass", "light on dark", BOX)


@dataclass(frozen=True)
class Preparation:
    """What is done to a picture before a model is shown it.

    Parameters
    ----------
    unless_alike : take a picture as it is if it has the size already, and, where light on dark is asked for, is so.
        False for what was done to every training picture.
    """

    framing: Framing
    unless_alike: bool = False

    def __call__(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Prepare a picture uint8 (h, w, 1 or 3): uint8 of the framing's shape."""
        if self.unless_alike and picture.shape[:2] == self.framing.shape[:2]:
            picture = in_channels(picture, self.framing.shape[2])
            if self.framing.polarity == "as it is" or background(picture).mean() < 128:
                return picture
        return self.framing(picture)

    def facts(self) -> dict[str, Any]:
        """As JSON, without the shape."""
        return {name: value for name, value in asdict(self.framing).items() if name != "shape"} | {
            "unless_alike": self.unless_alike
        }


def preparation_of(facts: Mapping[str, Any], shape: tuple[int, int, int]) -> Preparation:
    """The preparation that `Preparation.facts` tells of.

    Raises
    ------
    ValueError : they are none.
    """
    try:
        framing = Framing(shape, facts["frame"], facts["polarity"], facts["fill"])
        return Preparation(framing, facts["unless_alike"] is True)
    except (KeyError, TypeError) as error:
        raise ValueError(f"no preparation: {facts}") from error


def measured(X: NDArray[np.uint8]) -> Framing | None:
    """The framing by which images such as these are made of pictures; None if there is no telling.

    It is one that leaves these images as they are, or nearly so: half of them change by less than `LITTLE`. MNIST and USPS have
    one, and so has EMNIST; photographs have none.

    Parameters
    ----------
    X : uint8 (n, h, w, c). Those on black alone are looked at, and up to 100 of them.
    """
    if X.shape[3] != 1 or min(X.shape[1:3]) < LEAST_SIDE:
        return None
    chosen = np.random.default_rng(0).permutation(len(X))[:LOOKED_AT]
    images = X[np.sort(chosen)]
    edge = [images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]]
    on_black = np.median(np.concatenate([side.reshape(len(images), -1) for side in edge], axis=1), axis=1) <= BLACK
    if on_black.mean() < 0.9:
        return None
    fills = [_longest_side(image) for image in images]
    shape, fill = (X.shape[1], X.shape[2], 1), float(np.median(fills))
    if not fill:
        return None
    candidates = [Framing(shape, frame, "light on dark", fill) for frame in ("mass", "content")]
    changes = [np.median([_change(framing(image), image) for image in images]) for framing in candidates]
    best = int(np.argmin(changes))
    return candidates[best] if changes[best] < LITTLE else None


def in_channels(picture: NDArray[np.uint8], channels: int) -> NDArray[np.uint8]:
    """The picture grey (1) or in RGB (3); grey is the luma of ITU-R 601, as Pillow has it."""
    if picture.shape[2] == channels:
        return picture
    return _array(_image(picture).convert("L" if channels == 1 else "RGB"))


def resized(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """The picture at another height and width: averaged over areas where it becomes smaller, cubic where larger."""
    from PIL.Image import Resampling

    for axis in (0, 1):  # Each on its own: a picture may become shorter and wider.
        if picture.shape[axis] != size[axis]:
            method = Resampling.BOX if picture.shape[axis] > size[axis] else Resampling.BICUBIC
            height, width = (size[0], picture.shape[1]) if axis == 0 else size
            picture = _array(_image(picture).resize((width, height), method))
    return picture


def background(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the picture (h, w, c) would be if nothing were shown, told from its border.

    It is one colour, the median of the border, or, where more of the border agrees with it, the plane through the medians of
    the four sides, which follows light that falls from one side.
    """
    down, across = (max(1, round(BORDER * length)) for length in picture.shape[:2])
    places = np.s_[:down], np.s_[-down:], np.s_[:, :across], np.s_[:, -across:]
    sides = [picture[place].reshape(-1, picture.shape[2]) for place in places]
    even = np.broadcast_to(np.median(np.concatenate(sides), axis=0).astype(np.float32), picture.shape)
    top, bottom, left, right = (np.median(side, axis=0).astype(np.float32) for side in sides)
    rows, columns = (np.linspace(-0.5, 0.5, length, dtype=np.float32) for length in picture.shape[:2])
    middle = (top + bottom + left + right) / 4
    plane = middle + rows[:, None, None] * (bottom - top) + columns[:, None] * (right - left)

    def agreeing(ground: NDArray[np.float32]) -> int:
        return sum(int((np.abs(picture[p] - ground[p]).max(axis=-1) < LEAST_CONTRAST).sum()) for p in places)

    return max(even, plane, key=agreeing)


def content(contrast: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The pixels (h, w) that belong to what is shown; none of a blank picture.

    Parameters
    ----------
    contrast : (h, w), by how much a pixel differs from the background. What is above Otsu's threshold is taken, what
        touches it and is above half of that (hysteresis), and specks are left out.

    References
    ----------
    N. Otsu: A threshold selection method from gray-level histograms. IEEE Transactions on Systems, Man, and Cybernetics,
    1979.
    """
    if contrast.max() < LEAST_CONTRAST:
        return np.zeros(contrast.shape, bool)
    from scipy.ndimage import label
    from skimage.filters import threshold_otsu

    high = max(float(threshold_otsu(contrast)), LEAST_CONTRAST / 2)
    things, count = label(contrast > high / 2, np.ones((3, 3)))
    sizes = np.bincount(things[contrast > high], minlength=count + 1)
    kept = sizes >= max(1.0, LEAST_SPECK * sizes.max())
    kept[0] = False
    return kept[things]


def _reduced(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A large picture averaged over squares of whole pixels; its longest side keeps at least `ENOUGH`."""
    times = max(picture.shape[:2]) // ENOUGH
    return _array(_image(picture).reduce(times)) if times > 1 else picture


def _contrast(picture: NDArray[np.uint8], ground: NDArray[np.float32]) -> NDArray[np.uint8]:
    """By how much each value is darker than the background if what is shown is dark on light, else lighter."""
    difference = np.rint(picture - ground)
    darker, lighter = (np.clip(sign * difference, 0, 255).astype(np.uint8) for sign in (-1, 1))
    return max(lighter, darker, key=lambda contrast: float(np.square(contrast, dtype=np.float32).sum()))


def _box(shown: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The least box around some pixels."""
    rows, columns = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _centre_of_mass(contrast: NDArray[np.uint8]) -> tuple[float, float]:
    """Rows and columns from the top left corner; the middle of the first pixel is at 0.5."""
    mass = contrast.max(axis=2) + 1e-9  # A thin stroke may have vanished.
    down, right = ((np.arange(mass.shape[axis]) + 0.5) @ mass.sum(axis=1 - axis) / mass.sum() for axis in (0, 1))
    return float(down), float(right)


def _longest_side(image: NDArray[np.uint8]) -> float:
    """Of the content, as a share of the frame; 0 of a blank image."""
    box = _Seen(image).box
    return 0.0 if box is None else max((p.stop - p.start) / side for p, side in zip(box, image.shape, strict=False))


def _change(framed: NDArray[np.uint8], image: NDArray[np.uint8]) -> float:
    """The sum of what differs, as a share of the light in the image."""
    return float(np.abs(framed.astype(np.int16) - image).sum() / max(1, image.sum(dtype=np.int64)))


def _image(picture: NDArray[np.uint8]) -> Image:
    from PIL import Image

    return Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture)


def _array(image: Image) -> NDArray[np.uint8]:
    pixels = np.asarray(image)
    return pixels[..., np.newaxis] if pixels.ndim == 2 else pixels
