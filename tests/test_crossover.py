"""The command line: what a user types and what comes back."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from typer.testing import CliRunner

import crossover
from benchmarks.errors import UserError
from benchmarks.requested import Changes, requested


def run(*arguments, cwd=None, env=None):
    """The command in a process of its own: exit code, standard output, standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "crossover", *map(str, arguments)], capture_output=True, text=True, cwd=cwd, env=env
    )
    return done.returncode, done.stdout, done.stderr


def test_help_names_every_verb():
    answer = CliRunner().invoke(crossover.app, ["--help"])
    assert answer.exit_code == 0
    for verb in (
        "run",
        "report",
        "list",
        "submit",
        "predict",
        "augment",
        "check-submission",
        "export",
        "learn-repair",
        "repair",
    ):
        assert verb in answer.output


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("estimators", ["svm", "cnn", "classical", "deep"]),
        ("datasets", ["mnist", "digits"]),
        ("suites", ["quick", "repair"]),
        ("repairs", ["autoencoder", "median"]),
        ("detectors", ["network", "statistics"]),
    ],
)
def test_list(what, expected):
    answer = CliRunner().invoke(crossover.app, ["list", what])
    assert answer.exit_code == 0
    assert all(word in answer.output for word in expected)


IDX_2D = bytes([0, 0, 8, 3]) + (2).to_bytes(4, "big") + (3).to_bytes(4, "big") * 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "smok"], "Did you mean 'smoke'?"),
        (["run", "mnst"], "Did you mean 'mnist'?"),
        (["run", "smoke", "--estimators", "svn"], "Did you mean 'svm'?"),
        (["run", "smoke", "--budget", "0"], "is no budget"),
        (["run", "smoke", "--budget", "-3"], "is no budget"),
        (["run", "smoke", "--budget", "soon"], "is no budget"),
        (["run", "smoke", "--executor", "lokal"], "Did you mean 'local'?"),
        (["run", "digits", "--study", "nonsense"], "There are: budgets, cifar10, clean-labels"),
        (["run", "digits", "--study", "crosover"], "Did you mean 'crossover'?"),
        (["run", "smoke", "--study", "crossover"], "smoke is a suite"),
        (["run", "missing.csv"], "missing.csv"),
        (["run", "unknown_key.toml"], "Did you mean 'seeds'?"),
        (["run", "wrong_type.toml"], "seeds"),
        (["run", "no_label.csv"], "label"),
        (["run", "ragged.csv"], "line 3"),
        (["run", "no_number.csv"], "line 3"),
        (["run", "too_bright.csv"], "256"),
        (["run", "no_rows.csv"], "no rows"),
        (["run", "one_of_a_kind.csv"], "class"),
        (["run", "idx"], "idx"),
        (["report", "nowhere"], "nowhere"),
        (["submit", "nowhere"], "nowhere"),
        (["export", "kaggle", "nowhere", "out"], "nowhere"),
        (["export", "kagle", "nowhere", "out"], "Did you mean 'kaggle'?"),
        (["predict", "nowhere", "image.png"], "nowhere"),
        (["check-submission", "missing.csv"], "missing.csv"),
        (["augment", "nowhere", "out"], "nowhere"),
        (["augment", "idx", "out", "--threshold", "300"], "Give a level from 0 to 254, or otsu"),
        (["augment", "idx", "out", "--copies", "0"], "1 or more, or 0 where the originals are kept"),
        (["list", "estimator"], "Did you mean 'estimators'?"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else None,
)
def test_bad_input_is_one_line_and_exit_code_2(tmp_path, monkeypatch, arguments, message):
    monkeypatch.setenv("CROSSOVER_CACHE", str(tmp_path / "cache"))
    header = "label,pixel0,pixel1,pixel2,pixel3\n"
    rows = "".join(f"{i % 2},0,1,2,{i}\n" for i in range(40))
    toml = 'title = "T"\ndatasets = ["digits"]\nestimators = ["svm"]\nbudget = "3 trials"\n'
    for name, text in {
        "unknown_key.toml": toml + "seed = 3\n",
        "wrong_type.toml": toml + 'seeds = "three"\n',
        "no_label.csv": header.replace("label", "labl") + rows,
        "ragged.csv": header + "0,1,2,3,4\n1,2,3\n" + rows,
        "no_number.csv": header + "0,1,2,3,4\n1,2,x,3,4\n" + rows,
        "too_bright.csv": header + "0,1,2,256,4\n" + rows,
        "no_rows.csv": header,
        "one_of_a_kind.csv": header + rows + "7,1,2,3,4\n",
    }.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "idx").mkdir()
    (tmp_path / "idx" / "train-images-idx3-ubyte").write_bytes(IDX_2D)
    (tmp_path / "idx" / "train-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01\0\0\0\x02\0\1")
    code, out, err = run(*arguments, cwd=tmp_path)
    assert code == 2, err
    lines = [line for line in err.splitlines() if line.startswith("crossover: ")]
    assert len(lines) == 1 and message.lower() in lines[0].lower()
    assert "Traceback" not in out + err


