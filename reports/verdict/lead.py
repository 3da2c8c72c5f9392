"""Who leads, by how much, and what that costs: the best network against the best classical model."""

from __future__ import annotations

from typing import Any

import pandas as pd

from reports import leaderboard
from reports.analysis.comparison import between
from reports.analysis.costs import FIT, LATENCY, costs
from reports.analysis.effort import Effort
from reports.analysis.transfer import origins
from reports.drawing import formats
from reports.run import Run, members_of
from reports.verdict.tuning import short_fits
from reports.verdict.words import Figure, Sentence, capitalised, errors_of, in_points, listed, told_difference

SMALL = 5_000_000  # parameters of a network that is called small
FROM_SCRATCH = {"cnn", "mlp"}  # estimators of which it is known that they start from random weights


def worth(run: Run, dataset: str, gap: dict[str, Any], hardly: dict[str, Effort]) -> list[Sentence]:
    """The errors of the best network, `a`, and of the best classical model, `b`.

    Parameters
    ----------
    hardly : networks that were hardly trained, if that may be why the best one is not ahead.
    """
    behind = gap["difference"] < 0 and not gap["tie"]
    first, second, other = (
        (gap["b"], gap["a"], "the best network") if behind else (gap["a"], gap["b"], "the best classical model")
    )
    seeds = {len(run.evaluated(dataset, name)) for name in (first, second)}
    images = f"these {len(run.test(dataset)):,} images"
    made = (
        f"{errors_of(run, dataset, first)} errors on {images}"
        if seeds == {1}
        else f"{errors_of(run, dataset, first)} errors on {images}, the mean of its seeds"
    )
    told = f"{capitalised(first)} made {made}, {other} ({second}) {errors_of(run, dataset, second)}"
    if gap["tie"]:
        alone = gap["low"] > 0 or gap["high"] < 0  # the interval is that of one comparison, the test of all pairs
        why = "not significant among so many comparisons" if alone else "within the uncertainty"
        shown = (
            "no lead at all would have been found."
            if gap["detectable"] >= 1
            else f"a lead of {in_points(gap['detectable'])} points would have been found in four of five cases."
        )
        text = f"{told}: a difference of {told_difference(gap, gap['difference'] < 0)}, {why}; {shown}"
        return [Sentence(text, "differences", "tie"), *_not_answered(hardly)]
    text = f"{told}: {told_difference(gap, behind, ' fewer')}."
    if not behind:
        return [Sentence(text, "differences", "network ahead")]
    less = Sentence(f"The networks tried here{_kind(run, dataset)} were less accurate.", "layers", "classical ahead")
    return [Sentence(text, "differences", "classical ahead"), *(_not_answered(hardly) or [less])]


def _not_answered(hardly: dict[str, Effort]) -> list[Sentence]:
    if not hardly:
        return []
    text = f"The budget had no room to train {short_fits(hardly)}: whether deep learning is worth it is not answered."
    return [Sentence(text, "tuning", "hardly trained")]


def _kind(run: Run, dataset: str) -> str:
    """What all networks of a run have in common: " (small, trained from scratch)"."""
    board = leaderboard.scores(run, dataset)
    networks = board[board["family"] == "deep"]
    small = bool((networks["parameters"].fillna(SMALL + 1) <= SMALL).all())
    scratch = set(networks["estimator"]) <= FROM_SCRATCH and not set(networks["variant"]) & set(origins(run))
    kind = ", ".join([*(["small"] if small else []), *(["trained from scratch"] if scratch else [])])
    return f" ({kind})" if kind else ""


def training_time(run: Run, dataset: str, gap: dict[str, Any]) -> list[Sentence]:
    """What the final fits of the best of each family take; nothing where they were not timed alike."""
    fits = costs(run, dataset)[FIT]
    if run.not_comparable or not {gap["a"], gap["b"]} <= set(fits):
        return []
    deep, classical = fits[gap["a"]], fits[gap["b"]]
    times = formats.duration(deep.value), formats.duration(classical.value)
    if deep.differs(classical):
        text = f"Training {gap['a']} takes {times[0]} instead of {times[1]}."
    else:
        text = f"Training {gap['a']} takes {times[0]}, {gap['b']} {times[1]}: too close to tell apart."
    return [Sentence(text, "cost", "training time")]


