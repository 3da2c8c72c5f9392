from __future__ import annotations

import numpy as np
import pytest

from benchmarks import scoring
from reports.analysis import confusion


def test_scores_of_a_case_computed_by_hand():
    y, predicted = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 2, 2])
    counts = scoring.confusion(y, predicted, 4)
    assert counts.tolist() == [[2, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    table = confusion.per_class(counts).set_index("label")
    assert table.loc[0, ["tp", "fp", "fn"]].tolist() == [2, 0, 1]
    assert table.loc[1, ["precision", "recall", "f1"]].tolist() == [0.5, 0.5, 0.5]
    assert table.loc[2, "precision"] == 0.5
    assert table.loc[2, "recall"] == 1
    assert table.loc[3, ["precision", "recall", "f1"]].isna().all()
    assert scoring.macro_f1(y, np.eye(4)[predicted]) == pytest.approx((0.8 + 0.5 + 2 / 3) / 3)
