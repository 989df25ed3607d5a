"""The student in service, which may change while notes are being answered.

A note is answered by the student that was in service when its turn came, from its first question
to its last: all answers of one note come from one version, and name it. The next note gets the
student that is in service then. Notes that were answered before are not asked again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from services.extract.asking import Asking


class InService:
    """Used from one event loop."""

    def __init__(self, student: Asking) -> None:
        self._student = student
        self._notes: Counter[Asking] = Counter()

    @property
    def version(self) -> str:
        return self._student.version

    @contextmanager
    def held(self) -> Iterator[Asking]:
        """One student for one note: it stays open until the end of the block."""
        student = self._student
        self._notes[student] += 1
        try:
            yield student
        finally:
            self._notes[student] -= 1
            self._close_unless_needed(student)

    def swap(self, student: Asking) -> None:
        """The next note is for this student. The one before is closed after its last note."""
        before, self._student = self._student, student
        self._close_unless_needed(before)

    def close(self) -> None:
        for student in {self._student, *self._notes}:
            student.close()

    def _close_unless_needed(self, student: Asking) -> None:
        if student is not self._student and self._notes[student] <= 0:
            del self._notes[student]
            student.close()
