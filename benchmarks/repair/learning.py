"""`learn_for`: learn to repair images for a model that is on disk, and keep it with the model."""

from __future__ import annotations

from pathlib import Path

from benchmarks.data import datasets
from benchmarks.data.reading import Told, silent
from benchmarks.errors import UserError
from benchmarks.repair.repairer import USUAL, Sizes, classifier_of, learn, place_of
from benchmarks.serving.model import load_model


def learn_for(
    model: Path,
    dataset: str | Path | None = None,
    *,
    detector: str = "statistics",
    out: Path | None = None,
    seed: int = 0,
    data_dir: Path | None = None,
    sizes: Sizes = USUAL,
    told: Told = silent,
) -> Path:
    """The folder of what was learned; the arguments are those of `crossover.learn_repair`."""
    classifier = load_model(model)
    name = dataset if dataset is not None else classifier.facts.get("dataset")
    if name is None or (dataset is None and name not in datasets.names()):
        why = f"it was trained on {name}, which is no name of a data set" if name else "it does not tell its data set"
        raise UserError(
            f"{model}: {why}. Give the training images by --dataset, for example the folder of the run's images."
        )
    images = datasets.load(name, data_dir)
    shape = tuple(images.train.X.shape[1:])
    if shape != classifier.image_shape:
        raise UserError(f"{model} takes images of shape {classifier.image_shape}, and those of {name} have {shape}.")
    plain = model.is_file()  # A .keras file tells the number of its classes alone.
    known = list(images.classes)
    if len(known) != len(classifier.classes_) if plain else not set(classifier.classes_) <= set(known):
        some = ", ".join(map(str, classifier.classes_[:12]))
        raise UserError(f"The classes of {model} are {some}, and those of {name} {', '.join(known[:12])}.")
    classify = classifier_of(classifier, known, by_place=plain)
    folder = out or place_of(model)
    learn(images, classify, detector=detector, seed=seed, sizes=sizes, told=told).save_to(folder)
    return folder
