"""`Repairer`: detects what went wrong with images and repairs them, for one classifier; learned, kept in a folder, read again."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.corruptions import CORRUPTIONS
from benchmarks.data.images import Dataset, Images
from benchmarks.data.reading import Told, silent
from benchmarks.data.split import split
from benchmarks.errors import UserError, unknown
from benchmarks.repair.distortions import TAUGHT, Detector, Examples, detected, examples, fit_detector
from benchmarks.repair.levels import CLEAN
from benchmarks.repair.repairs import Repairs, fit_repairs, steps
from benchmarks.repair.stored import AS_IT_IS
from benchmarks.safety.regular import text_of
from benchmarks.serving.model import Model
from estimators import detectors
from estimators.models.saving import load, save
from estimators.repairs import names

FORMAT = 1
FACTS, DETECTOR, REPAIRS = "repair.json", "detector", "repairs"  # of the folder
HELD_OUT = 0.2  # of the training images: they tell which repair helps, and no repair or detector was fitted on them
GATE = "inversion"  # It changes only images that it finds inverted; the detector looks again after it.
AT_ONCE = 512  # images that are repaired in all ways together, or fewer of large ones:
BYTES_AT_ONCE, BYTES_OF_EXAMPLES = 1 << 27, 1 << 29  # that these may have, and the examples of a detector or a table

Classify = Callable[[NDArray[np.uint8]], NDArray[np.floating]]
Rule = Literal["both", "table"]


@dataclass(frozen=True)
class Sizes:
    """How many images are taken: for the repairs, for a detector (clean ones, and at each level), for the table."""

    repairs: int = 10_000
    clean: int = 5_000
    each: int = 150
    table_clean: int = 1_000
    table_each: int = 60

    def of(self, image: NDArray[np.uint8], levels: int) -> Sizes:
        """Fewer where images are large, so that they do not fill the memory.

        Parameters
        ----------
        image : one of them.
        levels : how many levels of distortion there are.
        """
        taken = max(self.repairs, self.clean + levels * self.each, self.table_clean + levels * self.table_each)
        share = min(1.0, BYTES_OF_EXAMPLES / (taken * image.nbytes))
        return Sizes(*(max(2, int(share * count)) for count in astuple(self)))


def batches(X: NDArray[np.uint8], ways: int) -> list[slice]:
    """Parts of the images that can be in memory repaired in all ways."""
    step = max(1, min(AT_ONCE, BYTES_AT_ONCE // (ways * X[0].nbytes))) if len(X) else 1
    return [slice(start, start + step) for start in range(0, len(X), step)]


USUAL = Sizes()


@dataclass(frozen=True)
class Lesson:
    """What is learned from: repairs, examples for detectors, and examples of held-out training images for tables."""

    repairs: Repairs
    shown: Examples
    held_out: Examples


@dataclass(frozen=True)
class Repaired:
    """Images repaired, uint8 (n, h, w, c); the probabilities (n, k) that the classifier then has; and why, each (n,).

    `ways` says what was done, `kinds` what was detected ("none" or a corruption), `strength` its severity from 0 to 5, and
    `certainty` how probable the detector thinks it.
    """

    images: NDArray[np.uint8]
    proba: NDArray[np.floating]
    ways: NDArray[np.str_]
    kinds: NDArray[np.str_]
    strength: NDArray[np.float64]
    certainty: NDArray[np.float64]


@dataclass(frozen=True)
class Repairer:
    """Detector, repairs, and the table that says what each repair is worth to one classifier at each level of distortion.

    Parameters
    ----------
    table : float64 (levels, ways), the mean probability of the true class of held-out training images.
    facts : for which images and classes it is, and on what it was fitted, as JSON values.
    """

    detector: Detector
    repairs: Repairs
    table: NDArray[np.float64]
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, X: NDArray[np.uint8], classify: Classify) -> Repaired:
        """Repair images uint8 (n, h, w, c), one or more, for the classifier, each for itself."""
        parts = [self._repaired(X[part], classify) for part in batches(X, len(self.repairs.ways))]
        return Repaired(*(np.concatenate([getattr(part, name) for part in parts]) for name in Repaired.__annotations__))

    def _repaired(self, X: NDArray[np.uint8], classify: Classify) -> Repaired:
        levels, again = look(self.detector, self.repairs, X)
        images = np.stack([repaired for _, repaired in self.repairs.each(X)])
        proba = np.stack([classify(one_way) for one_way in images])
        chosen = choose(proba, expected(levels, again, self.table, self.repairs.ways))
        every = np.arange(len(X))
        found = detected(self.detector.levels, levels)
        ways = np.array(self.repairs.ways)[chosen]
        return Repaired(
            images[chosen, every], proba[chosen, every], ways, found.kinds, found.strength, found.probability
        )

    def save_to(self, folder: Path) -> None:
        """Write ``repair.json``, the detector and the repairs into a folder, whole or not at all; one there is replaced.

        Raises
        ------
        UserError : the folder cannot be written, or holds something else.
        """
        if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not (folder / FACTS).exists())):
            raise UserError(
                f"{folder} exists and holds no repair: give another folder, so that nothing is overwritten."
            )
        draft = folder.with_name(f".{folder.name}-{os.getpid()}")
        facts = {"format": FORMAT, "ways": list(self.repairs.ways), "levels": list(self.detector.levels)}
        try:
            draft.mkdir(parents=True)
            save(self.detector.model, draft / DETECTOR)
            for name, repair in self.repairs.fitted.items():
                save(repair, draft / REPAIRS / name)
            text = json.dumps(dict(self.facts) | facts | {"table": self.table.round(5).tolist()}, indent=1)
            (draft / FACTS).write_text(text, encoding="utf-8")
            if folder.exists():
                shutil.rmtree(folder)
            draft.rename(folder)
        except OSError as error:
            raise UserError(f"Cannot write {error.filename or folder}: {error.strerror or error}.") from error
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def load_repairer(folder: Path) -> Repairer:
    """What `Repairer.save_to` wrote.

    Raises
    ------
    UserError : there is none, or a damaged one, or one of another format.
    """
    path = folder / FACTS
    if not path.is_file():
        raise UserError(f"{folder} holds no repair: it has no {FACTS}. 'crossover learn-repair MODEL' makes one.")
    try:
        facts = json.loads(text_of(path))
        if facts.get("format") != FORMAT:
            raise UserError(
                f"{path} has format {facts.get('format')!r}, and this version reads {FORMAT}: make it again."
            )
        ways, levels = tuple(facts.pop("ways")), tuple(facts.pop("levels"))
        table = np.array(facts.pop("table"), float)
        if table.shape != (len(levels), len(ways)):
            raise ValueError(f"its table has shape {table.shape}, not {(len(levels), len(ways))}")
        used = dict.fromkeys(name for way in ways for name in steps(way))
        if foreign := [name for name in used if name not in names()]:
            raise ValueError(f"it names {', '.join(foreign)}, and there is no such repair")
        repairs = Repairs({name: load(folder / REPAIRS / name) for name in used}, ways)
        return Repairer(Detector(levels, load(folder / DETECTOR)), repairs, table, facts)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(
            f"{folder} holds a damaged repair: {error}. Make it again by 'crossover learn-repair'."
        ) from error


def look(detector: Detector, repairs: Repairs, X: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How probable the detector thinks each level of images, (n, levels), and of the same images after the repair `GATE`.

    Where that repair finds nothing to do, it leaves an image as it is, and the detector's opinion of it too.
    """
    levels = detector.probabilities(X)
    after = repairs(X, GATE)
    changed = (after != X).any(axis=(1, 2, 3))
    again = levels.copy()
    again[changed] = detector.probabilities(after[changed])
    return levels, again


