"""CSV that passes through spreadsheet programs.

Written so that no cell is run as a formula; read whatever a program made of it: byte order mark
or UTF-16, semicolons or tabs, other line ends, columns moved, renamed in case, or added.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence

_SIGNS = frozenset("=+-@'\t\r\n＝＋－＠")
"""What a cell must not begin with; the apostrophe is among them so that it can be taken off."""
_SEPARATOR_LINE = re.compile(r"\Asep=.[\r\n]+", re.IGNORECASE)  # Excel's own
_DELIMITERS = ",;\t"


class SheetError(ValueError):
    """A sheet that cannot be read; the message names the line, never text of a note."""


def guard(text: str) -> str:
    """The cell with an apostrophe before it if a program could take it for a formula."""
    return f"'{text}" if _risky(text) else text


def unguard(text: str) -> str:
    """`guard` undone."""
    return text[1:] if text.startswith("'") and _risky(text[1:]) else text


def write_sheet(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> bytes:
    """UTF-8 with a byte order mark, without which Excel takes it for the local code page."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([guard(row[name]) for name in columns])
    return out.getvalue().encode("utf-8-sig", "replace")


def read_sheet(content: bytes, columns: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    """(line, row) of each row that is not empty; a row has exactly `columns`.

    Raises SheetError: no CSV, or columns missing.
    """
    text = _SEPARATOR_LINE.sub("", _decode(content))
    delimiter = _delimiter(text, columns)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = [name.strip().casefold() for name in next(reader, [])]
        if missing := [name for name in columns if name not in header]:
            raise SheetError(f"line 1: no column {', '.join(missing)}; put the header back")
        at = {name: header.index(name) for name in columns}
        rows = []
        for cells in reader:
            if any(cell.strip() for cell in cells):
                row = {name: cells[i] if i < len(cells) else "" for name, i in at.items()}
                rows.append((reader.line_num, {k: unguard(v) for k, v in row.items()}))
        return rows
    except csv.Error as error:
        raise SheetError(f"line {reader.line_num}: {error}") from None


def _risky(text: str) -> bool:
    return text[:1] in _SIGNS or text.lstrip()[:1] in _SIGNS


def _decode(content: bytes) -> str:
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            try:
                return content.decode(encoding)
            except UnicodeDecodeError:
                raise SheetError("the file is cut off; save it as CSV UTF-8 again") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Excel's plain "CSV" is in the code page of the machine; the western one has no byte that
        # decides, so a file in another page would be read wrongly: quotes then fail to be found.
        return content.decode("cp1252", "replace")


def _delimiter(text: str, columns: Sequence[str]) -> str:
    header = re.split(r"[\r\n]", text, maxsplit=1)[0].strip().casefold()

    def known(delimiter: str) -> int:
        names = next(csv.reader([header], delimiter=delimiter), [])
        return sum(name.strip() in columns for name in names)

    return max(_DELIMITERS, key=known)
