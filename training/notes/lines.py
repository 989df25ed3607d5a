"""Lines of a text file, plain or gzip, one at a time: what every file of notes is read through."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from training.notes.records import NoteSourceError

LONGEST = 4_000_000  # characters of a line or a row of a table; a long note has 100,000
_GZIP = b"\x1f\x8b"


def read_lines(file: Path, longest: int = LONGEST) -> Iterator[str]:
    """Each line with its end, exactly as written (a byte order mark aside); UTF-8.

    Raises NoteSourceError: no such file, not UTF-8, a gzip file that is cut off or damaged, a
    line of more than `longest` characters.
    """
    number = 0
    try:
        with _open(file) as text:
            while line := text.readline(longest + 1):
                number += 1
                if len(line) > longest:
                    raise NoteSourceError(
                        f"{file}: line {number}: more than {longest:,} characters; "
                        "is this a file of notes?"
                    )
                yield line
    except UnicodeDecodeError:
        raise NoteSourceError(
            f"{file}: line {number + 1} or soon after: bytes that are not UTF-8; "
            "convert the file, as by: iconv -f windows-1252 -t utf-8"
        ) from None
    except EOFError:
        raise NoteSourceError(
            f"{file}: line {number + 1}: the gzip file is cut off here; copy it again and "
            "check it by: gzip -t"
        ) from None
    except (gzip.BadGzipFile, zlib.error):
        raise NoteSourceError(
            f"{file}: line {number + 1} or soon after: the gzip file is damaged; copy it again "
            "and check it by: gzip -t"
        ) from None
    except OSError as error:
        raise NoteSourceError(f"cannot read {file}: {error.strerror or error}") from None


def _open(file: Path) -> IO[str]:
    raw = file.open("rb")
    try:
        zipped = raw.peek(2)[:2] == _GZIP
    except OSError:
        raw.close()
        raise
    # By content, not by name: what was unpacked may still be named .gz.
    if zipped:
        return io.TextIOWrapper(_Unpacked(raw), encoding="utf-8-sig", newline="")
    return io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")


class _Unpacked(gzip.GzipFile):
    """Closes the file below it too."""

    def __init__(self, raw: io.BufferedReader) -> None:
        super().__init__(fileobj=raw, mode="rb")
        self._raw = raw

    def close(self) -> None:
        super().close()
        self._raw.close()
