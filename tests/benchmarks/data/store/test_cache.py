import dataclasses
import multiprocessing
import pickle
import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks.data.images import fingerprint
from benchmarks.data.store import cache as cache_module
from benchmarks.data.store.cache import cached, reopen, stored_fingerprints
from benchmarks.errors import UserError
from tests.benchmarks.data.store.toy import contents, images, recipe


def test_a_data_set_comes_back_from_the_cache_as_it_was(cache):
    data = cached(recipe())
    np.testing.assert_array_equal(data.train.X, images(30).X)
    np.testing.assert_array_equal(data.test.open().X, images(9, 1).X)
    np.testing.assert_array_equal(data.unlabelled(), images(5, 2).X)
    assert (data.name, data.title, data.licence, data.note) == ("toy", "Toy", "CC0", "mind this")
    whole = (images(30).X, images(30).y, images(9, 1).X, images(9, 1).y)
    assert data.fingerprint == fingerprint(*whole)
    assert data.folder.is_relative_to(cache)
    assert isinstance(data.train.X, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        data.train.X[0] = 0


def test_files_are_read_again_only_when_they_change(tmp_path):
    file = tmp_path / "a"
    file.write_text("1")
    cached(recipe(file))
    cached(recipe(file, read=lambda: pytest.fail("read again")))
    file.write_text("12")
    calls = []
    cached(recipe(file, read=lambda: calls.append(1) or contents()))
    assert calls


TEST_FILES = ("test-X.npy", "test-y.npy")


@pytest.mark.parametrize("names", [TEST_FILES, TEST_FILES[:1], TEST_FILES[1:]])
@pytest.mark.parametrize("poison", [None, b"poison"])
def test_opening_a_data_set_and_its_training_part_touches_no_test_file(names, poison):
    folder = cached(recipe()).folder
    for name in names:
        (folder / name).unlink()
        if poison is not None:
            (folder / name).write_bytes(poison)
    for data in (cached(recipe()), reopen(folder)):
        assert (len(data.test), data.classes) == (9, ("a", "b", "c"))
        np.testing.assert_array_equal(data.train.rows(np.arange(30)).X, images(30).X)
        assert data.train.y.tolist() == images(30).y.tolist()
        with pytest.raises(UserError, match=rf"{names[0]} is damaged"):
            data.test.open()


@pytest.mark.parametrize("poison", [None, b"poison"])
def test_test_images_are_read_without_a_look_at_the_labels(poison):
    folder = cached(recipe()).folder
    (folder / "test-y.npy").unlink()
    if poison is not None:
        (folder / "test-y.npy").write_bytes(poison)
    test = reopen(folder).test
    np.testing.assert_array_equal(test.images(), images(9, 1).X)
    with pytest.raises(UserError, match=r"test-y\.npy is damaged"):
        test.open()


def test_a_permuted_test_part_on_disk_is_seen_by_the_reads_of_the_test_part_alone():
    folder = cached(recipe()).folder
    for name in TEST_FILES:
        np.save(folder / name, np.load(folder / name)[::-1])
    data = reopen(folder)
    np.testing.assert_array_equal(data.test.images(), images(9, 1).X[::-1])
    assert data.test.open().y.tolist() == images(9, 1).y[::-1].tolist()
    np.testing.assert_array_equal(data.train.X, images(30).X)
    assert data.train.y.tolist() == images(30).y.tolist()


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("test-X", images(8).X),
        ("test-X", images(9).X.astype(float)),
        ("test-X", images(9).X[..., 0]),
        ("test-y", images(8).y),
        ("test-y", images(9).y.astype(float)),
        ("test-y", images(9).y + 1),
        ("train-X", images(29).X),
        ("train-y", images(30).y - 1),
    ],
)
def test_an_array_that_does_not_belong_is_named(name, wrong):
    folder = cached(recipe()).folder
    np.save(folder / f"{name}.npy", wrong)
    with pytest.raises(UserError, match=rf"{name}\.npy is damaged"):
        reopen(folder).test.open()


