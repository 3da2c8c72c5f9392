"""What repair brings, measured on the models of a run: nothing is trained again but detectors and repairs.

    crossover run repair                                     # fits, evaluations under corruption, this study, the report
    python -m benchmarks.repair.study runs/robustness        # the study alone, on a run that has a study of corruptions

Every corruption of the run is left out once: the detector and the table that choose a repair for images under fog have seen no
fog, at no severity. Repairs see no corruption at all; those that learn have training images and white noise. What is compared:

- every repair alone, done to all images;
- the answer that the classifier is most sure of, whatever the repair (the control that a detector must beat);
- with each detector, the repair that the table expects most of, and the product of the two (`benchmarks.repair.repairer.choose`);
- the same where the detector and the table have seen nothing of the corruption's family either: no noise of any kind.

On clean images the detector is one that has seen all corruptions. A mix, every second image clean and the others under all
corruptions in turn, is what claims about denoising are made of. The labels that a classifier then gives are kept in
``repaired.npz`` beside the model's predictions; no test label is read, scores are the report's business.
"""

from __future__ import annotations

import fnmatch
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from benchmarks.data import datasets
from benchmarks.data.images import Dataset
from benchmarks.data.reading import Reading
from benchmarks.data.split import drawn
from benchmarks.errors import UserError, unknown
from benchmarks.execution.job import TRAINING_ROWS
from benchmarks.execution.sources import code_digest
from benchmarks.ledger import read_table
from benchmarks.repair import stored
from benchmarks.repair.distortions import Detector, fit_detector
from benchmarks.repair.levels import CLEAN, family_of, kind
from benchmarks.repair.repairer import (
    USUAL,
    Lesson,
    Sizes,
    answers,
    choose,
    classifier_of,
    expected,
    lesson,
    look,
    table_of,
)
from benchmarks.repair.stored import CONFIDENT, FAMILY_UNSEEN, MIX, TABLE_ALONE, Stored, levels_of_mix
from benchmarks.run import check_format, read_info
from benchmarks.serving.model import load_model
from benchmarks.studies.corruption import change
from benchmarks.studies.corruption import corruption as study_of_corruption
from estimators import detectors, repairs

DETECTORS = ("statistics", "network")

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)


@dataclass(frozen=True)
class Plan:
    """What is studied: with which detectors, under which corruptions (as the run names them), on how many test images."""

    detectors: tuple[str, ...]
    corruptions: tuple[str, ...]
    shown: int
    mix: int
    sizes: Sizes = USUAL


def study(
    folder: Path,
    *,
    glob: str = "*",
    names: Sequence[str] = DETECTORS,
    mix: int = 6_000,
    data: Sequence[str] = (),
    data_dir: Path | None = None,
    sizes: Sizes = USUAL,
) -> None:
    """Do what is missing for the models of a run.

    Parameters
    ----------
    glob : which variants, patterns separated by commas.
    names : of detectors.
    mix : how many test images are in the mix.
    data : names or paths of the run's data sets, where those in its run.json are not registered.

    Raises
    ------
    UserError : no run with a study of corruptions, no such detector or variant, or other data.
    """
    info = read_info(folder)
    check_format(folder, info)
    for name in names:
        if name not in detectors.names():
            raise unknown("detector", name, detectors.names())
    levels = tuple(str(c["level"]) for c in info["conditions"] if c["study"] == study_of_corruption.name)
    if not levels:
        raise UserError(
            f"{folder} has no study of corruptions: 'crossover run repair', or '--study corruption', makes one."
        )
    fits = read_table(folder, "fits").query(f"status == 'ok' and condition == '' and trained_on == '{TRAINING_ROWS}'")
    chosen = [
        name for name in info["variants"] if any(fnmatch.fnmatchcase(name, part.strip()) for part in glob.split(","))
    ]
    if not chosen:
        raise unknown("variant", glob, info["variants"])
    reading = Reading(**{key: info[key] for key in ("groups", "background", "size", "frame") if key in info})
    for given in data or info["datasets"]:
        dataset = datasets.load(given, data_dir, reading)
        if info["fingerprints"].get(dataset.name) != dataset.fingerprint:
            raise UserError(f"The images of {given} are not those of {folder}: give its data by --dataset PATH.")
        shown = min(info.get("test_images") or len(dataset.test), len(dataset.test))
        plan = Plan(tuple(names), levels, shown, min(mix, len(dataset.test)), sizes)
        here = fits[(fits["dataset"] == dataset.name) & fits["variant"].isin(chosen)]
        for seed, rows in here.groupby("seed"):
            _seed(folder, dataset, int(seed), {row.variant: row for row in rows.itertuples()}, plan)


