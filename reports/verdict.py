"""The verdict: a headline and a few sentences, made by plain rules from the numbers.

The rules. The leader is the most accurate estimator; those whose difference to it is not significant (paired test,
Holm-corrected, 5\u00a0%) are tied with it. Deep learning was worth it, as far as accuracy goes, if the best network
beats the best classical model significantly; not shown if the two are tied; no if the classical model is the better
one. What it costs is stated beside it, since only the reader knows what a point of accuracy is worth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from reports import leaderboard
from reports.analysis.calibration import calibration
from reports.analysis.comparison import between, compared, tied
from reports.analysis.confusion import confusion_matrix, per_class
from reports.analysis.crossover import Crossover, crossover_in_compute, crossover_in_rows
from reports.drawing import formats, style
from reports.run import Run


@dataclass(frozen=True)
class Sentence:
    """A statement, and the name of the exhibit or table that bears it out."""

    text: str
    source: str


@dataclass(frozen=True)
class Figure:
    """A number worth a glance: what it is, the number, and what qualifies it."""

    label: str
    value: str
    note: str


@dataclass(frozen=True)
class Verdict:
    """What a data set's results come to; `winner` is "" where the first place is shared."""

    headline: str
    winner: str = ""
    figures: tuple[Figure, ...] = ()
    sentences: tuple[Sentence, ...] = ()


def verdict(run: Run, dataset: str) -> Verdict:
    """The verdict on one data set of a run."""
    board, everything = leaderboard.scores(run, dataset), leaderboard.frame(run)
    pairs = compared(run, dataset, list(board["variant"]))
    everything = everything[everything["dataset"] == dataset]
    title = run.title(dataset)
    failed = _failed(everything)
    if board.empty:
        return Verdict(f"No estimator has been evaluated on {title}", sentences=failed)
    leader, apart = board.iloc[0], bool(run.not_comparable)
    ties = tied(pairs, leader.variant)
    share = f"{formats.percent(leader.accuracy)}\u00a0%"
    if len(board) == 1:
        headline = f"{leader.variant} reaches {share} on {title}"
    elif not ties:
        headline = f"{leader.variant} leads on {title} with {share}"
    elif len(ties) == len(board) - 1:
        headline = f"No clear winner on {title}: all {len(board)} are within the uncertainty"
    elif len(ties) > 3:
        headline = f"{len(ties) + 1} of {len(board)} are tied at the top on {title}"
    else:
        headline = f"{_listed([leader.variant, *ties])} are tied at the top on {title}"
    figures = [
        Figure(
            "Best accuracy",
            share,
            f"{leader.variant}, 95 % interval {formats.interval(leader.accuracy_low, leader.accuracy_high)}",
        ),
    ]
    found = crossover_in_rows(run, dataset)
    if found:
        figures.append(_from(found))
    sentences = _crossovers(run, dataset)
    best = {family: rows.iloc[0] for family, rows in board.groupby("family", sort=False) if family}
    if {"deep", "classical"} <= set(best):
        figure, told = _worth(best["deep"], best["classical"], pairs, apart)
        figures.append(figure)
        sentences += told
    elif len(board) > 1:
        gap = between(pairs, leader.variant, board.iloc[1].variant)
        sentences.append(Sentence(f"{leader.variant} is {_lead(gap)} ahead of {board.iloc[1].variant}.", "differences"))
    cost = _total(leader)
    figures.append(
        Figure(
            f"Cost of {leader.variant}",
            formats.duration(cost),
            f"search {formats.duration(leader.search_seconds)}, final fit {formats.duration(leader.fit_seconds)}; "
            f"one image {formats.number(leader.latency_ms)} ms",
        )
    )
    if ties:
        sentences.append(_hidden(run, dataset, pairs, leader.variant))
    if ties and not apart:
        sentences.append(_cheapest(board[board["variant"].isin([leader.variant, *ties])], leader.variant))
    sentences += _hard(run, dataset, leader.variant)
    sentences += _calibration(run, dataset, leader)
    return Verdict(headline, "" if ties else leader.variant, tuple(figures), (*sentences, *failed))


