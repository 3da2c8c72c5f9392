"""FLAML on rows of numbers, in an environment of its own: ``python flaml_arm.py DATA.npz SECONDS OUT.npy``."""

import sys

import numpy as np
from flaml import AutoML

data = np.load(sys.argv[1])
automl = AutoML()
automl.fit(
    data["X_train"],
    data["y_train"],
    task="classification",
    metric="accuracy",
    time_budget=float(sys.argv[2]),
    seed=0,
    verbose=0,
)
np.save(sys.argv[3], np.asarray(automl.predict(data["X_test"])).astype(np.int64))