def expected(
    levels: NDArray[np.float64], again: NDArray[np.float64], table: NDArray[np.float64], ways: Sequence[str]
) -> NDArray[np.float64]:
    """The probability of the true class to be expected of each way, (n, ways), from what `look` saw.

    Ways that begin with `GATE` are judged by what the detector sees after it: by the table's column of what is done then.
    """
    found = levels @ table
    for i, way in enumerate(ways):
        if steps(way)[:1] == (GATE,):
            rest = "+".join(steps(way)[1:]) or AS_IT_IS
            found[:, i] = again @ table[:, list(ways).index(rest)]
    return found


def choose(proba: NDArray[np.floating], expected: NDArray[np.float64] | float, rule: Rule = "both") -> NDArray[np.intp]:
    """Which way suits each image best, int (n,); of equals the first, and that is to leave it as it is.

    Parameters
    ----------
    proba : (ways, n, k), what the classifier says of each image repaired in each way.
    expected : (n, ways), the probability of the true class to be expected; 1.0: of all ways the same.
    rule : "table": the largest expected probability. "both": the largest product of it and of the probability that the
        classifier gives to its answer. A detector tells little of a distortion that it never saw, and a classifier may be
        sure of a wrong answer; hence the product.
    """
    confidence = np.ones(1) if rule == "table" else proba.max(2).T
    return (confidence * expected).argmax(1)


