from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

import reports
from benchmarks.errors import UserError


@pytest.fixture
def damaged(one_seed, tmp_path):
    """A copy of a run folder, to be damaged."""
    return shutil.copytree(one_seed, tmp_path / "run")


def test_a_run_is_opened_with_its_tables_and_arrays(three_seeds):
    run = reports.load(three_seeds)
    assert run.datasets == ["digits", "things"]
    assert run.families["cnn"] == "deep"
    assert run.predictions("digits", "svm", 1).shape == (400, 10)
    assert run.test("things").X.shape == (400, 16, 14, 3)
    assert run.evaluated("things", "mlp") == [0, 1]
    assert run.correct("digits", "cnn").shape == (3, 400)
    assert len(run.trials) == 2 * 5 * 3 * 14


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda f: shutil.rmtree(f), "There is no run folder"),
        (lambda f: (f / "run.json").unlink(), "is not a run folder"),
        (lambda f: (f / "run.json").write_text("{"), "run.json is damaged"),
        (lambda f: (f / "run.json").write_text("[]"), "must hold a JSON object"),
        (lambda f: (f / "run.json").write_text(json.dumps({"suite": "x"})), "lacks 'datasets'"),
        (lambda f: (f / "ledger.sqlite").unlink(), "no ledger.sqlite"),
        (lambda f: (f / "ledger.sqlite").write_bytes(b"not a database" * 99), "damaged or not a ledger"),
        (lambda f: (f / "data/digits/passport.json").unlink(), "passport.json is missing"),
        (lambda f: (f / "data/digits/passport.json").write_text("{}"), "does not list the classes"),
        (lambda f: (f / "data/digits/test.npz").write_bytes(b"PK"), "test.npz is damaged"),
        (lambda f: (f / "data/digits/test.npz").unlink(), "test.npz is missing"),
        (lambda f: (f / "cells/digits/svm/seed-0/predictions.npz").write_bytes(b""), "predictions.npz is damaged"),
    ],
)
def test_a_folder_that_is_no_run_is_one_clear_line(damaged, damage, reason):
    for leftover in damaged.glob("ledger.sqlite-*"):
        leftover.unlink()
    damage(damaged)
    with pytest.raises(UserError) as error:
        reports.report(damaged)
    assert reason in str(error.value)


@pytest.mark.parametrize("proba", [np.zeros((7, 10), np.float32), np.full((400, 10), np.nan, np.float32)])
def test_predictions_that_do_not_fit_are_refused(damaged, proba):
    np.savez(damaged / "cells/digits/svm/seed-0/predictions.npz", proba=proba)
    with pytest.raises(UserError, match=r"predictions\.npz holds probabilities"):
        reports.report(damaged)


def test_a_wrong_data_set_is_answered_with_the_nearest(one_seed):
    with pytest.raises(UserError, match="Did you mean 'digits'"):
        reports.load(one_seed).test("digts")
