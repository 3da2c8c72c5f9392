import functools
import gzip
import hashlib
import http.server
import os
import socket
import tarfile
import threading
import zipfile

import pytest

from benchmarks.data import datasets
from benchmarks.data.store import files
from benchmarks.data.store.cache import cached
from benchmarks.data.store.recipe import File, Source
from benchmarks.errors import Unavailable, UserError
from tests.benchmarks.data.store.toy import contents

CONTENT = bytes(range(64))


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
        read=lambda paths: contents(),
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


@pytest.mark.parametrize(
    "wrong", [b"other", PACKED[:-9], gzip.compress(b"other")], ids=["other", "cut short", "packed other"]
)
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


def test_of_a_zip_archive_only_what_the_set_needs_is_unpacked(site, tmp_path, cache):
    folder, url = site
    with zipfile.ZipFile(folder / "toy.zip", "w") as archive:
        for name, data in {"in/a-ubyte.gz": PACKED, "in/b.bin": b"b", "in/large.bin": bytes(99)}.items():
            archive.writestr(name, data)
    about = source(url, archive=File("toy.zip", sha((folder / "toy.zip").read_bytes())), folders=("toy/in",))
    assert {path.read_bytes() for path in files.recipe("toy", about, None).inputs} == {PACKED, b"b"}
    assert {path.name for path in cache.rglob("*") if path.is_file()} == {"a-ubyte.gz", "b.bin"}


def test_a_set_may_come_in_another_form(tmp_path):
    read = []
    about = source(
        read=lambda paths: read.append(set(paths)) or contents(),
        files=(File("a-ubyte.gz", sha(PACKED)), File("b.bin")),
        alternatives=((File("all.zip", sha(b"zip")),), (File("one.csv"), File("two.csv"))),
    )
    folder = tmp_path / "toy"
    folder.mkdir()
    for names in [("two.csv", "one.csv"), ("all.zip",), ("b.bin", "a-ubyte.gz")]:  # What comes later is preferred.
        for name in names:
            (folder / name).write_bytes(PACKED if name == "a-ubyte.gz" else b"zip")
        cached(files.recipe("toy", about, tmp_path))
    assert read == [{"one.csv", "two.csv"}, {"all.zip"}, {"a-ubyte.gz", "b.bin"}]
    (folder / "all.zip").write_bytes(b"other")
    (folder / "b.bin").unlink()
    with pytest.raises(UserError, match=r"all\.zip is not the official file of toy"):
        cached(files.recipe("toy", about, tmp_path))


def test_the_file_that_a_form_lacks_is_that_of_the_form_that_is_there_in_part(tmp_path):
    about = source(
        files=(File("a"), File("b"), File("c")), alternatives=((File("all.zip"),), (File("1.csv"), File("2.csv")))
    )
    for name, lacking in {"2.csv": r"1\.csv", "b": r"1\.csv", "c": r": a was"}.items():
        put(tmp_path / "toy")
        (tmp_path / "toy" / name).write_bytes(b"")
        with pytest.raises(Unavailable, match=lacking):
            files.recipe("toy", about, tmp_path)


def test_an_unpacked_file_is_told_not_to_be_verified_where_no_checksum_of_it_is_known(tmp_path):
    about = source(files=(File("a-ubyte.gz", sha(PACKED)), File("b.bin", sha(b"b"))))
    folder = put(tmp_path / "toy", **{"a-ubyte": b"unpacked"})
    (folder / "a-ubyte.gz").unlink()
    assert cached(files.recipe("toy", about, tmp_path)).note.endswith("of the .gz files alone: a-ubyte.")
    (folder / "a-ubyte.gz").write_bytes(PACKED)  # It is there as well: it is read and verified.
    assert "Not verified" not in cached(files.recipe("toy", about, tmp_path)).note
    (folder / "b.bin").write_bytes(b"c")
    with pytest.raises(UserError, match=r"b\.bin is not the official file"):
        cached(files.recipe("toy", about, tmp_path))


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
