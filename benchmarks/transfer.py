"""`Given`: what the sources of a suite have for each of its data sets."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.data import datasets
from benchmarks.data.alike import alike, box_of, labels_of
from benchmarks.data.images import Dataset
from benchmarks.data.reading import PLAIN, Reading, Told, silent
from benchmarks.errors import UserError
from benchmarks.variant import SourceTable, Variant
from estimators.estimator import OF_CLASSES

ITSELF = "it is the target itself, or the same as another source"
LARGE = "128"  # pixels of the longest side of pictures that are still to be brought into a box


@dataclass(frozen=True)
class Given:
    """A source, as a target has it.

    Parameters
    ----------
    labels : the target's label of each of its classes; -1 where the target has no such class.
    data : its training images, alike those of the target; None of a model.
    model : folder or file of a model; "" of a data set.
    """

    labels: tuple[int, ...]
    data: Dataset | None = None
    model: str = ""

    @property
    def fingerprint(self) -> str:
        """Of its training images, or of the files of the model."""
        return _digest(Path(self.model)) if self.data is None else self.data.train_fingerprint

    def answers(self, classes: Sequence[str]) -> bool:
        """Whether it knows all classes of the target, so that its own model can be tried as it is."""
        return set(range(len(classes))) <= set(self.labels)


Sources = Mapping[tuple[str, str], Given]


def given(
    tables: Iterable[SourceTable], targets: Sequence[Dataset], data_dir: Path | None, told: Told = silent
) -> tuple[dict[tuple[str, str], Given], list[str]]:
    """What sources have for targets, by the names of target and source, and notes on what is left out.

    A data set is no source of itself. Where a target has no box, what is not framed is the same as what is, and left out.

    Raises
    ------
    UserError : there is no such source, or none of them is left for a target.
    """
    found: dict[tuple[str, str], Given] = {}
    notes = []
    for table in tables:
        source = None if table.is_model else _load(table.data, data_dir, told)
        for target in targets:
            if source is None:
                # A model of images of another size has no answers.
                known = () if _mismatch(table, target) else table.facts.get("classes", ())
                labels = labels_of([table.names.get(name, name) for name in known], target.classes)
                found[target.name, table.name] = Given(labels, model=str(Path(table.data).resolve()))
                continue
            if source.train_fingerprint == target.train_fingerprint:
                continue
            if not table.framed and box_of(target) is None:
                notes.append(
                    f"{target.name}: left out is {table.name}: no box is known of its images to bring others into"
                )
                continue
            data = alike(source, target, framed=table.framed, shared=table.shared, names=table.names, told=told)
            found[target.name, table.name] = Given(labels_of(data.classes, target.classes), data)
    for target in targets:
        if (asked := list(tables)) and not any(name == target.name for name, _ in found):
            raise UserError(
                f"{target.name} has no source but itself: give another than {', '.join(t.data for t in asked)}."
            )
    return found, notes


def lacking(variant: Variant, target: Dataset, sources: Sources) -> str:
    """Why a variant has nothing to start from on a target; "" if it has."""
    if variant.origin is None:
        return ""
    found = sources.get((target.name, variant.origin.source.name))
    if found is None:
        return ITSELF
    if variant.origin.way in OF_CLASSES and max(found.labels, default=-1) < 0:
        return f"{variant.origin.source.name} and {target.name} have no class in common"
    if variant.origin.way not in ("", "embedding") and (reason := _mismatch(variant.origin.source, target)):
        return reason
    return ""


def absent(variants: Iterable[Variant], target: Dataset, sources: Sources) -> dict[str, str]:
    """The variants that have nothing to start from on a target, and why."""
    reasons = {variant.name: lacking(variant, target, sources) for variant in variants}
    return {name: reason for name, reason in reasons.items() if reason}


def told(target: Dataset, absent: Mapping[str, str]) -> list[str]:
    """What people are told of those variants, a line for each reason; that a data set is no source of itself needs no words."""
    because: dict[str, list[str]] = {}
    for name, reason in absent.items():
        if reason != ITSELF:
            because.setdefault(reason, []).append(name)
    return [f"{target.name}: left out: {', '.join(names)}: {reason}" for reason, names in because.items()]


def _mismatch(table: SourceTable, target: Dataset) -> str | None:
    """Why the images of a target do not fit a model; None if they do, or nobody knows."""
    shape, own = table.facts.get("image"), list(target.train.X.shape[1:])
    if shape is None or list(shape) == own:
        return None
    sizes = f"{_sides(shape)}, and those of {target.name} are {_sides(own)}"
    return f"{table.name} takes images of {sizes}: its embedding alone can be used"


def _sides(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape))


def _load(name: str, data_dir: Path | None, told: Told) -> Dataset:
    """A source; pictures of a folder larger than usual and whole, since they are still to be brought into a box."""
    from benchmarks.data.formats.recognise import recipe

    place = datasets.located(name, data_dir)
    own = place not in datasets.names() and Path(place).exists()
    framed = own and recipe(Path(place), PLAIN).framed
    return datasets.load(place, data_dir, Reading(size=LARGE, frame="whole") if framed else PLAIN, told)


def _digest(path: Path) -> str:
    """Of the files of a model, but for those that people read."""
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file() and p.suffix != ".md")
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()
