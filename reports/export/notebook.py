"""A Kaggle notebook that makes a submission again, from the competition's files alone and without the internet.

Kaggle has the libraries but not Crossover, so the notebook carries the sources that its models need, as cells that write them.
The format: https://nbformat.readthedocs.io/en/latest/format_description.html; ``kernel-metadata.json``:
https://github.com/Kaggle/kaggle-cli, Kernel Metadata.
"""

from __future__ import annotations

import hashlib
import json
import pprint
import re
import shlex
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import estimators
from benchmarks.data import split
from benchmarks.data.datasets import source
from benchmarks.environment import library_version
from benchmarks.errors import UserError
from benchmarks.execution.sources import LIBRARIES, ROOT, sources
from benchmarks.safety.regular import write
from benchmarks.serving.submission import Submission
from reports.analysis.intervals import wilson

SOURCES = "crossover-source"  # the folder that the notebook writes them into
NOBODY = "USERNAME"  # in place of a name that is not known
LONGEST_TITLE = 50  # at Kaggle


def check_target(folder: Path, user: str = "") -> Path:
    """The folder to write into, made if it is not there.

    Raises
    ------
    UserError : it cannot be made, or `user` is no name that Kaggle gives.
    """
    if user and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*", user):
        raise UserError(f"--user {user!r} is no name at Kaggle: it is what follows kaggle.com/ on your own page.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"Cannot write into {folder} ({error.strerror}): give a folder.") from error
    return folder


def write_notebook(submission: Submission, csv: Path, run: str, user: str = "") -> str:
    """Write the notebook and its metadata beside a submission's file; returns the commands to push and submit.

    Parameters
    ----------
    csv : the submission, as written.
    run : name of the run.
    """
    words = " ".join(re.findall(r"[a-z0-9]+", f"crossover {run}".lower()))
    title = words[:LONGEST_TITLE].strip()
    slug = title.replace(" ", "-")
    name = f"{slug}.ipynb"
    write(csv.with_name(name), json.dumps(_notebook(submission, title, csv), indent=1, ensure_ascii=False) + "\n")
    metadata = {
        "id": f"{user or NOBODY}/{slug}", "title": title, "code_file": name, "language": "python", "kernel_type": "notebook",
        "is_private": True, "enable_gpu": False, "enable_internet": False,
        "dataset_sources": [], "competition_sources": [submission.dataset], "kernel_sources": [], "model_sources": [],
    }  # fmt: skip
    write(csv.with_name("kernel-metadata.json"), json.dumps(metadata, indent=1) + "\n")
    return _commands(submission, csv, name, title, user)


def _commands(submission: Submission, csv: Path, notebook: str, title: str, user: str) -> str:
    message = shlex.quote(f"{title}: {_told(submission)}")
    folder, file = shlex.quote(str(csv.parent)), shlex.quote(str(csv))
    first = (
        "" if user else f"\nFirst put your name at Kaggle in place of {NOBODY} in kernel-metadata.json, or give --user."
    )
    return f"""{submission.reason}
Written to {csv.parent}: submission.csv, {notebook}, kernel-metadata.json. Nothing was sent.{first}
Push the notebook:  kaggle kernels push -p {folder}
Submit the file:    kaggle competitions submit {submission.dataset} -f {file} -m {message}
Read the score:     kaggle competitions submissions {submission.dataset}"""


def _told(submission: Submission) -> str:
    """The models, and how good they are on held-out rows, in a few words."""
    models = " + ".join(f"{member.weight} {member.variant}" for member in submission.members)
    if (mix := submission.mix) is None:
        return models
    low, high = wilson(mix.accuracy * mix.rows, mix.rows)
    return f"{models}, validation accuracy {100 * mix.accuracy:.2f} % ({100 * low:.2f} to {100 * high:.2f}) on {mix.rows} rows"


def _notebook(submission: Submission, title: str, csv: Path) -> dict[str, Any]:
    cells: list[dict[str, Any]] = [
        {"id": f"cell-{number}", "cell_type": kind, "metadata": metadata, "source": text.splitlines(keepends=True)}
        | ({"execution_count": None, "outputs": []} if kind == "code" else {})
        for number, (kind, text, metadata) in enumerate(_cells(submission, title, csv))
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _cells(submission: Submission, title: str, csv: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Kind, text and metadata of each cell."""
    yield "markdown", _introduction(submission, title), {}
    files = _files(submission)
    folders = sorted({str(Path(SOURCES, name).parent) for name in files})
    yield "code", f"FOLDERS = {pprint.pformat(folders)}\n\n{MAKE_FOLDERS}", {}
    for name, text in files.items():
        yield (
            "code",
            f"%%writefile {SOURCES}/{name}\n{text}",
            {"_kg_hide-input": True, "jupyter": {"source_hidden": True}},
        )
    facts = {
        "COMPETITION": submission.dataset,
        "SOURCES": SOURCES,
        "VERSIONS": {name: number for name in LIBRARIES if (number := library_version(name))},
        "MEMBERS": [asdict(member) | {"estimator": _reference(member.estimator)} for member in submission.members],
        "DIGEST": hashlib.sha256(csv.read_bytes()).hexdigest(),
    }
    yield (
        "code",
        "\n".join(f"{name} = {pprint.pformat(value, sort_dicts=False, width=110)}" for name, value in facts.items()),
        {},
    )
    for text in (COMPARE_VERSIONS, READ, FIT, WRITE):
        yield "code", text, {}


def _files(submission: Submission) -> dict[str, str]:
    """Path in the notebook's folder -> text of every source that the members and the order of the rows need."""
    own = [estimators.file_of(member.estimator) for member in submission.members]
    found = sources(*own, Path(split.__file__))
    return {
        (path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name): path.read_text(
            encoding="utf-8"
        )
        for path in found
    }


def _reference(estimator: str) -> str:
    """An estimator as the notebook finds it: a file of one's own lies in its folder."""
    file = estimators.file_of(estimator)
    return estimator if file.is_relative_to(ROOT) else f"{SOURCES}/{file.name}"


def _introduction(submission: Submission, title: str) -> str:
    members = "\n".join(f"| {m.variant} | {Path(m.estimator).stem} | {m.weight} |" for m in submission.members)
    about = source(submission.dataset)
    return f"""# {title}

{submission.reason}

| model | estimator | counts |
| --- | --- | --: |
{members}

Each is fitted on all {submission.rows:,} rows of `train.csv`, and on nothing else; the mean of their probabilities decides. Settings
and weights were chosen by Crossover on parts of `train.csv`.

The notebook needs no internet and no other data set: the cells that follow write the sources of the models. If a library is too old
here, add a data set with its wheel and install it with `pip install --no-index`. With other versions, cores or a GPU the last digits
differ, and with them a few labels.

Data: {about.title}, {about.licence}."""


MAKE_FOLDERS = """from pathlib import Path

for folder in FOLDERS:
    Path(folder).mkdir(parents=True, exist_ok=True)"""

COMPARE_VERSIONS = """from importlib.metadata import PackageNotFoundError, version

for name, number in VERSIONS.items():
    try:
        here = version(name)
    except PackageNotFoundError:
        here = "not here"
    print(f"{name:24}made with {number:12}{'' if here == number else here}")"""

READ = """import sys

import numpy as np
import pandas as pd

sys.path.insert(0, SOURCES)
from benchmarks.data.split import split

places = [*sorted(Path("/kaggle/input").glob(f"**/{COMPETITION}")), Path(COMPETITION), Path(".")]
folder = next(place for place in places if (place / "train.csv").exists())
train, test = pd.read_csv(folder / "train.csv"), pd.read_csv(folder / "test.csv")


def images(pixels):
    side = round(pixels.shape[1] ** 0.5)
    return pixels.to_numpy(np.uint8).reshape(-1, side, side, 1)


X, y, to_label = images(train.drop(columns="label")), train["label"].to_numpy(np.int64), images(test)
# A model may depend on the order of its rows: first come those that the run trained on, then those that it tested on.
rows = np.concatenate(split(y, 0.1, seed=0))
X, y = X[rows], y[rows]
print(X.shape, to_label.shape)"""

FIT = """import time

import estimators

proba = 0
for member in MEMBERS:
    began = time.perf_counter()
    estimator = estimators.get(member["estimator"])
    params, _ = estimator.scaled(member["params"], member["effort"], len(X))
    model = estimator.build(member["random_seed"], **params).fit(X, y)
    proba = proba + member["weight"] * model.predict_proba(to_label).astype(np.float32).astype(np.float64)
    print(f"{member['variant']}: {time.perf_counter() - began:.0f} s")"""

WRITE = """import hashlib

labels = proba.argmax(axis=1)
text = "ImageId,Label\\n" + "".join(f"{i},{label}\\n" for i, label in enumerate(labels, 1))
Path("submission.csv").write_text(text)
same = hashlib.sha256(text.encode()).hexdigest() == DIGEST
print("submission.csv is written,", "the same as" if same else "with some labels other than in", "the one that was exported")"""
