"""What detection and repair bring back of what corruption takes: over all corruptions, and under each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from reports.analysis.repair import AS_IT_IS, CONFIDENT, STUDY, against, arms, found, interval, repaired
from reports.drawing import formats, style
from reports.drawing.formats import COUNT, HIDDEN, PERCENT, POINTS, TEXT
from reports.exhibits.exhibit import VARIANT, Exhibit
from reports.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 5  # of the small multiples
ONE_FOR_ALL = ", done to all"
SHORTER = {
    "), table and confidence; nothing of the family seen": ": family unseen",
    "the most confident answer of all repairs": "most confident of all repairs", "by detector (": "detector ", ") and table": ": table",
    "), table and confidence": ": table, confidence",
}  # fmt: skip


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per variant and way to choose a repair, no repair first."""
    rows, seconds = [], [float(stored.told.get("seconds", "nan")) for stored in found(run, dataset)]
    took = sum(seconds) if seconds else None  # NaN where it was not noted
    for name, own in repaired(run, dataset).items():
        for arm, told in arms(own).items():
            mean, low, high = interval(own.over(arm))
            row = {
                "variant": name, "family": run.families[name], "repair": told, "seeds": len(own.clean()),
                "corruptions": len(own.corruptions), "clean": float(own.clean(arm).mean()),
                "clean_change": float((own.clean(arm) - own.clean()).mean()),
                "mean": mean, "mean_low": low, "mean_high": high, "back": None if arm == AS_IT_IS else own.back(arm),
            }  # fmt: skip
            keys = ("ahead", "ahead_low", "ahead_high")
            row |= dict(zip(keys, (None,) * 3 if arm == CONFIDENT else against(own, arm), strict=True))
            rows.append(row | {"seconds": took})
    return pd.DataFrame(rows)


def note(frame: pd.DataFrame) -> str:
    """What was not seen by what, and what flatters."""
    took = frame["seconds"].iloc[0]
    bill = "" if formats.absent(took) else f" All of it took {formats.duration(took)}, which no budget pays for."
    return (
        "Under each corruption the detector and its table have seen all others and not that one, at no severity. Repairs were fitted on "
        "training images alone, the autoencoder on such with white noise added; but we knew the corruptions when we chose which repairs "
        "there are, and the inversion of columns undoes stripes. The repair that is done to all images was chosen by these test images, which flatters it. Classifiers are "
        f"not trained again.{bill}"
    )


