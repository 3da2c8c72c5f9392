"""A folder of images made of another: which files there are, and how it is there whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.data.formats.image_file import SUFFIXES, find_images
from benchmarks.errors import UserError


def files_by_stem(source: Path, target: Path) -> dict[Path, Path]:
    """The image files below `source` by their path in it without suffix, where `target` can take what is made of them.

    Raises
    ------
    UserError : there is no such folder, it holds no image, two would be written under one name, or the target lies inside it or
        has files already.
    """
    if not source.is_dir():
        raise UserError(f"{source} is not a folder of images.")
    files = find_images(source)
    if not files:
        raise UserError(f"There is no image in {source}; looked for {', '.join(sorted(SUFFIXES))}.")
    if target.resolve().is_relative_to(source.resolve()):
        raise UserError(f"{target} lies inside {source}: give a folder elsewhere, or its images would become a class.")
    must_be_empty(target)
    stems: dict[Path, Path] = {}
    for file in files:
        stem = file.relative_to(source).with_suffix("")
        if stems.setdefault(stem, file) != file:
            raise UserError(f"{stems[stem]} and {file} would be written under the same names: rename one.")
    return stems


def must_be_empty(folder: Path) -> None:
    """Refuse a folder that has files already, or a file of its name, with a `UserError`."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} exists and is not an empty folder: give another, so that nothing is overwritten.")


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """A folder that takes the target's name when all of it is written, and else is gone."""
    target = target.resolve()
    if target.is_mount():
        raise UserError(f"{target} is the root of a file system, which cannot be replaced: give a folder inside it.")
    new = target.with_name(f".{target.name}-{os.getpid()}")
    try:
        new.mkdir(parents=True)
        yield new
        if target.exists():
            target.rmdir()
        new.rename(target)
    except OSError as error:
        raise UserError(f"Cannot write {error.filename or target}: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
