"""A folder of image files with one folder per class, perhaps within ``train`` and ``test``, or with a ``split.csv``.

`find` says which files there are, with their classes and groups; `read` makes a data set of them.
"""

from __future__ import annotations

import os
import re
import signal
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.choice import Choice, choose, content_of, sample
from benchmarks.data.formats import split_csv
from benchmarks.data.formats.arrays import TEST_SHARE, LabelledArrays, assemble, duplicates
from benchmarks.data.formats.bounds import must_fit
from benchmarks.data.formats.image_file import (
    SUFFIXES,
    image_shapes,
    is_image_name,
    is_other_name,
    load_framed,
    load_images,
    no_entry,
    others_told,
    walked,
)
from benchmarks.data.framing import FRAMES, Framing
from benchmarks.data.near import joined, near_groups
from benchmarks.data.progress import counted
from benchmarks.data.reading import WHITE, Reading, Told, silent
from benchmarks.data.store.on_disk import on_disk
from benchmarks.data.store.recipe import Contents
from benchmarks.errors import UserError, printable

LONGEST_SIDE = 64  # pixels; photographs are made smaller unless a size is asked for
TRAIN, TEST, VALIDATION = ("train", "training"), ("test", "testing"), split_csv.UNUSED
MOST_BROKEN = 0.1  # of the files, or a single one: with more of them something else is wrong
PATIENCE = 10  # seconds that a regular expression may take for all paths
NAMED = 3  # files in a note; the others are counted
Made = TypeVar("Made")
IN_PROPORTION = 0.02  # to which the ratio of the sides is kept where an image is not called stretched


@dataclass(frozen=True)
class Part:
    """Image files, the class of each, and its group where a user asked for groups."""

    files: list[Path]
    labels: list[str]
    groups: list[str] | None = None


@dataclass(frozen=True)
class Aside:
    """Files of a folder that are not read: those called like images, but pipes, or links that lead nowhere; and all `others`."""

    unreadable: list[Path] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)


@dataclass(frozen=True)
class Found:
    """What is in a folder.

    Parameters
    ----------
    root : paths are told relative to it.
    test : None where a share of the images is to be the test.
    unreadable : called like images, but pipes, or links that lead nowhere.
    note : what is not used.
    """

    root: Path
    train: Part
    test: Part | None
    unreadable: list[Path] = field(default_factory=list)
    note: str = ""

    @property
    def files(self) -> list[Path]:
        """All image files, of both parts."""
        return self.train.files + (self.test.files if self.test else [])

    def name(self, file: Path) -> str:
        """A file's path below the root, as text that can be printed."""
        return printable(os.path.relpath(file, self.root))


def find(root: Path, reading: Reading) -> Found:
    """The image files of a folder: those of its ``split.csv``, those within ``train`` and ``test``, or all.

    Where there is no folder ``test``, one that is called ``val`` is the test.

    Raises
    ------
    UserError
        If there is no folder per class, one of them holds no image, a folder cannot be looked into, or a path is in no
        group.
    """
    if os.path.lexists(root / split_csv.NAME):
        return _listed(root, reading)
    within = {folder.name.lower(): folder for folder in _folders(root)}
    train, test, validation = (
        next((within[n] for n in names if n in within), None) for names in (TRAIN, TEST, VALIDATION)
    )
    held = test or validation
    if train is None or not (held or _folders(train)):
        return find_parts(root, root, None, reading)
    unused = sorted(folder.name for folder in within.values() if folder not in (train, held))
    notes = [f"There is no folder test: the images in {held.name} are the test."] if held and not test else []
    if unused:
        beside = " and ".join(folder.name for folder in (train, held) if folder)
        notes.append(f"Not used: the folder{'' if len(unused) == 1 else 's'} {', '.join(unused)} beside {beside}.")
    return find_parts(root, train, held, reading, " ".join(notes), _beside(root))


