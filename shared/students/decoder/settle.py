"""From a reply with its confidence to a grounded answer. Pure."""

from __future__ import annotations

from shared.criteria.question import Question
from shared.grounding import locate
from shared.students.decoder.confidence import cooled
from shared.students.decoder.description import DecoderDescription
from shared.students.decoder.reply import Reply
from shared.students.decoder.windows import Window
from shared.students.interface import Answer, Standing, Verdict


def settle(
    question: Question,
    window: Window,
    reply: Reply | None,
    confidence: float,
    student: DecoderDescription,
) -> Answer:
    """The answer to one question on one window of a note; offsets are those of the note.

    confidence: probability of the reply's value before calibration. No reply is NA of confidence
    0. A claim below its review threshold is NA; one below its answer threshold, one whose quote
    the window does not hold, and any claim of a student that learned no quotes, is a proposal.
    """
    if reply is None:
        return nothing(question, 0.0)
    claims = is_claim(question, reply, confidence, student)
    confidence = cooled(confidence, student.temperature(question.type))
    if not claims:
        sure = confidence if reply.verdict is Verdict.NA else 1 - confidence
        return nothing(question, sure)
    thresholds = student.thresholds[reply.verdict]
    span = locate(window.text, reply.quote) if student.evidence else None
    answered = span is not None and confidence >= thresholds.answer
    return Answer(
        question=question.key,
        verdict=reply.verdict,
        standing=Standing.ANSWERED if answered else Standing.REVIEW,
        number=reply.number,
        unit=question.unit if reply.number is not None else None,
        quote=None if span is None else span.of(window.text),
        offset=None if span is None else window.offset + span.offset,
        length=None if span is None else span.length,
        confidence=confidence,
    )


def is_claim(
    question: Question, reply: Reply, confidence: float, student: DecoderDescription
) -> bool:
    """Whether anything comes of the reply: only then is its quote of any use."""
    if reply.verdict is Verdict.NA:
        return False
    sure = cooled(confidence, student.temperature(question.type))
    return sure >= student.thresholds[reply.verdict].review


def nothing(question: Question, confidence: float) -> Answer:
    return Answer(question=question.key, verdict=Verdict.NA, confidence=confidence)