@style.styled
def draw(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """A line of marks per way to choose a repair: on the left what is left under corruption, on the right what changes without."""
    ways = list(dict.fromkeys(_in_short(told) for told in frame["repair"]))
    variants = list(dict.fromkeys(frame.sort_values("mean", ascending=False, kind="stable")["variant"]))
    height, below = 0.34 * len(ways), 0.45
    page, (left, right) = style.axes_grid(2, 2, (2.75, height), (0.35, 0), (2.35, 0.2, 0.4, below))
    for row in frame.itertuples():
        look = looks[str(row.variant)]
        y = ways.index(_in_short(str(row.repair))) + style.beside(variants.index(row.variant), len(variants))
        left.plot([row.mean_low, row.mean_high], [y, y], color=look.colour, linewidth=2.2, alpha=0.35)
        for axes, x in ((left, row.mean), (right, 100 * row.clean_change)):
            (mark,) = axes.plot(x, y, look.marker, color=look.colour, markersize=4.5)
            style.tip(
                mark,
                f"{row.variant}, {row.repair}: {formats.percent(row.mean)} % under corruption "
                f"({formats.interval(row.mean_low, row.mean_high)}), {formats.points(row.clean_change)} points without",
            )
    for axes in (left, right):
        axes.set_ylim(len(ways) - 0.4, -0.6)
        axes.set_yticks(range(len(ways)), ways)
        style.quiet(axes, "x")
    right.tick_params(axis="y", labelleft=False)
    ticks = [tick for tick in left.get_xticks() if left.get_xlim()[0] <= tick <= min(1, left.get_xlim()[1])]
    left.set_xticks(ticks, [f"{100 * tick:.10g} %" for tick in ticks])
    left.set_xlabel("mean accuracy under corruption")
    right.axvline(0, color=style.INK, linewidth=0.8)
    most = max(0.3, 120 * float(frame["clean_change"].abs().max()))
    right.set_xlim(-most, most)
    right.set_xlabel("points on clean images")
    style.key(page, variants, looks, 0.1)
    return page


def _in_short(told: str) -> str:
    """A way to choose a repair, in the words of the table, as it stands beside the figure; of one for all whichever it is."""
    if told.endswith(ONE_FOR_ALL):
        return "one for all, the best here"
    for long, brief in SHORTER.items():
        told = told.replace(long, brief)
    return told


def describe(frame: pd.DataFrame) -> str:
    """What each variant has without repair and in the best way that no test image chose."""
    parts = []
    for name, rows in frame.groupby("variant", sort=False):
        fair = rows[rows["back"].notna() & ~rows["repair"].str.endswith(ONE_FOR_ALL)]
        best, plain = fair.loc[fair["mean"].idxmax()], rows.iloc[0]
        parts.append(
            f"{name}: {formats.percent(plain['mean'], 1)} % without, {formats.percent(best['mean'], 1)} % {best['repair']}"
        )
    return "Mean accuracy under corruption by the way to choose a repair. " + "; ".join(parts) + "."


def by_corruption(run: Run, dataset: str) -> pd.DataFrame:
    """One row per corruption and variant, the one that takes most first."""
    rows = []
    for name, own in repaired(run, dataset).items():
        clean = float(own.clean().mean())
        for corruption in own.corruptions:
            right = own.right[corruption]
            best = max(own.ways, key=lambda way: right[way].mean())
            gain, low, high = interval(right[own.detectors[0]].astype(float) - right[AS_IT_IS])
            rows.append(
                {
                    "corruption": corruption, "variant": name, "family": run.families[name], "clean": clean,
                    "accuracy": float(right[AS_IT_IS].mean()), "repaired": float(right[own.detectors[0]].mean()),
                    "gain": gain, "gain_low": low, "gain_high": high, "confident": float(right[CONFIDENT].mean()),
                    "best": best, "best_accuracy": float(right[best].mean()),
                }
            )  # fmt: skip
    table = pd.DataFrame(rows)
    if table.empty:
        return table
    left = table.groupby("corruption")["accuracy"].transform("mean")
    return table.assign(left=left).sort_values(["left", "corruption"], kind="stable").drop(columns="left")


@style.styled
def draw_by_corruption(frame: pd.DataFrame, looks: style.Looks) -> Figure:
    """A small picture per corruption, that which takes most first: from no repair on the left to repaired on the right."""
    names = list(dict.fromkeys(frame["corruption"]))
    variants = list(dict.fromkeys(frame.sort_values("repaired", ascending=False, kind="stable")["variant"]))
    columns = min(COLUMNS, len(names))
    page, all_axes = style.axes_grid(len(names), columns, (1.62, 1.05), (0.3, 0.5), (0.55, 0.2, 0.6, 0.35))
    for place, (name, axes) in enumerate(zip(names, all_axes, strict=True)):
        for row in frame[frame["corruption"] == name].itertuples():
            look = looks[str(row.variant)]
            axes.plot([0, 1], [row.accuracy, row.repaired], color=look.colour, linewidth=1.1, alpha=0.6)
            (mark,) = axes.plot([0, 1], [row.accuracy, row.repaired], look.marker, color=look.colour, markersize=4.5)
            style.tip(
                mark,
                f"{row.variant}, {name}: {formats.percent(row.accuracy)} %, repaired {formats.percent(row.repaired)} %, most confident "
                f"{formats.percent(row.confident)} %",
            )
        title = style.short(str(name).replace("_", " "), 20)
        style.small_picture(axes, title, ["no repair", "repaired"], place % columns == 0)
    style.key(page, variants, looks, 0.1)
    return page


def describe_by_corruption(frame: pd.DataFrame) -> str:
    """Of each corruption the variant that repair helps most."""
    parts = []
    for name, rows in frame.groupby("corruption", sort=False):
        row = rows.loc[rows["gain"].idxmax()]
        parts.append(
            f"{name}: {row['variant']} from {formats.percent(row['accuracy'], 1)} to {formats.percent(row['repaired'], 1)} %"
        )
    return (
        "Accuracy under each corruption without and with repair, for the variant that gains most. "
        + "; ".join(parts)
        + "."
    )


EMPTY = "Repair has not been studied; 'crossover run repair' does, or 'python -m benchmarks.repair.study RUN'."

repair = Exhibit(
    name="repair",
    title="Detect, repair, classify",
    group="study",
    lead="The same classifiers on corrupted test images that were repaired before: what is left on average over all corruptions, the share "
    "of the lost accuracy that comes back, and what it costs on clean images. Ahead is the difference to the control, the most "
    "confident answer of all repairs, with its paired 95 % interval.",
    frame=frame,
    empty=EMPTY,
    columns={
        **VARIANT,
        "repair": TEXT,
        "seeds": COUNT,
        "corruptions": COUNT,
        "clean": PERCENT,
        "clean_change": POINTS.called("change of that"),
        "mean": PERCENT.called("mean over corruptions"),
        "mean_low": PERCENT.called("from"),
        "mean_high": PERCENT.called("to"),
        "back": PERCENT.called("of the loss back"),
        "ahead": POINTS.called("ahead of the control"),
        "ahead_low": POINTS.called("from"),
        "ahead_high": POINTS.called("to"),
        "seconds": HIDDEN,
    },
    note=note,
    draw=draw,
    describe=describe,
    studies=(STUDY,),
)
repair_by_corruption = Exhibit(
    name="repair_by_corruption",
    title="Repair under each corruption",
    group="study",
    lead="Accuracy without repair, with the repair that the first detector, table and confidence choose (the corruption itself unseen), with "
    "the most confident one, and with the one repair that is best here, chosen by these images.",
    frame=by_corruption,
    empty=EMPTY,
    columns={
        "corruption": TEXT,
        **VARIANT,
        "clean": HIDDEN,
        "accuracy": PERCENT.called("no repair"),
        "repaired": PERCENT,
        "gain": POINTS,
        "gain_low": POINTS.called("from"),
        "gain_high": POINTS.called("to"),
        "confident": PERCENT.called("most confident"),
        "best": TEXT.called("best repair"),
        "best_accuracy": PERCENT.called("with it"),
    },
    draw=draw_by_corruption,
    describe=describe_by_corruption,
    studies=(STUDY,),
)