def find_parts(
    root: Path, train: Path, test: Path | None, reading: Reading, note: str = "", others: Sequence[Path] = ()
) -> Found:
    """The image files of one or two folders that hold a folder per class; at any depth below that.

    Parameters
    ----------
    others : files that are known not to be read.

    Raises
    ------
    UserError
        As `find` does.
    """
    if reading.column is not None:
        raise UserError(
            f"--groups column:{reading.column}: {root} has no {split_csv.NAME} with columns: write one, or give a pattern."
        )
    aside = Aside(others=list(others))
    for folder in (train, test):
        aside.others.extend([] if folder is None else _beside(folder))
    parts = [_part(root, folder, reading, aside) for folder in (train, test) if folder is not None]
    if len(set(parts[0].labels)) == 1 and len(deeper := _folders(train / parts[0].labels[0])) > 1:
        names = ", ".join(printable(folder.name) for folder in deeper[:NAMED]) + (", …" if len(deeper) > NAMED else "")
        raise UserError(
            f"Only one class, {parts[0].labels[0]!r}: a comparison needs at least 2. If its folders {names} are the classes, "
            f"give {train / parts[0].labels[0]} instead."
        )
    notes = " ".join(filter(None, [note, _others_told(aside.others, root)]))
    return Found(root, parts[0], parts[1] if len(parts) > 1 else None, aside.unreadable, notes)


def inputs(found: Found) -> tuple[Path, ...]:
    """The files on whose state the arrays depend."""
    listed = found.root / split_csv.NAME
    return (*([listed] if listed.is_file() else []), *found.files)


def read(
    found: Found,
    reading: Reading,
    told: Told = silent,
    shape: Sequence[int] | None = None,
    classes: Sequence[str] | None = None,
    test_share: float = TEST_SHARE,
    note: str = "",
) -> Contents:
    """What is in a folder, as a data set.

    All is read once at the plain size, which tells the parts. Where no `shape` was given, a probe on some training images may then
    find a better size or framing (`benchmarks.data.choice`): all is read once more in that. So neither the parts, nor
    groups, nor what is left out depend on it.

    Raises
    ------
    UserError
        As `read_train_and_test` and `assemble` do.
    """
    train, test, left_out, sizes = read_train_and_test(found, shape or reading.sides, reading.background, told)
    notes = " ".join(filter(None, [note, left_out]))
    if reading.near:
        train, test = _grouped(found, train, test, reading, told, cropped=shape is None and reading.frame != "whole")
    plain = assemble(train, test, classes, test_share, note=notes)
    choice, contents = None, plain
    if shape is None:
        choice = _chosen(found, plain, reading)
        if not choice.framing.is_plain or choice.framing.shape != plain.train.X.shape[1:]:
            contents = _framed(found, plain, choice.framing, reading, told)
    said = [plain.note] if contents is plain else [plain.note, str(choice)]
    if choice is None or choice.framing.frame == "whole":
        said.append(_resized(sizes, *contents.train.X.shape[1:3]))
    return replace(contents, choice=choice, note=" ".join(filter(None, said)))


def _grouped(
    found: Found, train: LabelledArrays, test: LabelledArrays | None, reading: Reading, told: Told, cropped: bool
) -> tuple[LabelledArrays, LabelledArrays | None]:
    """Both parts with near duplicates as their groups.

    One thing in two places of a picture is two pictures, unless they are `cropped` to their content. Where they may be, near
    duplicates are looked for in both.
    """
    parts = [train] if test is None else [train, test]
    groups = duplicates(*(part.X for part in parts))
    if cropped:
        framing = content_of(Framing(train.X.shape[1:]))
        arrays = (_made(found, part.files, framing, reading, told) for part in parts)
        more = near_groups(*arrays)
        groups = groups if more is None else joined(groups, more)
    names = groups.astype(str)
    train = replace(train, groups=names[: len(train.X)])
    return train, None if test is None else replace(test, groups=names[len(train.X) :])


def _chosen(found: Found, plain: Contents, reading: Reading) -> Choice:
    """The framing for the data set; of the images of `plain`, those for training are looked at."""
    files = _files(found, plain.files[0])
    height, width, channels = plain.train.X.shape[1:]
    headers = image_shapes([files[row] for row in sample(plain.train.y, 0)], reading.background)
    areas = [shape[0] * shape[1] for shape in headers if not isinstance(shape, UserError)]

    def tried(rows: NDArray[np.int64], framings: Sequence[Framing]) -> dict[Framing, NDArray[np.uint8]]:
        pictures = load_framed([files[row] for row in rows], framings, reading.background)
        images = [_readable(framed) for framed in pictures]
        return {framing: np.stack([framed[place] for framed in images]) for place, framing in enumerate(framings)}

    frame = next((frame for frame in FRAMES if frame == reading.frame), None)
    size = Framing((height, width, channels))
    pixels = round(np.median(areas)) if areas else 0
    return choose(plain.train.y, size, tried, frame, reading.sides, pixels, plain.train.groups)


