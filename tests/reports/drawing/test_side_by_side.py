"""The same work on many things, in forked processes where that is safe."""

import os
import subprocess
import sys
import threading

import pytest

from reports.drawing.side_by_side import each

HERE = os.getpid()


@pytest.mark.parametrize("count", [0, 1, 2, 5, 8])
def test_results_come_in_order(count):
    assert each(lambda n: n * n, list(range(count))) == [n * n for n in range(count)]


def test_an_error_is_that_of_the_work():
    def work(n):
        if n == 3:
            raise ValueError("three is wrong")
        return n

    with pytest.raises(ValueError, match="three is wrong"):
        each(work, [1, 2, 3, 4])


def test_what_a_killed_process_could_not_do_is_done_here():
    assert each(lambda n: n if os.getpid() == HERE else os._exit(1), [1, 2, 3, 4]) == [1, 2, 3, 4]


def test_beside_other_threads_nothing_is_forked():
    stop = threading.Event()
    other = threading.Thread(target=stop.wait)
    other.start()
    try:
        assert set(each(lambda _: os.getpid(), [1, 2, 3, 4])) == {HERE}
    finally:
        stop.set()
        other.join()


@pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux alone")
def test_several_processes_work_where_there_are_cores():
    code = "import os; from reports.drawing.side_by_side import each; print(len(set(each(lambda _: os.getpid(), [1, 2, 3, 4]))))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) == min(4, len(os.sched_getaffinity(0)))
