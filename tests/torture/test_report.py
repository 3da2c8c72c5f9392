"""A large report stays small and is the same every time; how long it takes is printed.

`python -m tests.torture.test_report` prints the figures: seconds, processor seconds and megabytes.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import pytest

import reports
from tests.reports.conftest import write_run
from tests.reports.folder import FAMILY, MORE

ESTIMATORS = tuple(FAMILY | MORE)
DATASETS = 5
TRIALS = 2_000  # in each of the 50 cells: 100,000 in all


def large_run(folder: Path) -> Path:
    """A run of 10 estimators on 5 data sets of 10 classes and 10,000 test images, 2,000 trials in each cell."""
    names = ["digits", "things", "clothes", "letters", "signs"][:DATASETS]
    classes = {name: [f"{name[:4]} {i}" if i % 3 else str(i) for i in range(10)] for name in names}
    return write_run(folder, classes=classes, tests=10_000, trials=TRIALS, variants=ESTIMATORS, shape=(28, 28, 1))


def build(folder: Path) -> tuple[float, float, bytes]:
    """Seconds on the clock, seconds of the processor (of this process), and the page."""
    clock, processor = time.perf_counter(), time.process_time()
    page = reports.report(folder)
    return time.perf_counter() - clock, time.process_time() - processor, page.read_bytes()


@pytest.mark.torture
def test_it_is_small_and_the_same_again(tmp_path):
    folder = large_run(tmp_path / "large")
    clock, processor, first = build(folder)
    _, _, again = build(folder)
    print(f"{clock:.1f} s (asked: 15 s), {processor:.1f} s of the processor, {len(first) / 1e6:.2f} MB")
    assert clock < 15
    assert first == again
    assert len(first) <= 3_000_000


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as room:
        made = large_run(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(room) / "large")
        clock, processor, page = build(made)
        print(f"{clock:.1f} s, {processor:.1f} s of the processor, {len(page) / 1e6:.2f} MB")
