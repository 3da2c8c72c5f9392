"""Crossover: is deep learning worth it here? Classical models and networks on labelled images, compared, with the bill.

The door of the project: one verb of the command line is one library call.

    import crossover
    ok = crossover.run("quick")                 # crossover run quick
    run = crossover.load("runs/quick")          # DataFrames for a notebook
    page = crossover.report("runs/quick")       # crossover report runs/quick
    model = crossover.load_model("runs/quick")  # its best model, or that in a model folder
    names = model.predict(images)               # uint8 (n, h, w, c)

Everything heavy is imported inside the calls, so that ``crossover --help`` is instant.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

BEGAN = time.perf_counter()  # what `run --within` is measured from

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from benchmarks.labels.clean import Suspected
    from benchmarks.serving.model import Model
    from benchmarks.serving.onnx import Exported
    from benchmarks.serving.predict import Spent
    from benchmarks.serving.submission import Submission
    from benchmarks.suite import Suite
    from estimators.models.pipeline import Augmentation
    from reports import Run

__all__ = [
    "augment",
    "clean",
    "explain",
    "export_kaggle",
    "export_onnx",
    "learn_repair",
    "load",
    "load_model",
    "log",
    "predict",
    "repair",
    "report",
    "run",
    "submit",
    "test_estimator",
]

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)


def run(
    what: str,
    *,
    estimators: str | None = None,
    budget: str | None = None,
    within: str | None = None,
    seeds: int | None = None,
    executor: str = "local",
    workers: int | None = None,
    data: str | Path | None = None,
    name: str | None = None,
    study: str | None = None,
    source: str | None = None,
    replay: str | Path | None = None,
    groups: str | None = None,
    background: str | None = None,
    size: str | None = None,
    frame: str | None = None,
    fail_fast: bool = False,
) -> bool:
    """Carry out a suite, or compare all default estimators on one data set; returns whether every cell ended well.

    Parameters
    ----------
    what : a suite (its name or its TOML file) or a data set (its name or path).
    estimators : restrict to those that match a pattern, for example ``"svm,cnn"``.
    budget : of each variant, for example ``"2m"`` for search and final fit together, or ``"20 trials"`` of its search.
    within : for the whole run, in place of `budget`, for example ``"10m"``; all variants get the same share.
    seeds : how many.
    data : folder with the data sets, before ``$CROSSOVER_DATA`` and the cache.
    executor : "local", "serial", the address of a Dask scheduler, or a TOML file that describes a cluster.
    workers : processes of the local executor, which share cores and memory; as many as pay off if None.
    study : compare on the data set `what` at the levels of this study, such as ``"sizes"``, or as this suite does with its
        own, such as ``"crossover"``.
    source : for the study "transfer": a data set, or a trained model's folder or file of Keras, to start from.
    name : of the run folder below ``runs/``; the name of the suite or data set if not given.
    groups : which images stay on one side of every split: those with one match of a regular expression in their paths, such
        as ``"writer[0-9]+"``, or with one value in a column, ``"column:writer"``, or near duplicates, ``"near"``.
    background : what shows where an image is transparent, "white", "black" or "#rrggbb"; white if None.
    size : of the images made of the pictures of a folder, "32" for the longest side, "24x32" for height and width; a probe
        tells if None.
    frame : how such pictures are framed, "whole", cropped to their "content", or that centred by "mass"; a probe tells if
        None.
    replay : folder of a run of the same suite, whose trials and fits are repeated as its ledger has them, without looking at
        a clock; on the same machine and versions with the same results.

    Raises
    ------
    UserError : bad usage or bad data, in one line.
    """
    from benchmarks.requested import Changes, requested

    changes = Changes(
        estimators=estimators,
        budget=budget,
        within=within,
        seeds=seeds,
        study=study,
        source=source,
        groups=groups,
        background=background,
        size=size,
        frame=frame,
    )
    suite = requested(what, changes)
    folder = _run_folder(name, suite)
    return _carry_out(suite, folder, executor, workers, data, replay, fail_fast)


def _carry_out(
    suite: Suite,
    folder: Path,
    executor: str,
    workers: int | None,
    data: str | Path | None,
    replay: str | Path | None,
    fail_fast: bool,
) -> bool:
    """Carry out a suite in a run folder, with its study of repair if it has one; whether every cell ended well."""
    from benchmarks.progress import progress
    from benchmarks.run import run as run_suite

    with progress(suite, folder) as observer:
        ok = run_suite(
            suite,
            folder,
            observer,
            data_dir=Path(data) if data is not None else None,
            execute_by=executor,
            workers=workers,
            command=_command() if Path(sys.argv[0]).name.startswith("crossover") else "",
            fail_fast=fail_fast,
            replay=Path(replay) if replay is not None else None,
        )
    if suite.repair is None or (fail_fast and not ok):
        return ok
    return _study_repair(suite, folder, data) and ok  # A cell that failed does not keep the others from it.


def _study_repair(suite: Suite, folder: Path, data: str | Path | None) -> bool:
    """Carry out the study of repair of a suite, in a process of its own: it needs TensorFlow, and this one forks."""
    import subprocess

    assert suite.repair is not None
    options = ["--mix", str(suite.repair.mix), *(f"--detector={name}" for name in suite.repair.detectors)]
    options += [] if data is None else ["--data", str(data)]
    if suite.fallback is None:  # Else run.json tells which data set was there, and it has a name.
        options += [f"--dataset={name}" for name in suite.datasets]
    command = [sys.executable, "-m", "benchmarks.repair.study", str(folder), *options]
    path = os.pathsep.join(filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH")]))
    return subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, check=False).returncode == 0


def report(
    *folders: str | Path, out: str | Path | None = None, told: Callable[[str], None] = lambda line: None
) -> Path:
    """Write report.html, leaderboard.csv, leaderboard.md and results.csv into a run folder; returns the path of the page.

    Several runs give one merged page, `out` or ``RUN1-and-RUN2.html`` beside the first run folder. What is left out because a
    file is damaged is on the page, and `told` is told of it, a line each.
    """
    from reports import report as write_report

    return write_report(*folders, out=out, told=told)


def log(folder: str | Path, to: str) -> str:
    """Log a run to an MLflow tracking server or folder, once however often; returns the tracking URI."""
    from reports.export.mlflow import log as log_run

    report(folder)
    return log_run(load(folder), to)


def load(folder: str | Path) -> Run:
    """A run folder as DataFrames: ``.trials``, ``.searches``, ``.fits``, ``.evaluations``, and arrays of predictions."""
    from reports import load as load_run

    return load_run(Path(folder))


def load_model(path: str | Path) -> Model:
    """A trained model in the manners of scikit-learn: ``.predict(images)``, ``.predict_proba(images)``, ``.classes_``.

    Parameters
    ----------
    path : a model folder, a copy of one, or a run folder, of which the leaderboard's best model is taken.

    Raises
    ------
    UserError : there is no model, or a damaged one.
    """
    from benchmarks.serving.model import load_model as load_from

    return load_from(_model_folder(Path(path)))


def submit(folder: str | Path, out: str | Path | None = None, *, variant: str | None = None) -> Path:
    """Write the competition's CSV, `out` or ``submission.csv`` in the run folder; returns its path.

    The models that pay by validation, or the variant named alone, are fitted on every labelled row; their probabilities are
    averaged. Test rows that the harness held back are part of the competition's train.csv, so they may be used now; nothing
    else is, and no test label helps to choose the models.
    """
    from benchmarks.serving.submission import submission

    return _written(submission(Path(folder), variant), Path(folder), out)


def export_kaggle(folder: str | Path, target: str | Path, *, variant: str | None = None, user: str = "") -> str:
    """Write into a folder what Kaggle takes: submission.csv, a notebook that makes it again offline, kernel-metadata.json.

    Parameters
    ----------
    target : the folder, which is made if it is not there.
    variant : as in `submit`.
    user : Kaggle's name of the owner; else that is left open in kernel-metadata.json.

    Returns
    -------
    The commands that push the notebook and submit the file. Nothing is sent, and no credentials are read.

    Raises
    ------
    UserError : no run, or one without a competition's data; the folder cannot be written.
    """
    from benchmarks.serving.submission import submission
    from reports.export.notebook import check_target, write_notebook

    target = check_target(Path(target), user)
    found = submission(Path(folder), variant)
    path = _written(found, target, None)
    return write_notebook(found, path, Path(folder).resolve().name, user)


def export_onnx(model: str | Path, path: str | Path) -> Exported:
    """Write a model as one ONNX file, from uint8 images to probabilities, which onnxruntime and others read without Crossover.

    Networks, and logistic regression and support vector machines on pixels. The file is kept only if onnxruntime gives with it what the
    model gives, to 1e-4, on random images and on the training images that the run folder keeps. Needs the extra ``onnx``.

    Parameters
    ----------
    model : a model folder, or a run folder, of which the leaderboard's best model is taken.
    path : the file, ``….onnx``.

    Returns
    -------
    On how many images it was compared, and the largest difference of a probability.

    Raises
    ------
    UserError : the extra is not installed, there is no model, no converter carries it, or the file would predict otherwise.
    """
    from benchmarks.serving.onnx import export

    return export(_model_folder(Path(model)), Path(path))


def _written(submission: Submission, folder: Path, out: str | Path | None) -> Path:
    """The path of a submission's CSV, written and checked: `out`, or ``submission.csv`` in a folder."""
    from benchmarks.safety.regular import write, write_out
    from reports.export.kaggle import check_submission, write_submission

    path = folder / "submission.csv" if out is None else Path(out)
    write_submission(submission.labels, path, write if out is None else write_out)
    if path.is_file():
        check_submission(path, rows=len(submission.labels))
    return path


