"""Every registered estimator keeps the contract, and the contract notices one that does not."""

import subprocess
import sys
from pathlib import Path

import pytest

import estimators
from estimators import contract


@pytest.mark.parametrize("check", contract.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", estimators.names())
def test_every_estimator_keeps_the_contract(name, check):
    check(estimators.get(name))


GOOD = """
import numpy as np
from estimators import Estimator
from tuning import Float, Space
from sklearn.neighbors import NearestCentroid

class Centroids(NearestCentroid):
    pass

def build(seed, shrinkage=0.1):
    from sklearn.pipeline import make_pipeline
    from estimators.features import features
    return make_pipeline(features("pixels"), Centroids(shrink_threshold=shrinkage))

mine = Estimator("mine", "classical", build, Space(shrinkage=Float(0.01, 1.0, log=True)))
"""
BROKEN = {
    "probabilities": "    def predict_proba(self, X):\n        return 2 * super().predict_proba(X)",
    "same seed same answer": "    def fit(self, X, y):\n        return super().fit(X + np.random.normal(0, 0.1, X.shape), y)",
    "it learns": "    def fit(self, X, y):\n        return super().fit(X, np.roll(y, 1))",
    "two classes": "    def fit(self, X, y):\n        assert y.max() > 1\n        return super().fit(X, y)",
}


def outcomes(folder, text):
    sys.modules.pop(f"{estimators.PLUGINS}.mine", None)
    (folder / "mine.py").write_text(text)
    return dict(contract.test_estimator(str(folder / "mine.py")))


def test_a_file_of_ones_own_is_tested(tmp_path):
    found = outcomes(tmp_path, GOOD)
    assert len(found) == len(contract.CHECKS)
    assert {name: error for name, error in found.items() if error} == {}


@pytest.mark.parametrize("check", BROKEN)
def test_what_does_not_hold_is_found(check, tmp_path):
    assert outcomes(tmp_path, GOOD.replace("    pass", BROKEN[check]))[check]


def test_the_command(tmp_path):
    """Exit codes: 0 all hold, 1 some do not, 2 not loadable."""

    def command(text):
        (tmp_path / "mine.py").write_text(text)
        code = [sys.executable, "-m", "crossover", "test-estimator", str(tmp_path / "mine.py")]
        return subprocess.run(
            code, capture_output=True, text=True, cwd=Path(estimators.__file__).parent.parent, check=False
        )

    good = command(GOOD)
    assert good.returncode == 0, good.stdout + good.stderr
    assert good.stdout.count("ok ") == len(contract.CHECKS)
    broken = command(GOOD.replace("    pass", BROKEN["probabilities"]))
    assert broken.returncode == 1 and "FAILED  probabilities: probabilities of an image sum to" in broken.stdout
    refused = command("def (")
    assert refused.returncode == 2 and refused.stderr.count("\n") == 1 and "cannot be imported" in refused.stderr
