"""CSV that passes through spreadsheet programs."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.dataset.sheet import SheetError, guard, read_sheet, unguard, write_sheet

COLUMNS = ("row", "answer", "quote")
# Programs end lines in cells as they like, so what is inside is compared without.
cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"))
FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1+1",
    "＝1",
    '=HYPERLINK("x")',
    "'=1",
]


def read(content: bytes) -> list[dict[str, str]]:
    return [row for _, row in read_sheet(content, COLUMNS)]


def rows(*quotes: str) -> list[dict[str, str]]:
    return [{"row": f"q{at}", "answer": "Yes", "quote": q} for at, q in enumerate(quotes)]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_begins_like_a_formula(text: str) -> None:
    (_, cells) = csv.reader(io.StringIO(write_sheet(COLUMNS, rows(text)).decode("utf-8-sig")))
    assert cells[2].startswith("'")


@given(st.text() | st.sampled_from(FORMULAS))
def test_the_guard_comes_off_again(text: str) -> None:
    assert unguard(guard(text)) == text


@given(st.text() | st.sampled_from(FORMULAS))
def test_a_guarded_cell_is_safe(text: str) -> None:
    assert guard(text).lstrip()[:1] not in set("=+-@\t\r＝＋－＠") - {""}


@given(st.lists(cells, max_size=5))
def test_what_is_written_is_read_back(quotes: list[str]) -> None:
    assert read(write_sheet(COLUMNS, rows(*quotes))) == rows(*quotes)


@given(
    st.lists(cells, min_size=1, max_size=5),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_whatever_a_program_saves_is_read_back(
    quotes: list[str], delimiter: str, encoding: str, end: str
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end)
    writer.writerow(["Row", " ANSWER", "quote ", "my remarks"])
    for row in rows(*quotes):
        writer.writerow([*map(guard, row.values()), "hm; yes, \t perhaps"])
    assert read(out.getvalue().encode(encoding)) == rows(*quotes)


def test_the_separator_line_of_excel_is_passed_over() -> None:
    assert read(b"sep=;\r\nrow;answer;quote\r\nq0;Yes;x\r\n") == rows("x")


def test_the_western_code_page_is_read() -> None:
    assert read('row;answer;quote\nq0;Yes;"38 °C, naïve"\n'.encode("cp1252")) == rows(
        "38 °C, naïve"
    )


def test_a_line_break_in_a_cell_is_kept() -> None:
    assert read(b'row,answer,quote\nq0,Yes,"chest\npain"\n') == rows("chest\npain")


def test_short_and_empty_rows_are_taken_as_they_are() -> None:
    assert read(b"row,answer,quote\n,,\nq0,Yes\n\n") == rows("")


def test_a_row_knows_its_line() -> None:
    content = b'row,answer,quote\nq0,Yes,"a\nb"\nq1,Yes,x\n'
    assert [line for line, _ in read_sheet(content, COLUMNS)] == [3, 4]


def test_a_missing_column_is_named() -> None:
    with pytest.raises(SheetError, match="no column quote"):
        read(b"row,answer\nq0,Yes\n")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    for head in (b"", b"row,answer,quote\n", b"\xff\xfe", b"\xef\xbb\xbfrow;answer;quote\n"):
        try:
            read(head + content)
        except SheetError as error:
            assert str(error)