def predict(
    model: str | Path,
    paths: str | Path | Sequence[str | Path],
    out: str | Path | None = None,
    *,
    prepare: str = "auto",
    invert: bool = False,
    top: int = 1,
    upper: bool = False,
    reject: float | None = None,
    show_input: str | Path | None = None,
    repair: str | Path = "none",
    written_as: str | None = None,
    told: Callable[[Spent, int | None], None] = lambda spent, total: None,
) -> Any:
    """Label pictures; returns a DataFrame ``file, label, probability, error``, with ``row`` where a table was given.

    Parameters
    ----------
    model : a model folder, or a run folder, of which the leaderboard's best model is taken; or a ``.keras`` file.
    paths : image files, CSV, npz and idx files, and folders of images.
    out : also write it there, as its name ends, .csv or .json, as CSV without an end, or as `written_as` says, "csv" or "json".
    prepare : "auto": as the model's ``model.json`` says. "none": the size and the colours alone. "scan": a photo or scan of a
        character is made to look as those of MNIST do.
    invert : swap light and dark first.
    top : so many classes of each, in ``label_2``, ``probability_2`` and so on.
    upper : small letters count as their capitals.
    reject : ``unsure`` says of which the probability is below this, so that a person looks at them.
    show_input : a new or empty folder, for PNG files of what the model was shown.
    repair : "auto": repair pictures first, as `learn_repair` learned for this model, or as a folder of it says; ``detected``,
        ``strength``, ``certainty`` and ``repair`` say what was found and done. "none": as they are.
    told : is told what it took, after every batch.

    Raises
    ------
    UserError : bad usage, no model, or nothing that can be read.
    """
    from benchmarks.errors import unknown
    from benchmarks.safety.regular import check_place, write_out
    from benchmarks.serving.predict import FORMATS, as_text
    from benchmarks.serving.predict import predict as predict_files

    if out is not None:
        check_place(Path(out))
    written_as = written_as or ("" if out is None else Path(out).suffix.lower()[1:]) or "csv"
    if written_as not in FORMATS:
        raise unknown("format", written_as, FORMATS)

    frame = predict_files(
        _model_folder(Path(model)),
        [Path(path) for path in ([paths] if isinstance(paths, str | Path) else paths)],
        prepare=prepare,
        invert=invert,
        top=top,
        upper=upper,
        reject=reject,
        show_input=Path(show_input) if show_input is not None else None,
        repair=str(repair),
        told=told,
    )
    if out is not None:
        write_out(Path(out), as_text(frame, written_as))
    return frame


