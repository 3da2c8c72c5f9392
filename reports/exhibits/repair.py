"""What detection and repair bring back of what corruption takes: over all corruptions, and under each."""

from __future__ import annotations

import pandas as pd

from reports.analysis.repair import AS_IT_IS, CONFIDENT, STUDY, against, arms, interval, repaired
from reports.drawing.formats import COUNT, HIDDEN, PERCENT, POINTS, TEXT
from reports.exhibits.exhibit import VARIANT, Exhibit
from reports.run import Run


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per variant and way to choose a repair, no repair first."""
    rows = []
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
            rows.append(row)
    return pd.DataFrame(rows)


def note(frame: pd.DataFrame) -> str:
    """What was not seen by what, and what flatters."""
    return (
        "Under each corruption the detector and its table have seen all others and not that one, at no severity; repairs have seen "
        "no corruption at all. The repair that is done to all images was chosen by these test images, which flatters it. Classifiers are "
        "not trained again."
    )


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
    },
    note=note,
    studies=(STUDY,),
)
repair_by_corruption = Exhibit(
    name="repair_by_corruption",
    title="Repair under each corruption",
    group="study",
    lead="Accuracy without repair, with the repair that detector, table and confidence choose (the corruption itself unseen), with the most "
    "confident one, and with the one repair that is best here, chosen by these images.",
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
    studies=(STUDY,),
)
