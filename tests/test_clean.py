"""`crossover clean` and `crossover explain`: what they find, what they write, and what they leave alone."""

import re
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import crossover
from benchmarks.data import datasets
from benchmarks.errors import UserError
from reports.explaining import explain


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("CROSSOVER_CACHE", str(folder))
    return folder


def command(*arguments, cwd):
    ran = subprocess.run(
        [sys.executable, "-m", "crossover", *map(str, arguments)], cwd=cwd, capture_output=True, text=True, check=False
    )
    return ran.returncode, ran.stdout, ran.stderr


def test_planted_errors_are_found_and_shown_on_a_page_that_asks_nobody(tmp_path):
    code, out, err = command("clean", "digits", "--plant", "symmetric-5", cwd=tmp_path)
    assert code == 0, err
    precision, recall = map(float, re.search(r"precision ([\d.]+) %, recall ([\d.]+) %", out).groups())
    assert precision > 80 and recall > 85
    assert 85 < float(re.search(r"agrees with ([\d.]+) % of the labels", out)[1]) < 95  # 5 % of them are wrong
    table = pd.read_csv(tmp_path / "digits-suspects.csv")
    assert list(table) == [
        "rank", "row", "given", "suggested", "probability_of_given", "probability_of_suggested", "planted", "true",
    ]  # fmt: skip
    train = datasets.load("digits").train
    assert np.array_equal(train.y[table["row"]], table["true"]) and (table["given"] != table["suggested"]).all()
    assert 100 * table["planted"].mean() == pytest.approx(precision, abs=0.05)
    assert (table["given"] != table["true"]).tolist() == table["planted"].tolist()
    page = (tmp_path / "digits-suspects.html").read_text()
    links = re.findall(r"""(?:src|href|action|srcset|poster)=["']([^"']*)""", page)
    assert all(link.startswith(("#", "data:")) for link in links) and "<script" not in page
    assert page.count("<img ") == len(table) and f"{len(table)} suspects" in page
    assert page.count(", not planted</small>") == (~table["planted"]).sum()


def test_the_test_part_is_looked_at_where_that_is_asked_for(tmp_path):
    code, out, err = command("clean", "digits", "--all", "--plant", "symmetric-5", cwd=tmp_path)
    digits = datasets.load("digits")
    assert code == 0 and f"of {len(digits.train) + len(digits.test):,} labels" in out, err
    assert f"test images were judged too, as rows {len(digits.train):,} and on" in out
    assert "not looked at" not in out
    table = pd.read_csv(tmp_path / "digits-suspects.csv")
    labels = np.concatenate([digits.train.y, digits.test.open().y])
    assert np.array_equal(labels[table["row"]], table["true"]) and table["row"].max() >= len(digits.train)


def write_folder(folder):
    """Stripes across and down, of ten writers; one picture with stripes down lies among the others, under a name that is code."""
    rng = np.random.default_rng(0)
    names = [(label, f"w{i % 10}-{i}.png", label) for label in ("across", "down") for i in range(60)]
    for label, name, shown in [*names, ("across", "w3-<b>.png", "down")]:
        stripes = 60 + 120 * (np.arange(16)[:, np.newaxis] // 3 % 2) + rng.normal(0, 15, (16, 16))
        pixels = np.clip(stripes if shown == "across" else stripes.T, 0, 255).astype(np.uint8)
        (folder / label).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / label / name)


def test_files_are_named_and_names_are_text(tmp_path):
    write_folder(tmp_path / "stripes")
    (tmp_path / "stripes" / "split.csv").write_text(
        "file,split\n"
        + "".join(
            f"{path.relative_to(tmp_path / 'stripes')},{'test' if path.stem.startswith('w0') else 'train'}\n"
            for path in sorted((tmp_path / "stripes").rglob("*.png"))
        )
    )
    found = crossover.clean(
        tmp_path / "stripes", tmp_path / "s.csv", estimator="svm", groups=r"w\d+", size="16", frame="whole"
    )
    frame = found.frame()
    assert frame["file"].tolist()[0].endswith("w3-<b>.png")
    assert frame.loc[0, ["given", "suggested"]].tolist() == ["across", "down"]
    page = (tmp_path / "s.html").read_text()
    assert "One suspect in" in page and "w3-&lt;b&gt;.png" in page and "<b>.png" not in page


def test_the_test_part_is_not_read(cache):
    dataset = datasets.load("digits")
    before = crossover.clean("digits", folds=2).frame()
    for path in dataset.folder.glob("test-*"):
        path.write_bytes(b"nothing")
    shutil.rmtree(cache / "out-of-fold")
    pd.testing.assert_frame_equal(crossover.clean("digits", folds=2).frame(), before)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"what": "digitz"}, "Did you mean 'digits'"),
        ({"estimator": "swm"}, "Did you mean 'svm'"),
        ({"plant": "symmetric"}, "as in symmetric-20"),
        ({"folds": 1}, "2 or more"),
        ({"folds": 1000}, "at most half"),
        ({"out": "nowhere/x.csv"}, "Cannot write"),
        ({"out": "x.html"}, "path of a CSV"),
        ({"size": "big"}, "is no size"),
    ],
)
def test_bad_usage_is_told_in_one_line(arguments, message):
    with pytest.raises(UserError, match=message):
        crossover.clean(**({"what": "digits"} | arguments))


def test_the_worst_mistakes_of_a_run_are_explained_in_another_process(tmp_path, cache):
    run = ["run", "digits", "--estimators", "logistic_regression", "--budget", "1 trials", "--run", "mine"]
    code, _, err = command(*run, cwd=tmp_path)
    assert code == 0, err
    page = tmp_path / "runs/mine/report.html"
    assert "crossover explain RUN" in page.read_text() and 'id="digits-alike"' in page.read_text()
    before = (tmp_path / "runs/mine/leaderboard.csv").read_bytes()
    code, out, err = command("explain", "runs/mine", cwd=tmp_path)
    assert code == 0 and "mistakes of logistic_regression" in out, out + err
    assert "what is most alike" in page.read_text() and "crossover explain RUN" not in page.read_text()
    assert (tmp_path / "runs/mine/leaderboard.csv").read_bytes() == before
    loaded = crossover.load(tmp_path / "runs/mine")
    found = loaded.neighbours("digits", "logistic_regression", 0)
    assert np.array_equal(loaded.test("digits").y[found.rows], found.classes[:, 0])
    train = datasets.load("digits").train
    assert (train.y[found.places] == found.classes[:, :, None]).all()
    shutil.rmtree(cache / "arrays")
    assert explain(loaded) == [out.splitlines()[0]], "the images are read again by their name"


def test_nothing_to_explain_is_told(tmp_path):
    with pytest.raises(UserError, match="no run folder"):
        crossover.explain(tmp_path / "nowhere")
