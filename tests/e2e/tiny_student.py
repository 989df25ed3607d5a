"""A student for the tests of the whole pipeline: reads lines such as `heart-failure: Yes`.

CHARTSIFT_STUDENT=tiny_student:open_student, with this folder on PYTHONPATH. A promoted one has
nothing but its version from its folder.
"""

import os
import re
import time
from collections.abc import Sequence

from shared.criteria.question import Question
from shared.settings import Settings
from shared.students.interface import Answer, Verdict
from shared.students.version import student_version

SECONDS = float(os.environ.get("TINY_STUDENT_SECONDS", "0"))  # for each note


class TinyStudent:
    def __init__(self, version: str = "tiny-1") -> None:
        self.version = version

    def answer(self, text: str, questions: Sequence[Question]) -> list[Answer]:
        time.sleep(SECONDS)
        return [self._answer(text, question) for question in questions]

    def _answer(self, text: str, question: Question) -> Answer:
        stated = re.search(rf"^{re.escape(question.id)}: (Yes|No|[\d.]+)$", text, re.MULTILINE)
        if stated is None:
            return Answer(question=question.key, verdict=Verdict.NA, confidence=1.0)
        value = stated[1]
        return Answer(
            question=question.key,
            verdict=Verdict(value) if question.unit is None else Verdict.NUMBER,
            number=float(value) if question.unit is not None else None,
            unit=question.unit,
            quote=stated[0],
            offset=stated.start(),
            length=len(stated[0]),
            confidence=0.9,
        )


def open_student(settings: Settings) -> TinyStudent:
    folder = settings.student_dir
    return TinyStudent() if folder is None else TinyStudent(student_version(folder))
