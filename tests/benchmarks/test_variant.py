"""Variants: an estimator with a label and fixed settings."""

import pytest

from benchmarks.errors import UserError
from benchmarks.ledger import read_table
from benchmarks.suite import load_suite, variants
from tests.benchmarks.study import carry_out, suite

ABLATION = """
title = "Does shrinking help?"
datasets = ["digits"]
estimators = ["nearest_mean"]
budget = "3 trials"

[[variants]]
name = "no shrinking"
estimator = "nearest_mean"
base = { shrink = 0.0 }
"""


pytestmark = pytest.mark.usefixtures("estimators_folder")


def test_a_variant_is_four_lines_and_has_results_of_its_own(tmp_path):
    path = tmp_path / "ablation.toml"
    path.write_text(ABLATION)
    assert [v.name for v in variants(load_suite(str(path)))] == ["nearest_mean", "no shrinking"]
    table = {"name": "no shrinking", "estimator": "nearest_mean", "base": {"shrink": 0.0}}
    assert carry_out(tmp_path / "run", variants=[table], budget="3 trials")
    trials = read_table(tmp_path / "run", "trials")
    fixed = trials.query("variant == 'no shrinking'")
    assert [p["shrink"] for p in fixed["params"]] == [0.0], "what is fixed is not searched"
    assert len(trials.query("variant == 'nearest_mean' and status == 'ok'")) == 3
    fits = read_table(tmp_path / "run", "fits").set_index("variant")
    assert set(fits["estimator"]) == {"nearest_mean"} and fits["key"].is_unique
    assert fits.loc["no shrinking", "folder"] == "cells/digits/no shrinking/standard/seed-0/model"


def test_a_variant_is_searched_as_its_estimator_unless_it_says_otherwise():
    general = {"cnn": {"strategy": "random", "axes": ["learning_rate", "pooling"], "base": {"images": 2}}}
    plain, fixed, own = variants(
        suite(
            estimators=["cnn"],
            search=general,
            variants=[
                {"name": "average", "estimator": "cnn", "base": {"pooling": "average"}},
                {
                    "name": "wide",
                    "estimator": "cnn",
                    "base": {"width": 64},
                    "search": {"strategy": "grid", "axes": ["l2"]},
                },
            ],
        )
    )
    assert (plain.strategy, list(plain.space), plain.base["images"]) == ("random", ["learning_rate", "pooling"], 2)
    assert (fixed.strategy, list(fixed.space), fixed.base["pooling"]) == ("random", ["learning_rate"], "average")
    assert (own.strategy, list(own.space), own.base["width"], own.base["images"]) == ("grid", ["l2"], 64, 2)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"name": "nearest_mean", "estimator": "nearest_mean"}, "two variants are called 'nearest_mean'"),
        ({"name": "a/b", "estimator": "nearest_mean"}, "variants"),
        ({"name": "..", "estimator": "nearest_mean"}, "variants"),
        ({"name": "x", "estimator": "nearest_men"}, "Did you mean 'nearest_mean'"),
        ({"name": "x", "estimator": "nearest_mean", "base": {"shrnk": 1}}, "Did you mean 'shrink'"),
        ({"name": "x", "estimator": "nearest_mean", "bas": {}}, "Did you mean 'base'"),
        ({"name": "x", "estimator": "nearest_mean", "search": {"axes": ["shrinc"]}}, "Did you mean 'shrink'"),
        ({"estimator": "nearest_mean"}, "name"),
        ({"name": "x", "estimator": "nearest_mean", "base": {"shrink": "a lot"}}, "shrink is a number"),
        ({"name": "x", "estimator": "svm", "base": {"features": "hogg"}}, "Did you mean 'hog'"),
    ],
)
def test_a_wrong_variant_is_refused_in_one_line(table, message):
    with pytest.raises(UserError) as error:
        suite(variants=[table])
    assert message in str(error.value) and "\n" not in str(error.value)


def test_there_must_be_something_to_compare():
    with pytest.raises(UserError, match="nothing to compare"):
        suite(estimators=[])