def clean(
    what: str | Path,
    out: str | Path | None = None,
    *,
    estimator: str | None = None,
    folds: int | None = None,
    seed: int = 0,
    data: str | Path | None = None,
    groups: str = "",
    background: str | None = None,
    size: str = "",
    frame: str = "",
    plant: str = "",
    everything: bool = False,
    reads: Callable[[str], None] = lambda text: None,
    told: Callable[[int], None] = lambda done: None,
) -> Suspected:
    """Find training images that are probably labelled wrongly (confident learning); the test part is not looked at by itself.

    Parameters
    ----------
    what : a data set, by name or path.
    out : a CSV with a row per suspect, and beside it a page of the same name with the images, ``.html``; None writes nothing.
    estimator : whose base setting judges every image, fitted without it; logistic regression on oriented gradients if None.
    folds : how many models are fitted; 5 if None.
    data, groups, background, size, frame : as in `run`. Images of one group are judged by a model that saw none of it.
    plant : make wrong labels first, such as ``"symmetric-2"``, to see how many are found.
    everything : look at the test part too.
    reads, told : are told how far the reading is, and after every fold how many are done.

    Returns
    -------
    ``.frame()`` is the table, ``.summary()`` what was found in words.

    Raises
    ------
    UserError : bad usage or bad data, in one line.
    """
    from benchmarks.data.reading import WHITE, Reading
    from benchmarks.labels.clean import clean as look
    from benchmarks.labels.out_of_fold import ESTIMATOR, FOLDS
    from benchmarks.safety.regular import check_place

    if out is not None:
        check_place(Path(out), "a CSV file", lambda suffix: suffix != ".html")  # The page is written beside it.
    found = look(
        str(what),
        estimator=estimator or ESTIMATOR,
        folds=FOLDS if folds is None else folds,
        seed=seed,
        data_dir=Path(data) if data is not None else None,
        reading=Reading(groups, background or WHITE, size, frame),
        plant=plant,
        everything=everything,
        reads=reads,
        told=told,
    )
    if out is not None:
        from benchmarks.safety.regular import write_out
        from reports.page import suspects

        write_out(Path(out), suspects.text(found.frame()))
        write_out(Path(out).with_suffix(".html"), suspects.render(found))
    return found


def explain(folder: str | Path, *, data: str | Path | None = None) -> list[str]:
    """Find the training images that the best model of each data set finds most like its worst mistakes; the page shows them.

    They are looked for in the model's own feature space, of its true and of the predicted class, and kept in the run folder.
    Nothing is chosen by it. The report is written anew.

    Parameters
    ----------
    data : folder with the data sets, where the cache no longer has the images.

    Returns
    -------
    A line for each data set.

    Raises
    ------
    UserError : no run folder, nothing evaluated yet, or the images are gone or others.
    """
    from reports.explaining import explain as explain_run

    lines = explain_run(load(folder), Path(data) if data is not None else None)
    report(folder)
    return lines


def learn_repair(
    model: str | Path,
    dataset: str | Path | None = None,
    *,
    detector: str = "statistics",
    out: str | Path | None = None,
    seed: int = 0,
    data: str | Path | None = None,
    told: Callable[[str], None] = lambda line: None,
) -> Path:
    """Learn, from training images alone, to detect distortions and which repair helps a model; returns the folder of it.

    Parameters
    ----------
    model : a model folder, or a run folder, of which the leaderboard's best model is taken; or a ``.keras`` file.
    dataset : whose training images: its name or path; if None that which a model of a run was trained on, if that has a name.
    detector : "statistics", or "network".
    out : the folder to write; if None ``repair`` in the model's folder, or beside a ``.keras`` file, where `predict` and
        `repair` find it.
    data : folder with the data sets, before ``$CROSSOVER_DATA`` and the cache.
    told : is told line by line how far it is.

    Raises
    ------
    UserError : no model, no such data set or detector, or a model that was made for other images.
    """
    from benchmarks.repair.learning import learn_for

    return learn_for(
        _model_folder(Path(model)),
        dataset,
        detector=detector,
        out=Path(out) if out is not None else None,
        seed=seed,
        data_dir=Path(data) if data is not None else None,
        told=told,
    )