def _seed(folder: Path, dataset: Dataset, seed: int, fits: Mapping[str, Any], plan: Plan) -> None:
    """All models of one seed: they share repairs, examples, detectors and test images."""
    facts = {name: _facts(plan, row.key) for name, row in fits.items()}
    folders = {name: (folder / row.folder).parent for name, row in fits.items()}
    todo = [name for name in fits if not _is_done(folders[name], facts[name])]
    _say(f"{dataset.name}, seed {seed}: {len(fits) - len(todo)} of {len(fits)} models are done")
    if not todo:
        return
    began = time.perf_counter()
    models = {name: classifier_of(load_model(folder / fits[name].folder), dataset.classes) for name in todo}
    taught = lesson(dataset.train, seed, plan.sizes, dataset.classes)
    _say(f"{len(taught.repairs.fitted)} repairs are fitted; {len(taught.shown):,} examples for detectors")
    fitted = _detectors(taught, plan, seed)
    held_out = answers(taught.repairs, taught.held_out.images.X, models)
    labels: dict[str, dict[str, dict[str, NDArray]]] = {name: {} for name in todo}
    detected: dict[str, dict[str, NDArray]] = {}
    for where, X, parts in _shown(dataset, plan, seed):
        detected[where] = {name: np.empty(len(X), np.int16) for name in plan.detectors}
        for level, rows in parts:
            given = X[rows] if level == CLEAN else change(X[rows], level, seed)
            for name in plan.detectors:
                detected[where][name][rows] = fitted[name, ()].probabilities(given).argmax(1)
            seen = {key: look(fitted[key], taught.repairs, given) for key in _asked(level, plan).values()}
            for name, proba in answers(taught.repairs, given, models).items():
                arms = labels[name].setdefault(where, {})
                for arm, found in _arms(taught, plan, level, seen, held_out[name], proba).items():
                    arms.setdefault(arm, np.empty(len(X), np.int16))[rows] = found
        _say(f"{where}: {len(X):,} images")
    more = {
        "ways": list(taught.repairs.ways),
        "levels": list(taught.shown.levels),
        "seconds": time.perf_counter() - began,
    }
    for name in todo:
        told = facts[name] | more
        stored.write(folders[name], Stored(told, labels[name], detected))


def _shown(
    dataset: Dataset, plan: Plan, seed: int
) -> Iterator[tuple[str, NDArray[np.uint8], list[tuple[str, NDArray[np.int64]]]]]:
    """What models are shown: its name, test images, and which rows of them are at which level."""
    images = dataset.test.images()
    some = np.ascontiguousarray(images[drawn(len(images), plan.shown)])
    for level in (CLEAN, *plan.corruptions):
        yield level, some, [(level, np.arange(len(some)))]
    if plan.mix:
        mixed = np.ascontiguousarray(images[drawn(len(images), plan.mix)])
        levels = levels_of_mix(len(mixed), plan.corruptions)
        yield MIX, mixed, [(level, np.flatnonzero(levels == level)) for level in (CLEAN, *plan.corruptions)]


Key = tuple[str, tuple[str, ...]]  # a detector, and the corruptions that it has not seen


