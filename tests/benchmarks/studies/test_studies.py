"""Studies: what a level changes, one fit and many evaluations, and a file of one's own."""

import importlib
import sys
from dataclasses import replace

import numpy as np
import pytest

from benchmarks import studies
from benchmarks.budget import Budget
from benchmarks.data import datasets
from benchmarks.data.images import Images
from benchmarks.errors import UserError
from benchmarks.ledger import read_table
from benchmarks.plan import plan
from benchmarks.studies import STANDARD, Condition
from tests.benchmarks.study import Silent, carry_out, suite

# Written into the package, as a contributor would.
DARKER = '''
"""What if the light is dimmed? Test images at lower brightness."""

import numpy as np

from benchmarks.studies.study import Study


def change(X, level, seed):
    return np.clip(X.astype(np.int16) - level, 0, 255).astype(np.uint8)


darker = Study(
    name="darker",
    title="What if the light is dimmed?",
    stage="evaluate",
    axis="grey levels taken away",
    levels=(0, 40, 80),
    change=change,
    standard=0,
)
'''


pytestmark = pytest.mark.usefixtures("estimators_folder")


@pytest.fixture
def darker(tmp_path, monkeypatch):
    """A study in a file of its own, found beside those that come with Crossover."""
    folder = tmp_path / "studies"
    folder.mkdir()
    (folder / "darker.py").write_text(DARKER)
    monkeypatch.setattr(studies, "__path__", [*studies.__path__, str(folder)])
    studies.names.cache_clear()
    importlib.invalidate_caches()
    yield folder / "darker.py"
    studies.names.cache_clear()
    sys.modules.pop("benchmarks.studies.darker", None)


@pytest.mark.parametrize("name", studies.names())
def test_the_contract_of_a_study(name):
    """Every study: its levels are conditions, a change is reproducible, keeps shapes and dtypes, and leaves its input alone."""
    study = studies.get(name)
    assert study.name == name and study.title and study.axis and study.stage in ("search", "train", "both", "evaluate")
    train = datasets.load("digits").train
    assert len({study.condition(level) for level in study.levels}) == len(study.levels)
    for level in study.levels:
        condition = study.condition(level)
        assert condition.is_standard == (level == study.standard)
        if condition.is_standard or study.excluded(train.y, level):
            continue
        assert str(condition) == f"{name}={level}"
        before = np.array(train.X[:200])
        if study.stage == "search":
            for given in (Budget(seconds=60.0), Budget(trials=5)):
                one, two = (study.change(given, level, 3) for _ in range(2))
                assert isinstance(one, Budget) and one == two and (one.seconds or one.trials)
        elif study.stage == "train":
            one, two = (study.change(train, level, 3) for _ in range(2))
            assert isinstance(one, Images) and np.array_equal(one.X, two.X) and np.array_equal(one.y, two.y)
            assert set(one.y) <= set(train.y)
        else:
            one, two = (study.change(np.array(before), level, 3) for _ in range(2))
            assert one.dtype == np.uint8 and one.shape == before.shape and np.array_equal(one, two)
        assert np.array_equal(train.X[:200], before)


def test_the_standard_condition_has_neither_study_nor_level():
    assert str(STANDARD) == "" and STANDARD.is_standard and Condition() == STANDARD
    train = datasets.load("digits").train
    assert studies.training(train, STANDARD, 0) is train
    assert studies.shown(train.X, STANDARD, 0) is train.X


def test_one_fit_and_an_evaluation_per_level(tmp_path, darker):
    observer = Silent()
    assert carry_out(tmp_path / "run", observer, studies={"darker": [0, 40, 200]})
    assert observer.trials == 5, "a study of test images searches once"
    fits, done = (read_table(tmp_path / "run", table) for table in ("fits", "evaluations"))
    assert len(fits) == 1 and done["condition"].tolist() == ["", "darker=40", "darker=200"]
    assert set(done["fit_key"]) == {fits["key"][0]} and done["key"].is_unique
    (folder,) = set(done["folder"])
    with np.load(tmp_path / "run" / folder / "predictions.npz") as proba:
        assert set(proba) == {"proba", "darker=40", "darker=200"}, "one file, whatever the number of conditions"
        assert not np.array_equal(proba["proba"], proba["darker=40"])
    plain = carry_out(tmp_path / "plain") and read_table(tmp_path / "plain", "evaluations")
    assert plain["key"][0] == done["key"][0], "the standard evaluation is that of a run without the study"
    assert done["latency_calls"].tolist() == [200, 0, 0]


