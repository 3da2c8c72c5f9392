"""The data set's passport: what it is, and what the checks of it found."""

from __future__ import annotations

import pandas as pd

from reports.drawing import formats
from reports.drawing.formats import TEXT
from reports.exhibits.exhibit import Exhibit
from reports.run import Run

DUPLICATES = {
    "within_train": "duplicates within the training images",
    "within_test": "duplicates within the test images",
    "across": "test images that are also training images",
    "conflicting_labels": "identical images with different labels",
}


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
    for key, words in DUPLICATES.items():
        if key in passport.get("duplicates", {}):
            facts[words] = formats.count(passport["duplicates"][key])
    facts |= {key: passport.get(key) for key in ("framing", "homepage", "licence", "fingerprint")}
    return pd.DataFrame([(k, str(v)) for k, v in facts.items() if v], columns=["fact", "value"])


passport = Exhibit(
    name="passport",
    title="Passport",
    group="data",
    lead="What the data set is, and what the checks found. An image that occurs twice, or with two labels, makes "
    "scores look better or worse than they are.",
    frame=frame,
    empty="The data set has no passport yet.",
    columns={"fact": TEXT, "value": TEXT},
)