@pytest.mark.parametrize("arguments", [["run"], ["run", "smoke", "--seeds", "0"], ["fly"]])
def test_wrong_usage_is_exit_code_2(arguments):
    code, _, err = run(*arguments)
    assert code == 2 and "Traceback" not in err


def test_a_study_of_a_data_set_is_what_the_suite_does_in_a_folder_of_its_own():
    study = requested("digits", Changes(seeds=2, study="crossover"))
    assert study.name == "digits-crossover" and study.datasets == ("digits",) and study.fallback is None
    assert study.studies == requested("crossover").studies and len(study.seeds) == 2
    assert not requested("digits").studies


def test_estimators_select_the_variants_of_a_study_that_are_made_of_them():
    chosen = requested("digits", Changes(estimators="svm,cnn", study="doubled"))
    assert [v.name for v in chosen.variants] == ["svm plain", "svm doubled", "cnn plain", "cnn doubled", "cnn anew"]
    assert not chosen.estimators
    assert [v.name for v in requested("digits", Changes(estimators="svm doubled", study="doubled")).variants] == [
        "svm doubled"
    ]
    both = requested("emnist", Changes(estimators="cnn"))  # It is compared as it is, beside its variants.
    assert both.estimators == ("cnn",) and not both.variants


def test_the_study_of_doubled_images_has_every_estimator_twice_with_copies_alone_between_them():
    arms = {variant.name: variant for variant in requested("digits", Changes(study="doubled")).variants}
    doubled = {name.removesuffix(" doubled") for name in arms if name.endswith(" doubled")}
    assert doubled == {"logistic_regression", "svm", "xgboost", "mlp", "cnn"}
    for name in doubled:
        plain, more = arms[f"{name} plain"], arms[f"{name} doubled"]
        assert plain.estimator == more.estimator == name and more.base == plain.base | {"copies": 1}
        assert plain.base == {"copies": 0} | ({"augment": False} if name in ("mlp", "cnn") else {})


def test_a_study_by_its_own_name_has_its_own_levels():
    study = requested("digits", Changes(estimators="svm", study="sizes"))
    assert study.name == "digits-sizes" and study.studies == {"sizes": (100, 300, 1000, 3000, 10000, "all")}


@pytest.mark.parametrize("name", ["../elsewhere", "a/b", "", " ", "..", "a\\b"])
def test_a_run_stays_below_runs(name, tmp_path):
    code, _, err = run("run", "digits", "--run", name, "--dry-run", cwd=tmp_path)
    assert code == 2 and "is no name of a folder: it must not" in err and "Traceback" not in err


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["digits", "--executor", "clouds"], "There is no executor 'clouds'"),
        (["digits", "--replay", "nosuch"], "is no run folder"),
        (["faulty.csv"], "line 3"),
    ],
)
def test_a_dry_run_refuses_what_the_run_would(more, words, tmp_path):
    (tmp_path / "faulty.csv").write_text("label,pixel0,pixel1,pixel2,pixel3\na,1,2,3,4\nb,1,2,3\n")
    code, _, err = run("run", *more, "--estimators", "svm", "--run", "r", "--dry-run", cwd=tmp_path)
    assert code == 2 and words in err and "Traceback" not in err


def test_a_variable_that_is_nonsense_is_told_before_a_file_is_blamed(tmp_path):
    for name, value in {"CROSSOVER_MEMORY": "lots", "OMP_NUM_THREADS": "abc"}.items():
        code, _, err = run("list", "studies", env=os.environ | {name: value})
        assert code == 2 and name in err and value in err and err.count("\n") == 1
    assert run("list", "studies", env=os.environ | {"OMP_NUM_THREADS": "2,1"})[0] == 0


def test_estimators_of_ones_own_that_cannot_be_read_are_one_line(tmp_path):
    (tmp_path / "broken.py").write_text("def (")
    for folder in (tmp_path / "nowhere", tmp_path):
        env = os.environ | {"CROSSOVER_ESTIMATORS": str(folder)}
        code, _, err = run("list", "estimators", env=env)
        assert code == 2 and "Traceback" not in err