def test_the_fingerprint_is_read_without_the_arrays():
    data = cached(recipe())
    for file in data.folder.glob("*.npy"):
        file.unlink()
    assert stored_fingerprints(data.folder) == (data.fingerprint, data.train_fingerprint)


@pytest.mark.parametrize("content", [None, b"", b"[]", b"{}", b"\xff"])
def test_a_folder_that_tells_no_fingerprint_has_none(tmp_path, content):
    if content is not None:
        (tmp_path / "meta.json").write_bytes(content)
    assert stored_fingerprints(tmp_path) == ()
    with pytest.raises(UserError, match=r"meta\.json is damaged"):
        reopen(tmp_path)


def test_no_other_module_knows_the_files_of_the_cache():
    root = Path(cache_module.__file__).parents[3]
    names = re.compile(r"\b(train|test|unlabelled)-[Xy]\b|\bmeta\.json\b")
    rooms = ("tuning", "estimators", "benchmarks", "reports")
    modules = [root / "crossover.py", *(file for room in rooms for file in (root / room).rglob("*.py"))]
    knowing = [file for file in modules if names.search(file.read_text(encoding="utf-8"))]
    assert knowing == [Path(cache_module.__file__)]


def test_a_file_that_has_gone_is_named(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "gone")
    with pytest.raises(UserError, match=rf"Cannot read {tmp_path}/a \(No such file"):
        cached(recipe(tmp_path / "a"))


def test_a_data_set_may_have_a_name_as_long_as_a_file():
    name = "ä" * 127
    assert cached(dataclasses.replace(recipe(), name=name)).name == name


@pytest.mark.parametrize("name", ["train-X.npy", "train-y.npy", "meta.json"])
@pytest.mark.parametrize("content", [b"", b"garbage", None])
def test_a_damaged_cache_is_named(name, content):
    file = cached(recipe()).folder / name
    file.write_bytes(file.read_bytes()[:-20] if content is None else content)
    with pytest.raises(UserError, match=f"{name} is damaged .*delete its folder"):
        reopen(file.parent)


def test_a_failed_read_leaves_nothing_behind(cache):
    def read():
        raise UserError("no good")

    with pytest.raises(UserError, match="no good"):
        cached(recipe(read=read))
    assert not list(cache.rglob("*"))


def test_a_cache_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CROSSOVER_CACHE", str(tmp_path / "file"))
    with pytest.raises(UserError, match=r"Cannot keep arrays in .*CROSSOVER_CACHE"):
        cached(recipe())


def test_a_data_set_is_made_again_in_another_process():
    data = cached(recipe())
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(summary, (data.folder,)) == (data.fingerprint, int(data.train.X.sum()))
    assert len(pickle.dumps(data.folder)) < 1000


def summary(folder):
    data = reopen(folder)
    return data.fingerprint, int(data.train.X.sum())


def test_two_processes_may_fill_the_cache_at_once():
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        found = pool.map(fill, range(2))
    assert found[0] == found[1]
    assert not list(found[0][0].parent.glob(".new-*"))


def fill(_):
    data = cached(recipe())
    return data.folder, data.fingerprint


def test_what_one_user_caches_others_may_read(tmp_path):
    (tmp_path / "plain").mkdir()
    assert cached(recipe()).folder.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_cache_that_somebody_else_closed_is_one_line(monkeypatch):
    folder = cached(recipe()).folder
    exists = Path.exists

    def refused(path, **options):  # The superuser may look into every folder.
        if path.is_relative_to(folder):
            raise PermissionError(13, "Permission denied", str(path))
        return exists(path, **options)

    monkeypatch.setattr(Path, "exists", refused)
    with pytest.raises(UserError, match=r"Permission denied\): let its owner open it"):
        cached(recipe())
