"""The card of a model folder: read by a hub, and by people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimators.models.card import card

FACTS = {
    "estimator": "svm", "family": "classical", "variant": "svm", "dataset": "mnist", "reader": "estimators.models.kernel_machine.KernelMachine",
    "data": {"title": "MNIST", "homepage": "https://example.org", "licence": "CC BY-SA 3.0"}, "fingerprint": "ab" * 32,
    "classes": [str(i) for i in range(10)], "image": [28, 28, 1], "trained_on": "57000 training rows",
    "scores": {"search_accuracy": 0.91, "validation_accuracy": 0.98765, "validation_images": 3000}, "libraries": {"python": "3.12.1", "numpy": "2.4.6"},
}  # fmt: skip


def front_matter(text):
    yaml = pytest.importorskip("yaml")
    assert text.startswith("---\n")
    return yaml.safe_load(text.split("\n---\n")[0])


def test_a_hub_reads_its_front_matter():
    about = front_matter(card(FACTS, ["model.skops"]))
    assert about == {
        "license": "unknown", "library_name": "crossover", "pipeline_tag": "image-classification",
        "tags": ["image-classification", "crossover", "svm", "mnist"], "metrics": ["accuracy"],
    }  # fmt: skip
    assert front_matter(card(FACTS, ["network.keras"]))["library_name"] == "keras"


def test_people_read_what_it_is_and_how_to_use_it():
    text = card(FACTS, ["model.skops"])
    for words in (
        "svm on MNIST",
        "(n, 28, 28, 1)",
        "57000 training rows",
        "CC BY-SA 3.0",
        "98.77 %",
        "crossover.load_model",
        "numpy 2.4.6",
    ):
        assert words in text
    assert "It needs Crossover" in text and "import keras" not in text
    network = card(FACTS, ["network.keras"])
    assert 'keras.models.load_model("network.keras")' in network and "It needs Crossover" not in network


def test_onnx_is_named_where_a_model_can_become_one():
    assert "crossover export onnx path" in card(FACTS, ["network.keras"])
    assert "crossover export onnx path" in card(FACTS | {"params": {"features": "pixels"}}, ["model.skops"])
    for other in ({}, {"params": {"features": "hog"}}, {"estimator": "xgboost", "params": {"features": "pixels"}}):
        assert "onnx" not in card(FACTS | other, ["model.skops"])


def test_it_tells_no_test_score_and_no_score_that_is_not_there():
    searched = card(FACTS | {"scores": {"search_accuracy": 0.91}}, [])
    assert "91.00 %. It is that of a trial" in searched
    text = card(FACTS | {"scores": {"search_accuracy": None}}, [])
    assert "%" not in text and "No test score is told here" in text
    assert "No test score is told here" in card({"reader": "skops"}, ["model.skops"])


def test_the_file_of_an_estimator_of_ones_own_is_named():
    assert "`mine.py` must lie in the folder" in card(FACTS | {"reader": "crossover_plugins.mine.Mine"}, [])


ANYTHING = st.text(st.characters(codec=None), max_size=40)


@given(ANYTHING, ANYTHING)
def test_no_name_breaks_out_of_its_line(name, title):
    """Whatever a data set, a folder or an estimator is called, surrogates of names that are not UTF-8 too."""

    def lines(name, title):
        text = card(FACTS | {"variant": name, "dataset": name, "data": {"title": title}}, [])
        assert text.encode()
        return text.split("\n")

    strange, plain = lines(f"x{name}", f"y{title}"), lines("x", "y")
    assert [line[:3] for line in strange] == [line[:3] for line in plain]
    assert len([i for i, line in enumerate(strange) if line != plain[i]]) <= 3
    printable = "".join(c if c.isprintable() else " " for c in f"x{name}")
    assert front_matter("\n".join(strange))["tags"][-1] == " ".join(printable.split())
