"""A small model on disk, for the tests of what is done with one."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from estimators.features import features
from estimators.models.saving import save

CLASSES = ["dark", "light"]


def save_model(folder, shape, **facts):
    """Tells dark images from light ones, of `shape` (h, w, c); returns the folder. `facts` go into model.json."""
    X = np.concatenate([np.full((5, *shape), value, np.uint8) for value in (20, 230)])
    model = make_pipeline(features("pixels"), LogisticRegression()).fit(X, np.repeat([0, 1], 5))
    save(model, folder, {"estimator": "logistic_regression", "classes": CLASSES, "image": list(shape), **facts})
    return folder
