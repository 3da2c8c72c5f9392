import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from benchmarks.data import datasets
from benchmarks.data.formats import kaggle_csv
from benchmarks.errors import UserError
from tests.benchmarks.data.formats.writing import write_csv

one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


tables = hnp.arrays(np.uint8, st.tuples(st.integers(1, 6), st.sampled_from([1, 4, 9, 12])))


@one_folder
@given(tables, st.sampled_from(["a.csv", "a.csv.gz"]))
def test_csv_reads_back_what_was_written(tmp_path, X, name):
    labels = [i % 3 for i in range(len(X))]
    part = kaggle_csv.read_labelled(write_csv(tmp_path / name, X, labels))
    np.testing.assert_array_equal(part.X.reshape(len(X), -1), X)
    assert part.labels.tolist() == labels
    np.testing.assert_array_equal(kaggle_csv.read_unlabelled(write_csv(tmp_path / name, X)), part.X)


@one_folder
@given(tables, st.data())
def test_csv_without_a_header_has_its_labels_first_and_its_lines_are_counted_from_1(tmp_path, X, data):
    labels = [i % 3 for i in range(len(X))]
    lines = [",".join(map(str, [label, *row])) for label, row in zip(labels, X.tolist(), strict=True)]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(lines))
    part = kaggle_csv.read_labelled(path, named=False)
    np.testing.assert_array_equal(part.X.reshape(len(X), -1), X)
    assert part.labels.tolist() == labels
    row = data.draw(st.integers(0, len(X) - 1))
    lines[row] = lines[row].rpartition(",")[0] + ",256"
    path.write_text("\n".join(lines))
    with pytest.raises(UserError, match=f"a.csv, line {row + 1}, column 'pixel{X.shape[1] - 1}': 256 is not"):
        kaggle_csv.read_labelled(path, named=False)
    if len(X) > 1:
        lines[row] = "x" + lines[row].removesuffix("256")[1:] + "0"
        path.write_text("\n".join(lines))
        with pytest.raises(UserError, match=f"a.csv, line {row + 1 if row else 2}, column 'label'"):
            kaggle_csv.read_labelled(path, named=False)


wrong_values = st.sampled_from(["", " ", "x", "256", "-1", "1.5", "nan", "inf", "1_0", "0x10", "99999999999999999999"])


@one_folder
@given(tables, wrong_values, st.data())
def test_csv_names_line_and_column_of_a_wrong_pixel(tmp_path, X, wrong, data):
    cells = X.astype(object)
    row = data.draw(st.integers(0, len(X) - 1))
    column = data.draw(st.integers(0, X.shape[1] - 1))
    cells[row, column] = wrong
    path = write_csv(tmp_path / "a.csv", cells, [0] * len(X))
    with pytest.raises(UserError) as error:
        kaggle_csv.read_labelled(path)
    assert f"{path}, line {row + 2}, column 'pixel{column}': " in str(error.value)
    assert "\n" not in str(error.value)


@one_folder
@given(tables, st.booleans(), st.data())
def test_csv_names_the_line_of_a_ragged_row(tmp_path, X, longer, data):
    path = write_csv(tmp_path / "a.csv", X, [0] * len(X))
    lines = path.read_text().splitlines()
    row = data.draw(st.integers(1, len(X)))
    lines[row] = f"{lines[row]},7" if longer else lines[row].rpartition(",")[0]
    path.write_text("\n".join(lines))
    with pytest.raises(UserError, match=f"line {row + 1}"):
        kaggle_csv.read_labelled(path)


