"""Estimators by name, and users' own files, which can replace nothing of this project."""

import json
import pkgutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import estimators
from estimators.models.saving import load, save

ROOT = Path(estimators.__file__).parent.parent
BUILT_IN = {"logistic_regression", "svm", "xgboost", "mlp", "ridge", "cnn"}
MODULES = sorted({m.name.rpartition(".")[2] for m in pkgutil.walk_packages(estimators.__path__, "estimators.")})
NAMES = [*MODULES, "sklearn", "numpy"]


@pytest.fixture(scope="module")
def split(digits):
    X, y = digits
    return X[:700], y[:700], X[700:1100], y[700:1100]


def test_listing_is_fast_and_light():
    code = (
        "import sys, estimators; names = estimators.names(); [estimators.get(name) for name in names];"
        "print(*names); heavy = {'sklearn', 'tensorflow', 'keras', 'xgboost', 'scipy'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    started = time.perf_counter()
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert time.perf_counter() - started < 5
    assert set(answer.stdout.split()) >= BUILT_IN
    assert not {"estimator", "contract", "features", "network", "saving"} & set(answer.stdout.split())


def test_a_wrong_name_is_answered_with_the_right_one():
    with pytest.raises(ValueError, match=r"no estimator 'xgbost'. Did you mean 'xgboost'\? There are: cnn, "):
        estimators.get("xgbost")
    with pytest.raises(ValueError, match="no estimator 'features'"):
        estimators.get("features")
    with pytest.raises(ValueError, match="zz"):
        estimators.select("zz*")


def test_select_by_pattern():
    assert [e.name for e in estimators.select("logistic*, svm")] == ["logistic_regression", "svm"]
    assert [e.name for e in estimators.select()] == estimators.names()
    assert [e.name for e in estimators.select("svm,s*")] == ["svm"]


NEAREST = """
from estimators import Estimator
from tuning import Int, Space
from sklearn.base import BaseEstimator

class Marked(BaseEstimator):
    def fit(self, X, y=None):
        self.fitted_ = True
        return self
    def transform(self, X):
        return X

def build(seed, n_neighbors=3):
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from estimators.features import features
    return make_pipeline(features("pixels"), Marked(), KNeighborsClassifier(n_neighbors))

nearest = Estimator("nearest", "classical", build, Space(n_neighbors=Int(1, 9)))
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("CROSSOVER_ESTIMATORS", str(tmp_path))
    yield tmp_path
    for module in [m for m in sys.modules if m.startswith(f"{estimators.PLUGINS}.")]:
        del sys.modules[module]


def test_a_file_of_ones_own_is_an_estimator(folder, split):
    X, y, V, w = split
    (folder / "nearest.py").write_text(NEAREST)
    (folder / "helper.py").write_text("nothing = 1")
    assert "nearest" in estimators.names()
    assert "helper" not in estimators.names()
    model = estimators.get("nearest").build(0).fit(X, y)
    assert (model.predict(V) == w).mean() > 0.9
    save(model, folder / "model", {"estimator": "nearest"})
    del sys.modules["crossover_plugins.nearest"]
    np.testing.assert_array_equal(load(folder / "model").predict(V), model.predict(V))


def test_a_file_can_be_named_by_its_path(folder, monkeypatch):
    monkeypatch.delenv("CROSSOVER_ESTIMATORS")
    (folder / "nearest.py").write_text(NEAREST)
    assert estimators.get(str(folder / "nearest.py")).name == "nearest"
    assert [e.name for e in estimators.select(f"svm,{folder / 'nearest.py'}")] == ["svm", "nearest"]
    with pytest.raises(ValueError, match="no file"):
        estimators.get(str(folder / "absent.py"))


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("nearest.py", "def (", r"nearest\.py cannot be imported: SyntaxError"),
        ("nearest.py", NEAREST.replace("from tuning", "from tunning"), "cannot be imported: ModuleNotFoundError"),
        ("nearest.py", NEAREST.replace('("nearest"', '("another"'), "must define nearest = Estimator"),
        ("svm.py", NEAREST.replace("nearest =", "svm ="), "name of a built-in estimator"),
    ],
)
def test_a_broken_file_is_answered_with_one_line(folder, file, text, message):
    (folder / file).write_text(text)
    with pytest.raises(ValueError, match=message) as error:
        estimators.get("nearest")
    assert "\n" not in str(error.value)


def test_a_folder_of_estimators_must_exist(folder, monkeypatch):
    monkeypatch.setenv("CROSSOVER_ESTIMATORS", str(folder / "absent"))
    with pytest.raises(ValueError, match="no folder"):
        estimators.names()


FRESH = """
import json, sys
from pathlib import Path
import numpy as np
import estimators
folder, names, built_in = Path(sys.argv[1]), sys.argv[2].split(","), sys.argv[3].split(",")
before = {n: estimators.file_of(n) for n in built_in}
became = {}
for name in names:
    try:
        became[name] = estimators.get(str(folder / f"{name}.py")).build.__module__
    except ValueError as error:
        became[name] = str(error)
X, y = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1), dtype=np.uint8), np.arange(40) % 2
for n in built_in:
    estimator = estimators.get(n)
    assert estimator.build.__module__ == f"estimators.{n}" and estimators.file_of(n) == before[n]
    cheap, _ = estimator.scaled(estimator.base, 0.01, 40)
    assert estimator.build(0, **cheap).fit(X, y).predict_proba(X).shape == (40, 2)
for module in [m for m in sys.modules if m.startswith("estimators")]:
    assert Path(sys.modules[module].__file__).is_relative_to(Path(estimators.__file__).parent), module
