"""What every estimator must do, as checks over small images that they make themselves.

A check is a function of an `Estimator` that raises an error where something does not hold. `CHECKS` lists them;
`test_estimator` runs all of them on one estimator. Fits use a small share of full effort wherever it is enough.
"""

from __future__ import annotations

import functools
import os
import pickle
import random
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import estimators
from estimators.estimator import Estimator

Rows = tuple[NDArray[np.uint8], NDArray[np.int64]]

EFFORT = 0.01
ENOUGH = 0.1  # effort with which easy classes are learned
CLOSE = 1e-5  # allowed difference of probabilities after saving, which formats may round
IN_ANOTHER_PROCESS = """
import pickle, sys
from pathlib import Path
import numpy as np
import estimators
from estimators.models.saving import load
reference, folder = sys.argv[1], Path(sys.argv[2])
estimators.get(reference)
X = np.load(folder / "images.npy")
np.save(folder / "loaded.npy", load(folder / "model").predict_proba(X))
np.save(folder / "pickled.npy", pickle.loads((folder / "model.pickle").read_bytes()).predict_proba(X))
"""


class ContractError(AssertionError):
    """An estimator does not do what every estimator must do."""


def test_estimator(reference: str) -> Iterator[tuple[str, str]]:
    """Run every check on the estimator of that name, or in the file at that path.

    Yields
    ------
    name of the check, and what does not hold in one line; "" where all holds.

    Raises
    ------
    ValueError : there is no such estimator, or its file cannot be imported.
    """
    estimator = estimators.get(reference)
    return ((check.__name__.removeprefix("check_").replace("_", " "), _error(check, estimator)) for check in CHECKS)


def images(classes: int = 4, rows: int = 60, shape: tuple[int, int, int] = (8, 8, 1), seed: int = 0) -> Rows:
    """Images uint8 (rows, h, w, c), noisy copies of one pattern per class, and labels int64 (rows,), shuffled."""
    patterns = np.random.default_rng(classes).integers(0, 256, (classes, *shape))
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(rows) % classes)
    noisy = 0.7 * patterns[y] + 0.3 * rng.integers(0, 256, (rows, *shape))
    return noisy.astype(np.uint8), y.astype(np.int64)


def check_base_setting_lies_in_the_space(estimator: Estimator) -> None:
    """The base setting is the first trial of every search."""
    estimator.space.check(estimator.base)


def check_build_gives_a_clonable_unfitted_model(estimator: Estimator) -> None:
    """``sklearn.base.clone`` rebuilds it with the same parameters."""
    from sklearn.base import clone

    model = estimator.build(0, **estimator.base)
    _require(str(clone(model).get_params()) == str(model.get_params()), "a clone has other parameters")
    _require(not hasattr(model, "classes_"), "the model has classes_ before it is fitted")


def check_probabilities(estimator: Estimator) -> None:
    """(n, k), floating point, none negative, rows that sum to 1, in the order of ``classes_``."""
    model, X, _ = _fitted(estimator)
    _require(model.classes_.tolist() == [0, 1, 2, 3], f"classes_ is {model.classes_}, the labels are 0 … 3")
    _check_probabilities(model.predict_proba(X), len(X), 4)
    one_by_one = np.concatenate([model.predict_proba(X[i : i + 1]) for i in range(5)])
    _require_close(one_by_one, model.predict_proba(X)[:5], "images predicted one by one", 1e-4)


def check_data_is_left_as_it_is(estimator: Estimator) -> None:
    """Neither images nor labels are changed by a fit or a prediction; both may be read-only."""
    X, y = images()
    kept = X.copy(), y.copy()
    X.flags.writeable = y.flags.writeable = False
    _cheap(estimator, len(X)).fit(X, y).predict_proba(X)
    _require(np.array_equal(X, kept[0]) and np.array_equal(y, kept[1]), "a fit changed its data")


def check_it_learns(estimator: Estimator) -> None:
    """The base setting labels new images of four easy classes far better than chance."""
    X, y = images(rows=120)
    V, w = images(rows=80, seed=1)
    score = float((_cheap(estimator, len(X), ENOUGH).fit(X, y).predict_proba(V).argmax(axis=1) == w).mean())
    _require(score > 0.7, f"four easy classes are told apart in {score:.0%} of new images; 70 % are asked for")


def check_same_seed_same_answer(estimator: Estimator) -> None:
    """A fit depends on data, setting and seed alone: not on the global random states, not on fits before it."""
    X, y = images()
    first, second = _cheap(estimator, len(X)), _cheap(estimator, len(X))
    for state, model in enumerate((first, second)):
        random.seed(state)
        np.random.seed(state)  # noqa: NPY002
        model.fit(X, y)
    _require_close(second.predict_proba(X), first.predict_proba(X), "a second fit with the same seed", 0)


