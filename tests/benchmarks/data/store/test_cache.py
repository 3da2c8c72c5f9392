import multiprocessing
import pickle

import numpy as np
import pytest

from benchmarks.data.images import fingerprint
from benchmarks.data.store.cache import cached, reopen
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


def test_the_test_files_are_not_touched_before_the_seal_is_opened():
    folder = cached(recipe()).folder
    for name in ("test-X.npy", "test-y.npy"):
        (folder / name).write_bytes(b"poison")
    data = cached(recipe())
    assert len(data.test) == 9
    assert data.train.rows(np.arange(3)).y.tolist() == [0, 1, 2]
    with pytest.raises(UserError, match=r"test-X\.npy is damaged"):
        data.test.open()
    (folder / "test-X.npy").unlink()
    assert len(cached(recipe()).test) == 9


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