def _framed(found: Found, plain: Contents, framing: Framing, reading: Reading, told: Told) -> Contents:
    """The same images, made in another way of their files."""
    train, test = (
        replace(images, X=_made(found, names, framing, reading, told))
        for images, names in zip((plain.train, plain.test), plain.files, strict=True)
    )
    return replace(plain, train=train, test=test)


def _made(found: Found, names: Sequence[str], framing: Framing, reading: Reading, told: Told) -> NDArray[np.uint8]:
    """Files of these names as arrays, in a framing."""
    pictures = load_framed(_files(found, names), [framing], reading.background)
    pictures = counted(pictures, len(names), f"Framing {found.root.name}", told)
    return on_disk((_readable(framed)[0] for framed in pictures), framing.shape)


def _files(found: Found, names: Sequence[str]) -> list[Path]:
    """The files of these names."""
    known = {found.name(file): file for file in found.files}
    return [known[name] for name in names]


def _readable(framed: Made | UserError) -> Made:
    if isinstance(framed, UserError):  # It could be read a moment ago.
        raise framed
    return framed


def read_train_and_test(
    found: Found, shape: Sequence[int] = (), background: str = WHITE, told: Told = silent
) -> tuple[LabelledArrays, LabelledArrays | None, str, Counter[tuple[int, int]]]:
    """Both parts, a note on files that were left out, and how many training images have which height and width.

    Images all get one size: `shape` (h, w) if given, else the most common size of the training images, in proportion so that
    the longest side is that of a `shape` of one, or smaller if a side is longer than `LONGEST_SIDE`. They are grey if all training images are, whatever their files could hold, or
    RGB. A file that cannot be read is left out. Pixels go to a file as they are read: a few images are in memory at once.

    Raises
    ------
    UserError
        If more than `MOST_BROKEN` of the files cannot be read, or none of a class.
    """
    # A hint takes a look at a whole folder, and the first reason alone is told.
    files, broken = found.train.files, dict.fromkeys(found.unreadable, "")
    broken |= {file: _no_file(file) for file in found.unreadable[:1]}
    looked = list(counted(image_shapes(files, background), len(files), f"Looking at {found.root.name}", told))
    broken |= {file: str(size) for file, size in zip(files, looked, strict=True) if isinstance(size, UserError)}
    _check(broken, found)
    shapes = [size for size in looked if not isinstance(size, UserError)]
    sizes = Counter((height, width) for height, width, _ in shapes)
    common = sizes.most_common(1)[0][0]
    height, width = (
        shape[:2] if len(shape) > 1 else _scaled(*common, shape[0] if shape else min(LONGEST_SIDE, max(common)))
    )
    chosen = shape[2] if len(shape) == 3 else None
    wanted = (height, width, chosen or max(channels for _, _, channels in shapes))
    train = _read(found, found.train, wanted, background, broken, told, grey_if_all_are=chosen is None)
    test = _read(found, found.test, train.X.shape[1:], background, broken, told) if found.test else None
    _check(broken, found)
    if lost := sorted({*found.train.labels} - {*train.labels.tolist()}):
        first = next(broken[f] for f, label in zip(files, found.train.labels, strict=True) if label == lost[0])
        raise UserError(f"No image of class {lost[0]!r} can be read. The first: {first}")
    return train, test, " ".join(filter(None, [found.note, _left_out(broken, found)])), sizes


def _folders(folder: Path) -> list[Path]:
    """The folders in a folder, sorted, without hidden ones and what macOS puts into archives."""
    try:
        return sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith((".", "__MACOSX")))
    except OSError as error:
        raise no_entry(error) from error


