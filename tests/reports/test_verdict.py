from __future__ import annotations

import numpy as np
import pytest

import reports
from reports.page import _headline
from reports.verdict import Verdict, verdict


@pytest.fixture
def told(make_run):
    """The verdict on a data set on which svm and cnn are right on the given shares of the same 2,000 images."""

    def tell(**shares):
        folder = make_run(classes={"digits": ["0", "1"]}, tests=2000, variants=["svm", "cnn"], failures=False)
        y = reports.load(folder).test("digits").y
        for name, share in shares.items():
            label = np.where(np.arange(2000) < share * 2000, y, 1 - y)
            np.savez(
                folder / f"cells/digits/{name}/standard/seed-0/predictions.npz",
                proba=np.eye(2, dtype=np.float32)[label],
            )
        return verdict(reports.load(folder), "digits")

    return tell


def text(found):
    return " ".join(sentence.text for sentence in found.sentences)


def test_deep_wins(told):
    found = told(svm=0.9, cnn=0.95)
    assert found.headline == "cnn leads on Digits with 95.00\u00a0%"
    assert found.winner == "cnn"
    assert "Deep learning is the more accurate: cnn is 5.00 points" in text(found)
    assert "for each of its errors the latter makes 2.0" in text(found)
    assert "times the time to search and fit" in text(found)


def test_a_difference_within_the_uncertainty_is_a_tie(told):
    found = told(svm=0.95, cnn=0.952)
    assert found.winner == ""
    assert "within the uncertainty" in found.headline
    assert "Deep learning was not shown to be worth it here" in text(found)
    assert "Within the tie, svm is the cheapest" in text(found)
    assert "these 2,000 test images would have shown a lead of" in text(found)


def test_equal_accuracies_are_a_tie_whoever_is_named_first(told):
    assert told(svm=0.95, cnn=0.95).winner == ""


def test_a_leader_that_is_too_sure_is_not_taken_at_its_word(told):
    found = told(svm=0.9, cnn=0.95)
    assert "cnn is overconfident: its probabilities are off by 5.00 points" in text(found)


def test_classical_wins(told):
    found = told(svm=0.97, cnn=0.93)
    assert found.winner == "svm"
    assert "Deep learning was not worth it here: svm is 4.00 points better than cnn" in text(found)


def test_perfection_is_not_an_error(told):
    assert "it makes none" in text(told(svm=0.9, cnn=1.0))


def test_every_sentence_names_a_table_that_is_on_the_page(run_folder):
    from reports.exhibits import EXHIBITS

    run = reports.load(run_folder)
    for dataset in run.datasets:
        assert {s.source for s in verdict(run, dataset).sentences} <= {e.name for e in EXHIBITS}
    assert "Without a result" in text(verdict(run, "things"))


@pytest.mark.parametrize(
    ("winners", "headline"),
    [
        (["a", "a"], "a leads on both data sets"),
        (["a", "a", "a"], "a leads on all 3 data sets"),
        (["", ""], "No clear winner on any of 2 data sets"),
        (["a", "", "a"], "a leads on 2 of 3 data sets"),
        (["a", "b", "a"], "a leads on 2 of 3 data sets, b elsewhere"),
    ],
)
def test_the_headline_over_several_data_sets(winners, headline):
    assert _headline([{"verdict": Verdict("", winner)} for winner in winners]) == headline
