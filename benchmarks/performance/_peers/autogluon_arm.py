"""AutoGluon on rows of numbers, in an environment of its own: ``python autogluon_arm.py DATA.npz SECONDS OUT.npy``."""

import sys
import tempfile

import numpy as np
import pandas as pd
from autogluon.tabular import TabularPredictor

data = np.load(sys.argv[1])
names = [f"x{number}" for number in range(data["X_train"].shape[1])]
train = pd.DataFrame(data["X_train"], columns=names).assign(label=data["y_train"])
with tempfile.TemporaryDirectory() as folder:
    predictor = TabularPredictor("label", eval_metric="accuracy", path=folder, verbosity=0)
    predictor.fit(train, time_limit=float(sys.argv[2]), presets="medium_quality")
    labels = predictor.predict(pd.DataFrame(data["X_test"], columns=names))
np.save(sys.argv[3], labels.to_numpy().astype(np.int64))
