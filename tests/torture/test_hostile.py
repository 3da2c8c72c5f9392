"""All hostile inputs, with reports of all exhibits: more than 2,000 cases.

Half an hour on one core that is free, a third of an hour on two: ``python -m pytest -m torture -n 2 tests/torture/test_hostile.py``.
"""

from __future__ import annotations

import pytest

from tests.hostile.cases import cases
from tests.hostile.conftest import ready  # noqa: F401 (a fixture)
from tests.hostile.test_hostile import tried


@pytest.mark.torture
@pytest.mark.timeout(90)
@pytest.mark.parametrize("case", cases(), ids=[case.id for case in cases()])
def test_no_input_breaks_it(case, tmp_path, ready):  # noqa: F811
    tried(case, tmp_path, ready)
