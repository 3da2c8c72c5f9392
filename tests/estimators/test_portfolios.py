"""The files of the portfolios: what they hold, where they are, and what is wrong with a broken one."""

import math

import pytest

import estimators
from estimators.portfolios import Portfolio, Task, file_of, portfolio, read, toml, write

NEAREST = """
from estimators import Estimator
from tuning import Choice, Float, Space

def build(seed, shrink=0.0, metric="l2", rounds=3):
    raise NotImplementedError

nearest = Estimator(
    "nearest", "classical", build, Space(shrink=Float(0.0, 0.9), metric=Choice(("l1", "l2", ("l", 3)))), effort="rounds"
)
"""
BASE = {"shrink": 0.0, "metric": "l2"}
SETTINGS = ({"shrink": 0.5, "metric": "l2"}, {"shrink": 0.0, "metric": ("l", 3)}, BASE)
TASKS = (
    Task(dataset="letters", rows=1000, effort=1.0, losses=(0.1, 0.2, math.nan), seconds=(2.5, 1.0, 60.0)),
    Task(dataset="my digits", rows=992, effort=0.25, losses=(0.2, 0.1, 0.3), seconds=(1e-5, 1.0, 2.0)),
)
LEARNED = {"command": 'say "so"', "libraries": {"scikit-learn": "1.9"}, "seconds": 12.5, "length": 8}
WHOLE = Portfolio("nearest", SETTINGS, (0, 1), {"letters": (1,), "my digits": (0,)}, TASKS, LEARNED)


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setenv("CROSSOVER_ESTIMATORS", str(tmp_path))
    (tmp_path / "nearest.py").write_text(NEAREST)
    return tmp_path / "portfolios" / "nearest.toml"


def test_what_is_written_is_read(file):
    write(file, WHOLE, BASE)
    there = read(file, estimators.get("nearest"))
    assert there.settings == SETTINGS and there.order == (0, 1) and there.learned == LEARNED
    assert dict(there.without) == dict(WHOLE.without)
    assert repr(there.tasks) == repr(TASKS), "nan is not equal to itself"
    assert 'metric = ["l", 3]\n' in file.read_text() and "shrink = 0.5\n\n[[settings]]" in file.read_text()


def test_a_file_beside_an_estimator_is_its_portfolio(file):
    assert file_of("nearest") == file and portfolio("nearest", "mnist") == ()
    write(file, WHOLE, BASE)
    assert portfolio("nearest", "mnist") == ({**SETTINGS[0], "rounds": 3}, {**SETTINGS[1], "rounds": 3})
    assert portfolio(str(file.parent.parent / "nearest.py"), "mnist") == portfolio("nearest", "mnist")


def test_a_data_set_has_the_order_that_was_learned_without_it(file):
    write(file, WHOLE, BASE)
    assert [setting["metric"] for setting in portfolio("nearest", "letters")] == [("l", 3)]
    assert [setting["shrink"] for setting in portfolio("nearest", "my digits")] == [0.5]


def test_a_new_base_setting_does_not_change_what_was_learned(file):
    write(file, WHOLE, BASE)
    (file.parent.parent / "nearest.py").write_text(NEAREST.replace("shrink=0.0", "shrink=0.3"))
    assert [setting["shrink"] for setting in portfolio("nearest", "mnist")] == [0.5, 0.0]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("shrink = 0.5", "shrnk = 0.5", "settings.0: there is no axis 'shrnk'. Did you mean 'shrink'?"),
        ("shrink = 0.5", "shrink = 5.0", "shrink: 5.0 is outside [0.0, 0.9]"),
        ('metric = ["l", 3]', 'metric = "l4"', "metric: 'l4' is none of"),
        ("order = [0, 1]", "order = [0, 3]", "order must be distinct places in the 3 settings, given [0, 3]"),
        ("letters = [1]", "letters = [1, 1]", "without.letters must be distinct places"),
        ("order = [0, 1]", "order = [0, -1]", "order.1: Input should be greater than or equal to 0"),
        ("order = [0, 1]", "ordre = [0, 1]", "order: Field required"),
        (
            "losses = [0.1, 0.2, nan]",
            "losses = [0.1, 0.2]",
            "letters of 1000 rows has 2 losses and 3 times for 3 settings",
        ),
        ('estimator = "nearest"', 'estimator = "svm"', "it is that of 'svm', not of 'nearest'"),
        ("[without]", "[without", "Expected ']'"),
        ("[base]", "[bse]", "base: Field required"),
    ],
)
def test_a_broken_file_is_one_line_that_says_where(file, old, new, said):
    write(file, WHOLE, BASE)
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))
    with pytest.raises(ValueError) as error:
        portfolio("nearest", "mnist")
    assert said in str(error.value) and str(file) in str(error.value) and "\n" not in str(error.value)


def test_a_folder_in_its_place_is_one_line_too(file):
    file.mkdir(parents=True)
    with pytest.raises(ValueError, match=r"cannot be used: Is a directory"):
        portfolio("nearest", "mnist")


def test_toml_has_no_none():
    with pytest.raises(ValueError, match="None"):
        toml([1, {"a": None}])
    assert toml({"a b": [True, 1e-05, "é\n"]}) == '{ "a b" = [true, 1e-05, "é\\n"] }'
