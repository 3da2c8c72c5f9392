"""How the results of the study of repair lie beside a model: one file per fit, written by the study and read by the report.

``repaired.npz`` has arrays int16 named WHERE/ARM: the labels that the model gives test images, shown as WHERE says ("none", a
corruption as the run names it, or "mix") and repaired as ARM says; and WHERE/detected/DETECTOR, the places in the levels of what
a detector that has seen everything finds. ``told`` says in JSON what was planned, the ways to repair, and the levels.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.formats.npz import read_all
from benchmarks.errors import UserError
from benchmarks.repair.levels import CLEAN

FILE = "repaired.npz"
MIX = "mix"  # in place of a level: images at all of them
AS_IT_IS, CONFIDENT = "as it is", "most confident"  # arms; each repair alone is one, and each detector
TABLE_ALONE, FAMILY_UNSEEN = ", table alone", ", family unseen"  # what follows the name of a detector


@dataclass(frozen=True)
class Stored:
    """What was kept of one fit.

    Parameters
    ----------
    told : ``plan`` (detectors, corruptions, shown, mix), ``fit`` (its key), ``code``, ``ways``, ``levels``, and ``seconds``, which all
        fits of the seed took together.
    labels : WHERE -> arm -> int16 (n,).
    detected : WHERE -> detector -> int16 (n,), places in ``levels``.
    """

    told: Mapping[str, Any]
    labels: Mapping[str, Mapping[str, NDArray[np.int16]]]
    detected: Mapping[str, Mapping[str, NDArray[np.int16]]]


def write(folder: Path, stored: Stored) -> None:
    """Put it into the folder of a fit; the file is whole at any time."""
    arrays: dict[str, Any] = {"told": np.array(json.dumps(stored.told))}
    arrays |= {f"{where}/{arm}": labels for where, arms in stored.labels.items() for arm, labels in arms.items()}
    arrays |= {f"{where}/detected/{name}": a for where, by in stored.detected.items() for name, a in by.items()}
    temporary = folder / f".{os.getpid()}-{FILE}"
    np.savez_compressed(temporary, **arrays)
    temporary.replace(folder / FILE)


def read(folder: Path) -> Stored | None:
    """What `write` put there; None where there is nothing.

    Raises
    ------
    UserError : the file is damaged.
    """
    path = folder / FILE
    if not path.exists():
        return None
    labels: dict[str, dict[str, NDArray]] = {}
    detected: dict[str, dict[str, NDArray]] = {}
    try:
        arrays = read_all(path)
    except UserError as error:
        raise UserError(
            f"{path} cannot be read: {error} If it is damaged, remove it and study repair again."
        ) from error
    try:
        told = dict(json.loads(str(arrays.pop("told"))))
        if lacking := [key for key in ("plan", "fit", "ways", "levels") if key not in told]:
            raise KeyError(lacking[0])
    except (KeyError, ValueError, TypeError, RecursionError) as error:
        raise UserError(f"{path} does not say what it is of. Remove it, and study repair again.") from error
    for name, array in arrays.items():
        where, _, arm = name.partition("/")
        if arm.startswith("detected/"):
            detected.setdefault(where, {})[arm.removeprefix("detected/")] = array
        elif arm:
            labels.setdefault(where, {})[arm] = array
    return Stored(told, labels, detected)


def levels_of_mix(count: int, corruptions: Sequence[str]) -> NDArray[np.str_]:
    """The level of each image of a mix: every second is clean, the others are under the corruptions in turn."""
    turn = np.array(corruptions)[np.arange(count) // 2 % len(corruptions)]
    return np.where(np.arange(count) % 2 == 0, CLEAN, turn)
