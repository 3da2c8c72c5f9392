"""Small data for the tests of estimators."""

import numpy as np
import pytest
from sklearn.datasets import load_digits


@pytest.fixture(scope="session")
def digits():
    """Scikit-learn's digits as uint8 (1797, 8, 8, 1) and int64 (1797,)."""
    X, y = load_digits(return_X_y=True)
    return np.round(X.reshape(-1, 8, 8, 1) * (255 / 16)).astype(np.uint8), y.astype(np.int64)