@one_folder
@given(st.text(alphabet="label,pixel01 9\"'\r\n\t-.x\0é;", max_size=80))
def test_csv_of_any_text_is_a_part_or_a_user_error(tmp_path, text):
    (tmp_path / "a.csv").write_text("label,pixel0\n" + text, encoding="utf-8")
    try:
        part = kaggle_csv.read_labelled(tmp_path / "a.csv")
        assert len(part.X) == len(part.labels) > 0
    except UserError as error:
        assert str(tmp_path / "a.csv") in str(error)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("digit,pixel0\n1,2\n", "line 1: there is no column 'label'; the columns are digit, pixel0"),
        ("label;pixel0\n1;2\n", "line 1: the columns are separated by semicolons, and commas are needed: save it as"),
        ("label\tpixel0\n1\t2\n", "line 1: the columns are separated by tabs, and commas are needed"),
        ("Label,pixel0\n1,2\n", "rename 'Label' to 'label', or say `label = \"Label\"` in a TOML file"),
        ("class,pixel0\n1,2\n", "rename 'class' to 'label', or say"),
        ("id,label,pixel0,pixel1,pixel2\n1,2,3,4,5\n", "'id' is not named like the pixels, such as 'pixel0': leave"),
        ("label,,1x1,1x2,2x1\n1,2,3,4,5\n", "'' is not named like the pixels, such as '1x1'"),
        ("label,a,b,p1,p2,p3,p4,p5\n1,2,3,4,5,6,7,8\n", "'a', 'b' are not named like the pixels, such as 'p1'"),
        (
            "label,pixel0\n1.5,2\n1,3\n",
            "line 2, column 'label': '1.5' is not a whole number: labels are these, or names",
        ),
        ("label,pixel0\n", "has a header but no rows"),
        ("label\n1\n", "there are no columns of pixels"),
        ("label,pixel0,pixel1,pixel3\n1,2,3,4\n", "the column 'pixel2' is missing, 'pixel3' is in its place"),
        ("label,pixel2,pixel3\n1,2,3\n", "expected 'pixel0' or 'pixel1'"),
        ("label,pixel0,pixel0\n1,2,3\n", "the column 'pixel0' appears twice"),
        ("label,pixel0\n1,2\n\n1,300\n", "line 4, column 'pixel0': 300 is not a whole number within 0 … 255"),
        ("label,pixel0\n1,2\n,3\n", "line 3, column 'label': nothing is not a whole number"),
        ("label,pixel0\n1,2\n\ncat,3\n", "line 4, column 'label': 'cat' is not a whole number"),
        ("label,pixel0\ncat,2\n1.5,3\n", "line 3, column 'label': '1.5' is not a name"),
        ("label,a,b,c,d,e\n1,2,3,4,5,6\n", "5 pixels in a row, which is no square image"),
    ],
)
def test_csv_tells_what_is_wrong(tmp_path, text, words):
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=words):
        kaggle_csv.read_labelled(tmp_path / "a.csv")


def test_labels_that_are_whole_numbers_with_a_point_are_these_numbers(tmp_path):
    (tmp_path / "a.csv").write_text("label,pixel0\n1.0,7\n-2.00,9\n3,9\n")
    labels = kaggle_csv.read_labelled(tmp_path / "a.csv").labels
    assert labels.tolist() == [1, -2, 3] and labels.dtype == np.int64


def test_columns_of_several_patterns_are_pixels(tmp_path):
    names = [f"{colour}{i}" for colour in "rgb" for i in range(4)]
    path = write_csv(tmp_path / "a.csv", np.zeros((2, 12), np.uint8), [0, 1], names)
    assert kaggle_csv.read_labelled(path).X.shape == (2, 2, 2, 3)


@pytest.mark.parametrize(
    ("encoding", "words"), [("utf-16", "not UTF-8 text, but UTF-16"), ("latin-1", "not UTF-8 text")]
)
def test_csv_in_another_encoding_says_which_is_needed(tmp_path, encoding, words):
    (tmp_path / "a.csv").write_text("label,pixel0\nstraße,2\nweg,3\n", encoding=encoding)
    with pytest.raises(UserError, match=f"{words}: save it as CSV UTF-8"):
        kaggle_csv.read_labelled(tmp_path / "a.csv")


def test_csv_may_have_bom_crlf_names_for_labels_and_the_label_last(tmp_path):
    (tmp_path / "a.csv").write_bytes("\ufeffpixel1,label\r\n7,cat\r\n9,dog\r\n".encode())
    part = kaggle_csv.read_labelled(tmp_path / "a.csv")
    assert part.X.ravel().tolist() == [7, 9]
    assert part.labels.tolist() == ["cat", "dog"]


def test_a_csv_is_a_data_set_with_a_test_part_set_aside(tmp_path):
    X = np.arange(40, dtype=np.uint8).reshape(10, 4)
    data = datasets.load(write_csv(tmp_path / "mine.csv", X, [7, 9] * 5))
    assert (data.name, data.classes, len(data.train), len(data.test)) == ("mine", ("7", "9"), 8, 2)
    assert "2 images, drawn by class, are the test" in data.note
    test = data.test.open()
    assert sorted(test.y.tolist()) == [0, 1]
    assert sorted([*data.train.X.reshape(8, 4).tolist(), *test.X.reshape(2, 4).tolist()]) == X.tolist()