def _asked(level: str, plan: Plan) -> dict[str, Key]:
    """The detectors that are asked about images at a level, by arm; nothing is unseen where nothing is wrong."""
    unseen, family = ((), ()) if level == CLEAN else ((kind(level),), family_of(kind(level)))
    return {name: (name, unseen) for name in plan.detectors} | {
        f"{plan.detectors[0]}{FAMILY_UNSEEN}": (plan.detectors[0], family)
    }


def _detectors(taught: Lesson, plan: Plan, seed: int) -> dict[Key, Detector]:
    """All detectors that are asked, each fitted once, and those that have seen everything."""
    keys = dict.fromkeys(key for level in (CLEAN, *plan.corruptions) for key in _asked(level, plan).values())
    found: dict[Key, Detector] = {}
    for number, (name, without) in enumerate(keys, start=1):
        began = time.perf_counter()
        found[name, without] = fit_detector(name, taught.shown.without(without), seed)
        unseen = f"without {', '.join(without)}" if without else "with everything"
        _say(f"detector {number} of {len(keys)}: {name} {unseen}, {time.perf_counter() - began:.1f} s")
    return found


def _arms(
    taught: Lesson,
    plan: Plan,
    level: str,
    seen: Mapping[Key, tuple[NDArray[np.float64], NDArray[np.float64]]],
    held_out: NDArray[np.floating],
    proba: NDArray[np.floating],
) -> dict[str, NDArray[np.int16]]:
    """What a classifier labels images at a level, by arm.

    Parameters
    ----------
    seen : what the detectors that are asked think of the images, as `look` has it.
    held_out, proba : (ways, n, k), what the classifier says of the held-out examples, and of the images.
    """
    labels, every = proba.argmax(2).astype(np.int16), np.arange(proba.shape[1])
    arms = dict(zip(taught.repairs.ways, labels, strict=True))
    for arm, (name, without) in _asked(level, plan).items():
        table = table_of(held_out, taught.held_out, without)
        hoped = expected(*seen[name, without], table, taught.repairs.ways)
        arms[arm] = labels[choose(proba, hoped), every]
        if arm == name:
            arms[f"{name}{TABLE_ALONE}"] = labels[choose(proba, hoped, "table"), every]
    return arms | {CONFIDENT: labels[choose(proba, 1.0), every]}


def _facts(plan: Plan, fit_key: str) -> dict[str, Any]:
    """All that determines the results of one fit, beside data that the fit's key tells of."""
    own = [Path(str(package.__file__)).parent.glob("*.py") for package in (repairs, detectors)]
    code = code_digest(Path(__file__), *sorted(path for files in own for path in files))
    return {"plan": asdict(plan), "fit": fit_key, "code": code}


def _is_done(folder: Path, facts: Mapping[str, Any]) -> bool:
    there = stored.read(folder)
    return there is not None and all(
        there.told.get(key) == value for key, value in json.loads(json.dumps(facts)).items()
    )


@app.command()
def _study(
    run: Annotated[Path, typer.Argument(help="A run folder with a study of corruptions.", metavar="RUN")],
    glob: Annotated[str, typer.Option("--variants", help="Names or patterns, separated by commas.")] = "*",
    names: Annotated[list[str] | None, typer.Option("--detector", help="May be given several times.")] = None,
    mix: Annotated[int, typer.Option(help="Test images in the mix; 0: none.", min=0)] = 6_000,
    given: Annotated[
        list[str] | None, typer.Option("--dataset", help="Name or path; may be given several times.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of the data sets, before $CROSSOVER_DATA.")] = None,
) -> None:
    """Measure what repair brings the models of a run."""
    study(run, glob=glob, names=names or DETECTORS, mix=mix, data=given or (), data_dir=data)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """The command line; a mistake of the user is one line and exit code 2."""
    try:
        app()
    except UserError as error:
        _say(f"crossover: {error}")
        sys.exit(2)


if __name__ == "__main__":
    main()
