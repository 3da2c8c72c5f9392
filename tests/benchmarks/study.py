"""A tiny study for the tests of the protocol: quick estimators, some of which misbehave, on the digits."""

from pathlib import Path

import estimators
from benchmarks.data import datasets
from benchmarks.execution.job import Job
from benchmarks.execution.sources import code_digest
from benchmarks.run import run
from benchmarks.suite import make_suite

NEAREST_MEAN = '''
"""The nearest class mean; with `shrink` the means move to the origin."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from estimators import Estimator
from tuning import Float, Space


class NearestMean(ClassifierMixin, BaseEstimator):
    def __init__(self, shrink=0.0, seed=0):
        self.shrink, self.seed = shrink, seed

    def fit(self, X, y):
        {fault}
        X = X.reshape(len(X), -1) / 255
        self.classes_ = np.unique(y)
        noise = np.random.default_rng(self.seed).normal(0, 0.01, (len(self.classes_), X.shape[1]))
        self.means_ = np.stack([X[y == c].mean(axis=0) for c in self.classes_]) * (1 - self.shrink) + noise
        return self

    def predict_proba(self, X):
        distance = ((X.reshape(len(X), 1, -1) / 255 - self.means_) ** 2).sum(axis=2)
        likelihood = np.exp(-distance)
        return likelihood / likelihood.sum(axis=1, keepdims=True)


def build(seed, shrink=0.0):
    return NearestMean(shrink, seed)


{name} = Estimator("{name}", "classical", build, Space(shrink=Float(0.0, 0.9)), strategy="{strategy}")
'''


def add_estimator(folder: Path, name: str, fault: str = "", strategy: str = "random") -> None:
    """Write an estimator into a folder that ``$CROSSOVER_ESTIMATORS`` names; `fault` is a line of its ``fit``."""
    text = NEAREST_MEAN.replace("{fault}", fault or "pass").replace("{name}", name).replace("{strategy}", strategy)
    (folder / f"{name}.py").write_text(text)


def suite(**changes):
    content = {
        "name": "study",
        "title": "A tiny study",
        "datasets": ["digits"],
        "estimators": ["nearest_mean"],
        "budget": "5 trials",
    }
    return make_suite(content | changes, origin="test")


class Silent:
    """An observer that keeps what it hears; `at_trial` is called at every finished trial."""

    def __init__(self, at_trial=lambda number: None):
        self.notes, self.trials, self.at_trial = [], 0, at_trial

    def planned(self, cells):
        pass

    def reading(self, text):
        pass

    def said(self, text):
        pass

    def noted(self, note):
        self.notes.append(note)

    def cell_started(self, cell):
        pass

    def trial_ended(self, cell, number, outcome, spent):
        self.trials += 1
        self.at_trial(number)

    def cell_ended(self, cell, fit, accuracy):
        pass


def carry_out(folder: Path, observer=None, **changes) -> bool:
    """Run the tiny study in this process."""
    return run(suite(**changes), folder, observer or Silent(), execute_by="serial")


def trial(estimator: str = "nearest_mean", params=None, **more) -> Job:
    """A trial on the digits."""
    dataset = datasets.load("digits")
    facts = dict(
        kind="trial",
        dataset="digits",
        data=str(dataset.folder),
        fingerprint=dataset.train_fingerprint,
        variant=Path(estimator).stem,
        estimator=estimator,
        code=code_digest(estimators.file_of(estimator)),
        seed=0,
        validation_share=0.1,
        params={"shrink": 0.0} if params is None else params,
    )
    return Job(**(facts | more))
