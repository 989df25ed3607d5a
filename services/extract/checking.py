"""No answer leaves extract unchecked, whatever the student: pure functions."""

from __future__ import annotations

import math
from collections.abc import Sequence

from shared.criteria.question import AnswerType, Question
from shared.grounding import locate
from shared.students.interface import Answer, Standing, Verdict

_FITTING = {
    AnswerType.BOOLEAN: {Verdict.YES, Verdict.NO, Verdict.NA},
    AnswerType.NUMERIC: {Verdict.NUMBER, Verdict.NA},
}


class StudentFault(Exception):
    """The student broke the contract of `StudentEngine.answer`."""


def checked(text: str, questions: Sequence[Question], answers: Sequence[Answer]) -> list[Answer]:
    """The answers, each one of its question, well formed and grounded in `text`.

    Raises StudentFault if they are not one answer for each question, in order.
    """
    if [answer.question for answer in answers] != [question.key for question in questions]:
        raise StudentFault(
            f"{len(questions)} questions asked, {len(answers)} answers given, or in another order"
        )
    return [
        grounded(text, answer) if fits(question, answer) else not_answered(question)
        for question, answer in zip(questions, answers, strict=True)
    ]


def fits(question: Question, answer: Answer) -> bool:
    """Whether verdict, number and unit are of the kind that the question asks for."""
    if answer.verdict not in _FITTING[question.type]:
        return False
    if answer.verdict is not Verdict.NUMBER:
        return answer.number is None
    return (
        answer.number is not None and math.isfinite(answer.number) and answer.unit == question.unit
    )


def not_answered(question: Question) -> Answer:
    return Answer(question=question.key, verdict=Verdict.NA, confidence=0.0)


def grounded(text: str, answer: Answer) -> Answer:
    """A claim with its quote where the note really has it; a claim whose quote the note does not
    have loses the quote and becomes a proposal for a person. NA carries no quote."""
    if answer.verdict is Verdict.NA:
        return answer.model_copy(update={"quote": None, "offset": None, "length": None})
    if answer.quote and _stands(text, answer):
        return answer
    span = locate(text, answer.quote) if answer.quote else None
    if span is None:
        nothing = {"quote": None, "offset": None, "length": None}
        return answer.model_copy(update={"standing": Standing.REVIEW, **nothing})
    return answer.model_copy(
        update={"quote": span.of(text), "offset": span.offset, "length": span.length}
    )


def _stands(text: str, answer: Answer) -> bool:
    if answer.offset is None or answer.length is None:
        return False
    return text[answer.offset : answer.offset + answer.length] == answer.quote