def check_two_classes(estimator: Estimator) -> None:
    """Two probabilities per image."""
    X, y = images(classes=2)
    _check_probabilities(_cheap(estimator, len(X)).fit(X, y).predict_proba(X), len(X), 2)


def check_colour_images(estimator: Estimator) -> None:
    """Three channels, and sides of unequal length."""
    X, y = images(shape=(9, 6, 3))
    _check_probabilities(_cheap(estimator, len(X)).fit(X, y).predict_proba(X), len(X), 4)


def check_tiny_images(estimator: Estimator) -> None:
    """2×3 pixels."""
    X, y = images(shape=(2, 3, 1))
    _check_probabilities(_cheap(estimator, len(X)).fit(X, y).predict_proba(X), len(X), 4)


def check_images_of_another_size_are_refused(estimator: Estimator) -> None:
    """With a ValueError, rather than labelled by chance."""
    model, X, _ = _fitted(estimator)
    try:
        model.predict_proba(np.zeros((1, 9, 7, 1), np.uint8))
    except ValueError:
        return
    _require(False, f"fitted on images of {X.shape[1:]}, the model predicts images of (9, 7, 1) without a ValueError")


def check_validation_rows(estimator: Estimator) -> None:
    """What a fit finds on validation rows is a parameter of ``build``; a class may be missing there."""
    import inspect

    X, y = images()
    V, w = images(rows=40, seed=1)
    V, w = V[w != 0], w[w != 0]
    model = _cheap(estimator, len(X))
    if "validation" not in inspect.signature(model.fit).parameters:
        return
    model.fit(X, y, validation=(V, w))
    _check_probabilities(model.predict_proba(V), len(V), 4)
    found = dict(model.found_)
    _require(
        set(found) <= set(estimator.base), f"found_ has {sorted(set(found) - set(estimator.base))}, unknown to build"
    )
    params, _ = estimator.scaled(estimator.base, EFFORT, len(X))
    estimator.build(0, **{**params, **found}).fit(X, y)


def check_it_goes_on_from_a_source(estimator: Estimator) -> None:
    """In every way that it says: few images are enough for classes that the source knew, what is saved predicts the same, and
    a way that it does not know is refused with a ValueError. A class that the source did not have is learned too.
    """
    from estimators.models.saving import load, save
    from estimators.models.source import Source

    X, y = images(rows=120)
    few, labels = X[:24], y[:24]
    V, w = images(rows=80, seed=1)
    for way in estimator.transfer:
        if way == "rows":  # They are rows like others.
            continue
        made = estimators.get("mlp") if way == "embedding" else estimator
        taught = _cheap(made, len(X), ENOUGH).fit(X, y)
        for known in ((0, 1, 2, 3), (0, 1, 2, -1)):
            model = _cheap(estimator, len(few), ENOUGH).fit(few, labels, source=Source(taught, known, way))
            proba = model.predict_proba(V)
            _check_probabilities(proba, len(V), 4)
            score = float((proba.argmax(axis=1) == w).mean())
            _require(score > 0.7, f"{way}: from {known}, easy classes are told apart in {score:.0%} of new images only")
            with tempfile.TemporaryDirectory() as folder:
                save(model, Path(folder) / "model", {"estimator": estimator.name})
                loaded = load(Path(folder) / "model")
            _require_close(loaded.predict_proba(V), proba, f"{way}: the loaded model", CLOSE)
        try:
            _cheap(estimator, len(few)).fit(few, labels, source=Source(taught, (0, 1, 2, 3), "no such way"))
        except ValueError:
            continue
        _require(False, f"{way}: a way that it does not know was not refused")


def check_ends_of_the_space_fit(estimator: Estimator) -> None:
    """Settings that together have both ends of every axis and every value of each choice fit, or report divergence."""
    X, y = images(rows=24, shape=(6, 6, 1))
    axes = {name: axis.grid(2) for name, axis in estimator.space.items()}
    for i in range(max(map(len, axes.values()), default=0)):
        params = {**estimator.base, **{name: values[i % len(values)] for name, values in axes.items()}}
        scaled, _ = estimator.scaled(params, EFFORT, len(X))
        try:
            proba = estimator.build(0, **scaled).fit(X, y).predict_proba(X)
        except FloatingPointError:
            continue
        except Exception as error:
            raise type(error)(f"{_difference(estimator, params)}: {error}") from error
        _require(
            proba.shape == (len(X), 4), f"{_difference(estimator, params)}: probabilities have shape {proba.shape}"
        )


def check_effort(estimator: Estimator) -> None:
    """Full effort is the setting itself on all rows; a share of it is never more."""
    # Of few rows a network is shown fewer images.
    _require(estimator.scaled(estimator.base, 1.0, 10**5) == (estimator.base, 10**5), "full effort changes the setting")
    _, rows = estimator.scaled(estimator.base, 1 / 9, 1000)
    _require(1 <= rows <= 1000, f"a ninth of the effort asks for {rows} of 1000 rows")


