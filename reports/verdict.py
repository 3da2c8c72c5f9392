"""The verdict: a headline and a few sentences, each made by a rule from the numbers.

"Best" is the most accurate on the test images. Models are tied where the paired test between them, Holm-corrected for all
pairs, is not significant at 5 %. Two costs differ where their ranges (`reports.analysis.costs`) have nothing in common. The
rules, by the name that every `Sentence` carries:

| rule | holds where | says |
| --- | --- | --- |
| `network ahead` | the best network beats the best classical model | the errors of both, and the difference |
| `classical ahead` | the best classical model beats the best network | the same; that these networks were less accurate |
| `hardly trained` | the best network is not ahead, and the budget had room for less than an eighth of a full fit of a network | that the question is not answered |
| `tie` | the two are tied | the errors of both, the difference, and the lead that would have been found |
| `lead` | one family alone was run | the leader's distance to the second |
| `training time` | the final fits of the two were timed alike | both times, or that they cannot be told apart |
| `setting` | the ledger tells how far the searches came | who is tuned, lightly searched, or has its default setting |
| `not flattened` | the validation curve of a network had not flattened during its fit, or, where that had no rows to watch, during its longest trial | which network, and at how many levels of a study |
| `part of a fit` | the budget had room for less than a full fit | of whom, and how much |
| `over budget` | search and fit took more than 5 % and more than 2 s beyond the budget | who, and by how much |
| `ahead everywhere` | a study of sizes or budgets, the network ahead at each | from which level on that is confirmed |
| `crossover` | the network's lead is established from a level on, and was not there at all of the smaller ones | the bracket |
| `no crossover` | the classical model is established as better at the largest level | that none was seen |
| `not settled` | at the largest level neither is established as better | that nothing is claimed |
| `under corruption` | a study of corruptions is done | what the best of each family keep, on average over them, and the difference |
| `hardest corruption` | the same | under which corruption least is left, and of whom how much |
| `by corruption` | the same, both families were run, two corruptions or more | under how many each is ahead, after Holm |
| `repair` | what repair brings was studied | of the best of each family, what repair chosen by a detector brings back, what it costs on clean images, and whether the detector beats the most confident answer |
| `neighbours` | a study of structure is done | whose accuracy changes, beyond chance, where pixels are in another order, and by how much |
| `zero-shot` | a study of transfer is done, and the source knows the target's classes | what the source's best model, by validation on the source, labels rightly |
| `worth` | the same, some variant starts from the source | how many images of the target that is worth at the fewest, for the best of each family by validation; or that it is not established, or that it costs |
| `cheapest of the tied` | one of those tied at the top differs in cost from all others, below them | which, and its cost |
| `hardest class` | one class alone has the lowest recall, of the leader | which, its recall and precision |
| `most frequent error` | at most three confusions are equally frequent, and happen more than once | which, and how often |
| `no error` | the leader made none | that |
| `calibration` | the leader's confidence is off by a point or more, and not by chance | by how much |
| `without a result`, `failed trials` | there are any | which, how many |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.studies import STANDARD
from benchmarks.studies.structure import ANEW
from benchmarks.studies.structure import structure as study_of_structure
from reports import leaderboard
from reports.analysis.calibration import calibration
from reports.analysis.comparison import between, changed, compared, tied
from reports.analysis.confusion import confusion_matrix, per_class
from reports.analysis.costs import FIT, LATENCY, costs
from reports.analysis.crossover import Crossover, crossover_of
from reports.analysis.effort import FULL, SETTINGS, Effort, efforts
from reports.analysis.intervals import SIGNIFICANT
from reports.analysis.repair import CONFIDENT, Repaired, against, repaired
from reports.analysis.resources import RESOURCES, SIZES
from reports.analysis.robustness import Robustness, ahead, interval, robustness, unlike_training
from reports.analysis.transfer import AS_IT_IS, origins, transfer
from reports.drawing import formats, style
from reports.run import Run

WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
SMALL = 5_000_000  # parameters of a network that is called small
FROM_SCRATCH = {"cnn", "mlp"}  # estimators of which it is known that they start from random weights


@dataclass(frozen=True)
class Sentence:
    """A statement, the name of the exhibit that bears it out, and the rule that made it."""

    text: str
    source: str
    rule: str


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
    board = leaderboard.scores(run, dataset)
    pairs = compared(run, dataset, list(board["variant"]))
    title, failed = run.title(dataset), _failed(run, dataset)
    if board.empty:
        return Verdict(f"No estimator has been evaluated on {title}", sentences=failed)
    leader = board.iloc[0]
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
    best = {family: rows.iloc[0] for family, rows in board.groupby("family", sort=False) if family}
    known = efforts(run, dataset)
    known = {name: known[name] for name in board["variant"] if name in known}
    hardly: dict[str, Effort] = {}
    figures = [
        Figure(
            "Best accuracy",
            share,
            f"{leader.variant}, 95 % interval {formats.interval(leader.accuracy_low, leader.accuracy_high)}",
        ),
    ]
    sentences: list[Sentence] = []
    if {"deep", "classical"} <= set(best):
        gap = between(pairs, best["deep"].variant, best["classical"].variant)
        if gap["tie"] or gap["difference"] < 0:
            hardly = _hardly_trained(board, known)
        figures.append(_glance(gap, hardly))
        sentences += _worth(run, dataset, gap, hardly) + _training(run, dataset, gap)
    elif len(board) > 1:
        gap = between(pairs, leader.variant, board.iloc[1].variant)
        told = f"{_capital(leader.variant)} is {_difference(gap)} ahead of {gap['b']}" + (
            ", a tie." if gap["tie"] else "."
        )
        sentences.append(Sentence(told, "differences", "lead"))
    found = [crossover for resource in RESOURCES if (crossover := crossover_of(run, dataset, resource))]
    figures += map(_bracket, found)
    sentences += [_crossover(crossover) for crossover in found]
    under = [best[family].variant for family in ("deep", "classical") if family in best]
    under = [name for name in under if name not in hardly]
    if under and all(name in robustness(run, dataset) for name in under):
        sentences += _corrupted(run, dataset, under)
    sentences += [
        _repaired(name, own) for name, own in repaired(run, dataset).items() if name in under and own.lost > 0
    ]
    sentences += _reordered(run, dataset) + _sources(run, dataset)
    sentences += [Sentence(told, "tuning", "setting") for told in _settings(known)]
    if rising := [*_rising(known), *(told for crossover in found for told in _rising_at(run, dataset, crossover))]:
        sentences.append(Sentence(" ".join(rising), "tuning", "not flattened"))
    sentences += _beyond(known, hardly)
    figures.append(
        Figure(
            f"Cost of {leader.variant}",
            formats.duration(
                (0 if formats.absent(leader.search_seconds) else leader.search_seconds) + leader.fit_seconds
            ),
            f"search {formats.duration(leader.search_seconds)}, final fit {formats.duration(leader.fit_seconds)}; "
            f"one image {formats.number(leader.latency_ms)} ms",
        )
    )
    if ties and not run.not_comparable:
        sentences += _cheapest(run, dataset, [leader.variant, *ties])
    sentences += _hard(run, dataset, leader.variant)
    sentences += _calibration(run, dataset, leader)
    return Verdict(headline, "" if ties else leader.variant, tuple(figures), (*sentences, *failed))


def _hardly_trained(board: pd.DataFrame, known: dict[str, Effort]) -> dict[str, Effort]:
    """The networks that had too short a fit to tell what they can do."""
    networks = board.loc[board["family"] == "deep", "variant"]
    return {name: known[name] for name in networks if name in known and known[name].hardly_trained}


def _worth(run: Run, dataset: str, gap: dict[str, Any], hardly: dict[str, Effort]) -> list[Sentence]:
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
        f"{_errors(run, dataset, first)} errors on {images}"
        if seeds == {1}
        else f"{_errors(run, dataset, first)} errors on {images}, the mean of its seeds"
    )
    told = f"{_capital(first)} made {made}, {other} ({second}) {_errors(run, dataset, second)}"
    if gap["tie"]:
        alone = gap["low"] > 0 or gap["high"] < 0  # the interval is that of one comparison, the test of all pairs
        why = "not significant among so many comparisons" if alone else "within the uncertainty"
        shown = (
            "no lead at all would have been found."
            if gap["detectable"] >= 1
            else f"a lead of {_points(gap['detectable'])} points would have been found in four of five cases."
        )
        text = f"{told}: a difference of {_difference(gap, gap['difference'] < 0)}, {why}; {shown}"
        return [Sentence(text, "differences", "tie"), *_not_answered(hardly)]
    text = f"{told}: {_difference(gap, behind, ' fewer')}."
    if not behind:
        return [Sentence(text, "differences", "network ahead")]
    less = Sentence(f"The networks tried here{_kind(run, dataset)} were less accurate.", "layers", "classical ahead")
    return [Sentence(text, "differences", "classical ahead"), *(_not_answered(hardly) or [less])]


def _not_answered(hardly: dict[str, Effort]) -> list[Sentence]:
    if not hardly:
        return []
    text = f"The budget had no room to train {_short(hardly)}: whether deep learning is worth it is not answered."
    return [Sentence(text, "tuning", "hardly trained")]


def _kind(run: Run, dataset: str) -> str:
    """What all networks of a run have in common: " (small, trained from scratch)"."""
    board = leaderboard.scores(run, dataset)
    networks = board[board["family"] == "deep"]
    small = bool((networks["parameters"].fillna(SMALL + 1) <= SMALL).all())
    scratch = set(networks["estimator"]) <= FROM_SCRATCH and not set(networks["variant"]) & set(origins(run))
    kind = ", ".join([*(["small"] if small else []), *(["trained from scratch"] if scratch else [])])
    return f" ({kind})" if kind else ""


def _training(run: Run, dataset: str, gap: dict[str, Any]) -> list[Sentence]:
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


def _glance(gap: dict[str, Any], hardly: dict[str, Effort]) -> Figure:
    note = f"{gap['a']} against {gap['b']}, 95 % interval {formats.points(gap['low'])} to {formats.points(gap['high'])} points"
    if hardly:
        return Figure("Deep learning worth it?", "not answered", f"the budget had no room to train {_short(hardly)}")
    if gap["tie"]:
        return Figure("Deep learning worth it?", "not shown", note)
    if gap["difference"] > 0:
        return Figure("Deep learning buys", f"{formats.points(gap['difference'])} points", note)
    return Figure("The networks tried here", "less accurate", note)


def _rising(known: dict[str, Effort]) -> list[str]:
    """The networks that may still gain from training."""
    rising = [name for name, own in known.items() if own.flattened is False]
    if not rising:
        return []
    curve, training = ("curves", "their trainings") if len(rising) > 1 else ("curve", "its training")
    return [
        f"The validation {curve} of {_listed(rising)} had not flattened when {training} ended, so more training may still help."
    ]


def _beyond(known: dict[str, Effort], hardly: dict[str, Effort]) -> list[Sentence]:
    """What the budget had no room for, beside the networks that were hardly trained, and by whom it was exceeded."""
    told = []
    if short := {name: own for name, own in known.items() if own.fit_effort < FULL and name not in hardly}:
        text = f"The budget had no room for a full fit of {_short(short, 'one')}."
        told.append(Sentence(text, "tuning", "part of a fit"))
    if over := {name: own for name, own in known.items() if own.exceeded}:
        by = _listed([f"{name} by {formats.duration(own.exceeded)}" for name, own in over.items()])
        granted = formats.duration(next(iter(over.values())).granted)
        told.append(Sentence(f"The budget of {granted} was exceeded: {by}.", "tuning", "over budget"))
    return told


def _settings(known: dict[str, Effort]) -> list[str]:
    """Who is tuned, who was lightly searched, and who has its default setting; where seeds differ, how many of which."""
    groups: dict[str, list[str]] = {}
    for name, own in known.items():
        if own.setting:
            groups.setdefault(own.setting, []).append(name)
    if list(groups) == ["default"] and len(known) > 1:
        return ["All have their default settings: no other was shown to be better within the budget."]
    words = {"tuned": ("is tuned", "are tuned"), "lightly searched": ("was lightly searched", "were lightly searched")}
    words |= {"default": ("has its default setting", "have their default settings")}
    told = [
        f"{_listed(groups[setting])} {words[setting][len(groups[setting]) > 1]}"
        for setting in SETTINGS
        if setting in groups
    ]
    told += [f"the seeds of {_listed(names)} differ ({mixed})" for mixed, names in groups.items() if mixed not in words]
    return [f"{_capital('; '.join(told))}."] if told else []


def _short(known: dict[str, Effort], whole: str = "a full fit") -> str:
    """``cnn (37 % of a full fit) or mlp (…)``."""
    shares = [f"{name} ({max(1, int(100 * own.fit_effort))}\u00a0% of {whole})" for name, own in known.items()]
    return _listed(shares, "or")


def _rising_at(run: Run, dataset: str, found: Crossover) -> list[str]:
    """At how many levels of a study the curve of the network that was compared had not flattened."""
    there = {level: run.at(condition) for condition, level in run.levels(dataset, found.resource.name)}
    known = [(efforts(there[lead.level], dataset), lead.deep) for lead in found.leads]
    rising = sum(name in own and own[name].flattened is False for own, name in known)
    of = f"{_word(rising)} of {_word(len(known))} {found.resource.name}"
    return [f"The curve of the network that was compared had not flattened at {of}."] if rising else []


def _crossover(found: Crossover) -> Sentence:
    """Where deep learning passes classical, by the outcome of the study."""
    first, last = found.leads[0], found.leads[-1]
    resource = found.resource
    most = f"{resource.told(last.level, words=True)}, the most that {'were' if resource == SIZES else 'was'} tried"
    seeds = min(lead.seeds for lead in found.leads)
    cannot = f"{_word(seeds)} {'seed' if seeds == 1 else 'seeds'} cannot"
    below = [lead for lead in found.leads if found.by is None or lead.level < found.by]
    earlier = [f"{lead.level:,.10g}" for lead in below if lead.sign == 1]
    unsure = [f"{lead.level:,.10g}" for lead in below if lead.sign == 0]
    if found.outcome == "ahead everywhere":
        where = f"at {_listed(unsure)}" if earlier else f"below {resource.told(found.by or first.level)}"
        sure = f"{where} {cannot} confirm it" if below else "each lead is established"
        text = f"The best network was ahead at all {_word(len(found.leads))} {resource.name}; {sure}."
    elif found.outcome == "crossover" and found.by is not None and found.after is not None:
        before = next(lead for lead in found.leads if lead.level == found.after)
        text = (
            f"Between {found.after:,.10g} and {resource.told(found.by, words=True)} deep learning passes classical: at "
            f"{found.after:,.10g} {before.classical} is ahead, from {found.by:,.10g} on the best network."
        )
    elif found.outcome == "crossover" and found.by is not None:
        where = f"at {_listed(unsure)}" if earlier else "below"
        text = (
            f"From {resource.told(found.by, words=True)} on the best network is ahead; {where}, {cannot} tell who is."
        )
    elif found.outcome == "none seen":
        what = "lasting lead of a network" if earlier else "crossover"
        text = f"No {what} was seen: at {most}, {last.classical} is ahead of {last.deep}."
    else:
        text = f"At {most}, {cannot} tell who is ahead: no crossover is claimed."
    if earlier and found.outcome != "ahead everywhere":
        text += f" At {_listed(earlier)} the lead of the best network is established."
    behind = [f"{lead.level:,.10g}" for lead in found.leads if lead.sign == -1]
    if behind and found.outcome == "not settled":
        text += f" At {_listed(behind)} the lead of the best classical model is established."
    rule = {"none seen": "no crossover"}.get(found.outcome, found.outcome)
    return Sentence(text, "crossover" if resource == SIZES else "crossover_budgets", rule)


def _bracket(found: Crossover) -> Figure:
    """The levels between which deep learning becomes better, at a glance."""
    seeds, resource = min(lead.seeds for lead in found.leads), found.resource
    if found.by is None:
        value = "not seen" if found.outcome == "none seen" else "not settled"
    elif found.after is None:
        value = f"≤ {resource.told(found.by)}"
    else:
        value = f"{found.after:,.10g}–{resource.told(found.by)}"
    return Figure(
        "Deep learning pays from",
        value,
        f"best network against best classical model at {_word(len(found.leads))} {resource.name}, {_word(seeds)} "
        f"{'seed' if seeds == 1 else 'seeds'}",
    )


def _corrupted(run: Run, dataset: str, names: list[str]) -> list[Sentence]:
    """What corruption of the test images leaves of the best variant of each family, the network first."""
    own = {name: robustness(run, dataset)[name] for name in names}
    left = {name: {c: float(right.mean()) for c, right in o.right.items()} for name, o in own.items()}
    hard = {c: min(left[name][c] for name in names) for c in left[names[0]]}
    hardest = min(hard, key=lambda corruption: hard[corruption])
    shares = _listed([f"{name} {formats.percent(left[name][hardest], 1)}\u00a0%" for name in names])
    told = [
        Sentence(f"Hardest is {hardest.replace('_', ' ')}: it leaves {shares}.", "corruption", "hardest corruption")
    ]
    first, clean = _with_and_without(own[names[0]])
    over = f"Over {_word(len(hard))} corruption{'s' * (len(hard) != 1)} {names[0]} labels {first} rightly ({clean} of the same images "
    over += "without)"
    if len(names) == 1:
        return [Sentence(f"{over}.", "robustness", "under corruption"), *told]
    more, fewer = (_word(count) if count else "none" for count in ahead(own[names[0]], own[names[1]]))
    second, clean = _with_and_without(own[names[1]])
    other = f"{names[1]}, the best classical model, {second} ({clean} without)"
    text = f"{over}, {other}: {_under_corruption(run, dataset, own)}."
    told.insert(0, Sentence(text, "robustness", "under corruption"))
    if len(hard) > 1:
        text = f"The network is ahead under {more} of {_word(len(hard))}, the classical model under {fewer}."
        told.append(Sentence(text, "corruption", "by corruption"))
    return told


def _repaired(name: str, own: Repaired) -> Sentence:
    """What repair brings one variant, with the first of the detectors, and whether that beats the control."""
    arm = own.detectors[0]
    cost = float((own.clean(arm) - own.clean()).mean())
    gap, low, high = against(own, arm)
    raw, mean = (formats.percent(float(own.over(a).mean()), 1) for a in ("as it is", arm))
    count = len(own.corruptions)
    clean = "at no cost" if cost >= 0 else f"at a cost of {_points(-cost)} points"
    apart = "the difference is within the uncertainty"
    if not low <= 0 <= high:
        apart = f"{_points(abs(gap))} points {'less' if gap > 0 else 'more'} under corruption"
    text = (
        f"Detection and repair bring back {_share(own.back(arm))} of what {_word(count)} "
        f"corruption{'s' * (count != 1)} take from {name} ({raw} to {mean}\u00a0%), unseen before, {clean} on clean images; the most "
        f"confident answer of all repairs brings back {_share(own.back(CONFIDENT))}, {apart}."
    )
    return Sentence(text, "repair", "repair")


def _share(back: float) -> str:
    return f"{formats.percent(back, 0)}\u00a0%" if back > 0 else "nothing"


def _reordered(run: Run, dataset: str) -> list[Sentence]:
    """Who suffers where the pixels of all images are in another order, in the largest blocks that were tried."""
    blocks = [
        c
        for c in run.conditions
        if c.study == study_of_structure.name and c.level != ANEW and run.at(c).scored(dataset)
    ]
    if not blocks or STANDARD not in run.conditions:
        return []
    largest = max(blocks, key=lambda c: np.inf if c.value is None else c.value)
    table = changed(run, dataset, largest)
    where = "all pixels" if largest.value is None else f"the pixels of blocks of {largest.level} by {largest.level}"
    sure = table["p_holm"] < SIGNIFICANT
    told = [
        f"{row.variant} {'loses' if row.difference < 0 else 'gains'} {_points(abs(row.difference))} points"
        for row in table[sure].itertuples()
    ]
    if same := list(table.loc[~sure, "variant"]):
        told.append(f"no change beyond chance is seen of {_listed(same, 'or')}")
    text = f"With {where} in another order, in training and test images alike, {'; '.join(told)}."
    return [Sentence(text, "conditions", "neighbours")]


def _sources(run: Run, dataset: str) -> list[Sentence]:
    """What each source is worth, to the best of each family; chosen by validation, since the test part is for judging."""
    table, told = transfer(run, dataset), []
    for source, own in table[table["source"] != ""].groupby("source", sort=False) if len(table) else ():
        if len(ready := own[own["way"] == AS_IT_IS].sort_values("validation", kind="stable", na_position="first")):
            row = ready.iloc[-1]
            text = f"Without an image of {run.title(dataset)}, {row['variant']} labels {formats.percent(row['accuracy'])} % rightly."
            told.append(Sentence(text, "transfer", "zero-shot"))
        started = own[own["gain"].notna()]
        for _, rows in started.groupby("family", sort=False):
            here = rows[rows["per_class"] == rows["per_class"].min()]
            best = here.sort_values("validation", kind="stable", na_position="first").iloc[-1]
            same = rows[rows["variant"] == best["variant"]]
            told.append(Sentence(_worth_of(str(source), run.title(dataset), best, same), "transfer", "worth"))
    return told


def _worth_of(source: str, target: str, best: pd.Series, same: pd.DataFrame) -> str:
    """How many images of a target a source is worth to one variant with the fewest; `same` has that variant at every level."""
    few, points = f"{best['per_class']} images per class", _points(abs(best["gain"]))
    alone = f"{best['scratch']} from scratch"
    if best["p_holm"] >= SIGNIFICANT:
        return f"With {few}, {best['variant']} is not told apart from {alone}: no worth of {source} is established."
    if best["gain"] < 0:
        return (
            f"With {few}, {best['variant']} is {points} points worse than {alone}: {source} costs more than it gives."
        )
    sure = same[(same["p_holm"] < SIGNIFICANT) & (same["gain"] > 0)]
    last = int(sure["per_class"].max())
    until = f", and is ahead with up to {last:,} per class" if last > best["per_class"] else ""
    more = "more than " if best["worth_beyond"] else "about "
    return (
        f"To {best['scratch']}, {source} is worth {more}{formats.count(best['worth'])} images of {target}: with {few}, "
        f"{best['variant']} reaches {formats.percent(best['accuracy'])} %, {points} points more than from scratch{until}."
    )


def _with_and_without(own: Robustness) -> tuple[str, str]:
    """What is labelled rightly under corruption, and of the same images without."""
    mean, clean = (formats.percent(float(values.mean()), 1) for values in (own.over(), own.clean))
    return f"{mean}\u00a0%", f"{clean}\u00a0%"


def _under_corruption(run: Run, dataset: str, own: dict[str, Robustness]) -> str:
    """By how much the first of two is ahead over all corruptions, and over those unlike the training augmentation."""
    (first, one), (second, other) = own.items()
    shared = min(len(one.clean), len(other.clean))
    gap, low, high = interval(one.over()[:shared] - other.over()[:shared])
    if low <= 0 <= high:
        lead = f"a difference of {_points(abs(gap))} points ({_points(low)} to {_points(high)}), within the uncertainty"
    else:
        ahead_of, low, high = (first, low, high) if gap > 0 else (second, -high, -low)
        lead = f"{ahead_of} is {_points(abs(gap))} points ahead ({_points(low)} to {_points(high)})"
    unlike = unlike_training(run, dataset)
    if not 0 < len(unlike) < len(one.right):
        return lead
    rest = float((one.over(unlike)[:shared] - other.over(unlike)[:shared]).mean())
    return f"{lead}, {_points(rest if gap >= 0 else -rest)} without those that resemble a change of the training augmentation"


def _cheapest(run: Run, dataset: str, tie: list[str]) -> list[Sentence]:
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
    told = [f"{name} is {_listed(words)}" for name, words in parts.items()]
    return [Sentence(f"Of those tied at the top, {_listed(told)}.", "cost", "cheapest of the tied")] if told else []


def _ms(value: float) -> str:
    return f"{formats.number(value)} ms"


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
        f"{_capital(leader.variant)} is {'overconfident' if confidence > accuracy else 'underconfident'}: its probabilities "
        f"are off by {formats.number(100 * error)} points on average ({formats.percent(confidence)}\u00a0% confident, "
        f"{formats.percent(accuracy)}\u00a0% right)."
    )
    return [Sentence(text, "calibration", "calibration")]


def _hard(run: Run, dataset: str, leader: str) -> list[Sentence]:
    """The class and the confusion that cost the leader most, where it is one, or few."""
    names, counts = [style.short(name, 40) for name in run.classes(dataset)], confusion_matrix(run, dataset, leader)
    errors = int(counts.sum() - counts.trace())
    if not errors:
        return [Sentence(f"{_capital(leader)} made no error on the test images.", "confusion", "no error")]
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
        taken = _listed([f"{names[true]} taken for {names[predicted]}" for true, predicted in pairs])
        each, what, verb = ("each ", "errors", "are") if len(pairs) > 1 else ("", "error", "is")
        text = f"The most frequent {what} of {leader} {verb} {taken} ({each}{often:,} of {errors:,})."
        told.append(Sentence(text, "confusion", "most frequent error"))
    return told


def _failed(run: Run, dataset: str) -> tuple[Sentence, ...]:
    """What has no result, and how many trials came to nothing."""
    board, told = leaderboard.frame(run), []
    lost = board[(board["dataset"] == dataset) & board["accuracy"].isna()]
    if len(lost):
        words = _listed([f"{r.variant} ({r.status})" for r in lost.itertuples()])
        told.append(Sentence(f"Without a result: {words}.", "failures", "without a result"))
    status = run.trials.loc[run.trials["dataset"] == dataset, "status"]
    ran, failed = int((status != "skipped").sum()), int((~status.isin(["ok", "skipped"])).sum())
    if failed:
        text = f"{failed:,} of {ran:,} trials came to nothing; their reasons are listed."
        told.append(Sentence(text, "failures", "failed trials"))
    return tuple(told)


def _errors(run: Run, dataset: str, variant: str) -> str:
    """How many test images were labelled wrongly: a count, or its mean over seeds."""
    wrong = float((~run.correct(dataset, variant)).sum(axis=1).mean())
    return formats.count(wrong) if wrong == round(wrong) else formats.number(wrong, 1)


def _difference(gap: dict[str, Any], turned: bool = False, word: str = "") -> str:
    """``0.28 points (0.12 to 0.44)``, with a word behind "points"; `turned` gives that of `b` less that of `a`."""
    low, high = (-gap["high"], -gap["low"]) if turned else (gap["low"], gap["high"])
    return f"{_points(abs(gap['difference']))} points{word} ({_points(low)} to {_points(high)})"


def _points(share: float) -> str:
    return f"{100 * share:.2f}".replace("-", "−")


def _word(number: int) -> str:
    return WORDS[number] if number < len(WORDS) else str(number)


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _listed(words: list[str], last: str = "and") -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}" if words else ""
