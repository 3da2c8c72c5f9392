"""Optuna proposes settings, in an environment of its own: ``python optuna_arm.py``, one line of JSON at a time.

First come the axes and the seed, as in ``{"axes": {"C": ["float", 1, 100, true], "copies": ["choice", [0, 1]]}, "seed": 0}``. Each
setting that is written is answered by its score; the end of the input ends it.
"""

import json
import sys

import optuna


def suggested(trial, name, kind, *axis):
    """The value of one axis."""
    if kind == "choice":
        return trial.suggest_categorical(name, axis[0])
    low, high, log = axis
    return (trial.suggest_float if kind == "float" else trial.suggest_int)(name, low, high, log=log)


optuna.logging.set_verbosity(optuna.logging.WARNING)
asked = json.loads(sys.stdin.readline())
study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=asked["seed"]))
while True:
    trial = study.ask()
    print(json.dumps({name: suggested(trial, name, *axis) for name, axis in asked["axes"].items()}), flush=True)
    if not (answer := sys.stdin.readline()):
        break
    study.tell(trial, float(answer))
