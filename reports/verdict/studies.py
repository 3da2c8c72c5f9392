"""What the studies come to: sizes and budgets, corruption and repair, the order of pixels, transfer."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from benchmarks.studies import STANDARD, Condition
from benchmarks.studies.cleaning import cleaning as study_of_cleaning
from benchmarks.studies.cleaning import parse as parse_cleaning
from benchmarks.studies.label_noise import JUMBLED
from benchmarks.studies.label_noise import clean as is_clean
from benchmarks.studies.label_noise import label_noise as study_of_noise
from benchmarks.studies.label_noise import parse as parse_noise
from benchmarks.studies.structure import ANEW
from benchmarks.studies.structure import structure as study_of_structure
from reports.analysis.comparison import changed, holm
from reports.analysis.crossover import Crossover
from reports.analysis.effort import efforts
from reports.analysis.intervals import SIGNIFICANT
from reports.analysis.repair import CONFIDENT, Repaired, against
from reports.analysis.resources import SIZES
from reports.analysis.robustness import Robustness, ahead, interval, robustness, unlike_training
from reports.analysis.transfer import AS_IT_IS, transfer
from reports.drawing import formats
from reports.leaderboard import scores
from reports.run import Run
from reports.verdict.words import Figure, Sentence, capitalised, in_points, listed, number_word

LEVELS = 4  # of a study that a sentence tells
UNEQUAL = 1.1  # times the length of another fit: of more than that, the length may be why two differ


def passing(found: Crossover) -> Sentence:
    """Where deep learning passes classical, by the outcome of the study."""
    first, last = found.leads[0], found.leads[-1]
    resource = found.resource
    most = f"{resource.told(last.level, words=True)}, the most that {'were' if resource == SIZES else 'was'} tried"
    seeds = min(lead.seeds for lead in found.leads)
    cannot = f"{number_word(seeds)} {'seed' if seeds == 1 else 'seeds'} cannot"
    in_general = " in general" if seeds == 1 else ""  # the leader with that seed is told above
    below = [lead for lead in found.leads if found.by is None or lead.level < found.by]
    earlier = [f"{lead.level:,.10g}" for lead in below if lead.sign == 1]
    unsure = [f"{lead.level:,.10g}" for lead in below if lead.sign == 0]
    if found.outcome == "ahead everywhere":
        where = f"at {listed(unsure)}" if earlier else f"below {resource.told(found.by or first.level)}"
        sure = f"{where} {cannot} confirm it" if below else "each lead is established"
        text = f"The best network was ahead at all {number_word(len(found.leads))} {resource.name}; {sure}."
    elif found.outcome == "crossover" and found.by is not None and found.after is not None:
        before = next(lead for lead in found.leads if lead.level == found.after)
        text = (
            f"Between {found.after:,.10g} and {resource.told(found.by, words=True)} deep learning passes classical: at "
            f"{found.after:,.10g} {before.classical} is ahead, from {found.by:,.10g} on the best network."
        )
    elif found.outcome == "crossover" and found.by is not None:
        where = f"at {listed(unsure)}" if earlier else "below"
        text = f"From {resource.told(found.by, words=True)} on the best network is ahead; {where}, {cannot} tell who is{in_general}."
    elif found.outcome == "none seen":
        what = "lasting lead of a network" if earlier else "crossover"
        text = f"No {what} was seen: at {most}, {last.classical} is ahead of {last.deep}."
    else:
        text = f"At {most}, {cannot} tell who is ahead{in_general}: no crossover is claimed."
    if earlier and found.outcome != "ahead everywhere":
        text += f" At {listed(earlier)} the lead of the best network is established."
    behind = [f"{lead.level:,.10g}" for lead in found.leads if lead.sign == -1]
    if behind and found.outcome == "not settled":
        text += f" At {listed(behind)} the lead of the best classical model is established."
    rule = {"none seen": "no crossover"}.get(found.outcome, found.outcome)
    return Sentence(text, "crossover" if resource == SIZES else "crossover_budgets", rule)


def bracket(found: Crossover) -> Figure:
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
        f"best network against best classical model at {number_word(len(found.leads))} {resource.name}, {number_word(seeds)} "
        f"{'seed' if seeds == 1 else 'seeds'}",
    )


def corrupted(run: Run, dataset: str, names: list[str]) -> list[Sentence]:
    """What corruption of the test images leaves of the best variant of each family, the network first."""
    own = {name: robustness(run, dataset)[name] for name in names}
    left = {name: {c: float(right.mean()) for c, right in o.right.items()} for name, o in own.items()}
    hardest = {name: min(left[name], key=lambda corruption: left[name][corruption]) for name in names}
    told = [Sentence(_hardest(hardest, left), "corruption", "hardest corruption")]
    count = len(own[names[0]].right)
    first, clean = _with_and_without(own[names[0]])
    over = f"Over {number_word(count)} corruption{'s' * (count != 1)} {names[0]} labels {first} rightly ({clean} of the same images "
    over += "without)"
    if len(names) == 1:
        return [Sentence(f"{over}.", "robustness", "under corruption"), *told]
    more, fewer = (number_word(count) if count else "none" for count in ahead(own[names[0]], own[names[1]]))
    second, clean = _with_and_without(own[names[1]])
    other = f"{names[1]}, the best classical model, {second} ({clean} without)"
    text = f"{over}, {other}: {_under_corruption(run, dataset, own)}."
    told.insert(0, Sentence(text, "robustness", "under corruption"))
    if count > 1:
        text = f"Under single corruptions the network's lead is established for {more} of them, that of the classical model for {fewer}; "
        text += "the other differences may be chance."
        told.append(Sentence(text, "corruption", "by corruption"))
    return told


def _hardest(hardest: dict[str, str], left: dict[str, dict[str, float]]) -> str:
    """What is hardest for each, and what it leaves."""
    shares = {name: f"{formats.percent(left[name][corruption], 1)}\u00a0%" for name, corruption in hardest.items()}
    words = {name: corruption.replace("_", " ") for name, corruption in hardest.items()}
    if len(set(hardest.values())) == 1:
        (what,) = set(words.values())
        return f"Hardest is {what}: it leaves {listed([f'{name} {share}' for name, share in shares.items()])}."
    verbs = ["is ", *[""] * (len(shares) - 1)]
    each = [
        f"for {name} {verb}{words[name]}, which leaves {shares[name]}" for name, verb in zip(shares, verbs, strict=True)
    ]
    return f"Hardest {', and '.join(each)}."


def repair(name: str, own: Repaired) -> Sentence:
    """What repair brings one variant with each of the detectors, and whether that beats the control."""
    first, *others = own.detectors
    cost = max(float((own.clean() - own.clean(arm)).mean()) for arm in own.detectors)
    raw, mean = (formats.percent(float(own.over(a).mean()), 1) for a in ("as it is", first))
    count = len(own.corruptions)
    clean = f"at a cost of {'up to ' * bool(others)}{in_points(cost)} points" if cost > 0 else "at no cost"
    also = "".join(f", {_share(own.back(arm))} with the detector {arm}" for arm in others)
    whose = f" with the detector {first}" * bool(others)
    beside = listed([_beside(own, arm, f" than with {arm}" * bool(others)) for arm in own.detectors])
    text = (
        f"Detection and repair bring back {_share(own.back(first))} of what {number_word(count)} "
        f"corruption{'s' * (count != 1)} take from {name} ({raw} to {mean}\u00a0%{whose}){also}, unseen before, {clean} on clean images; "
        f"the most confident answer of all repairs brings back {_share(own.back(CONFIDENT))}, {beside}."
    )
    return Sentence(text, "repair", "repair")


def _beside(own: Repaired, arm: str, than: str) -> str:
    """How much more or less the control leaves under corruption than a detector does."""
    gap, low, high = against(own, arm)
    if low <= 0 <= high:
        return f"the difference{than.replace(' than', '')} is within the uncertainty"
    return f"{in_points(abs(gap))} points {'less' if gap > 0 else 'more'} under corruption{than}"


def _share(back: float) -> str:
    return f"{formats.percent(back, 0)}\u00a0%" if back > 0 else "nothing"


def reordered(run: Run, dataset: str) -> list[Sentence]:
    """Who suffers where the pixels of all images are in another order, in the largest blocks that were tried."""
    blocks = [
        c
        for c in run.conditions
        if c.study == study_of_structure.name and c.level != ANEW and run.at(c).scored(dataset)
    ]
    if not blocks or STANDARD not in run.conditions:
        return []
    # An image is in one block where blocks are larger.
    longest = max(run.test(dataset).X.shape[1:3])
    sides = {c: np.inf if c.value is None or c.value >= longest else c.value for c in blocks}
    largest = max(blocks, key=lambda c: (sides[c], c.value is None))
    table = changed(run, dataset, largest)
    where = "all pixels" if sides[largest] == np.inf else f"the pixels of blocks of {largest.level} by {largest.level}"
    text = f"With {where} in another order, in training and test images alike, {_who_changed(table)}."
    text += _lengths(run, dataset, [STANDARD, largest], table["variant"])
    return [Sentence(text, "conditions", "neighbours")]


def _who_changed(table: pd.DataFrame) -> str:
    """``cnn loses 7.02 points; no change beyond chance is seen of svm``."""
    sure = table["p_holm"] < SIGNIFICANT
    told = [
        f"{row.variant} {'loses' if row.difference < 0 else 'gains'} {in_points(abs(row.difference))} points"
        for row in table[sure].itertuples()
    ]
    if same := list(table.loc[~sure, "variant"]):
        told.append(f"no change beyond chance is seen of {listed(same, 'or')}")
    return "; ".join(told)


def _lengths(run: Run, dataset: str, conditions: list[Condition], names: Iterable[str]) -> str:
    """`` The budget had room for …``: of those whose fits were of another length under these conditions, the shares of a full one.

    That alone changes an accuracy, or hides a change.
    """
    found, told = [efforts(run.at(c), dataset) for c in conditions], []
    for name in names:
        shares = [lengths[name].fit_effort for lengths in found if name in lengths]
        if shares and max(shares) > UNEQUAL * min(shares):
            told.append(f"{name} ({' and '.join(formats.percent(share, 0) for share in shares)}\u00a0%)")
    if not told:
        return ""
    return f" The budget had room for different shares of a full fit, which can make a difference or hide one, of {listed(told)}."


def cleaned(run: Run, dataset: str) -> list[Sentence]:
    """What removing and relabelling the suspects changes, with the labels as they are and with each planted noise."""
    there = {str(c.level): c for c in run.conditions if c.study == study_of_cleaning.name and run.at(c).scored(dataset)}
    if STANDARD in run.conditions and run.at(STANDARD).scored(dataset):
        there[""] = STANDARD
    tables = {}
    for level, condition in there.items():
        noise, action = parse_cleaning(level) if level else ("", "")
        if action and noise in there:
            tables[level] = changed(run, dataset, condition, there[noise])
    if not tables:
        return []
    both = pd.concat(tables, names=["level"])
    both["p_holm"] = holm(both["p"].to_numpy(float))  # of all variants and treatments
    told = []
    for level, rows in both.groupby("level", sort=False):
        noise, action = parse_cleaning(level)
        text = f"{capitalised(_noise(noise))} and the suspects {action}, {_who_changed(rows)}."
        text += _lengths(run, dataset, [there[noise], there[str(level)]], rows["variant"])
        told.append(Sentence(text, "conditions", "suspects"))
    return told


def wrong_labels(run: Run, dataset: str) -> list[Sentence]:
    """What wrong training labels leave of the best of each family, level by level."""
    found = [c for c in run.conditions if c.study == study_of_noise.name]
    levels = [c for c in ([STANDARD] if STANDARD in run.conditions else []) + found if run.at(c).scored(dataset)]
    if not set(found) & set(levels):
        return []
    parts, named = [], dict[str, None]()
    for condition in levels[:LEVELS]:
        board = scores(run.at(condition), dataset)
        best = [rows.iloc[0] for family in ("deep", "classical") if len(rows := board[board["family"] == family])]
        right = [f"{row.variant} {formats.percent(row.accuracy)}\u00a0%" for row in best]
        named |= dict.fromkeys(str(row.variant) for row in best)
        parts.append(f"{_noise('' if condition.is_standard else str(condition.level))}, {listed(right)}")
    families = {"deep": "network", "classical": "classical model"}
    known = set(scores(run.at(levels[0]), dataset)["family"])
    who = listed([f"the best {word}" for family, word in families.items() if family in known])
    more = f"; {number_word(len(levels) - LEVELS)} more levels are in the table" if len(levels) > LEVELS else ""
    reach = "reach" if len(families.keys() & known) > 1 else "reaches"
    text = f"On the test images, whose labels are as they were, {who} {reach}: {'; '.join(filter(None, parts))}{more}."
    text += _lengths(run, dataset, levels[:LEVELS], named)
    return [Sentence(text, "conditions", "wrong labels")]


def _noise(level: str) -> str:
    """``with 20 % of the training labels wrong (symmetric)``; the level "" plants none."""
    if not level:
        return "with the labels as they are"
    kind, share = parse_noise(level)
    if kind in JUMBLED:
        among = "all classes" if JUMBLED[kind] == "all" else "the wrong classes"
        return f"with all training labels drawn anew among {among}"
    checked = ", those of validation rows right" if is_clean(level) else ""
    return f"with {round(100 * share)}\u00a0% of the training labels wrong ({kind}{checked})"


def sources(run: Run, dataset: str) -> list[Sentence]:
    """What each source is worth, to the best of each family; chosen by validation, since the test part is for judging."""
    table, told = transfer(run, dataset), []
    for source, own in table[table["source"] != ""].groupby("source", sort=False) if len(table) else ():
        if len(ready := own[own["way"] == AS_IT_IS]):
            right = ready.set_index("variant")["accuracy"]
            best = [_most_valid(rows) for _, rows in ready.groupby("family", sort=False)]
            reached = listed([f"{name} labels {formats.percent(right[name])} %" for name in best])
            text = f"Without learning from an image of {run.title(dataset)}, {reached} rightly."
            told.append(Sentence(text, "transfer", "zero-shot"))
        started = own[own["gain"].notna()]
        for _, rows in started.groupby("family", sort=False):
            same = rows[rows["variant"] == _most_valid(rows)].sort_values("per_class")
            text = _worth_of(str(source), run.title(dataset), same.iloc[0], same) + _unequal(same)
            told.append(Sentence(text, "transfer", "worth"))
    return told


def _most_valid(rows: pd.DataFrame) -> str:
    """The variant with the best validation over all levels: with ten images per class few rows are left to score with."""
    means = rows.groupby("variant", sort=False)["validation"].mean()
    return str(means.index[0] if means.isna().all() else means.idxmax())


def _worth_of(source: str, target: str, best: pd.Series, same: pd.DataFrame) -> str:
    """How many images of a target a source is worth to one variant with the fewest; `same` has that variant at every level."""
    few, points = f"{best['per_class']} images per class", in_points(abs(best["gain"]))
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
    reached = f"{best['variant']} reaches {formats.percent(best['accuracy'])} %, {points} points more than from scratch{until}"
    return f"To {best['scratch']}, {source} is worth {_images(best)} of {target}: with {few}, {reached}."


def _images(best: pd.Series) -> str:
    """``about 610 images (390 to 1,200)``, by the interval of the accuracy that they are read off for."""
    low, high = (formats.count(max(0.0, best[end])) for end in ("worth_low", "worth_high"))
    if best["worth_beyond"]:
        return f"more than {formats.count(best['worth'])} images" + f" ({low} at least)" * (not best["low_beyond"])
    return f"about {formats.count(best['worth'])} images ({low} to {'more than ' * bool(best['high_beyond'])}{high})"


def _unequal(same: pd.DataFrame) -> str:
    """A sentence where fits with and without a source were of another length, since that alone changes an accuracy."""
    both = same[["effort", "scratch_effort"]]
    other = same[both.max(axis=1) > UNEQUAL * both.min(axis=1)]
    if other.empty:
        return ""
    row = other.iloc[-1]
    shares = f"{formats.percent(row['effort'], 0)} and {formats.percent(row['scratch_effort'], 0)}\u00a0%"
    return (
        f" The budget had room for other shares of a full fit with the source and without ({shares} with {row['per_class']} per class), "
        "which may be part of it."
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
        lead = f"a difference of {in_points(abs(gap))} points ({in_points(low)} to {in_points(high)}), within the uncertainty"
    else:
        ahead_of, low, high = (first, low, high) if gap > 0 else (second, -high, -low)
        lead = f"{ahead_of} is {in_points(abs(gap))} points ahead ({in_points(low)} to {in_points(high)})"
    unlike = unlike_training(run, dataset)
    if not 0 < len(unlike) < len(one.right):
        return lead
    rest = float((one.over(unlike)[:shared] - other.over(unlike)[:shared]).mean())
    return f"{lead}, {in_points(rest if gap >= 0 else -rest)} without those that resemble a change of the training augmentation"
