"""`read_network`: the network in a ``.keras`` file, read so that a small file of a stranger cannot take all memory."""

from __future__ import annotations

import json
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from zipfile import ZipFile

WEIGHTS = "model.weights.h5"


def read_network(path: Path) -> Any:
    """The Keras model in a file, not compiled, in Keras' safe mode.

    Keras makes the weights that the configuration asks for before it looks at those in the file, so they are counted first.

    Raises
    ------
    ValueError : the layers ask for more weights than are in the file. Keras has errors of many kinds for a damaged one.
    """
    from estimators.models.network import keras

    path = Path(path)
    with ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
        there = sum(member.file_size for member in archive.infolist() if member.filename == WEIGHTS)
    # In a thread that ends: Keras would make later on what it remembers of this one.
    with ThreadPoolExecutor(1) as apart:
        asked = apart.submit(_count, config).result()
    if asked > there:  # A number takes a byte at least.
        raise ValueError(f"its layers have {asked:,} weights, and the file has {there:,} bytes of them")
    return keras.models.load_model(path, compile=False)


def _count(config: Any) -> int:
    """How many weights a model of this configuration has; none of them is made."""
    from estimators.models.network import keras

    with keras.StatelessScope(initialize_variables=False):
        model = keras.saving.deserialize_keras_object(_untrained(config), safe_mode=True)
        return sum(math.prod(variable.shape) for variable in model.variables)


def _untrained(config: Any) -> Any:
    """The configuration without what networks in it were trained with, which has variables of its own."""
    if isinstance(config, dict):
        return {name: _untrained(value) for name, value in config.items() if name != "compile_config"}
    return [_untrained(value) for value in config] if isinstance(config, list) else config