def _part(root: Path, folder: Path, reading: Reading, aside: Aside) -> Part:
    classes = {place.name: list(_images(place, aside)) for place in _folders(folder)}
    if not classes:
        raise UserError(
            f"{folder} holds no folders: put the images of each class into a folder with the name of the class."
        )
    if empty := next((name for name, images in classes.items() if not images), None):
        raise UserError(
            f"{folder / empty} holds no images ({', '.join(sorted(SUFFIXES))}): add some, or remove the folder."
        )
    files = [file for images in classes.values() for file in images]
    labels = [name for name, images in classes.items() for _ in images]
    return Part(files, labels, _groups(root, files, reading.pattern) if reading.pattern else None)


def _images(folder: Path, aside: Aside) -> Iterator[Path]:
    """The image files below a folder, in a fixed order; all others go `aside`."""
    for file in walked(folder, hidden=False):
        if is_image_name(file):
            if _is_file(file):
                yield file
            else:
                aside.unreadable.append(file)
        elif is_other_name(file):
            aside.others.append(file)


def _beside(folder: Path) -> list[Path]:
    """The files in a folder that belong to no class, since they lie beside the folders of the classes."""
    try:
        files = sorted(file for file in folder.iterdir() if not file.is_dir())
    except OSError as error:
        raise no_entry(error) from error
    return [file for file in files if is_image_name(file) or (is_other_name(file) and file.name != split_csv.NAME)]


def _others_told(others: Sequence[Path], root: Path) -> str:
    """A sentence on files that are not read, and on one that looks like a table of labels."""
    tables = [file for file in others if file.parent == root and file.suffix.lower() == ".csv"]
    table = next((file for file in tables if split_csv.is_one(file)), None)
    if table is None:
        return others_told(others, root)
    return f"{others_told(others, root)} A table of labels is read where it is called {split_csv.NAME}: rename {table.name}."


def _is_file(path: Path) -> bool:
    return os.path.isfile(path)  # noqa: PTH113 (five times as fast, and there may be a million)


