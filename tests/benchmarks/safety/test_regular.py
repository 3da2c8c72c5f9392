"""Files are read if they are regular, and written so that nothing else is written over."""

import os
import stat
from pathlib import Path

import pytest

from benchmarks.errors import UserError
from benchmarks.safety.regular import check_place, opened, text_of, write, write_out


def made(path, kind):
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "device":
            path.symlink_to("/dev/zero")
        case "nothing":
            pass
        case "circle":
            path.symlink_to(path.name)
        case "dangling":
            path.symlink_to("gone")
    return path


@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "nothing", "circle", "dangling"])
def test_what_is_no_regular_file_is_not_read(tmp_path, kind):
    with pytest.raises(UserError, match="thing") as error, opened(made(tmp_path / "thing", kind)):
        pass
    assert "\n" not in str(error.value)


def test_a_text_has_a_bound_and_is_utf8(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 11)
    with pytest.raises(UserError, match="more than 10 bytes"):
        text_of(tmp_path / "a", 10)
    (tmp_path / "a").write_bytes(b"abc\xff")
    with pytest.raises(UserError, match="byte 4 is wrong"):
        text_of(tmp_path / "a")


def test_what_is_written_replaces_a_link_and_leaves_what_it_leads_to(tmp_path):
    (tmp_path / "mine").write_text("precious")
    (tmp_path / "page").symlink_to("mine")
    for name in ("page.part", "page.tmp", ".page"):
        (tmp_path / name).symlink_to("mine")
    write(tmp_path / "page", "new")
    assert (tmp_path / "mine").read_text() == "precious"
    assert (tmp_path / "page").read_text() == "new" and not (tmp_path / "page").is_symlink()


def test_what_a_person_wants_written_goes_through_links_and_into_devices(tmp_path):
    (tmp_path / "there").write_text("old")
    (tmp_path / "link").symlink_to("there")
    write_out(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "there").read_text() == "new"
    before = Path("/dev/null").stat()
    (tmp_path / "null").symlink_to("/dev/null")
    write_out(tmp_path / "null", "gone")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode) and Path("/dev/null").stat().st_rdev == before.st_rdev


@pytest.mark.parametrize("kind", ["pipe", "folder", "circle"])
def test_where_nothing_can_be_written_it_is_said_in_one_line_and_nothing_is_left(tmp_path, kind):
    made(tmp_path / "thing", kind)
    with pytest.raises(UserError, match="Cannot write"):
        write_out(tmp_path / "thing", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["thing"]


@pytest.mark.parametrize("put", [write, write_out])
@pytest.mark.parametrize("name", ["missing/a", "x" * 256, "", "a/b/../../.."])
def test_a_place_that_is_none_is_one_line(tmp_path, put, name):
    with pytest.raises(UserError, match="Cannot write"):
        put(tmp_path / name, "text")
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("benchmarks.safety.regular._bytes", full)
    with pytest.raises(UserError, match="No space left on device"):
        write(tmp_path / "a", "new")
    assert (tmp_path / "a").read_text() == "old" and len(list(tmp_path.iterdir())) == 1


def test_a_new_file_has_the_permissions_of_any_other(tmp_path):
    (tmp_path / "plain").write_text("")
    write(tmp_path / "a", "new")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("given", [".", "gone/a.csv", "a.html", "x" * 300 + ".csv"])
def test_a_place_for_a_file_is_checked_before_anything_is_computed(tmp_path, given):
    check_place(tmp_path / "a.csv", "a CSV file", lambda suffix: suffix == ".csv")
    with pytest.raises(UserError, match="give the path of a CSV file in a folder that exists"):
        check_place(tmp_path / given, "a CSV file", lambda suffix: suffix == ".csv")
