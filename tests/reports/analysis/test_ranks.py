from __future__ import annotations

import pytest

from reports.analysis import ranks


def test_friedman_and_wilcoxon_of_demsar():
    """Demšar (2006), table 6: C4.5 with and without tuning of m and cf on 14 data sets; average ranks, and his F_F > 3.24."""
    import pandas as pd

    scores = pd.DataFrame({
        "C4.5": [.763, .599, .954, .628, .882, .936, .661, .583, .775, 1.000, .940, .619, .972, .957],
        "m": [.768, .591, .971, .661, .888, .931, .668, .583, .838, 1.000, .962, .666, .981, .978],
        "cf": [.771, .590, .968, .654, .886, .916, .609, .563, .866, 1.000, .965, .614, .9751, .946],
        "m+cf": [.798, .569, .967, .657, .898, .931, .685, .625, .875, 1.000, .962, .669, .975, .970],
    })  # fmt: skip
    mean = ranks.mean_ranks(scores)
    assert mean.round(3).tolist() == [3.143, 2.000, 2.893, 1.964]
    assert 12 * 14 / 20 * ((mean**2).sum() - 4 * 25 / 4) == pytest.approx(9.28, abs=0.02)
    assert ranks.friedman(scores) < 0.0257  # his 9.28 knows no correction for ties, which makes it larger
    # Table 2: C4.5 against C4.5+m, a difference that the test calls significant at 5 %.
    assert ranks.wilcoxon(scores["C4.5"] - scores["m"]) < 0.05


def test_wilcoxon_is_exact_where_data_sets_are_few():
    assert ranks.wilcoxon([1, 2, 3, 4, 5, 6]) == pytest.approx(2 / 2**6)
    assert ranks.wilcoxon([0, 0, 0]) == 1
    assert ranks.wilcoxon([1, -1]) == 1


@pytest.mark.parametrize("models", [2, 3, 5, 8])
def test_the_fewest_data_sets_on_which_a_winner_can_be_told(models):
    needed, pairs = ranks.conclusive(models), models * (models - 1) // 2
    win_everywhere = [2 / 2**n * pairs for n in (needed - 1, needed)]
    assert win_everywhere[1] < 0.05 <= win_everywhere[0]
