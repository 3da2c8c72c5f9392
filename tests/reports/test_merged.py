from __future__ import annotations

import json
import shutil
import sqlite3

import pytest

import reports
from benchmarks.errors import UserError
from reports import leaderboard
from reports.exhibits import EXHIBITS
from reports.merged import merge
from reports.verdict import verdict
from tests.reports.folder import session
from tests.reports.study import write_study


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
    assert not run.not_comparable
    assert set(board["estimator"]) == {"logistic_regression", "svm", "xgboost", "mlp", "cnn"}
    assert run.model("digits", "cnn @twin", 0) == twin / "cells/digits/cnn/standard/seed-0/model"


def test_other_images_are_kept_apart(one_seed, twin):
    change(twin, "data/digits/passport.json", fingerprint="00" * 32)
    run = merge([reports.load(one_seed), reports.load(twin)])
    assert run.datasets == ["digits @run", "things", "digits @twin"]
    board = leaderboard.frame(run)
    assert {run.origins[name].run for name in board.query("dataset == 'digits @twin'")["variant"]} == {"twin"}
    assert any("digits is not the same in all runs" in note for note in run.info["notes"])


def test_times_of_another_machine_are_marked_and_not_compared(one_seed, twin, tmp_path):
    change(twin, "run.json", sessions=[session(cpu="Another")], workers=2)
    run = merge([reports.load(one_seed), reports.load(twin)])
    assert run.not_comparable == "processor A processor @ 2.4 GHz in run, Another in twin; workers 1 in run, 2 in twin"
    told = " ".join(sentence.text for sentence in verdict(run, "digits").sentences)
    assert "errors on these" in told and "Training" not in told and "fastest" not in told
    page = reports.report(one_seed, twin, out=tmp_path / "page.html").read_text()
    assert "not all comparable" in page and "Not all times are comparable." in page
    assert "all comparable" not in reports.report(one_seed).read_text()


def test_the_page_is_written_beside_the_first_run_and_the_same_again(one_seed, twin):
    page = reports.report(twin, one_seed)
    assert page == twin.parent / "twin-and-run.html"
    assert page.read_bytes() == reports.report(twin, one_seed).read_bytes()


def test_the_same_folder_twice_is_refused(one_seed):
    with pytest.raises(UserError, match="given twice"):
        reports.report(one_seed, one_seed)


def test_a_label_with_an_at_sign_is_not_taken_apart(one_seed, twin):
    """A variant may be named as merged ones are; run and label are values, which are never read off a text."""
    strange = "svm @run"
    for old, new in (("svm", strange),):
        with sqlite3.connect(twin / "ledger.sqlite") as db:
            for table in ("trials", "searches", "fits", "evaluations"):
                db.execute(f"UPDATE {table} SET variant = ? WHERE variant = ?", (new, old))
        for folder in (twin / "cells").glob(f"*/{old}"):
            folder.rename(folder.with_name(new))
        variants = json.loads((twin / "run.json").read_text())["variants"]
        change(twin, "run.json", variants={new if k == old else k: v for k, v in variants.items()})
    run = merge([reports.load(one_seed), reports.load(twin)])
    assert run.origins["svm @run @twin"] == ("twin", strange) and run.origins["svm @run"] == ("run", "svm")
    board = leaderboard.frame(run).query("dataset == 'digits'").set_index("variant")
    assert board.loc["svm @run @twin", "estimator"] == "svm"
    assert board.loc["svm @run @twin", "accuracy"] == board.loc["svm @run", "accuracy"]


def test_two_studies_are_one_curve(tmp_path):
    """Of a size that one run alone has, the other has no row; core-seconds are counted with the threads of each run."""
    one = write_study(tmp_path / "one", sizes=(100, 1000, "all"), seeds=(0,), tests=500)
    two = write_study(tmp_path / "two", sizes=(300, 1000, "all"), seeds=(0,), tests=500)
    change(two, "run.json", threads=4)
    run = merge([reports.load(one), reports.load(two)])
    curve = run.curve("things", "sizes")
    assert curve[curve["variant"] == "svm @one"]["value"].tolist() == [100, 1000, 10_000]
    assert curve[curve["variant"] == "svm @two"]["value"].tolist() == [300, 1000, 10_000]
    compute = next(e for e in EXHIBITS if e.name == "compute").table(run, "things").set_index(["variant", "train_rows"])
    seconds = compute["core_seconds"]
    assert seconds["svm @two", 1000] == pytest.approx(2 * seconds["svm @one", 1000])
    assert reports.report(one, two, out=tmp_path / "page.html").exists()
