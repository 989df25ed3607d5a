"""Rows of a CSV file (RFC 4180: quoted fields may span lines), in constant memory."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from training.notes.lines import LONGEST, read_lines
from training.notes.records import NoteSourceError


class Row(NamedTuple):
    """line: where the row begins, from 1. values: by the column's name in lower case."""

    line: int
    values: dict[str, str]


def read_columns(file: Path) -> frozenset[str]:
    """The names in the header, in lower case. Raises NoteSourceError."""
    lines = _RowLines(file)
    return frozenset(_header(file, lines, _reader(lines)))


def read_table(file: Path, required: Sequence[str]) -> Iterator[Row]:
    """Every row below the header; what has the names `required`, in lower case, and any others.

    Raises NoteSourceError with the line: a missing column, broken quoting, a row with too few or
    too many fields, and what `read_lines` raises.
    """
    lines = _RowLines(file)
    reader = _reader(lines)
    header = _header(file, lines, reader)
    if missing := [name for name in required if name not in header]:
        raise NoteSourceError(
            f"{file}: line 1: no column {', '.join(missing)}; the first line must name the "
            f"columns, among them {', '.join(required)}"
        )
    while (fields := _next(file, lines, reader)) is not None:
        if not fields:
            continue  # an empty line, such as the last one
        if len(fields) != len(header):
            raise NoteSourceError(
                f"{file}: line {lines.began}: {len(fields)} fields where the header names "
                f"{len(header)}; is a comma, quote or line end of a text not quoted?"
            )
        yield Row(lines.began, dict(zip(header, fields, strict=True)))


class _RowLines(Iterator[str]):
    """The file's lines, for a csv reader, which takes no more of them than its row has.

    A row without end, as a lost quote makes one, ends at LONGEST characters instead of filling
    the memory with the rest of the file.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lines = read_lines(file)
        self._size = 0
        self.number = 0
        self.began = 1

    def begin(self) -> None:
        self._size = 0
        self.began = self.number + 1

    def __next__(self) -> str:
        line = next(self._lines)
        self.number += 1
        self._size += len(line)
        if self._size > LONGEST:
            raise NoteSourceError(
                f"{self._file}: line {self.began}: a row of more than {LONGEST:,} characters; "
                "a quote that opens a field of it is never closed"
            )
        return line


def _reader(lines: _RowLines) -> Iterator[list[str]]:
    # One setting for the whole process, so it is only ever raised.
    csv.field_size_limit(max(LONGEST, csv.field_size_limit()))
    return csv.reader(lines, strict=True)


def _header(file: Path, lines: _RowLines, reader: Iterator[list[str]]) -> list[str]:
    header = [name.strip().lower() for name in _next(file, lines, reader) or ()]
    if not any(header):
        raise NoteSourceError(f"{file}: the first line names no columns")
    if len(set(header)) < len(header):
        raise NoteSourceError(f"{file}: line 1: a column is named twice")
    return header


def _next(file: Path, lines: _RowLines, reader: Iterator[list[str]]) -> list[str] | None:
    lines.begin()
    try:
        return next(reader, None)
    except csv.Error as error:
        raise NoteSourceError(
            f"{file}: line {lines.number}: broken quoting in the row that begins at line "
            f"{lines.began} ({error}); a quote within a quoted field must be written twice"
        ) from None