def glance(gap: dict[str, Any], hardly: dict[str, Effort]) -> Figure:
    """What deep learning buys; takes what `worth` takes."""
    note = f"{gap['a']} against {gap['b']}, 95 % interval {formats.points(gap['low'])} to {formats.points(gap['high'])} points"
    if hardly:
        return Figure(
            "Deep learning worth it?", "not answered", f"the budget had no room to train {short_fits(hardly)}"
        )
    if gap["tie"]:
        return Figure("Deep learning worth it?", "not shown", note)
    if gap["difference"] > 0:
        return Figure("Deep learning buys", f"{formats.points(gap['difference'])} points", note)
    return Figure("The networks tried here", "less accurate", note)


def ensemble(run: Run, dataset: str, board: pd.DataFrame, pairs: pd.DataFrame) -> list[Sentence]:
    """What the mean of several models brings, against the one that is most accurate alone, and what it costs."""
    mixes, singles = board[board["family"] == ""], board[board["family"] != ""]
    if mixes.empty or singles.empty:
        return []
    own, best = mixes.iloc[0], singles.iloc[0]
    fits = run.fits[(run.fits["dataset"] == dataset) & (run.fits["variant"] == own.variant)]
    members = [members_of(found) for found in fits.loc[fits["status"] == "ok", "found"]]
    if all(len(weights) == 1 for weights in members):
        alone = listed(list(dict.fromkeys(name for weights in members for name in weights)))
        told = f"On rows held out of training no mean of several models was better than one alone, so {own.variant} is {alone}."
        return [Sentence(told, "ensembles", "ensemble")]
    gap = between(pairs, own.variant, best.variant)
    behind = gap["difference"] < 0
    of = f", the mean of {_weighed(members[0])}," if all(weights == members[0] for weights in members) else ""
    told = (
        f"{capitalised(own.variant)}{of} made {errors_of(run, dataset, own.variant)} errors, {best.variant} alone "
        f"{errors_of(run, dataset, best.variant)}: a difference of {told_difference(gap, behind)}"
        + (", a tie." if gap["tie"] else f", {'more' if behind else 'fewer'} errors than those of any model alone.")
    )
    if not run.not_comparable and not formats.absent(own.latency_ms) and not formats.absent(best.latency_ms):
        told += f" It labels an image in {_ms(own.latency_ms)} instead of {_ms(best.latency_ms)}."
    return [Sentence(told, "differences", "ensemble")]


def _weighed(weights: dict[str, int]) -> str:
    """``cnn (3), svm (1) and mlp (1)``, or the names alone where all count alike."""
    if len(set(weights.values())) == 1:
        return listed(list(weights))
    return listed([f"{name} ({weight})" for name, weight in sorted(weights.items(), key=lambda item: -item[1])])


def cheapest(run: Run, dataset: str, tie: list[str]) -> list[Sentence]:
    """Which of those tied trains fastest, and which is fastest to label an image, where that is clear."""
    parts: dict[str, list[str]] = {}
    for cost, words, unit in (
        (FIT, "the fastest to train", formats.duration),
        (LATENCY, "the fastest to label an image", _ms),
    ):
        own = {name: c for name, c in costs(run, dataset)[cost].items() if name in tie}
        if len(own) < len(tie):
            continue
        cheapest = min(own, key=lambda name: own[name].value)
        if all(own[cheapest].differs(own[name]) for name in own if name != cheapest):
            parts.setdefault(cheapest, []).append(f"{words} ({unit(own[cheapest].value)})")
    told = [f"{name} is {listed(words)}" for name, words in parts.items()]
    return [Sentence(f"Of those tied at the top, {listed(told)}.", "cost", "cheapest of the tied")] if told else []


def _ms(value: float) -> str:
    return f"{formats.number(value)} ms"
