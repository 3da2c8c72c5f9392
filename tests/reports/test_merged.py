from __future__ import annotations

import json
import shutil

import pytest

import reports
from benchmarks.errors import UserError
from reports import leaderboard
from reports.exhibits import EXHIBITS
from reports.merged import merge
from reports.verdict import verdict


@pytest.fixture
def twin(one_seed, tmp_path):
    """A copy of a run, to be changed."""
    return shutil.copytree(one_seed, tmp_path / "twin")


def change(folder, file, **values):
    path = folder / file
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_the_same_images_make_one_table_whose_rows_name_their_run(one_seed, twin):
    run = merge([reports.load(one_seed), reports.load(twin)])
    assert run.datasets == ["digits", "things"]
    board = leaderboard.frame(run).query("dataset == 'digits'")
    assert len(board) == 10
    pairs = board.set_index("variant")["accuracy"]
    assert pairs["cnn @run"] == pairs["cnn @twin"] == pairs.max()
    differences = (
        next(e for e in EXHIBITS if e.name == "differences").table(run, "digits").query("variant == 'cnn @run'")
    )
    assert differences.set_index("than").loc["cnn @twin", "p"] == 1
    assert not run.info["not_comparable"]


def test_other_images_are_kept_apart(one_seed, twin):
    change(twin, "data/digits/passport.json", fingerprint="00" * 32)
    run = merge([reports.load(one_seed), reports.load(twin)])
    assert run.datasets == ["digits @run", "things", "digits @twin"]
    board = leaderboard.frame(run)
    assert set(board[board["dataset"] == "digits @twin"]["variant"].str.partition(" @")[2]) == {"twin"}
    assert any("digits is not the same in all runs" in note for note in run.info["notes"])


def test_times_of_another_machine_are_marked_and_not_compared(one_seed, twin, tmp_path):
    environment = json.loads((twin / "run.json").read_text())["environment"]
    change(twin, "run.json", environment=environment | {"cpu": "Another"}, workers=2)
    run = merge([reports.load(one_seed), reports.load(twin)])
    assert (
        run.info["not_comparable"]
        == "processor A processor @ 2.4 GHz in run, Another in twin; workers 1 in run, 2 in twin"
    )
    told = " ".join(sentence.text for sentence in verdict(run, "digits").sentences)
    assert "the model size" in told and "the time to" not in told
    page = reports.report(one_seed, twin, out=tmp_path / "page.html").read_text()
    assert "not comparable between runs" in page and "Times of different runs are not comparable here" in page
    assert "not comparable" not in reports.report(one_seed).read_text()


def test_the_page_is_written_beside_the_first_run_and_the_same_again(one_seed, twin):
    page = reports.report(twin, one_seed)
    assert page == twin.parent / "twin-and-run.html"
    assert page.read_bytes() == reports.report(twin, one_seed).read_bytes()


def test_the_same_folder_twice_is_refused(one_seed):
    with pytest.raises(UserError, match="given twice"):
        reports.report(one_seed, one_seed)
