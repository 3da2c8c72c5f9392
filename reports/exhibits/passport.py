"""The data set's passport: what it is, and what the checks of it found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from benchmarks.data.near import LEAST_SIDE
from reports.drawing import formats
from reports.drawing.formats import TEXT
from reports.exhibits.exhibit import Exhibit
from reports.leaderboard import scores
from reports.run import Run

DUPLICATES = {
    "within_train": "duplicates within the training images",
    "within_test": "duplicates within the test images",
    "across": "test images that are also training images",
    "conflicting_labels": "identical images with different labels",
}
NEAR = {
    "within_train": "training images with a near duplicate among them",
    "within_test": "test images with a near duplicate among them",
    "across": "test images with a near duplicate among the training images",
    "conflicting_labels": "near duplicates with different labels",
}
NAMED = 3  # pairs in a line


def frame(run: Run, dataset: str) -> pd.DataFrame:
    """One row per fact: ``fact, value``."""
    passport = run.passports.get(dataset)
    if not passport:
        return pd.DataFrame()
    facts: dict[str, object] = {
        "data set": run.title(dataset),
        "training images": formats.count(passport.get("train")),
        "test images": formats.count(passport.get("test")),
        "size of an image": " × ".join(map(str, passport.get("image", []))),
        "classes": f"{len(run.classes(dataset))}: {', '.join(run.classes(dataset))}",
    }
    if groups := passport.get("groups"):
        facts["images that stay together"] = f"{groups['by']}: {formats.count(groups['train'])} groups for training"
    pairs = passport.get("pairs", {})
    which = {
        "within_train": pairs.get("equal"),
        "across": pairs.get("across"),
        "conflicting_labels": pairs.get("conflicting"),
    }
    facts |= _counted(passport.get("duplicates", {}), DUPLICATES, which)
    if "near_duplicates" in passport:
        near = passport["near_duplicates"]
        if near is None:
            facts["near duplicates"] = (
                f"not counted: images of less than {LEAST_SIDE} pixels are too small"
                if min(passport.get("image", [LEAST_SIDE])[:2]) < LEAST_SIDE
                else "not counted: so many images are alike that a copy does not stand out"
            )
        else:
            which = {
                "within_train": pairs.get("near"),
                "across": pairs.get("near_across"),
                "conflicting_labels": pairs.get("near_conflicting"),
            }
            facts |= _counted(near, NEAR, which)
    facts |= _effect(run, dataset, passport.get("known") or [])
    facts |= {
        "framing": passport.get("framing"),
        "comes from": passport.get("homepage"),
        "licence": passport.get("licence"),
        "fingerprint": passport.get("fingerprint"),
    }
    return pd.DataFrame([(k, str(v)) for k, v in facts.items() if v], columns=["fact", "value"])


def _counted(
    counts: Mapping[str, int | None], words: Mapping[str, str], which: Mapping[str, Sequence[Sequence[str]] | None]
) -> dict[str, object]:
    """The counts there are, with some of what is counted."""
    return {
        words[key]: ": ".join(filter(None, [formats.count(counts[key]), _some(which.get(key) or ())]))
        for key in words
        if key in counts
    }


def _some(pairs: Sequence[Sequence[str]]) -> str:
    """Pairs of images with their classes, where those differ."""
    shown = [
        f"{one} and {other}" if label == wrong else f"{one} ({label}) and {other} ({wrong})"
        for one, label, other, wrong in pairs[:NAMED]
    ]
    return "; ".join(shown) + ("; …" if len(pairs) > NAMED else "")


def _effect(run: Run, dataset: str, known: Sequence[int]) -> dict[str, object]:
    """What the test images that are among the training images, or nearly, do to the accuracy of the leader."""
    board = scores(run, dataset)
    if board.empty or not known:
        return {}
    leader = str(board["variant"].iloc[0])
    right = run.correct(dataset, leader)
    others = np.delete(right, known, axis=1)
    if not others.size:
        return {}
    without, every = (formats.percent(part.mean()) for part in (others, right))
    return {
        f"accuracy of {leader} without test images that are training images, or nearly": (
            f"{without} % of the other {formats.count(others.shape[1])}, {every} % of all {formats.count(right.shape[1])}"
        )
    }


passport = Exhibit(
    name="passport",
    title="Passport",
    group="data",
    lead="What the data set is, and what the checks found. An image that occurs twice, or with two labels, makes "
    "scores look better or worse than they are. Near duplicates are one picture in another size, format or brightness.",
    frame=frame,
    empty="The data set has no passport yet.",
    columns={"fact": TEXT, "value": TEXT},
)
