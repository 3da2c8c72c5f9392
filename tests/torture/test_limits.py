"""How soon a trial is stopped once it is over a limit."""

import pytest

from tests.benchmarks.execution.test_supervisor import (  # noqa: F401 (fixtures)
    FAULTS,
    breach,
    job,
    overrun,
    worker,
)

pytestmark = pytest.mark.torture


def test_limits_are_kept_at_once(job, worker, tmp_path, capsys):  # noqa: F811
    late = [overrun(job, worker, fault) for fault, (status, _) in FAULTS.items() if status == "timeout"]
    noticed = [breach(job, worker, tmp_path / str(i)) for i in range(5)]
    with capsys.disabled():
        print(f"\nkilled at most {max(late):.2f} s after the limit of time, also in a loop in C that ignores SIGTERM")
        print(f"stopped at most {max(noticed):.2f} s after passing the limit of memory")
    assert max(late) < 1 and max(noticed) < 0.5
