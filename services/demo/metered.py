"""A student with a meter: answers like the one it wraps, and keeps a count of its CPU time.

CHARTSIFT_STUDENT=services.demo.metered:open_student
CHARTSIFT_METERED_STUDENT   the engine to wrap, as CHARTSIFT_STUDENT would name it
CHARTSIFT_METER             file that holds the meter's reading
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from shared.criteria.question import Question
from shared.settings import Settings
from shared.students.interface import Answer, StudentEngine

ENGINE, METER = "CHARTSIFT_METERED_STUDENT", "CHARTSIFT_METER"


def metering(student: str, meter: Path) -> dict[str, str]:
    """Variables for an extract service whose student is metered."""
    return {
        "CHARTSIFT_STUDENT": f"{__name__}:{open_student.__name__}",
        ENGINE: student,
        METER: str(meter),
    }


def read_meter(meter: Path) -> float:
    """CPU seconds spent on answers so far, over all runs of the service."""
    return sum(float(line) for line in meter.read_text().split()) if meter.exists() else 0.0


def open_student(settings: Settings, environment: Mapping[str, str] = os.environ) -> StudentEngine:
    from services.extract.engines import open_student as open_engine

    wrapped = open_engine(settings.model_copy(update={"student": environment[ENGINE]}))
    return MeteredStudent(wrapped, Path(environment[METER]))


class MeteredStudent:
    """Counts the CPU time of the whole process while it answers, all of the engine's threads
    included; the little that the service does meanwhile counts as the student's."""

    def __init__(self, student: StudentEngine, meter: Path) -> None:
        self.version = student.version
        self._student = student
        self._meter = meter

    def answer(self, text: str, questions: Sequence[Question]) -> list[Answer]:
        began = time.process_time()
        answers = self._student.answer(text, questions)
        with self._meter.open("a") as file:
            file.write(f"{time.process_time() - began:.6f}\n")
        return answers