def check_saved_and_loaded_it_predicts_the_same(estimator: Estimator) -> None:
    """In this process: also its size and backend are the same."""
    from estimators.models.describe import describe
    from estimators.models.saving import load, save

    model, X, _ = _fitted(estimator)
    with tempfile.TemporaryDirectory() as folder:
        save(model, Path(folder) / "model", {"estimator": estimator.name})
        loaded = load(Path(folder) / "model")
    _require_close(loaded.predict_proba(X), model.predict_proba(X), "the loaded model", CLOSE)
    _require(describe(loaded) == describe(model), "the loaded model is described differently")


def check_another_process_loads_and_unpickles_it(estimator: Estimator) -> None:
    """A fresh interpreter in another folder, as `crossover predict` is one, from a copy of the model folder alone."""
    from estimators.models.saving import save

    model, X, _ = _fitted(estimator)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save(model, folder / "made" / "model", {"estimator": estimator.name})
        shutil.copytree(folder / "made" / "model", folder / "model")
        shutil.rmtree(folder / "made")
        (folder / "model.pickle").write_bytes(pickle.dumps(model))
        np.save(folder / "images.npy", X)
        project = str(Path(estimators.__file__).parent.parent)
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([project, os.environ.get("PYTHONPATH", "")])}
        command = [sys.executable, "-c", IN_ANOTHER_PROCESS, _reference(estimator), name]
        ran = subprocess.run(command, cwd=name, env=environment, capture_output=True, text=True, check=False)
        _require(ran.returncode == 0, (ran.stderr.strip().splitlines() or ["it ended without a word"])[-1])
        for how in ("loaded", "pickled"):
            _require_close(np.load(folder / f"{how}.npy"), model.predict_proba(X), f"{how} in another process", CLOSE)


CHECKS: tuple[Callable[[Estimator], None], ...] = (
    check_base_setting_lies_in_the_space,
    check_build_gives_a_clonable_unfitted_model,
    check_effort,
    check_probabilities,
    check_data_is_left_as_it_is,
    check_it_learns,
    check_same_seed_same_answer,
    check_two_classes,
    check_colour_images,
    check_tiny_images,
    check_images_of_another_size_are_refused,
    check_validation_rows,
    check_it_goes_on_from_a_source,
    check_ends_of_the_space_fit,
    check_saved_and_loaded_it_predicts_the_same,
    check_another_process_loads_and_unpickles_it,
)


def _error(check: Callable[[Estimator], None], estimator: Estimator) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Few images and little effort make many a solver warn.
            check(estimator)
    except ContractError as error:
        return str(error)
    except Exception as error:
        return " ".join(f"{type(error).__name__}: {error}".split())[:300]
    return ""


@functools.lru_cache(maxsize=1)
def _fitted(estimator: Estimator) -> tuple[Any, NDArray[np.uint8], NDArray[np.int64]]:
    X, y = images()
    return _cheap(estimator, len(X)).fit(X, y), X, y


def _cheap(estimator: Estimator, rows: int, effort: float = EFFORT) -> Any:
    """The base setting with an effort below the full one, but for the rows, which a check takes as they are."""
    params, _ = estimator.scaled(estimator.base, effort, rows)
    return estimator.build(0, **params)


def _difference(estimator: Estimator, params: Mapping[str, Any]) -> str:
    """The parameters that are not those of the base setting."""
    return ", ".join(f"{name}={value!r}" for name, value in params.items() if value != estimator.base[name]) or "base"


def _reference(estimator: Estimator) -> str:
    """The path of a user's file, the name of a built-in estimator."""
    own = sys.modules.get(f"{estimators.PLUGINS}.{estimator.name}")
    return str(Path(str(own.__file__)).resolve()) if own is not None else estimator.name


def _check_probabilities(proba: NDArray, rows: int, classes: int) -> None:
    _require(proba.shape == (rows, classes), f"probabilities have shape {proba.shape}, asked for is {(rows, classes)}")
    _require(np.issubdtype(proba.dtype, np.floating), f"probabilities are {proba.dtype}, not floating point")
    _require(bool(np.isfinite(proba).all()), "some probabilities are not numbers")
    _require(float(proba.min()) >= 0, f"a probability is {proba.min():.3g}")
    off = float(np.abs(proba.sum(axis=1) - 1).max())
    _require(off < 1e-4, f"probabilities of an image sum to 1 ± {off:.2g}")


def _require_close(given: NDArray, expected: NDArray, what: str, tolerance: float) -> None:
    off = float(np.abs(given - expected).max()) if given.shape == expected.shape else np.inf
    _require(off <= tolerance, f"{what}: probabilities differ by {off:.2g}, allowed is {tolerance:g}")


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise ContractError(message)
