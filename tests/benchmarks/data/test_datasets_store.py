import functools
import gzip
import hashlib
import http.server
import multiprocessing
import os
import pickle
import socket
import tarfile
import threading

import numpy as np
import pytest

from benchmarks.data import datasets
from benchmarks.data.images import Images, fingerprint
from benchmarks.data.store import files
from benchmarks.data.store.cache import cached, reopen
from benchmarks.data.store.recipe import Contents, File, Recipe, Source
from benchmarks.errors import Unavailable, UserError

CONTENT = bytes(range(64))


def images(n, seed=0):
    rng = np.random.default_rng(seed)
    return Images(rng.integers(0, 256, (n, 4, 4, 1), np.uint8), np.arange(n, dtype=np.int64) % 3)


def parts():
    return Contents(images(30), images(9, 1), ("a", "b", "c"), unlabelled=images(5, 2).X, note="mind this")


def recipe(*inputs, read=parts):
    return Recipe("toy", read, inputs=inputs, title="Toy", homepage="here", licence="CC0")


# cache


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
    cached(recipe(file, read=lambda: calls.append(1) or parts()))
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


# files


class Site(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def site(tmp_path):
    """A folder, and the URL it is served at on this machine."""
    folder = tmp_path / "site"
    folder.mkdir()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Site, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(autouse=True)
def nowhere(monkeypatch):
    monkeypatch.delenv("CROSSOVER_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def refused():
    """A URL where nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    return f"http://127.0.0.1:{port}/"


def sha(data):
    return hashlib.sha256(data).hexdigest()


PACKED = gzip.compress(CONTENT, mtime=0)


def source(*mirrors, **changes):
    about = dict(
        title="Toy",
        homepage="",
        licence="",
        read=lambda paths: parts(),
        files=(File("a-ubyte.gz", sha(PACKED), sha(CONTENT)), File("b.bin", sha(b"b"))),
        folders=("toy-official",),
        mirrors=mirrors,
        obtain="ask the author",
    )
    return Source(**about | changes)


def put(folder, **contents):
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in {"a-ubyte.gz": PACKED, "b.bin": b"b", **contents}.items():
        (folder / name).write_bytes(data)
    return folder


def found(data_dir=None, about=None, others=()):
    return {path.parent for path in files.recipe("toy", about or source(), data_dir, others).inputs}


def test_files_are_looked_for_in_the_named_folder_then_the_variable_then_downloads(tmp_path, cache, monkeypatch):
    last = put(cache / "downloads" / "toy")
    assert found() == {last}
    middle = put(tmp_path / "env" / "toy")
    monkeypatch.setenv("CROSSOVER_DATA", str(tmp_path / "env"))
    assert found() == {middle}
    assert found(put(tmp_path / "data" / "toy-official").parent) == {tmp_path / "data" / "toy-official"}


def test_a_folder_may_be_the_sets_own_unless_it_is_another_sets(tmp_path):
    folder = put(tmp_path / "downloads")
    assert found(folder) == {folder}
    with pytest.raises(Unavailable):
        found(folder, others=("downloads",))


def test_a_file_counts_packed_unpacked_and_packed_anew(tmp_path):
    folder = put(tmp_path / "toy")
    for name, data in [("a-ubyte", CONTENT), ("a-ubyte.gz", gzip.compress(CONTENT, 1))]:
        (folder / "a-ubyte.gz").unlink(missing_ok=True)
        (folder / "a-ubyte").unlink(missing_ok=True)
        (folder / name).write_bytes(data)
        assert len(cached(files.recipe("toy", source(), tmp_path)).train) == 30


@pytest.mark.parametrize("wrong", [b"other", PACKED[:-9], gzip.compress(b"other")])
def test_a_local_file_with_another_checksum_is_named_with_both_digests(tmp_path, wrong):
    put(tmp_path / "toy", **{"a-ubyte.gz": wrong})
    with pytest.raises(UserError) as error:
        cached(files.recipe("toy", source(), tmp_path))
    for part in (str(tmp_path / "toy" / "a-ubyte.gz"), sha(wrong), sha(PACKED), "Delete it"):
        assert part in str(error.value)


def test_what_is_missing_is_downloaded_and_verified(site, cache, capfd):
    folder, url = site
    put(folder)
    recipe = files.recipe("toy", source(url), None)
    assert {path.name: path.read_bytes() for path in recipe.inputs} == {"a-ubyte.gz": PACKED, "b.bin": b"b"}
    out, err = capfd.readouterr()
    assert out == ""
    assert err.splitlines() == [f"Downloading {url}a-ubyte.gz", f"Downloading {url}b.bin"]
    files.recipe("toy", source("http://127.0.0.1:1/"), None)  # a second time nothing is asked for


def test_the_next_mirror_is_tried_when_one_fails(site, refused):
    folder, url = site
    put(folder)
    put(folder / "bad", **{"b.bin": b"tampered"})
    assert files.recipe("toy", source(refused, f"{url}absent/", f"{url}bad/", url), None).inputs


def test_a_download_with_another_checksum_is_refused_and_not_kept(site, cache):
    folder, url = site
    put(folder, **{"a-ubyte.gz": b"tampered"})
    with pytest.raises(Unavailable) as error:
        files.recipe("toy", source(url), None)
    for part in (f"{url}a-ubyte.gz", "wrong checksum", sha(PACKED), sha(b"tampered")):
        assert part in str(error.value)
    assert not [path for path in cache.rglob("*") if path.is_file()]


def test_without_a_network_one_line_tells_what_where_and_the_way_out(refused, tmp_path, cache):
    with pytest.raises(Unavailable) as error:
        files.recipe("toy", source(refused), tmp_path)
    text = str(error.value)
    for part in ("a-ubyte.gz", str(tmp_path), str(cache), refused, "no connection", "--data DIR", "CROSSOVER_DATA"):
        assert part in text
    assert "\n" not in text


def test_an_answer_of_the_server_is_told(site):
    with pytest.raises(Unavailable, match="HTTP 404"):
        files.recipe("toy", source(site[1]), None)


def test_a_set_that_needs_an_account_says_where_to_get_it(tmp_path):
    with pytest.raises(Unavailable, match=r"a-ubyte.gz was not found in .*; ask the author, then .*--data DIR"):
        files.recipe("toy", source(), tmp_path)


def test_the_one_file_that_a_folder_lacks_is_named(tmp_path):
    (put(tmp_path / "toy") / "b.bin").unlink()
    with pytest.raises(Unavailable, match=r"b\.bin was not found in"):
        files.recipe("toy", source(), tmp_path)


def test_an_archive_is_unpacked(site, tmp_path):
    folder, url = site
    put(tmp_path / "toy-official")
    with tarfile.open(folder / "toy.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "toy-official", "toy-official")
    digest = hashlib.md5((folder / "toy.tar.gz").read_bytes()).hexdigest()
    about = source(url, archive=File("toy.tar.gz", f"md5:{digest}"), folders=("toy/toy-official",))
    recipe = files.recipe("toy", about, None)
    assert {path.name for path in recipe.inputs} == {"a-ubyte.gz", "b.bin"}


def test_a_folder_that_is_not_there_is_named(tmp_path, monkeypatch):
    with pytest.raises(UserError, match=r"--data names .*absent, which is not a folder"):
        datasets.load("mnist", tmp_path / "absent")
    monkeypatch.setenv("CROSSOVER_DATA", str(tmp_path / "gone"))
    with pytest.raises(UserError, match=r"CROSSOVER_DATA names .*gone, which is not a folder"):
        datasets.load("mnist")


def test_a_terminal_sees_a_progress_bar(site, monkeypatch, capsys):
    folder, url = site
    put(folder)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    files.recipe("toy", source(url), None)
    assert "Downloading b.bin" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look into everything")
def test_a_folder_without_permission_is_named(tmp_path):
    put(tmp_path / "toy").chmod(0)
    with pytest.raises(UserError, match="Cannot look into"):
        files.recipe("toy", source(), tmp_path)
    (tmp_path / "toy").chmod(0o700)
