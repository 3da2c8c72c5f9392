"""`augment`: write changed copies of image files, by the same random changes as networks are trained with."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.data.formats.image_file import SUFFIXES, find_images, image_shape, load_image
from benchmarks.errors import UserError
from estimators.models.pipeline import Augmentation
from tuning.quiet import quiet


def augment(source: Path, target: Path, augmentation: Augmentation, copies: int, seed: int) -> int:
    """Write every image below a folder `copies` times, changed at random, as PNG; returns how many were written.

    ``a/cat/1.jpg`` becomes ``b/cat/1-0.png``, ``b/cat/1-1.png`` and so on: folders, and with them classes, stay. Size
    and colours of the images stay too. Equal seeds write equal files.

    Raises
    ------
    UserError
        If there is no such folder, it holds no image, two have one name, or the target has files already. So it is
        with a broken image; nothing is written if its header tells.
    """
    if not source.is_dir():
        raise UserError(f"{source} is not a folder of images.")
    files = find_images(source)
    if not files:
        raise UserError(f"There is no image in {source}; looked for {', '.join(sorted(SUFFIXES))}.")
    if target.resolve().is_relative_to(source.resolve()):
        raise UserError(f"{target} lies inside {source}: give a folder elsewhere, or its images would become a class.")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UserError(f"{target} exists and is not an empty folder: give another, so that nothing is overwritten.")
    stems: dict[Path, Path] = {}
    for file in files:
        stem = file.relative_to(source).with_suffix("")
        if stems.setdefault(stem, file) != file:
            raise UserError(f"{stems[stem]} and {file} would be written under the same names: rename one.")
    shapes = [image_shape(file) for file in files]
    with quiet():
        import tensorflow  # noqa: F401  # It greets on standard error when it is first used.
    for number, ((stem, file), shape) in enumerate(zip(stems.items(), shapes, strict=True)):
        image = load_image(file, shape)
        changed = augmentation(np.repeat(image[None], copies, axis=0), [seed, number]).numpy()
        _write(changed, target / stem)
    return len(files) * copies


def _write(images: np.ndarray, stem: Path) -> None:
    from PIL import Image

    try:
        stem.parent.mkdir(parents=True, exist_ok=True)
        for i, image in enumerate(images):
            Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(f"{stem}-{i}.png")
    except OSError as error:
        raise UserError(f"Cannot write below {stem.parent}: {error.strerror or error}.") from error
