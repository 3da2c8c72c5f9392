"""Where the leader errs: its hardest class, its most frequent error, its confidence; and what has no result."""

from __future__ import annotations

from typing import Any

import numpy as np

from reports import leaderboard
from reports.analysis.calibration import calibration
from reports.analysis.confusion import confusion_matrix, per_class
from reports.drawing import formats, style
from reports.run import Run
from reports.verdict.words import Sentence, capitalised, listed


def confidence(run: Run, dataset: str, leader: Any) -> list[Sentence]:
    """A warning where the leader's confidence is off by a point or more, and not by chance."""
    found, error = calibration(run, dataset, leader.variant), leader.calibration_error
    if error < 0.01 or error <= found.by_chance:
        return []
    bins = found.bins
    confidence, accuracy = (
        float(np.average(bins[name], weights=bins["images"])) for name in ("confidence", "accuracy")
    )
    text = (
        f"{capitalised(leader.variant)} is {'overconfident' if confidence > accuracy else 'underconfident'}: its probabilities "
        f"are off by {formats.number(100 * error)} points on average ({formats.percent(confidence)}\u00a0% confident, "
        f"{formats.percent(accuracy)}\u00a0% right), where chance alone stays below {formats.number(100 * found.by_chance)} in 95\u00a0% of cases."
    )
    return [Sentence(text, "calibration", "calibration")]


def hardest(run: Run, dataset: str, leader: str) -> list[Sentence]:
    """The class and the confusion that cost the leader most, where it is one, or few."""
    names, counts = [style.short(name, 40) for name in run.classes(dataset)], confusion_matrix(run, dataset, leader)
    errors = int(counts.sum() - counts.trace())
    if not errors:
        return [Sentence(f"{capitalised(leader)} made no error on the test images.", "confusion", "no error")]
    told, table = [], per_class(counts)
    hardest = table[table["recall"] == table["recall"].min()]
    if len(hardest) == 1:
        worst = hardest.iloc[0]
        text = (
            f"Hardest for {leader} is class {names[int(worst['label'])]} (recall "
            f"{formats.percent(worst['recall'])}\u00a0%, precision {formats.percent(worst['precision'])}\u00a0%)."
        )
        told.append(Sentence(text, "classes", "hardest class"))
    off = counts * ~np.eye(len(counts), dtype=bool)
    often, pairs = int(off.max()), np.argwhere(off == off.max())
    if often > 1 and len(pairs) <= 3:
        taken = listed([f"{names[true]} taken for {names[predicted]}" for true, predicted in pairs])
        each, what, verb = ("each ", "errors", "are") if len(pairs) > 1 else ("", "error", "is")
        text = f"The most frequent {what} of {leader} {verb} {taken} ({each}{often:,} of {errors:,})."
        told.append(Sentence(text, "confusion", "most frequent error"))
    return told


def failures(run: Run, dataset: str) -> tuple[Sentence, ...]:
    """What has no result, and how many trials came to nothing."""
    board, told = leaderboard.frame(run), []
    lost = board[(board["dataset"] == dataset) & board["accuracy"].isna()]
    if len(lost):
        words = listed([f"{r.variant} ({r.status})" for r in lost.itertuples()])
        told.append(Sentence(f"Without a result: {words}.", "failures", "without a result"))
    status = run.trials.loc[run.trials["dataset"] == dataset, "status"]
    ran, failed = int((status != "skipped").sum()), int((~status.isin(["ok", "skipped"])).sum())
    if failed:
        text = f"{failed:,} of {ran:,} trials came to nothing; their reasons are listed."
        told.append(Sentence(text, "failures", "failed trials"))
    return tuple(told)