def _crossovers(run: Run, dataset: str) -> list[Sentence]:
    """Where deep learning passes classical, in training images and in compute; nothing where the run has one size."""
    told = []
    if found := crossover_in_rows(run, dataset):
        where = _place(found, lambda n: f"{n:,.0f} training images", lambda n: f"{float(f'{n:.2g}'):,.0f}")
        told.append(Sentence(f"Deep learning passes classical {where}.", "learning"))
    if found := crossover_in_compute(run, dataset):
        where = _place(found, lambda s: f"{s:,.0f} core-seconds", lambda s: f"{float(f'{s:.2g}'):,.0f}")
        told.append(Sentence(f"Against compute, search included, it passes {where}.", "compute"))
    return told


def _from(found: Crossover) -> Figure:
    """The size from which on deep learning pays, at a glance."""
    if found.at == float("inf"):
        value = "not here"
    else:
        value = ("≤ " if found.at <= found.first else "") + f"{float(f'{found.at:.2g}'):,.0f} images"
    low, high = _ends(found, lambda n: f"{float(f'{n:.2g}'):,.0f}")
    return Figure(
        "Deep learning pays from", value, f"95 % interval {low} to {high}" if low != high else f"in all resamples {low}"
    )


def _ends(found: Crossover, rounded: Callable[[float], str]) -> tuple[str, str]:
    return (
        f"{rounded(found.low)} or less" if found.low <= found.first else rounded(found.low),
        "beyond the data" if found.high == float("inf") else rounded(found.high),
    )


def _place(found: Crossover, whole: Callable[[float], str], rounded: Callable[[float], str]) -> str:
    """Where a crossover is, with its interval; `whole` writes a place with its unit, `rounded` a number alone."""
    share = f"{formats.percent(found.share, 0)}\u00a0% of the resamples"
    if found.at == float("inf"):
        return f"not within the data: at their end it is ahead in {share}"
    ends = _ends(found, rounded)
    # The places of compute are those of a few models: it may be the same one in nearly all resamples.
    span = "the same in nearly all resamples" if ends[0] == ends[1] else f"95\u00a0% interval {' to '.join(ends)}"
    sure = "" if found.high <= found.first else f" ({span}; ahead at the end in {share})"
    if found.at <= found.first:
        return f"already at the smallest, {whole(found.first)}{sure}"
    return f"at about {whole(float(f'{found.at:.2g}'))}{sure}"


def _total(row: Any) -> float:
    """Seconds of search and final fit; a search that was never recorded took none."""
    return float((0 if formats.absent(row.search_seconds) else row.search_seconds) + row.fit_seconds)


def _unsure(gap: Any) -> str:
    """Why a tie is one; its interval, which is that of one comparison alone, may yet leave out zero."""
    alone = gap["low"] > 0 or gap["high"] < 0
    return "not significant among so many comparisons" if alone else "within the uncertainty"


def _lead(gap: Any) -> str:
    points = f"{100 * gap['difference']:.2f} points ({formats.points(gap['low'])} to {formats.points(gap['high'])})"
    return points + (f", {_unsure(gap)}," if gap["tie"] else "")


def _worth(deep: Any, classical: Any, pairs: pd.DataFrame, apart: bool) -> tuple[Figure, list[Sentence]]:
    gap = between(pairs, deep.variant, classical.variant)
    range_ = f"{formats.points(gap['low'])} to {formats.points(gap['high'])}"
    points = formats.number(100 * abs(gap["difference"]))
    names = f"{deep.variant} against {classical.variant}"
    costs = _costs(deep, classical, apart)
    if gap["tie"]:
        label, answer = "Deep learning worth it?", "not shown"
        text = (
            f"Deep learning was not shown to be worth it here: {deep.variant} and {classical.variant}, the best "
            f"of each family, differ by {points} points ({range_}), {_unsure(gap)}."
        )
    elif gap["difference"] > 0:
        label, answer = "Deep learning buys", f"{formats.points(gap['difference'])} points"
        ratio = (1 - classical.accuracy) / max(1 - deep.accuracy, 1e-9)
        fewer = f"for each of its errors the latter makes {ratio:.1f}" if deep.accuracy < 1 else "it makes none"
        text = (
            f"Deep learning is the more accurate: {deep.variant} is {points} points ({range_}) "
            f"better than {classical.variant}, the best classical model; {fewer}."
        )
    else:
        label, answer = "Deep learning worth it?", "no"
        text = (
            f"Deep learning was not worth it here: {classical.variant} is {points} points better "
            f"than {deep.variant}, the best network."
        )
    note = f"{names}, 95 % interval {range_}"
    told = [Sentence(text, "differences")]
    if costs:
        told.append(Sentence(f"What it costs: {deep.variant} takes {costs} of {classical.variant}.", "cost"))
    return Figure(label, answer, note), told


