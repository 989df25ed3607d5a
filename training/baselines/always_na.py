"""The baseline that never answers."""

from __future__ import annotations

from collections.abc import Sequence

from shared.criteria.question import Question
from shared.students.interface import Answer, Verdict


class AlwaysNA:
    """NA to everything: what prevalence alone gives."""

    version = "always-na-1"

    def answer(self, text: str, questions: Sequence[Question]) -> list[Answer]:
        return [
            Answer(question=question.key, verdict=Verdict.NA, confidence=1.0)
            for question in questions
        ]
