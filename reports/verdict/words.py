"""`Sentence` and `Figure`, and the words that they are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reports.drawing import formats
from reports.run import Run

WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


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


def errors_of(run: Run, dataset: str, variant: str) -> str:
    """How many test images were labelled wrongly: a count, or its mean over seeds."""
    wrong = float((~run.correct(dataset, variant)).sum(axis=1).mean())
    return formats.count(wrong) if wrong == round(wrong) else formats.number(wrong, 1)


def told_difference(gap: dict[str, Any], turned: bool = False, word: str = "") -> str:
    """``0.28 points (0.12 to 0.44)``, with a word behind "points"; `turned` gives that of `b` less that of `a`."""
    low, high = (-gap["high"], -gap["low"]) if turned else (gap["low"], gap["high"])
    return f"{in_points(abs(gap['difference']))} points{word} ({in_points(low)} to {in_points(high)})"


def in_points(share: float) -> str:
    """``0.28`` for a share of 0.0028."""
    return f"{100 * share:.2f}".replace("-", "−")


def number_word(number: int) -> str:
    """``seven``; figures above ten."""
    return WORDS[number] if number < len(WORDS) else str(number)


def capitalised(name: str) -> str:
    """The name at the start of a sentence."""
    return name[:1].upper() + name[1:]


def listed(words: list[str], last: str = "and") -> str:
    """``svm, mlp and cnn``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}" if words else ""