def lesson(train: Images, seed: int = 0, sizes: Sizes = USUAL, classes: tuple[str, ...] | None = None) -> Lesson:
    """Fit the repairs on training images, and distort others; groups stay on one side.

    A classifier that was trained on the held-out images too knows them as they are, which speaks for leaving images alone.

    Raises
    ------
    UserError : a class has too few images.
    """
    sizes = sizes.of(train.X[0], len(CORRUPTIONS) * len(TAUGHT))
    fitted, held = (train.rows(rows) for rows in split(train.y, HELD_OUT, seed, classes, train.groups))
    some = np.random.default_rng([seed, 52]).permutation(len(fitted))[: sizes.repairs]
    return Lesson(
        fit_repairs(fitted.X[np.sort(some)]),
        examples(fitted, sizes.clean, sizes.each, seed),
        examples(held, sizes.table_clean, sizes.table_each, seed + 1),
    )


def answers(
    repairs: Repairs, X: NDArray[np.uint8], classifiers: Mapping[str, Classify]
) -> dict[str, NDArray[np.floating]]:
    """What each classifier says of images repaired in each way, (ways, n, k) by its name; images are repaired once for all."""
    parts: dict[str, list[NDArray]] = {name: [] for name in classifiers}
    for part in batches(X, len(repairs.ways)):
        repaired = [images for _, images in repairs.each(X[part])]
        for name, classify in classifiers.items():
            parts[name].append(np.stack([classify(images) for images in repaired]))
    return {name: np.concatenate(own, axis=1) for name, own in parts.items()}


def table_of(proba: NDArray[np.floating], held_out: Examples, without: Collection[str] = ()) -> NDArray[np.float64]:
    """What each repair is worth at each level: the mean probability of the true class, float64 (levels, ways).

    Parameters
    ----------
    proba : (ways, n, k), what a classifier says of the examples.
    without : corruptions whose levels are left out, as by `Examples.without`.
    """
    rows, kept = held_out.keeps(without)
    true = proba[:, rows, held_out.images.y[rows]].astype(float)
    level, levels = (np.cumsum(kept) - 1)[held_out.level[rows]], int(kept.sum())
    counts = np.maximum(np.bincount(level, minlength=levels), 1)
    return np.stack([np.bincount(level, way, levels) / counts for way in true], axis=1)


