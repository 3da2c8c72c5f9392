"""The pipeline that feeds networks; what it yields is tested in `test_networks`."""

import numpy as np

from estimators.models import pipeline


def test_no_thread_tunes_a_pipeline():
    """With it an iterator that ended waited for seconds, now and then."""
    X, targets = np.zeros((4, 8, 8, 1), np.uint8), np.eye(4, dtype=np.float32)
    for data in (pipeline.training_batches(X, targets, 8, 2, 0), pipeline.batches(X, targets)):
        assert data.options().autotune.enabled is False
