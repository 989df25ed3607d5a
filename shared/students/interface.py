"""The one interface of every student: a note and its questions in, grounded answers out."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field

from shared.criteria.question import Question


class Verdict(StrEnum):
    YES = "Yes"
    NO = "No"
    NUMBER = "number"
    NA = "NA"  # not answerable from the note


class Standing(StrEnum):
    """How far an answer is to be trusted.

    ANSWERED: at or above the question type's answer threshold.
    REVIEW: between the two thresholds, or a claim whose quote is not in the note: a proposal for
        a person, never a fact. Eligibility treats it as unknown.
    """

    ANSWERED = "answered"
    REVIEW = "needs-review"


class Answer(BaseModel):
    """One question answered on one note.

    question: `Question.key`.
    number, unit: only for Verdict.NUMBER, in the question's own unit (UCUM).
    quote, offset, length: the verbatim evidence; offset and length in Unicode code points of the
        note's text, so that `text[offset:offset + length] == quote`. None for NA.
    confidence: calibrated probability, 0 to 1, that the verdict is right.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str
    verdict: Verdict
    standing: Standing = Standing.ANSWERED
    number: float | None = None
    unit: str | None = None
    quote: str | None = None
    offset: int | None = Field(default=None, ge=0)
    length: int | None = Field(default=None, ge=1)
    confidence: float = Field(ge=0, le=1)
    explanation: str | None = None


class StudentEngine(Protocol):
    """A loaded student. Not thread-safe: one worker thread uses one engine.

    version: exact and content-addressed (weights, tokenizer, thresholds, prompt); stored with
        every answer and part of the cache key.
    """

    version: str

    def answer(self, text: str, questions: Sequence[Question]) -> list[Answer]:
        """All `questions` on one note, in their order; quotes grounded. Never raises for a
        strange note (empty, huge, hostile): those give NA."""
        ...