def repair(
    source: str | Path,
    target: str | Path,
    model: str | Path,
    *,
    learned: str | Path = "auto",
    prepare: str = "auto",
) -> Any:
    """Write every image below a folder, repaired for a model, into another; returns a DataFrame of what was found and done.

    Parameters
    ----------
    model : as in `learn_repair`, which comes first.
    learned : "auto": what was learned lies with the model; or its folder.
    prepare : as in `predict`.

    Returns
    -------
    ``file, written, detected, strength, certainty, repair, label, probability, error``; ``repairs.csv`` in the target has it.

    Raises
    ------
    UserError : no images, no model, nothing learned, or a target that has files.
    """
    from benchmarks.repair.files import repair as repair_files

    return repair_files(Path(source), Path(target), _model_folder(Path(model)), learned=str(learned), prepare=prepare)


def test_estimator(file: str | Path) -> Iterator[tuple[str, str]]:
    """Run the contract tests on an estimator's file (or on the one of that name); yields each check's name and its error.

    Raises
    ------
    UserError : there is no such file, or it cannot be loaded.
    """
    from benchmarks.errors import UserError
    from estimators import contract

    try:
        return contract.test_estimator(str(file))
    except ValueError as error:
        raise UserError(str(error)) from error


def augment(
    source: str | Path,
    target: str | Path,
    *,
    copies: int = 5,
    seed: int = 0,
    keep_originals: bool = False,
    invert: bool = False,
    threshold: int | str | None = None,
    shift: float = 0.06,
    rotation: float = 10.0,
    zoom: float = 0.09,
    shear: float = 0.13,
    flip: bool = False,
) -> int:
    """Write changed copies of every image below a folder into another; returns how many images were written.

    Parameters
    ----------
    copies : of each image.
    seed : equal seeds, equal bytes.
    keep_originals : write the images themselves too.
    invert : swap light and dark first.
    threshold : make all black and white, at this level, 0 … 254, or at the level that "otsu" finds for each image.
    shift, zoom : at most this share of the image's side, of its size.
    rotation : degrees, at most.
    shear : tangent of the angle, at most.
    flip : also mirror half of them left to right.
    """
    from benchmarks.augment import Copying
    from benchmarks.augment import augment as augment_files

    changes = _changes(shift, rotation, zoom, shear, flip)
    return augment_files(Path(source), Path(target), Copying(changes, copies, seed, keep_originals, invert, threshold))


def augment_arrays(
    images: NDArray[np.uint8],
    labels: Any,
    *,
    copies: int = 5,
    seed: int = 0,
    keep_originals: bool = False,
    invert: bool = False,
    threshold: int | str | None = None,
    shift: float = 0.06,
    rotation: float = 10.0,
    zoom: float = 0.09,
    shear: float = 0.13,
    flip: bool = False,
) -> tuple[NDArray[np.uint8], NDArray]:
    """Changed copies of images in memory, and their labels; the options are those of `augment`.

    Parameters
    ----------
    images : uint8 (n, h, w, c) with c 1 or 3.
    labels : (n,), of any kind.

    Returns
    -------
    The images, uint8 (n * k, h, w, c), and their labels: the originals if they are kept, then the first copy of every
    image, then the second, and so on.
    """
    from benchmarks.augment import Copying
    from benchmarks.augment import augment_arrays as augmented

    changes = _changes(shift, rotation, zoom, shear, flip)
    return augmented(images, labels, Copying(changes, copies, seed, keep_originals, invert, threshold))


def _changes(shift: float, rotation: float, zoom: float, shear: float, flip: bool) -> Augmentation:
    import math

    from estimators.models.pipeline import Augmentation

    return Augmentation(shift, math.radians(rotation), zoom, shear, flip)


def _model_folder(path: Path) -> Path:
    """A model folder as it is; of a run folder that of its best model."""
    from benchmarks.errors import UserError
    from benchmarks.meant import meant
    from reports.best import best_model

    try:
        is_run = (path / "run.json").exists()
    except OSError as error:
        raise UserError(f"Cannot look into {path}: {error.strerror or error}.") from error
    if is_run:
        return best_model(load(path))
    if path.name and not path.is_file() and not (path / "model.json").exists() and (hint := meant(path)):
        raise UserError(f"{path} is no run and holds no model.{hint}")
    return path


def _run_folder(name: str | None, suite: Suite) -> Path:
    """The folder of a run below ``runs/``.

    Raises
    ------
    UserError : the name would lead elsewhere.
    """
    from benchmarks.safety.names import check_name

    return Path("runs") / (suite.name if name is None else check_name(name, "--run"))


Folder = Annotated[Path, typer.Argument(help="A run folder.", metavar="RUN")]
Data = Annotated[Path | None, typer.Option("--data", help="Folder with the data sets.", metavar="DIR")]


