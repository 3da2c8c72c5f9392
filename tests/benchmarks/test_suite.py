"""Suites and budgets: what is accepted, and what a refusal says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.budget import Budget, parse_budget
from benchmarks.data import datasets
from benchmarks.errors import UserError
from benchmarks.suite import load_suite, names, variants


@pytest.mark.parametrize("name", names())
def test_the_suites_that_come_with_it_are_valid(name):
    suite = load_suite(name)
    assert suite.name == name
    assert {*suite.datasets, suite.fallback or "digits"} <= set(datasets.names())


def test_a_variant_may_set_what_is_off_in_the_base_setting(tmp_path):
    """Only there it is part of the setting, so that no other has another key or seed for it."""
    path = tmp_path / "levers.toml"
    path.write_text(
        'title = "T"\ndatasets = ["digits"]\nestimators = ["mlp"]\nbudget = "3 trials"\n'
        '[[variants]]\nname = "mixed"\nestimator = "mlp"\nbase = { mix_up = 0.4 }\n'
    )
    plain, mixed = variants(load_suite(str(path)))
    assert mixed.base == plain.base | {"mix_up": 0.4} and "mix_up" not in plain.base
    path.write_text(path.read_text().replace("mix_up", "mixup"))
    with pytest.raises(UserError, match=r"no parameter 'mixup'.*Did you mean 'mix_up'"):
        load_suite(str(path))


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("90s", Budget(seconds=90)),
        ("90 s", Budget(seconds=90)),
        ("2m", Budget(seconds=120)),
        ("1.5 h", Budget(seconds=5400)),
        ("20 trials", Budget(trials=20)),
        ("1 trial", Budget(trials=1)),
        ("300h", Budget(seconds=1_080_000)),
        ("0.5 s", Budget(seconds=0.5)),
    ],
)
def test_budgets(text, budget):
    assert parse_budget(text) == budget
    assert parse_budget(str(budget)) == budget


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "-3",
        "soon",
        "",
        "0s",
        "0 trials",
        "2.5 trials",
        "10",
        "1e3s",
        "-1s",
        "inf s",
        "99999999 h",
        "9999999 trials",
    ],
)
def test_what_is_no_budget(text):
    with pytest.raises(UserError, match="is no budget"):
        parse_budget(text)


@given(st.text(max_size=20))
def test_a_budget_is_positive_or_refused(text):
    try:
        budget = parse_budget(text)
    except UserError:
        return
    assert (budget.seconds or budget.trials or 0) > 0


GOOD = 'title = "T"\ndatasets = ["digits"]\nestimators = ["svm"]\nbudget = "3 trials"\n'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (GOOD + "seed = 3\n", "no key 'seed'. Did you mean 'seeds'?"),
        (GOOD + 'seeds = "many"\n', "seeds"),
        (GOOD + "seeds = 0\n", "seeds"),
        (GOOD + "validation_share = 1.5\n", "validation_share"),
        (GOOD.replace("svm", "svn"), "Did you mean 'svm'?"),
        (GOOD.replace('["digits"]', "[]"), "datasets"),
        (GOOD.replace("3 trials", "soon"), "is no budget"),
        (GOOD + '[search.svm]\nstrategy = "coarse_to_fin"\n', "did you mean 'coarse_to_fine'?"),
        (GOOD + '[search.cnn]\nstrategy = "random"\n', "estimator of this suite 'cnn'"),
        (GOOD + '[search.svm]\naxes = ["c"]\n', "axis 'c'"),
        (GOOD + "[search.svm]\ntrials = 3\n", "no key 'trials'"),
        (GOOD + "[search.svm.options]\npionts = 3\n", "pionts"),
        (GOOD + "[search.svm.base]\ngama = 3\n", "Did you mean 'gamma'?"),
        ("title = ", "is not TOML"),
        ('title = "T"\n', "datasets"),
    ],
)
def test_a_wrong_suite_file_is_refused_in_one_line(tmp_path, content, message):
    path = tmp_path / "mine.toml"
    path.write_text(content)
    with pytest.raises(UserError) as error:
        load_suite(str(path))
    assert message.lower() in str(error.value).lower()
    assert "\n" not in str(error.value)


def test_a_missing_suite_file(tmp_path):
    with pytest.raises(UserError, match=r"none\.toml cannot be read"):
        load_suite(str(tmp_path / "none.toml"))
    with pytest.raises(UserError, match="Did you mean 'smoke'"):
        load_suite("smok")
