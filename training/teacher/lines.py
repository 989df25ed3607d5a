"""Files of JSON Lines that survive a kill: each line is on the disk before `add` returns."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

from training.teacher.errors import TeacherFolderError

Line = TypeVar("Line", bound=BaseModel)


def read_lines(file: Path, kind: type[Line]) -> Iterator[tuple[int, Line]]:
    """Each record with its place (byte offset). A last line without its end is passed over: it is
    still being written, or was when the writer was killed.

    Raises TeacherFolderError: a line that is no such record.
    """
    if not file.is_file():
        return
    with file.open("rb") as lines:
        place = 0
        for number, line in enumerate(lines, 1):
            if not line.endswith(b"\n"):
                return
            yield place, parse(line, kind, f"{file.name}:{number}")
            place += len(line)


def parse(line: bytes, kind: type[Line], where: str) -> Line:
    try:
        return kind.model_validate_json(line)
    except ValidationError as error:
        # The place and the kind of fault, never the text of a note or reply.
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "line"
        raise TeacherFolderError(
            f"teacher: {where}: {place}: {first['msg']}. The file was changed by something else; "
            "remove that line, or begin a new folder"
        ) from None


class LineWriter(Generic[Line]):
    """Appends to a file; the end of a line that a kill tore off is repaired first.

    torn: whether there was one. Raises TeacherFolderError where the disk does not take it; the
    file then holds whole lines only.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            self._stream = os.fdopen(descriptor, "r+b", buffering=0)
            self.torn = self._repair()
        except OSError as error:
            raise self._fault(error) from None

    def add(self, record: Line) -> None:
        line = record.model_dump_json().encode() + b"\n"
        before = os.fstat(self._stream.fileno()).st_size
        try:
            while line:
                line = line[self._stream.write(line) or 0 :]
            os.fsync(self._stream.fileno())
        except OSError as error:
            with suppress(OSError):  # else the next start repairs it
                os.ftruncate(self._stream.fileno(), before)
            raise self._fault(error) from None

    def close(self) -> None:
        self._stream.close()

    def _repair(self) -> bool:
        end = self._stream.seek(0, os.SEEK_END)
        whole, step = end, 1 << 16
        while whole:
            start = max(0, whole - step)
            self._stream.seek(start)
            last = self._stream.read(whole - start).rfind(b"\n")
            if last >= 0:
                whole = start + last + 1
                break
            whole = start
        if whole < end:
            os.ftruncate(self._stream.fileno(), whole)
            os.fsync(self._stream.fileno())
        return whole < end

    def _fault(self, error: OSError) -> TeacherFolderError:
        return TeacherFolderError(
            f"teacher: cannot write {self._file}: {error.strerror}. What was written before is "
            "whole; make room and start again"
        )
