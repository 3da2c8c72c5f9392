"""How figures look: one palette, one set of sizes, one way to save them.

Colour means family: blue is classical, orange is deep (Okabe and Ito's colour-blind safe palette, darkened until it
reads on white). Marker and line style tell the estimators of a family apart. Every colour used here is replaced by a
variable of the page's style sheet when a figure is put into the page, so that one figure suits light and dark.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from io import BytesIO
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reports.drawing import formats
from reports.drawing.svg import TIP, Shared, slim

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, GRID, SURFACE = "#1b2027", "#5c6672", "#d8dde3", "#fefefe"
FAMILY = {"classical": "#1167a8", "deep": "#c65102", "": "#7b8490"}
WRONG = "#b3246b"  # errors and failures, whatever the family
HEAT = "#b3246c"  # shades behind numbers: no variable stands for it, since numbers must read on it in light and dark
VARIABLES = {
    INK: "ink",
    MUTED: "muted",
    GRID: "grid",
    SURFACE: "surface",
    WRONG: "wrong",
    FAMILY["classical"]: "classical",
    FAMILY["deep"]: "deep",
    FAMILY[""]: "other",
}
MARKERS = "osD^vPX<>hpd"
LINES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1.2, 1.6)), (0, (6, 2, 1.2, 2)), (0, (9, 3)), (0, (3, 1, 1, 1, 1, 1)))
RC = {
    "font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans"], "font.size": 9, "text.parse_math": False,
    "text.color": INK, "axes.labelcolor": MUTED, "axes.edgecolor": GRID, "axes.linewidth": 0.8,
    "axes.titlesize": 9.5, "axes.titleweight": "bold", "axes.titlelocation": "left", "axes.titlecolor": INK,
    "axes.labelsize": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True,
    "axes.facecolor": "none", "axes.unicode_minus": True, "figure.facecolor": "none", "savefig.facecolor": "none",
    "xtick.color": GRID, "ytick.color": GRID, "xtick.labelcolor": MUTED, "ytick.labelcolor": MUTED,
    "xtick.labelsize": 8.5, "ytick.labelsize": 8.5, "xtick.major.size": 3, "ytick.major.size": 3,
    "xtick.minor.visible": False, "ytick.minor.visible": False, "grid.color": GRID, "grid.linewidth": 0.6,
    "legend.frameon": False, "legend.fontsize": 8.5, "lines.linewidth": 1.6, "lines.markersize": 6.5,
    "svg.fonttype": "none", "svg.image_inline": True, "image.composite_image": False, "image.interpolation": "none",
    "figure.dpi": 72,
}  # fmt: skip
WIDE, NARROW = 10.4, 5.3  # inches of 72 points: a figure across the page, or one of two beside each other


@dataclass(frozen=True)
class Look:
    """How one estimator is drawn in every figure of a page."""

    colour: str
    marker: str
    line: Any


Looks = Mapping[str, Look]  # estimator -> its look


def styled(draw: Callable[[pd.DataFrame, Looks], Figure]) -> Callable[[pd.DataFrame, Looks], Figure]:
    """Make a draw function use the house style, and leave the caller's settings of matplotlib alone."""

    @wraps(draw)
    def drawn(frame: pd.DataFrame, looks: Looks) -> Figure:
        import matplotlib as mpl

        with mpl.rc_context(RC), _any_script():
            return draw(frame, looks)

    return drawn


@contextmanager
def _any_script() -> Iterator[None]:
    """Class names may be in any script: the browser has the fonts, so matplotlib need not complain of lacking them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"(?s).*Glyph .* missing from")
        yield


def figure(width: float, height: float) -> Figure:
    """An empty figure, in inches, that no window and no global state knows of."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=72)


