"""CSV rows, whatever is in them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from training.notes.records import NoteSourceError
from training.notes.table import read_columns, read_table

FIELD = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
anywhere = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@anywhere
@given(st.lists(st.tuples(FIELD, FIELD), max_size=8))
def test_what_a_csv_writer_writes_is_read_back_unchanged(tmp_path: Path, rows) -> None:
    file = tmp_path / "t.csv"
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, quoting=csv.QUOTE_ALL)
        writer.writerow(["a", "b"])
        writer.writerows(rows)
    assert [tuple(row.values.values()) for row in read_table(file, ("a", "b"))] == rows


@anywhere
@given(st.binary(max_size=300))
def test_any_bytes_are_rows_or_a_clear_error(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes(b"a,b\n" + content)
    try:
        for row in read_table(file, ("a", "b")):
            assert set(row.values) == {"a", "b"}
    except NoteSourceError as error:
        assert str(file) in str(error)


def test_a_row_is_numbered_by_the_line_on_which_it_begins(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text('a,b\n"1\n2",x\n\n3,y\n')
    assert [row.line for row in read_table(file, ("a",))] == [2, 5]


def test_a_byte_order_mark_is_not_part_of_the_first_name(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("\ufeffA, B \n1,2\n", encoding="utf-8")
    assert read_columns(file) == {"a", "b"}


@pytest.mark.parametrize(
    ("content", "cause"),
    [("", "names no columns"), ("\n1,2\n", "names no columns"), ("a,A\n", "twice")],
)
def test_a_header_that_names_nothing_or_a_column_twice_is_an_error(
    tmp_path: Path, content: str, cause: str
) -> None:
    file = tmp_path / "t.csv"
    file.write_text(content)
    with pytest.raises(NoteSourceError, match=cause):
        list(read_table(file, ("a",)))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoteSourceError, match=r"cannot read .*gone.csv: No such file"):
        read_columns(tmp_path / "gone.csv")