@app.command("run")
def _run(
    what: Annotated[str, typer.Argument(help="A suite or a data set, by name or path.", metavar="SUITE|DATASET")],
    estimators: Annotated[
        str | None, typer.Option(help="Only those that match, e.g. 'svm,cnn'.", metavar="GLOB")
    ] = None,
    budget: Annotated[str | None, typer.Option(help="Of each, search and fit: 90s, 2m; or '20 trials'.")] = None,
    within: Annotated[str | None, typer.Option(help="For the whole run, shared equally: 10m, 1h.")] = None,
    seeds: Annotated[int | None, typer.Option(help="How many.", min=1)] = None,
    executor: Annotated[
        str, typer.Option(help="local, serial, tcp://HOST:PORT of a Dask scheduler, or a TOML.")
    ] = "local",
    workers: Annotated[
        int | None, typer.Option(help="Processes of the local executor; as many as pay off if not given.", min=1)
    ] = None,
    data: Data = None,
    study: Annotated[
        str | None,
        typer.Option(help="Compare at the levels of a study (sizes), or as a suite does (crossover).", metavar="NAME"),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            help="For --study transfer: a data set or a trained model to start from.", metavar="DATASET|MODEL"
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--run", help="Name of the run folder below runs/.", metavar="NAME")
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(help="Repeat this run, without looking at a clock.", metavar="RUN")
    ] = None,
    groups: Annotated[
        str | None,
        typer.Option(
            help="Images that stay together: a regular expression on their paths, column:NAME, or near (duplicates).",
            metavar="PATTERN",
        ),
    ] = None,
    background: Annotated[
        str | None, typer.Option(help="Under what is transparent: white, black or #rrggbb.", metavar="COLOUR")
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(
            help="Of the pictures of a folder: longest side, 32, or height x width, 24x32; a probe tells if not given."
        ),
    ] = None,
    frame: Annotated[
        str | None, typer.Option(help="Of such pictures: whole, content or mass; a probe tells if not given.")
    ] = None,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Stop at the first cell that fails.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what there is to do.")] = False,
) -> None:
    """Tune, refit and test every estimator of a suite, or on a data set; then write the report."""
    from benchmarks.requested import Changes, requested

    changes = Changes(
        estimators=estimators,
        budget=budget,
        within=within,
        seeds=seeds,
        study=study,
        source=source,
        groups=groups,
        background=background,
        size=size,
        frame=frame,
    )
    suite = requested(what, changes)
    folder = _run_folder(name, suite)
    if dry_run:
        from benchmarks.execution.executors import executor as checked
        from benchmarks.plan import plan
        from benchmarks.run import read_info

        checked(executor)  # An unknown one is told now; none is started.
        if replay is not None:
            read_info(replay)
        _say(plan(suite, folder))
        return
    ok = _carry_out(suite, folder, executor, workers, data, replay, fail_fast)
    from rich.console import Console

    from reports.leaderboard import frame as leaderboard
    from reports.leaderboard import print_leaderboard

    page = report(folder, told=_warn)
    carried_out = load(folder)
    print_leaderboard(leaderboard(carried_out), carried_out.notes, Console())
    _say(f"Report: {page}")
    if late := _late(within):
        _warn(late)
    if replay is not None:
        from reports.replayed import differences

        count, lines = differences(carried_out, replay)
        _say(
            "\n".join(
                [*lines, f"Replayed {replay}: {count - len(lines)} of {count} accuracies and log-losses are the same."]
            )
        )
        ok = ok and not lines
    raise typer.Exit(0 if ok else 1)


def _late(within: str | None) -> str:
    """By how much a run took longer than it was given; "" if it did not."""
    from benchmarks.budget import parse_budget
    from reports.drawing.formats import duration

    granted, took = within and parse_budget(within).seconds, time.perf_counter() - BEGAN
    if not granted or took <= granted + max(2.0, 0.05 * granted):
        return ""
    return f"The run took {duration(took)}, of {duration(granted)} that --within gave."


