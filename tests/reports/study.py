"""Studies as `crossover run … --study NAME` leaves them, made without running anything."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.data.split import drawn
from benchmarks.layout import cell_folder, data_folder
from benchmarks.repair import stored
from benchmarks.studies import STANDARD, Condition, Study
from benchmarks.studies.budgets import budgets
from benchmarks.studies.cleaning import cleaning
from benchmarks.studies.corruption import corruption
from benchmarks.studies.label_noise import label_noise
from benchmarks.studies.sizes import sizes as study
from benchmarks.studies.structure import structure
from benchmarks.studies.transfer import transfer
from benchmarks.studies.tuning import tuning
from tests.reports.folder import (
    cell,
    evaluation,
    fit,
    search,
    trial,
    variant,
    write_data,
    write_info,
    write_predictions,
    write_rows,
)

LAWS = {"logistic_regression": (1.0, 0.3, 0.03), "svm": (0.9, 0.35, 0.015), "cnn": (7.0, 0.65, 0.002)}
SIZES = (100, 300, 1000, 3000, "all")
TOTAL = 10_000
# A study of transfer: its variants, their shares of errors by images per class, and curves.
OF, ALL, ROWS = "cnn of there", "cnn all layers from there", "svm rows from there"
TRANSFERRED = {
    0: {OF: 0.30},
    10: {"svm": 0.20, "cnn": 0.30, ALL: 0.10, ROWS: 0.20},
    100: {"svm": 0.08, "cnn": 0.10, ALL: 0.05, ROWS: 0.12},
}
CURVES = {
    "cnn": {"images": [100, 200, 300, 400], "val_accuracy": [0.2, 0.5, 0.7, 0.6]},
    ALL: {"images": [100, 200, 300, 400], "val_accuracy": [0.6, 0.7, 0.9, 0.9]},
}


def probabilities(y: np.ndarray, error: float, hardness: np.ndarray) -> np.ndarray:
    """Of a model that errs on a share `error` of the images, the hardest ones."""
    guess = np.where(hardness > np.quantile(hardness, 1 - error), (y + 1) % 10, y)
    return np.where(np.arange(10) == guess[:, None], 0.91, 0.01).astype(np.float32)


def write_study(
    folder: Path, laws=LAWS, sizes=SIZES, seeds=(0, 1, 2), tests=2000, last=None, also: Sequence[Condition] = ()
) -> Path:
    """A run folder in which each estimator's error follows its law a · n**-b + c; `last` alone got to the last size.

    `also` are conditions that run.json names besides the sizes.
    """
    rng = np.random.default_rng(3)
    conditions = [study.condition(size) for size in sizes]
    facts = {"stage": "train", "title": study.title, "axis": study.axis, "standard": "all", "levels": list(sizes)}
    write_info(
        folder, ["things"], list(laws), seeds, [*conditions, *also], suite="crossover", title="Crossover",
        studies={"sizes": facts},
    )  # fmt: skip
    y = write_data(folder, "things", [str(i) for i in range(10)], (8, 8, 1), tests, rng, train=TOTAL)
    hardness = rng.random(tests)
    trials, searches, fits, evaluations = [], [], [], []
    for condition in conditions:
        n = int(condition.value or TOTAL)
        for name in laws if condition != conditions[-1] or last is None else [last]:
            for seed in seeds:
                own = cell("things", name, seed, condition)
                a, b, c = laws[name]
                proba = probabilities(y, a * n**-b + c, hardness + 0.3 * rng.random(tests))
                seconds = n / (100 if name == "cnn" else 1000) + (3 if name == "cnn" else 0.1)
                trials.append(trial(own, 1, 0.9, seconds))
                searches.append(search(own, seconds, 1))
                fits.append(fit(own, seconds, validation_score=1 - a * n**-b - c))
                evaluations.append(evaluation(fits[-1]))
                write_predictions(folder, evaluations[-1], proba)
    write_rows(folder, trials=trials, searches=searches, fits=fits, evaluations=evaluations)
    return folder


def write_levels(
    folder: Path, chosen: Study, errors: Mapping[object, Mapping[str, float]], tests=2000, seeds=(0, 1, 2)
) -> Path:
    """A run folder of a study in which each estimator errs on the given share of the test images at each level.

    At a level without a value a search is granted 100 s.
    """
    rng, conditions = np.random.default_rng(4), {level: chosen.condition(level) for level in errors}
    names = list(next(iter(errors.values())))
    facts = {
        "stage": chosen.stage,
        "title": chosen.title,
        "axis": chosen.axis,
        "standard": chosen.standard,
        "levels": list(errors),
    }
    write_info(folder, ["things"], names, seeds, list(conditions.values()), studies={chosen.name: facts})
    y = write_data(folder, "things", [str(i) for i in range(10)], (8, 8, 1), tests, rng, train=TOTAL)
    hardness, tables = rng.random(tests), {"trials": [], "searches": [], "fits": [], "evaluations": []}
    for level, condition in conditions.items():
        granted = condition.value or 100.0
        for name, error in errors[level].items():
            for seed in seeds:
                own = cell("things", name, seed, condition)
                tables["trials"].append(trial(own, 1, 0.9, 0.5 * granted))
                tables["searches"].append(search(own, 0.5 * granted, 1, granted_seconds=granted))
                tables["fits"].append(fit(own, 0.3 * granted, validation_score=1 - error))
                tables["evaluations"].append(evaluation(tables["fits"][-1]))
                proba = probabilities(y, error, hardness + 0.3 * rng.random(tests))
                write_predictions(folder, tables["evaluations"][-1], proba)
    write_rows(folder, **tables)
    return folder


def write_budgets(folder: Path, **more) -> Path:
    """Deep learning is behind with 10 s, and ahead with 30 and 100."""
    return write_levels(
        folder,
        budgets,
        {
            10: {"logistic_regression": 0.09, "svm": 0.05, "cnn": 0.12},
            30: {"logistic_regression": 0.08, "svm": 0.04, "cnn": 0.02},
            100: {"logistic_regression": 0.08, "svm": 0.04, "cnn": 0.01},
        },
        **more,
    )


def write_tuning(folder: Path, **more) -> Path:
    """Tuning halves the errors of svm and changes nothing for logistic_regression."""
    return write_levels(
        folder,
        tuning,
        {"default": {"logistic_regression": 0.08, "svm": 0.08}, "tuned": {"logistic_regression": 0.08, "svm": 0.04}},
        **more,
    )


def write_structure(folder: Path, **more) -> Path:
    """svm sees pixels alone; cnn loses what it owes to neighbours, and new orders leave nothing to anybody."""
    return write_levels(
        folder,
        structure,
        {
            1: {"svm": 0.04, "cnn": 0.02},
            7: {"svm": 0.04, "cnn": 0.06},
            "all": {"svm": 0.04, "cnn": 0.09},
            "anew": {"svm": 0.8, "cnn": 0.8},
        },
        **more,
    )


def write_cleaning(folder: Path, planted: bool = False, **more) -> Path:
    """Labels that are wrong, removed and relabelled; where all levels are `planted`, none is the standard condition."""
    errors = {f"symmetric-5{action}": {"svm": 0.06, "cnn": 0.04} for action in ("", "-removed", "-relabelled")}
    as_they_are = {level: {"svm": 0.04, "cnn": 0.02} for level in (0, "removed", "relabelled")}
    return write_levels(folder, cleaning, errors if planted else as_they_are | errors, **more)


def write_noise(folder: Path, **more) -> Path:
    """Wrong labels cost svm more than cnn."""
    errors = {0: {"svm": 0.04, "cnn": 0.02}, "symmetric-20": {"svm": 0.06, "cnn": 0.03}}
    errors |= {"symmetric-50-clean": {"svm": 0.2, "cnn": 0.05}, "jumbled-others": {"svm": 0.9, "cnn": 0.95}}
    return write_levels(folder, label_noise, errors, **more)


# Share of errors under each corruption, and without one.
CORRUPTED = {
    "": {"logistic_regression": 0.08, "svm": 0.03, "cnn": 0.02},
    "fog": {"logistic_regression": 0.8, "svm": 0.7, "cnn": 0.3},
    "shear": {"logistic_regression": 0.2, "svm": 0.1, "cnn": 0.03},
    "spatter": {"logistic_regression": 0.09, "svm": 0.04, "cnn": 0.04},
}


def write_corruption(folder: Path, errors=CORRUPTED, tests=2000, seeds=(0, 1), shown: int | None = None) -> Path:
    """A study of corruptions: one fit and many evaluations, on `shown` of the test images."""
    rng, names = np.random.default_rng(5), list(errors[""])
    conditions = {level: corruption.condition(level) if level else STANDARD for level in errors}
    facts = {"stage": "evaluate", "title": corruption.title, "axis": corruption.axis, "standard": None}
    studies = {"corruption": facts | {"levels": [level for level in errors if level]}}
    write_info(folder, ["things"], names, seeds, list(conditions.values()), studies=studies, test_images=shown)
    y = write_data(folder, "things", [str(i) for i in range(10)], (8, 8, 1), tests, rng, train=TOTAL)
    hardness, tables = rng.random(tests), {"trials": [], "searches": [], "fits": [], "evaluations": []}
    for name in names:
        for seed in seeds:
            own = cell("things", name, seed)
            tables["trials"].append(trial(own, 1, 0.9, 5.0))
            tables["searches"].append(search(own, 5.0, 1))
            tables["fits"].append(fit(own, 3.0, validation_score=1 - errors[""][name]))
            for level, condition in conditions.items():
                tables["evaluations"].append(evaluation(tables["fits"][-1], condition))
                proba = probabilities(y, errors[level][name], hardness + 0.3 * rng.random(tests))
                proba = proba[drawn(tests, shown)] if level and shown else proba
                write_predictions(folder, tables["evaluations"][-1], proba)
    write_rows(folder, **tables)
    return folder


REPAIRED = {"as it is": 1.0, "median": 0.9, "low_rank": 0.8, "most confident": 0.6, "statistics, table alone": 0.5,
            "statistics": 0.4, "statistics, family unseen": 0.7}  # fmt: skip


def write_repair(
    folder: Path, left=REPAIRED, tests=2000, seeds=(0, 1), shown: int | None = None, mix=200, detectors=("statistics",)
) -> Path:
    """A study of corruptions with one of repair: each arm leaves a share of the errors that corruption makes."""
    repair = {"detectors": [*detectors], "mix": mix, "claim": 0.0053, "told": "Claimed <somewhere>."}
    write_corruption(folder, tests=tests, seeds=seeds, shown=shown)
    info = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(info | {"repair": repair}))
    y, rng = np.load(data_folder(folder, "things") / "test.npz")["y"], np.random.default_rng(8)
    hardness = rng.random(tests)
    levels = [name for name in CORRUPTED if name]
    plan = {"detectors": [*detectors], "corruptions": levels, "shown": shown or tests, "mix": mix}
    for name in CORRUPTED[""]:
        for seed in seeds:
            place = ("things", "", name, seed)
            labels: dict[str, dict[str, np.ndarray]] = {}
            detected = {}
            for where in ("none", *levels, "mix"):
                rows = drawn(tests, mix if where == "mix" else shown or tests)
                clean, error = (
                    CORRUPTED[""][name],
                    CORRUPTED["fog" if where == "mix" else where.replace("none", "")][name],
                )
                labels[where] = {
                    arm: probabilities(y[rows], clean + share * (error - clean), hardness[rows])
                    .argmax(1)
                    .astype(np.int16)
                    for arm, share in left.items()
                }
                level = 0 if where in ("none", "mix") else 1 + levels.index(where)
                detected[where] = {"statistics": np.where(rng.random(len(rows)) < 0.9, level, 0).astype(np.int16)}
            told = {"plan": plan, "fit": "-".join(map(str, ("fit", *place))), "code": "c0de"}
            told |= {
                "ways": ["as it is", "median", "low_rank"],
                "levels": ["none", *(f"{level}-3" for level in levels)],
            }
            stored.write(folder / cell_folder(*place), stored.Stored(told, labels, detected))
    return folder


def _origin(way: str, scratch: str) -> dict:
    return {"origin": {"source": "there", "framed": True, "way": way, "model": OF, "scratch": scratch}}


def write_transfer(folder, errors=TRANSFERRED, tests=2000, seeds=(0, 1)) -> Path:
    """A run folder in which networks go on from a source, and a machine with its rows; errors as given."""
    variants = {
        "svm": variant("svm"),
        "cnn": variant("cnn"),
        OF: variant("cnn") | _origin("", "cnn"),
        ALL: variant("cnn") | _origin("all layers", "cnn"),
        ROWS: variant("svm") | _origin("rows", "svm"),
    }
    rng, conditions = np.random.default_rng(4), {level: transfer.condition(level) for level in errors}
    facts = {
        "stage": transfer.stage,
        "title": transfer.title,
        "axis": transfer.axis,
        "standard": None,
        "levels": list(errors),
    }
    claims = {"told": "Somebody said so.", "accuracies": {OF: 0.5, "cnn": 0.9}}
    write_info(
        folder, ["things"], variants, seeds, list(conditions.values()), studies={"transfer": facts}, absent={"things": []},
        claims=claims,
    )  # fmt: skip
    y = write_data(folder, "things", [str(i) for i in range(10)], (8, 8, 1), tests, rng, train=TOTAL)
    hardness, tables = rng.random(tests), {"trials": [], "searches": [], "fits": [], "evaluations": []}
    for level, condition in conditions.items():
        for name, error in errors[level].items():
            for seed in seeds:
                own = cell("things", name, seed, condition, variants[name]["estimator"])
                history = CURVES.get(name, {})
                tables["trials"].append(trial(own, 1, 0.9, 10.0, fit_seconds=9.0, start_seconds=1.0, history=history))
                tables["searches"].append(search(own, 10.0, 1))
                tables["fits"].append(fit(own, 3.0 if level else 50.0, validation_score=1 - error))
                tables["evaluations"].append(evaluation(tables["fits"][-1]))
                proba = probabilities(y, error, hardness + 0.3 * rng.random(tests))
                write_predictions(folder, tables["evaluations"][-1], proba)
    write_rows(folder, **tables)
    return folder
