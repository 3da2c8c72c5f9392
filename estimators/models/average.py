"""`Average`: the weighted mean of the probabilities of fitted models."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from estimators.models.describe import Description, describe
from estimators.models.saving import load, read_facts, save

FILE = "members.json"
MOST = 1_000  # members


@dataclass(frozen=True)
class Member:
    """A fitted model of a mean.

    Parameters
    ----------
    name : what it is called.
    weight : how often it counts.
    model : what predicts.
    facts : what the ``model.json`` of its own folder tells.
    """

    name: str
    weight: int
    model: Any
    facts: dict[str, Any] = field(default_factory=dict)


class Average(ClassifierMixin, BaseEstimator):
    """The mean of the probabilities of fitted models, each counted as often as its weight says.

    It is not fitted: `of` makes one.
    """

    def fit(self, X: NDArray[np.uint8], y: NDArray[np.int64]) -> Average:
        """Refused.

        Raises
        ------
        ValueError : always; see `of`.
        """
        raise ValueError("an ensemble is the mean of models that a run has fitted, and learns nothing itself")

    @classmethod
    def of(cls, members: Sequence[Member]) -> Average:
        """The mean of these.

        Raises
        ------
        ValueError : there are none, a weight is none, or they know different classes.
        """
        if not members or any(member.weight < 1 for member in members):
            raise ValueError("an ensemble has one member or more, each with a weight of 1 or more")
        classes = np.asarray(members[0].model.classes_)
        for member in members[1:]:
            if not np.array_equal(classes, member.model.classes_):
                raise ValueError(f"{member.name} knows other classes than {members[0].name}")
        average = cls()
        average.members_, average.classes_ = tuple(members), classes
        return average

    def predict_proba(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities (n, k)."""
        check_is_fitted(self, "members_")
        total = sum(member.weight * member.model.predict_proba(X).astype(np.float64) for member in self.members_)
        return np.asarray(total / sum(member.weight for member in self.members_), np.float32)

    def predict(self, X: NDArray[np.uint8]) -> NDArray[np.int64]:
        """The most probable classes (n,)."""
        return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])

    def _sees(self) -> Any:
        """The model of the heaviest member that tells in which space it sees images; None where none does."""
        heaviest = sorted(self.members_, key=lambda member: -member.weight)
        return next((member.model for member in heaviest if hasattr(member.model, "embed")), None)

    @available_if(lambda self: self._sees() is not None)
    def embed(self, X: NDArray[np.uint8]) -> NDArray[np.floating]:
        """Rows of numbers (n, d) in which the heaviest of its members sees images."""
        return np.asarray(self._sees().embed(X))

    def describe(self) -> Description:
        """Its size is that of its members together."""
        parts = [describe(member.model) for member in self.members_]
        counts = [part.parameters for part in parts]
        known = [count for count in counts if count is not None]
        backends = dict.fromkeys(part.backend for part in parts if part.backend)
        return Description(sum(known) if len(known) == len(counts) else None, ", ".join(backends))

    def save_to(self, folder: Path) -> None:
        """Write each member to a folder of its own, and which they are to ``members.json``."""
        for place, member in enumerate(self.members_):
            save(member.model, folder / _place(place), member.facts)
        about = [{"name": member.name, "weight": member.weight} for member in self.members_]
        (folder / FILE).write_text(json.dumps(about, indent=1), encoding="utf-8")

    @classmethod
    def load_from(cls, folder: Path) -> Average:
        """Read what `save_to` wrote."""
        about = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if not isinstance(about, list) or len(about) > MOST:
            raise ValueError(f"{FILE} is no list of at most {MOST} members")
        members = []
        for place, entry in enumerate(about):
            own = folder / _place(place)
            facts = read_facts(own)
            if facts["reader"].endswith(f".{cls.__name__}"):  # One in another, and so on without end.
                raise ValueError("a member is an ensemble itself")
            members.append(Member(str(entry["name"]), int(entry["weight"]), load(own), facts))
        return cls.of(members)


def _place(number: int) -> str:
    return f"member-{number}"
