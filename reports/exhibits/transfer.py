"""Accuracy by images of one's own, with a source and from scratch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from reports.analysis.transfer import AS_IT_IS, SCRATCH, STUDY
from reports.analysis.transfer import convergence as converging
from reports.analysis.transfer import transfer as started
from reports.drawing import formats, style
from reports.drawing.formats import COUNT, HIDDEN, P_VALUE, PERCENT, POINTS, SECONDS, TEXT, YES_NO
from reports.exhibits.exhibit import ACCURACY, VARIANT, Exhibit
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARKS = {
    AS_IT_IS: "_",
    "all layers": "o",
    "head": "s",
    "boosting": "o",
    "coefficients": "o",
    "rows": "^",
    "embedding": "D",
}


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per variant and level: see `reports.analysis.transfer.transfer`."""
    return started(run, dataset)


@style.styled
def draw(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """Axes per estimator: from scratch dashed and hollow, with a source solid; what needs no image is a thin line across."""
    from matplotlib.lines import Line2D

    names = [name for name in dict.fromkeys(frame["scratch"]) if name]
    ways = [way for way in MARKS if way in set(frame["way"])]
    page, grid = style.axes_grid(len(names), 3, (2.7, 2.1), (0.75, 0.75), (0.72, 0.2, 0.62, 0.5))
    some = frame.loc[frame["per_class"] > 0, "per_class"]
    least, most = (some.min(), some.max()) if len(some) else (1, 10)
    for axes, name in zip(grid, names, strict=True):
        # A model that is given stands beside everybody.
        own = frame[frame["scratch"].isin([name, ""])]
        colour = style.FAMILY.get(str(frame.loc[frame["scratch"] == name, "family"].iloc[0]), style.MUTED)
        for variant, rows in own.groupby("variant", sort=False):
            way, plain = rows["way"].iloc[0], rows["framed"].iloc[0] is False
            y = style.stretch(rows["accuracy"])
            if way == AS_IT_IS:
                axes.axhline(y[0], color=colour, linewidth=0.9, alpha=0.35 if plain else 0.8, linestyle=(0, (1, 1.5)))
                continue
            scratch = way == SCRATCH
            alpha = 0.35 if plain else 1.0
            band = [style.stretch(rows[c]) for c in ("accuracy_low", "accuracy_high")]
            axes.fill_between(
                rows["per_class"], *band, color=style.MUTED if scratch else colour, alpha=0.1, linewidth=0
            )
            (line,) = axes.plot(
                rows["per_class"], y, color=style.MUTED if scratch else colour, marker="x" if scratch else MARKS[way],
                markersize=5, linewidth=1.2, linestyle=(0, (4, 2)) if scratch else "-", alpha=alpha,
            )  # fmt: skip
            style.tip(line, str(variant))
        axes.set_xscale("log")
        axes.set_xlim(least / 1.2, most * 1.2)
        style.quiet(axes)
        style.plain_log(axes.xaxis)
        style.accuracy_axis(axes.yaxis, own["accuracy_low"].min(), own["accuracy_high"].max())
        axes.set_title(style.short(name, 28))
        axes.set_xlabel("training images per class")
    handles = [Line2D([], [], color=style.MUTED, marker="x", linestyle=(0, (4, 2)), label=SCRATCH)]
    for way in ways:
        drawn: dict[str, Any] = {"marker": MARKS[way], "linestyle": "-"}
        if way == AS_IT_IS:
            drawn = {"linestyle": (0, (1, 1.5))}
        handles.append(Line2D([], [], color=style.INK, label=f"the source {way}" if way == AS_IT_IS else way, **drawn))
    style.legend(page, handles, 0.1)
    return page


def describe(frame: pd.DataFrame) -> str:
    """The ends of each curve."""
    parts = []
    for name, rows in frame.groupby("variant", sort=False):
        ends = [
            f"{formats.percent(r.accuracy)} % with {r.per_class} per class" for r in rows.iloc[[0, -1]].itertuples()
        ]
        parts.append(f"{name}: {' and '.join(dict.fromkeys(ends))}")
    return f"Test accuracy by training images per class. {'; '.join(parts)}."


def note(frame: pd.DataFrame) -> str:
    """What was left out."""
    plain = frame["framed"].eq(False).any()
    faint = (
        " Faint are sources that were given the target's size alone, and were not brought into its box."
        if plain
        else ""
    )
    return (
        "Worth: images of the target that training from scratch needs beyond those used with the source, for the same accuracy; "
        "“beyond” where it never got there, so that it is more; from and to are those of the interval of the accuracy, the curve from scratch taken "
        "as it is. A box is measured on up to 100 training images of the target, whatever the level. Seconds are those of the final fit, and beside them those of the fit on "
        f"the source, which was made once.{faint}"
    )


transfer = Exhibit(
    name="transfer",
    title="With a source and from scratch",
    group="study",
    lead="Each estimator on more and more images of the target, from scratch (dashed) and starting from a source; dotted is the "
    "source's own model, which learned from no image of the target. Bands are 95 % intervals. Gains are on the same test images, p corrected for all "
    "ways and levels of a source.",
    frame=frame,
    empty="Nothing has been evaluated yet.",
    columns={
        **VARIANT,
        "estimator": HIDDEN,
        "source": TEXT,
        "way": TEXT,
        "framed": YES_NO.called("in the target's box"),
        "scratch": HIDDEN,
        "model": HIDDEN,
        "per_class": COUNT.called("images per class"),
        "images": HIDDEN,
        "seeds": COUNT,
        **ACCURACY,
        "gain": POINTS,
        "gain_low": POINTS.called("from"),
        "gain_high": POINTS.called("to"),
        "p_holm": P_VALUE.called("p"),
        "worth": COUNT.called("worth, images"),
        "worth_low": COUNT.called("worth from"),
        "worth_high": COUNT.called("worth to"),
        "worth_beyond": YES_NO.called("beyond"),
        "low_beyond": HIDDEN,
        "high_beyond": YES_NO.called("to beyond"),
        "effort": PERCENT.called("of a full fit"),
        "scratch_effort": HIDDEN,
        "seconds": SECONDS,
        "source_seconds": SECONDS.called("on the source"),
        "validation": HIDDEN,
    },
    draw=draw,
    describe=describe,
    note=note,
    studies=(STUDY,),
)
convergence = Exhibit(
    name="convergence",
    title="How fast it gets there",
    group="study",
    lead="When a training with a source is as good on the validation rows as training from scratch is at its best: after which share of it, "
    "after how many images shown (of boosted trees, rounds), and how many seconds.",
    frame=converging,
    empty="No model with a curve has been trained yet.",
    columns={
        **VARIANT,
        "source": TEXT,
        "way": TEXT,
        "per_class": COUNT.called("images per class"),
        "goal": PERCENT,
        "best": PERCENT,
        "share": PERCENT.called("share of the training"),
        "shown": COUNT.called("images shown, or rounds"),
        "seconds": SECONDS,
    },
    studies=(STUDY,),
)
