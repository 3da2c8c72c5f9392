"""KerasTuner as proposer: its oracles are asked and told, and never run or store anything.

KerasTuner's random search, Bayesian optimisation (a Gaussian process with an upper confidence bound) and Hyperband
(Li et al. 2018, https://jmlr.org/papers/v18/16-558.html) thus serve any estimator, with our budgets, limits and
records. Written for KerasTuner 1.4; what is worked around is said where it is.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Hashable, Mapping
from typing import Any, Literal

import numpy as np

from tuning.quiet import quiet
from tuning.random import draw_new
from tuning.space import Choice, Int, Space
from tuning.trial import Search, Trial

Method = Literal["random", "bayesian", "hyperband"]

WORSE_THAN_ANY = -1.0  # below every accuracy


def kerastuner(
    space: Space,
    base: Mapping[str, Any],
    seed: int,
    *,
    method: Method = "bayesian",
    trials: int = 1000,
    effort: float = 1.0,
    rungs: int = 3,
    factor: int = 3,
    sweeps: int = 10,
) -> Search:
    """Search with an oracle of KerasTuner; the base setting is the first trial.

    Parameters
    ----------
    base : complete setting.
    seed : any integer, 0 too.
    method : "random", "bayesian" or "hyperband".
    trials, effort : of random and bayesian: trials in all, one at a time, and the effort of each. As a rule the
        budget ends the search long before.
    rungs, factor : of hyperband: the number of efforts and the ratio between two of them; the highest is 1.
    sweeps : of hyperband: how often the whole algorithm is run.
    """
    # Imported now and not at the first proposal, which is timed: it takes seconds, and no search is to pay for it.
    _keras_tuner()
    return _proposals(space, base, seed, method, trials, effort, rungs, factor, sweeps)


def _proposals(
    space: Space,
    base: Mapping[str, Any],
    seed: int,
    method: Method,
    trials: int,
    effort: float,
    rungs: int,
    factor: int,
    sweeps: int,
) -> Search:
    space.check(base)
    if method not in ("random", "bayesian", "hyperband"):
        raise ValueError(f"method must be random, bayesian or hyperband, given {method!r}")
    if not space:
        yield [Trial(base, effort)]
    elif method == "hyperband":
        yield from _hyperband(space, base, seed, rungs, factor, sweeps)
    else:
        yield from _one_by_one(space, base, seed, method, trials, effort)


def _one_by_one(space: Space, base: Mapping[str, Any], seed: int, method: Method, trials: int, effort: float) -> Search:
    """Random or Bayesian search: ask, try, tell."""
    rng = np.random.default_rng(seed)
    seen = {space.point(base)}
    scores: list[float] = []
    (outcome,) = yield [Trial(base, effort)]
    with _Oracle(method, space, rng, max_trials=0) as oracle:
        if outcome.score is not None:
            scores.append(outcome.merit)
            oracle.inform(base, outcome.merit)
        for _ in range(trials - 1):
            asked = oracle.ask()
            if asked is None:
                return
            values = oracle.decoded(asked)
            if space.point(values) in seen:
                # The Bayesian oracle repeats itself where axes are discrete: it looks for the best bound in a
                # continuous cube around them.
                other = draw_new(space, seen, rng)
                if other is None:
                    return
                values = other
                oracle.replace(asked, values)
            seen.add(space.point(values))
            (outcome,) = yield [Trial({**base, **values}, effort)]
            if outcome.score is not None:
                scores.append(outcome.merit)
            # A trial told as FAILED is left out of the Gaussian process, which then knows no better than to
            # propose its neighbourhood again. The worst score so far repels, and does not bend the surface as 0 does.
            oracle.tell(asked, min(scores, default=0.0) if outcome.score is None else outcome.merit)


def _hyperband(space: Space, base: Mapping[str, Any], seed: int, rungs: int, factor: int, sweeps: int) -> Search:
    """Hyperband, rung by rung."""
    rng = np.random.default_rng(seed)
    epochs = factor ** (rungs - 1)
    results: dict[tuple[tuple[Hashable, ...], float], float | None] = {}  # (point, effort) -> score
    for _ in range(sweeps):
        with _Oracle("hyperband", space, rng, max_epochs=epochs, factor=factor) as oracle:
            # A space with fewer settings than a rung has places would end the search there without a promotion.
            # A repeated setting is answered from `results`.
            oracle.allow_repeats()
            waiting: list[Any] = []
            while True:
                while (asked := oracle.ask()) is not None:
                    waiting.append(asked)
                if not waiting:
                    break
                # The oracle hands out the first rung of every bracket at once. One rung at a time, promotions
                # first, is the order of the paper, and lets a budget that ends early see the highest effort.
                number, resource = _rung(max(waiting, key=lambda a: _rung(a)[0]))
                effort = resource / epochs
                group = [a for a in waiting if _rung(a) == (number, resource)]
                waiting = [a for a in waiting if _rung(a) != (number, resource)]
                points = [space.point(oracle.decoded(a)) for a in group]
                # What failed at a lower effort is not run again. The base setting is tried at every effort, so that
                # there is something to compare with.
                failed = {point for (point, _), score in results.items() if score is None}
                wanted = dict.fromkeys([space.point(base), *(p for p in points if p not in failed)])
                new = [point for point in wanted if (point, effort) not in results]
                if new:
                    outcomes = yield [
                        Trial({**base, **dict(zip(space, point, strict=True))}, effort, number + 1) for point in new
                    ]
                    results |= {
                        (point, effort): None if outcome.score is None else outcome.merit
                        for point, outcome in zip(new, outcomes, strict=True)
                    }
                for asked, point in zip(group, points, strict=True):
                    score = results.get((point, effort))
                    # Hyperband promotes only while more trials of a rung are COMPLETED than will be thrown out, so a
                    # few told as FAILED end all promotions in silence. A score below all others loses as well.
                    oracle.tell(asked, WORSE_THAN_ANY if score is None else score)


def _rung(asked: Any) -> tuple[int, int]:
    """Number of the rung in its bracket, from 0, and its epochs."""
    values = asked.hyperparameters.values
    return values["tuner/round"], values["tuner/epochs"]


class _Oracle:
    """An oracle of KerasTuner that is asked for settings and told scores; a context manager.

    Parameters
    ----------
    options : of the oracle's constructor.
    """

    def __init__(self, method: Method, space: Space, rng: np.random.Generator, **options: int) -> None:
        keras_tuner = _keras_tuner()
        kind = {
            "random": keras_tuner.oracles.RandomSearchOracle,
            "bayesian": keras_tuner.oracles.BayesianOptimizationOracle,
            "hyperband": keras_tuner.oracles.HyperbandOracle,
        }[method]
        self._space = space
        self._asks = 0
        self._oracle = kind(
            objective=keras_tuner.Objective("score", "max"),
            hyperparameters=_hyperparameters(keras_tuner, space),
            # Never 0, which KerasTuner takes for "no seed"; and drawn, since its streams for seeds 1 and 2 overlap.
            seed=int(rng.integers(1, 2**31)),
            max_consecutive_failed_trials=10**9,
            **options,
        )
        self._oracle.verbose = 0
        # It would rewrite its whole state to disk at every step. The ledger is the record; this one is disposable.
        self._oracle.save = self._oracle._save_trial = lambda *_: None

    def __enter__(self) -> _Oracle:
        return self

    def __exit__(self, *_: object) -> None:
        # Two global dictionaries would keep every oracle alive.
        module = sys.modules[_keras_tuner().Oracle.__module__]
        for registry in (module.LOCKS, module.THREADS):
            registry.pop(self._oracle, None)

    def allow_repeats(self) -> None:
        """Let the oracle propose a setting twice."""
        self._oracle._duplicate = lambda values: False

    def ask(self) -> Any | None:
        """A proposal, KerasTuner's own `Trial`; None if there is none before more scores are told, or at all."""
        self._asks += 1
        with warnings.catch_warnings():
            # Its threading calls are deprecated, and its Gaussian process does not always converge.
            warnings.simplefilter("ignore")
            # Asked by the same tuner, it would answer with the trial that this one has not ended.
            asked = self._oracle.create_trial(f"tuner {self._asks}")
        return asked if asked.status == "RUNNING" else None

    def tell(self, asked: Any, score: float) -> None:
        """Answer a proposal with a score, higher being better."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._oracle.update_trial(asked.trial_id, {"score": score})
            asked.status = "COMPLETED"
            self._oracle.end_trial(asked)

    def inform(self, params: Mapping[str, Any], score: float) -> None:
        """Tell the score of a setting that the oracle did not propose."""
        hyperparameters = self._oracle.get_space()
        hyperparameters.values = self._encoded(params)
        asked = _keras_tuner().engine.trial.Trial(hyperparameters, trial_id="base", status="RUNNING")
        self._oracle.trials[asked.trial_id] = asked
        self.tell(asked, score)

    def replace(self, asked: Any, params: Mapping[str, Any]) -> None:
        """Make a proposal stand for another setting."""
        asked.hyperparameters.values = self._encoded(params)

    def decoded(self, asked: Any) -> dict[str, Any]:
        """The proposed value of every axis."""
        values = asked.hyperparameters.values
        return {
            # `nearest`, since a log-sampled Int may come out as one more than its highest value.
            name: axis.values[values[name]] if isinstance(axis, Choice) else axis.nearest(values[name])
            for name, axis in self._space.items()
        }

    def _encoded(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: axis.values.index(params[name]) if isinstance(axis, Choice) else params[name]
            for name, axis in self._space.items()
        }


def _hyperparameters(keras_tuner: Any, space: Space) -> Any:
    hyperparameters = keras_tuner.HyperParameters()
    for name, axis in space.items():
        if isinstance(axis, Choice):
            # Indices, since KerasTuner refuses values of mixed types.
            hyperparameters.Choice(name, list(range(len(axis.values))), ordered=False)
        else:
            add = hyperparameters.Int if isinstance(axis, Int) else hyperparameters.Float
            add(name, axis.low, axis.high, sampling="log" if axis.log else "linear")
    return hyperparameters


def _keras_tuner() -> Any:
    """The package; its first import, which takes seconds and is charged to the search, without the noise."""
    if "keras_tuner" in sys.modules:
        return sys.modules["keras_tuner"]
    with quiet():  # TensorFlow writes its greetings before its log level is read.
        import keras_tuner
    return keras_tuner