@contextmanager
def _soon(pattern: str) -> Iterator[None]:
    """End what takes longer than `PATIENCE`: some regular expressions take for ever on some names.

    Python looks for signals while it matches, in its main thread; elsewhere nothing is ended.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def refuse(number: int, frame: object) -> None:
        raise UserError(
            f"--groups {pattern!r} takes more than {PATIENCE} s to match: give a simpler regular expression."
        )

    handler = signal.signal(signal.SIGALRM, refuse)
    left, again = signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, left, again)
        signal.signal(signal.SIGALRM, handler)


def _groups(root: Path, files: Sequence[Path], pattern: str) -> list[str]:
    """What a regular expression finds in each path: its first group, or all that it matches."""
    expression = re.compile(pattern)
    with _soon(pattern):
        matches = [expression.search(Path(os.path.relpath(file, root)).as_posix()) for file in files]
    groups = [match and match[1 if expression.groups else 0] for match in matches]
    missing = [file for file, group in zip(files, groups, strict=True) if group is None]
    if missing:
        raise UserError(
            f"--groups {pattern!r} matches {len(files) - len(missing):,} of {len(files):,} paths, and not "
            f"{os.path.relpath(missing[0], root)}: give a regular expression that matches each, and whose first group is "
            "the name of the group."
        )
    return [str(group) for group in groups]


def _listed(root: Path, reading: Reading) -> Found:
    """The image files that a ``split.csv`` lists."""
    rows = split_csv.read(root / split_csv.NAME, reading.column)
    listed = {root / row.file: row for row in rows}
    unreadable = [file for file in listed if not _is_file(file)]
    missing = {*unreadable}

    def part(name: str) -> Part:
        some = [(file, row) for file, row in listed.items() if row.part == name and file not in missing]
        files, labels = [file for file, _ in some], [row.label for _, row in some]
        if reading.pattern:
            return Part(files, labels, _groups(root, files, reading.pattern))
        return Part(files, labels, [row.group for _, row in some] if reading.column else None)

    divided = any(row.part for row in rows)
    train, test = part("train" if divided else ""), part("test") if divided else None
    if unreadable and not train.files:
        raise UserError(
            f"Of the files that {root / split_csv.NAME} lists, the first is wrong: {_no_file(unreadable[0])}"
        )
    if not train.files or (test is not None and not test.files):
        raise UserError(
            f"{root / split_csv.NAME} lists {len(train.files)} files of the split train"
            f"{'' if test is None else f', and {len(test.files)} of test'}: each part needs some."
        )
    beside = Aside()
    others = sum(file not in listed for file in _images(root, beside))
    files = [file for file in beside.others if file not in listed and file != root / split_csv.NAME]
    aside = sum(row.part in split_csv.UNUSED for row in rows)
    notes = [f"Not used: {aside:,} files of the split val."] if aside else []
    notes += [f"Not used: {others:,} image files that {split_csv.NAME} does not list."] if others else []
    notes += filter(None, [others_told(files, root)])
    return Found(root, train, test, unreadable, " ".join(notes))


def _read(
    found: Found,
    part: Part,
    shape: tuple[int, ...],
    background: str,
    broken: dict[Path, str],
    told: Told,
    grey_if_all_are: bool = False,
) -> LabelledArrays:
    """The images of a part, in one shape; files that cannot be read go to `broken`, with the reason."""
    height, width, channels = shape
    must_fit(len(part.files) * height * width * channels, found.root)
    kept: list[int] = []
    grey = grey_if_all_are

    def images() -> Iterator[NDArray[np.uint8]]:
        nonlocal grey
        read = load_images(part.files, (height, width, channels), background)
        for row, image in enumerate(counted(read, len(part.files), f"Reading {found.root.name}", told)):
            if isinstance(image, UserError):
                broken[part.files[row]] = str(image)
            else:
                kept.append(row)
                grey = grey and bool((image == image[..., :1]).all())
                yield image

    X = on_disk(images(), (height, width, channels))
    if grey and channels == 3:
        X = on_disk((image[..., :1] for image in np.asarray(X)), (height, width, 1))
    return LabelledArrays(
        X,
        np.array([part.labels[row] for row in kept], dtype=str),
        found.root,
        None if part.groups is None else np.array([part.groups[row] for row in kept], dtype=str),
        [found.name(part.files[row]) for row in kept],
    )


def _no_file(path: Path) -> str:
    """Why something that is called like an image is none."""
    if path.is_symlink():
        return f"{path} is a link that leads nowhere: replace or remove it."
    if os.path.lexists(path):
        return f"{path} is no file: replace or remove it."
    try:
        beside = sorted(other.name for other in path.parent.iterdir())
    except OSError:
        beside = []
    same = [name for name in beside if name.lower() == path.name.lower()]
    same += [name for name in beside if Path(name).stem == path.stem]
    return f"There is no file {path}.{f' Did you mean {same[0]!r}?' if same else ''}"


def _check(broken: dict[Path, str], found: Found) -> None:
    total = len({*found.files, *broken})
    if len(broken) > max(1, MOST_BROKEN * total):
        raise UserError(
            f"{len(broken):,} of {total:,} image files cannot be read, more than {MOST_BROKEN:.0%}: {_some(broken, found)}. "
            f"The first: {next(iter(broken.values()))}"
        )


def _left_out(broken: dict[Path, str], found: Found) -> str:
    if not broken:
        return ""
    count, total = len(broken), len({*found.files, *broken})
    return (
        f"{count:,} of {total:,} image files cannot be read and {'is' if count == 1 else 'are'} left out: "
        f"{_some(broken, found)}. {'' if count == 1 else 'The first: '}{next(iter(broken.values()))}"
    )


def _some(broken: dict[Path, str], found: Found) -> str:
    """The first names, and how many more there are."""
    names = [found.name(file) for file in list(broken)[:NAMED]]
    more = f" and {len(broken) - NAMED:,} more" if len(broken) > NAMED else ""
    return f"{', '.join(names)}{more}"


def _resized(sizes: Counter[tuple[int, int]], height: int, width: int) -> str:
    """What was done to the training images so that they all have one size, and what it did to their proportions."""
    total, changed = sizes.total(), sizes.total() - sizes[height, width]
    stretched = sum(
        count
        for (h, w), count in sizes.items()
        if abs(w * height / (h * width) - 1) > IN_PROPORTION and (h, w) != (height, width)
    )
    if not changed:
        return ""
    kept = (
        "in proportion"
        if not stretched
        else "stretched"
        if stretched == changed
        else f"{stretched:,} of them stretched"
    )
    return f"{changed:,} of {total:,} images were resized to {height} × {width} pixels, {kept}."


def _scaled(height: int, width: int, longest: int) -> tuple[int, int]:
    scale = longest / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))
