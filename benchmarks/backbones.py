"""Networks that others trained on ImageNet, from `keras.applications`, as files of Keras in the cache folder.

``python -m benchmarks.backbones NAME PATH`` fetches one, in a process of its own, since it takes TensorFlow. Keras holds what it
fetches against the checksum that it knows.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.data.store.cache import cache_folder
from benchmarks.errors import UserError, printable, unknown

PREFIX = "keras:"
# Those that scale grey levels themselves.
NAMES = (
    *(f"EfficientNetB{i}" for i in range(8)),
    *(f"EfficientNetV2{kind}" for kind in ("B0", "B1", "B2", "B3", "S", "M", "L")),
    "MobileNetV3Large",
    "MobileNetV3Small",
)
SIDE = 96  # pixels; images are scaled to it. The networks were trained on 224 and more, which has five times as many.


def file_of(given: str) -> Path:
    """The file of a network given as ``keras:NAME``, fetched at its first use.

    Raises
    ------
    UserError : there is no such network, or it cannot be fetched.
    """
    name = given.removeprefix(PREFIX)
    if name not in NAMES:
        raise unknown("network of Keras", name, NAMES)
    path = cache_folder() / "networks" / f"{name}.keras"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", __spec__.name, name, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[1])
        if done.returncode or not path.exists():
            reason = printable((done.stderr.strip().splitlines() or ["it was stopped"])[-1][-300:])
            raise UserError(
                f"{given} cannot be fetched: {reason}. Try again with a network, or give the file of one that was saved elsewhere, "
                "--source network.keras."
            )
    return path


def fetch(name: str, path: Path, weights: str | None = "imagenet") -> None:
    """Write a network without its last layer, from images (n, 96, 96, 3) with values 0 to 255 to rows of numbers.

    Without `weights` it is untrained.
    """
    from estimators.models.network import keras

    build = getattr(keras.applications, name)
    network = build(include_top=False, pooling="avg", input_shape=(SIDE, SIDE, 3), weights=weights)
    draft = path.with_name(f".{path.stem}.draft.keras")
    network.save(draft)
    draft.replace(path)


if __name__ == "__main__":
    fetch(sys.argv[1], Path(sys.argv[2]))