def learn(
    dataset: Dataset,
    classify: Classify,
    *,
    detector: str = "statistics",
    seed: int = 0,
    sizes: Sizes = USUAL,
    told: Told = silent,
) -> Repairer:
    """A repairer for a classifier of the classes of a data set, from its training images alone; some minutes, of which lines tell.

    Parameters
    ----------
    classify : uint8 images (n, h, w, c) to probabilities (n, k) in the order of the data set's classes.
    detector : its name in `estimators.detectors`.

    Raises
    ------
    UserError : no such detector, a class with too few images, or a classifier that does not know these images.
    """
    if detector not in detectors.names():
        raise unknown("detector", detector, detectors.names())
    told(f"1 of 3: repairs are fitted to training images of {dataset.name}, and others are distorted")
    taught = lesson(dataset.train, seed, sizes, dataset.classes)
    chance = np.bincount(dataset.train.y).max() / len(dataset.train)
    clean = taught.held_out.images.rows(np.flatnonzero(taught.held_out.level == 0))
    accuracy = float((classify(clean.X).argmax(1) == clean.y).mean())
    if accuracy <= chance + 0.05:
        raise UserError(
            f"Of training images of {dataset.name} as they are, the model labels {100 * accuracy:.1f} % rightly, and a guess "
            f"{100 * chance:.1f} %: it was made for other images, another order of the classes, or other values of pixels."
        )
    told(f"2 of 3: the detector {detector} learns from {len(taught.shown):,} images")
    found = fit_detector(detector, taught.shown, seed)
    told(
        f"3 of 3: the model labels {len(taught.held_out):,} images that are kept apart, repaired in {len(taught.repairs.ways)} ways"
    )
    (proba,) = answers(taught.repairs, taught.held_out.images.X, {"": classify}).values()
    table = table_of(proba, taught.held_out)
    facts = {
        "detector": detector,
        "dataset": dataset.name,
        "fingerprint": dataset.train_fingerprint,
        "classes": list(dataset.classes),
        "image": list(dataset.train.X.shape[1:]),
        "accuracy": {CLEAN: round(accuracy, 4)},
        "best": {
            level: taught.repairs.ways[i] for level, i in zip(found.levels, table.argmax(1).tolist(), strict=True)
        },
    }
    distorted = [place for place, level in enumerate(found.levels) if level != CLEAN]
    raw, best = table[distorted, 0].mean(), table[distorted].max(1).mean()
    told(
        f"Distorted in {len(distorted)} ways, images that are kept apart have a mean probability of the true class of {raw:.2f} as they are, "
        f"and of {best:.2f} with the repair that is best for each way."
    )
    return Repairer(found, taught.repairs, table, facts)


def classifier_of(model: Model, classes: Sequence[str], *, by_place: bool = False) -> Classify:
    """The probabilities of all classes of a data set, also of those that a model has not met.

    Its classes are known by name, or, where they have none, by their place.
    """
    columns = [place if by_place else list(classes).index(name) for place, name in enumerate(model.classes_)]

    def classify(X: NDArray[np.uint8]) -> NDArray[np.floating]:
        proba = np.zeros((len(X), len(classes)), np.float32)
        proba[:, columns] = model.predict_proba(X)
        return proba

    return classify


def place_of(model: Path) -> Path:
    """Where the repairer of a model is kept: in its folder, or beside a ``.keras`` file."""
    return model / "repair" if model.is_dir() else model.with_suffix(".repair")


def repairer_of(repair: str | Path, model: Path, facts: Mapping[str, Any]) -> Repairer | None:
    """The repairer that "auto" or a folder means; None of "none".

    Parameters
    ----------
    facts : of the model: the shape of its ``image`` and its ``classes``.

    Raises
    ------
    UserError : there is none, or it was learned for a model of other images or classes.
    """
    if str(repair) == "none":
        return None
    folder = place_of(model) if str(repair) == "auto" else Path(repair)
    if not folder.is_dir():
        if str(repair) != "auto" and os.sep not in str(repair):
            raise unknown("repair", str(repair), ("auto", "none"))
        told = (
            f"'crossover learn-repair {model}' learns it from training images"
            if str(repair) == "auto"
            else "give another"
        )
        raise UserError(f"There is no repair in {folder}: {told}.")
    found = load_repairer(folder)
    for name, word in (("image", "images of shape"), ("classes", "classes")):
        own, asked = list(found.facts.get(name, ())), list(facts[name])
        if name == "classes" and not model.is_dir():  # A .keras file tells their number alone.
            own, asked = [len(own)], [len(asked)]
        if own != asked:
            raise UserError(f"{folder} was learned for {word} {own}, and {model} has {asked}: learn it for this model.")
    return found