def _costs(deep: Any, classical: Any, apart: bool) -> str:
    """The ratios of what two models cost; those of times are left out if they were not measured alike."""

    def ratio(a: float, b: float) -> str | None:
        return formats.times(a / b) if a > 0 and b > 0 else None

    parts = {
        "the time to search and fit": None if apart else ratio(_total(deep), _total(classical)),
        "the time to label one image": None if apart else ratio(deep.latency_ms, classical.latency_ms),
        "the model size": ratio(float(deep.model_bytes), float(classical.model_bytes)),
    }
    return _listed([f"{value} {what}" for what, value in parts.items() if value])


def _cheapest(tie: pd.DataFrame, leader: str) -> Sentence:
    cost = (tie["search_seconds"].fillna(0) + tie["fit_seconds"]).astype(float)
    fast, small = tie.loc[cost.idxmin()], tie.loc[tie["latency_ms"].astype(float).fillna(float("inf")).idxmin()]
    text = f"Within the tie, {fast.variant} is the cheapest to tune and fit ({formats.duration(cost.min())})"
    if fast.variant == small.variant:
        text += f" and the fastest to label one image ({formats.number(small.latency_ms)} ms)."
    else:
        text += f" and {small.variant} the fastest to label one image ({formats.number(small.latency_ms)} ms)."
    return Sentence(text, "cost")


def _hidden(run: Run, dataset: str, pairs: pd.DataFrame, leader: str) -> Sentence:
    least = pairs.loc[pairs["tie"] & (pairs["a"].eq(leader) | pairs["b"].eq(leader)), "detectable"].min()
    return Sentence(
        f"A tie is no proof of being equal: these {len(run.test(dataset)):,} test images would have shown a lead of "
        f"{formats.number(100 * least)} points or more in four of five cases, smaller ones mostly not.",
        "differences",
    )


def _calibration(run: Run, dataset: str, leader: Any) -> list[Sentence]:
    """A warning where the leader's confidence is off by a point or more, and not by chance."""
    found, error = calibration(run, dataset, leader.variant), leader.calibration_error
    if error < 0.01 or error <= found.by_chance:
        return []
    bins = found.bins
    confidence, accuracy = (
        float(np.average(bins[name], weights=bins["images"])) for name in ("confidence", "accuracy")
    )
    text = (
        f"{leader.variant} is {'overconfident' if confidence > accuracy else 'underconfident'}: its probabilities "
        f"are off by {formats.number(100 * error)} points on average ({formats.percent(confidence)}\u00a0% confident, "
        f"{formats.percent(accuracy)}\u00a0% right)."
    )
    return [Sentence(text, "calibration")]


def _hard(run: Run, dataset: str, leader: str) -> list[Sentence]:
    names, counts = [style.short(name, 40) for name in run.classes(dataset)], confusion_matrix(run, dataset, leader)
    table = per_class(counts)
    if counts.trace() == counts.sum():
        return [Sentence(f"{leader} made no error on the test images.", "confusion")]
    worst = table.loc[table["recall"].idxmin()]
    off = counts - counts * (table["label"].to_numpy()[:, None] == table["label"].to_numpy())
    true, predicted = divmod(int(off.argmax()), len(names))
    often = int(off[true, predicted])
    pair = (
        f"its most frequent error is {names[true]} taken for {names[predicted]} ({often:,} of {int(off.sum()):,} "
        "errors)"
        if often > 1
        else f"no confusion happens more than once among its {int(off.sum()):,} errors"
    )
    text = (
        f"Hardest for {leader} is class {names[int(worst['label'])]} (recall "
        f"{formats.percent(worst['recall'])}\u00a0%, precision {formats.percent(worst['precision'])}\u00a0%); {pair}."
    )
    return [Sentence(text, "classes")]


def _failed(board: pd.DataFrame) -> tuple[Sentence, ...]:
    told = []
    lost = board[board["accuracy"].isna()]
    if len(lost):
        words = _listed([f"{r.variant} ({r.status})" for r in lost.itertuples()])
        told.append(Sentence(f"Without a result: {words}.", "failures"))
    trials, failed = int(board["trials"].sum()), int(board["failed_trials"].sum())
    if failed:
        told.append(Sentence(f"{failed:,} of {trials:,} trials came to nothing; their reasons are listed.", "failures"))
    return tuple(told)


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""
