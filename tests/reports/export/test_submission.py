from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.errors import UserError
from reports.export.kaggle import check_submission, write_submission

GOOD = "ImageId,Label\n1,3\n2,0\n3,9\n"
MALFORMED = {
    "empty": (b"", "line 1: the file is empty"),
    "wrong columns": (b"id,label\n1,3\n", "line 1: the columns must be 'ImageId,Label'"),
    "lower case": (b"imageid,label\n1,3\n", "line 1: the columns"),
    "no header": (b"1,3\n2,0\n3,9\n", "line 1: there is no header"),
    "index column": (b",ImageId,Label\n0,1,3\n", "line 1: there is an index column"),
    "extra field": (b"ImageId,Label\n1,3\n2,0,7\n3,9\n", "line 3: 3 fields"),
    "ragged": (b"ImageId,Label\n1,3\n2\n3,9\n", "line 3: 1 fields"),
    "semicolons": (b"ImageId;Label\n1;3\n", "line 1: fields are separated by semicolons"),
    "tabs": (b"ImageId\tLabel\n1\t3\n", "line 1: fields are separated by tabs"),
    "semicolons below": (b"ImageId,Label\n1;3\n", "line 2: 1 fields"),
    "byte order mark": (b"\xef\xbb\xbfImageId,Label\n1,3\n", "line 1: the file starts with a byte order mark"),
    "utf-16": (GOOD.encode("utf-16"), "line 1: the text is not UTF-8"),
    "not utf-8": (b"ImageId,Label\n1,3\n2,\xff\n", "line 3: the text is not UTF-8"),
    "quoted header": (b'"ImageId","Label"\n1,3\n', "line 1: the header is quoted"),
    "quoted": (b'ImageId,Label\n1,"3"\n', "line 2: a field is quoted"),
    "order": (b"ImageId,Label\n2,3\n1,0\n3,9\n", "line 2: ImageId 2 where 1 was expected"),
    "from zero": (b"ImageId,Label\n0,3\n1,0\n2,9\n", "line 2: ImageId 0 where 1 was expected"),
    "gap": (b"ImageId,Label\n1,3\n3,9\n", "line 3: ImageId 3 where 2 was expected"),
    "duplicate": (b"ImageId,Label\n1,3\n2,0\n2,9\n", "line 4: ImageId 2 was on line 3 already"),
    "id no number": (b"ImageId,Label\nx,3\n", "line 2: ImageId 'x' is not a whole number"),
    "id float": (b"ImageId,Label\n1.0,3\n", "line 2: ImageId '1.0' is not a whole number"),
    "id padded": (b"ImageId,Label\n01,3\n", "line 2: ImageId 01 where 1"),
    "too few": (b"ImageId,Label\n1,3\n2,0\n", "line 3: the file ends after 2 rows; 3 were expected"),
    "header alone": (b"ImageId,Label\n", "line 1: the file ends after 0 rows"),
    "too many": (b"ImageId,Label\n1,3\n2,0\n3,9\n4,1\n", "line 5: there are more than the 3 rows"),
    "missing": (b"ImageId,Label\n1,3\n2,\n3,9\n", "line 3: the label is missing"),
    "nan": (b"ImageId,Label\n1,3\n2,nan\n3,9\n", "line 3: the label is missing"),
    "outside": (b"ImageId,Label\n1,3\n2,10\n3,9\n", "line 3: label '10' is not one of the classes, 0 to 9"),
    "negative": (b"ImageId,Label\n1,-1\n", "line 2: label '-1' is not one of"),
    "float": (b"ImageId,Label\n1,3.0\n", "line 2: label '3.0' must be written '3'"),
    "spaces": (b"ImageId,Label\n1, 3\n", "line 2: label ' 3' must be written '3'"),
    "text": (b"ImageId,Label\n1,three\n", "line 2: label 'three' is not a number"),
    "blank line": (b"ImageId,Label\n1,3\n\n2,0\n3,9\n", "line 3: the line is empty"),
    "blank at the end": (b"ImageId,Label\n1,3\n2,0\n3,9\n\n", "line 5: the line is empty"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_files_are_refused_with_line_and_reason(case, tmp_path):
    raw, reason = MALFORMED[case]
    path = tmp_path / "submission.csv"
    path.write_bytes(raw)
    with pytest.raises(UserError) as error:
        check_submission(path, rows=3)
    assert reason in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", [GOOD, GOOD.rstrip("\n"), GOOD.replace("\n", "\r\n")])
def test_valid_files_pass(text, tmp_path):
    path = tmp_path / "submission.csv"
    path.write_bytes(text.encode())
    assert check_submission(path, rows=3) is None


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(UserError, match="There is no file"):
        check_submission(tmp_path / "none.csv")


@given(labels=st.lists(st.integers(0, 9), min_size=1, max_size=60))
def test_what_is_written_passes(labels, tmp_path_factory):
    path = write_submission(np.array(labels, dtype=np.int64), tmp_path_factory.mktemp("s") / "submission.csv")
    check_submission(path, rows=len(labels))
    lines = path.read_bytes().decode().split("\n")
    assert [int(line.split(",")[1]) for line in lines[1:-1]] == labels
    assert list(path.parent.iterdir()) == [path]


def test_the_real_size_is_checked_in_no_time(tmp_path):
    path = write_submission(np.arange(28_000) % 10, tmp_path / "submission.csv")
    check_submission(path)


def test_labels_that_are_no_whole_numbers_are_refused(tmp_path):
    with pytest.raises(ValueError, match="whole numbers"):
        write_submission(np.array([1.0, 2.0]), tmp_path / "s.csv")