def test_predictions_are_not_lost_for_a_folder_that_is_not_there(tmp_path):
    code, _, err = run("predict", tmp_path, tmp_path, "--out", tmp_path / "no" / "x.csv")
    assert code == 2 and "Cannot write" in err


def test_the_library_calls_raise_what_the_command_prints():
    with pytest.raises(UserError, match="Did you mean 'smoke'"):
        crossover.run("smok")


def test_a_run_from_end_to_end(tmp_path):
    """Two estimators on digits: exit code 0, a page, tables that agree, a model that labels an image."""
    import csv

    import numpy as np
    from PIL import Image

    arguments = ["run", "digits", "--estimators", "logistic_regression,svm", "--budget", "2 trials", "--run", "mine"]
    code, out, err = run(*arguments, cwd=tmp_path)
    assert code == 0, err
    assert "logistic_regression" in out and "report.html" in out
    folder = tmp_path / "runs" / "mine"
    assert (folder / "report.html").stat().st_size > 10_000
    with (folder / "leaderboard.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["estimator"] for row in rows} == {"logistic_regression", "svm"}
    assert all(float(row["accuracy"]) > 0.9 for row in rows)

    test = np.load(folder / "data" / "digits" / "test.npz")
    for i in range(20):
        Image.fromarray(test["X"][i, :, :, 0]).save(tmp_path / f"{i:02}.png")
    code, out, err = run("predict", folder, *sorted(tmp_path.glob("*.png")), "--out", tmp_path / "p.csv", cwd=tmp_path)
    assert code == 0, err
    best = rows[0]["variant"]
    assert f"cells/digits/{best}/" in next(line for line in err.splitlines() if line.startswith("Model: "))
    with (tmp_path / "p.csv").open() as file:
        labels = [int(row["label"]) for row in csv.DictReader(file)]
    assert np.mean(np.equal(labels, test["y"][:20])) >= 0.9
    model = crossover.load_model(folder)
    assert model.predict(test["X"][:20]).tolist() == [str(label) for label in labels]
    facts = json.loads((folder / "cells/digits/svm/standard/seed-0/model/model.json").read_text())
    passport = json.loads((folder / "data/digits/passport.json").read_text())
    assert facts["rows"] == passport["train"] and facts["data"]["licence"] == passport["licence"]
    assert set(facts["scores"]) == {"search_accuracy"} and 0.9 < facts["scores"]["search_accuracy"] <= 1
    assert "svm on Digits" in (folder / "cells/digits/svm/standard/seed-0/model/README.md").read_text()
    code, _, err = run("submit", folder, cwd=tmp_path)
    assert code == 2 and "crossover run kaggle" in err


def test_a_replay_comes_to_the_same_results_in_another_process_and_says_so(tmp_path):
    """Also where the clock would plan something else: the second command is given the budget of the first, and no time."""
    command = ["run", "digits", "--estimators", "logistic_regression", "--budget", "4s"]
    code, _, error = run(*command, "--run", "first", cwd=tmp_path)
    assert code == 0, error
    (tmp_path / "elsewhere").mkdir()
    code, output, error = run(*command, "--replay", tmp_path / "runs" / "first", cwd=tmp_path / "elsewhere")
    assert code == 0, error
    assert "accuracies and log-losses are the same" in output
    same, _, count = output.rpartition("first: ")[2].partition(" accuracies")[0].partition(" of ")
    assert same == count and int(count) > 10

    with closing(sqlite3.connect(tmp_path / "runs" / "first" / "ledger.sqlite")) as ledger, ledger:
        ledger.execute("UPDATE trials SET score = score / 2 WHERE number = 2")
    code, output, error = run(
        *command, "--run", "again", "--replay", tmp_path / "runs" / "first", cwd=tmp_path / "elsewhere"
    )
    assert code == 1 and "score was 0." in output, "results that differ were called the same"


def test_a_run_with_a_cell_that_failed_is_replayed_with_it(tmp_path, estimators_folder):
    source = (estimators_folder / "nearest_mean.py").read_text().replace("nearest_mean", "never")
    (estimators_folder / "never.py").write_text(
        source.replace("def fit(", "def fit(self, *rows):\n        raise ValueError('no')\n\n    def fitted(")
    )
    there = tmp_path / "there"  # "python -m" would take the folder of estimators here for the package.
    there.mkdir()
    command = ["run", "digits", "--estimators", "never,nearest_mean", "--budget", "2 trials"]
    first, again = (
        run(*command, "--run", name, *more, cwd=there)
        for name, more in (("first", ()), ("again", ("--replay", "runs/first")))
    )
    assert first[0] == 1 and again[0] == 1, (first, again)
    same, _, count = again[1].rpartition("first: ")[2].partition(" accuracies")[0].partition(" of ")
    assert same == count and int(count) > 2, again
    code, _, error = run(
        *command[:3], "nearest_mean", *command[4:], "--run", "other", "--replay", "runs/first", cwd=there
    )
    assert code == 2 and error.splitlines()[-1].endswith("Ask for what it compares.")


def test_what_cannot_be_replayed_is_refused_in_one_line(tmp_path):
    for arguments, message in [
        (["--replay", "nowhere"], "nowhere is no run folder"),
        (["--budget", "5s", "--within", "1m"], "give one of the two"),
        (["--within", "10s"], "searches and fits take at least"),
        (["--within", "3 trials"], "is no time"),
    ]:
        code, _, error = run("run", "digits", "--estimators", "svm", *arguments, cwd=tmp_path)
        assert code == 2 and message in error.splitlines()[-1] and "Traceback" not in error, (arguments, error)
        assert not (tmp_path / "runs").exists()


def test_a_run_without_its_ledger_cannot_be_replayed(tmp_path):
    command = ["run", "digits", "--estimators", "svm", "--budget", "1 trials"]
    assert run(*command, "--run", "first", cwd=tmp_path)[0] == 0
    (tmp_path / "runs" / "first" / "ledger.sqlite").unlink()
    code, _, error = run(*command, "--run", "again", "--replay", "runs/first", cwd=tmp_path)
    assert (
        code == 2 and "The ledger of runs/first cannot be read" in error.splitlines()[-1] and "Traceback" not in error
    )


def test_a_run_that_took_longer_than_it_was_given_says_so(monkeypatch):
    monkeypatch.setattr(crossover, "BEGAN", crossover.time.perf_counter() - 153)
    assert crossover._late("2m") == "The run took 2 min 33 s, of 2 min 00 s that --within gave."
    assert crossover._late("3m") == crossover._late(None) == ""


@pytest.mark.parametrize(
    "command",
    [
        ["report", "odd"],
        ["log", "odd", "--to", "there"],
        ["submit", "odd"],
        ["explain", "odd"],
        ["export", "onnx", "odd", "model.onnx"],
        ["predict", "odd", "photos"],
        ["learn-repair", "odd"],
        ["repair", "in", "out", "--model", "odd"],
    ],
    ids=lambda command: command[0],
)
def test_every_verb_that_takes_a_run_names_the_one_that_was_meant(command, tmp_path, monkeypatch):
    (tmp_path / "runs" / "odd").mkdir(parents=True)
    (tmp_path / "runs" / "odd" / "run.json").touch()
    monkeypatch.chdir(tmp_path)
    answer = CliRunner().invoke(crossover.app, command)
    assert isinstance(answer.exception, UserError) and str(answer.exception).endswith("Did you mean runs/odd?")


def test_a_file_that_begins_like_an_option_is_told_how_to_be_written(tmp_path):
    (tmp_path / "-plain").mkdir()
    code, _, error = run("run", "-plain", cwd=tmp_path)
    assert code == 2 and error.splitlines()[-1] == "crossover: For the file or folder -plain write ./-plain."
    assert "./-" not in run("run", "-other", cwd=tmp_path)[2]


@pytest.mark.parametrize(
    ("called", "whole", "typed"),
    [
        (".venv/bin/crossover", ["/a/python", ".venv/bin/crossover"], ".venv/bin/crossover run digits"),
        ("/a/crossover.py", ["python", "-m", "crossover"], "python -m crossover run digits"),
        ("/b/bin/crossover", ["/b/bin/python", "/b/bin/crossover"], "crossover run digits"),
    ],
)
def test_a_command_to_type_again_begins_as_it_did(called, whole, typed, monkeypatch):
    arguments = ["run", "digits"]
    monkeypatch.setattr(sys, "argv", [called, *arguments])
    monkeypatch.setattr(sys, "orig_argv", [*whole, *arguments])
    monkeypatch.setattr(crossover.shutil, "which", lambda name: "/b/bin/crossover")
    assert crossover._typed() == typed
    assert crossover._command() == "crossover run digits"  # in run.json