def test_evaluations_that_are_missing_are_made_under_the_old_fit(tmp_path, darker):
    levels = {"darker": [40, 200]}
    carry_out(tmp_path / "run", studies=levels)
    from benchmarks.ledger import Ledger

    with Ledger(tmp_path / "run") as ledger:
        [row] = [r for r in ledger.rows("evaluations") if r["condition"] == "darker=200"]
        ledger.delete("evaluations", row)
    fitted = read_table(tmp_path / "run", "fits")["finished"].tolist()
    observer = Silent()
    assert "fitted, 1 evaluation to do" in plan(suite(studies=levels), tmp_path / "run")
    assert carry_out(tmp_path / "run", observer, studies=levels)
    assert observer.trials == 0 and read_table(tmp_path / "run", "fits")["finished"].tolist() == fitted
    assert sorted(read_table(tmp_path / "run", "evaluations")["condition"]) == ["", "darker=200", "darker=40"]


def test_an_edited_study_is_evaluated_again_under_the_same_fit(tmp_path, darker):
    carry_out(tmp_path / "run", studies={"darker": [40]})
    darker.write_text(DARKER.replace("- level", "- 2 * level"))
    sys.modules.pop("benchmarks.studies.darker", None)
    observer = Silent()
    assert carry_out(tmp_path / "run", observer, studies={"darker": [40]})
    assert observer.trials == 0
    (note,) = observer.notes
    assert "darker.py changed" in note and "1 evaluations of nearest_mean are done again" in note


def test_train_and_evaluate_studies_go_together(tmp_path, darker):
    assert carry_out(tmp_path / "run", studies={"sizes": [150, 400], "darker": [40]})
    assert sorted(read_table(tmp_path / "run", "fits")["condition"]) == ["", "sizes=150", "sizes=400"]
    assert sorted(read_table(tmp_path / "run", "evaluations")["condition"]) == [
        "", "darker=40", "sizes=150", "sizes=400",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sises": [100]}, "Did you mean 'sizes'"),
        ({"sizes": ["a/b"]}, "sizes"),
        ({"sizes": [100, 100]}, "given twice"),
        ({"sizes": []}, "studies.sizes"),
    ],
)
def test_a_wrong_study_is_refused_in_one_line(given, message):
    with pytest.raises(UserError, match=message) as error:
        suite(studies=given)
    assert "\n" not in str(error.value)


def test_a_level_names_no_other_folder():
    study = replace(studies.get("sizes"), value=lambda level: None)
    for level in ("../..", "a/b", "", "a b"):
        with pytest.raises(ValueError, match="a level is"):
            study.condition(level)


def test_a_number_is_one_level_however_it_is_written():
    study = replace(studies.get("sizes"), value=float, standard=0)
    assert study.condition(100.0) == study.condition(100) and str(study.condition(100.0)) == "sizes=100"
    assert study.condition(0.0) == STANDARD
    for level in (float("inf"), float("nan")):
        with pytest.raises(ValueError, match="finite"):
            study.condition(level)


def test_an_evaluation_without_its_fit_is_made_again(tmp_path):
    """As a kill between two rows, or a resume with other code, may leave it."""
    from benchmarks.ledger import Ledger

    carry_out(tmp_path / "run")
    with Ledger(tmp_path / "run") as ledger:
        ledger.delete("fits", ledger.rows("fits")[0])
    observer = Silent()
    assert carry_out(tmp_path / "run", observer) and observer.trials == 0
    fits, done = (read_table(tmp_path / "run", name) for name in ("fits", "evaluations"))
    assert done["fit_key"][0] == fits["key"][0]


def test_every_study_is_on_the_page(tmp_path, darker):
    import reports

    assert carry_out(tmp_path / "run", studies={"darker": [0, 200]})
    page = reports.report(tmp_path / "run").read_text()
    assert "Accuracy at every level" in page and "grey levels taken away" in page
    assert "Accuracy at every level" not in _plain(tmp_path)


def _plain(tmp_path):
    import reports

    carry_out(tmp_path / "plain")
    return reports.report(tmp_path / "plain").read_text()


def test_a_study_of_the_search_changes_what_is_granted_and_not_what_is_fitted(tmp_path):
    """Without a search the base setting is fitted: the same job, of the same seed, as where a search ends with it."""
    assert carry_out(tmp_path / "run", Silent(), budget="2 trials", studies={"tuning": ["default", "tuned"]})
    searches, fits = (read_table(tmp_path / "run", name) for name in ("searches", "fits"))
    granted = dict(
        zip(searches["condition"], zip(searches["granted_trials"], searches["trials"], strict=True), strict=True)
    )
    assert granted == {"tuning=default": (1, 1), "": (2, 2)}
    (default,) = fits[fits["condition"] == "tuning=default"]["key"]
    (tuned,) = fits[fits["condition"] == ""]["key"]
    same = searches.set_index("condition")["winner"][""] == 1
    assert (default == tuned) == same


def test_a_study_of_budgets_grants_seconds(tmp_path):
    assert carry_out(tmp_path / "run", Silent(), studies={"budgets": [3, 6]})
    searches = read_table(tmp_path / "run", "searches")
    assert dict(zip(searches["condition"], searches["granted_seconds"], strict=True)) == {
        "budgets=3": 3,
        "budgets=6": 6,
    }