def axes_grid(
    count: int, columns: int, cell: tuple[float, float], gap: tuple[float, float], edge: tuple[float, ...]
) -> tuple[Figure, list[Axes]]:
    """A figure of `count` axes of equal size (inches), row by row; `edge` is left, right, top, bottom."""
    columns = min(columns, count)
    rows = -(-count // columns)
    left, right, top, bottom = edge
    width = left + right + columns * cell[0] + (columns - 1) * gap[0]
    height = top + bottom + rows * cell[1] + (rows - 1) * gap[1]
    page = figure(width, height)
    axes = []
    for i in range(count):
        row, column = divmod(i, columns)
        x, y = left + column * (cell[0] + gap[0]), height - top - (row + 1) * cell[1] - row * gap[1]
        axes.append(page.add_axes((x / width, y / height, cell[0] / width, cell[1] / height)))
    return page, axes


def looks(families: Mapping[str, str]) -> dict[str, Look]:
    """The look of each estimator, from the family of each estimator of a run.

    All estimators of a run are given, so that one that is missing from a figure does not change the looks of the
    others.
    """
    found, seen = {}, dict.fromkeys(FAMILY, 0)
    for place, (variant, family) in enumerate(families.items()):
        family = family if family in FAMILY else ""
        line = LINES[seen[family] % len(LINES)]
        seen[family] += 1
        found[variant] = Look(FAMILY[family], MARKERS[place % len(MARKERS)], line)
    return found


def short(name: Any, width: int = 18) -> str:
    """A name that fits into a figure: one line, cut at `width` characters with an ellipsis."""
    line = "".join(c if c.isprintable() else " " for c in str(name)).strip()
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"


def distinct(names: Sequence[Any], width: int) -> list[str]:
    """Names that fit into a figure, no two alike: where their ends tell them apart they are cut in the middle, else numbered."""
    found = [short(name, width) for name in names]
    alike, tail = _repeated(found), (width - 1) // 2
    for i, name in enumerate(names):
        if found[i] in alike and len(whole := short(name, len(str(name)))) > width:
            found[i] = f"{whole[: width - 1 - tail]}…{whole[-tail:]}"
    alike, taken = _repeated(found), set(found)
    for i, name in enumerate(found):
        if name in alike:
            found[i] = next(n for n in _numbered(name, width) if n not in taken)
            taken.add(found[i])
    return found


def _repeated(names: Sequence[str]) -> set[str]:
    return {name for name, times in Counter(names).items() if times > 1}


def _numbered(name: str, width: int) -> Iterator[str]:
    return (f"{short(name, width - 1 - len(str(number)))} {number}" for number in count(1))


def stacked(name: Any, width: int) -> str:
    """A name in at most two lines of `width` characters, broken behind an underscore where that helps."""
    line = short(name, 2 * width)
    head, mark, tail = line.partition("_")
    if len(line) <= width or not mark:
        return short(line, width)
    return f"{short(head + mark, width)}\n{short(tail, width)}"


def key(page: Figure, names: Iterable[str], looks: Looks, inches: float = 0.0) -> None:
    """A legend of the named estimators, each once, along the top of a figure, `inches` from its left edge."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=looks[n].colour, marker=looks[n].marker, linestyle="none", label=short(n, 22))
        for n in dict.fromkeys(names)
    ]
    legend(page, handles, inches)


def key_height(frame: pd.DataFrame) -> float:
    """Inches that the `key` of a narrow figure takes, two columns wide."""
    return 0.15 + 0.19 * -(-frame["variant"].nunique() // 2)


def legend(page: Figure, handles: list[Any], inches: float = 0.0) -> None:
    """A legend along the top of a figure, as many columns as fit."""
    widths = [0.075 * len(str(handle.get_label())) + 0.5 for handle in handles]
    room = page.get_figwidth() - inches
    columns = len(handles) if sum(widths) <= room else max(1, int(room / max(widths)))
    page.legend(
        handles=handles,
        loc="upper left",
        ncols=min(columns, len(handles)),
        handletextpad=0.3,
        columnspacing=1.4,
        borderaxespad=0,
        borderpad=0.2,
        bbox_to_anchor=(inches / page.get_figwidth(), 1),
    )


def quiet(axes: Axes, grid: str = "both") -> None:
    """Gridlines along one axis or both, and no ticks that repeat them."""
    axes.grid(True, axis=grid)  # type: ignore[arg-type]
    axes.tick_params(which="both", length=0)
    axes.spines[["left", "bottom"]].set_visible(False)


def small_picture(axes: Axes, title: str, steps: Sequence[str], labelled: bool) -> None:
    """One of many: shares from 0 to 1, step by step from the left; where it is `labelled`, with the shares beside it."""
    most = len(steps) - 1
    axes.set_title(title, pad=4)
    axes.set_xlim(-0.08 * most, 1.08 * most)
    axes.set_ylim(0, 1.03)
    ticks = [0, 0.25, 0.5, 0.75, 1]
    axes.set_yticks(ticks, [f"{100 * tick:.0f} %" if tick in (0, 0.5, 1) else "" for tick in ticks])
    axes.set_xticks(range(len(steps)), steps)
    if most == 1:  # Centred below its end, a word would touch that of the next picture.
        first, final = axes.get_xticklabels()
        first.set_ha("left")
        final.set_ha("right")
    quiet(axes, "y")
    axes.tick_params(axis="y", labelleft=labelled)


def beside(place: int, count: int) -> float:
    """How far from the middle of its line a mark is drawn, of so many on that line; half a line for all of them."""
    return (place - (count - 1) / 2) * 0.5 / max(1, count - 1)


SHAPES = {  # the markers as SVG paths in a square from 0 to 12, for tables
    "o": "M1.5 6a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0", "s": "M2 2H10V10H2Z", "D": "M6 .8L11.2 6L6 11.2L.8 6Z",
    "^": "M6 1L11.2 10.5H.8Z", "v": "M6 11L11.2 1.5H.8Z", "<": "M1 6L10.5 .8V11.2Z", ">": "M11 6L1.5 .8V11.2Z",
    "P": "M4 1H8V4H11V8H8V11H4V8H1V4H4Z", "X": "M3.5 1L6 3.5L8.5 1L11 3.5L8.5 6L11 8.5L8.5 11L6 8.5L3.5 11L1 8.5L3.5 6L1 3.5Z",
    "h": "M6 .8L10.5 3.4V8.6L6 11.2L1.5 8.6V3.4Z", "p": "M6 1L11 4.7L9.1 10.6H2.9L1 4.7Z", "d": "M6 .8L9.2 6L6 11.2L2.8 6Z",
}  # fmt: skip
ACCURACIES = (0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9998, 0.9999, 1)
FINEST = 5e-5  # an error share below this is drawn as this


def stretch(accuracy: Any) -> NDArray[np.float64]:
    """Accuracy -> the place on an axis on which halving the error is the same step everywhere."""
    error = np.clip(1 - np.asarray(accuracy, dtype=float), FINEST, 1)
    return -np.log10(error)


def accuracy_axis(axis: Any, low: float, high: float) -> None:
    """Ticks in per cent for an axis of `stretch`-ed accuracies that shows at least low … high."""
    ends = [float(v) for v in stretch([low, min(high, 1 - FINEST)])]
    margin = max(0.06 * (ends[1] - ends[0]), 0.02)
    ends = [ends[0] - margin, ends[1] + margin]
    axis.axes.set(**{f"{axis.axis_name}lim": ends})
    ticks = [a for a in ACCURACIES if a < 1 and ends[0] <= stretch(a) <= ends[1]]
    if len(ticks) < 4:
        from matplotlib.ticker import MaxNLocator

        even = MaxNLocator(5).tick_values(1 - 10 ** -ends[0], 1 - 10 ** -ends[1])
        ticks = [float(a) for a in even.round(6) if 0 <= a < 1 and ends[0] <= stretch(a) <= ends[1]]
    # Towards 0 the ticks crowd; those that would touch the next finer one are left out.
    apart = (0.15 if axis.axis_name == "x" else 0.07) * (ends[1] - ends[0])
    kept: list[float] = []
    for tick in sorted(ticks, reverse=True):
        if not kept or stretch(kept[-1]) - stretch(tick) >= apart:
            kept.append(tick)
    axis.set_ticks(stretch(kept), [f"{100 * a:.10g} %" for a in kept])


def span(values: Sequence[float] | NDArray) -> str:
    """The scale that suits positive values: "log" where they span more than one and a half decades."""
    finite = np.asarray([v for v in values if np.isfinite(v)], dtype=float)
    return "log" if len(finite) and finite.min() > 0 and finite.max() / finite.min() > 30 else "linear"


def plain_log(axis: Any) -> None:
    """Write the ticks of a logarithmic axis as numbers, a few of them, instead of powers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    low, high = sorted(axis.get_view_interval())
    decades = np.log10(high / low)
    # Over less than a decade the round powers are too few.
    few = MaxNLocator(5, steps=[1, 2, 2.5, 5, 10])
    many = LogLocator(subs=(1, 2, 5) if decades < 1.6 else (1, 3) if decades < 3 else (1,), numticks=6)
    axis.set_major_locator(few if decades < 1 else many)
    axis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.10g}" if 0.9e-4 < v < 1e6 else f"{v:.0e}"))
    axis.set_minor_locator(NullLocator())


