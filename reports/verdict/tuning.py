"""How far each was searched and trained, and what the budget had no room for."""

from __future__ import annotations

import pandas as pd

from reports.analysis.crossover import Crossover
from reports.analysis.effort import FULL, SETTINGS, Effort, efforts
from reports.drawing import formats
from reports.run import Run
from reports.verdict.words import Sentence, capitalised, listed, number_word


def hardly_trained(board: pd.DataFrame, known: dict[str, Effort]) -> dict[str, Effort]:
    """The networks that had too short a fit to tell what they can do."""
    networks = board.loc[board["family"] == "deep", "variant"]
    return {name: known[name] for name in networks if name in known and known[name].hardly_trained}


def rising(known: dict[str, Effort]) -> list[str]:
    """The networks that may still gain from training."""
    rising = [name for name, own in known.items() if own.flattened is False]
    if not rising:
        return []
    curve, training = ("curves", "their trainings") if len(rising) > 1 else ("curve", "its training")
    return [
        f"The validation {curve} of {listed(rising)} had not flattened when {training} ended, so more training may still help."
    ]


def beyond(known: dict[str, Effort], hardly: dict[str, Effort]) -> list[Sentence]:
    """What the budget had no room for, beside the networks that were hardly trained, and by whom it was exceeded."""
    told = []
    if short := {name: own for name, own in known.items() if own.fit_effort < FULL and name not in hardly}:
        text = f"The plan for the budget had no room for a full fit of {short_fits(short, 'one')}."
        told.append(Sentence(text, "tuning", "part of a fit"))
    if over := {name: own for name, own in known.items() if own.exceeded}:
        by = listed([f"{name} by {_excess(own)}" for name, own in over.items()])
        granted = formats.duration(next(iter(over.values())).granted)
        told.append(Sentence(f"The budget of {granted} was exceeded: {by}.", "tuning", "over budget"))
    return told


def _excess(own: Effort) -> str:
    """``12.5 s``; with several seeds, whose costs are told as means, ``up to 12.5 s in 2 of 3 seeds``."""
    most = formats.duration(own.exceeded)
    return most if own.seeds == 1 else f"up to {most} in {own.exceeding} of {own.seeds} seeds"


def settings(known: dict[str, Effort]) -> list[str]:
    """Who is tuned, who was lightly searched, and who has its default setting; where seeds differ, how many of which."""
    groups: dict[str, list[str]] = {}
    for name, own in known.items():
        if own.setting:
            groups.setdefault(own.setting, []).append(name)
    if list(groups) == ["default"] and all(own.settings <= 1 for own in known.values()):
        return ["Nothing was searched: every model has the setting that it started with."]
    if list(groups) == ["default"] and len(known) > 1:
        return ["All have their default settings: no other was shown to be better within the budget."]
    words = {"tuned": ("is tuned", "are tuned"), "lightly searched": ("was lightly searched", "were lightly searched")}
    words |= {"default": ("has its default setting", "have their default settings")}
    told = [
        f"{listed(groups[setting])} {words[setting][len(groups[setting]) > 1]}"
        for setting in SETTINGS
        if setting in groups
    ]
    told += [f"the seeds of {listed(names)} differ ({mixed})" for mixed, names in groups.items() if mixed not in words]
    return [f"{capitalised('; '.join(told))}."] if told else []


def short_fits(known: dict[str, Effort], whole: str = "a full fit") -> str:
    """``cnn (37 % of a full fit) or mlp (…)``."""
    shares = [f"{name} ({max(1, int(100 * own.fit_effort))}\u00a0% of {whole})" for name, own in known.items()]
    return listed(shares, "or")


def rising_at(run: Run, dataset: str, found: Crossover) -> list[str]:
    """At how many levels of a study the curve of the network that was compared had not flattened."""
    there = {level: run.at(condition) for condition, level in run.levels(dataset, found.resource.name)}
    known = [(efforts(there[lead.level], dataset), lead.deep) for lead in found.leads]
    rising = sum(name in own and own[name].flattened is False for own, name in known)
    of = f"{number_word(rising)} of {number_word(len(known))} {found.resource.name}"
    return [f"The curve of the network that was compared had not flattened at {of}."] if rising else []