@app.command("report")
def _report(
    folders: Annotated[list[Path], typer.Argument(help="Run folders.", metavar="RUN...")],
    out: Annotated[
        Path | None,
        typer.Option(
            help="Where to write the page; RUN/report.html or RUN1-and-RUN2.html if not given.", metavar="FILE"
        ),
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Write report.html, leaderboard.csv, leaderboard.md and results.csv of a run; of several runs, one merged page."""
    page = report(*folders, out=out, told=_warn)
    _say(page)
    if show:
        typer.launch(str(page.resolve()))


@app.command("log")
def _log(
    folder: Folder,
    to: Annotated[str, typer.Option(help="Tracking URI of a server or database, or a folder.", metavar="URI")],
) -> None:
    """Log a run to MLflow, each final evaluation below one parent; again, and nothing is doubled."""
    _say(f"Logged to {log(folder, to)}")


@app.command("list")
def _list(
    what: Annotated[
        str,
        typer.Argument(
            help="estimators, datasets, suites, studies, strategies, corruptions, repairs, detectors or noises."
        ),
    ],
) -> None:
    """List what there is: estimators, datasets, suites, studies, strategies, corruptions (with the severity of MNIST-C), repairs, detectors
    or noises.
    """
    from benchmarks.errors import UserError, unknown

    match what:
        case "estimators":
            import estimators

            try:
                chosen = estimators.select()
            except ValueError as error:
                raise UserError(str(error)) from error
            for e in chosen:
                print(f"{e.name:22}{e.family:11}{e.strategy:23}{', '.join(e.space)}")
            print(
                f"{estimators.ENSEMBLE:22}{'mixed':11}the mean of others of a run, chosen on rows held out of training"
            )
        case "datasets":
            from benchmarks.data import datasets

            print("\n".join(datasets.names()))
        case "suites":
            import benchmarks.suite

            for name in benchmarks.suite.names():
                print(f"{name:20}{benchmarks.suite.load_suite(name).title}")
        case "studies":
            from benchmarks import studies

            for name in studies.names():
                print(f"{name:16}{studies.get(name).stage:10}{studies.get(name).title}")
        case "strategies":
            from tuning import STRATEGIES

            print("\n".join(STRATEGIES))
        case "corruptions":
            from benchmarks.corruptions import CORRUPTIONS

            for corruption in CORRUPTIONS.values():
                print(f"{corruption.name:20}{corruption.own:<4}{corruption.title:46}{corruption.source}")
        case "repairs":
            from estimators import repairs

            for name in repairs.names():
                print(f"{name:20}{repairs.title(name)}")
        case "detectors":
            from estimators import detectors

            for name in detectors.names():
                print(f"{name:20}{detectors.title(name)}")
        case "noises":
            from benchmarks.labels.noise import NOISES

            for name, noise in NOISES.items():
                print(f"{name:20}{noise.title}")
        case _:
            kinds = [
                "estimators", "datasets", "suites", "studies", "strategies", "corruptions", "repairs", "detectors", "noises",
            ]  # fmt: skip
            raise unknown("list of", what, kinds)


@app.command("submit")
def _submit(
    folder: Folder,
    out: Annotated[Path | None, typer.Option(help="Where to write; RUN/submission.csv if not given.")] = None,
    variant: Annotated[str | None, typer.Option(help="Not a mix but this one.", metavar="NAME")] = None,
) -> None:
    """Write a Kaggle submission from the models that pay by validation, fitted on every row of train.csv."""
    from benchmarks.serving.submission import submission

    found = submission(folder, variant)
    _say(found.reason)
    _say(_written(found, folder, out))


@app.command("export")
def _export(
    what: Annotated[str, typer.Argument(help="kaggle or onnx.")],
    source: Annotated[Path, typer.Argument(help="A run folder; for onnx also a model folder.", metavar="RUN|MODEL")],
    target: Annotated[Path, typer.Argument(help="What to write: a folder, or FILE.onnx.", metavar="DIR|FILE")],
    variant: Annotated[str | None, typer.Option(help="For kaggle: not a mix but this one.", metavar="NAME")] = None,
    user: Annotated[str, typer.Option(help="Your name at Kaggle, for kernel-metadata.json.", metavar="NAME")] = "",
) -> None:
    """Write a submission and its notebook for Kaggle, or a model as an ONNX file, checked to predict the same."""
    from benchmarks.errors import UserError, unknown

    match what:
        case "kaggle":
            _say(export_kaggle(source, target, variant=variant, user=user))
        case "onnx":
            if variant or user:
                raise UserError("--variant and --user are of 'export kaggle'; for onnx give the folder of the model.")
            _say(export_onnx(_chosen(source), target))
        case _:
            raise unknown("export to", what, ["kaggle", "onnx"])


@app.command("check-submission")
def _check_submission(path: Annotated[Path, typer.Argument(help="The CSV.", metavar="FILE")]) -> None:
    """Accept or refuse a Digit Recognizer submission, naming line and reason."""
    from reports.export.kaggle import check_submission

    check_submission(path)
    _say(f"{path} is a valid submission.")


@app.command("predict")
def _predict(
    model: Annotated[
        Path, typer.Argument(help="A model folder, a run folder (its best model), or a .keras file.", metavar="MODEL")
    ],
    paths: Annotated[
        list[Path], typer.Argument(help="Images, folders of images, CSV, npz or idx files.", metavar="PATH...")
    ],
    out: Annotated[Path | None, typer.Option(help="Write the table there, as CSV or JSON.", metavar="FILE")] = None,
    written_as: Annotated[
        str | None, typer.Option("--format", help="csv or json; by the suffix of FILE if not given.")
    ] = None,
    prepare: Annotated[
        str, typer.Option(help="auto: as the model says; none: size and colours alone; scan: as MNIST was made.")
    ] = "auto",
    invert: Annotated[bool, typer.Option("--invert", help="Swap light and dark first.")] = False,
    top: Annotated[int, typer.Option(help="So many classes of each, the runners-up too.", min=1)] = 1,
    upper: Annotated[bool, typer.Option("--upper", help="Small letters count as their capitals.")] = False,
    reject: Annotated[
        float | None, typer.Option(help="Mark as unsure what has less probability: 0.9.", min=0, max=1)
    ] = None,
    show_input: Annotated[
        Path | None, typer.Option(help="Write what the model is shown as PNG files.", metavar="DIR")
    ] = None,
    repair: Annotated[
        str, typer.Option(help="auto: as was learned for the model (learn-repair), or its folder; or none.")
    ] = "none",
) -> None:
    """Label pictures with a trained model."""
    from benchmarks.data.formats.pictures import not_read
    from benchmarks.progress import labelling
    from benchmarks.serving.predict import as_text, summary

    with labelling() as told:
        frame = predict(
            _chosen(model),
            paths,
            out,
            prepare=prepare,
            invert=invert,
            top=top,
            upper=upper,
            reject=reject,
            show_input=show_input,
            repair=repair,
            written_as=written_as,
            told=told,
        )
    if note := not_read(paths):
        _warn(note)
    if out is not None:
        _say(summary(frame, out))
    elif written_as:
        print(as_text(frame, written_as), end="")
    else:
        _say(frame.to_string(index=False, na_rep=""))


@app.command("explain")
def _explain(folder: Folder, data: Data = None) -> None:
    """Find the training images most like the worst mistakes of the best model, and show them in the report."""
    _say("\n".join(explain(folder, data=data)))
    _say(folder / "report.html")


@app.command("clean")
def _clean(
    what: Annotated[str, typer.Argument(help="A data set, by name or path.", metavar="DATASET")],
    out: Annotated[
        Path | None,
        typer.Option(help="The CSV; the page lies beside it. DATASET-suspects.csv if not given.", metavar="FILE"),
    ] = None,
    estimator: Annotated[
        str | None, typer.Option(help="Whose base setting judges; logistic_regression on gradients if not given.")
    ] = None,
    folds: Annotated[int, typer.Option(help="Models that are fitted, each without the images that it judges.")] = 5,
    seed: Annotated[int, typer.Option(help="Of the folds.", min=0, max=2**31 - 1)] = 0,
    data: Data = None,
    groups: Annotated[
        str,
        typer.Option(help="Images that stay together: a regular expression, column:NAME, or near.", metavar="PATTERN"),
    ] = "",
    background: Annotated[str | None, typer.Option(help="Under what is transparent.", metavar="COLOUR")] = None,
    size: Annotated[
        str, typer.Option(help="Of the pictures of a folder: longest side, 32, or height x width, 24x32.")
    ] = "",
    frame: Annotated[str, typer.Option(help="Of such pictures: whole, content or mass.")] = "",
    plant: Annotated[
        str,
        typer.Option(help="Make wrong labels first, symmetric-2 for 2 %, to see how many are found.", metavar="LEVEL"),
    ] = "",
    everything: Annotated[bool, typer.Option("--all", help="Look at the test part too.")] = False,
) -> None:
    """Find training images that are probably labelled wrongly: a table, and a page with the images."""
    from benchmarks.progress import judging

    path = out or Path(f"{Path(what).stem}-suspects.csv")
    with judging(folds) as (reads, told):
        found = clean(
            what,
            path,
            estimator=estimator,
            folds=folds,
            seed=seed,
            data=data,
            groups=groups,
            background=background,
            size=size,
            frame=frame,
            plant=plant,
            everything=everything,
            reads=reads,
            told=told,
        )
    _say(found.summary())
    _say(f"{path} and {path.with_suffix('.html')}")


@app.command("learn-repair")
def _learn_repair(
    model: Annotated[Path, typer.Argument(help="A model folder, a run folder, or a .keras file.", metavar="MODEL")],
    dataset: Annotated[
        str | None,
        typer.Option(
            help="Whose training images, a name or a path; those of the model's run if not given, where that is a name.",
            metavar="DATASET",
        ),
    ] = None,
    detector: Annotated[str, typer.Option(help="statistics or network.")] = "statistics",
    out: Annotated[Path | None, typer.Option(help="The folder to write, if not with the model.", metavar="DIR")] = None,
    seed: Annotated[int, typer.Option(help="Equal seeds, equal repairs.")] = 0,
    data: Data = None,
) -> None:
    """Learn from training images to detect distortions, and which repair helps a model; for repair and predict."""

    def tell(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    _say(learn_repair(_chosen(model), dataset, detector=detector, out=out, seed=seed, data=data, told=tell))


@app.command("repair")
def _repair(
    source: Annotated[Path, typer.Argument(help="A folder of images, at any depth.", metavar="IN")],
    target: Annotated[Path, typer.Argument(help="An empty or new folder.", metavar="OUT")],
    model: Annotated[Path, typer.Option(help="A model folder, a run folder, or a .keras file.", metavar="MODEL")],
    learned: Annotated[str, typer.Option("--repair", help="auto, or the folder that learn-repair wrote.")] = "auto",
    prepare: Annotated[str, typer.Option(help="As in predict: auto, none or scan.")] = "auto",
) -> None:
    """Write images repaired for a model, as PNG, and a table of what was detected and done.

    An image of which nothing is detected has the repair, too, that made the model surest of such images: often none.
    """
    from benchmarks.repair.files import summary

    _say(summary(repair(source, target, _chosen(model), learned=learned, prepare=prepare), target))


@app.command("test-estimator")
def _test_estimator(
    file: Annotated[str, typer.Argument(help="The estimator's file, or its name.", metavar="FILE")],
) -> None:
    """Check that an estimator of your own keeps the contract; exits with 1 where it does not."""
    broken = 0
    for check, error in test_estimator(file):
        print(f"{'FAILED' if error else 'ok':8}{check}{f': {error}' if error else ''}", flush=True)
        broken += bool(error)
    if broken:
        raise typer.Exit(1)


@app.command("augment")
def _augment(
    source: Annotated[Path, typer.Argument(help="A folder of images, at any depth.", metavar="IN")],
    target: Annotated[Path, typer.Argument(help="An empty or new folder.", metavar="OUT")],
    copies: Annotated[int, typer.Option(help="Of each image.", min=0)] = 5,
    seed: Annotated[int, typer.Option(help="Equal seeds, equal files.")] = 0,
    keep_originals: Annotated[bool, typer.Option("--keep-originals", help="Write the images themselves too.")] = False,
    invert: Annotated[bool, typer.Option("--invert", help="Swap light and dark first.")] = False,
    threshold: Annotated[
        str | None, typer.Option(help="Black and white at a level, 0 to 254, or 'otsu'.", metavar="LEVEL")
    ] = None,
    shift: Annotated[float, typer.Option(help="Share of the side, at most.", min=0, max=1)] = 0.06,
    rotation: Annotated[float, typer.Option(help="Degrees, at most.", min=0, max=180)] = 10.0,
    zoom: Annotated[float, typer.Option(help="Share of the size, at most.", min=0, max=0.9)] = 0.09,
    shear: Annotated[float, typer.Option(help="Tangent of the angle, at most.", min=0, max=2)] = 0.13,
    flip: Annotated[bool, typer.Option("--flip", help="Also mirror half of them left to right.")] = False,
) -> None:
    """Write changed copies of images, changed as networks see them in training."""
    from benchmarks.data.formats.pictures import not_read
    from benchmarks.progress import plural

    count = augment(
        source,
        target,
        copies=copies,
        seed=seed,
        keep_originals=keep_originals,
        invert=invert,
        threshold=threshold,
        shift=shift,
        rotation=rotation,
        zoom=zoom,
        shear=shear,
        flip=flip,
    )
    if note := not_read([source]):
        _warn(note)
    _say(f"{plural(count, 'image')} written to {target}/")


def _chosen(path: Path) -> Path:
    """A model folder as it is; of a run folder that of its best model, which is told."""
    from benchmarks.errors import printable

    folder = _model_folder(path)
    if folder != path:
        print(printable(f"Model: {folder}, of the best variant of {path}."), file=sys.stderr)
    return folder


def _say(text: object) -> None:
    """Print what may hold names that others chose: nothing in them moves the cursor or the colours of a terminal."""
    from benchmarks.safety.names import told

    print(told(str(text)))


def _warn(text: str) -> None:
    from benchmarks.errors import printable

    print(f"WARNING: {printable(text)}", file=sys.stderr)


def _command() -> str:
    """What was asked for, as run.json keeps it."""
    return shlex.join(["crossover", *sys.argv[1:]])


def _program() -> str:
    """How this program was called: ``.venv/bin/crossover``, ``python -m crossover``, or, where the shell found it, ``crossover``."""
    called = sys.argv[0]
    if called.endswith(".py"):
        return shlex.join(sys.orig_argv[: len(sys.orig_argv) - len(sys.argv) + 1])
    return "crossover" if called == shutil.which("crossover") else shlex.quote(called)


def _typed() -> str:
    """What was typed, as a shell takes it again."""
    return shlex.join([*shlex.split(_program()), *sys.argv[1:]])


def _dashed() -> str:
    """A word about the first argument that is a file or folder and begins like an option; "" without."""
    for word in sys.argv[1:]:
        with contextlib.suppress(OSError):
            if word.startswith("-") and Path(word).exists():
                return f"For the file or folder {word} write {shlex.quote(f'./{word}')}."
    return ""


def _substitute(error: UnicodeError) -> tuple[str, int]:
    """What a terminal shows in place of a sign that it does not have."""
    from benchmarks.safety.names import plain

    assert isinstance(error, UnicodeEncodeError)
    return plain(error.object[error.start : error.end]), error.end


def main() -> None:
    """The command `crossover`: bad usage and bad data end in one line and exit code 2, a fault of ours in one and exit code 1."""
    from benchmarks.errors import UserError, printable

    codecs.register_error("crossover", _substitute)
    # A shell may have closed them, as in: crossover list >&-
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="crossover")
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _stop)
    try:
        _check_environment()
        app(prog_name=_program())
    except UserError as error:
        print(f"crossover: {error}", file=sys.stderr)
        sys.exit(2)
    except SystemExit as leaving:  # Typer makes this of a KeyboardInterrupt.
        if leaving.code == 130:
            print(f"\ncrossover: stopped. What is finished is kept; to go on: {printable(_typed())}", file=sys.stderr)
        if leaving.code == 2 and (hint := _dashed()):
            print(f"crossover: {printable(hint)}", file=sys.stderr)
        raise
    except BrokenPipeError:  # Who read what is printed has gone.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(1)
    except OSError as error:  # Of the system: a name that is too long, a folder that nobody may look into, a full disk.
        from benchmarks.safety import faults

        print(f"crossover: {faults.of_system(error, _typed())}", file=sys.stderr)
        sys.exit(2)
    except Exception as error:  # Nobody foresaw it.
        from benchmarks.safety import faults

        print(f"crossover: {faults.line(error, _typed())}", file=sys.stderr)
        sys.exit(1)


def _check_environment() -> None:
    """Refuse variables that say nothing, before a file or a model is blamed for it; where none is set, nothing is imported."""
    if os.environ.get("CROSSOVER_MEMORY"):
        from benchmarks.data.formats.bounds import check_variable

        check_variable()
    if os.environ.get("OMP_NUM_THREADS"):
        from benchmarks.errors import UserError
        from estimators.models.threads import threads

        try:
            threads()
        except ValueError as error:
            raise UserError(f"{error}.") from error


def _stop(number: int, frame: Any) -> None:
    """End cleanly at the first Ctrl-C (or SIGTERM), at once at the second; workers end with their driver."""
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, _leave)
    raise KeyboardInterrupt


def _leave(number: int, frame: Any) -> None:
    if sys.stderr.isatty():
        os.write(2, b"\x1b[?25h")  # The cursor, which the live display hides.
    os._exit(130)


if __name__ == "__main__":
    main()
