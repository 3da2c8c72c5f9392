"""No input breaks it: what a person, a download or a colleague may hand in ends in one line, soon, and leaves the rest alone.

A part of the cases is tried here, all of them by `make torture`.
"""

from __future__ import annotations

import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.data import datasets
from benchmarks.data.formats import pictures
from benchmarks.errors import UserError
from benchmarks.suite import load_suite
from reports.export.kaggle import check_submission
from tests.hostile.cases import cases
from tests.hostile.door import furnished, held, seen, typed

QUICK = [case for case in cases() if case.quick]


def tried(case, folder, ready):
    """Hand a case to the command line."""
    room = furnished(folder)
    made = ready
    if case.kind == "command" and "report" in case.name:
        made = ready | {"run copy": shutil.copytree(ready["run"], room.work / "runs" / "copy")}
    arguments = case.make(room.work, made)
    before = seen(room)
    answer = typed(room, arguments, **dict(case.environment))
    held(room, answer, before, case.codes, case.words)
    return answer


def test_there_are_as_many_cases_as_are_promised():
    assert len(cases()) >= 600 and len(QUICK) >= 150
    assert {case.kind for case in QUICK} == {case.kind for case in cases()}


@pytest.mark.timeout(60)
@pytest.mark.usefixtures("few_exhibits")
@pytest.mark.parametrize("case", QUICK, ids=[case.id for case in QUICK])
def test_no_input_breaks_it(case, tmp_path, ready):
    tried(case, tmp_path, ready)


NAMES = ("a.csv", "a.csv.gz", "a.npz", "a.toml", "a-ubyte", "train-images-idx3-ubyte", "a.png")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(NAMES), data=st.binary(max_size=400), head=st.sampled_from([b"", b"PK\x03\x04", b"\x1f\x8b", b"\0\0\x08\x03", b"\x89PNG\r\n\x1a\n", b"label,pixel0\n", b"format = 'csv'\n"]))  # fmt: skip
def test_whatever_bytes_a_file_has_it_is_read_or_refused_in_one_line(tmp_path, name, data, head):
    path = tmp_path / name
    path.write_bytes(head + data)
    for read in (
        datasets.load,
        lambda p: list(pictures.read([p], (4, 4, 1), lambda X: X)),
        check_submission,
        lambda p: load_suite(str(p)),
    ):
        try:
            read(path)
        except UserError as error:
            assert str(error).isprintable() and len(str(error)) < 3000