def thumbnail(image: NDArray[np.uint8], side: int = 56) -> NDArray[np.uint8]:
    """A picture no larger than `side`; grey pictures lose their channel axis."""
    from PIL import Image

    picture = Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image)
    if max(picture.size) > side:
        picture.thumbnail((side, side), Image.Resampling.BOX)
    return np.asarray(picture)


def board(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure to pin pictures on: one bare pair of axes in inches, from the top left corner down."""
    page = figure(width, height)
    axes = page.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    return page, axes


def pin(axes: Axes, image: NDArray[np.uint8], x: float, y: float, side: float) -> None:
    """Pin a picture on a `board`, centred in a square with its top left corner at (x, y), pixels as they are."""
    height, width = (side * n / max(image.shape[:2]) for n in image.shape[:2])
    left, top = x + (side - width) / 2, y + (side - height) / 2
    axes.imshow(
        image,
        cmap="gray",
        vmin=0,
        vmax=255,
        interpolation="none",
        aspect="auto",
        extent=(left, left + width, top + height, top),
    )
    # A picture stretches the axes to its own extent.
    axes.set(xlim=(0, axes.figure.get_figwidth()), ylim=(axes.figure.get_figheight(), 0))  # type: ignore[union-attr]


def caption(axes: Axes, row: Any, x: float, y: float, line: float, lines: int, width: int) -> None:
    """Write the answer to a pinned picture below it, centred at x: ``true → predicted``, then the confidence.

    `row` has ``true``, ``predicted`` and ``confidence``; class names are cut at `width` characters, `line` is a line's
    height.
    """
    true, predicted = short(row.true, width), short(row.predicted, width - 1)
    words = [f"{true} → {predicted}"] if lines == 1 else [true, f"→ {predicted}"]
    for place, text in enumerate([*words, f"{formats.percent(row.confidence, 1)} %"], 1):
        below = place > lines
        axes.text(
            x,
            y + place * line,
            text,
            ha="center",
            va="baseline",
            fontsize=7 if below else 7.5,
            color=MUTED if below else INK,
        )


def tip(artist: Any, words: str) -> None:
    """Give a mark of a figure its numbers in words: what a reader sees who points at it or reaches it by keyboard."""
    artist.set_gid(TIP + words)


@dataclass(frozen=True)
class Sketch:
    """A figure as matplotlib writes it, before it is part of a page.

    `text` is an SVG file, `title` the text alternative; `width` and `height` are in pixels.
    """

    text: str
    title: str
    width: float
    height: float


def sketch(drawing: Figure, name: str, title: str) -> Sketch:
    """Draw a figure, the same bytes every time; `name` is unique on the page, `title` unescaped."""
    import matplotlib as mpl

    out = BytesIO()
    nothing = dict.fromkeys(["Date", "Creator", "Format", "Type"])
    with mpl.rc_context(RC | {"svg.hashsalt": name}), _any_script():
        drawing.savefig(out, format="svg", metadata=nothing)
    width, height = (72 * float(side) for side in drawing.get_size_inches())
    return Sketch(out.getvalue().decode(), title, width, height)


def inline(drawn: Sketch, shared: Shared | None = None) -> str:
    """A figure as an SVG element for a page: themed by style sheet variables, labelled.

    Parameters
    ----------
    shared : the styles and identifiers that the figures of a page share; None for a figure that stands alone.
    """
    import html

    body = slim(drawn.text, shared, VARIABLES)
    label = html.escape(drawn.title, quote=True)
    role = "group" if 'class="tip"' in body else "img"
    size = f'viewBox="0 0 {drawn.width:g} {drawn.height:g}"'
    return f'<svg {size} role="{role}" aria-label="{label}" style="--w:{drawn.width:g}px">{body}</svg>'
