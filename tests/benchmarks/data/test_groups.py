"""Images of one group stay on one side of every split, however data is read and divided."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from benchmarks import studies
from benchmarks.data import datasets
from benchmarks.data.images import Images
from benchmarks.data.reading import Reading
from benchmarks.data.split import folds, halves, set_aside, split
from benchmarks.data.store.cache import reopen
from benchmarks.errors import UserError
from benchmarks.studies import Condition
from tests.benchmarks.data.formats.writing import write_csv


@st.composite
def grouped(draw, least=2):
    """Labels and groups; each class has rows in at least `least` groups of its own, and groups may share classes."""
    classes = draw(st.integers(2, 5))
    own = [(c, least * c + g) for c in range(classes) for g in range(least)]
    more = draw(st.lists(st.tuples(st.integers(0, classes - 1), st.integers(0, least * classes + 20)), max_size=80))
    y, groups = np.array([*own, *more], np.int64).T
    return y, groups


shares, seeds = st.floats(0.02, 0.6), st.integers(0, 2**32 - 1)


def apart(groups, *parts):
    """Whether no group is in two of the parts."""
    found = [set(groups[part].tolist()) for part in parts]
    return all(not a & b for i, a in enumerate(found) for b in found[:i])


@given(grouped(), shares, seeds)
def test_no_group_is_on_two_sides_and_no_class_is_lost(rows, share, seed):
    y, groups = rows
    fit, validation = split(y, share, seed, groups=groups)
    assert sorted([*fit, *validation]) == list(range(len(y)))
    assert apart(groups, fit, validation)
    assert set(y[fit]) == set(y) and len(validation)
    again = split(y, share, seed, groups=groups)
    assert again[1].tolist() == validation.tolist()


@given(grouped(), shares, seeds, st.integers(1, 4))
def test_folds_keep_groups_together_and_validate_each_row_once(rows, share, seed, count):
    y, groups = rows
    found = folds(y, share, seed, count, groups)
    assert all(apart(groups, fit, validation) for fit, validation in found)
    assert apart(groups, *(validation for _, validation in found))


@given(grouped(), shares, seeds, st.integers(1, 200))
def test_what_is_set_aside_shares_no_group_with_what_is_fitted(rows, share, seed, wanted):
    y, groups = rows
    fit, held = set_aside(y, wanted, max(1, int(share * len(y))), seed, groups)
    assert len(held) and set(y[fit]) == set(y)
    assert apart(groups, fit, held)


@given(grouped(), seeds)
def test_one_half_picks_and_the_other_confirms(rows, seed):
    y, groups = rows
    pick, confirm = halves(y, seed, groups)
    assert sorted([*pick, *confirm]) == list(range(len(y)))
    many = np.repeat(np.arange(2), 100), np.arange(200) // 5
    assert apart(many[1], *halves(many[0], seed, many[1]))


def test_the_share_of_every_class_is_kept_as_well_as_whole_groups_can():
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 300, 9000)
    y = rng.choice(5, 9000, p=[0.4, 0.3, 0.15, 0.1, 0.05])
    for share in (0.1, 0.25, 0.5):
        validation = split(y, share, 1, groups=groups)[1]
        assert np.abs(np.bincount(y[validation]) / np.bincount(y) - share).max() < 0.02


def test_where_each_row_is_its_own_group_the_shares_are_those_of_a_split_without():
    y = np.repeat(np.arange(3), [500, 300, 40])
    validation = split(y, 0.1, 0, groups=np.arange(len(y)))[1]
    assert np.abs(np.bincount(y[validation]) - [50, 30, 4]).max() <= 1


def test_a_class_with_one_group_is_named():
    with pytest.raises(UserError, match=r"class cat .* of one group.* at least 2 groups of each class"):
        split(np.array([0, 0, 1, 1]), 0.5, 0, ("dog", "cat"), np.array([1, 2, 3, 3]))


def writers(where, count=6, each=4, classes=("a", "b")):
    """Images in folders by class, each called after its writer; equal writers draw with equal grey levels."""
    rng = np.random.default_rng(0)
    for name in classes:
        (where / name).mkdir(parents=True)
        for writer in range(count):
            for i in range(each):
                pixels = rng.integers(0, 20, (8, 8)) + 30 * writer
                Image.fromarray(pixels.astype(np.uint8)).save(where / name / f"w{writer}_{i}.png")


def levels(X):
    """The writers of images."""
    return {int(value) for value in X.mean(axis=(1, 2, 3)) // 30}


def test_a_pattern_on_paths_keeps_writers_on_one_side(tmp_path):
    writers(tmp_path / "set")
    data = datasets.load(tmp_path / "set", reading=Reading(groups=r"w(\d+)_"))
    test = data.test.images()
    assert not levels(data.train.X) & levels(test) and levels(data.train.X) | levels(test) == set(range(6))
    assert "Groups stay together: 5 in the training part, 1 in the test." in data.note
    assert data.groups == r"w(\d+)_"
    assert len(np.unique(data.train.groups)) == 5
    np.testing.assert_array_equal(reopen(data.folder).train.groups, data.train.groups)
    assert data.train.rows(np.array([3, 1])).groups.tolist() == data.train.groups[[3, 1]].tolist()


def test_other_groups_are_another_data_set(tmp_path):
    writers(tmp_path / "set")
    prints = {
        getattr(datasets.load(tmp_path / "set", reading=Reading(groups=groups)), which)
        for groups in ("", r"w(\d+)_", r"(\d).png")
        for which in ("fingerprint", "train_fingerprint")
    }
    assert len(prints) == 6


def test_with_a_test_part_its_groups_leave_the_training_part(tmp_path):
    writers(tmp_path / "set" / "train")
    (tmp_path / "set" / "test").mkdir()
    for name in ("a", "b"):
        (tmp_path / "set" / "test" / name).mkdir()
        for i in (0, 1):
            (tmp_path / "set" / "train" / name / f"w0_{i}.png").rename(tmp_path / "set" / "test" / name / f"w0_{i}.png")
    data = datasets.load(tmp_path / "set", reading=Reading(groups=r"w\d+"))
    assert levels(data.test.images()) == {0} and levels(data.train.X) == {1, 2, 3, 4, 5}
    assert "4 of 44 training images are left out: others of their groups are in the test." in data.note


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        (r"w9", r"'w9' matches 0 of 48 paths, and not a/w0_0\.png"),
        (r"w0_(0)?|$", r"matches 2 of 48 paths, and not a/w0_1\.png"),
        (r"\.png", "All images are of one group"),
        (r"^\w", "class a .* of one group"),
        ("column:writer", r"has no split\.csv with columns"),
    ],
)
def test_groups_that_cannot_be_are_refused(tmp_path, groups, words):
    writers(tmp_path / "set")
    with pytest.raises(UserError, match=words):
        datasets.load(tmp_path / "set", reading=Reading(groups=groups))


@pytest.mark.parametrize(
    ("groups", "words"), [("(", "no regular expression"), ("column:", "lacks the name of a column")]
)
def test_what_is_no_group_at_all_is_refused_at_once(groups, words):
    with pytest.raises(UserError, match=words):
        Reading(groups=groups)


def test_a_column_of_a_csv_has_the_groups(tmp_path):
    X = np.repeat(np.arange(40, dtype=np.uint8)[:, None] // 4, 4, axis=1)  # ten writers, four images each
    file = write_csv(tmp_path / "a.csv", X, np.tile([0, 1], 20))
    lines = file.read_text().splitlines()
    named = [f"{line},{'writer' if i == 0 else f'anna {X[i - 1, 0]}'}" for i, line in enumerate(lines)]
    file.write_text("\n".join(named))
    data = datasets.load(file, reading=Reading(groups="column:writer"))
    assert data.train.X.shape[1:] == (2, 2, 1)
    assert not set(data.train.X[:, 0, 0, 0]) & set(data.test.images()[:, 0, 0, 0])
    with pytest.raises(UserError, match=r"line 1: --groups column:painter: there is no such column beside 'label'"):
        datasets.load(file, reading=Reading(groups="column:painter"))
    with pytest.raises(UserError, match="is a pattern for the paths of images"):
        datasets.load(file, reading=Reading(groups="w"))
    file.write_text("\n".join([*named, "1,1,1,1,1,"]))
    with pytest.raises(UserError, match="line 42, column 'writer': nothing, where each image needs a group"):
        datasets.load(file, reading=Reading(groups="column:writer"))


@pytest.mark.parametrize(("labels", "groups"), [("y", "writer"), ("labels", "writer")])
def test_an_array_of_an_archive_has_the_groups(tmp_path, labels, groups):
    X = np.repeat(np.arange(40, dtype=np.uint8)[:, None, None] // 4, 16, axis=1).reshape(40, 4, 4)
    arrays = {"x" if labels == "y" else "images": X, labels: np.tile([0, 1], 20), groups: X[:, 0, 0].astype(str)}
    np.savez(tmp_path / "a.npz", **arrays)
    data = datasets.load(tmp_path / "a.npz", reading=Reading(groups="column:writer"))
    assert not set(data.train.X[:, 0, 0, 0]) & set(data.test.images()[:, 0, 0, 0])
    with pytest.raises(UserError, match=r"There is no array .writr.\. Did you mean .writer."):
        datasets.load(tmp_path / "a.npz", reading=Reading(groups="column:writr"))


def test_two_parts_of_an_archive_have_groups_of_their_own(tmp_path):
    X = np.zeros((20, 4, 4), np.uint8)
    arrays = {"x_train": X, "y_train": np.arange(20) % 2, "x_test": X[:4], "y_test": np.arange(4) % 2}
    np.savez(tmp_path / "a.npz", **arrays, writer_train=np.arange(20) // 2, writer_test=np.array([0, 0, 90, 90]))
    data = datasets.load(tmp_path / "a.npz", reading=Reading(groups="column:writer"))
    assert len(data.train) == 18 and len(np.unique(data.train.groups)) == 9


def test_a_registered_set_has_no_other_groups_than_near_duplicates():
    with pytest.raises(UserError, match="digits has neither paths nor columns"):
        datasets.load("digits", reading=Reading(groups="w"))
    with pytest.raises(UserError, match="near duplicates cannot be told from other images here"):
        datasets.load("digits", reading=Reading(groups="near"))


def test_a_study_that_loses_the_groups_is_refused(monkeypatch):
    images = Images(np.zeros((40, 2, 2, 1), np.uint8), np.arange(40) % 2, np.arange(40) // 4)
    sized = studies.training(images, Condition("sizes", 20, 20.0), 0)
    assert sized.groups is not None and len(sized) == 20
    lossy = studies.get("sizes")
    monkeypatch.setattr(studies, "_changed", lambda stage, images, condition, seed: Images(images.X, images.y))
    with pytest.raises(UserError, match=f"The study {lossy.name} loses the groups"):
        studies.training(images, Condition("sizes", 20, 20.0), 0)
