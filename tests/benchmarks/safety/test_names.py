"""Names that people bring: no text names a folder elsewhere, escapes onto a terminal, or runs in a spreadsheet."""

import csv
import io
import unicodedata
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.errors import UserError
from benchmarks.safety.names import LONGEST, check_classes, check_name, fault, harmless, plain, safe_name, told
from benchmarks.safety.sheets import csv_text

ANY = st.text(st.characters(codec=None), max_size=300)  # halves of characters too
HOSTILE = [
    "", " ", ".", "..", "...", "a/b", "../up", "/abs", "a\\b", "a\0b", "a\nb", "\x1b[31mred", "abc\u202egnp", "\ud800", "con",
    "NUL.txt", "COM1", " a", "a ", "x" * 300, "é" * 150, "\u200b", "a\u2028b",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_refused_in_one_line_and_can_be_made_safe(name):
    with pytest.raises(UserError, match="--run") as error:
        check_name(name, "--run")
    assert str(error.value).isprintable() and len(str(error.value)) < 300
    assert not fault(safe_name(name))


@pytest.mark.parametrize("name", ["quick", "été 猫", "digits-crossover", "a.b", "...csv", "x" * 200, "-x", "😀"])
def test_an_ordinary_name_stays_as_it_is(name):
    assert check_name(name, "--run") == name == safe_name(name)


@given(ANY)
def test_a_safe_name_names_one_folder_below_where_it_is_put(text):
    name = safe_name(text)
    assert safe_name(name) == name and name.isprintable() and 0 < len(name.encode()) <= LONGEST
    assert (Path("/runs") / name).resolve().parent == Path("/runs") and Path(name).name == name


@given(ANY, ANY)
def test_two_texts_have_two_safe_names(one, other):
    assert (safe_name(one) == safe_name(other)) == (one == other)


@given(ANY)
def test_no_cell_of_a_csv_begins_like_a_formula_and_every_text_can_be_had_again(text):
    text = text.encode("utf-8", "replace").decode().replace("\r", " ").replace("\0", " ")
    rows = list(csv.reader(io.StringIO(csv_text(pd.DataFrame({"=name": [text], "n": [-1.5]})))))
    (header, cells) = rows[0], rows[1]
    assert header[0] == "'=name" and cells[1] == "-1.5"
    for cell in (header[0], cells[0]):
        assert cell[:1] not in ("=", "+", "-", "@", "\t") or cell.replace(".", "").strip("+-").isalnum()
    assert cells[0] in (text, f"'{text}")


@pytest.mark.parametrize("text", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "=cmd|' /C calc'!A0", "-", "＝1"])
def test_a_formula_is_text(text):
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-1", "+2.5", "-1e-3", "cat", "", "1+1", "a=b"])
def test_a_number_and_a_word_stay(text):
    assert harmless(text) == text


@given(ANY)
def test_what_is_told_moves_no_cursor(text):
    assert all(line.isprintable() for line in told(text).split("\n"))
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in told(text).replace("\n", ""))


@given(ANY)
def test_a_terminal_without_signs_gets_ascii(text):
    assert plain(text).isascii()


def test_signs_become_what_they_are_typed_as():
    assert plain("95.1 ± 0.3 % … 28 × 28") == "95.1 +/- 0.3 % ... 28 x 28"


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["a", "a"], "Two classes are called 'a'"),
        (["a", "b\nc"], "text that can be printed"),
        (["a", "\u202eb"], "text that can be printed"),
        (["a", "\udcff"], "text that can be printed"),
        (["a", " "], "text that can be printed"),
        (["a", "b" * 301], "at most 300 characters"),
        ([str(i) for i in range(10_001)], "at most 10,000"),
    ],
)
def test_classes_that_no_report_could_show_are_refused(names, words):
    with pytest.raises(UserError, match=words) as error:
        check_classes(names)
    assert len(str(error.value)) < 300