print(json.dumps(became))
"""


def in_a_fresh_process(code, *arguments):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)


@pytest.fixture(scope="module")
def became(tmp_path_factory):
    """What files with the names of modules became, all loaded in one process in which every built-in estimator still works."""
    folder = tmp_path_factory.mktemp("own")
    for name in NAMES:
        (folder / f"{name}.py").write_text(NEAREST.replace("nearest", name))
    ran = in_a_fresh_process(FRESH, folder, ",".join(NAMES), ",".join(sorted(BUILT_IN)))
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_with_the_name_of_a_module_changes_no_built_in_estimator(name, became):
    if name in {*BUILT_IN, "ensemble"}:
        assert f"'{name}' is the name of a built-in estimator; rename the file." in became[name]
    else:
        assert became[name] == f"crossover_plugins.{name}"


@pytest.mark.parametrize("stem", ["__init__", "_own", "my-model", "class", "2nd"])
def test_a_file_whose_name_can_be_no_estimators_is_refused(stem, tmp_path):
    (tmp_path / f"{stem}.py").write_text(NEAREST)
    with pytest.raises(ValueError, match="cannot be the name of an estimator"):
        estimators.get(str(tmp_path / f"{stem}.py"))


def test_the_file_of_an_estimator(folder):
    (folder / "nearest.py").write_text(NEAREST)
    assert estimators.file_of("nearest") == folder / "nearest.py"
    assert estimators.file_of(str(folder / "nearest.py")) == folder / "nearest.py"
    assert estimators.file_of("svm") == ROOT / "estimators" / "svm.py"


PARTIAL = NEAREST.replace("nearest = Est", "import functools\nnearest = Est").replace(
    "build, Sp", "functools.partial(build, n_neighbors=5), Sp"
)


def test_build_may_be_a_partial(folder):
    (folder / "nearest.py").write_text(PARTIAL)
    estimator = estimators.get("nearest")
    assert estimator.base == {"n_neighbors": 5}
    assert estimator.build(0).steps[-1][1].n_neighbors == 5


SHARES = """
import numpy as np
from estimators import Estimator
from estimators.models.describe import Description
from tuning import Float, Space
from sklearn.base import BaseEstimator, ClassifierMixin

class Shares(ClassifierMixin, BaseEstimator):  # the shares of the classes, whatever the image
    def __init__(self, prior=1.0):
        self.prior = prior
    def fit(self, X, y):
        self.classes_, counts = np.unique(y, return_counts=True)
        self.shares_ = (counts + self.prior) / (counts + self.prior).sum()
        return self
    def predict_proba(self, X):
        return np.tile(self.shares_, (len(X), 1))
    def save_to(self, folder):
        np.savez(folder / "shares.npz", classes=self.classes_, shares=self.shares_)
    @classmethod
    def load_from(cls, folder):
        model = cls()
        with np.load(folder / "shares.npz") as kept:
            model.classes_, model.shares_ = kept["classes"], kept["shares"]
        return model
    def describe(self):
        return Description(len(self.shares_), "shares 1.0")

def build(seed, prior=1.0):
    return Shares(prior)

shares = Estimator("shares", "classical", build, Space(prior=Float(0.1, 10.0)))
"""

LOAD = """
import sys
import numpy as np
from estimators.models.describe import describe
from estimators.models.saving import load
model = load(sys.argv[1])
print(describe(model).backend, *model.predict_proba(np.zeros((1, 8, 8, 1), np.uint8))[0], sep=";")
"""


@pytest.mark.parametrize(
    ("name", "text", "backend"), [("shares", SHARES, "shares 1.0"), ("nearest", NEAREST, "scikit-learn")]
)
def test_a_model_of_ones_own_is_loaded_in_a_fresh_process(name, text, backend, folder, split):
    X, y, _, _ = split
    (folder / f"{name}.py").write_text(text)
    model = estimators.get(name).build(0).fit(X, y)
    save(model, folder / "model", {"estimator": name})
    ran = in_a_fresh_process(LOAD, folder / "model")
    assert ran.stdout.startswith(backend), ran.stderr
    proba = [float(p) for p in ran.stdout.split(";")[1:]]
    np.testing.assert_allclose(proba, model.predict_proba(np.zeros((1, 8, 8, 1), np.uint8))[0])
    (folder / f"{name}.py").unlink()
    ran = in_a_fresh_process(LOAD, folder / "model")
    assert f"file {name}.py must lie in the folder that $CROSSOVER_ESTIMATORS names" in ran.stderr


def test_a_model_folder_names_no_path_and_no_class_of_others(folder, split):
    """A stranger's model.json may name no file, whatever it looks like."""
    X, y, _, _ = split
    trap = folder / "trap.py"
    trap.write_text(f"open({str(folder / 'sprung')!r}, 'w')\n")
    save(estimators.get("xgboost").build(0, rounds=1).fit(X[:50], y[:50]), folder / "model")
    facts = (folder / "model" / "model.json").read_text()
    for reader in (f"crossover_plugins.{trap}.Model", "crossover_plugins.trap.Model", "trap.Model", "shutil.rmtree"):
        changed = facts.replace("estimators.models.boosted_trees.BoostedTrees", reader)
        (folder / "model" / "model.json").write_text(changed.replace('"format"', f'"estimator": "{trap}", "format"'))
        with pytest.raises(ValueError, match="is to be read by"):
            load(folder / "model")
    assert not (folder / "sprung").exists()


def test_every_estimator_that_comes_with_crossover_says_what_was_put_in_by_hand():
    for name in ("logistic_regression", "svm", "xgboost", "ridge", "mlp", "cnn"):
        told = estimators.get(name).prior_knowledge
        assert "base setting" in told and told.endswith("."), name
        classical = estimators.get(name).family == "classical"
        assert ("HOG" in told or "atches" in told) == classical, name
